"""La grille au clavier parle ici au service : écrire des cases, demander ce qui a changé."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ensemblier.comptes.droits import exiger
from ensemblier.dossiers.models import Demande
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation.actes import CasesTenues
from ensemblier.programmation.saisie import (
    INCHANGEE,
    CaseRefusee,
    ecrire,
    exiger_sa_colonne,
    volets_a_ecrire,
)
from ensemblier.programmation.views.grilles import (
    ILLISIBLE,
    cases_demandees,
    ce_qui_a_bouge,
    lignes_ecrites,
)
from ensemblier.programmation.views.lecteurs import LECTEURS, appel_de
from ensemblier.programmation.views.tableau import lire


@require_POST
def cases(request: HttpRequest, appel: str) -> HttpResponse:
    """`…/cases/` : chaque case est un acte ; une case refusée laisse les autres passer, et le dit.

    Corps : `{"cases": [{"volet", "version", "valeur"}]}`. Réponse : l'issue de chacune, dans l'ordre, et les
    lignes touchées telles qu'elles sont maintenant.
    """
    acteur, present = exiger(request.acteur, *LECTEURS), timezone.now()
    grille = lire(request, acteur, appel_de(request, appel), present)
    demandees = cases_demandees(request)
    if demandees is None:
        return JsonResponse({"raison": ILLISIBLE}, status=400)
    volets = volets_a_ecrire(grille.lisibles, (d["volet"] for d in demandees))
    issues = _ecrire_ensemble(volets, demandees, acteur, present)
    touches = {v.dossier_id for v in volets.values()}
    return JsonResponse({"cases": issues, "lignes": lignes_ecrites(grille, touches)})


@transaction.atomic
def _ecrire_ensemble(
    volets: Mapping[int, Demande], dites: Sequence[dict[str, Any]], acteur: Acteur, le: datetime
) -> list[dict[str, Any]]:
    tenues = CasesTenues({v.pk: v for d in dites if (v := volets.get(d["volet"]))}.values())
    issues = [_une_case(volets.get(d["volet"]), d, tenues, acteur, le) for d in dites]
    tenues.ecrire()
    return issues


def _une_case(
    volet: Demande | None, dite: dict[str, Any], tenues: CasesTenues, acteur: Acteur, le: datetime
) -> dict[str, Any]:
    rendue = {"volet": dite["volet"], "faite": False, "conflit": False, "phrase": ""}
    if volet is None:
        return rendue | {"phrase": f"Cette case n'est pas dans la liste. {INCHANGEE}"}
    try:
        exiger_sa_colonne(volet, acteur)
        ecrire(volet, dite["valeur"], version=dite["version"], par=acteur, le=le, tenues=tenues)
    except CaseRefusee as refus:
        return rendue | {"phrase": str(refus), "conflit": refus.en_conflit}
    return rendue | {"faite": True}


@require_safe
def sonde(request: HttpRequest, appel: str) -> HttpResponse:
    """`…/sonde/?depuis=&empreinte=` : ce qui a bougé depuis."""
    acteur, present = exiger(request.acteur, *LECTEURS), timezone.now()
    return ce_qui_a_bouge(lire(request, acteur, appel_de(request, appel), present))
