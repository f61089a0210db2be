"""Les noms de la pièce ; leurs QuerySets portent les lectures."""

from ensemblier.dossiers.models.acces import Acces, Deport, DeportQuerySet, aides
from ensemblier.dossiers.models.budget import (
    Demande,
    DemandeQuerySet,
    LigneDeBudget,
    Renoncement,
    RenoncementQuerySet,
)
from ensemblier.dossiers.models.corrections import Correction, CorrectionQuerySet
from ensemblier.dossiers.models.depot import Attestation, Critere, Derogation, Obligation, Suspension
from ensemblier.dossiers.models.dossier import Dossier, DossierQuerySet, Numerotation
from ensemblier.dossiers.models.messages import LECTEURS_DU_FIL, Message, MessageQuerySet
from ensemblier.dossiers.models.mots import Mot, MotDuDossier
from ensemblier.dossiers.models.personnes import CoPorteur, CoPorteurQuerySet, co_portes
from ensemblier.dossiers.models.pieces import Piece, PieceQuerySet
from ensemblier.dossiers.models.quartiers import Ciblage, CommuneVisee, ContactCommune
from ensemblier.dossiers.models.saisies import Saisie, SaisieQuerySet, Simulation, SimulationQuerySet

__all__ = [
    "LECTEURS_DU_FIL",
    "Acces",
    "Attestation",
    "Ciblage",
    "CoPorteur",
    "CoPorteurQuerySet",
    "CommuneVisee",
    "ContactCommune",
    "Correction",
    "CorrectionQuerySet",
    "Critere",
    "Demande",
    "DemandeQuerySet",
    "Deport",
    "DeportQuerySet",
    "Derogation",
    "Dossier",
    "DossierQuerySet",
    "LigneDeBudget",
    "Message",
    "MessageQuerySet",
    "Mot",
    "MotDuDossier",
    "Numerotation",
    "Obligation",
    "Piece",
    "PieceQuerySet",
    "Renoncement",
    "RenoncementQuerySet",
    "Saisie",
    "SaisieQuerySet",
    "Simulation",
    "SimulationQuerySet",
    "Suspension",
    "aides",
    "co_portes",
]
