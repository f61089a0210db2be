"""La liste de travail que l'adresse demande : vue, filtres, colonnes, tri ; page et export la partagent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import QueryDict

from ensemblier.dossiers.horloge import rejet_proche
from ensemblier.dossiers.models import DossierQuerySet
from ensemblier.espaces import filtres
from ensemblier.espaces.lecteur import Lecteur
from ensemblier.espaces.lignes import ECHEANCE, Ligne, a_lire, lignes
from ensemblier.espaces.tableaux import COLONNES, D_OFFICE, Colonne
from ensemblier.interface.pages import Page, compter, rangees

A_FAIRE, EN_RETARD, TOUT = "a-faire", "en-retard", "tout"
VUES = (A_FAIRE, EN_RETARD, TOUT)
COMPTES_AU_PLUS = 2_000
DEMANDE = "demande"
TRIS = {
    "echeance": ("Les plus en retard d'abord", (ECHEANCE, "-depose_le")),
    "-echeance": ("Dernière échéance d'abord", (f"-{ECHEANCE}", "-depose_le")),
    "-depot": ("Dernier dépôt d'abord", ("-depose_le",)),
    "depot": ("Premier dépôt d'abord", ("depose_le",)),
    "-demande": ("Plus grosse demande d'abord", (f"-{DEMANDE}",)),
    "demande": ("Plus petite demande d'abord", (DEMANDE,)),
    "porteur": ("Par porteur", ("organisme__nom", "numero")),
    "-porteur": ("Par porteur, de Z à A", ("-organisme__nom", "-numero")),
    "numero": ("Par numéro", ("numero",)),
    "-numero": ("Dernier numéro d'abord", ("-numero",)),
}


class Liste:
    """Ce qu'une adresse demande, lu une fois ; ce qu'elle dit d'inconnu ne trouve ou ne change rien."""

    def __init__(self, lecteur: Lecteur, dits: QueryDict, *, gardees: Sequence[str] = ()) -> None:
        """`gardees` : les colonnes que la personne a choisies la dernière fois."""
        self.lecteur = lecteur
        self.filtres = filtres.poses(dits)
        self.vue = self._vue(dits.get("vue", ""))
        self.dit_ses_colonnes = "col" in dits
        self.colonnes = self._colonnes(dits.getlist("col") or gardees)
        self.tri = self._tri(dits.get("tri", ""))
        self.apres = dits.get("apres", "")

    def _vue(self, voulue: str) -> str:
        """Chercher sans dire où cherche partout."""
        if voulue in VUES:
            return voulue
        return A_FAIRE if self.lecteur.attentes and filtres.MOTS not in self.filtres else TOUT

    @staticmethod
    def _colonnes(voulues: Sequence[str]) -> tuple[Colonne, ...]:
        """Le numéro reste : c'est lui qui ouvre le dossier."""
        choisies = [cle for cle in COLONNES if cle in voulues] or D_OFFICE
        return tuple(COLONNES[cle] for cle in dict.fromkeys(("numero", *choisies)))

    def _tri(self, voulu: str) -> str:
        return voulu if voulu in TRIS else "echeance" if self.lecteur.attentes else "-depot"

    @property
    def devines(self) -> list[str]:
        """Ce que la recherche a compris d'un mot que rien n'écrit ainsi."""
        if filtres.MOTS not in self.filtres:
            return []
        lus = self.lecteur.recherche(self.filtres[filtres.MOTS]).remplaces
        return [f"« {mot} » lu comme {' ou '.join(f'« {p} »' for p in proches[:3])}" for mot, proches in lus]

    @property
    def legende(self) -> str:
        return TRIS[self.tri][0]

    def condition(self, *, sans: str = "") -> Q:
        """Ce que l'adresse retient, vue comprise ; `sans` ôte un filtre."""
        vue = {A_FAIRE: self.lecteur.a_faire, EN_RETARD: self.lecteur.en_retard, TOUT: Q()}[self.vue]
        return vue & filtres.condition(self.filtres, self.lecteur, sans=sans)

    @cached_property
    def _cles(self) -> tuple[tuple[str, ...], dict[str, Any]]:
        """Les clés du tri, et ce qu'il faut annoter pour trier et pour dire l'échéance."""
        lecteur = self.lecteur
        annotees: dict[str, Any] = {
            ECHEANCE: lecteur.echeance if self.vue == TOUT else lecteur.echeance_attendue
        }
        cles = TRIS[self.tri][1]
        if DEMANDE in self.tri:
            champ, en_plus = lecteur.cle_de_la_demande
            annotees |= en_plus
            cles = tuple(cle.replace(DEMANDE, champ) for cle in cles)
        return cles, annotees

    def _dossiers(self) -> DossierQuerySet:
        cles = [c.cle for c in self.colonnes]
        return a_lire(self.lecteur.dossiers.filter(self.condition()), cles)

    @cached_property
    def page(self) -> Page:
        """Une longue liste se lit en deux temps ; une courte se trie d'un coup, sans suivre d'index."""
        cles, annotees = self._cles
        est_longue = self.vue == TOUT and self.comptes["filtres"] > COMPTES_AU_PLUS
        remplies = self.lecteur.avec_une_echeance if est_longue and cles[0].endswith(ECHEANCE) else None
        return Page(self._dossiers(), *cles, apres=self.apres, annotees=annotees, remplies=remplies)

    def toutes(self) -> DossierQuerySet:
        """Tous les dossiers de la liste, dans son ordre."""
        cles, annotees = self._cles
        return rangees(self._dossiers(), *cles, annotees=annotees)

    def lignes(self, dossiers: Sequence[Any]) -> list[Ligne]:
        return lignes(dossiers, self.lecteur, [c.cle for c in self.colonnes])

    @cached_property
    def comptes(self) -> dict[str, int]:
        """Ce qui attend, ce qui est en retard, tout, et ce que l'adresse retient ; une requête de plus.

        Ce qui attend est déjà lu. Le reste est compté à part, chacun par son index, et au-delà de
        `COMPTES_AU_PLUS` s'arrête à un de plus.
        """
        attendus = self.lecteur.attendus.values()
        deja = {
            "a_faire": sum(bool(a.phrases) for a in attendus),
            "en_retard": sum(a.est_en_retard for a in attendus),
        }
        voulus = {"tout": Q()}
        if self.filtres:
            voulus["filtres"] = self.condition()
        if self.lecteur.est_pilote:
            voulus["rejets"] = rejet_proche(self.lecteur.jour)
        lus = deja | compter({nom: self._bornes(condition) for nom, condition in voulus.items()})
        return {"filtres": lus[self.vue.replace("-", "_")], **lus}

    def _bornes(self, condition: Q) -> DossierQuerySet:
        return self.lecteur.dossiers.filter(condition).order_by()[: COMPTES_AU_PLUS + 1]

    def sans_un_filtre(self) -> dict[str, int]:
        """Pour chaque filtre posé, combien de dossiers sans lui ; une requête, quand rien n'est trouvé.

        Un seul filtre, et rien d'autre : c'est tout ce qui est déjà compté.
        """
        if len(self.filtres) == 1:
            vue = self.vue.replace("-", "_")
            return dict.fromkeys(self.filtres, self.comptes[vue])
        return compter({nom: self._bornes(self.condition(sans=nom)) for nom in self.filtres})

    def etat(self) -> list[tuple[str, str]]:
        """Ce qui refait la même liste, dans un ordre fixe : filtres, vue, tri, colonnes."""
        colonnes = [("col", c.cle) for c in self.colonnes]
        return [*self.filtres.items(), ("vue", self.vue), ("tri", self.tri), *colonnes]

    @property
    def adresse_entiere(self) -> str:
        """La même liste ailleurs : chez quelqu'un d'autre, ou dans un tableur, avec ses colonnes."""
        return f"?{urlencode(self.etat())}"

    def adresse(self, **change: str) -> str:
        """L'adresse de la liste, une chose changée ; une valeur vide l'ôte, des colonnes non dites aussi."""
        tues = set(change) if self.dit_ses_colonnes else {*change, "col"}
        dits = [(nom, valeur) for nom, valeur in self.etat() if nom not in tues]
        return f"?{urlencode([*dits, *((n, v) for n, v in change.items() if v)])}"
