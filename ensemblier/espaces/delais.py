"""Les délais d'un dossier : le silence qui vaut rejet, ligne à ligne, et le temps pris par chaque étape."""

from __future__ import annotations

from datetime import date

from django.db.models import Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from ensemblier.dossiers.etats import CLOS, IRRECEVABLE, RETIRE
from ensemblier.dossiers.horloge import horloge_de
from ensemblier.dossiers.models import Dossier
from ensemblier.instruction.examen import echeance_d_instruction
from ensemblier.instruction.lecture import dossier_a_instruire, fil
from ensemblier.instruction.models import Complement
from ensemblier.noyau.calendrier import delais_par_etape, jour_de
from ensemblier.registre.models import Evenement

FAITS = (
    ("Dépôt", ("deposer",)),
    ("Complétude", ("declarer_complet",)),
    ("Recevabilité", ("declarer_recevable", "declarer_irrecevable")),
    ("Avis", ("rendre_avis",)),
    ("Décision", ("decider",)),
    ("Notification", ("notifier", "notifier_refus")),
    ("Paiement", ("payer", "constater")),
)
"""Chaque fait et les actes du registre qui le datent, dans l'ordre où on les attend."""


def faits_dates(dossier: Dossier) -> list[tuple[str, date | None]]:
    """Le premier jour de chaque fait, lu dans la chaîne du dossier ; une requête."""
    actes = [acte for _, noms in FAITS for acte in noms]
    chaine = Evenement.objects.filter(chaine__racine=dossier.racine(), acte__in=actes).order_by()
    lus = dict(chaine.values_list("acte").annotate(premier=Min("le")))
    premiers = {nom: [jour_de(lus[a]) for a in noms if a in lus] for nom, noms in FAITS}
    if dossier.depose_le and not premiers["Dépôt"]:
        premiers["Dépôt"] = [jour_de(dossier.depose_le)]
    return [(nom, min(premiers[nom], default=None)) for nom, _ in FAITS]


@require_safe
def page(request: HttpRequest, numero: str) -> HttpResponse:
    """`/instruction/<n>/delais/` : les dates, leurs calculs, ce qui a arrêté l'horloge et pourquoi."""
    dossier = dossier_a_instruire(request, numero)
    jour, arrets = timezone.localdate(), list(dossier.suspensions.order_by("du", "pk"))
    minuterie = horloge_de(dossier)
    periodes = [(a.du, a.au) for a in arrets]
    fini = dossier.etat in (IRRECEVABLE, RETIRE, CLOS)
    contexte = {
        "dossier": dossier, "fil": fil(dossier, "Délais"), "jour": jour, "suspensions": arrets,
        "horloge": minuterie, "reste": minuterie and minuterie.reste(jour),
        "etapes": delais_par_etape(faits_dates(dossier), periodes, jour, fini=fini),
        "complements": Complement.objects.filter(dossier=dossier),
        "instruction": echeance_d_instruction(dossier.appel),
    }  # fmt: skip
    return render(request, "espaces/delais.html", contexte)


urlpatterns = [path("instruction/<str:numero>/delais/", page, name="instruction_delais")]
