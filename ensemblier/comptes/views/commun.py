"""Ouvrir un organisme pour une page : lisible, sinon 404 ; et ce que la personne y est."""

from __future__ import annotations

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse

from ensemblier.comptes.droits import roles_sur_organisme
from ensemblier.comptes.models import Organisme
from ensemblier.noyau.machine import Role


def lire(request: HttpRequest, cle: str) -> tuple[Organisme, set[Role]]:
    visibles = Organisme.objects.visibles_par(request.acteur)
    organisme = get_object_or_404(visibles.de_numero(cle))
    return organisme, roles_sur_organisme(request.acteur, organisme)


def fil(organisme: Organisme, titre: str) -> list[tuple[str, str]]:
    return [(organisme.nom, reverse("organisme", args=[organisme.cle])), (titre, "")]
