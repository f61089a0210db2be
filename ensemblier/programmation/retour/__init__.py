"""Relire un tableau sorti d'ici et retouché dans un tableur : reconnaître, essayer à blanc, appliquer."""

from ensemblier.programmation.retour.essai import EssaiDepasse, appliquer, essayer, par_enveloppe
from ensemblier.programmation.retour.lecture import BORNES, CaseLue, relire
from ensemblier.programmation.retour.travail import (
    OUVRAGES,
    SUR_PLACE,
    appliquer_ou_mettre_en_file,
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
    "EssaiDepasse",
    "appliquer",
    "appliquer_ou_mettre_en_file",
    "essayer",
    "essayer_ou_mettre_en_file",
    "par_enveloppe",
    "phrase_de_l_application",
    "phrase_de_l_essai",
    "recevoir",
    "relire",
]
