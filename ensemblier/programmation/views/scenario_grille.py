"""La grille d'un scénario au clavier : écrire ses cases, demander ce qui a changé, la suite des lignes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ensemblier.comptes.droits import exiger
from ensemblier.interface.exports import TYPES, XLSX
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation import actes, classeur_scenario, colonnes
from ensemblier.programmation.actes.scenarios import Saisie
from ensemblier.programmation.grille import COLONNE
from ensemblier.programmation.grille_scenario import GrilleDeScenario
from ensemblier.programmation.models import ColonnesGardees, Scenario
from ensemblier.programmation.saisie import INCHANGEE, CaseRefusee, lire, volets_a_ecrire
from ensemblier.programmation.views.grilles import (
    ILLISIBLE,
    cases_demandees,
    ce_qui_a_bouge,
    la_suite,
    lignes_ecrites,
)
from ensemblier.programmation.views.lecteurs import LECTEURS
from ensemblier.registre.actes import ActeBloque, tracer
from ensemblier.registre.models import Trace


def scenario_visible(request: HttpRequest, pk: int) -> Scenario:
    acteur = exiger(request.acteur, *LECTEURS)
    visibles = Scenario.objects.visibles_par(acteur).avec_leur_origine(acteur)
    return get_object_or_404(
        visibles.select_related("appel__reglement", "appel__territoire", "auteur"), pk=pk
    )


def lire_le_scenario(request: HttpRequest, scenario: Scenario, le: datetime) -> GrilleDeScenario:
    """La grille de l'adresse ; sans colonnes dites, celles que la personne garde."""
    gardees = () if COLONNE in request.GET else ColonnesGardees.objects.de(request.acteur)
    return GrilleDeScenario(request.acteur, scenario, request.GET, le=le, gardees=gardees)


def adresses_du_scenario(scenario: Scenario) -> dict[str, str]:
    noms = ("cases", "sonde", "lignes", "fiches")
    return {nom: reverse(f"scenario_{nom}", args=[scenario.pk]) for nom in noms}


def ecrire_les_cases(
    scenario: Scenario, demandees: Iterable[Mapping[str, Any]], *, par: Acteur, le: datetime
) -> tuple[int, dict[int, str]]:
    """Lit ce qui est tapé, écrit ce qui a changé ; rend combien, et par volet la phrase de chaque refus."""
    saisies: dict[int, Saisie] = {}
    illisibles: dict[int, str] = {}
    for dite in demandees:
        try:
            saisies[dite["volet"]] = Saisie(lire(dite["valeur"]), dite["verrou"], dite["version"])
        except CaseRefusee as refus:
            illisibles[dite["volet"]] = str(refus)
    faits, refus_dits = actes.ecrire_les_montants(scenario, saisies, par=par, le=le)
    return faits, illisibles | refus_dits


@require_POST
def cases(request: HttpRequest, scenario: int) -> HttpResponse:
    """`…/cases/` : comme au tableau, `verrou` en plus ; une case refusée laisse les autres passer."""
    lu, present = scenario_visible(request, scenario), timezone.now()
    grille = lire_le_scenario(request, lu, present)
    if (demandees := cases_demandees(request)) is None:
        return JsonResponse({"raison": ILLISIBLE}, status=400)
    volets = volets_a_ecrire(grille.lisibles, (d["volet"] for d in demandees))
    try:
        _, refus = ecrire_les_cases(lu, demandees, par=request.acteur, le=present)
    except ActeBloque as bloque:
        refus = dict.fromkeys(volets, f"{bloque} {INCHANGEE}")
    versions = dict(lu.propositions.filter(demande__in=refus).values_list("demande", "version"))
    issues = [_issue(d, volets, refus, versions) for d in demandees]
    return JsonResponse(
        {"cases": issues, "lignes": lignes_ecrites(grille, {v.dossier_id for v in volets.values()})}
    )


def _issue(
    dite: Mapping[str, Any], volets: Mapping[int, Any], refus: Mapping[int, str], versions: Mapping[int, int]
) -> dict[str, Any]:
    volet = dite["volet"]
    phrase = refus.get(volet, "")
    if volet not in volets:
        phrase = f"Cette case n'est pas dans la liste. {INCHANGEE}"
    en_conflit = bool(phrase) and volet in volets and versions.get(volet, 0) != dite["version"]
    return {"volet": volet, "faite": not phrase, "conflit": en_conflit, "phrase": phrase}


@require_safe
def exporter(request: HttpRequest, scenario: int) -> FileResponse:
    """`…/scenario.xlsx` : tout ce que l'écran en montre, face au tableau ; la sortie se trace."""
    lu, present = scenario_visible(request, scenario), timezone.now()
    octets = classeur_scenario.ecrire(lire_le_scenario(request, lu, present))
    tracer(
        par=request.acteur, nature=Trace.Nature.CONSULTATION, chemin=request.get_full_path(), le=present,
        raison="Scénario exporté",
    )  # fmt: skip
    nom = f"scenario-{lu.appel.code}-{lu.pk}-{jour_de(present):%Y-%m-%d}.xlsx"
    return FileResponse(octets, as_attachment=True, filename=nom, content_type=TYPES[XLSX])


@require_safe
def sonde(request: HttpRequest, scenario: int) -> HttpResponse:
    """`…/sonde/?depuis=&empreinte=` : ce qui a bougé depuis, dans le scénario et dans les votes."""
    lu = scenario_visible(request, scenario)
    return ce_qui_a_bouge(lire_le_scenario(request, lu, timezone.now()))


@require_safe
def lignes(request: HttpRequest, scenario: int) -> HttpResponse:
    """`…/lignes/?apres=` : la suite des lignes, pour la grille qui se complète."""
    lu = scenario_visible(request, scenario)
    return la_suite(lire_le_scenario(request, lu, timezone.now()))


@require_safe
def fiches(request: HttpRequest, scenario: int) -> HttpResponse:
    """`…/fiches.css` : les noms des colonnes, pour les fiches d'un petit écran."""
    lu = scenario_visible(request, scenario)
    texte = colonnes.fiches_css(lire_le_scenario(request, lu, timezone.now()).cases)
    return HttpResponse(texte, content_type="text/css; charset=utf-8")
