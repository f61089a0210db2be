"""La galerie : une page qui montre tous les composants, pour les regarder."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from . import galerie as exemples


@login_not_required
@require_safe
def galerie(request: HttpRequest, densite: str = "aere") -> HttpResponse:
    """La galerie n'existe qu'en démonstration et en développement ; ailleurs, 404."""
    if not (settings.DEMONSTRATION or settings.DEBUG):
        raise Http404
    cadre = {
        "densite_galerie": densite,
        "fil": [("Accueil", "/"), ("Galerie", "")],
        "territoire": {"nom": "Contrat de ville de démonstration", "nom_court": "démonstration"},
        "navigation": [("Mes dossiers", "#", False), ("Appels", "#", True), ("Mon organisme", "#", False)],
        "compte": {"nom": "Amina", "role": "", "liens": [("Mon compte", "#"), ("Aide", "#")]},
        "pied": [("Accessibilité", "#"), ("Données personnelles", "#"), ("Données ouvertes", "#")],
    }
    cadre["colonnes"] = exemples.colonnes(request.GET.getlist("col"))
    return render(request, "interface/galerie.html", cadre | exemples.contexte())
