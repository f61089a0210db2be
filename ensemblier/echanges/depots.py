"""Le tableau des dépôts : chaque dossier, chaque guichet, ce qui reste à y faire (R55, R61, R65, S71)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict

from ensemblier.appels.models import Reglement
from ensemblier.comptes.droits import exiger
from ensemblier.dossiers.depots import A_FAIRE, AVANT_SELECTION, FAIT, FINIS, PLUS_TARD, Depot, depots
from ensemblier.dossiers.etats import PERDUS
from ensemblier.dossiers.models import Demande, Dossier, DossierQuerySet, Piece
from ensemblier.instruction.lecture import AUTORITES
from ensemblier.interface.pages import Page, rangees
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.packs import Appel, Guichet
from ensemblier.noyau.packs.guichets import NUMERO, PIECE, SELECTION
from ensemblier.territoires.models import Territoire

TOUT = "tout"
VUES = ((A_FAIRE, "À faire"), (PLUS_TARD, "Après la sélection"), (FAIT, "Faits"), (TOUT, "Tous"))
MOTS = {A_FAIRE: "À faire", PLUS_TARD: "Après la sélection", FAIT: "Fait"}
TONS = {A_FAIRE: "attention", PLUS_TARD: "sans-objet", FAIT: "ok"}
LOT = 500


@dataclass(frozen=True, slots=True)
class Case:
    """Ce qu'un dossier doit à un guichet : le plus pressant de ses volets, et les références notées."""

    nom: str
    etat: str = ""
    reference: str = ""
    le: date | None = None

    @classmethod
    def lire(cls, nom: str, siens: Sequence[Depot]) -> Case:
        if not siens:
            return cls(nom)
        etat = next(e for e in MOTS if any(d.etat == e for d in siens))
        references = ", ".join(dict.fromkeys(d.reference for d in siens if d.reference))
        return cls(nom, etat, references, max((d.le for d in siens if d.le), default=None))

    @property
    def mot(self) -> str:
        return MOTS.get(self.etat, "")

    @property
    def ton(self) -> str:
        return TONS[self.etat]


@dataclass(frozen=True, slots=True)
class Ligne:
    dossier: Dossier
    cases: tuple[Case, ...]


class Suivi:
    """Ce qu'une adresse demande du tableau : un guichet, un état, un appel ; l'inconnu ne trouve rien.

    Une autorité n'y lit que les dossiers qu'elle peut juger. Requêtes en nombre constant par page.
    """

    def __init__(self, acteur: Acteur | None, territoire: Territoire, dits: QueryDict) -> None:
        self.acteur, self.territoire = exiger(acteur, *AUTORITES), territoire
        self.guichet, self.appel = dits.get("guichet", ""), dits.get("appel", "")
        voulu = dits.get("etat", "")
        self.vue = voulu if voulu in dict(VUES) else A_FAIRE
        self.apres = dits.get("apres", "")

    @cached_property
    def _reglements(self) -> dict[int, Reglement]:
        """Les versions des appels du territoire qui font déposer ailleurs."""
        toutes = Reglement.objects.filter(appel__territoire=self.territoire).defer("contenu")
        lus = {
            r.pk: r
            for r in toutes.select_related("appel").defer("appel__projet").order_by("-appel__exercice")
        }
        return {pk: r for pk, r in lus.items() if r.regles().guichets_attendus}

    @cached_property
    def appels(self) -> list[tuple[str, str]]:
        return list(
            {r.appel.code: (r.appel.code, r.appel.titre_court) for r in self._reglements.values()}.values()
        )

    @cached_property
    def guichets(self) -> dict[str, str]:
        """Le nom de chaque guichet, par code ; ceux de l'appel choisi, s'il y en a un."""
        noms: dict[str, str] = {}
        for reglement in self._reglements.values():
            if self.appel in ("", reglement.appel.code):
                for guichet in reglement.regles().guichets_attendus:
                    noms.setdefault(guichet.code, guichet.nom)
        return noms

    @cached_property
    def colonnes(self) -> dict[str, str]:
        """Les guichets montrés : le guichet choisi, ou tous."""
        return {c: n for c, n in self.guichets.items() if self.guichet in ("", c)}

    def _dossiers(self) -> DossierQuerySet:
        visibles = Dossier.objects.a_juger_par(self.acteur).deposes().filter(self._condition())
        if self.appel:
            visibles = visibles.filter(appel__code=self.appel)
        return visibles.select_related("organisme", "appel").defer("appel__projet")

    def _condition(self) -> Q:
        """L'un au moins des guichets montrés est dans l'état voulu, chacun selon la version qui le dit."""
        versions: dict[Guichet, list[int]] = {}
        for pk, reglement in self._reglements.items():
            for guichet in reglement.regles().guichets_attendus:
                if guichet.code in self.colonnes:
                    versions.setdefault(guichet, []).append(pk)
        trouves = Q(pk__in=[])
        for guichet, cles in versions.items():
            figes = Q(reglement__in=cles) | Q(reglement=None, appel__reglement__in=cles)
            trouves |= figes & _dans_l_etat(guichet, self.vue)
        return trouves

    @cached_property
    def page(self) -> Page:
        return Page(self._dossiers(), "-numero", apres=self.apres)

    def lignes(self, dossiers: Sequence[Dossier]) -> list[Ligne]:
        """Les lignes de ces dossiers ; deux requêtes."""
        cles = [d.pk for d in dossiers]
        volets: dict[int, list[Demande]] = {}
        for volet in Demande.objects.filter(dossier__in=cles).select_related("financeur", "dispositif"):
            volets.setdefault(volet.dossier_id, []).append(volet)
        pieces: dict[int, dict[str, date]] = {}
        recues = Piece.objects.filter(dossier__in=cles, remplacee_le=None)
        for cle, code, le in recues.values_list("dossier", "code", "recue_le"):
            pieces.setdefault(cle, {})[code] = jour_de(le)
        return [self._ligne(d, volets.get(d.pk, []), pieces.get(d.pk, {})) for d in dossiers]

    def _ligne(self, dossier: Dossier, volets: Iterable[Demande], pieces: dict[str, date]) -> Ligne:
        version = self._reglements.get(dossier.reglement_id or dossier.appel.reglement_id or 0)
        regles: Appel | None = version.regles() if version else None
        siens = depots(dossier, regles, demandes=volets, pieces=pieces) if regles else []
        return Ligne(
            dossier,
            tuple(
                Case.lire(nom, [d for d in siens if d.guichet.code == code])
                for code, nom in self.colonnes.items()
            ),
        )

    def toutes(self) -> Iterator[Ligne]:
        """Toutes les lignes, par lots : ce qu'un export écrit, dans l'ordre de l'écran."""
        suite = rangees(self._dossiers(), "-numero").iterator(chunk_size=LOT)
        while lot := list(islice(suite, LOT)):
            yield from self.lignes(lot)

    def adresse(self, **change: str) -> str:
        """L'adresse du même tableau, une chose changée."""
        dits = {"etat": self.vue, "guichet": self.guichet, "appel": self.appel} | change
        return f"?{urlencode({cle: valeur for cle, valeur in dits.items() if valeur})}"


def _dans_l_etat(guichet: Guichet, etat: str) -> Q:
    """Les dossiers dont ce guichet est dans cet état : la même loi que `dossiers.depots`, en SQL."""
    ouvert = Q() if etat in (FAIT, TOUT) else ~Q(etat__in=FINIS)
    if guichet.genre == NUMERO:
        return {FAIT: ~Q(numero_dauphin=""), A_FAIRE: ouvert & Q(numero_dauphin=""), TOUT: Q()}.get(
            etat, Q(pk__in=[])
        )
    volets = Demande.objects.filter(dossier=OuterRef("pk"), financeur__code__in=guichet.financeurs)
    vivants = volets.exclude(etat__in=PERDUS)
    if guichet.genre == PIECE:
        jointe = Exists(
            Piece.objects.filter(dossier=OuterRef("pk"), code=guichet.piece or "", remplacee_le=None)
        )
        demande = Q(Exists(vivants))
        return {FAIT: demande & jointe, A_FAIRE: ouvert & demande & ~jointe, TOUT: demande}.get(
            etat, Q(pk__in=[])
        )
    selon = {
        FAIT: volets.exclude(reference_depot=""),
        TOUT: volets.filter(~Q(etat__in=PERDUS) | ~Q(reference_depot="")),
    }
    a_noter, retenu = vivants.filter(reference_depot=""), Q()
    if guichet.quand == SELECTION:
        retenu = ~Q(etat__in=AVANT_SELECTION)
        selon[PLUS_TARD] = a_noter.filter(etat__in=AVANT_SELECTION)
    selon[A_FAIRE] = a_noter.filter(retenu)
    return ouvert & Q(Exists(selon[etat])) if etat in selon else Q(pk__in=[])


def entetes(suivi: Suivi) -> list[str]:
    """La première ligne du tableur."""
    fixes = ["N°", "Porteur", "Action", "Appel"]
    return fixes + [
        f"{nom} : {quoi}" for nom in suivi.colonnes.values() for quoi in ("état", "référence", "date")
    ]


def valeurs(ligne: Ligne) -> list[Any]:
    """Une ligne du tableur : les mêmes cases que la page, dans le même ordre."""
    d = ligne.dossier
    fixes: list[Any] = [d.numero, d.organisme.nom, d.intitule, d.appel.titre_court]
    return fixes + [v for c in ligne.cases for v in (c.mot, c.reference, c.le)]
