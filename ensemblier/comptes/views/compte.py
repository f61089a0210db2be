"""Son compte, et le chemin vers son espace."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from ensemblier.comptes.forms import CompteForm
from ensemblier.noyau.machine import Role

ESPACES = (
    ((Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR), "instruction"),
    ((Role.FINANCES,), "suites"),
    ((Role.AGENT_FINANCEUR, Role.REFERENT_COMMUNAL), "instruction"),
    ((Role.JURY,), "seances"),
    ((Role.SIGNATAIRE, Role.REDACTEUR, Role.AIDE), "mes_dossiers"),
)


def _saisie(request: HttpRequest) -> Any:
    """Ce qui est tapé, même si rien ne l'est ; rien quand la page s'ouvre."""
    return request.POST if request.method == "POST" else None


@require_safe
def mon_espace(request: HttpRequest) -> HttpResponse:
    """`/mon-espace/` : la page d'accueil du rôle ; sans rattachement, celle où l'on crée son organisme."""
    acteur = request.acteur
    nom = next((nom for roles, nom in ESPACES if acteur and acteur.a(*roles)), "mon_organisme")
    return redirect(nom)


@require_http_methods(["GET", "POST"])
def mon_compte(request: HttpRequest) -> HttpResponse:
    """`/mon-compte/` : son nom, son mot de passe, ses rôles."""
    form = CompteForm(_saisie(request), instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Votre nom est enregistré.")
        return redirect("mon_compte")
    contexte = {
        "form": form,
        "rattachements": request.user.rattachements.select_related("organisme"),
        "habilitations": request.user.habilitations.select_related("financeur", "commune"),
    }
    return render(request, "comptes/compte.html", contexte, status=422 if form.errors else 200)
