"""Une requête que chaque page lit, dont le texte ne dépend que de quelques clés : écrite une seule fois."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import Any

from django.db import connection
from django.db.models import QuerySet

GARDEES = 2048


def ecrite(lecture: Callable[..., QuerySet[Any, Any]]) -> Callable[..., list[tuple[Any, ...]]]:
    """`lecture(*clés)` rend un `values_list` ; l'appeler ainsi décorée en rend les lignes, lues à l'instant.

    L'ORM met plus de temps à écrire une réunion de six tables que la base à la lire. Seul le texte est gardé.
    """

    @wraps(lecture)
    def lire(*cles: Hashable) -> list[tuple[Any, ...]]:
        sql, valeurs = texte(lecture, connection.vendor, *cles)
        with connection.cursor() as curseur:
            curseur.execute(sql, valeurs)
            return curseur.fetchall()

    return lire


@lru_cache(maxsize=GARDEES)
def texte(lecture: Callable[..., QuerySet[Any, Any]], _: str, *cles: Hashable) -> tuple[str, tuple[Any, ...]]:
    """Le SQL de cette lecture et ses valeurs, écrits à la première demande."""
    return lecture(*cles).query.sql_with_params()
