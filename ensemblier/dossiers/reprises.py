"""Dites-le-nous une fois : une pièce de l'organisme déjà déposée se propose de nouveau."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from ensemblier.dossiers.etats import BROUILLON
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Dossier, Piece
from ensemblier.noyau.calendrier import ajouter_mois, en_francais, jour_de


@dataclass(frozen=True, slots=True)
class Reprise:
    """Une pièce connue ; `ecart` dit pourquoi elle ne se reprend pas, vide quand un clic suffit."""

    piece: Piece
    jusqu_au: date
    ecart: str = ""

    @property
    def origine(self) -> str:
        return self.piece.origine


def reprises(dossier: Dossier, codes: Collection[str], *, le: datetime) -> dict[str, Reprise]:
    """Par code, la plus récente pièce de l'organisme qui a une durée ; deux requêtes, aucune sans code.

    L'âge se compte du premier envoi : reprise d'année en année, une pièce vieillit. Un RIB d'avant le compte
    bancaire en vigueur ne vaut plus.
    """
    durees = {code: _duree(dossier, code) for code in codes}
    voulus = [code for code, mois in durees.items() if mois]
    if not voulus:
        return {}
    connues = (
        Piece.objects.filter(
            dossier__organisme=dossier.organisme_id, dossier__territoire=dossier.territoire_id,
            code__in=voulus, remplacee_le=None,
        )
        .exclude(dossier=dossier)
        .exclude(dossier__etat=BROUILLON)
        .exclude(statut=Piece.Etat.A_REMPLACER)
        .select_related("fichier", "dossier", "reprise_de__dossier")
    )  # fmt: skip
    dernieres = {p.code: p for p in sorted(connues, key=lambda p: (p.premiere.recue_le, p.pk))}
    compte = dossier.organisme.ribs.first() if Piece.RIB in dernieres else None
    return {
        code: _juger(piece, durees[code], compte.ajoute_le if compte else None, le=le)
        for code, piece in dernieres.items()
    }


def _duree(dossier: Dossier, code: str) -> int:
    ecrite = reglement_de(dossier).piece(code)
    return ecrite.validite_mois if ecrite else 0


def _juger(piece: Piece, mois: int, compte_le: datetime | None, *, le: datetime) -> Reprise:
    jusqu_au = ajouter_mois(jour_de(piece.premiere.recue_le), mois)
    ecart = ""
    if jour_de(le) > jusqu_au:
        ecart = f"Périmée : elle valait {mois} mois, jusqu'au {en_francais(jusqu_au, 'courte')}."
    elif piece.code == Piece.RIB and compte_le and compte_le > piece.premiere.recue_le:
        jour = en_francais(jour_de(compte_le), "courte")
        ecart = f"Périmée : le compte bancaire de l'organisme a changé le {jour}."
    return Reprise(piece, jusqu_au, f"{ecart} Ajoutez la nouvelle." if ecart else "")
