"""Les pages de la galerie des courriels."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from ensemblier.demonstration.courriels import exemples

STYLE_DU_COURRIEL = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
"""Une messagerie n'a pas notre feuille de style : le courriel porte la sienne, et rien ne s'exécute."""


def _ouverte() -> None:
    if not (settings.DEMONSTRATION or settings.DEBUG):
        raise Http404


@login_not_required
@require_safe
def courriels(request: HttpRequest) -> HttpResponse:
    """`/galerie/courriels/` : chaque courriel, tel qu'il arrive et en texte seul."""
    _ouverte()
    contexte = {
        "exemples": exemples(),
        "fil": [("Accueil", "/"), ("Galerie", reverse("galerie")), ("Courriels", "")],
    }
    return render(request, "demonstration/courriels.html", contexte)


@login_not_required
@require_safe
def courriel(request: HttpRequest, code: str, seul: bool = False) -> HttpResponse:
    """Un courriel, comme une messagerie le montre ; `seul` : sa version en texte."""
    _ouverte()
    exemple = next((e for e in exemples() if e.code == code), None)
    if exemple is None:
        raise Http404
    if seul:
        return HttpResponse(exemple.texte(), content_type="text/plain; charset=utf-8")
    response = HttpResponse(exemple.html())
    response["Content-Security-Policy"] = STYLE_DU_COURRIEL
    return response
