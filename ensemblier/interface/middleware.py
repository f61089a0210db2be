"""Les en-têtes que Django et django-csp n'écrivent pas ; rien de privé ne reste dans un cache."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

ENTETES = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
}


class EntetesMiddleware:
    """Pose `ENTETES` sur toute réponse, et `no-store` sur celle d'une personne connectée."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reponse = self.get_response(request)
        for nom, valeur in ENTETES.items():
            reponse.headers.setdefault(nom, valeur)
        if _est_privee(request):
            reponse.headers["Cache-Control"] = "no-store, private"
        return reponse


def _est_privee(request: HttpRequest) -> bool:
    """Dit si la réponse appartient à quelqu'un : personne connectée, ou témoin de session présenté."""
    utilisateur = getattr(request, "user", None)
    connecte = utilisateur is not None and utilisateur.is_authenticated
    return connecte or settings.SESSION_COOKIE_NAME in request.COOKIES
