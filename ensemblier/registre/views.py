"""Les travaux longs d'une personne : où ils en sont, les annuler, ce qu'ils ont donné."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ensemblier.interface.pages import Page
from ensemblier.noyau.machine import Role
from ensemblier.registre import travaux
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import LigneDeTravail, Travail

ISSUES = {"refuses": LigneDeTravail.Issue.REFUSE, "faits": LigneDeTravail.Issue.FAIT}


@require_safe
def liste(request: HttpRequest) -> HttpResponse:
    """`/travaux/` : les siens, le plus récent d'abord ; le responsable lit aussi ceux des autres."""
    visibles = Travail.objects.visibles_par(request.acteur)
    page = Page(visibles, "-demande_le", apres=request.GET.get("apres", ""))
    de_tous = request.acteur is not None and request.acteur.a(Role.RESPONSABLE)
    return render(request, "registre/travaux.html", {"travaux": page, "de_tous": de_tous})


@require_safe
def page(request: HttpRequest, travail: int) -> HttpResponse:
    """`/travaux/<id>/` : se recharge seule tant qu'il court ; les refus d'abord, s'il y en a."""
    lu = get_object_or_404(Travail.objects.visibles_par(request.acteur), pk=travail)
    choix = request.GET.get("lignes", "")
    lignes = lu.lignes.filter(issue=ISSUES[choix]) if choix in ISSUES else lu.lignes.all()
    contexte = {
        "travail": lu,
        "lignes": Page(lignes, "rang", apres=request.GET.get("apres", "")),
        "choix": choix if choix in ISSUES else "",
        "restent": (lu.total or 0) - lu.fait,
        "faits": lu.fait - lu.refuses,
        "fil": [("Mes travaux", reverse("travaux")), (lu.titre, "")],
    }
    return render(request, "registre/travail.html", contexte)


@require_POST
def annuler(request: HttpRequest, travail: int) -> HttpResponse:
    lu = get_object_or_404(Travail.objects.visibles_par(request.acteur), pk=travail)
    try:
        travaux.annuler(lu, par=request.acteur, le=timezone.now())
        messages.success(request, "L'arrêt est demandé. Ce qui est déjà fait reste fait.")
    except ActeBloque as refus:
        messages.error(request, str(refus))
    return redirect("travail", travail)
