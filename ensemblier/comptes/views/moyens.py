"""Les moyens de mon organisme."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ensemblier.comptes.actes_moyens import decrire_les_moyens
from ensemblier.comptes.droits import exiger_sur
from ensemblier.comptes.forms_moyens import MoyensForm
from ensemblier.comptes.models import Organisme
from ensemblier.comptes.views.commun import fil, lire
from ensemblier.noyau.machine import Role


@require_http_methods(["GET", "POST"])
def moyens(request: HttpRequest, cle: str) -> HttpResponse:
    """`/organismes/<cle>/moyens/` : dits une fois, repris dans chaque dossier."""
    organisme, roles = lire(request, cle)
    exiger_sur(roles, Role.SIGNATAIRE, Role.REDACTEUR)
    form = MoyensForm(
        request.POST if request.method == "POST" else None, instance=Organisme.objects.get(pk=organisme.pk)
    )
    if request.method == "POST" and form.is_valid():
        decrire_les_moyens(
            organisme, moyens=form.cleaned_data, par=request.acteur, roles=roles, le=timezone.now()
        )
        messages.success(request, "Les moyens sont enregistrés. Chaque dossier les reprend.")
        return redirect("organisme", organisme.cle)
    contexte = {"form": form, "organisme": organisme, "fil": fil(organisme, "Moyens")}
    return render(request, "comptes/organisme_moyens.html", contexte, status=422 if form.errors else 200)
