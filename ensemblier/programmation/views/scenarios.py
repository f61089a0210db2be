"""Les scénarios d'un appel : la liste, un scénario et ses cases, la comparaison, partager, retenir."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import exiger
from ensemblier.instruction.droits import PILOTE
from ensemblier.instruction.views.commun import essayer, jouer, statut
from ensemblier.interface.champs import somme
from ensemblier.interface.pages import Page
from ensemblier.interface.tableaux import demandees
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation import actes, lecture
from ensemblier.programmation.actes.scenarios import AUTEURS
from ensemblier.programmation.comparaison import comparer
from ensemblier.programmation.etats import RETENU
from ensemblier.programmation.forms_scenarios import ComparaisonForm, ScenarioForm
from ensemblier.programmation.grille import APRES, COLONNE
from ensemblier.programmation.models import Explication, Scenario
from ensemblier.programmation.taches import a_proposer
from ensemblier.programmation.views.grilles import contexte_de, redire, versions_lues
from ensemblier.programmation.views.lecteurs import LECTEURS, appel_de
from ensemblier.programmation.views.scenario_grille import (
    adresses_du_scenario,
    ecrire_les_cases,
    lire_le_scenario,
    scenario_visible,
)
from ensemblier.registre.actes import ActeBloque

TABLEAU = "tableau"
CHANGEMENTS = 50


def fil_des_scenarios(appel: Appel, titre: str = "") -> list[tuple[str, str]]:
    suite = [("Scénarios", f"/programmation/{appel.code}/scenarios/"), (titre, "")]
    return [
        ("Programmation", "/programmation/"), (appel.titre_court, f"/programmation/{appel.code}/"),
        *(suite if titre else [("Scénarios", "")]),
    ]  # fmt: skip


@require_http_methods(["GET", "POST"])
def liste(request: HttpRequest, appel: str) -> HttpResponse:
    """`/programmation/<appel>/scenarios/` : les siens et les partagés ; en ouvrir un."""
    acteur = exiger(request.acteur, *LECTEURS)
    lu = appel_de(request, appel)
    visibles = Scenario.objects.visibles_par(acteur).filter(appel=lu)
    form = ScenarioForm(request.POST or None, scenarios=visibles)
    if request.method == "POST":
        exiger(acteur, *AUTEURS)
        ouverts: list[Scenario] = []
        if essayer(form, lambda: ouverts.append(_ouvrir(lu, form, acteur))):
            messages.success(
                request, "Scénario ouvert. Il n'est lu que par vous tant qu'il n'est pas partagé."
            )
            return redirect("scenario", ouverts[0].pk)
    annotes = (
        visibles.avec_leur_origine(acteur)
        .select_related("auteur")
        .annotate(cases=Count("propositions"), total=somme("propositions__montant"))
    )
    contexte = {
        "appel": lu, "fil": fil_des_scenarios(lu), "form": form,
        "scenarios": Page(annotes, "-modifie_le", apres=request.GET.get("apres", "")),
        "peut_ouvrir": acteur.a(*AUTEURS), "est_pilote": acteur.a(*PILOTE),
        "comparaison": ComparaisonForm(choix=_choix(visibles)),
    }  # fmt: skip
    return render(request, "programmation/scenarios.html", contexte, status=statut(form))


def _ouvrir(appel: Appel, form: ScenarioForm, acteur: Acteur) -> Scenario:
    return actes.ouvrir_un_scenario(
        appel, titre=form.cleaned_data["titre"], origine=form.origine(), par=acteur, le=timezone.now()
    )


def _choix(visibles: Any) -> list[tuple[str, str]]:
    siens = visibles.values_list("pk", "titre")
    return [(TABLEAU, "Le tableau d'aujourd'hui"), *((str(pk), titre) for pk, titre in siens)]


@require_http_methods(["GET", "POST"])
def scenario(request: HttpRequest, scenario: int) -> HttpResponse:
    """`/programmation/scenarios/<id>/` : lire les cases, écrire les siennes."""
    lu, acteur, present = scenario_visible(request, scenario), request.acteur, timezone.now()
    grille = lire_le_scenario(request, lu, present)
    if "garder" in request.POST:
        actes.garder_les_colonnes(demandees(request.POST, grille.choix), par=acteur)
        return redirect(f"{request.path}{grille.adresse(**{COLONNE: ''})}")
    lignes, suivant = grille.page(request.GET.get(APRES, ""))
    if request.method == "POST":
        if not (refus := _ecrire(request, lu, acteur, lignes)):
            return redirect(request.get_full_path())
        grille = lire_le_scenario(request, lu, present)
        lignes, suivant = grille.page(request.GET.get(APRES, ""))
        redire(lignes, refus)
    contexte = contexte_de(grille, lignes, suivant, adresses_du_scenario(lu)) | _contexte(request, lu)
    contexte["adresse_du_classeur"] = grille.adresse()
    code = 422 if any(ligne.refus for ligne in lignes) else 200
    return render(request, "programmation/scenario.html", contexte, status=code)


def _ecrire(
    request: HttpRequest, lu: Scenario, acteur: Acteur, lignes: list[lecture.Ligne]
) -> dict[int, tuple[str, str]]:
    """Écrit ce qui a changé ; rend, par volet refusé, ce qui fut tapé et pourquoi."""
    dits, lues = request.POST, versions_lues(request.POST.get("versions", ""))
    demandees = [
        {
            "volet": c.volet.pk, "version": lues.get(c.volet.pk, 0), "valeur": dits[f"montant-{c.volet.pk}"],
            "verrou": f"verrou-{c.volet.pk}" in dits,
        }
        for x in lignes for cs in x.colonnes.values() for c in cs
        if c.est_mienne and f"montant-{c.volet.pk}" in dits
    ]  # fmt: skip
    try:
        faits, refus = ecrire_les_cases(lu, demandees, par=acteur, le=timezone.now())
    except ActeBloque as bloque:
        messages.error(request, str(bloque))
        return {}
    if faits:
        messages.success(request, f"{faits} {'case enregistrée' if faits == 1 else 'cases enregistrées'}.")
    return {pk: (dits[f"montant-{pk}"].strip(), phrase) for pk, phrase in refus.items()}


def _contexte(request: HttpRequest, lu: Scenario) -> dict[str, Any]:
    acteur: Acteur = request.acteur
    dits: dict[str, list[Any]] = {}
    for e in Explication.objects.visibles_par(acteur).filter(scenario=lu).select_related("dossier"):
        dits.setdefault(e.get_genre_display(), []).append(e)
    return {
        "scenario": lu, "fil": fil_des_scenarios(lu.appel, lu.titre),
        "est_auteur": lu.auteur_id == acteur.utilisateur, "est_pilote": acteur.a(*PILOTE),
        "a_reprendre": len(a_proposer(lu, acteur)) if lu.etat == RETENU else 0,
        "cle": secrets.token_hex(16), "explications": list(dits.items()),
    }  # fmt: skip


@require_POST
def partager(request: HttpRequest, scenario: int) -> HttpResponse:
    lu = scenario_visible(request, scenario)
    acte = partial(actes.partager, lu, par=request.acteur, le=timezone.now())
    return jouer(
        request, acte, fait="Scénario partagé : chaque financeur le lit.", vers="scenario", scenario=lu.pk
    )


@require_POST
def rendre_prive(request: HttpRequest, scenario: int) -> HttpResponse:
    lu = scenario_visible(request, scenario)
    acte = partial(actes.rendre_prive, lu, par=request.acteur, le=timezone.now())
    fait = "Personne d'autre que vous ne lit ce scénario."
    return jouer(request, acte, fait=fait, vers="scenario", scenario=lu.pk)


@require_POST
def retenir(request: HttpRequest, scenario: int) -> HttpResponse:
    lu = scenario_visible(request, scenario)
    acte = partial(actes.retenir, lu, par=request.acteur, le=timezone.now())
    return jouer(request, acte, fait="Scénario retenu.", vers="scenario", scenario=lu.pk)


@require_safe
def comparaison(request: HttpRequest, appel: str) -> HttpResponse:
    """`/programmation/<appel>/scenarios/comparer/?avant=…&apres=…` : qui gagne, qui perd, de combien."""
    acteur = exiger(request.acteur, *LECTEURS)
    lu = appel_de(request, appel)
    visibles = Scenario.objects.visibles_par(acteur).filter(appel=lu)
    form = ComparaisonForm(request.GET or None, choix=_choix(visibles))
    contexte: dict[str, Any] = {"appel": lu, "fil": fil_des_scenarios(lu, "Comparer"), "form": form}
    if form.is_valid():
        deux = [_choisi(visibles, form.cleaned_data[nom]) for nom in ("avant", "apres")]
        rendue = comparer(lu, lecture.dossiers_de(acteur, lu), *deux)
        debut = (
            int(depart) if (depart := request.GET.get("depuis", "")).isdecimal() and len(depart) < 9 else 0
        )
        contexte |= {
            "avant": deux[0], "apres": deux[1], "comparaison": rendue,
            "changements": rendue.dossiers[debut : debut + CHANGEMENTS],
            "suivant": _suite(request, debut + CHANGEMENTS, len(rendue.dossiers)),
        }  # fmt: skip
    return render(request, "programmation/comparaison.html", contexte)


def _choisi(visibles: Any, choix: str) -> Scenario | None:
    return None if choix == TABLEAU else get_object_or_404(visibles, pk=int(choix))


def _suite(request: HttpRequest, debut: int, combien: int) -> str:
    if debut >= combien:
        return ""
    adresse = request.GET.copy()
    adresse["depuis"] = str(debut)
    return f"?{adresse.urlencode()}"
