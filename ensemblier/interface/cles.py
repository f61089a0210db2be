"""Citer des clés déjà lues dans une requête."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import BooleanField, F, Func, Q


class _Parmi(Func):
    """`champ IN (1, 2, 3)`, écrit en toutes lettres : mille paramètres coûtent dix fois leur texte."""

    template = "%(expressions)s IN (%(cles)s)"
    output_field = BooleanField()


def parmi(cles: Iterable[int], champ: str = "pk") -> Q:
    """Les lignes dont `champ` est l'une de ces clés, des entiers que la base a rendus ; aucune : rien."""
    dites = ",".join(str(int(cle)) for cle in cles)
    return Q(_Parmi(F(champ), cles=dites)) if dites else Q(pk__in=[])
