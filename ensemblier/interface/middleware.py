"""Les en-têtes que Django et django-csp n'écrivent pas, rien de privé en cache ; une saisie lisible."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.middleware.gzip import GZipMiddleware

from ensemblier.interface.typographie import insecables

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
        est_un_fichier_public = "public" in reponse.headers.get("Cache-Control", "")
        if _est_privee(request) and not est_un_fichier_public:
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


class TypographieMiddleware:
    """Lie la ponctuation de chaque page HTML à son mot (`typographie.insecables`)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reponse = self.get_response(request)
        if not reponse.streaming and reponse.headers.get("Content-Type", "").startswith("text/html"):
            reponse.content = insecables(reponse.content.decode(reponse.charset))
        return reponse


class SaisieLisibleMiddleware:
    """Refuse (400) l'octet nul dans l'adresse ou la saisie : nul ne le tape, PostgreSQL ne le garde pas."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or _porte_un_octet_nul(request.GET) or _porte_un_octet_nul(request.POST):
            raise SuspiciousOperation("octet nul")
        return self.get_response(request)


def _porte_un_octet_nul(saisie: QueryDict) -> bool:
    return any("\0" in nom or any("\0" in v for v in valeurs) for nom, valeurs in saisie.lists())
