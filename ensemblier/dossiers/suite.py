"""Continuer une action d'une année sur l'autre : ce qui se recopie d'un dossier déposé, ce qui se refait.

Ne passent jamais d'une année à l'autre : ce qui est daté (contacts, dates, numéro Dauphin), attesté ou joint,
ce qui est demandé à un financeur, ce qu'il en a dit. Une année se redemande.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from ensemblier.dossiers import ecriture
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Dossier, LigneDeBudget
from ensemblier.dossiers.reponses import Reponses
from ensemblier.interface.formats import accord
from ensemblier.noyau.machine import Acteur

COLONNES = (
    "intitule", "resume", "description", "objectifs", "parcours", "partenaires", "moyens", "evaluation",
    "est_numerique", "numerique_coherence", "droit_commun", "comite_de_suivi",
    "publics_total", "publics_qpv", "publics_description", "mobilisation_qpv",
)  # fmt: skip
A_REFAIRE = (
    "les dates de l'action, les aides demandées à chaque financeur, les contacts avec les communes, "
    "les pièces et les attestations"
)


def recopier(dossier: Dossier, ancien: Dossier, *, par: Acteur, le: datetime) -> None:
    """Remplit un brouillon neuf avec l'action d'un dossier déposé ; l'appelant tient le verrou."""
    lues = Reponses(ancien)
    for nom in COLONNES:
        setattr(dossier, nom, getattr(ancien, nom))
    if ancien.pilier and ancien.pilier.code in {p.code for p in reglement_de(dossier).piliers}:
        dossier.pilier = ancien.pilier
    dossier.save()
    dossier.thematiques.set(lues.thematiques)
    ecriture.poser_quartiers(dossier, {c.quartier: list(c.communes.all()) for c in lues.ciblages})
    for c in lues.co_porteurs:
        ecriture.poser_co_porteur(
            dossier, nom=c.nom, numero=c.numero, role=c.role, courriel=c.courriel, fonction=c.fonction,
            par=par, le=le,
        )  # fmt: skip
    charges, produits = _budget(lues)
    ecriture.poser_budget(dossier, charges=charges, produits=produits, subventions={})


def _budget(lues: Reponses) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Les dépenses et les ressources propres ; le compte 74 est une demande, il se refait."""
    charges: dict[str, Decimal] = {}
    produits: dict[str, Decimal] = {}
    for ligne in lues.lignes_de_budget:
        if not ligne.compte.startswith(ecriture.SUBVENTIONS):
            cote = charges if ligne.sens == LigneDeBudget.Sens.CHARGE else produits
            cote[ligne.compte] = ligne.montant
    return charges, produits


def annonce(dossier: Dossier) -> str:
    """Ce qui vient d'être repris, et ce qui reste à faire."""
    lues = Reponses(dossier)
    repris = ["l'action", "les publics"]
    if lues.ciblages:
        repris.append(accord(len(lues.ciblages), "quartier", "quartiers"))
    if lues.co_porteurs:
        repris.append(accord(len(lues.co_porteurs), "co-porteur", "co-porteurs"))
    if lues.lignes_de_budget:
        repris.append(accord(len(lues.lignes_de_budget), "ligne de budget", "lignes de budget"))
    pilier = "" if dossier.pilier else " Le pilier est à choisir parmi ceux de cet appel."
    return f"Repris de {dossier.suite_de} : {', '.join(repris)}. À refaire : {A_REFAIRE}.{pilier}"
