"""Proposer un montant sur sa ligne, au plus ce que la règle et l'enveloppe permettent."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from ensemblier.dossiers.actes import avancer_demande
from ensemblier.dossiers.models import Demande
from ensemblier.instruction.examen import exiger_recevable
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.montants import Attribuable, en_francais, euros
from ensemblier.programmation.calculs import attribuable_au_volet, reste_de_l_enveloppe
from ensemblier.registre.actes import ActeBloque, verrouiller

RAISONS = {
    "demande": ("dépasse la demande", ""),
    "plafond": ("dépasse le plafond", ""),
    "enveloppe": ("dépasse le reste de l'enveloppe", ", ou relevez d'abord l'enveloppe"),
    "ressources": ("dépasse ce qui reste à financer", ", ou baissez d'abord un autre financement"),
}


def lignes_en_json(calcul: Attribuable) -> list[dict[str, str]]:
    return [
        {"libelle": ligne.libelle, "calcul": ligne.calcul, "montant": f"{ligne.montant:f}"}
        for ligne in calcul.lignes
    ]


def exiger_attribuable(montant: Decimal, calcul: Attribuable) -> None:
    """Lève `ActeBloque` : la borne atteinte, de combien, et que faire (S43, S80)."""
    if montant > calcul.montant:
        raison, autrement = RAISONS[calcul.limite]
        borne = en_francais(calcul.montant)
        raise ActeBloque(
            f"{en_francais(montant)} {raison} ({borne}) de {en_francais(montant - calcul.montant)}. "
            f"Au plus {borne}{autrement}."
        )


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
