"""Proposer un montant sur sa ligne, au plus ce que la règle et l'enveloppe permettent."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from ensemblier.dossiers.actes import avancer_demande
from ensemblier.dossiers.models import Demande
from ensemblier.instruction.examen import exiger_recevable
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.montants import Attribuable, euros
from ensemblier.programmation.calculs import attribuable_au_volet, phrase_du_depassement, reste_de_l_enveloppe
from ensemblier.registre.actes import ActeBloque, verrouiller


def lignes_en_json(calcul: Attribuable) -> list[dict[str, str]]:
    return [
        {"libelle": ligne.libelle, "calcul": ligne.calcul, "montant": f"{ligne.montant:f}"}
        for ligne in calcul.lignes
    ]


def exiger_attribuable(montant: Decimal, calcul: Attribuable) -> None:
    """Lève `ActeBloque` avec la phrase du dépassement."""
    if dit := phrase_du_depassement(montant, calcul):
        raise ActeBloque(dit)


@transaction.atomic
def proposer(
    demande: Demande, *, montant: Decimal, motif: str = "", par: Acteur, le: datetime
) -> Attribuable:
    """Le montant proposé sur un volet, K6 à l'appui ; il se corrige tant que rien n'est décidé."""
    verrouiller(demande.racine())
    exiger_recevable(demande.dossier, "une proposition")
    valeur = euros(montant)
    if valeur < 0:
        raise ActeBloque("Un montant proposé ne peut pas être négatif. Corrigez-le.")
    calcul = attribuable_au_volet(demande, reste=reste_de_l_enveloppe(demande))
    exiger_attribuable(valeur, calcul)
    avancer_demande(
        demande, "proposer", par=par, le=le, motif=motif.strip(), public=False, propose=valeur,
        details={"montant": str(valeur), "lignes": lignes_en_json(calcul)},
    )  # fmt: skip
    return calcul
