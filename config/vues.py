"""Les pages qui ne sont d'aucune pièce : jeton perdu, santé du service."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ensemblier.comptes import reprise


def jeton_perdu(request: HttpRequest, reason: str = "") -> HttpResponse:
    """La page était ouverte depuis trop longtemps : un formulaire revient rempli, sinon on dit que faire.

    Seule une page de la maison (`Origin`) se remontre : une requête forgée ailleurs ne laisse rien.
    """
    meme_maison = request.headers.get("Origin", "") == f"{request.scheme}://{request.get_host()}"
    vue = request.resolver_match.func if request.resolver_match else None
    if meme_maison and getattr(vue, "reprend", False) and "HX-Request" not in request.headers:
        reprise.garder(request, vue)
        return redirect(request.path)
    phrase = "Cette page était ouverte depuis longtemps. Revenez en arrière, rechargez-la, puis recommencez."
    return render(request, "403.html", {"raisons": (phrase,), "code": 403}, status=403)


@login_not_required
def sante(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as curseur:
        curseur.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")
