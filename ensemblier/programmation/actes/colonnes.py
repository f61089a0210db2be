"""Garder ses colonnes du tableau : une préférence de la personne, hors du registre."""

from __future__ import annotations

from collections.abc import Iterable

from ensemblier.noyau.machine import Acteur
from ensemblier.programmation.models import ColonnesGardees


def garder_les_colonnes(cles: Iterable[str], *, par: Acteur) -> None:
    """Les mêmes pour tous les appels : une colonne que l'un n'a pas ne s'y montre pas."""
    ColonnesGardees.objects.update_or_create(
        utilisateur_id=par.utilisateur, defaults={"cles": [str(cle)[:40] for cle in cles][:60]}
    )
