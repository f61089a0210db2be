"""Les actes du bilan : le rendre, le valider, solder, réclamer un trop-perçu. `le` est la date de l'acte.

Le paiement d'un solde passe par ici (`payer_versement`, `constater_versement`) : la pièce des conventions
paie, celle-ci solde le volet ensuite, dans la même transaction.
"""

from ensemblier.bilans.actes.bilan import (
    deposer_bilan,
    enregistrer_bilan,
    faire_corriger,
    ouvrir_bilan,
    valider,
)
from ensemblier.bilans.actes.reversement import (
    abandonner_reversement,
    decider_reversement,
    encaisser_reversement,
    observer,
    ouvrir_reversement,
)
from ensemblier.bilans.actes.solde import clore_si_termine, constater_versement, payer_versement, solder

__all__ = [
    "abandonner_reversement",
    "clore_si_termine",
    "constater_versement",
    "decider_reversement",
    "deposer_bilan",
    "encaisser_reversement",
    "enregistrer_bilan",
    "faire_corriger",
    "observer",
    "ouvrir_bilan",
    "ouvrir_reversement",
    "payer_versement",
    "solder",
    "valider",
]
