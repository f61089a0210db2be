"""Les actes de l'instruction : complétude et recevabilité, puis ce que disent les partenaires."""

from ensemblier.instruction.actes.internes import ecrire_echange, lire_echanges
from ensemblier.instruction.actes.partenaires import (
    confirmer_contact,
    confirmer_contact_par_lien,
    ne_pas_recevoir,
    prendre_en_charge,
    recevoir,
    rendre_avis,
)
from ensemblier.instruction.actes.recevabilite import (
    completer,
    declarer_complet,
    declarer_irrecevable,
    declarer_recevable,
    demander_complements,
    prolonger_complements,
    qualifier_critere,
    refuser_piece,
    valider_piece,
    valider_tolerance,
)
from ensemblier.instruction.actes.suivi import demander_avis, relancer, relancer_un_avis, verifier

__all__ = [
    "completer",
    "confirmer_contact",
    "confirmer_contact_par_lien",
    "declarer_complet",
    "declarer_irrecevable",
    "declarer_recevable",
    "demander_avis",
    "demander_complements",
    "ecrire_echange",
    "lire_echanges",
    "ne_pas_recevoir",
    "prendre_en_charge",
    "prolonger_complements",
    "qualifier_critere",
    "recevoir",
    "refuser_piece",
    "relancer",
    "relancer_un_avis",
    "rendre_avis",
    "valider_piece",
    "valider_tolerance",
    "verifier",
]
