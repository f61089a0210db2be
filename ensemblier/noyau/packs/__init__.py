"""Les packs : un territoire et ses appels, écrits en TOML, CSV et GeoJSON, lus en modèles figés."""

from ensemblier.noyau.packs.appel import (
    Appel,
    Dispositif,
    JalonEcrit,
    Piece,
    PilierDeLAppel,
    Quorum,
    VersementEcrit,
)
from ensemblier.noyau.packs.controle import Contradiction, controler
from ensemblier.noyau.packs.erreurs import ErreurDePack, PackInvalide
from ensemblier.noyau.packs.guichets import Guichet
from ensemblier.noyau.packs.lecture import lire_appel, lire_appels, lire_territoire
from ensemblier.noyau.packs.territoire import Commune, Contact, Financeur, Quartier, Routage, Territoire

__all__ = [
    "Appel",
    "Commune",
    "Contact",
    "Contradiction",
    "Dispositif",
    "ErreurDePack",
    "Financeur",
    "Guichet",
    "JalonEcrit",
    "PackInvalide",
    "Piece",
    "PilierDeLAppel",
    "Quartier",
    "Quorum",
    "Routage",
    "Territoire",
    "VersementEcrit",
    "controler",
    "lire_appel",
    "lire_appels",
    "lire_territoire",
]
