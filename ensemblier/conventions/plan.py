"""Ce qu'un accord entraîne, calculé avant d'être écrit : tranches (K7), convention (K8, P28), bilan (B5)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ensemblier.comptes.models import Organisme
from ensemblier.dossiers.etats import ACCORDS
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau import calendrier, montants
from ensemblier.noyau.packs import VersementEcrit
from ensemblier.programmation.models import Attribution
from ensemblier.registre.actes import ActeBloque

NOTIFICATION, CONVENTION, BILAN = "notification", "convention", "bilan"
_CONDITIONS = {
    NOTIFICATION: "après la notification",
    CONVENTION: "après signature de la convention par les deux parties",
    BILAN: "après validation de votre bilan",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """Un accord et ses suites ; `convention.requise` dit s'il faut une convention, ses lignes pourquoi."""

    attribution: Attribution
    echeancier: montants.Echeancier
    convention: montants.Convention
    echeance_du_bilan: date


def en_json(lignes: Iterable[montants.Ligne]) -> list[dict[str, str]]:
    """Les lignes d'un calcul, telles qu'un `JSONField` les garde."""
    return [{"libelle": x.libelle, "calcul": x.calcul, "montant": str(x.montant)} for x in lignes]


def regle_de_versement(demande: Demande) -> VersementEcrit | None:
    """La règle de versement du financeur dans le règlement du dossier ; aucune : il a les siennes (P34)."""
    reglement = demande.dossier.reglement or demande.dossier.appel.reglement
    return reglement.regles().versement(demande.financeur.code) if reglement else None


def condition_en_mots(condition: str, ecrit: VersementEcrit | None = None) -> str:
    """« après signature de la convention par les deux parties » ; les mots de l'appel d'abord."""
    if ecrit is None:
        return _CONDITIONS[condition]
    return {
        NOTIFICATION: ecrit.condition_unique,
        CONVENTION: ecrit.condition_premier,
        BILAN: ecrit.condition_solde,
    }[condition]


def attribution_courante(demande: Demande) -> Attribution:
    """L'attribution en vigueur, avec sa délibération ; sans elle rien n'est accordé ni refusé (R60)."""
    attribution = (
        Attribution.objects.filter(demande=demande, remplacee_le=None).select_related("deliberation").first()
    )
    if attribution is None:
        raise ActeBloque(
            "Aucune délibération ne porte cette décision. Enregistrez d'abord son numéro et sa date."
        )
    return attribution


def prevoir(demande: Demande) -> Plan:
    """Les suites d'un accord voté ; ne lit que la base, n'écrit rien. Lève `ActeBloque` sans délibération."""
    attribution = attribution_courante(demande)
    ecrit = regle_de_versement(demande)
    deja = Demande.objects.filter(
        financeur=demande.financeur_id,
        dossier__organisme=demande.dossier.organisme_id,
        dossier__appel__exercice=demande.dossier.appel.exercice,
        etat__in=ACCORDS,
        vote__isnull=False,
    ).exclude(pk=demande.pk)
    convention = montants.convention_requise(
        deja_attribues=list(deja.values_list("vote", flat=True)),
        attribue=attribution.montant,
        seuil_local=ecrit.seuil if ecrit else None,
    )
    return Plan(
        attribution=attribution,
        echeancier=_echeancier(attribution.montant, ecrit, avec_convention=convention.requise),
        convention=convention,
        echeance_du_bilan=echeance_du_bilan(demande.dossier),
    )


def _echeancier(
    montant: Decimal, ecrit: VersementEcrit | None, *, avec_convention: bool
) -> montants.Echeancier:
    """P13 : le versement unique attend la notification, et la convention quand elle est exigée."""
    unique = CONVENTION if avec_convention else NOTIFICATION
    if ecrit is None:
        return montants.echeancier(attribue=montant, seuil=None, condition_unique=unique)
    return montants.echeancier(attribue=montant, seuil=ecrit.seuil, part=ecrit.part, condition_unique=unique)


@dataclass(frozen=True, slots=True)
class Part:
    """Une tranche vue d'un avenant : son rang, si elle attend le bilan, son montant, si elle est payée."""

    rang: int
    est_solde: bool
    montant: Decimal
    est_payee: bool


@dataclass(frozen=True, slots=True)
class Repartition:
    """`dus` : le montant de chaque rang non payé ; `avant`, `au_bilan` : ce qu'une tranche de plus porte."""

    dus: dict[int, Decimal]
    avant: Decimal
    au_bilan: Decimal


def repartir(plan: montants.Echeancier, parts: Sequence[Part]) -> Repartition:
    """Le nouveau total, moins ce qui est payé : l'acompte d'abord, le solde au bilan (K7, R27).

    Ce qui est payé l'est, et ne dépasse pas le nouveau total. Une hausse complète l'acompte jusqu'à sa
    part de ce total, sans attendre le bilan ; un total qui se verse en une fois n'attend plus rien.
    """
    total = sum((t.montant for t in plan.tranches), Decimal(0))
    acompte = sum((t.montant for t in plan.tranches if t.condition != BILAN), Decimal(0))
    reste = total - sum((p.montant for p in parts if p.est_payee), Decimal(0))
    verse_avant = sum((p.montant for p in parts if p.est_payee and not p.est_solde), Decimal(0))
    avant = min(max(Decimal(0), acompte - verse_avant), reste)
    a_poser = {False: avant, True: reste - avant}
    dus: dict[int, Decimal] = {}
    for part in parts:
        if not part.est_payee:
            dus[part.rang], a_poser[part.est_solde] = a_poser[part.est_solde], Decimal(0)
    return Repartition(dus, avant=a_poser[False], au_bilan=a_poser[True])


def fin_de_l_exercice(organisme: Organisme, annee: int) -> date:
    """Le dernier jour de l'exercice comptable qui se clôt cette année-là."""
    mois, jour = (int(x) for x in organisme.fin_d_exercice.split("-"))
    return date(annee, mois, min(jour, monthrange(annee, mois)[1]))


def echeance_du_bilan(dossier: Dossier) -> date:
    """B5, S59 : six mois après la clôture de l'exercice où l'action finit, à défaut de celui de l'appel."""
    fin = fin_de_l_exercice(dossier.organisme, dossier.appel.exercice)
    if dossier.au:
        fin = fin_de_l_exercice(dossier.organisme, dossier.au.year)
        if fin < dossier.au:
            fin = fin_de_l_exercice(dossier.organisme, dossier.au.year + 1)
    return calendrier.echeance_compte_rendu(fin)
