"""Ce que les pages partagent : jouer un acte, dire ce qu'il a fait, ou pourquoi il est refusé."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from ensemblier.registre.actes import ActeBloque


def jouer(
    request: HttpRequest, acte: Callable[[], Any], *, fait: str, vers: str, **args: Any
) -> HttpResponse:
    """Joue un acte d'un seul bouton, puis renvoie à sa page avec ce qui s'est passé ou ce qui l'empêche.

    `fait` vide : la page montre d'elle-même ce qui a changé.
    """
    try:
        acte()
    except ActeBloque as refus:
        for raison in refus.raisons:
            messages.error(request, raison)
    else:
        if fait:
            messages.success(request, fait)
    return redirect(vers, **args)


def essayer(form: BaseForm, acte: Callable[[], Any]) -> bool:
    """Joue l'acte d'un formulaire valide ; un fait qui s'oppose devient une erreur, la saisie est gardée."""
    if not form.is_valid():
        return False
    try:
        acte()
    except ActeBloque as refus:
        for raison in refus.raisons:
            form.add_error(None, raison)
        return False
    return True


def statut(form: BaseForm) -> int:
    """422 quand une saisie est refusée : la page revient avec elle."""
    return 422 if form.is_bound and form.errors else 200
