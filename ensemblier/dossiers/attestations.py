"""Ce que la personne signataire atteste au dépôt : un texte et sa version par déclaration de l'appel (B7)."""

from __future__ import annotations

from dataclasses import dataclass

from ensemblier.comptes.actes import CER_EN_VIGUEUR
from ensemblier.comptes.models import Organisme
from ensemblier.dossiers.reponses import CER
from ensemblier.noyau.packs import Appel

VERSION = "1"
_TEXTES = {
    CER: (
        "L'organisme souscrit le contrat d'engagement républicain : il respecte les principes de la "
        f"République et en informe ses membres ({CER_EN_VIGUEUR})."
    ),
    "attestation": (
        "J'atteste que ce dossier est exact, que l'organisme est à jour de ses obligations sociales et "
        "fiscales, et que je suis habilitée ou habilité à le déposer."
    ),
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """Une case à cocher au dépôt : son code dans l'appel, le texte lu, la version de ce texte."""

    code: str
    texte: str
    version: str


def a_donner(reglement: Appel, organisme: Organisme) -> tuple[Declaration, ...]:
    """Les déclarations de l'appel pour cet organisme ; le CER est sans objet pour les autres (S84)."""
    demandees = []
    for piece in reglement.pieces_pour(organisme.type):
        if not piece.declaration or (piece.code == CER and organisme.cer_repute_souscrit):
            continue
        texte = _TEXTES.get(piece.code) or f"J'atteste : {piece.libelle}."
        version = CER_EN_VIGUEUR if piece.code == CER else VERSION
        demandees.append(Declaration(piece.code, texte, version))
    return tuple(demandees)
