"""Ce que les pages d'une séance partagent : la lire, son dossier, le fil, les rôles de la personne."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from ensemblier.dossiers.models import Dossier
from ensemblier.instruction.droits import PILOTE
from ensemblier.noyau.machine import Role
from ensemblier.programmation.etats import ANNULEE, CLOSE
from ensemblier.programmation.models import Inscription, Seance

FINIES = (CLOSE, ANNULEE)
MEMBRES = (*PILOTE, Role.AUDITEUR, Role.JURY, Role.AGENT_FINANCEUR, Role.REFERENT_COMMUNAL)


def au_nom_de(request: HttpRequest) -> dict[str, Any]:
    """Les rôles de la personne sur le territoire : la séance n'a pas de périmètre plus fin."""
    roles = {d.role for d in request.acteur.droits} if request.acteur else set()
    return {"par": request.acteur, "roles": roles, "le": timezone.now()}


def seance_visible(request: HttpRequest, pk: int) -> Seance:
    visibles = Seance.objects.visibles_par(request.acteur)
    return get_object_or_404(
        visibles.select_related("appel__reglement", "territoire", "proces_verbal"), pk=pk
    )


def inscription_visible(request: HttpRequest, seance: Seance, numero: str) -> Inscription:
    """Le dossier à l'ordre du jour ; introuvable pour un déporté : ni lecture, ni note, ni moyenne (S69)."""
    visibles = Dossier.objects.a_juger_par(request.acteur).values("pk")
    lues = Inscription.objects.filter(seance=seance, dossier__in=visibles).select_related(
        "seance__appel__reglement", "dossier__appel__reglement", "dossier__reglement", "dossier__organisme",
        "dossier__territoire", "dossier__pilier",
    )  # fmt: skip
    return get_object_or_404(lues, dossier__numero=numero)


def fil(seance: Seance, titre: str = "") -> list[tuple[str, str]]:
    suite = (
        [(seance.titre, f"/programmation/seances/{seance.pk}/"), (titre, "")]
        if titre
        else [(seance.titre, "")]
    )
    return [("Séances", "/programmation/seances/"), *suite]


def cle_du_formulaire(request: HttpRequest) -> str:
    """La clé du formulaire : renvoyé, il rend le même travail ; sans elle, c'en est un autre."""
    lue = request.POST.get("cle", "")
    return lue if lue.isalnum() and 16 <= len(lue) <= 64 else secrets.token_hex(16)
