"""L'aide à la programmation : demander une proposition, reprendre sa colonne du scénario retenu."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from ensemblier.comptes.droits import exiger
from ensemblier.instruction.droits import PILOTE
from ensemblier.instruction.views.commun import essayer, statut
from ensemblier.programmation import taches
from ensemblier.programmation.forms_optimum import PropositionForm
from ensemblier.programmation.models import Scenario
from ensemblier.programmation.optimum import etiquettes
from ensemblier.programmation.views.commun import cle_du_formulaire
from ensemblier.programmation.views.lecteurs import appel_de
from ensemblier.programmation.views.scenarios import fil_des_scenarios, scenario_visible
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Travail


@require_http_methods(["GET", "POST"])
def proposer(request: HttpRequest, appel: str) -> HttpResponse:
    """`/programmation/<appel>/proposer/` : les souhaits, puis un travail ; il rend un scénario privé."""
    acteur = exiger(request.acteur, *PILOTE)
    lu = appel_de(request, appel)
    siens = Scenario.objects.visibles_par(acteur).filter(appel=lu)
    form = PropositionForm(request.POST or None, scenarios=siens, etiquettes=etiquettes(lu))
    demandes: list[Travail] = []
    if request.method == "POST" and essayer(form, lambda: demandes.append(_demander(request, lu, form))):
        return redirect("travail", demandes[0].pk)
    contexte: dict[str, Any] = {
        "appel": lu, "form": form, "fil": fil_des_scenarios(lu, "Proposer une programmation"),
        "cle": secrets.token_hex(16),
    }  # fmt: skip
    return render(request, "programmation/proposer.html", contexte, status=statut(form))


def _demander(request: HttpRequest, appel: Any, form: PropositionForm) -> Travail:
    return taches.demander_une_proposition(
        appel, form.reglages(), titre=form.cleaned_data["titre"], depuis=form.depart(),
        limite=int(form.cleaned_data["limite"]), cle=cle_du_formulaire(request), par=request.acteur,
        le=timezone.now(),
    )  # fmt: skip


@require_POST
def colonne(request: HttpRequest, scenario: int) -> HttpResponse:
    """`/programmation/scenarios/<id>/colonne/` : proposer pour de bon les montants de sa colonne."""
    lu = scenario_visible(request, scenario)
    try:
        cle = cle_du_formulaire(request)
        travail = taches.demander_la_colonne(lu, cle=cle, par=request.acteur, le=timezone.now())
    except ActeBloque as refus:
        messages.error(request, str(refus))
        return redirect("scenario", lu.pk)
    return redirect("travail", travail.pk)
