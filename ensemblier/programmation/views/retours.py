"""Relire un tableau retouché : le déposer, lire l'essai à blanc, l'appliquer ou non."""

from __future__ import annotations

import secrets
from collections import Counter

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import exiger
from ensemblier.interface.controles import FichierRefuse
from ensemblier.interface.pages import Page
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation import retour as relecture
from ensemblier.programmation.forms_retours import AutreTableauForm, ColonnesForm, RetourForm
from ensemblier.programmation.models import CaseRelue, Retour
from ensemblier.programmation.views.commun import cle_du_formulaire
from ensemblier.programmation.views.lecteurs import LECTEURS, appel_de, mes_financeurs
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.fichiers import octets_de

ISSUE = CaseRelue.Issue


@require_http_methods(["GET", "HEAD", "POST"])
def liste(request: HttpRequest, appel: str) -> HttpResponse:
    """`…/retours/` : la boîte du tableau retouché, essayé à blanc dès qu'il arrive ; ceux d'avant."""
    acteur, lu = exiger(request.acteur, *LECTEURS), appel_de(request, appel)
    form = RetourForm(request.POST, request.FILES) if request.method == "POST" else RetourForm()
    if form.is_bound and form.is_valid():
        try:
            return _recevoir(request, lu, form, acteur)
        except (ActeBloque, FichierRefuse) as refus:
            form.add_error("fichier", str(refus))
    siens = Retour.objects.visibles_par(acteur).filter(appel=lu).select_related("fichier")
    contexte = {
        "appel": lu, "form": form, "cle": secrets.token_hex(16),
        "retours": Page(siens, "-recu_le", apres=request.GET.get("apres", "")),
        "fil": [*_fil(lu), ("Relire un tableau", "")],
    }  # fmt: skip
    return render(request, "programmation/retours.html", contexte, status=422 if form.errors else 200)


def _fil(appel: Appel) -> list[tuple[str, str]]:
    return [("Programmation", "/programmation/"), (appel.titre_court, f"/programmation/{appel.code}/")]


def _recevoir(request: HttpRequest, appel: Appel, form: RetourForm, par: Acteur) -> HttpResponse:
    """Lève `FichierRefuse` avant de rien garder."""
    fichier, cle, le = form.cleaned_data["fichier"], cle_du_formulaire(request), timezone.now()
    octets = fichier.read(relecture.BORNES.poids + 1)
    cases = relecture.relire(octets, territoire=appel.territoire.code, appel=appel.code)
    recu = relecture.recevoir(appel, octets=octets, nom=fichier.name, cle=cle, par=par, le=le)
    travail = relecture.essayer_ou_mettre_en_file(recu, combien=len(cases), cle=recu.cle, par=par, le=le)
    if travail:
        return redirect("travail", travail.pk)
    return redirect("programmation_retour", appel.code, recu.pk)


def _le_sien(request: HttpRequest, code: str, pk: int) -> tuple[Acteur, Retour]:
    acteur, appel = exiger(request.acteur, *LECTEURS), appel_de(request, code)
    siens = Retour.objects.visibles_par(acteur).filter(appel=appel).select_related("fichier")
    recu = get_object_or_404(siens, pk=pk)
    recu.appel = appel
    return acteur, recu


@require_http_methods(["GET", "HEAD", "POST"])
def autre(request: HttpRequest, appel: str) -> HttpResponse:
    """`…/retours/autre/` : un tableau venu d'ailleurs ; ses colonnes se disent à la page suivante."""
    acteur, lu = exiger(request.acteur, *LECTEURS), appel_de(request, appel)
    form = AutreTableauForm(request.POST, request.FILES) if request.method == "POST" else AutreTableauForm()
    if form.is_bound and form.is_valid():
        fichier = form.cleaned_data["fichier"]
        octets = fichier.read(relecture.BORNES.poids + 1)
        try:
            relecture.ouvrir(octets)
        except FichierRefuse as refus:
            form.add_error("fichier", str(refus))
        else:
            recu = relecture.recevoir(
                lu, octets=octets, nom=fichier.name, cle=cle_du_formulaire(request), par=acteur,
                le=timezone.now(), vient_d_ailleurs=True,
            )  # fmt: skip
            return redirect("programmation_retour_colonnes", lu.code, recu.pk)
    contexte = {
        "appel": lu, "form": form, "cle": secrets.token_hex(16),
        "fil": [*_fil(lu), ("Relire un tableau", f"/programmation/{lu.code}/retours/"), ("Un autre", "")],
    }  # fmt: skip
    return render(request, "programmation/retour_autre.html", contexte, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def colonnes(request: HttpRequest, appel: str, retour: int) -> HttpResponse:
    """`…/retours/<id>/colonnes/` : quelle colonne dit le dossier, et les montants de qui ; puis l'essai."""
    acteur, recu = _le_sien(request, appel, retour)
    if not recu.colonnes or recu.applique_le or recu.fichier.efface_le:
        return redirect("programmation_retour", recu.appel.code, recu.pk)
    rangees = relecture.ouvrir(octets_de(recu.fichier))
    ligne = relecture.ligne_d_entetes(rangees)
    form = ColonnesForm(
        request.POST or None, initial=_deja_dites(recu) or {"ligne": str(ligne)},
        lignes=relecture.lignes_possibles(rangees), financeurs=mes_financeurs(acteur, recu.appel),
        colonnes=relecture.colonnes_possibles(rangees, ligne),
    )  # fmt: skip
    if form.is_bound and form.is_valid():
        try:
            return _essayer(request, recu, form, acteur)
        except (ActeBloque, FichierRefuse) as refus:
            form.add_error(None, str(refus))
    lu = recu.appel
    contexte = {
        "appel": lu, "retour": recu, "form": form, "cle": secrets.token_hex(16),
        "fil": [*_fil(lu), ("Relire un tableau", f"/programmation/{lu.code}/retours/"),
                (recu.fichier.nom, "")],
    }  # fmt: skip
    return render(request, "programmation/retour_colonnes.html", contexte, status=422 if form.errors else 200)


def _deja_dites(recu: Retour) -> dict[str, str]:
    if recu.attend_ses_colonnes and not recu.fichier.efface_le:
        return {}
    dites = relecture.Colonnes.de_json(recu.colonnes)
    montants = {f"montant_{code}": str(place) for code, place in dites.montants.items()}
    return {"ligne": str(dites.ligne), "dossier": str(dites.dossier)} | montants


def _essayer(request: HttpRequest, recu: Retour, form: ColonnesForm, par: Acteur) -> HttpResponse:
    cle, le = cle_du_formulaire(request), timezone.now()
    relecture.dire_les_colonnes(recu, form.correspondance())
    combien = len(relecture.lire_les_cases(recu, par))
    travail = relecture.essayer_ou_mettre_en_file(recu, combien=combien, cle=cle, par=par, le=le)
    if travail:
        return redirect("travail", travail.pk)
    return redirect("programmation_retour", recu.appel.code, recu.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, appel: str, retour: int) -> HttpResponse:
    """`…/retours/<id>/` : chaque case, avant et après ; l'appliquer, tout ou rien."""
    acteur, recu = _le_sien(request, appel, retour)
    lu = recu.appel
    if recu.attend_ses_colonnes and not recu.fichier.efface_le:
        return redirect("programmation_retour_colonnes", lu.code, recu.pk)
    if request.method == "POST":
        return _appliquer(request, recu, acteur)
    cases = recu.cases.visibles_par(acteur).select_related("financeur", "demande__dossier__organisme")
    choisie = request.GET.get("issue", "")
    choisies = cases.filter(issue=choisie) if choisie in ISSUE else cases
    lues = Counter(cases.values_list("issue", flat=True))
    contexte = {
        "appel": lu, "retour": recu, "cle": secrets.token_hex(16), "choisie": choisie,
        "phrase": relecture.phrase_de_l_essai(recu), "bonnes": lues[ISSUE.BONNE],
        "comptes": [(issue, issue.label, lues[issue]) for issue in ISSUE if lues[issue]],
        "enveloppes": relecture.par_enveloppe(recu),
        "cases": Page(choisies, "rang", apres=request.GET.get("apres", "")),
        "fil": [*_fil(lu), ("Relire un tableau", f"/programmation/{lu.code}/retours/"),
                (recu.fichier.nom, "")],
    }  # fmt: skip
    return render(request, "programmation/retour.html", contexte)


def _appliquer(request: HttpRequest, recu: Retour, par: Acteur) -> HttpResponse:
    dit = request.POST.get("essai", "")
    essai = int(dit) if dit.isascii() and dit.isdecimal() and len(dit) < 9 else -1
    try:
        travail = relecture.appliquer_ou_mettre_en_file(
            recu, essai=essai, cle=cle_du_formulaire(request), par=par, le=timezone.now()
        )
    except (ActeBloque, FichierRefuse) as refus:
        messages.error(request, str(refus))
        return redirect("programmation_retour", recu.appel.code, recu.pk)
    if travail:
        return redirect("travail", travail.pk)
    faites = recu.cases.filter(issue=ISSUE.BONNE).count()
    messages.success(request, relecture.phrase_de_l_application(faites))
    return redirect("programmation_retour", recu.appel.code, recu.pk)
