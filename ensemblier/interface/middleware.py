"""Les en-têtes que Django et django-csp n'écrivent pas ; rien de privé n'est compressé ni gardé en cache."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware

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


class CompressionMiddleware(GZipMiddleware):
    """Compresse les pages publiques. Celles d'une personne ne le sont pas : leur longueur compressée, mesurée
    de loin pendant qu'on choisit une partie du texte, en trahirait le reste (attaque BREACH)."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        return response if _est_privee(request) else super().process_response(request, response)


def _est_privee(request: HttpRequest) -> bool:
    """Dit si la réponse appartient à quelqu'un : personne connectée, ou témoin de session présenté."""
    utilisateur = getattr(request, "user", None)
    connecte = utilisateur is not None and utilisateur.is_authenticated
    return connecte or settings.SESSION_COOKIE_NAME in request.COOKIES
