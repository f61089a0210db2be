"""Qui suit quoi : la personne qui suit un dossier, et les fonctions que chacun tient (R70)."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from ensemblier.comptes import equipe as equipe_
from ensemblier.comptes.actes_equipe import annuler_absence, confier_un_poste, declarer_absence
from ensemblier.comptes.droits import exiger
from ensemblier.comptes.models import Absence
from ensemblier.dossiers import actes, suivi
from ensemblier.dossiers.droits import roles
from ensemblier.instruction.droits import PILOTE, exiger_role
from ensemblier.instruction.forms import AbsenceForm, AffectationForm, PosteForm
from ensemblier.instruction.lecture import dossier_a_instruire, fil
from ensemblier.instruction.views.commun import essayer, jouer, statut
from ensemblier.noyau.machine import Acteur, Role


@require_http_methods(["GET", "POST"])
def du_dossier(request: HttpRequest, numero: str) -> HttpResponse:
    """`/instruction/<n>/suivi/` : qui suit ce dossier, pourquoi, et le confier à une autre personne."""
    dossier = dossier_a_instruire(request, numero)
    siens, jour = roles(request.acteur, dossier), timezone.localdate()
    if request.method == "POST":
        exiger_role(siens, PILOTE, "Affecter le dossier")
    personnes = equipe_.pilotes(request.territoire, jour)
    envoye = request.POST if request.method == "POST" else None
    form = AffectationForm(envoye, personnes=personnes, actuelle=dossier.charge_de_mission)
    options = {"par": request.acteur, "roles": siens, "le": timezone.now()}
    if request.method == "POST" and essayer(form, lambda: actes.affecter(dossier, **form.choix(), **options)):
        messages.success(request, "L'affectation est enregistrée.")
        return redirect("instruction_suivi", numero)
    route = suivi.routage_de(dossier)
    contexte = {
        "dossier": dossier, "fil": fil(dossier, "Suivi"), "form": form, "route": route,
        "suiveur": suivi.suiveur(dossier, jour),
        "adresse": suivi.adresse_du_suivi(dossier, le=options["le"]),
        "titulaire": equipe_.titulaire(request.territoire, route.poste, jour),
        "est_pilote": bool(siens & set(PILOTE)),
    }  # fmt: skip
    return render(request, "instruction/suivi.html", contexte, status=statut(form))


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """`/instruction/equipe/` : les fonctions du territoire, leurs thèmes, qui les tient."""
    acteur, jour = exiger(request.acteur, *PILOTE, Role.AUDITEUR), timezone.localdate()
    if request.method == "POST":
        exiger(acteur, Role.RESPONSABLE)
    personnes = equipe_.pilotes(request.territoire, jour)
    envoye = request.POST if request.method == "POST" else None
    form = PosteForm(envoye, personnes=personnes, territoire=request.territoire)
    options = {"par": acteur, "roles": {Role.RESPONSABLE}, "le": timezone.now()}
    if request.method == "POST" and essayer(
        form, lambda: confier_un_poste(request.territoire, **form.choix(), **options)
    ):
        messages.success(request, "C'est enregistré : les prochains dossiers de ces thèmes suivront.")
        return redirect("instruction_equipe")
    pack = request.territoire.pack()
    suivis = {code for c in pack.postes for code in c.thematiques}
    contexte = {
        "postes": equipe_.postes(request.territoire, jour), "form": form, "personnes": personnes,
        "repli": pack.contact_pour(None),
        "sans_fonction": [t.libelle for t in pack.thematiques if t.code not in suivis],
        "est_responsable": acteur.a(Role.RESPONSABLE), "est_pilote": acteur.a(*PILOTE),
        "absences": equipe_.absences(request.territoire, jour),
    }  # fmt: skip
    return render(request, "instruction/equipe.html", contexte, status=statut(form))


@require_http_methods(["GET", "POST"])
def absence(request: HttpRequest) -> HttpResponse:
    """`/instruction/equipe/absence/` : dire qu'on s'absente, et qui répond pendant ce temps."""
    acteur, present = exiger(request.acteur, *PILOTE, *equipe_.PARTENAIRES), timezone.now()
    jour = timezone.localdate()
    if acteur.a(*PILOTE):
        personnes = equipe_.pilotes(request.territoire, jour)
    else:
        personnes = [request.user, *equipe_.remplacants(request.user, request.territoire, jour)]
    form = AbsenceForm(
        request.POST if request.method == "POST" else None, personnes=personnes,
        moi=acteur.utilisateur or 0, pour_tous=acteur.a(Role.RESPONSABLE), du_service=acteur.a(*PILOTE),
    )  # fmt: skip
    options = {"par": acteur, "roles": {d.role for d in acteur.droits}, "le": present}
    if request.method == "POST" and essayer(
        form, lambda: declarer_absence(request.territoire, **form.choix(), **options)
    ):
        messages.success(request, "L'absence est notée. Tout revient à la personne le lendemain de sa fin.")
        return redirect(_retour(acteur))
    siennes = Absence.objects.a_venir(jour).filter(territoire=request.territoire, utilisateur=request.user)
    contexte = {
        "form": form,
        "absences": siennes,
        "lit_l_equipe": acteur.a(*PILOTE),
        "seul": len(personnes) == 1,
    }
    return render(request, "instruction/absence.html", contexte, status=statut(form))


def _retour(acteur: Acteur) -> str:
    """La page de l'équipe est celle du service ; un partenaire a la sienne."""
    return "instruction_equipe" if acteur.a(*PILOTE) else "instruction_absence"


@require_POST
def annuler(request: HttpRequest, pk: int) -> HttpResponse:
    """`/instruction/equipe/absences/<pk>/annuler/` : la personne est là, tout lui revient."""
    acteur = exiger(request.acteur, *PILOTE, *equipe_.PARTENAIRES)
    siennes = Absence.objects.filter(territoire=request.territoire).select_related("utilisateur")
    if not acteur.a(*PILOTE):
        siennes = siennes.filter(utilisateur=acteur.utilisateur)
    options = {"par": acteur, "roles": {d.role for d in acteur.droits}, "le": timezone.now()}
    acte = partial(annuler_absence, get_object_or_404(siennes, pk=pk), **options)
    return jouer(request, acte, fait="L'absence est annulée.", vers=_retour(acteur))
