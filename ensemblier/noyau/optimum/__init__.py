"""Proposer une programmation : qui financer, de combien, sous toutes les règles ; une personne décide.

Entrées et sorties en centimes entiers (`montants.en_centimes`, `montants.de_centimes`). Le solveur HiGHS
cherche, en virgule flottante ; `verifier`, en entiers exacts, est seul juge de ce qui est rendu.
"""

from ensemblier.noyau.optimum.conflits import Conflit
from ensemblier.noyau.optimum.entrees import (
    Candidature,
    Case,
    EntreeInvalide,
    Enveloppe,
    Objectif,
    Probleme,
    Souhait,
)
from ensemblier.noyau.optimum.glouton import par_note
from ensemblier.noyau.optimum.raisons import Marge, Refus
from ensemblier.noyau.optimum.resolution import Avancement, Proposition, proposer
from ensemblier.noyau.optimum.verification import Faute, PropositionRefusee, exiger, valeur, verifier

__all__ = [
    "Avancement",
    "Candidature",
    "Case",
    "Conflit",
    "EntreeInvalide",
    "Enveloppe",
    "Faute",
    "Marge",
    "Objectif",
    "Probleme",
    "Proposition",
    "PropositionRefusee",
    "Refus",
    "Souhait",
    "exiger",
    "par_note",
    "proposer",
    "valeur",
    "verifier",
]
