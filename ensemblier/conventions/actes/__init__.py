"""Les actes des suites : notifier, signer, verser. L'appelant passe la date de l'acte (`le`)."""

from ensemblier.conventions.actes.avenant import (
    attendu,
    notifier_l_avenant,
    prochains_versements,
    signer_l_avenant_financeur,
    signer_l_avenant_porteur,
)
from ensemblier.conventions.actes.notification import (
    Lot,
    notifier,
    notifier_lot,
    notifier_refus,
)
from ensemblier.conventions.actes.signature import signer_financeur, signer_porteur
from ensemblier.conventions.actes.versement import (
    ajuster_tranches,
    annuler_versement,
    certifier_versement,
    constater_versement,
    payer_versement,
    preparer_versement,
    rendre_exigible,
)

__all__ = [
    "Lot",
    "ajuster_tranches",
    "annuler_versement",
    "attendu",
    "certifier_versement",
    "constater_versement",
    "notifier",
    "notifier_l_avenant",
    "notifier_lot",
    "notifier_refus",
    "payer_versement",
    "preparer_versement",
    "prochains_versements",
    "rendre_exigible",
    "signer_financeur",
    "signer_l_avenant_financeur",
    "signer_l_avenant_porteur",
    "signer_porteur",
]
