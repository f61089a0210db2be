"""Où aller une fois connectée : la page qu'on cherchait avant de créer un compte, gardée dans la session.

Le paramètre `next` se perd quand il faut confirmer son courriel ; la session, elle, reste. L'adresse est
toujours l'une des nôtres : c'est une vue qui la pose, jamais la requête.
"""

from __future__ import annotations

from django.http import HttpRequest

_CLE = "suite"


def retenir(request: HttpRequest, adresse: str) -> None:
    request.session[_CLE] = adresse


def reprendre(request: HttpRequest) -> str:
    """L'adresse retenue, oubliée aussitôt ; vide s'il n'y en a pas."""
    return str(request.session.pop(_CLE, ""))
