"""L'export de la liste de travail : les mêmes lignes, colonnes, ordre et périmètre que l'écran."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from ensemblier.espaces.a_instruire import lire
from ensemblier.espaces.liste import Liste
from ensemblier.espaces.tableaux import entetes, valeurs
from ensemblier.interface.exports import CSV, XLSX, en_reponse
from ensemblier.registre.actes import tracer
from ensemblier.registre.models import Trace

LOT = 500


@require_safe
def telecharger(request: HttpRequest, format: str) -> HttpResponseBase:
    """`/instruction/liste.csv` et `.xlsx` : toute la liste, pas seulement sa page ; la sortie se trace."""
    liste, maintenant = lire(request), timezone.now()
    tracer(
        par=request.acteur, nature=Trace.Nature.CONSULTATION, chemin=request.get_full_path(), le=maintenant,
        raison="Liste des dossiers exportée",
    )  # fmt: skip
    return en_reponse(
        f"dossiers-{liste.lecteur.jour:%Y-%m-%d}", format, feuille="Dossiers",
        entetes=entetes(liste.colonnes), lignes=_lignes(liste),
    )  # fmt: skip


def _lignes(liste: Liste) -> Iterator[list[Any]]:
    """Par lots : les requêtes d'une ligne sont celles de son lot."""
    dossiers = liste.toutes().iterator(chunk_size=LOT)
    while lot := list(islice(dossiers, LOT)):
        for ligne in liste.lignes(lot):
            yield valeurs(ligne, liste.colonnes)


urlpatterns = [
    path("instruction/liste.csv", telecharger, {"format": CSV}, name="instruction_csv"),
    path("instruction/liste.xlsx", telecharger, {"format": XLSX}, name="instruction_xlsx"),
]
