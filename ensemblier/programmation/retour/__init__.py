"""Relire un tableau sorti d'ici et retouché dans un tableur : reconnaître, essayer à blanc, appliquer."""

from ensemblier.programmation.retour.correspondance import (
    Colonnes,
    colonnes_possibles,
    ligne_d_entetes,
    lignes_possibles,
    ouvrir,
)
from ensemblier.programmation.retour.essai import (
    EssaiDepasse,
    appliquer,
    essayer,
    lire_les_cases,
    par_enveloppe,
)
from ensemblier.programmation.retour.lecture import BORNES, CaseLue, relire
from ensemblier.programmation.retour.travail import (
    OUVRAGES,
    SUR_PLACE,
    appliquer_ou_mettre_en_file,
    dire_les_colonnes,
    essayer_ou_mettre_en_file,
    phrase_de_l_application,
    phrase_de_l_essai,
    recevoir,
)

__all__ = [
    "BORNES",
    "OUVRAGES",
    "SUR_PLACE",
    "CaseLue",
    "Colonnes",
    "EssaiDepasse",
    "appliquer",
    "appliquer_ou_mettre_en_file",
    "colonnes_possibles",
    "dire_les_colonnes",
    "essayer",
    "essayer_ou_mettre_en_file",
    "ligne_d_entetes",
    "lignes_possibles",
    "lire_les_cases",
    "ouvrir",
    "par_enveloppe",
    "phrase_de_l_application",
    "phrase_de_l_essai",
    "recevoir",
    "relire",
]
