"""Les pages du bilan (É16) et ce qui suit : payer un solde, réclamer et rendre un trop-perçu."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from ensemblier.bilans import actes, calculs, controles
from ensemblier.bilans.etats import A_CORRIGER, ATTENDU, DEPOSE
from ensemblier.bilans.forms import (
    BilanForm,
    CorrectionForm,
    EncaissementForm,
    MotifForm,
    ObservationsForm,
    PaiementForm,
)
from ensemblier.bilans.models import Bilan, Decompte, Reversement
from ensemblier.conventions.droits import PORTEUR, exiger_lecteur, exiger_sur_volet, fil_des_suites
from ensemblier.conventions.models import Tranche, Versement
from ensemblier.dossiers.etats import ACCORDS, VOTEE
from ensemblier.dossiers.models import Demande, Dossier, Obligation
from ensemblier.noyau import calendrier, cerfa, montants
from ensemblier.noyau.machine import Role
from ensemblier.registre.actes import ActeBloque

_DEMANDE = ("financeur", "dossier__organisme", "dossier__territoire", "dossier__appel__reglement")


def _dossier(request: HttpRequest, numero: str) -> Dossier:
    visibles = Dossier.objects.visibles_par(request.acteur)
    return get_object_or_404(visibles.select_related("organisme", "territoire", "appel"), numero=numero)


def _demande(request: HttpRequest, numero: str, demande: int) -> Demande:
    visibles = Dossier.objects.visibles_par(request.acteur).filter(numero=numero)
    volets = Demande.objects.filter(dossier__in=visibles).select_related(*_DEMANDE)
    return get_object_or_404(volets, pk=demande)


def _fil(request: HttpRequest, numero: str, page: str) -> list[tuple[str, str]]:
    return fil_des_suites(request.acteur, numero, page)


def _bilan_attendu(request: HttpRequest, dossier: Dossier) -> Bilan:
    """Le bilan du dossier ; pas encore ouvert par la tâche, il se lit vide, avec son échéance."""
    bilan = Bilan.objects.filter(dossier=dossier).first()
    if bilan is None:
        obligation = get_object_or_404(Obligation, dossier=dossier)
        bilan = Bilan(dossier=dossier, echeance=obligation.echeance)
    bilan.dossier = dossier
    return bilan


@require_http_methods(["GET", "HEAD", "POST"])
def bilan(request: HttpRequest, numero: str) -> HttpResponse:
    """`/suites/<n>/bilan/` : promis, réalisé, écart, et le solde que cela donne."""
    dossier = _dossier(request, numero)
    siens = exiger_lecteur(request.acteur, dossier)
    attendu = _bilan_attendu(request, dossier)
    if not siens & PORTEUR or (attendu.pk and attendu.etat not in (ATTENDU, A_CORRIGER)):
        return redirect("suite_bilan_lecture", numero=numero)
    form = BilanForm(request.POST or None, instance=attendu, dossier=dossier)
    raisons: list[tuple[str, str]] = []
    if request.method == "POST" and form.is_valid() and request.POST.get("faire") != "recalculer":
        attendu, raisons = _enregistrer(request, dossier, form)
        if not raisons:
            return redirect(
                "suite_bilan" if request.POST.get("faire") != "envoyer" else "suite", numero=numero
            )
    echec = request.method == "POST" and (bool(raisons) or not form.is_valid())
    form.dire_l_attendu()
    contexte = {
        "dossier": dossier,
        "bilan": attendu,
        "form": form,
        "raisons": raisons,
        "retard": max((timezone.localdate() - attendu.echeance).days, 0),
        "ages": form.groupe("age_"),
        "quartiers": form.groupe("quartier_"),
        "peut_envoyer": Role.SIGNATAIRE in siens,
        "fil": _fil(request, numero, "Bilan"),
        **_calcul(dossier, form, attendu),
    }
    return render(request, "bilans/bilan.html", contexte, status=422 if echec else 200)


def _enregistrer(
    request: HttpRequest, dossier: Dossier, form: BilanForm
) -> tuple[Bilan, list[tuple[str, str]]]:
    """Enregistre, puis envoie si c'est demandé ; rend ce qui empêche l'envoi, champ par champ."""
    le = timezone.now()
    garde = actes.ouvrir_bilan(dossier, par=request.acteur, le=le)
    garde.dossier = dossier
    actes.enregistrer_bilan(
        garde,
        champs=form.champs(),
        charges=form.montants(calculs.CHARGE),
        produits=form.montants(calculs.PRODUIT),
        par=request.acteur,
        le=le,
    )
    if request.POST.get("faire") != "envoyer":
        messages.success(request, "Le bilan est enregistré. Vous pouvez le reprendre plus tard.")
        return garde, []
    prevues, realisees = calculs.charges_prevues(dossier), calculs.charges_realisees(garde)
    if trouves := controles.defauts(garde, prevues=prevues, realisees=realisees):
        return garde, [(_ancre(champ, form), phrase) for champ, phrase in trouves]
    actes.deposer_bilan(garde, par=request.acteur, le=le)
    messages.success(request, "Votre bilan est envoyé. Le service le lit et vous répond.")
    return garde, []


def _ancre(champ: str, form: BilanForm) -> str:
    if champ == "depenses":
        return "depenses"
    if champ in ("ages", "par_quartier"):
        return champ
    return form[champ].auto_id


def _calcul(dossier: Dossier, form: BilanForm, attendu: Bilan) -> dict[str, Any]:
    """Le solde prévu de chaque volet, d'après ce qui est à l'écran (K9)."""
    realisees = form.montants(calculs.CHARGE) if form.is_bound else calculs.charges_realisees(attendu)
    realisation = (
        form.cleaned_data.get("realisation") if form.is_bound and form.is_valid() else attendu.realisation
    )
    if realisation == Bilan.Realisation.NULLE:
        realisees = {}
    return _soldes(dossier, realisees) | {
        "lignes_charges": _avec_ecarts(form.lignes(calculs.CHARGE), realisees),
        "lignes_produits": form.lignes(calculs.PRODUIT),
        "rien_saisi": not realisees and realisation != Bilan.Realisation.NULLE,
    }


def _avec_ecarts(lignes: list[dict[str, Any]], realisees: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    for ligne in lignes:
        prevu = ligne["prevu"] or calculs.ZERO
        saisi = realisees.get(ligne["compte"])
        ligne["ecart"] = calculs.Ecart(ligne["compte"], prevu, saisi) if saisi is not None else None
    return lignes


def _soldes(dossier: Dossier, realisees: Mapping[str, Decimal]) -> dict[str, Any]:
    prevues = calculs.charges_prevues(dossier)
    volets = Demande.objects.filter(dossier=dossier, etat__in=ACCORDS).exclude(etat=VOTEE)
    soldes = [
        {"demande": v, "solde": calculs.decompte(v, prevues=prevues, realisees=realisees)}
        for v in volets.select_related("financeur")
    ]
    return {
        "soldes": soldes,
        "cout_reel": montants.assiette(charges=realisees),
        "assiette": montants.assiette(charges=prevues),
    }


@require_POST
def calculer(request: HttpRequest, numero: str) -> HttpResponse:
    """Le solde recalculé pendant la saisie : rien n'est enregistré."""
    dossier = _dossier(request, numero)
    exiger_lecteur(request.acteur, dossier)
    attendu = _bilan_attendu(request, dossier)
    form = BilanForm(request.POST, instance=attendu, dossier=dossier)
    form.is_valid()
    return render(request, "bilans/solde.html", _calcul(dossier, form, attendu))


@require_http_methods(["GET", "HEAD", "POST"])
def lecture(request: HttpRequest, numero: str) -> HttpResponse:
    """`/suites/<n>/bilan/lecture/` : le bilan en texte ; l'agent le valide ou demande une correction."""
    dossier = _dossier(request, numero)
    siens = exiger_lecteur(request.acteur, dossier)
    rendu = _bilan_attendu(request, dossier)
    peut_juger = rendu.etat == DEPOSE and bool(siens & {Role.INSTRUCTEUR, Role.RESPONSABLE})
    form = CorrectionForm(request.POST if request.POST.get("faire") == "corriger" else None)
    raisons: tuple[str, ...] = ()
    if request.method == "POST":
        try:
            if _juger(request, rendu, form):
                return redirect("suite", numero=numero)
        except ActeBloque as refus:
            raisons = refus.raisons
    realisees = calculs.charges_realisees(rendu)
    contexte = {
        "dossier": dossier,
        "bilan": rendu,
        "form": form,
        "peut_juger": peut_juger,
        "raisons": raisons,
        "est_porteur": bool(siens & PORTEUR),
        "alertes": controles.alertes(rendu),
        "ecarts": _nommes(calculs.ecarts(calculs.charges_prevues(dossier), realisees)),
        "ressources": _nommes(
            calculs.ecarts(calculs.produits_prevus(dossier), calculs.produits_realises(rendu))
        ),
        "fil": _fil(request, numero, "Bilan"),
        **_soldes(dossier, realisees),
    }
    return render(request, "bilans/lecture.html", contexte, status=422 if request.method == "POST" else 200)


def _nommes(ecarts: list[calculs.Ecart]) -> list[tuple[str, calculs.Ecart]]:
    return [(cerfa.libelle(e.compte), e) for e in ecarts]


def _juger(request: HttpRequest, rendu: Bilan, form: CorrectionForm) -> bool:
    le = timezone.now()
    if request.POST.get("faire") == "valider":
        actes.valider(rendu, par=request.acteur, le=le)
        messages.success(request, "Le bilan est validé. Le dû de chaque financeur est calculé.")
        return True
    if form.is_valid():
        actes.faire_corriger(rendu, motif=form.cleaned_data["motif"], par=request.acteur, le=le)
        messages.success(request, "La correction est demandée au porteur.")
        return True
    return False


def _page_d_acte(
    request: HttpRequest,
    numero: str,
    form: Any,
    acte: Callable[[dict[str, Any]], object],
    *,
    titre: str,
    phrase: str,
    bouton: str,
    reussite: str,
    danger: bool = False,
) -> HttpResponse:
    """Un formulaire court, un acte, retour au dossier ; un refus s'écrit sur la page, la saisie gardée."""
    raisons: tuple[str, ...] = ()
    if form.is_valid():
        try:
            acte(form.cleaned_data)
            messages.success(request, reussite)
            return redirect("suite", numero=numero)
        except ActeBloque as refus:
            raisons = refus.raisons
    contexte = {
        "form": form, "raisons": raisons, "titre": titre, "phrase": phrase, "bouton": bouton,
        "danger": danger, "numero": numero, "fil": _fil(request, numero, titre),
    }  # fmt: skip
    return render(request, "bilans/acte.html", contexte, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def payer(request: HttpRequest, numero: str, versement: int) -> HttpResponse:
    visibles = Dossier.objects.visibles_par(request.acteur).filter(numero=numero)
    liens = [f"tranche__demande__{lien}" for lien in _DEMANDE]
    objet = get_object_or_404(
        Versement.objects.filter(tranche__demande__dossier__in=visibles).select_related(*liens), pk=versement
    )
    exiger_sur_volet(request.acteur, objet.tranche.demande, Role.FINANCES, quoi="Constater le paiement")
    return _page_d_acte(
        request,
        numero,
        PaiementForm(request.POST or None),
        lambda lu: actes.payer_versement(objet, **lu, par=request.acteur, le=timezone.now()),
        titre="Constater le paiement",
        phrase=f"{montants.en_francais(objet.montant)} à {objet.tranche.demande.dossier.organisme.nom}.",
        bouton="Constater le paiement",
        reussite="Le paiement est constaté. Le porteur en est averti.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def constater(request: HttpRequest, numero: str, tranche: int) -> HttpResponse:
    visibles = Dossier.objects.visibles_par(request.acteur).filter(numero=numero)
    liens = [f"demande__{lien}" for lien in _DEMANDE]
    objet = get_object_or_404(
        Tranche.objects.filter(demande__dossier__in=visibles).select_related(*liens), pk=tranche
    )
    exiger_sur_volet(request.acteur, objet.demande, Role.FINANCES, quoi="Constater le paiement")
    return _page_d_acte(
        request,
        numero,
        PaiementForm(request.POST or None),
        lambda lu: actes.constater_versement(objet, **lu, par=request.acteur, le=timezone.now()),
        titre="Constater un paiement fait ailleurs",
        phrase=f"{montants.en_francais(objet.montant)} payés par {objet.demande.financeur.nom}.",
        bouton="Constater le paiement",
        reussite="Le paiement est constaté. Le porteur en est averti.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def reclamer(request: HttpRequest, numero: str, demande: int) -> HttpResponse:
    objet = _demande(request, numero, demande)
    exiger_sur_volet(request.acteur, objet, Role.AGENT_FINANCEUR, quoi="Demander un reversement")
    return _page_d_acte(
        request,
        numero,
        MotifForm(request.POST or None),
        lambda lu: actes.ouvrir_reversement(objet, motif=lu["motif"], par=request.acteur, le=timezone.now()),
        titre="Demander un reversement",
        phrase=_trop_percu(objet),
        bouton="Envoyer le projet de reversement",
        reussite="Le projet de reversement est envoyé au porteur.",
    )


def _trop_percu(demande: Demande) -> str:
    """Ce qui sera réclamé, à qui, et ce que le porteur peut en dire, avant l'envoi (B17)."""
    decompte = Decompte.objects.filter(demande=demande).first()
    somme = montants.en_francais(decompte.trop_percu) if decompte else "Aucun trop-perçu"
    return (
        f"{somme} à rendre par {demande.dossier.organisme.nom}. "
        "Le porteur reçoit ce projet et a 15 jours pour répondre avant toute décision."
    )


_SUITES_DU_REVERSEMENT: dict[str, tuple[type, Callable[..., object], str, str, str]] = {
    "observer": (
        ObservationsForm, actes.observer, "Répondre au projet de reversement", "Envoyer mes observations",
        "Vos observations sont envoyées.",
    ),
    "decider": (
        MotifForm, actes.decider_reversement, "Décider le reversement", "Décider le reversement",
        "La décision est prise et envoyée.",
    ),
    "abandonner": (
        MotifForm, actes.abandonner_reversement, "Abandonner le reversement", "Abandonner le reversement",
        "Rien n'est réclamé. Le volet est soldé.",
    ),
    "encaisser": (
        EncaissementForm, actes.encaisser_reversement, "Constater l'encaissement",
        "Constater l'encaissement", "La somme est rendue.",
    ),
}  # fmt: skip


_QUI_REVERSE: dict[str, tuple[Role, ...]] = {
    "observer": (Role.REDACTEUR, Role.SIGNATAIRE),
    "decider": (Role.AGENT_FINANCEUR,),
    "abandonner": (Role.AGENT_FINANCEUR,),
    "encaisser": (Role.FINANCES,),
}


@require_http_methods(["GET", "HEAD", "POST"])
def reversement(request: HttpRequest, numero: str, demande: int, faire: str) -> HttpResponse:
    volet = _demande(request, numero, demande)
    objet = get_object_or_404(Reversement, demande=volet)
    objet.demande = volet
    formulaire, acte, titre, bouton, reussite = _SUITES_DU_REVERSEMENT[faire]
    exiger_sur_volet(request.acteur, volet, *_QUI_REVERSE[faire], quoi=titre)
    return _page_d_acte(
        request,
        numero,
        formulaire(request.POST or None),
        lambda lu: acte(objet, **lu, par=request.acteur, le=timezone.now()),
        titre=titre,
        phrase=_dit_du_reversement(objet, faire),
        bouton=bouton,
        reussite=reussite,
        danger=faire == "abandonner",
    )


def _dit_du_reversement(objet: Reversement, faire: str) -> str:
    """La somme et son motif ; qui décide lit d'abord ce que le porteur a répondu."""
    dit = f"{montants.en_francais(objet.montant)}. {objet.motif}"
    if faire not in ("decider", "abandonner"):
        return dit
    if objet.observations:
        return f"{dit} Le porteur répond : « {objet.observations} »"
    limite = calendrier.en_francais(objet.reponse_avant_le)
    return f"{dit} Le porteur n'a pas répondu ; il le peut jusqu'au {limite}."
