"""Les adresses des essais de l'interface : la galerie, et les entrées de navigation qu'elle cite."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def _vide(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


NOMS = ("appels", "quartiers_adresse", "observatoire", "quartiers", "account_login", "account_logout")
urlpatterns = [path("", include("ensemblier.interface.urls"))]
urlpatterns += [path(f"{nom}/", _vide, name=nom) for nom in NOMS]
