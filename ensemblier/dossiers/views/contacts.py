"""Demander à une ville de confirmer le contact noté : d'un bouton, jamais pendant qu'on écrit."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from ensemblier.dossiers import actes, etapes
from ensemblier.dossiers.actes.contacts import relance_le
from ensemblier.dossiers.lecture import reponse_de_la_ville
from ensemblier.dossiers.models import ContactCommune, Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.dossiers.views.commun import en_porteur
from ensemblier.noyau.machine import Role
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Lien


@require_POST
def demander(request: HttpRequest, numero: str, contact: int) -> HttpResponse:
    """`/dossiers/<n>/contacts/<contact>/` : écrire à la ville, ou dire pourquoi c'est inutile."""
    dossier, roles = en_porteur(request, numero)
    jouer(request, dossier, roles, get_object_or_404(dossier.contacts_communes, pk=contact))
    return redirect(etapes.adresse(dossier, "publics", "contacts"))


def jouer(request: HttpRequest, dossier: Dossier, roles: set[Role], contact: ContactCommune) -> None:
    """Envoie la demande ; ce qui l'empêche se dit sur la page."""
    contact.dossier = dossier
    try:
        lien = actes.demander_confirmation(contact, par=request.acteur, roles=roles, le=timezone.now())
    except ActeBloque as refus:
        messages.error(request, " ".join(refus.raisons))
    else:
        messages.success(request, f"Question envoyée : {lien.fonction}, {lien.organisation}.")


def suivi(lues: Reponses) -> list[dict[str, Any]]:
    """Chaque ville notée : sa réponse, ou le jour où la question est partie."""
    muets = [c.designation() for c in lues.contacts if c.confirme_le is None]
    liens = {x.objet: x for x in Lien.objects.pour(ContactCommune.CONFIRMER, muets)} if muets else {}
    rendus = []
    for c in lues.contacts:
        lien = _du_jour(c, liens.get(c.designation()))
        relance = relance_le(lien) if lien else None
        rendus.append(
            {
                "contact": c, "reponse": reponse_de_la_ville(c), "lien": lien, "relance": relance,
                "attend": bool(relance and timezone.localdate() < relance),
            }
        )  # fmt: skip
    return rendus


def _du_jour(contact: ContactCommune, lien: Lien | None) -> Lien | None:
    """Le lien parti pour ce contact tel qu'il est ; corrigé depuis, la question est à renvoyer."""
    return lien if lien and lien.teneur == contact.teneur() else None
