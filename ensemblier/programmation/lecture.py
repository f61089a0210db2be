"""Ce que les pages de la programmation montrent : le tableau, ses totaux, ses jauges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Q

from ensemblier.appels.models import Appel
from ensemblier.dossiers.droits import roles_sur_financeur
from ensemblier.dossiers.etats import (
    ABANDONNEE,
    CLOS,
    DECIDE,
    DEMANDE,
    PROGRAMMEE,
    PROPOSEE,
    RECEVABLE,
)
from ensemblier.dossiers.models import Demande, Dossier, DossierQuerySet
from ensemblier.interface.champs import somme
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.programmation.calculs import PERDUS, ZERO
from ensemblier.programmation.models import Enveloppe
from ensemblier.territoires.models import Financeur

PAR_PAGE = 50
COMMUNES = "COMMUNES"
PROPOSABLES = frozenset(DEMANDE.transition("proposer").de)


@dataclass(slots=True)
class Cellule:
    """Un volet dans le tableau ; `saisie` et `refus` gardent ce qui a été tapé et pourquoi c'est refusé."""

    volet: Demande
    est_mienne: bool
    saisie: str = ""
    refus: str = ""

    @property
    def montant(self) -> Decimal | None:
        return self.volet.vote if self.volet.vote is not None else self.volet.propose

    @property
    def mot(self) -> str:
        """« refusé », « écarté » : un volet perdu se dit, son zéro ne se lit pas comme un accord."""
        return self.volet.etat_agent.lower() if self.volet.etat in PERDUS else ""

    @property
    def statut(self) -> str:
        if self.volet.vote is not None:
            return "vote"
        return "propose" if self.volet.propose is not None else "attendu"


@dataclass(slots=True)
class Ligne:
    dossier: Dossier
    colonnes: dict[str, list[Cellule]] = field(default_factory=dict)
    total: Decimal = ZERO

    @property
    def ecart(self) -> Decimal:
        """Ce qui reste à trouver ; négatif si les financements dépassent le coût (S41)."""
        return self.dossier.cout_total - self.total

    @property
    def depassement(self) -> Decimal:
        return -self.ecart

    @property
    def refus(self) -> list[str]:
        return [c.refus for cellules in self.colonnes.values() for c in cellules if c.refus]


@dataclass(frozen=True, slots=True)
class Colonne:
    """Une colonne par financeur ; les communes n'en font qu'une."""

    cle: str
    titre: str


def dossiers_de(acteur: Acteur, appel: Appel, mots: str = "") -> DossierQuerySet:
    """Les dossiers de l'appel qui se programment ou sont décidés, dans ce que l'acteur voit."""
    visibles = Dossier.objects.a_juger_par(acteur).filter(
        appel=appel, etat__in=(RECEVABLE, DECIDE, CLOS), depose_le__isnull=False
    )
    if mots:
        visibles = visibles.filter(
            Q(numero__icontains=mots) | Q(intitule__icontains=mots) | Q(organisme__nom__icontains=mots)
        )
    return visibles


def colonnes_de(appel: Appel) -> list[Colonne]:
    """Les financeurs qui ouvrent un dispositif dans l'appel ; une requête."""
    financeurs = Financeur.objects.filter(pk__in=appel.dispositifs.values("financeur")).order_by("rang")
    rendues: dict[str, Colonne] = {}
    for f in financeurs:
        cle = COMMUNES if f.type == "commune" else f.code
        rendues.setdefault(cle, Colonne(cle, "Communes" if cle == COMMUNES else f.sigle))
    return list(rendues.values())


def cle_de(financeur: Financeur) -> str:
    return COMMUNES if financeur.type == "commune" else financeur.code


def lignes_du_tableau(acteur: Acteur, dossiers: Iterable[Dossier]) -> list[Ligne]:
    """Une requête pour tous les volets de la page."""
    lignes = {d.pk: Ligne(d) for d in dossiers}
    volets = (
        Demande.objects.filter(dossier__in=lignes)
        .exclude(etat=ABANDONNEE)
        .select_related("financeur__commune", "dispositif")
        .order_by("financeur__rang", "pk")
    )
    for volet in volets:
        ligne = lignes[volet.dossier_id]
        mienne = Role.AGENT_FINANCEUR in roles_sur_financeur(acteur, volet.financeur)
        ouverte = volet.etat in PROPOSABLES and ligne.dossier.etat == RECEVABLE
        ligne.colonnes.setdefault(cle_de(volet.financeur), []).append(Cellule(volet, mienne and ouverte))
        if volet.etat not in PERDUS:
            apport = volet.vote if volet.vote is not None else volet.propose
            ligne.total += apport or ZERO
    return list(lignes.values())


def totaux(dossiers: DossierQuerySet, colonnes: Iterable[Colonne]) -> dict[str, dict[str, Decimal]]:
    """Par colonne : demandé, proposé, voté, sur tout le filtre et non sur la seule page ; une requête."""
    rendus = {c.cle: {"demande": ZERO, "propose": ZERO, "vote": ZERO} for c in colonnes}
    sommes = (
        Demande.objects.filter(dossier__in=dossiers.values("pk"))
        .exclude(etat=ABANDONNEE)
        .values("financeur__code", "financeur__type")
        .annotate(d=somme("demande"), p=somme("propose"), v=somme("vote"))
    )
    for s in sommes:
        cle = COMMUNES if s["financeur__type"] == "commune" else s["financeur__code"]
        if cle in rendus:
            for nom, court in (("demande", "d"), ("propose", "p"), ("vote", "v")):
                rendus[cle][nom] += s[court] or ZERO
    return rendus


def jauges(appels: Iterable[Appel]) -> dict[int, list[dict[str, Any]]]:
    """Les enveloppes de ces appels : voté, et proposé qui n'est pas encore voté ; deux requêtes."""
    cles = [a.pk for a in appels]
    enveloppes = (
        Enveloppe.objects.filter(appel__in=cles).select_related("financeur").order_by("financeur__rang")
    )
    proposes = {
        (p["dossier__appel"], p["financeur"]): p["total"]
        for p in Demande.objects.filter(dossier__appel__in=cles, etat__in=(PROPOSEE, PROGRAMMEE))
        .values("dossier__appel", "financeur")
        .annotate(total=somme("propose"))
    }
    rendues: dict[int, list[dict[str, Any]]] = {}
    for e in enveloppes:
        rendues.setdefault(e.appel_id, []).append(
            {
                "libelle": e.financeur.sigle, "financeur": e.financeur.code, "total": e.montant,
                "vote": e.engage, "propose": proposes.get((e.appel_id, e.financeur_id)) or ZERO,
                "enveloppe": e,
            }
        )  # fmt: skip
    return rendues
