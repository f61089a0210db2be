"""Importer une extraction venue d'ailleurs : la lire, reconnaître ses dossiers, écrire ce qu'elle apporte."""

from ensemblier.echanges.importer.importation import (
    A_JOUR,
    IMPORTEE,
    Rapport,
    Resultat,
    extractions_de,
    importer,
)
from ensemblier.echanges.importer.lecture import Lecture, Ligne, lire
from ensemblier.echanges.importer.rapprochement import AMBIGUE, DEJA, INCONNUE, REFUSEE

__all__ = [
    "AMBIGUE",
    "A_JOUR",
    "DEJA",
    "IMPORTEE",
    "INCONNUE",
    "REFUSEE",
    "Lecture",
    "Ligne",
    "Rapport",
    "Resultat",
    "extractions_de",
    "importer",
    "lire",
]
