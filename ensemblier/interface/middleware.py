"""Les en-têtes que Django et django-csp ne posent pas."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class EntetesMiddleware:
    """Isole les pages des autres origines ; une page d'une personne connectée n'est jamais mise en cache."""

    def __init__(self, suite: Callable[[HttpRequest], HttpResponse]) -> None:
        self.suite = suite

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.suite(request)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        utilisateur = getattr(request, "user", None)
        if utilisateur is not None and utilisateur.is_authenticated:
            response["Cache-Control"] = "no-store"
        return response
