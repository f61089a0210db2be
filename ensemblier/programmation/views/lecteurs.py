"""Ce que les pages de la programmation lisent toutes : l'appel, qui peut lire, qui écrit quelle colonne."""

from __future__ import annotations

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from ensemblier.appels.models import Appel
from ensemblier.dossiers.droits import roles_sur_financeur
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.territoires.models import Financeur

LECTEURS = (
    Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR, Role.AGENT_FINANCEUR, Role.REFERENT_COMMUNAL,
)  # fmt: skip


def appel_de(request: HttpRequest, code: str) -> Appel:
    publies = Appel.objects.filter(territoire=request.territoire).publies()
    return get_object_or_404(publies.select_related("reglement", "territoire"), code=code)


def mes_financeurs(acteur: Acteur, appel: Appel) -> list[Financeur]:
    """Les financeurs de l'appel pour lesquels la personne enregistre des actes."""
    financeurs = Financeur.objects.filter(pk__in=appel.dispositifs.values("financeur")).select_related(
        "commune"
    )
    return [f for f in financeurs if Role.AGENT_FINANCEUR in roles_sur_financeur(acteur, f)]
