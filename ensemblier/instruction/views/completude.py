"""Complétude et recevabilité (É10) : chaque pièce, ce qui manque, ce qui bloque, et les actes."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from ensemblier.dossiers import corrections
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Dossier, Piece
from ensemblier.dossiers.reponses import Reponses
from ensemblier.instruction import actes
from ensemblier.instruction.droits import PILOTE, exiger_role
from ensemblier.instruction.examen import complement_ouvert, completude, rapport_de
from ensemblier.instruction.forms import ComplementsForm, MotifForm, ProlongationForm
from ensemblier.instruction.lecture import dossier_a_instruire, fil
from ensemblier.instruction.views.commun import essayer, jouer, statut
from ensemblier.noyau.machine import Role

PAGE = "instruction_completude"


def _acteur(request: HttpRequest, dossier: Dossier) -> dict[str, Any]:
    return {"par": request.acteur, "roles": roles(request.acteur, dossier), "le": timezone.now()}


def _page(
    request: HttpRequest, dossier: Dossier, *, complements: ComplementsForm | None = None,
    irrecevable: MotifForm | None = None, prolongation: ProlongationForm | None = None, sans_motif: int = 0,
) -> HttpResponse:  # fmt: skip
    siens = roles(request.acteur, dossier)
    lues = Reponses(dossier)
    bilan = completude(lues)
    formulaires = {
        "complements": complements or ComplementsForm(bilan=bilan, lues=lues),
        "prolongation": prolongation or ProlongationForm(prefix="prolongation"),
        "irrecevable": irrecevable or MotifForm(prefix="irrecevable"),
    }
    contexte = formulaires | {
        "dossier": dossier,
        "fil": fil(dossier, "Complétude"),
        "bilan": bilan,
        "a_verifier": sum(1 for p in bilan.lignes if p.etat == Piece.Etat.RECUE),
        "sans_motif": sans_motif,
        "complement": complement_ouvert(dossier),
        "reprises": corrections.a_lire(list(dossier.corrections.all())),
        "bloquants": rapport_de(dossier, lues=lues).bloquants("declarer_recevable"),
        "actes": {t.acte for t in dossier.machine.possibles(etat=dossier.etat, roles=siens)},
        "est_pilote": bool(siens & set(PILOTE)),
        "pour_agent": True,
        "voit_le_rib": request.acteur.a(*PILOTE, Role.FINANCES),
    }
    code = max(422 if sans_motif else 200, *(statut(form) for form in formulaires.values()))
    return render(request, "instruction/completude.html", contexte, status=code)


@require_GET
def page(request: HttpRequest, numero: str) -> HttpResponse:
    """`/instruction/<n>/completude/`"""
    return _page(request, dossier_a_instruire(request, numero))


@require_POST
def demander(request: HttpRequest, numero: str) -> HttpResponse:
    dossier = dossier_a_instruire(request, numero)
    exiger_role(roles(request.acteur, dossier), PILOTE, "Demander des pièces")
    lues = Reponses(dossier)
    form = ComplementsForm(request.POST, bilan=completude(lues), lues=lues)
    options = _acteur(request, dossier)
    if essayer(form, lambda: actes.demander_complements(dossier, **form.demande(), **options)):
        messages.success(request, "Demande envoyée au porteur. L'horloge est arrêtée.")
        return redirect(PAGE, numero)
    return _page(request, dossier, complements=form)


@require_POST
def prolonger(request: HttpRequest, numero: str) -> HttpResponse:
    dossier = dossier_a_instruire(request, numero)
    exiger_role(roles(request.acteur, dossier), PILOTE, "Prolonger le délai")
    form = ProlongationForm(request.POST, prefix="prolongation")
    options = _acteur(request, dossier)
    if essayer(form, lambda: actes.prolonger_complements(dossier, **form.cleaned_data, **options)):
        messages.success(request, "Le délai est prolongé. Le porteur est prévenu.")
        return redirect(PAGE, numero)
    return _page(request, dossier, prolongation=form)


@require_POST
def juger_piece(request: HttpRequest, numero: str, piece: int) -> HttpResponse:
    dossier = dossier_a_instruire(request, numero)
    exiger_role(roles(request.acteur, dossier), PILOTE, "Juger une pièce")
    courante = get_object_or_404(dossier.pieces.select_related("fichier", "dossier"), pk=piece)
    options = _acteur(request, dossier)
    if "valider" in request.POST:
        acte = partial(actes.valider_piece, courante, **options)
        return jouer(request, acte, fait="Pièce validée.", vers=PAGE, numero=numero)
    motif = request.POST.get("motif", "")
    if not motif.strip():
        return _page(request, dossier, sans_motif=courante.pk)
    acte = partial(actes.refuser_piece, courante, motif=motif, **options)
    return jouer(request, acte, fait="Pièce à remplacer : le porteur le lira.", vers=PAGE, numero=numero)


@require_POST
def complet(request: HttpRequest, numero: str) -> HttpResponse:
    dossier = dossier_a_instruire(request, numero)
    acte = partial(actes.declarer_complet, dossier, **_acteur(request, dossier))
    return jouer(request, acte, fait="Dossier complet.", vers=PAGE, numero=numero)


@require_POST
def recevable(request: HttpRequest, numero: str) -> HttpResponse:
    dossier = dossier_a_instruire(request, numero)
    acte = partial(actes.declarer_recevable, dossier, **_acteur(request, dossier))
    return jouer(request, acte, fait="Dossier recevable : il peut être examiné.", vers=PAGE, numero=numero)


@require_POST
def irrecevable(request: HttpRequest, numero: str) -> HttpResponse:
    dossier = dossier_a_instruire(request, numero)
    exiger_role(roles(request.acteur, dossier), PILOTE, "Déclarer irrecevable")
    form = MotifForm(request.POST, prefix="irrecevable")
    options = _acteur(request, dossier)
    if essayer(form, lambda: actes.declarer_irrecevable(dossier, **form.cleaned_data, **options)):
        messages.success(request, "Dossier irrecevable. Le motif est envoyé au porteur.")
        return redirect(PAGE, numero)
    return _page(request, dossier, irrecevable=form)
