"""Les lignes de la liste de travail : ce qu'une page, ou un lot de l'export, montre de ses dossiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q

from ensemblier.dossiers.etats import A_COMPLETER, ABANDONNEE
from ensemblier.dossiers.horloge import jours_avant_rejet
from ensemblier.dossiers.models import Ciblage, CommuneVisee, Demande, Dossier, DossierQuerySet
from ensemblier.espaces.lecteur import Lecteur
from ensemblier.instruction.models import Avis
from ensemblier.interface.formats import dans, ordre

ECHEANCE = "echeance"
MONTRES = (
    "appel__titre_court", "charge_de_mission__nom", "charge_de_mission__prenom", "depose_le",
    "demande_totale", "etat", "intitule", "numero", "numero_dauphin", "organisme__nom", "organisme__siret",
    "pilier__nom", "rejet_le",
)  # fmt: skip
"""Ce qu'une ligne montre ; le reste pèse 20 Ko par dossier."""


@dataclass(frozen=True, slots=True)
class Ligne:
    """Une ligne de la liste ; `retard` compte les jours passés depuis l'échéance."""

    dossier: Dossier
    attente: str
    echeance: date | None
    retard: int
    demande: Decimal | None
    avis_rendus: int
    avis_attendus: int
    thematiques: tuple[str, ...] = ()
    quartiers: tuple[str, ...] = ()
    communes: tuple[str, ...] = ()

    @property
    def suivi(self) -> str:
        charge = self.dossier.charge_de_mission
        return charge.nom_complet if charge else ""

    @property
    def avis(self) -> str:
        return f"{self.avis_rendus} sur {self.avis_attendus}"


def a_lire(dossiers: DossierQuerySet, colonnes: Sequence[str]) -> DossierQuerySet:
    """Les dossiers et ce qu'une ligne en montre, sans leurs textes."""
    voulus = {"pilier": "pilier", "suivi": "charge_de_mission"}
    tus = {lien for cle, lien in voulus.items() if cle not in colonnes}
    liens = ("appel", "organisme", *(lien for lien in voulus.values() if lien not in tus))
    montres = [champ for champ in MONTRES if champ.partition("__")[0] not in tus]
    return dossiers.select_related(*liens).only(*montres)


def lignes(page: Sequence[Dossier], lecteur: Lecteur, colonnes: Sequence[str]) -> list[Ligne]:
    """Une requête groupée pour la page (volets et avis) ; une de plus par colonne de lieux ou de thèmes."""
    cles = [d.pk for d in page]
    faites = Demande.objects.filter(dossier__in=cles).exclude(etat=ABANDONNEE).order_by()
    rendus = Avis.objects.filter(dossier=OuterRef("dossier"), financeur=OuterRef("financeur"))
    lues = faites.annotate(est_lue=_lue(lecteur), est_rendu=Exists(rendus))
    sollicites: dict[int, set[int]] = {}
    donnes: dict[int, set[int]] = {}
    montants: dict[int, list[Decimal]] = {}
    for dossier, financeur, demande, est_lue, est_rendu in lues.values_list(
        "dossier_id", "financeur_id", "demande", "est_lue", "est_rendu"
    ):
        sollicites.setdefault(dossier, set()).add(financeur)
        if est_rendu:
            donnes.setdefault(dossier, set()).add(financeur)
        if est_lue:
            montants.setdefault(dossier, []).append(demande)
    listes = {nom: _noms(cles, nom) for nom in _CHEMINS if nom in colonnes}
    return [
        _ligne(
            d, lecteur, montants.get(d.pk), sollicites.get(d.pk, set()), donnes.get(d.pk, set()),
            {nom: tuple(noms.get(d.pk, ())) for nom, noms in listes.items()},
        )
        for d in page
    ]  # fmt: skip


def _lue(lecteur: Lecteur) -> Q:
    return Q(pk__isnull=False) if lecteur.lignes_lues is None else lecteur.lignes_lues


def _ligne(
    dossier: Dossier,
    lecteur: Lecteur,
    montants: list[Decimal] | None,
    sollicites: set[int],
    donnes: set[int],
    listes: dict[str, tuple[str, ...]],
) -> Ligne:
    phrases = lecteur.attendus[dossier.pk].phrases if dossier.pk in lecteur.attendus else ()
    echeance: date | None = getattr(dossier, ECHEANCE)
    attente = " · ".join(phrases)
    if dossier.etat == A_COMPLETER and echeance:
        attente = attente or "Réponse du porteur"
    if lecteur.est_pilote and (reste := jours_avant_rejet(dossier, lecteur.jour)) is not None:
        attente = " · ".join(filter(None, (attente, f"rejet implicite {dans(reste)}")))
    retard = (lecteur.jour - echeance).days if echeance and phrases else 0
    return Ligne(
        dossier,
        attente,
        echeance,
        max(retard, 0),
        sum(montants, Decimal("0.00")) if montants else None,
        len(donnes),
        len(sollicites),
        **listes,
    )


_CHEMINS = {
    "thematiques": (Dossier.thematiques.through, "thematique__nom"),
    "quartiers": (Ciblage, "quartier__nom"),
    "communes": (CommuneVisee, "commune__nom"),
}


def _noms(cles: list[int], nom: str) -> dict[int, list[str]]:
    """Les noms d'une colonne à plusieurs valeurs, sans redite, dans l'ordre alphabétique ; une requête."""
    modele, chemin = _CHEMINS[nom]
    lus = modele._default_manager.filter(dossier__in=cles).values_list("dossier_id", chemin).distinct()
    groupes: dict[int, list[str]] = {}
    for dossier, mot in sorted((x for x in lus if x[1]), key=lambda x: ordre(x[1])):
        groupes.setdefault(dossier, []).append(mot)
    return groupes
