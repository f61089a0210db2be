"""Les pages qui changent une aide notifiée : renoncer, notifier l'avenant, le signer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ensemblier.conventions import actes, documents
from ensemblier.conventions.droits import exiger_lecteur
from ensemblier.conventions.etats import A_SIGNER, SIGNEE, SIGNEE_PORTEUR
from ensemblier.conventions.forms import AvenantSigneForm, RenoncementForm
from ensemblier.conventions.gardes import avenants_en_attente
from ensemblier.conventions.models import Avenant, Convention
from ensemblier.conventions.plan import prevoir
from ensemblier.conventions.views.commun import LIENS, exiger_financeur, faire, fil_de, volet_visible
from ensemblier.dossiers import actes as dossiers
from ensemblier.dossiers.droits import roles, roles_sur_demande
from ensemblier.dossiers.etats import APRES_LETTRE
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.instruction.droits import exiger_role
from ensemblier.instruction.views.commun import essayer, statut
from ensemblier.noyau import calendrier
from ensemblier.noyau.machine import Role
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.fichiers import servir

EXEMPLAIRES = {
    "lettre": "lettre", "projet": "projet", "porteur": "exemplaire_porteur", "signe": "exemplaire_signe",
}  # fmt: skip
CHANGE_DEJA = (
    "Un acte change déjà le montant de cette aide. Attendez sa lettre, et la signature de l'avenant s'il y a "
    "une convention : vous pourrez ensuite renoncer à une partie."
)


def _roles(request: HttpRequest, demande: Demande) -> set[Role]:
    """Signataire de l'organisme, ou agent de ce financeur ; ailleurs, un refus qui dit pourquoi."""
    siens = roles(request.acteur, demande.dossier)
    if Role.SIGNATAIRE not in siens:
        siens = roles_sur_demande(request.acteur, demande)
    exiger_role(siens, (Role.SIGNATAIRE, Role.AGENT_FINANCEUR), "Renoncer à une partie de l'aide")
    return siens


@require_http_methods(["GET", "HEAD", "POST"])
def renoncer(request: HttpRequest, numero: str, demande: int) -> HttpResponse:
    """Le porteur dit que l'aide peut baisser ; un agent le note avec sa lettre."""
    objet = volet_visible(request, numero, demande)
    siens = _roles(request, objet)
    if avenants_en_attente([objet]):
        messages.error(request, CHANGE_DEJA)
        return redirect("suite", numero=numero)
    form = RenoncementForm(
        request.POST or None, request.FILES or None, avec_lettre=Role.SIGNATAIRE not in siens
    )
    if request.method == "POST" and essayer(
        form,
        lambda: dossiers.renoncer(
            objet, montant=form.cleaned_data["montant"], motif=form.cleaned_data["motif"],
            ecrit=form.cleaned_data.get("ecrit"), par=request.acteur, roles=siens, le=timezone.now(),
        ),
    ):  # fmt: skip
        messages.success(
            request, f"C'est noté. L'aide change quand {objet.financeur.nom} vote le nouveau montant."
        )
        return redirect("suite", numero=numero)
    contexte = {
        "demande": objet,
        "form": form,
        "est_porteur": Role.SIGNATAIRE in siens,
        "est_ouvert": objet.etat in APRES_LETTRE,
        "fil": fil_de(request, objet, "Renoncer à une partie"),
    }
    return render(request, "conventions/renoncer.html", contexte, status=statut(form))


@require_POST
def reprendre(request: HttpRequest, numero: str, demande: int) -> HttpResponse:
    objet = volet_visible(request, numero, demande)
    siens = _roles(request, objet)
    renoncement = get_object_or_404(objet.renoncements.ouverts())
    renoncement.demande = objet
    return faire(
        request, numero,
        lambda: dossiers.reprendre_le_renoncement(
            renoncement, par=request.acteur, roles=siens, le=timezone.now()
        ),
        "Le renoncement est retiré : l'aide reste ce qu'elle est.",
    )  # fmt: skip


@require_safe
def lettre_de_l_organisme(request: HttpRequest, numero: str, demande: int) -> FileResponse:
    """La lettre qu'un agent a jointe au dernier renoncement."""
    objet = volet_visible(request, numero, demande)
    exiger_lecteur(request.acteur, objet.dossier)
    dits = objet.renoncements.filter(ecrit__isnull=False).select_related("ecrit").order_by("-pk")
    return servir(get_object_or_404(dits[:1]).ecrit)


@require_http_methods(["GET", "HEAD", "POST"])
def notifier(request: HttpRequest, numero: str, demande: int) -> HttpResponse:
    """Relire le changement et ses suites, puis envoyer la lettre."""
    objet = volet_visible(request, numero, demande)
    exiger_financeur(request, objet)
    if request.method == "POST":
        return faire(
            request, numero,
            lambda: actes.notifier_l_avenant(objet, par=request.acteur, le=timezone.now()),
            "La lettre est partie.",
        )  # fmt: skip
    contexte: dict[str, Any] = {"demande": objet, "fil": fil_de(request, objet, "Notifier l'avenant")}
    try:
        contexte |= _contexte(objet)
    except ActeBloque as refus:
        contexte["raisons"] = refus.raisons
    return render(request, "conventions/avenant_notifier.html", contexte)


def _contexte(demande: Demande) -> dict[str, Any]:
    attribution, plan = actes.attendu(demande), prevoir(demande)
    lu = documents.contexte_avenant(demande, plan, attribution, jour=timezone.localdate())
    return lu | {
        "convention_signee": Convention.objects.filter(demande=demande, etat=SIGNEE).exists(),
        "lignes": [*plan.echeancier.lignes, *plan.convention.lignes],
        "prochains": actes.prochains_versements(demande, plan),
    }


@require_safe
def apercu(request: HttpRequest, numero: str, demande: int) -> HttpResponse:
    """Le PDF exact de la lettre, tel qu'il partirait aujourd'hui."""
    objet = volet_visible(request, numero, demande)
    exiger_financeur(request, objet)
    try:
        attribution = actes.attendu(objet)
    except ActeBloque:
        return redirect("suite", numero=numero)
    jour = calendrier.jour_de(timezone.now())
    octets = documents.lettre_d_avenant(objet, prevoir(objet), attribution, jour=jour)
    response = HttpResponse(octets, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="apercu-avenant-{numero}.pdf"'
    return response


def _avenant(request: HttpRequest, numero: str, pk: int, *liens: str) -> Avenant:
    visibles = Dossier.objects.visibles_par(request.acteur).filter(numero=numero)
    siens = [f"demande__{lien}" for lien in ("financeur", *LIENS)]
    return get_object_or_404(
        Avenant.objects.filter(demande__dossier__in=visibles).select_related("attribution", *siens, *liens),
        pk=pk,
    )


@require_safe
def document(request: HttpRequest, numero: str, avenant: int, exemplaire: str) -> FileResponse:
    """La lettre, l'avenant à signer, puis ses exemplaires signés."""
    champ = EXEMPLAIRES[exemplaire]
    objet = _avenant(request, numero, avenant, champ)
    exiger_lecteur(request.acteur, objet.demande.dossier)
    if getattr(objet, champ) is None:
        raise Http404
    return servir(getattr(objet, champ))


def _a_qui_signer(etat: str) -> Role | None:
    return {A_SIGNER: Role.SIGNATAIRE, SIGNEE_PORTEUR: Role.AGENT_FINANCEUR}.get(etat)


@require_http_methods(["GET", "HEAD", "POST"])
def signer(request: HttpRequest, numero: str, avenant: int) -> HttpResponse:
    """Déposer l'exemplaire signé : le porteur d'abord, le financeur ensuite."""
    objet = _avenant(request, numero, avenant)
    siens = exiger_lecteur(request.acteur, objet.demande.dossier)
    if objet.etat != A_SIGNER:
        siens = roles_sur_demande(request.acteur, objet.demande)
    acte = actes.signer_l_avenant_porteur if objet.etat == A_SIGNER else actes.signer_l_avenant_financeur
    form = AvenantSigneForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and essayer(
        form,
        lambda: acte(
            objet, exemplaire=form.cleaned_data["exemplaire"], par=request.acteur, le=timezone.now()
        ),
    ):
        messages.success(request, "L'exemplaire signé est déposé.")
        return redirect("suite", numero=numero)
    contexte = {
        "demande": objet.demande,
        "avenant": objet,
        "form": form,
        "peut_signer": _a_qui_signer(objet.etat) in siens and not objet.est_caduc,
        "fil": fil_de(request, objet.demande, "Signer l'avenant"),
    }
    return render(request, "conventions/avenant_signer.html", contexte, status=statut(form))
