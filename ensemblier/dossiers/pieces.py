"""Les pièces d'un dossier, une ligne par pièce demandée : ce que montrent le porteur et l'instruction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ensemblier.dossiers.fiche import CERFA, reglement_de, se_remplit_ici
from ensemblier.dossiers.models import Piece
from ensemblier.dossiers.reponses import Reponses

MANQUANTE, PERIMEE = "manquante", "perimee"


@dataclass(frozen=True, slots=True)
class PieceDemandee:
    """Une pièce de l'appel et ce que le dossier en a ; `etat` : manquante, recue, valide ou a_remplacer."""

    code: str
    libelle: str
    aide: str
    indispensable: bool
    etat: str
    motif: str = ""
    type_mime: str = ""
    taille: int | None = None
    depose_le: datetime | None = None
    depose_par: str = ""
    cle: str = ""
    origine: str = ""

    @property
    def est_attendue(self) -> bool:
        """Manquante ou à remplacer : le porteur peut l'ajouter, même après le dépôt (P33)."""
        return self.etat in (MANQUANTE, Piece.Etat.A_REMPLACER)


def pieces_demandees(lues: Reponses) -> list[PieceDemandee]:
    """Les fichiers que l'appel demande à ce porteur, dans son ordre.

    Le Cerfa d'un appel qui se remplit ici n'est pas demandé (P35) ; une déclaration est une case, pas un
    fichier ; une pièce propre à un financeur ne se demande que s'il est sollicité.
    """
    regles = reglement_de(lues.dossier)
    sollicites = {d.financeur.code for d in lues.demandes}
    lignes = []
    for ecrite in regles.pieces_pour(lues.dossier.organisme.type):
        if ecrite.declaration or (ecrite.code == CERFA and se_remplit_ici(regles)):
            continue
        if ecrite.financeurs and sollicites and not sollicites & set(ecrite.financeurs):
            continue
        lignes.append(
            _ligne(ecrite.code, ecrite.libelle, ecrite.aide or "", ecrite.indispensable, lues.pieces)
        )
    return lignes


def _ligne(
    code: str, libelle: str, aide: str, indispensable: bool, courantes: dict[str, Piece]
) -> PieceDemandee:
    piece = courantes.get(code)
    if piece is None:
        return PieceDemandee(code, libelle, aide, indispensable, MANQUANTE)
    fichier = piece.fichier
    return PieceDemandee(
        code, libelle, aide, indispensable, piece.statut, piece.motif, fichier.type_mime, fichier.taille,
        piece.recue_le, fichier.depose_par, fichier.cle, piece.origine if piece.reprise_de else "",
    )  # fmt: skip
