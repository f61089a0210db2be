"""Les actes d'un dossier : seules écritures de la pièce, chacune sous son verrou, à la date donnée."""

from ensemblier.dossiers.actes.affectation import affecter, affecter_selon_les_themes
from ensemblier.dossiers.actes.brouillon import (
    creer,
    creer_une_fois,
    enregistrer_budget,
    enregistrer_contact_commune,
    enregistrer_criteres,
    enregistrer_demandes,
    enregistrer_etape,
    enregistrer_quartiers,
    retirer_contact_commune,
)
from ensemblier.dossiers.actes.co_porteurs import (
    ajouter_co_porteur,
    decliner_par_lien,
    demander_au_co_porteur,
    repondre_en_co_porteur,
    retirer_co_porteur,
)
from ensemblier.dossiers.actes.contacts import demander_confirmation
from ensemblier.dossiers.actes.corrections import clore_les_corrections, corriger, demander_corrections
from ensemblier.dossiers.actes.depot import conserver_accuse, deposer, retirer
from ensemblier.dossiers.actes.exceptions import accorder_derogation, dispenser_obligation
from ensemblier.dossiers.actes.messages import ecrire_message, lire_messages
from ensemblier.dossiers.actes.personnes import (
    accepter_l_aide,
    demander_la_signature,
    inviter_une_aide,
    retirer_l_aide,
)
from ensemblier.dossiers.actes.pieces import joindre_piece, reprendre_pieces, retirer_piece
from ensemblier.dossiers.actes.renoncements import renoncer, reprendre_le_renoncement
from ensemblier.dossiers.actes.saisie import SaisieDivergente, enregistrer_feuille, saisir
from ensemblier.dossiers.actes.simulation import effacer_les_simulations, garder_simulation
from ensemblier.dossiers.actes.volets import (
    VoletsTenus,
    avancer_demande,
    marquer_le_changement,
    noter_numero_dauphin,
    noter_reference_depot,
)

__all__ = [
    "SaisieDivergente",
    "VoletsTenus",
    "accepter_l_aide",
    "accorder_derogation",
    "affecter",
    "affecter_selon_les_themes",
    "ajouter_co_porteur",
    "avancer_demande",
    "clore_les_corrections",
    "conserver_accuse",
    "corriger",
    "creer",
    "creer_une_fois",
    "decliner_par_lien",
    "demander_au_co_porteur",
    "demander_confirmation",
    "demander_corrections",
    "demander_la_signature",
    "deposer",
    "dispenser_obligation",
    "ecrire_message",
    "effacer_les_simulations",
    "enregistrer_budget",
    "enregistrer_contact_commune",
    "enregistrer_criteres",
    "enregistrer_demandes",
    "enregistrer_etape",
    "enregistrer_feuille",
    "enregistrer_quartiers",
    "garder_simulation",
    "inviter_une_aide",
    "joindre_piece",
    "lire_messages",
    "marquer_le_changement",
    "noter_numero_dauphin",
    "noter_reference_depot",
    "renoncer",
    "repondre_en_co_porteur",
    "reprendre_le_renoncement",
    "reprendre_pieces",
    "retirer",
    "retirer_co_porteur",
    "retirer_contact_commune",
    "retirer_l_aide",
    "retirer_piece",
    "saisir",
]
