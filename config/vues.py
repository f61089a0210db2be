"""Les pages qui ne sont d'aucune pièce : jeton perdu, santé du service."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def jeton_perdu(request: HttpRequest, reason: str = "") -> HttpResponse:
    """La page était ouverte depuis trop longtemps : rien n'a été enregistré, on dit que faire."""
    phrase = "Cette page était ouverte depuis longtemps. Revenez en arrière, rechargez-la, puis recommencez."
    return render(request, "403.html", {"raisons": (phrase,), "code": 403}, status=403)


@login_not_required
def sante(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as curseur:
        curseur.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")
