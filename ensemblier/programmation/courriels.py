"""Les courriels d'une séance à ses membres : convocation, changement, ordre du jour complété, annulation.

Chacun lit son ordre du jour : un dossier dont il est déporté n'y est qu'une place (B10).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from ensemblier.comptes.courriels import ecrire
from ensemblier.comptes.models import Genre
from ensemblier.dossiers.models import Dossier
from ensemblier.interface.formats import date_courte
from ensemblier.programmation.agenda import en_ics
from ensemblier.programmation.deports import ecartes
from ensemblier.programmation.models import Inscription, Seance


def convoquer(seance: Seance, *, le: datetime) -> None:
    _a_chacun(seance, sujet=f"Convocation : {seance.titre}", gabarit="convocation", le=le)


def deplacer(seance: Seance, *, motif: str, le: datetime) -> None:
    sujet = f"Séance déplacée au {date_courte(seance.le)} : {seance.titre}"
    _a_chacun(seance, sujet=sujet, gabarit="deplacement", le=le, motif=motif)


def completer(seance: Seance, dossiers: Sequence[Dossier], *, motif: str, le: datetime) -> None:
    """L'ordre du jour complété : les dossiers ajoutés, sauf ceux dont la personne est déportée."""
    sujet, ajoutes = f"Ordre du jour complété : {seance.titre}", {d.pk for d in dossiers}
    _a_chacun(seance, sujet=sujet, gabarit="ordre_du_jour", le=le, motif=motif, ajoutes=ajoutes)


def annuler(seance: Seance, *, le: datetime) -> None:
    _a_chacun(seance, sujet=f"Séance annulée : {seance.titre}", gabarit="annulation", le=le)


def _a_chacun(
    seance: Seance, *, sujet: str, gabarit: str, le: datetime, ajoutes: Iterable[int] = (), **contexte: Any
) -> None:
    inscriptions = list(seance.inscriptions.select_related("dossier__organisme"))
    exclus = ecartes(seance, inscriptions)
    for membre in seance.participants.select_related("utilisateur"):
        lus = [i for i in inscriptions if membre.utilisateur_id not in exclus.get(i.dossier_id, {})]
        ecrire(
            Genre.SEANCE,
            cle=f"seance:{seance.pk}:{seance.version}:{membre.utilisateur_id}",
            a=membre.utilisateur.courriel,
            sujet=sujet,
            gabarit=f"programmation/courriels/{gabarit}",
            contexte={
                "seance": seance, "membre": membre, "nombre": len(inscriptions),
                "hors": len(inscriptions) - len(lus), **_ordre(lus, set(ajoutes)), **contexte,
            },
            le=le,
            objet=seance.designation(),
            agenda=en_ics(seance, membre.utilisateur, le=le),
        )  # fmt: skip


def _ordre(lus: list[Inscription], ajoutes: set[int]) -> dict[str, Any]:
    return {"ordre": lus, "ajouts": [i for i in lus if i.dossier_id in ajoutes]}
