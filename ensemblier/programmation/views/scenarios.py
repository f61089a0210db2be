"""Les scénarios d'un appel : la liste, un scénario et ses cases, la comparaison, partager, retenir."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import exiger
from ensemblier.instruction.droits import PILOTE
from ensemblier.instruction.views.commun import essayer, jouer, statut
from ensemblier.interface.champs import EurosFormField, somme
from ensemblier.interface.pages import Page
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation import actes, lecture, scenarios
from ensemblier.programmation.actes.scenarios import AUTEURS, Saisie
from ensemblier.programmation.calculs import ZERO
from ensemblier.programmation.comparaison import comparer
from ensemblier.programmation.etats import RETENU
from ensemblier.programmation.forms_scenarios import ComparaisonForm, ScenarioForm
from ensemblier.programmation.models import Explication, Scenario
from ensemblier.programmation.taches import a_proposer
from ensemblier.programmation.views.lecteurs import LECTEURS, appel_de
from ensemblier.registre.actes import ActeBloque

TABLEAU = "tableau"
CHANGEMENTS = 50


def fil_des_scenarios(appel: Appel, titre: str = "") -> list[tuple[str, str]]:
    suite = [("Scénarios", f"/programmation/{appel.code}/scenarios/"), (titre, "")]
    return [
        ("Programmation", "/programmation/"), (appel.titre_court, f"/programmation/{appel.code}/"),
        *(suite if titre else [("Scénarios", "")]),
    ]  # fmt: skip


def scenario_visible(request: HttpRequest, pk: int) -> Scenario:
    exiger(request.acteur, *LECTEURS)
    visibles = Scenario.objects.visibles_par(request.acteur)
    return get_object_or_404(
        visibles.select_related("appel__reglement", "appel__territoire", "auteur", "origine"), pk=pk
    )


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
    annotes = visibles.select_related("auteur", "origine").annotate(
        cases=Count("propositions"), total=somme("propositions__montant")
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
    lu, acteur = scenario_visible(request, scenario), request.acteur
    tous = lecture.filtrer(lecture.dossiers_de(acteur, lu.appel), request.GET)
    page = list(
        tous.filter(numero__gt=request.GET.get("apres", ""))
        .select_related("organisme")
        .defer("fiche_figee", "rapport_fige", "accuse_contenu", "description")
        .order_by("numero")[: lecture.PAR_PAGE + 1]
    )
    lignes = scenarios.lignes_du_scenario(acteur, lu, page[: lecture.PAR_PAGE])
    if request.method == "POST" and _ecrire(request, lu, acteur, lignes):
        return redirect(request.get_full_path())
    suivant = page[lecture.PAR_PAGE - 1].numero if len(page) > lecture.PAR_PAGE else ""
    code = 422 if any(ligne.refus for ligne in lignes) else 200
    contexte = _contexte(request, lu, tous, lignes, suivant)
    return render(request, "programmation/scenario.html", contexte, status=code)


def _ecrire(request: HttpRequest, lu: Scenario, acteur: Acteur, lignes: list[lecture.Ligne]) -> bool:
    """Écrit ce qui a changé ; vrai s'il n'y a aucun refus. Un refus garde ce qui a été tapé."""
    champ = EurosFormField(required=False)
    cases = {
        c.volet.pk: c
        for ligne in lignes
        for cellules in ligne.colonnes.values()
        for c in cellules
        if c.est_mienne
    }
    saisies: dict[int, Saisie] = {}
    for pk, case in cases.items():
        if f"montant-{pk}" not in request.POST:
            continue
        case.saisie = request.POST[f"montant-{pk}"].strip()
        try:
            montant = champ.clean(case.saisie)
        except ValidationError as erreur:
            case.refus = " ".join(erreur.messages)
            continue
        version = request.POST.get(f"version-{pk}", "0")
        saisies[pk] = Saisie(
            montant, f"verrou-{pk}" in request.POST, int(version) if version.isdecimal() else 0
        )
    try:
        faits, refus = actes.ecrire_les_montants(lu, saisies, par=acteur, le=timezone.now())
    except ActeBloque as bloque:
        messages.error(request, str(bloque))
        return True
    for pk, phrase in refus.items():
        cases[pk].refus = phrase
    if faits:
        messages.success(request, f"{faits} {'case enregistrée' if faits == 1 else 'cases enregistrées'}.")
    return not any(case.refus for case in cases.values())


def _contexte(
    request: HttpRequest, lu: Scenario, tous: Any, lignes: list[lecture.Ligne], suivant: str
) -> dict[str, Any]:
    acteur: Acteur = request.acteur
    colonnes = lecture.colonnes_de(lu.appel)
    jauges, depassees = lecture.en_bandeau(scenarios.jauges_du_scenario(lu))
    nombre, cout = tous.aggregate(nombre=Count("pk"), cout=somme("cout_total")).values()
    poses = scenarios.montants_de(lu.appel, lu, tous.values("pk"))
    dits: dict[str, list[Any]] = {}
    for e in Explication.objects.visibles_par(acteur).filter(scenario=lu).select_related("dossier"):
        dits.setdefault(e.get_genre_display(), []).append(e)
    return {
        "scenario": lu, "appel": lu.appel, "fil": fil_des_scenarios(lu.appel, lu.titre), "colonnes": colonnes,
        "lignes": [(ligne, [ligne.colonnes.get(c.cle, []) for c in colonnes]) for ligne in lignes],
        "jauges": jauges, "depassees": depassees,
        "nombre": nombre, "cout": cout, "attribue": sum(poses.values(), ZERO),
        "a_une_case": any(c.est_mienne for x in lignes for cs in x.colonnes.values() for c in cs),
        "est_auteur": lu.auteur_id == acteur.utilisateur, "est_pilote": acteur.a(*PILOTE),
        "a_reprendre": len(a_proposer(lu, acteur)) if lu.etat == RETENU else 0,
        "cle": secrets.token_hex(16), "explications": list(dits.items()),
        "suivant": f"?apres={suivant}" if suivant else "",
        "q": request.GET.get("q", ""),
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
    return jouer(request, acte, fait="Vous seul lisez ce scénario.", vers="scenario", scenario=lu.pk)


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
        debut = int(depart) if (depart := request.GET.get("depuis", "")).isdecimal() else 0
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
