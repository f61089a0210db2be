"""Les lettres et la convention : ce que chaque acte doit dire (domaine §C.7), puis son PDF."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from ensemblier.conventions.etats import SIGNEE
from ensemblier.conventions.models import Avenant, Convention
from ensemblier.conventions.plan import Plan, condition_en_mots, regle_de_versement
from ensemblier.dossiers.models import Ciblage, Demande, LigneDeBudget
from ensemblier.interface.pdf import ecrire_pdf
from ensemblier.noyau import calendrier, cerfa, montants
from ensemblier.programmation.models import Attribution

DELAI_DE_RECOURS_MOIS = 2
DELAI_DE_PAIEMENT_JOURS = 60


def contexte_commun(demande: Demande, attribution: Attribution, *, jour: date) -> dict[str, Any]:
    """Ce que toute lettre dit : qui, à qui, quelle décision, à quelle date, quel recours (B19)."""
    dossier = demande.dossier
    territoire = dossier.territoire
    return {
        "demande": demande,
        "dossier": dossier,
        "organisme": dossier.organisme,
        "financeur": demande.financeur,
        "territoire": territoire,
        "emetteur": demande.financeur.nom,
        "deliberation": attribution.deliberation,
        "decision_le": calendrier.en_francais(attribution.deliberation.le, "lettre"),
        "jour_en_lettres": calendrier.en_francais(jour, "lettre"),
        "date_document": jour,
        "reference_document": f"Dossier {dossier.numero}",
        "recours_mois": DELAI_DE_RECOURS_MOIS,
    }


def contexte_accord(demande: Demande, plan: Plan, *, jour: date) -> dict[str, Any]:
    """La lettre d'accord : montant en chiffres et en lettres, versements, conditions, bilan, recours."""
    montant = plan.attribution.montant
    return contexte_commun(demande, plan.attribution, jour=jour) | {
        "montant": montant,
        "en_lettres": montants.en_lettres(montant),
        "taux": _taux(demande, plan),
        "tranches": tranches_en_mots(demande, plan),
        "convention": plan.convention,
        "delai_de_paiement": DELAI_DE_PAIEMENT_JOURS,
        "paiement_avant": calendrier.en_francais(calendrier.echeance_versement(jour), "lettre"),
        "bilan_avant": calendrier.en_francais(plan.echeance_du_bilan, "lettre"),
        "cer": demande.dossier.organisme.doit_souscrire_le_cer,
        "part_qpv": (demande.dossier.publics_qpv, demande.dossier.publics_total),
    }


def _taux(demande: Demande, plan: Plan) -> str:
    """La part du coût prévu, au centième de pour cent : « 41,08 % »."""
    cout = demande.dossier.cout_total
    if not cout:
        return ""
    part = montants.arrondir(Fraction(plan.attribution.montant) * 100 / Fraction(cout))
    return montants.pourcent(Fraction(part) / 100)


def tranches_en_mots(demande: Demande, plan: Plan) -> list[dict[str, Any]]:
    """Chaque versement, son montant en chiffres et en lettres, sa condition."""
    ecrit = regle_de_versement(demande)
    nombre = len(plan.echeancier.tranches)
    return [
        {
            "libelle": nom_de_tranche(t.rang, nombre),
            "montant": t.montant,
            "en_lettres": montants.en_lettres(t.montant),
            "condition": condition_en_mots(t.condition, ecrit),
            "part": montants.pourcent(t.part),
        }
        for t in plan.echeancier.tranches
    ]


def nom_de_tranche(rang: int, nombre: int) -> str:
    """« Versement unique », « 1er versement », « Solde »."""
    if nombre == 1:
        return "Versement unique"
    return "Solde" if rang == nombre else f"{rang}er versement" if rang == 1 else f"{rang}e versement"


def contexte_refus(demande: Demande, attribution: Attribution, *, jour: date) -> dict[str, Any]:
    """La lettre de refus : le motif écrit (B18), le recours, qui peut accompagner."""
    return contexte_commun(demande, attribution, jour=jour) | {"motif": attribution.motif or demande.motif}


def contexte_convention(demande: Demande, plan: Plan, *, jour: date) -> dict[str, Any]:
    """La convention et ses trois annexes : l'action, le budget, les indicateurs."""
    dossier = demande.dossier
    lignes = list(
        LigneDeBudget.objects.filter(dossier=dossier).select_related("financeur").order_by("compte")
    )
    charges = [x for x in lignes if x.sens == LigneDeBudget.Sens.CHARGE]
    produits = [x for x in lignes if x.sens == LigneDeBudget.Sens.PRODUIT]
    quartiers = Ciblage.objects.filter(dossier=dossier).select_related("quartier")
    return contexte_accord(demande, plan, jour=jour) | {
        "lignes_de_convention": plan.convention.lignes,
        "charges": [(cerfa.libelle(x.compte), x.montant) for x in charges],
        "produits": [(_produit(x), x.montant) for x in produits],
        "total_charges": montants.de_centimes(sum(montants.en_centimes(x.montant) for x in charges)),
        "total_produits": montants.de_centimes(sum(montants.en_centimes(x.montant) for x in produits)),
        "quartiers": [c.quartier.nom for c in quartiers],
        "fin_d_effet": calendrier.en_francais(plan.echeance_du_bilan, "lettre"),
    }


def _produit(ligne: LigneDeBudget) -> str:
    return f"Subvention, {ligne.financeur.nom}" if ligne.financeur else cerfa.libelle(ligne.compte)


def lettre_d_accord(demande: Demande, plan: Plan, *, jour: date) -> bytes:
    return ecrire_pdf(
        "conventions/pdf/accord.html",
        contexte_accord(demande, plan, jour=jour),
        identifiant=f"accord:{demande.pk}:{jour}",
        titre=f"Notification d'une aide, dossier {demande.dossier.numero}",
    )


def lettre_de_refus(demande: Demande, attribution: Attribution, *, jour: date) -> bytes:
    return ecrire_pdf(
        "conventions/pdf/refus.html",
        contexte_refus(demande, attribution, jour=jour),
        identifiant=f"refus:{demande.pk}:{jour}",
        titre=f"Décision sur une demande d'aide, dossier {demande.dossier.numero}",
    )


def projet_de_convention(demande: Demande, plan: Plan, *, jour: date) -> bytes:
    return ecrire_pdf(
        "conventions/pdf/convention.html",
        contexte_convention(demande, plan, jour=jour),
        identifiant=f"convention:{demande.pk}:{jour}",
        titre=f"Convention de subvention, dossier {demande.dossier.numero}",
    )


def contexte_avenant(demande: Demande, plan: Plan, attribution: Attribution, *, jour: date) -> dict[str, Any]:
    """Ce qui change : l'ancien montant et son acte, le nouveau, la raison, ce qui est versé, la suite."""
    ancienne = attribution.remplace
    de = attribution.de or montants.ZERO
    verse = demande.verse
    return contexte_accord(demande, plan, jour=jour) | {
        "de": de,
        "vers": attribution.montant,
        "baisse": attribution.montant < de,
        "raison": attribution.motif,
        "ancienne": ancienne.deliberation if ancienne else None,
        "verse": verse,
        "reste": attribution.montant - verse,
        "rang": Avenant.objects.filter(demande=demande).count() + 1,
    }


def lettre_d_avenant(demande: Demande, plan: Plan, attribution: Attribution, *, jour: date) -> bytes:
    return ecrire_pdf(
        "conventions/pdf/lettre_avenant.html",
        contexte_avenant(demande, plan, attribution, jour=jour)
        | {"convention_signee": Convention.objects.filter(demande=demande, etat=SIGNEE).exists()},
        identifiant=f"lettre-avenant:{attribution.pk}:{jour}",
        titre=f"Changement d'une aide, dossier {demande.dossier.numero}",
    )


def projet_d_avenant(
    demande: Demande, plan: Plan, attribution: Attribution, convention: Convention, *, jour: date
) -> bytes:
    return ecrire_pdf(
        "conventions/pdf/avenant.html",
        contexte_avenant(demande, plan, attribution, jour=jour)
        | {"signee_le": calendrier.en_francais(convention.signee_financeur_le or jour, "lettre")},
        identifiant=f"avenant:{attribution.pk}:{jour}",
        titre=f"Avenant à la convention, dossier {demande.dossier.numero}",
    )
