"""Ce que le service attend du porteur : des pièces, des réponses à reprendre, puis l'envoi."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ensemblier.dossiers import actes as actes_dossiers
from ensemblier.dossiers.corrections import CorrectionsForm, a_lire
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.etats import A_COMPLETER
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.dossiers.views.commun import fil
from ensemblier.instruction import actes
from ensemblier.instruction.examen import completude
from ensemblier.instruction.models import Complement
from ensemblier.instruction.views.commun import essayer, jouer, statut
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Role

PAGE = "corrections"


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/corrections/` : reprendre ce qui est demandé, puis l'envoyer."""
    visibles = Dossier.objects.visibles_par(request.acteur).select_related(
        "organisme", "appel__reglement", "reglement", "territoire"
    )
    dossier = get_object_or_404(visibles, numero=numero)
    siens, ouvertes = roles(request.acteur, dossier), list(dossier.corrections.ouvertes())
    options = {"par": request.acteur, "roles": siens, "le": timezone.now()}
    reprend = "enregistrer" in request.POST
    if request.method == "POST" and not reprend:
        acte = partial(actes.completer, dossier, **options)
        return jouer(request, acte, fait="Votre réponse est envoyée.", vers=PAGE, numero=numero)
    form = CorrectionsForm(request.POST if reprend else None, dossier=dossier, demandees=ouvertes)
    acte = partial(_corriger, form, dossier, options)
    if reprend and essayer(form, acte):
        messages.success(request, "Vos corrections sont enregistrées. Relisez, puis envoyez votre réponse.")
        return redirect(PAGE, numero)
    est_porteur = bool(siens & {Role.REDACTEUR, Role.SIGNATAIRE})
    contexte = _contexte(dossier) | {"form": form, "ouvertes": ouvertes, "est_porteur": est_porteur}
    return render(request, "instruction/corrections.html", contexte, status=statut(form))


def _corriger(form: CorrectionsForm, dossier: Dossier, options: dict[str, Any]) -> None:
    actes_dossiers.corriger(dossier, reponses=form.cleaned_data, **options)


def _contexte(dossier: Dossier) -> dict[str, Any]:
    complement = Complement.objects.filter(dossier=dossier).last()
    demandees = set(complement.pieces) if complement else set()
    lignes = [p for p in completude(Reponses(dossier)).lignes if p.code in demandees]
    reprises = a_lire(list(dossier.corrections.all()))
    muettes = [r for r in reprises if r["correction"].repondue_le is None]
    manque = [p for p in lignes if p.manque]
    return {
        "dossier": dossier, "complement": complement, "lignes": lignes, "manque": manque,
        "reprises": [r for r in reprises if r["correction"].repondue_le], "reste": len(manque) + len(muettes),
        "est_en_retard": complement is not None and complement.echeance < jour_de(timezone.now()),
        "attend": dossier.etat == A_COMPLETER, "fil": fil(dossier, "Demandes du service"),
    }  # fmt: skip
