"""Le tableau de programmation (É12) : qui a combien, que reste-t-il, proposer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import exiger
from ensemblier.interface.exports import TYPES, XLSX
from ensemblier.interface.tableaux import demandees
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.programmation import classeur, colonnes, lecture
from ensemblier.programmation.actes import garder_les_colonnes
from ensemblier.programmation.grille import APRES, COLONNE, Grille
from ensemblier.programmation.models import ColonnesGardees
from ensemblier.programmation.saisie import CaseRefusee, ecrire
from ensemblier.programmation.views.grilles import contexte_de, la_suite, redire, versions_lues
from ensemblier.programmation.views.lecteurs import LECTEURS, appel_de, mes_financeurs
from ensemblier.registre.actes import tracer
from ensemblier.registre.models import Trace


@require_safe
def appels(request: HttpRequest) -> HttpResponse:
    """`/programmation/` : chaque appel, ses enveloppes, où il en est."""
    exiger(request.acteur, *LECTEURS)
    lus = list(Appel.objects.filter(territoire=request.territoire).publies().defer("projet"))
    jauges = lecture.jauges(lus)
    contexte = {"appels": [(a, *lecture.en_bandeau(jauges.get(a.pk, []))) for a in lus]}
    return render(request, "programmation/appels.html", contexte)


def lire(request: HttpRequest, acteur: Acteur, appel: Appel, le: datetime) -> Grille:
    """La grille de l'adresse ; sans colonnes dites, celles que la personne a choisi de garder."""
    gardees = () if COLONNE in request.GET else ColonnesGardees.objects.de(acteur)
    return Grille(acteur, appel, request.GET, le=le, gardees=gardees)


@require_http_methods(["GET", "POST"])
def tableau(request: HttpRequest, appel: str) -> HttpResponse:
    """`/programmation/<appel>/` : lire le tableau, proposer sur sa colonne."""
    acteur, present = exiger(request.acteur, *LECTEURS), timezone.now()
    grille = lire(request, acteur, appel_de(request, appel), present)
    if "garder" in request.POST:
        garder_les_colonnes(demandees(request.POST, grille.choix), par=acteur)
        return redirect(f"{request.path}{grille.adresse(**{COLONNE: ''})}")
    lignes, suivant = grille.page(request.GET.get(APRES, ""))
    if request.method == "POST":
        faits, refus = _proposer(request, acteur, lignes, present)
        if faits:
            mot = "montant proposé" if faits == 1 else "montants proposés"
            messages.success(request, f"{faits} {mot}.")
        if not refus:
            return redirect(request.get_full_path())
        grille = lire(request, acteur, grille.appel, present)
        lignes, suivant = grille.page(request.GET.get(APRES, ""))
        redire(lignes, refus)
    contexte = _contexte(request, grille, lignes, suivant)
    code = 422 if any(ligne.refus for ligne in lignes) else 200
    return render(request, "programmation/tableau.html", contexte, status=code)


def _proposer(
    request: HttpRequest, acteur: Acteur, lignes: list[lecture.Ligne], le: datetime
) -> tuple[int, dict[int, tuple[str, str]]]:
    """Chaque montant changé est une proposition ; un refus garde ce qui a été tapé, les autres passent."""
    faits, refus = 0, {}
    lues = versions_lues(request.POST.get("versions", ""))
    cellules = (c for x in lignes for cs in x.colonnes.values() for c in cs if c.est_mienne)
    for cellule in cellules:
        nom = f"montant-{cellule.volet.pk}"
        if nom not in request.POST:
            continue
        saisie = request.POST[nom].strip()
        try:
            faits += ecrire(cellule.volet, saisie, version=lues.get(cellule.volet.pk), par=acteur, le=le)
        except CaseRefusee as erreur:
            refus[cellule.volet.pk] = (saisie, str(erreur))
    return faits, refus


def _contexte(
    request: HttpRequest, grille: Grille, lignes: list[lecture.Ligne], suivant: str
) -> dict[str, Any]:
    appel = grille.appel
    return {
        **contexte_de(grille, lignes, suivant, adresses_du_tableau(appel)),
        "fil": [("Programmation", "/programmation/"), (appel.titre_court, "")],
        "adresse_du_classeur": grille.adresse(),
        "est_pilote": request.acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE),
        "que_les_miens": not request.acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR),
        "mes_actes": mes_financeurs(request.acteur, appel),
    }


def adresses_du_tableau(appel: Appel) -> dict[str, str]:
    noms = ("cases", "sonde", "lignes", "fiches")
    return {nom: reverse(f"programmation_{nom}", args=[appel.code]) for nom in noms}


@require_safe
def lignes(request: HttpRequest, appel: str) -> HttpResponse:
    """`…/lignes/?apres=` : la suite des lignes, pour la grille qui se complète ; l'adresse d'après."""
    acteur = exiger(request.acteur, *LECTEURS)
    return la_suite(lire(request, acteur, appel_de(request, appel), timezone.now()))


@require_safe
def fiches(request: HttpRequest, appel: str) -> HttpResponse:
    """`…/fiches.css` : les noms des colonnes à l'écran, pour les fiches d'un petit écran."""
    acteur = exiger(request.acteur, *LECTEURS)
    grille = lire(request, acteur, appel_de(request, appel), timezone.now())
    return HttpResponse(colonnes.fiches_css(grille.cases), content_type="text/css; charset=utf-8")


@require_safe
def exporter(request: HttpRequest, appel: str) -> FileResponse:
    """`…/tableau.xlsx` : toute la liste filtrée, ses colonnes à l'écran ; la sortie se trace."""
    acteur, present = exiger(request.acteur, *LECTEURS), timezone.now()
    grille = lire(request, acteur, appel_de(request, appel), present)
    tracer(
        par=acteur, nature=Trace.Nature.CONSULTATION, chemin=request.get_full_path(), le=present,
        raison="Tableau de programmation exporté",
    )  # fmt: skip
    nom = f"programmation-{grille.appel.code}-{jour_de(present):%Y-%m-%d}.xlsx"
    return FileResponse(classeur.ecrire(grille), as_attachment=True, filename=nom, content_type=TYPES[XLSX])
