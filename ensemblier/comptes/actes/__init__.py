"""Ce qui se fait d'un compte et d'un organisme : créer, rattacher, habiliter, changer de compte bancaire."""

from ensemblier.comptes.actes.comptes import (
    creer_compte,
    regler_les_courriels,
    se_desabonner,
)
from ensemblier.comptes.actes.habilitations import (
    declarer_interet,
    habiliter,
    lever_interet,
    retirer_l_habilitation,
)
from ensemblier.comptes.actes.organismes import (
    CER_EN_VIGUEUR,
    ajouter_rib,
    creer_organisme,
    deja_connu,
    modifier_organisme,
    reveler_iban,
    souscrire_cer,
    verifier_rib,
)
from ensemblier.comptes.actes.rattachements import (
    accepter_l_invitation,
    detacher,
    inviter,
    rattacher,
    retirer_l_invitation,
)

__all__ = [
    "CER_EN_VIGUEUR",
    "accepter_l_invitation",
    "ajouter_rib",
    "creer_compte",
    "creer_organisme",
    "declarer_interet",
    "deja_connu",
    "detacher",
    "habiliter",
    "inviter",
    "lever_interet",
    "modifier_organisme",
    "rattacher",
    "regler_les_courriels",
    "retirer_l_habilitation",
    "retirer_l_invitation",
    "reveler_iban",
    "se_desabonner",
    "souscrire_cer",
    "verifier_rib",
]
