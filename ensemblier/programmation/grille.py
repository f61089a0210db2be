"""La grille de programmation que l'adresse demande : filtres, colonnes, groupes, lignes, totaux."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count
from django.http import QueryDict
from django.utils.safestring import SafeString

from ensemblier.appels.models import Appel
from ensemblier.dossiers.models import Demande, Dossier, DossierQuerySet
from ensemblier.interface.champs import somme
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation import colonnes, groupes, lecture, rangees, releve
from ensemblier.programmation.calculs import ZERO
from ensemblier.programmation.notes import lit_toutes_les_notes, notes_du_jury

GROUPE, COLONNE, APRES, RONDS, VUS = "groupe", "col", "apres", "ronds", "vus"
EN_VOL = timedelta(seconds=30)
"""Un acte commencé avant la dernière sonde a pu finir après elle : on relit un peu en arrière."""
LOURDS = (
    "fiche_figee", "rapport_fige", "accuse_contenu", "resume", "description", "objectifs", "parcours",
    "partenaires", "moyens", "evaluation", "mobilisation_qpv", "comite_de_suivi", "publics_description",
)  # fmt: skip
"""Ce que le tableau ne montre pas, et qui pèse."""


class Grille:
    """Ce qu'une personne lit d'un appel ; chaque part se calcule à sa première demande."""

    mot = colonnes.MOT

    def __init__(
        self, acteur: Acteur, appel: Appel, dits: QueryDict, *, le: datetime, gardees: Iterable[str] = ()
    ) -> None:
        self.acteur, self.appel, self.dits, self.le = acteur, appel, dits, le
        self.poses = {nom: dits[nom] for nom in lecture.FILTRES if dits.get(nom)}
        self.par = dits.get(GROUPE, "") if dits.get(GROUPE) in groupes.PAR else ""
        self.lisibles = lecture.dossiers_de(acteur, appel)
        self._choisies = dits.getlist(COLONNE) or list(gardees)

    @cached_property
    def tous(self) -> DossierQuerySet:
        """La liste filtrée ; une alerte se juge sur les lignes lues (neuf requêtes de plus)."""
        filtres = lecture.filtrer(self.lisibles, self.dits)
        if not (alerte := self.poses.get(lecture.ALERTE)):
            return filtres
        lues = self._lignes([*_alleger(filtres)])
        return filtres.filter(pk__in=[x.dossier.pk for x in lues if releve.porte(x, alerte)])

    @property
    def montants(self) -> Mapping[int, Decimal] | None:
        """Par volet, ceux d'un scénario ; `None` : le proposé et le voté d'aujourd'hui."""
        return None

    # ------------------------------------------------------------------ colonnes et totaux

    @cached_property
    def sommes(self) -> dict[str, lecture.Somme]:
        return lecture.sommes(self.tous)

    @cached_property
    def _toutes(self) -> list[lecture.Colonne]:
        return lecture.colonnes_de(self.appel)

    @cached_property
    def totaux(self) -> dict[str, lecture.Somme]:
        """Par colonne de financeur, sur toute la liste filtrée."""
        return lecture.totaux(self.sommes, self._toutes)

    @cached_property
    def financeurs(self) -> list[lecture.Colonne]:
        """Ceux à qui la liste filtrée demande quelque chose ; la suite garde ceux du début (`vus`)."""
        if VUS in self.dits:
            vus = self.dits[VUS].split(",")
            return [c for c in self._toutes if c.cle in vus]
        return [c for c in self._toutes if self.totaux[c.cle].demande]

    @cached_property
    def cases(self) -> list[colonnes.Case]:
        return colonnes.cases(self.financeurs, self._choisies, notes=self.lit_les_notes, mot=self.mot)

    @property
    def lit_les_notes(self) -> bool:
        """La colonne n'existe que pour qui les lit toutes, dans un appel que le jury note."""
        return lit_toutes_les_notes(self.acteur) and self.appel.regles().grille is not None

    @cached_property
    def choix(self) -> list[dict[str, Any]]:
        montrees = {c.financeur or c.cle for c in self.cases}
        if any(c.cle.startswith(f"{colonnes.DEMANDE}-") for c in self.cases):
            montrees.add(colonnes.DEMANDES)
        return [
            {"cle": c.cle, "titre": c.titre, "montree": c.cle in montrees}
            for c in colonnes.choix(self.financeurs, notes=self.lit_les_notes)
        ]

    @cached_property
    def ensemble(self) -> dict[str, Any]:
        """Combien de dossiers, leur coût, ce qui leur est attribué."""
        nombre, cout = self.tous.aggregate(nombre=Count("pk"), cout=somme("cout_total")).values()
        attribue = sum((t.attribue for t in self.totaux.values()), ZERO)
        return {"nombre": nombre, "cout": cout, "attribue": attribue, "a_trouver": cout - attribue}

    # ------------------------------------------------------------------ lignes

    @cached_property
    def groupes(self) -> list[groupes.Groupe]:
        return groupes.grouper(self.tous, self.par, self.montants) if self.par else []

    def page(self, apres: str) -> tuple[list[lecture.Ligne], str]:
        """Les lignes qui suivent ce numéro, et le numéro d'où repartir (vide à la fin)."""
        combien = lecture.PAR_GRILLE
        if not self.par:
            lus = [*_alleger(self.tous.filter(numero__gt=apres)).order_by("numero")[: combien + 1]]
        else:
            cles = self._cles_apres(apres)[: combien + 1]
            par_cle = {d.pk: d for d in _alleger(self.tous.filter(pk__in=cles))}
            lus = [par_cle[cle] for cle in cles if cle in par_cle]
        suivant = lus[combien - 1].numero if len(lus) > combien else ""
        return self._notees(lus[:combien]), suivant

    def _cles_apres(self, apres: str) -> list[int]:
        cles = [pk for g in self.groupes for pk in g.dossiers]
        dernier = self.tous.filter(numero=apres).values_list("pk", flat=True).first() if apres else None
        return cles[cles.index(dernier) + 1 :] if dernier in cles else cles

    def lignes_de(self, cles: Iterable[int]) -> list[lecture.Ligne]:
        """Ces dossiers, s'il les lit : une case écrite peut quitter le filtre, sa ligne reste à l'écran."""
        return self._notees([*_alleger(self.lisibles.filter(pk__in=list(cles))).order_by("numero")])

    def _lignes(self, dossiers: list[Dossier]) -> list[lecture.Ligne]:
        lignes = self._lire(dossiers)
        releve.completer(lignes, jour=jour_de(self.le))
        return lignes

    def _lire(self, dossiers: list[Dossier]) -> list[lecture.Ligne]:
        return lecture.lignes_du_tableau(self.acteur, dossiers)

    def _notees(self, dossiers: list[Dossier]) -> list[lecture.Ligne]:
        """Les lignes, avec la note du jury si sa colonne est à l'écran."""
        lignes = self._lignes(dossiers)
        if any(c.cle == colonnes.NOTE.cle for c in self.cases):
            for ligne in lignes:
                ligne.releve.note = self._notes.get(ligne.dossier.pk)
        return lignes

    @cached_property
    def _notes(self) -> dict[int, Decimal]:
        return notes_du_jury(self.appel)

    # ------------------------------------------------------------------ HTML

    def ronds(self, lignes: Iterable[lecture.Ligne]) -> bool:
        """Aucun centime à l'écran : la grille s'écrit en euros entiers ; la suite écrit comme le début."""
        if RONDS in self.dits:
            return self.dits[RONDS] == "1"
        seuls = (self.ensemble["cout"], self.ensemble["attribue"])
        return not any(m and m % 1 for m in (*lecture.montants(lignes, self.totaux), *seuls))

    def comme_ici(self, lignes: Iterable[lecture.Ligne]) -> dict[str, str]:
        """Ce que la suite et les cases redisent pour s'écrire comme la page : centimes et colonnes."""
        return {RONDS: "1" if self.ronds(lignes) else "0", VUS: ",".join(c.cle for c in self.financeurs)}

    def corps(self, lignes: list[lecture.Ligne], *, ronds: bool) -> SafeString:
        return SafeString("".join(rangees.corps(lignes, self.cases, self.groupes, ronds=ronds)))

    def ligne(self, ligne: lecture.Ligne, *, ronds: bool) -> SafeString:
        return rangees.ligne(ligne, self.cases, ronds=ronds)

    def pied(self, *, ronds: bool) -> SafeString:
        dits = self.ensemble
        return rangees.pied(self.totaux, dits["nombre"], dits["cout"], self.cases, ronds=ronds)

    def lignes_des_groupes(self, *, ronds: bool) -> dict[str, str]:
        return {g.libelle: rangees.groupe(g, self.cases, ronds=ronds) for g in self.groupes}

    @cached_property
    def jauges(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        lues = lecture.jauges([self.appel], self.sommes if self.poses else None)
        return lecture.en_bandeau(lues.get(self.appel.pk, []))

    def adresse(self, **autres: str) -> str:
        """La même grille, ses filtres et ses colonnes redits ; une valeur vide ôte la sienne."""
        dits = [*self.poses.items(), *((COLONNE, c) for c in self.dits.getlist(COLONNE))]
        if self.par:
            dits.append((GROUPE, self.par))
        dits = [(nom, v) for nom, v in dits if nom not in autres] + [(n, v) for n, v in autres.items() if v]
        return f"?{urlencode(dits)}"

    # ------------------------------------------------------------------ ce qui a changé

    def changes(self, depuis: datetime) -> tuple[list[int], str]:
        """Les dossiers lisibles dont un volet a bougé, et l'empreinte de ces versions.

        La sonde qui rapporte la même empreinte n'a rien de neuf à lire ; deux requêtes au plus.
        """
        bouges = Demande.objects.filter(
            change_le__gte=depuis - EN_VOL, dossier__in=self.lisibles.values("pk")
        ).order_by("pk")
        lus = [*bouges.values_list("dossier", "pk", "version")]
        return sorted({d for d, _, _ in lus}), empreinte((pk, v) for _, pk, v in lus)


def empreinte(versions: Iterable[tuple[int, int]]) -> str:
    texte = ",".join(f"{pk}.{version}" for pk, version in versions)
    return sha256(texte.encode()).hexdigest()[:16] if texte else ""


def _alleger(requete: Any) -> Any:
    return requete.avec_ses_regles().defer(*LOURDS)
