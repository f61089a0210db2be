"""Qui est là : la connexion exigée, `request.territoire` (par le nom d'hôte) et `request.acteur`."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from ensemblier.comptes import essais, reprise
from ensemblier.comptes.droits import acteur_de
from ensemblier.territoires.models import Territoire


class ConnexionMiddleware(LoginRequiredMiddleware):
    """Ferme par défaut ; un morceau de page reçoit 401, une page le formulaire de connexion."""

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., HttpResponse]
    ) -> HttpResponse:
        if "HX-Request" in request.headers:
            return HttpResponse("Votre session a expiré : connectez-vous, puis recommencez.", status=401)
        reprise.garder(request, view_func)
        return super().handle_no_permission(request, view_func)


class ActeurMiddleware:
    def __init__(self, suite: Callable[[HttpRequest], HttpResponse]) -> None:
        self.suite = suite

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.territoire = territoire_de(request.get_host())
        request.acteur = None
        if request.territoire and request.user.is_authenticated:
            jour = timezone.localdate()
            request.acteur = acteur_de(request.user, request.territoire, le=jour)
        return essais.retenir(request, self.suite(request))


def territoire_de(hote: str) -> Territoire | None:
    """Le territoire de ce nom d'hôte, à défaut celui qui n'en a pas, à défaut le seul."""
    nom = hote.rsplit(":", 1)[0]
    tous = list(Territoire.objects.defer("cadre").order_by("pk"))
    sans_hote = [t for t in tous if not t.hote]
    return next((t for t in tous if t.hote == nom), (sans_hote or (tous if len(tous) == 1 else [None]))[0])
