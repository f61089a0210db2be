"""La grille au clavier parle ici au service : écrire des cases, demander ce qui a changé."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ensemblier.comptes.droits import exiger
from ensemblier.dossiers.models import Demande
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation.grille import EN_VOL, Grille
from ensemblier.programmation.saisie import (
    INCHANGEE,
    CaseRefusee,
    ecrire,
    exiger_sa_colonne,
    volets_a_ecrire,
)
from ensemblier.programmation.views.lecteurs import LECTEURS, appel_de
from ensemblier.programmation.views.tableau import lire

AU_PLUS = 500
"""Cases par envoi : la grille en envoie cinquante à la fois."""
ILLISIBLE = "La grille a envoyé une demande illisible. Rechargez la page."


@require_POST
def cases(request: HttpRequest, appel: str) -> HttpResponse:
    """`…/cases/` : chaque case est un acte ; une case refusée laisse les autres passer, et le dit.

    Corps : `{"cases": [{"volet", "version", "valeur"}]}`. Réponse : l'issue de chacune, dans l'ordre, et les
    lignes touchées telles qu'elles sont maintenant.
    """
    acteur, present = exiger(request.acteur, *LECTEURS), timezone.now()
    grille = lire(request, acteur, appel_de(request, appel), present)
    demandees = _lire_le_corps(request)
    if demandees is None:
        return JsonResponse({"raison": ILLISIBLE}, status=400)
    volets = volets_a_ecrire(grille.lisibles, (d["volet"] for d in demandees))
    issues = [_une_case(volets.get(d["volet"]), d, acteur, present) for d in demandees]
    touches = {v.dossier_id for v in volets.values()}
    return JsonResponse({"cases": issues, "lignes": _lignes(grille, touches)})


def _lire_le_corps(request: HttpRequest) -> list[dict[str, Any]] | None:
    try:
        lues = json.loads(request.body)["cases"]
        demandees = [
            {"volet": int(c["volet"]), "version": int(c["version"]), "valeur": str(c["valeur"])[:60]}
            for c in lues
        ]
    except (ValueError, KeyError, TypeError, RawPostDataException):
        return None
    return demandees if 0 < len(demandees) <= AU_PLUS else None


def _une_case(volet: Demande | None, dite: dict[str, Any], acteur: Acteur, le: datetime) -> dict[str, Any]:
    rendue = {"volet": dite["volet"], "faite": False, "conflit": False, "phrase": ""}
    if volet is None:
        return rendue | {"phrase": f"Cette case n'est pas dans la liste. {INCHANGEE}"}
    try:
        exiger_sa_colonne(volet, acteur)
        ecrire(volet, dite["valeur"], version=dite["version"], par=acteur, le=le)
    except CaseRefusee as refus:
        return rendue | {"phrase": str(refus), "conflit": refus.en_conflit}
    return rendue | {"faite": True}


def _lignes(grille: Grille, cles: Any) -> dict[str, str]:
    lues = grille.lignes_de(cles) if cles else []
    ronds = grille.ronds(lues)
    return {x.dossier.numero: grille.ligne(x, ronds=ronds) for x in lues}


@require_safe
def sonde(request: HttpRequest, appel: str) -> HttpResponse:
    """`…/sonde/?depuis=&empreinte=` : ce qui a bougé depuis ; 204 si rien, en peu de requêtes.

    `depuis` : millisecondes rendues par la page ou la sonde d'avant.
    """
    acteur, present = exiger(request.acteur, *LECTEURS), timezone.now()
    grille = lire(request, acteur, appel_de(request, appel), present)
    cles, empreinte = grille.changes(_instant(request.GET.get("depuis", ""), present))
    if not cles or empreinte == request.GET.get("empreinte", ""):
        return HttpResponse(status=204)
    lignes = _lignes(grille, cles)
    ronds = grille.ronds([])
    jauges, depassees = grille.jauges
    bandeau = {"jauges": jauges, "depassees": depassees, "appel": grille.appel}
    return JsonResponse(
        {
            "depuis": int(present.timestamp() * 1000),
            "empreinte": grille.changes(present)[1],
            "lignes": lignes,
            "pied": grille.pied(ronds=ronds),
            "groupes": grille.lignes_des_groupes(ronds=ronds),
            "jauges": render_to_string("programmation/bandeau.html", bandeau),
        }
    )


def _instant(texte: str, present: datetime) -> datetime:
    """Au plus une heure en arrière : une page plus vieille se recharge."""
    if not texte.isdecimal() or len(texte) > 15:
        return present
    return max(datetime.fromtimestamp(int(texte) / 1000, UTC), present - 120 * EN_VOL)
