"""Le budget de mon organisme, par exercice."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ensemblier.comptes.actes_budget import decrire_le_budget
from ensemblier.comptes.droits import exiger_sur
from ensemblier.comptes.forms_budget import BudgetAnnuelForm
from ensemblier.comptes.views.commun import fil, lire
from ensemblier.noyau.machine import Role

PREMIER, DERNIER = 2015, 2100


@require_http_methods(["GET", "POST"])
def budget(request: HttpRequest, cle: str, exercice: int) -> HttpResponse:
    """`/organismes/<cle>/budget/<exercice>/` : dit une fois, repris dans les dossiers de cet exercice."""
    organisme, roles = lire(request, cle)
    exiger_sur(roles, Role.SIGNATAIRE, Role.REDACTEUR)
    if not PREMIER <= exercice <= DERNIER:
        raise Http404
    dit = organisme.budgets.filter(exercice=exercice).prefetch_related("lignes").first()
    form = BudgetAnnuelForm(request.POST if request.method == "POST" else None, budget=dit)
    if request.method == "POST" and form.is_valid():
        decrire_le_budget(
            organisme, exercice=exercice, charges=form.charges(), produits=form.produits(),
            par=request.acteur, roles=roles, le=timezone.now(),
        )  # fmt: skip
        messages.success(
            request, f"Le budget {exercice} est enregistré. Les dossiers de l'exercice le reprennent."
        )
        return redirect("organisme", organisme.cle)
    contexte = {
        "form": form, "organisme": organisme, "exercice": exercice, "dit": dit,
        "fil": fil(organisme, f"Budget {exercice}"),
    }  # fmt: skip
    return render(request, "comptes/organisme_budget.html", contexte, status=422 if form.errors else 200)
