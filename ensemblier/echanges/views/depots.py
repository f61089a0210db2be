"""Les pages des échanges : le tableau des dépôts et son export."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ensemblier.echanges.actes import REMETTENT
from ensemblier.echanges.depots import TOUT, VUES, Suivi, entetes, valeurs
from ensemblier.echanges.importer import extractions_de
from ensemblier.interface.exports import en_reponse
from ensemblier.registre.actes import tracer
from ensemblier.registre.models import Trace


@require_safe
def tableau(request: HttpRequest) -> HttpResponse:
    """`/depots/` : ce qui reste à déposer ailleurs, dossier par dossier, guichet par guichet (S71)."""
    suivi = Suivi(request.acteur, request.territoire, request.GET)
    contexte = {
        "suivi": suivi, "lignes": suivi.lignes(suivi.page.lignes), "tout": TOUT,
        "remet": suivi.acteur.a(*REMETTENT),
        "importe": bool(extractions_de(request.territoire, suivi.acteur)),
        "onglets": [(suivi.adresse(etat=code), mot, code) for code, mot in VUES],
    }  # fmt: skip
    return render(request, "echanges/depots.html", contexte)


@require_safe
def exporter(request: HttpRequest, format: str) -> HttpResponseBase:
    """`/depots/liste.csv` et `.xlsx` : toute la liste, pas seulement sa page ; la sortie se trace."""
    suivi, maintenant = Suivi(request.acteur, request.territoire, request.GET), timezone.now()
    tracer(
        par=request.acteur, nature=Trace.Nature.CONSULTATION, chemin=request.get_full_path(), le=maintenant,
        raison="Tableau des dépôts exporté",
    )  # fmt: skip
    return en_reponse(
        f"depots-{timezone.localdate():%Y-%m-%d}", format, feuille="Dépôts", entetes=entetes(suivi),
        lignes=(valeurs(ligne) for ligne in suivi.toutes()),
    )  # fmt: skip
