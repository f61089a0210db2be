"""Importer une extraction : déposer le fichier, lire l'essai à blanc, l'appliquer ou non."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ensemblier.comptes.droits import exiger
from ensemblier.echanges import actes
from ensemblier.echanges.forms import ImportForm
from ensemblier.echanges.importer import extractions_de
from ensemblier.echanges.models import Importation
from ensemblier.interface.pages import Page
from ensemblier.noyau.machine import Role
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Travail

IMPORTENT = (Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AGENT_FINANCEUR)


def _cle(request: HttpRequest) -> str:
    """La clé du formulaire : l'envoyer deux fois ne lance qu'un travail."""
    return request.POST.get("cle", "")[:64] or secrets.token_hex(16)


@require_http_methods(["GET", "HEAD", "POST"])
def liste(request: HttpRequest) -> HttpResponse:
    """`/imports/` : les fichiers importés, et la boîte du prochain ; il est d'abord essayé à blanc."""
    acteur = exiger(request.acteur, *IMPORTENT)
    extractions = extractions_de(request.territoire, acteur)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if form.is_bound and form.is_valid():
        travail = actes.recevoir_une_extraction(
            request.territoire, **form.demande(), cle=_cle(request), par=acteur, le=timezone.now()
        )
        return redirect("travail", travail.pk)
    imports = Importation.objects.visibles_par(acteur).select_related("fichier")
    contexte = {
        "form": form, "extractions": extractions, "cle": secrets.token_hex(16),
        "imports": Page(imports, "-demandee_le", apres=request.GET.get("apres", "")),
    }  # fmt: skip
    return render(request, "echanges/imports.html", contexte, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, importation: int) -> HttpResponse:
    """`/imports/<id>/` : ce que dit l'essai ; l'appliquer, tout ou les seules bonnes lignes."""
    acteur = exiger(request.acteur, *IMPORTENT)
    lue = get_object_or_404(
        Importation.objects.visibles_par(acteur).select_related("fichier", "territoire"), pk=importation
    )
    if request.method == "POST":
        try:
            travail = actes.appliquer_une_extraction(
                lue, les_autres=request.POST.get("lignes") == "les-autres", cle=_cle(request), par=acteur,
                le=timezone.now(),
            )  # fmt: skip
        except ActeBloque as refus:
            messages.error(request, " ".join(refus.raisons))
            return redirect("importation", lue.pk)
        return redirect("travail", travail.pk)
    contexte = {
        "importation": lue, "cle": secrets.token_hex(16), "resume": lue.resume,
        "rapport": Travail.objects.filter(pk=lue.resume.get("travail")).exists(),
        "fil": [("Imports", reverse("imports")), (lue.fichier.nom, "")],
    }  # fmt: skip
    return render(request, "echanges/importation.html", contexte)
