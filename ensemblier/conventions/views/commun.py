"""Ce que les pages des suites partagent : le volet visible, le fil, le bouton qui joue un acte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from ensemblier.conventions.droits import fil_des_suites
from ensemblier.dossiers.droits import roles_sur_demande
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau.machine import Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque

LIENS = ("dossier__organisme", "dossier__territoire", "dossier__appel__reglement", "dossier__reglement")


def volets_visibles(request: HttpRequest) -> Any:
    """Les volets des dossiers que la personne voit, avec ce que les pages montrent."""
    visibles = Dossier.objects.visibles_par(request.acteur)
    return Demande.objects.filter(dossier__in=visibles).select_related("financeur", *LIENS)


def volet_visible(request: HttpRequest, numero: str, pk: int) -> Demande:
    return get_object_or_404(volets_visibles(request), dossier__numero=numero, pk=pk)


def fil_de(request: HttpRequest, demande: Demande, page: str) -> list[tuple[str, str]]:
    return fil_des_suites(request.acteur, demande.dossier.numero, page)


def exiger_financeur(request: HttpRequest, demande: Demande) -> None:
    if Role.AGENT_FINANCEUR not in roles_sur_demande(request.acteur, demande):
        raise RoleInsuffisant(f"Les lettres de {demande.financeur.nom} reviennent à ses agents.")


def faire(request: HttpRequest, numero: str, acte: Callable[[], object], reussite: str) -> HttpResponse:
    """Joue l'acte d'un bouton ; ce qui bloque s'écrit en haut de la page du dossier."""
    try:
        acte()
        messages.success(request, reussite)
    except ActeBloque as refus:
        for raison in refus.raisons:
            messages.error(request, raison)
    return redirect("suite", numero=numero)
