"""Les pages que la loi demande, dites comme elles sont : accessibilité, données personnelles, contact."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
def accessibilite(request: HttpRequest) -> HttpResponse:
    """`/accessibilite/` : où en est la conformité (B24)."""
    return render(request, "observatoire/accessibilite.html")


@login_not_required
@require_safe
def donnees_personnelles(request: HttpRequest) -> HttpResponse:
    """`/donnees-personnelles/` : ce qui est gardé, pourquoi, combien de temps (B26, B27)."""
    return render(request, "observatoire/donnees_personnelles.html")


@login_not_required
@require_safe
def contact(request: HttpRequest) -> HttpResponse:
    """`/contact/` : des fonctions à joindre, jamais une personne (R66, R69)."""
    contacts = request.territoire.contacts.select_related("commune") if request.territoire else ()
    return render(request, "observatoire/contact.html", {"contacts": contacts})
