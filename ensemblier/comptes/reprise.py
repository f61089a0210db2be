"""Une session perdue ne perd pas ce qu'on venait d'écrire : la page le remontre après la connexion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

CLE = "saisie_gardee"
POIDS = 200_000
"""Au-delà (en caractères), ce n'est plus la page d'un formulaire : rien n'est gardé."""


def reprend(vue: Callable[..., Any]) -> Callable[..., Any]:
    """Marque une vue qui sait remontrer ce qui a été gardé."""
    vue.__dict__["reprend"] = True
    return vue


def garder(request: HttpRequest, vue: Any) -> None:
    """Garde les réponses d'un formulaire dans la session, même anonyme, jusqu'à la prochaine page lue."""
    if request.method != "POST" or not getattr(vue, "reprend", False):
        return
    donnees = {nom: liste for nom, liste in request.POST.lists() if nom != "csrfmiddlewaretoken"}
    if sum(len(v) for liste in donnees.values() for v in liste) <= POIDS:
        request.session[CLE] = {"chemin": request.path, "donnees": donnees}


def retrouver(request: HttpRequest) -> dict[str, list[str]]:
    """Ce qui a été gardé pour cette page, une seule fois ; rien si la personne est allée ailleurs."""
    gardees = request.session.pop(CLE, None)
    return gardees["donnees"] if gardees and gardees["chemin"] == request.path else {}
