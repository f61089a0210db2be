"""L'avis d'un financeur sur sa ligne (É11), la prise en charge, et le contact que le référent confirme."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from ensemblier.dossiers.droits import roles_sur_demande
from ensemblier.dossiers.etats import A_COMPLETER, DEPOSE, IRRECEVABLE, RETIRE
from ensemblier.dossiers.fiche import fiche_de
from ensemblier.dossiers.lecture import phrase_du_contact
from ensemblier.dossiers.models import ContactCommune, Demande, Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.espaces.forms import AvisForm
from ensemblier.espaces.panneaux import lignes_d_avis
from ensemblier.instruction import actes
from ensemblier.instruction.droits import est_concerne, exiger_sa_ligne, exiger_un_avis_attendu
from ensemblier.instruction.examen import decision_close
from ensemblier.instruction.lecture import dossier_a_instruire, fil
from ensemblier.instruction.lues import Instruite
from ensemblier.instruction.models import Avis
from ensemblier.instruction.views.commun import essayer, jouer, statut
from ensemblier.instruction.views.liens import REPONSES
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.noyau.montants import Attribuable
from ensemblier.programmation.actes import proposer
from ensemblier.programmation.calculs import Restes, attribuable_au_volet
from ensemblier.programmation.models import Enveloppe
from ensemblier.territoires.models import Financeur

ACTES = {
    "prendre_en_charge": (actes.prendre_en_charge, "Demande prise en charge."),
    "recevoir": (actes.recevoir, "Volet jugé recevable."),
}

PAS_OUVERT = {
    DEPOSE: "Le service vérifie les pièces : votre avis s'ouvre dès que le dossier est recevable.",
    A_COMPLETER: "Le porteur complète son dossier : votre avis s'ouvre dès qu'il est recevable.",
    IRRECEVABLE: "Ce dossier n'est pas recevable : aucun avis n'est demandé.",
    RETIRE: "Le porteur a retiré ce dossier : aucun avis n'est demandé.",
}
RIEN_A_JUGER = "L'examen de ce dossier est fini : aucun avis n'est plus demandé."


def _financeur(request: HttpRequest, code: str) -> Financeur:
    lus = Financeur.objects.filter(territoire=request.territoire).select_related("commune")
    return get_object_or_404(lus, code__iexact=code)


@require_http_methods(["GET", "POST"])
def avis(request: HttpRequest, numero: str, financeur: str) -> HttpResponse:
    """`/instruction/<n>/avis/<financeur>/` : chacun n'ouvre que sa ligne (403 sur celle d'un autre)."""
    dossier = dossier_a_instruire(request, numero)
    ligne = _financeur(request, financeur)
    exiger_sa_ligne(request.acteur, ligne, f"Avis : {ligne.sigle}")
    if not est_concerne(dossier, ligne):
        raise Http404
    exiger_un_avis_attendu(request.acteur, dossier, ligne, f"Avis : {ligne.sigle}")
    if request.method == "GET" and financeur != ligne.code:
        return redirect("instruction_avis", numero, ligne.code, permanent=True)
    lues = Reponses(dossier)
    volets = [d for d in lues.demandes if d.financeur_id == ligne.pk]
    rendu = Avis.objects.filter(dossier=dossier, financeur=ligne).first()
    form = AvisForm(request.POST or None, volets=_proposables(request, lues, volets), rendu=rendu)
    if request.method == "POST" and essayer(form, partial(_rendre, request, dossier, ligne, form, rendu)):
        messages.success(request, "Avis enregistré. Les autres financeurs le lisent, pas le porteur.")
        return redirect("instruction_avis", numero, financeur)
    contexte = _contexte(request, lues, ligne, volets, rendu) | {"form": form}
    return render(request, "espaces/avis.html", contexte, status=statut(form))


def _proposables(request: HttpRequest, lues: Reponses, volets: list[Demande]) -> dict[Demande, Attribuable]:
    """Les volets où l'état et le rôle permettent de proposer, avec leur maximum (K6)."""
    ouverts = [
        v
        for v in volets
        if "proposer"
        in {t.acte for t in v.machine.possibles(etat=v.etat, roles=roles_sur_demande(request.acteur, v))}
    ]
    dossier = lues.dossier
    if not ouverts or dossier.etat != "recevable":
        return {}
    fiche = fiche_de(dossier, lues=lues)
    enveloppe = Enveloppe.objects.filter(appel=dossier.appel_id, financeur=ouverts[0].financeur_id).first()
    restes = Restes(enveloppe) if enveloppe else None
    return {v: attribuable_au_volet(v, fiche=fiche, reste=restes.de(v) if restes else None) for v in ouverts}


@transaction.atomic
def _rendre(
    request: HttpRequest, dossier: Dossier, ligne: Financeur, form: AvisForm, rendu: Avis | None
) -> None:
    """L'avis et les montants passent ensemble, ou pas du tout."""
    dits, present = form.cleaned_data, timezone.now()
    if rendu is None or (rendu.sens, rendu.motif) != (dits["sens"], dits["motif"].strip()):
        actes.rendre_avis(
            dossier, ligne, sens=dits["sens"], motif=dits["motif"], par=request.acteur, le=present
        )
    for volet, montant in form.propositions().items():
        proposer(volet, montant=montant, par=request.acteur, le=present)


def _contexte(
    request: HttpRequest, lues: Reponses, ligne: Financeur, volets: list[Demande], rendu: Avis | None
) -> dict[str, Any]:
    dossier, jour, instruite = lues.dossier, timezone.localdate(), Instruite(lues.dossier)
    lignes = lignes_d_avis(lues, request.acteur, jour=jour, instruite=instruite)
    echeance = next((x.echeance for x in lignes if x.financeur.pk == ligne.pk), instruite.fin)
    close = decision_close(dossier, ligne, volets)
    if dossier.etat != "recevable" and not close:
        close = PAS_OUVERT.get(dossier.etat, RIEN_A_JUGER)
    return {
        "dossier": dossier,
        "fil": fil(dossier, f"Avis : {ligne.sigle}"),
        "financeur": ligne,
        "volets": [(v, _actes_du_volet(request.acteur, v)) for v in volets],
        "rendu": rendu,
        "close": close,
        "echeance": echeance,
        "retard": _jours_de_retard(echeance, jour),
        "autres": [x for x in lignes if x.financeur.pk != ligne.pk],
        "jauge": _jauge(dossier, ligne),
        "contacts": _contacts(request.acteur, dossier, ligne),
    }


def _jours_de_retard(echeance: date | None, jour: date) -> int:
    return max((jour - echeance).days, 0) if echeance else 0


def _actes_du_volet(acteur: Acteur | None, volet: Demande) -> list[tuple[str, str]]:
    possibles = volet.machine.possibles(etat=volet.etat, roles=roles_sur_demande(acteur, volet))
    return [(t.acte, t.libelle) for t in possibles if t.acte in (*ACTES, "ne_pas_recevoir")]


def _jauge(dossier: Dossier, ligne: Financeur) -> dict[str, Any] | None:
    enveloppe = Enveloppe.objects.filter(appel=dossier.appel_id, financeur=ligne).first()
    if enveloppe is None:
        return None
    proposes = Demande.objects.filter(
        dossier__appel=dossier.appel_id, financeur=ligne, etat__in=("proposee", "programmee")
    ).values_list("propose", flat=True)
    return {
        "libelle": ligne.sigle, "financeur": ligne.code, "total": enveloppe.montant, "vote": enveloppe.engage,
        "propose": sum((m for m in proposes if m), Decimal("0.00")),
    }  # fmt: skip


def _contacts(acteur: Acteur | None, dossier: Dossier, ligne: Financeur) -> list[ContactCommune]:
    communes = {d.commune for d in acteur.perimetres(Role.REFERENT_COMMUNAL)} if acteur else set()
    if not ligne.commune or ligne.commune.code not in communes:
        return []
    siens = list(dossier.contacts_communes.filter(commune=ligne.commune).select_related("commune"))
    for contact in siens:
        contact.phrase = phrase_du_contact(contact, dossier.organisme.nom)
    return siens


@require_POST
def confirmer(request: HttpRequest, numero: str, contact: int) -> HttpResponse:
    """Le référent répond oui, non, ou « je ne sais plus »."""
    dossier = dossier_a_instruire(request, numero)
    lu = get_object_or_404(dossier.contacts_communes.select_related("commune", "dossier"), pk=contact)
    reponse = request.POST.get("reponse", "")
    if reponse not in REPONSES:
        raise Http404
    ligne = get_object_or_404(Financeur, territoire=request.territoire, commune=lu.commune)
    acte = partial(
        actes.confirmer_contact, lu, reponse=REPONSES[reponse], par=request.acteur, le=timezone.now()
    )
    return jouer(
        request, acte, fait="Votre réponse est notée.", vers="instruction_avis", numero=numero,
        financeur=ligne.code,
    )  # fmt: skip


@require_POST
def volet(request: HttpRequest, numero: str, demande: int) -> HttpResponse:
    """Prendre en charge, juger recevable ou non recevable : sa ligne seulement (la table le garde)."""
    dossier = dossier_a_instruire(request, numero)
    volets = dossier.demandes.select_related("dossier", "financeur__commune")
    lu = get_object_or_404(volets, pk=demande)
    voulu, options = request.POST.get("acte", ""), {"par": request.acteur, "le": timezone.now()}
    if voulu == "ne_pas_recevoir":
        motif = request.POST.get("motif", "")
        acte, fait = partial(actes.ne_pas_recevoir, lu, motif=motif, **options), "Volet jugé non recevable."
    elif voulu in ACTES:
        fonction, fait = ACTES[voulu]
        acte = partial(fonction, lu, **options)
    else:
        raise Http404
    return jouer(
        request, acte, fait=fait, vers="instruction_avis", numero=numero, financeur=lu.financeur.code
    )


urlpatterns = [
    path("instruction/<str:numero>/avis/<str:financeur>/", avis, name="instruction_avis"),
    path("instruction/<str:numero>/contacts/<int:contact>/", confirmer, name="confirmer_contact"),
    path("instruction/<str:numero>/volets/<int:demande>/", volet, name="instruction_volet"),
]
