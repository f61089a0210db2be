"""Critères et tolérance, dépôts par financeur, historique, pièces : les pages d'un dossier instruit."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from ensemblier.dossiers import actes as actes_dossiers
from ensemblier.dossiers.depots import FAIT, depots_de
from ensemblier.dossiers.droits import roles, roles_sur_demande
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import CoPorteur, Dossier, Piece
from ensemblier.dossiers.reponses import Reponses
from ensemblier.instruction import actes
from ensemblier.instruction.droits import PILOTE, exiger_role
from ensemblier.instruction.forms import DauphinForm, DepotForm, JugementForm
from ensemblier.instruction.lecture import dossier_a_instruire, fil, journal, page_du_journal
from ensemblier.instruction.questions import CODES, questions_de
from ensemblier.instruction.views.commun import essayer, statut
from ensemblier.interface.formats import date_courte
from ensemblier.noyau.machine import Role
from ensemblier.noyau.packs.appel import CritereDeBonification
from ensemblier.registre.actes import tracer
from ensemblier.registre.fichiers import servir

REMETTENT = {*PILOTE, Role.AGENT_FINANCEUR, Role.REFERENT_COMMUNAL}
"""À qui montrer le lien vers la remise ; la page elle-même décide."""


def _jugements(dossier: Dossier) -> list[dict[str, Any]]:
    """Ce que l'instructeur tranche : la tolérance, chaque critère déclaré (R29), les questions de fond."""
    lignes = []
    if dossier.est_experimentale:
        lignes.append(
            {
                "code": "tolerance", "titre": "Action inédite : admettre la petite cohorte ?",
                "dit": dossier.experimentale_justification, "reponse": dossier.tolerance_validee,
                "motif": "", "valide": None, "est_critere": False,
            }
        )  # fmt: skip
    ecrits = {c.code: c for c in reglement_de(dossier).financement.criteres}
    lignes += [
        {
            "code": c.code, "titre": ecrits[c.code].libelle if c.code in ecrits else c.code,
            "dit": c.justification, "preuve": _preuve(dossier, ecrits.get(c.code)),
            "reponse": c.est_qualifie, "motif": c.qualification, "valide": c.est_valide, "est_critere": True,
        }
        for c in dossier.criteres.filter(est_declare=True).order_by("pk")
    ]  # fmt: skip
    lignes += [
        {"code": q.code, "titre": q.titre, "dit": q.dit, "reponse": q.reponse, "motif": q.motif,
         "alerte": q.alerte, "est_question": True}
        for q in questions_de(Reponses(dossier))
    ]  # fmt: skip
    return lignes


def _preuve(dossier: Dossier, critere: CritereDeBonification | None) -> str:
    """Ce que le dossier nomme à l'appui du critère, ou que rien n'est nommé ; vide s'il ne demande rien."""
    if critere is None or critere.preuve != "co_porteurs":
        return ""
    nommes = [f"{c.nom} ({c.role}), {_reponse(c)}" for c in dossier.co_porteurs.all()]
    return f"Co-porteurs nommés : {' ; '.join(nommes)}." if nommes else "Aucun co-porteur n'est nommé."


def _reponse(c: CoPorteur) -> str:
    """« confirmé le 20/05/2025 par David Lambert, président » : ce que le jury pèse pour le critère."""
    if c.confirme is None:
        return "n'a pas répondu" if c.demande_le else "pas encore interrogé"
    mot = "confirmé" if c.confirme else "décliné"
    motif = f" ({c.motif})" if c.motif else ""
    return f"{mot} le {date_courte(c.repondu_le)} par {c.repondu_par}{motif}"


@require_http_methods(["GET", "POST"])
def criteres(request: HttpRequest, numero: str) -> HttpResponse:
    """`/instruction/<n>/criteres/` : déclaré, qualifié, validé, avec la raison de chacun."""
    dossier = dossier_a_instruire(request, numero)
    code = request.POST.get("code", "")
    if request.method == "POST":
        exiger_role(roles(request.acteur, dossier), PILOTE, "Trancher un critère")
    soumis = JugementForm(request.POST, prefix=code) if request.method == "POST" else None
    if soumis and essayer(soumis, lambda: _trancher(request, dossier, code, soumis.cleaned_data)):
        messages.success(request, "Réponse enregistrée.")
        return redirect("instruction_criteres", numero)
    lignes = _jugements(dossier)
    for ligne in lignes:
        ligne["form"] = soumis if soumis and ligne["code"] == code else JugementForm(prefix=ligne["code"])
    contexte = {
        "dossier": dossier, "fil": fil(dossier, "Critères"), "lignes": lignes,
        "restent": sum(ligne["reponse"] is None for ligne in lignes),
        "est_pilote": bool(roles(request.acteur, dossier) & set(PILOTE)),
    }  # fmt: skip
    return render(request, "instruction/criteres.html", contexte, status=statut(soumis) if soumis else 200)


def _trancher(request: HttpRequest, dossier: Dossier, code: str, dit: dict[str, str]) -> None:
    options = {"par": request.acteur, "roles": roles(request.acteur, dossier), "le": timezone.now()}
    oui = dit["reponse"] == "oui"
    if code == "tolerance":
        actes.valider_tolerance(dossier, est_validee=oui, motif=dit["motif"], **options)
        return
    if code in CODES:
        actes.verifier(dossier, code=code, reponse=oui, motif=dit["motif"], **options)
        return
    critere = get_object_or_404(dossier.criteres.select_related("dossier"), code=code)
    actes.qualifier_critere(critere, est_qualifie=oui, qualification=dit["motif"], **options)


@require_http_methods(["GET", "POST"])
def depots(request: HttpRequest, numero: str) -> HttpResponse:
    """`/instruction/<n>/depots/` : ce qui est déposé où, sous quelle référence, ce qui manque (R61, S71)."""
    dossier = dossier_a_instruire(request, numero)
    soumis = _form_de_depot(request) if request.method == "POST" else None
    if soumis and essayer(soumis, lambda: _enregistrer_depot(request, dossier, soumis.cleaned_data)):
        messages.success(request, "Dépôt enregistré.")
        return redirect("instruction_depots", numero)
    lignes = _lignes_de_depot(request, dossier, soumis)
    contexte = {
        "dossier": dossier, "fil": fil(dossier, "Dépôts"), "lignes": lignes,
        "a_faire": sum(1 for ligne in lignes if ligne["etat"] == "a_faire"),
        "remet": bool(roles(request.acteur, dossier) & REMETTENT),
    }  # fmt: skip
    return render(request, "instruction/depots.html", contexte, status=statut(soumis) if soumis else 200)


def _form_de_depot(request: HttpRequest) -> DepotForm | DauphinForm:
    cle = request.POST.get("cle", "")
    return DauphinForm(request.POST, prefix=cle) if cle == "dauphin" else DepotForm(request.POST, prefix=cle)


def _enregistrer_depot(request: HttpRequest, dossier: Dossier, dit: dict[str, Any]) -> None:
    options = {"par": request.acteur, "le": timezone.now()}
    if request.POST.get("cle") == "dauphin":
        siens = roles(request.acteur, dossier)
        actes_dossiers.noter_numero_dauphin(dossier, numero=dit["numero"], roles=siens, **options)
        return
    volets = dossier.demandes.select_related("financeur__commune", "dossier")
    cle = request.POST.get("cle", "")
    demande = get_object_or_404(volets, pk=int(cle) if cle.isdecimal() and len(cle) < 19 else 0)
    actes_dossiers.noter_reference_depot(
        demande, reference=dit["reference"], le_depot=dit["depot_le"],
        roles=roles_sur_demande(request.acteur, demande), **options,
    )  # fmt: skip


def _lignes_de_depot(
    request: HttpRequest, dossier: Dossier, soumis: DepotForm | DauphinForm | None
) -> list[dict[str, Any]]:
    """Les dépôts attendus, chacun avec la boîte où le noter ; puis les volets qui n'en attendent aucun."""
    lues, ecrivent = Reponses(dossier), {*PILOTE, Role.AGENT_FINANCEUR}
    volets = {v.pk: v for v in lues.demandes}
    pilote = bool(roles(request.acteur, dossier) & set(PILOTE))
    lignes: list[dict[str, Any]] = []
    for depot in depots_de(lues, reglement_de(dossier)):
        volet = volets.pop(depot.demande or 0, None)
        cle = str(volet.pk) if volet else "dauphin" if depot.se_note else ""
        peut = bool(roles_sur_demande(request.acteur, volet) & ecrivent) if volet else pilote
        lignes.append(
            {
                "cle": cle, "ou": depot.ou,
                "pourquoi": depot.pour or ("" if depot.est_fait else f"Il faut {depot.quoi}."),
                "reference": depot.reference, "le": depot.le, "etat": depot.etat,
                "peut": peut and depot.se_note,
                "form": DepotForm(prefix=cle) if volet else DauphinForm(prefix=cle),
            }
        )  # fmt: skip
    lignes += [
        {
            "cle": str(v.pk), "ou": v.financeur.nom, "reference": v.reference_depot, "le": v.depot_le,
            "etat": FAIT if v.reference_depot else "sans_objet", "peut": False,
        }
        for v in volets.values()
    ]  # fmt: skip
    for ligne in lignes:
        if soumis is not None and soumis.prefix == ligne["cle"]:
            ligne["form"] = soumis
    return lignes


@require_GET
def historique(request: HttpRequest, numero: str) -> HttpResponse:
    """`/instruction/<n>/historique/` : tout, faits internes compris."""
    dossier = dossier_a_instruire(request, numero)
    page_lue = page_du_journal(request.acteur, dossier, apres=request.GET.get("apres", ""))
    contexte = {
        "dossier": dossier, "fil": fil(dossier, "Historique"), "page": page_lue,
        "evenements": journal(page_lue),
    }  # fmt: skip
    return render(request, "instruction/historique.html", contexte)


@require_GET
def piece(request: HttpRequest, numero: str, cle: str) -> HttpResponse:
    """`/instruction/<n>/pieces/<cle>/` : tracé ; un RIB n'est que pour le service et les finances."""
    dossier = dossier_a_instruire(request, numero)
    lisibles = Piece.objects.visibles_par(request.acteur).select_related("fichier")
    trouvee = get_object_or_404(lisibles, dossier=dossier, fichier__cle=cle)
    tracer(
        par=request.acteur, nature="consultation", chemin=request.path, le=timezone.now(),
        objet=dossier.designation(), raison=trouvee.code,
    )  # fmt: skip
    return servir(trouvee.fichier, telecharger="ouvrir" not in request.GET)
