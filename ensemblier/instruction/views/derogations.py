"""Reculer la date limite de dépôt pour un seul organisme, avec son motif (P16, S21)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ensemblier.comptes.droits import exiger
from ensemblier.dossiers import actes
from ensemblier.dossiers.models import Derogation, Dossier
from ensemblier.instruction.droits import PILOTE
from ensemblier.instruction.forms import DerogationForm
from ensemblier.instruction.views.commun import essayer, statut
from ensemblier.interface.pages import Page
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.actes import ActeBloque

DATE_LIMITE = "date_limite"


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """`/instruction/derogations/` : celles qui sont accordées, et en accorder une."""
    acteur = exiger(request.acteur, *PILOTE, Role.AUDITEUR)
    if request.method == "POST":
        exiger(acteur, Role.RESPONSABLE)
    form = DerogationForm(request.POST if request.method == "POST" else None, territoire=request.territoire)
    if request.method == "POST" and essayer(form, lambda: _accorder(acteur, **form.cleaned_data)):
        messages.success(request, "Le délai est accordé. L'organisme est prévenu.")
        return redirect("instruction_derogations")
    siennes = Derogation.objects.filter(appel__territoire=request.territoire)
    contexte = {
        "page": Page(
            siennes.select_related("appel", "organisme"), "-accordee_le", apres=request.GET.get("apres", "")
        ),
        "form": form, "est_responsable": acteur.a(Role.RESPONSABLE),
    }  # fmt: skip
    return render(request, "instruction/derogations.html", contexte, status=statut(form))


def _accorder(par: Acteur, **demande: Any) -> None:
    """Sur la date limite de l'appel, si son règlement l'admet ; tracée aussi sur le dossier commencé."""
    appel, organisme = demande["appel"], demande["numero"]
    regles = (r for r in appel.regles().regles if r.genre == DATE_LIMITE and r.derogeable)
    regle = next(regles, None)
    if regle is None:
        raise ActeBloque(
            f"Le règlement de « {appel.titre_court} » n'admet aucune dérogation à sa date limite."
        )
    actes.accorder_derogation(
        appel=appel, organisme=organisme, regle=regle.code, motif=demande["motif"], par=par,
        roles={d.role for d in par.droits}, le=timezone.now(), jusqu_au=demande["jusqu_au"],
        dossier=Dossier.objects.filter(appel=appel, organisme=organisme).order_by("-cree_le").first(),
    )  # fmt: skip
