"""Les pages qui notifient, signent et préparent un paiement, et leurs documents."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ensemblier.comptes.droits import exiger
from ensemblier.comptes.models import Rib
from ensemblier.conventions import actes, documents
from ensemblier.conventions.droits import exiger_lecteur, exiger_sur_volet
from ensemblier.conventions.etats import A_SIGNER
from ensemblier.conventions.forms import ExemplaireForm, MotifForm
from ensemblier.conventions.models import Convention, Notification, Tranche, Versement
from ensemblier.conventions.plan import attribution_courante, prevoir
from ensemblier.conventions.views.commun import (
    LIENS,
    exiger_financeur,
    faire,
    fil_de,
    volet_visible,
    volets_visibles,
)
from ensemblier.dossiers.droits import roles_sur_demande
from ensemblier.dossiers.etats import REFUSEE, VOTEE
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau import calendrier
from ensemblier.noyau.machine import Role
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.fichiers import servir

EXEMPLAIRES = {"projet": "projet", "porteur": "exemplaire_porteur", "signe": "exemplaire_signe"}


@require_safe
def lettre(request: HttpRequest, numero: str, demande: int) -> FileResponse:
    objet = volet_visible(request, numero, demande)
    exiger_lecteur(request.acteur, objet.dossier)
    notification = get_object_or_404(Notification.objects.select_related("lettre"), demande=objet)
    return servir(notification.lettre)


@require_safe
def convention(request: HttpRequest, numero: str, demande: int, exemplaire: str) -> FileResponse:
    objet = volet_visible(request, numero, demande)
    exiger_lecteur(request.acteur, objet.dossier)
    champ = EXEMPLAIRES[exemplaire]
    trouvee = get_object_or_404(
        Convention.objects.select_related(champ), demande=objet, **{f"{champ}__isnull": False}
    )
    return servir(getattr(trouvee, champ))


@require_http_methods(["GET", "HEAD", "POST"])
def notifier(request: HttpRequest, numero: str, demande: int) -> HttpResponse:
    """Relire la décision et ses suites, puis envoyer la lettre."""
    objet = volet_visible(request, numero, demande)
    exiger_financeur(request, objet)
    est_refus = objet.etat == REFUSEE
    if request.method == "POST":
        acte = actes.notifier_refus if est_refus else actes.notifier
        return faire(
            request,
            numero,
            lambda: acte(objet, par=request.acteur, le=timezone.now()),
            "La lettre est partie.",
        )
    contexte: dict[str, Any] = {
        "demande": objet,
        "est_refus": est_refus,
        "fil": fil_de(request, objet, "Notifier"),
    }
    try:
        contexte |= _apercu(objet, est_refus)
    except ActeBloque as refus:
        contexte["raisons"] = refus.raisons
    return render(request, "conventions/notifier.html", contexte)


def _apercu(demande: Demande, est_refus: bool) -> dict[str, Any]:
    jour = timezone.localdate()
    if est_refus:
        return documents.contexte_refus(demande, attribution_courante(demande), jour=jour)
    plan = prevoir(demande)
    return documents.contexte_accord(demande, plan, jour=jour) | {
        "lignes": [*plan.echeancier.lignes, *plan.convention.lignes]
    }


@require_safe
def apercu(request: HttpRequest, numero: str, demande: int) -> HttpResponse:
    """Le PDF exact de la lettre, tel qu'il partirait aujourd'hui."""
    objet = volet_visible(request, numero, demande)
    exiger_financeur(request, objet)
    if objet.etat not in (VOTEE, REFUSEE):
        return redirect("suite_lettre", numero=numero, demande=objet.pk)
    jour = calendrier.jour_de(timezone.now())
    if objet.etat == REFUSEE:
        octets = documents.lettre_de_refus(objet, attribution_courante(objet), jour=jour)
    else:
        octets = documents.lettre_d_accord(objet, prevoir(objet), jour=jour)
    response = HttpResponse(octets, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="apercu-{numero}.pdf"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def lot(request: HttpRequest) -> HttpResponse:
    """Notifier plusieurs décisions : les chiffres d'abord, les lettres ensuite (É14)."""
    exiger(request.acteur, Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AGENT_FINANCEUR)
    choisies = request.POST if request.method == "POST" else request.GET
    cles = [int(c) for c in choisies.getlist("choix") if c.isdecimal() and len(c) < 19]
    demandes = [
        d
        for d in volets_visibles(request)
        .filter(pk__in=cles, etat__in=(VOTEE, REFUSEE))
        .order_by("dossier__numero")
        if Role.AGENT_FINANCEUR in roles_sur_demande(request.acteur, d)
    ]
    if request.method == "POST":
        fait = actes.notifier_lot(demandes, par=request.acteur, le=timezone.now())
        return render(
            request,
            "conventions/lot_fait.html",
            {"lot": fait, "fil": [("Suites", reverse("suites")), ("Lot de notifications", "")]},
        )
    accords = [d for d in demandes if d.etat == VOTEE]
    contexte = {
        "demandes": demandes,
        "nombre_choisies": len(set(cles)),
        "accords": len(accords),
        "refus": len(demandes) - len(accords),
        "total": sum(d.vote or 0 for d in accords),
        "fil": [("Suites", reverse("suites")), ("Lot de notifications", "")],
    }
    return render(request, "conventions/lot.html", contexte)


@require_http_methods(["GET", "HEAD", "POST"])
def signer(request: HttpRequest, numero: str, demande: int) -> HttpResponse:
    """Déposer l'exemplaire signé : le porteur d'abord, le financeur ensuite."""
    objet = volet_visible(request, numero, demande)
    siens = exiger_lecteur(request.acteur, objet.dossier)
    acte_de = get_object_or_404(Convention, demande=objet)
    acte_de.demande = objet
    acte = actes.signer_porteur if acte_de.etat == A_SIGNER else actes.signer_financeur
    form = ExemplaireForm(request.POST or None, request.FILES or None)
    raisons: tuple[str, ...] = ()
    if form.is_valid():
        try:
            acte(acte_de, exemplaire=form.cleaned_data["exemplaire"], par=request.acteur, le=timezone.now())
            messages.success(request, "L'exemplaire signé est déposé.")
            return redirect("suite", numero=numero)
        except ActeBloque as refus:
            raisons = refus.raisons
    contexte = {
        "demande": objet,
        "convention": acte_de,
        "form": form,
        "raisons": raisons,
        "peut_signer": _peut_signer(request, acte_de, siens),
        "fil": fil_de(request, objet, "Signer"),
    }
    return render(
        request, "conventions/signer.html", contexte, status=422 if request.method == "POST" else 200
    )


def _peut_signer(request: HttpRequest, acte: Convention, siens: set[Role]) -> bool:
    if acte.etat != A_SIGNER:
        siens = roles_sur_demande(request.acteur, acte.demande)
    return bool(acte.machine.possibles(etat=acte.etat, roles=siens))


def _versement(request: HttpRequest, numero: str, versement: int) -> Versement:
    visibles = Dossier.objects.visibles_par(request.acteur).filter(numero=numero)
    liens = [f"tranche__demande__{lien}" for lien in ("financeur", *LIENS)]
    return get_object_or_404(
        Versement.objects.filter(tranche__demande__dossier__in=visibles).select_related(*liens), pk=versement
    )


@require_POST
def preparer(request: HttpRequest, numero: str, tranche: int) -> HttpResponse:
    visibles = Dossier.objects.visibles_par(request.acteur).filter(numero=numero)
    liens = [f"demande__{lien}" for lien in ("financeur", *LIENS)]
    objet = get_object_or_404(
        Tranche.objects.filter(demande__dossier__in=visibles).select_related(*liens), pk=tranche
    )
    return faire(
        request, numero, lambda: actes.preparer_versement(objet, par=request.acteur, le=timezone.now()),
        "Le versement est préparé. Une autre personne le certifie.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def certifier(request: HttpRequest, numero: str, versement: int) -> HttpResponse:
    """Ce qui va être payé, à qui, sur quel compte, préparé par qui : relu, puis certifié."""
    objet = _versement(request, numero, versement)
    if request.method == "POST":
        return faire(
            request, numero, lambda: actes.certifier_versement(objet, par=request.acteur, le=timezone.now()),
            "Le versement est certifié. Il peut être payé.",
        )  # fmt: skip
    demande = objet.tranche.demande
    exiger_sur_volet(request.acteur, demande, Role.FINANCES, quoi="Certifier le versement")
    contexte = {
        "versement": objet,
        "demande": demande,
        "rib": Rib.objects.filter(organisme=demande.dossier.organisme).first(),
        "a_prepare": objet.prepare_par == request.acteur.utilisateur,
        "fil": fil_de(request, demande, "Certifier un versement"),
    }
    return render(request, "conventions/certifier.html", contexte)


@require_http_methods(["GET", "HEAD", "POST"])
def annuler(request: HttpRequest, numero: str, versement: int) -> HttpResponse:
    objet = _versement(request, numero, versement)
    exiger_sur_volet(request.acteur, objet.tranche.demande, Role.FINANCES, quoi="Annuler le versement")
    form = MotifForm(request.POST or None)
    if form.is_valid():
        motif = form.cleaned_data["motif"]
        return faire(
            request, numero,
            lambda: actes.annuler_versement(objet, motif=motif, par=request.acteur, le=timezone.now()),
            "Le versement est annulé. La tranche reste à payer.",
        )  # fmt: skip
    contexte = {
        "versement": objet,
        "form": form,
        "fil": fil_de(request, objet.tranche.demande, "Annuler un versement"),
    }
    return render(
        request, "conventions/annuler.html", contexte, status=422 if request.method == "POST" else 200
    )
