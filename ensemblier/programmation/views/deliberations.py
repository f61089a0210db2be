"""Enregistrer un acte (É14) : choisir chaque ligne, vérifier les totaux, joindre l'acte signé, son annexe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import exiger
from ensemblier.dossiers.droits import roles_sur_financeur
from ensemblier.dossiers.etats import (
    APRES_LETTRE,
    DECIDE,
    ECARTEE,
    EN_ATTENTE,
    NON_RECEVABLE,
    PROGRAMMEE,
    RECEVABLE,
    VOTEE,
)
from ensemblier.dossiers.models import Demande, Dossier, Renoncement
from ensemblier.instruction.droits import exiger_sa_ligne
from ensemblier.instruction.views.commun import essayer, jouer
from ensemblier.interface.champs import EurosFormField, somme
from ensemblier.noyau.machine import Role
from ensemblier.programmation import actes
from ensemblier.programmation.actes import Decision
from ensemblier.programmation.forms import ActeSigneForm, DeliberationForm
from ensemblier.programmation.models import Deliberation, Enveloppe, Inscription
from ensemblier.programmation.views.lecteurs import appel_de
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.fichiers import servir
from ensemblier.registre.models import Fichier
from ensemblier.territoires.models import Financeur

A_DECIDER = (PROGRAMMEE, ECARTEE, EN_ATTENTE, NON_RECEVABLE)
ACCORD, REFUS, MODIFIER = "accord", "refus", "modifier"
ZERO = Decimal("0.00")
PAR_PAGE = 50
LECTEURS_DES_ACTES = (
    Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR, Role.FINANCES, Role.AGENT_FINANCEUR,
    Role.REFERENT_COMMUNAL,
)  # fmt: skip


@dataclass(slots=True)
class Ligne:
    """Un volet à décider, tel que saisi : accord avec son montant, refus avec son motif, ou pas encore."""

    volet: Demande
    choix: str
    montant: str
    motif: str
    renoncement: Renoncement | None = None
    erreur: str = ""

    @property
    def est_votee(self) -> bool:
        """Un accord pas encore notifié : un acte modificatif peut en changer le montant."""
        return self.volet.etat == VOTEE

    @property
    def est_notifiee(self) -> bool:
        """Une aide qui a créé des droits : l'acte qui en change le montant est un avenant."""
        return self.volet.etat in APRES_LETTRE

    @property
    def peut_accorder(self) -> bool:
        return self.volet.etat == PROGRAMMEE


@require_safe
def liste(request: HttpRequest) -> HttpResponse:
    """`/programmation/deliberations/` : chaque acte, ce qu'il accorde, ce qui lui manque."""
    acteur = exiger(request.acteur, *LECTEURS_DES_ACTES)
    tous = Deliberation.objects.visibles_par(acteur)
    if appel := request.GET.get("appel", ""):
        tous = tous.filter(appel__code=appel)
    lus = list(
        tous.filter(_apres(request.GET.get("apres", "")))
        .select_related("appel", "financeur")
        .defer("appel__projet", "appel__chapo")
        .annotate(
            accords=Count("attributions", filter=Q(attributions__montant__gt=0)),
            refus=Count("attributions", filter=Q(attributions__montant=0)),
            total=somme("attributions__montant"),
        )
        .order_by("-le", "-pk")[: PAR_PAGE + 1]
    )
    page, dernier = lus[:PAR_PAGE], lus[PAR_PAGE - 1] if len(lus) > PAR_PAGE else None
    appels = Appel.objects.filter(territoire=request.territoire).publies()
    contexte = {
        "que_les_miens": not acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR),
        "actes": page, "nombre": tous.count(), "appel": appel,
        "appels": list(appels.values_list("code", "titre_court")),
        "suivant": _suivant(appel, dernier) if dernier else "",
        "fil": [("Programmation", "/programmation/"), ("Délibérations", "")],
    }  # fmt: skip
    return render(request, "programmation/deliberations.html", contexte)


def _suivant(appel: str, dernier: Deliberation) -> str:
    return f"?{urlencode({'appel': appel, 'apres': f'{dernier.le}_{dernier.pk}'})}"


def _apres(cle: str) -> Q:
    """La suite d'une page, de la plus récente à la plus ancienne ; une clé illisible est le début."""
    jour, _, pk = cle.partition("_")
    try:
        le, rang = date.fromisoformat(jour), int(pk[:18])
    except ValueError:
        return Q()
    return Q(le__lt=le) | Q(le=le, pk__lt=rang)


@require_http_methods(["GET", "POST"])
def nouvelle(request: HttpRequest, appel: str, financeur: str) -> HttpResponse:
    """`/programmation/deliberations/nouvelle/<appel>/<financeur>/` ; `?avenant=<numéro>` ne coche que lui."""
    lu = appel_de(request, appel)
    ligne = get_object_or_404(
        Financeur.objects.select_related("commune"), territoire=request.territoire, code=financeur
    )
    exiger_sa_ligne(request.acteur, ligne, "Enregistrer une délibération")
    form = DeliberationForm(request.POST or None, request.FILES or None)
    lignes = _lignes(request, lu, ligne)
    creees: list[Deliberation] = []
    if request.method == "POST":
        if essayer(form, lambda: creees.append(_enregistrer(request, lu, ligne, form, lignes))):
            messages.success(request, f"Acte {creees[0].numero} enregistré.")
            return redirect("deliberation", creees[0].pk)
        _dire_sur_chaque_ligne(form, lignes)
    enveloppe = Enveloppe.objects.filter(appel=lu, financeur=ligne).first()
    contexte = {
        "appel": lu, "financeur": ligne, "form": form, "enveloppe": enveloppe,
        "lignes": [x for x in lignes if not x.est_votee and not x.est_notifiee],
        "votees": [x for x in lignes if x.est_votee],
        "notifiees": [x for x in lignes if x.est_notifiee],
        "avenants_ouverts": any(x.est_notifiee and (x.renoncement or x.choix) for x in lignes),
        "programme": sum((x.volet.propose or ZERO for x in lignes if x.peut_accorder), ZERO),
        "fil": [("Programmation", "/programmation/"), (lu.titre_court, f"/programmation/{lu.code}/"),
                ("Délibération", "")],
    }  # fmt: skip
    code = 422 if form.is_bound and form.errors else 200
    return render(request, "programmation/deliberation_nouvelle.html", contexte, status=code)


def _lignes(request: HttpRequest, appel: Appel, financeur: Financeur) -> list[Ligne]:
    """Les volets que l'acte décide ou change, préremplis de ce qui en a été dit ; trois requêtes."""
    visibles = Dossier.objects.a_juger_par(request.acteur).filter(appel=appel, etat__in=(RECEVABLE, DECIDE))
    volets = list(
        Demande.objects.filter(
            Q(etat__in=A_DECIDER, dossier__etat=RECEVABLE) | Q(etat__in=(VOTEE, *APRES_LETTRE)),
            financeur=financeur, dossier__in=visibles.values("pk"),
        )
        .select_related(
            "dossier__organisme", "dossier__appel__reglement", "dossier__reglement", "dossier__territoire",
            "financeur__commune", "dispositif",
        )
        .order_by("dossier__numero", "pk")
    )  # fmt: skip
    dossiers = [v.dossier_id for v in volets]
    decidees = Inscription.objects.filter(dossier__in=dossiers).exclude(motif="").order_by("decidee_le")
    motifs = dict(decidees.values_list("dossier_id", "motif"))
    renoncements = {r.demande_id: r for r in Renoncement.objects.ouverts().filter(demande__in=volets)}
    return [_ligne(request, v, motifs.get(v.dossier_id, ""), renoncements.get(v.pk)) for v in volets]


def _ligne(request: HttpRequest, volet: Demande, motif: str, renoncement: Renoncement | None) -> Ligne:
    if request.method == "POST":
        dit = partial(_dit, request, volet.pk)
        return Ligne(volet, dit("choix"), dit("montant"), dit("motif"), renoncement)
    avenant = request.GET.get("avenant", "")
    if renoncement:
        choix = MODIFIER if volet.dossier.numero == avenant else ""
        dite = str(renoncement.montant).replace(".", ",")
        return Ligne(volet, choix, dite, renoncement.motif, renoncement)
    if avenant:
        return Ligne(volet, "", str(volet.vote or volet.propose or "").replace(".", ","), motif)
    if volet.etat == PROGRAMMEE:
        return Ligne(volet, ACCORD, str(volet.propose or "").replace(".", ","), "")
    if volet.etat in (VOTEE, *APRES_LETTRE):
        return Ligne(volet, "", str(volet.vote or "").replace(".", ","), "")
    return Ligne(volet, "" if volet.etat == EN_ATTENTE else REFUS, "", motif)


def _dit(request: HttpRequest, pk: int, champ: str) -> str:
    return str(request.POST.get(f"{champ}-{pk}", "")).strip()


def _decisions(lignes: list[Ligne]) -> list[Decision]:
    """Ce qui est coché, lu ; un montant illisible arrête tout et se dit sur sa ligne."""
    champ, decisions = EurosFormField(), []
    for ligne in lignes:
        try:
            if ligne.choix in (ACCORD, MODIFIER):
                decisions.append(Decision(ligne.volet, champ.clean(ligne.montant), ligne.motif))
            elif ligne.choix == REFUS:
                decisions.append(Decision(ligne.volet, None, ligne.motif))
        except ValidationError as erreur:
            ligne.erreur = " ".join(erreur.messages)
    if fautes := [f"{x.volet.dossier.numero} : {x.erreur}" for x in lignes if x.erreur]:
        raise ActeBloque(*fautes)
    return decisions


def _dire_sur_chaque_ligne(form: DeliberationForm, lignes: list[Ligne]) -> None:
    """Ce qui concerne un dossier se lit aussi sur sa ligne, même quand c'est le numéro qui manque."""
    if not form.non_field_errors():
        try:
            _decisions(lignes)
        except ActeBloque as refus:
            for raison in refus.raisons:
                form.add_error(None, raison)
    for ligne in lignes:
        numero = ligne.volet.dossier.numero
        raisons = [r.removeprefix(numero) for r in form.non_field_errors() if r.startswith(numero)]
        ligne.erreur = " ".join(capfirst(r.lstrip(" \N{NO-BREAK SPACE}:")) for r in raisons)


def _enregistrer(
    request: HttpRequest, appel: Appel, financeur: Financeur, form: DeliberationForm, lignes: list[Ligne]
) -> Deliberation:
    """L'acte et son fichier passent ensemble ; l'annexe s'écrit après, hors de la transaction."""
    dits, options = form.cleaned_data, {"par": request.acteur, "le": timezone.now()}
    with transaction.atomic():
        acte = actes.enregistrer_deliberation(
            financeur, appel, numero=dits["numero"], votee_le=dits["votee_le"],
            decisions=_decisions(lignes), annexe=False, **options,
        )  # fmt: skip
        if dits["acte_signe"]:
            actes.joindre_l_acte_signe(acte, fichier=dits["acte_signe"], **options)
    actes.annexer(acte, **options)
    return acte


def _deliberation(request: HttpRequest, pk: int) -> Deliberation:
    visibles = Deliberation.objects.visibles_par(request.acteur)
    complete = visibles.select_related("appel", "financeur__commune", "territoire", "acte_signe", "annexe")
    return get_object_or_404(complete, pk=pk)


@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """`/programmation/deliberations/<id>/` : l'acte, ses lignes, et l'égalité de l'annexe et du tableau."""
    return _page(request, _deliberation(request, pk), ActeSigneForm())


def _page(request: HttpRequest, acte: Deliberation, form: ActeSigneForm) -> HttpResponse:
    attributions = list(
        acte.attributions.select_related(
            "demande__dossier__organisme", "remplace__deliberation", "remplacante__deliberation"
        ).order_by("demande__dossier__numero")
    )
    annexe = sum((a.montant for a in attributions), ZERO)
    en_vigueur = [a for a in attributions if a.remplacee_le is None]
    tableau = sum((a.demande.vote or ZERO for a in en_vigueur), ZERO)
    contexte: dict[str, Any] = {
        "acte": acte, "form": form, "annexe": annexe,
        "ecart": sum((a.montant for a in en_vigueur), ZERO) - tableau,
        "accords": [a for a in attributions if a.montant],
        "refus": [a for a in attributions if not a.montant],
        "peut_ecrire": _est_sa_ligne(request, acte),
        "fil": [("Programmation", "/programmation/"),
                (acte.appel.titre_court, f"/programmation/{acte.appel.code}/"), (acte.numero, "")],
    }  # fmt: skip
    code = 422 if form.is_bound and form.errors else 200
    return render(request, "programmation/deliberation.html", contexte, status=code)


def _est_sa_ligne(request: HttpRequest, acte: Deliberation) -> bool:
    return Role.AGENT_FINANCEUR in roles_sur_financeur(request.acteur, acte.financeur)


@require_POST
def joindre(request: HttpRequest, pk: int) -> HttpResponse:
    acte = _deliberation(request, pk)
    form = ActeSigneForm(request.POST, request.FILES)
    options = {"par": request.acteur, "le": timezone.now()}
    if essayer(
        form, lambda: actes.joindre_l_acte_signe(acte, fichier=form.cleaned_data["acte_signe"], **options)
    ):
        messages.success(request, "Acte signé joint.")
        return redirect("deliberation", pk)
    return _page(request, acte, form)


@require_POST
def produire_l_annexe(request: HttpRequest, pk: int) -> HttpResponse:
    """Si une panne a suivi l'enregistrement, l'annexe se produit ici."""
    acte = _deliberation(request, pk)
    produire = partial(actes.annexer, acte, par=request.acteur, le=timezone.now())
    return jouer(request, produire, fait="Annexe écrite.", vers="deliberation", pk=pk)


@require_safe
def fichier(request: HttpRequest, pk: int, lequel: str) -> HttpResponse:
    """L'annexe ou l'acte signé."""
    acte = _deliberation(request, pk)
    voulu: Fichier | None = {"annexe.pdf": acte.annexe, "acte": acte.acte_signe}.get(lequel)
    if voulu is None:
        raise Http404
    return servir(voulu)
