"""La page d'un dossier, son histoire, ses pièces, sa lettre."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ensemblier.comptes import reprise
from ensemblier.dossiers import actes, etapes, formulaire, lecture, pdf, personnes
from ensemblier.dossiers.accuse import RECOURS, plateforme_de
from ensemblier.dossiers.actes.commun import PORTEUR, refuser_le_rib
from ensemblier.dossiers.depots import depots_ailleurs
from ensemblier.dossiers.droits import roles as roles_sur
from ensemblier.dossiers.etats import BROUILLON, DECISIONS, REFUS_NOTIFIE, REFUSEE, VOTEE
from ensemblier.dossiers.fiche import rapport_de, reglement_de
from ensemblier.dossiers.forms_depot import DauphinForm, PieceForm, ReferenceForm
from ensemblier.dossiers.models import Piece
from ensemblier.dossiers.pieces import pieces_demandees
from ensemblier.dossiers.reponses import Reponses
from ensemblier.dossiers.views.commun import cadre, en_ecrivain, en_lecteur, en_porteur, trouver
from ensemblier.interface.formats import accord
from ensemblier.noyau.machine import Role
from ensemblier.registre.actes import ActeBloque, tracer
from ensemblier.registre.fichiers import servir

JSON = "application/json"
COUPEE = "Votre session avait expiré pendant l'envoi : le fichier n'est pas arrivé. Choisissez-le de nouveau."
NOTIFIES = frozenset(DECISIONS) - {VOTEE, REFUSEE}
"""Une lettre est partie : la page des suites a quelque chose à lire."""


@require_safe
def page(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/` : où en est le dossier, ce qui vient, ce qui s'est passé."""
    dossier, roles = en_lecteur(request, numero)
    lues, reglement, present = Reponses(dossier), reglement_de(dossier), timezone.now()
    constats = restantes = None
    if dossier.etat == BROUILLON:
        constats = etapes.sans_les_declarations(rapport_de(dossier, le=present, lues=lues), reglement)
        restantes = len(etapes.a_completer(constats))
    lit_le_refus = bool(roles & {*PORTEUR, Role.CO_PORTEUR})
    volets, derniers = lecture.volets(lues), lecture.page_d_histoire(dossier).lignes
    contexte = cadre(dossier, roles) | {
        "reponse": lecture.reponse(
            dossier,
            reglement,
            restantes,
            volets,
            le=present,
            faits=derniers,
            peut_deposer=Role.SIGNATAIRE in roles,
        ),
        "reperes": etapes.reperes(dossier, constats or []),
        "volets": volets,
        "refus": [v for v in volets if v["demande"].etat == REFUS_NOTIFIE] if lit_le_refus else (),
        "a_la_lettre": bool(roles & set(PORTEUR)),
        "recours": RECOURS,
        "est_notifie": any(v["demande"].etat in NOTIFIES for v in volets) and bool(roles & set(PORTEUR)),
        "frise": lecture.frise(dossier, reglement, le=present),
        "histoire": lecture.histoire(derniers[:6]),
        "attendues": [p for p in pieces_demandees(lues) if p.est_attendue],
        "ailleurs": depots_ailleurs(lues, reglement) if dossier.depose_le and roles & set(PORTEUR) else (),
        "plateforme": plateforme_de(reglement),
        "je_peux": personnes.ce_que_je_peux(dossier, request.acteur, roles),
        "retirable": bool(
            {t.acte for t in dossier.machine.possibles(etat=dossier.etat, roles=roles)} & {"retirer"}
        ),
    }
    return render(request, "dossiers/dossier.html", contexte)


@require_safe
def historique(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/historique/` : tout ce que le porteur peut lire, avec son empreinte."""
    dossier, roles = en_porteur(request, numero)
    page_lue = lecture.page_d_histoire(dossier, apres=request.GET.get("apres", ""))
    contexte = cadre(dossier, roles, "Historique") | {
        "histoire": lecture.histoire(page_lue),
        "page": page_lue,
    }
    return render(request, "dossiers/historique.html", contexte)


@require_safe
def lettre(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/lettre.pdf` : la lettre à signer et à joindre (R62)."""
    dossier, _ = en_ecrivain(request, numero)
    reponse = HttpResponse(pdf.lettre(dossier), content_type="application/pdf")
    reponse["Content-Disposition"] = f'attachment; filename="lettre-{dossier.numero}.pdf"'
    return reponse


@require_safe
def en_cerfa(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/cerfa.pdf` : le dossier dans l'ordre du Cerfa 12156, à imprimer et signer (B2)."""
    dossier, _ = en_lecteur(request, numero)
    reponse = HttpResponse(pdf.en_cerfa(dossier), content_type="application/pdf")
    reponse["Content-Disposition"] = f'attachment; filename="cerfa-{dossier.numero}.pdf"'
    return reponse


@require_safe
def recopie(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/recopie/` : les réponses à recopier sur la plateforme que l'appel demande (R35)."""
    dossier, roles = en_ecrivain(request, numero)
    plateforme = plateforme_de(reglement_de(dossier))
    if not plateforme:
        raise Http404
    lues = Reponses(dossier)
    contexte = cadre(dossier, roles, f"À recopier sur {plateforme}") | {
        "plateforme": plateforme,
        "entete": formulaire.entete(lues),
        "rubriques": formulaire.rubriques(lues),
        "plan": formulaire.plan(lues),
        "demandes": formulaire.demandes(lues),
    }
    return render(request, "dossiers/recopie.html", contexte)


@require_safe
def telecharger(request: HttpRequest, numero: str, cle: str) -> HttpResponse:
    """`/dossiers/<n>/pieces/<cle>/` : une pièce ; un RIB lu par un agent laisse une trace."""
    dossier = trouver(request, numero)
    piece = get_object_or_404(
        Piece.objects.visibles_par(request.acteur).select_related("fichier"),
        dossier=dossier,
        fichier__cle=cle,
    )
    if piece.code == Piece.RIB and not roles_sur(request.acteur, dossier) & set(PORTEUR):
        tracer(
            par=request.acteur, nature="consultation", chemin=request.path, le=timezone.now(),
            objet=dossier.designation(), raison="RIB",
        )  # fmt: skip
    return servir(piece.fichier, telecharger="ouvrir" not in request.GET)


@reprise.reprend
@require_http_methods(["GET", "HEAD", "POST"])
def joindre(request: HttpRequest, numero: str, code: str) -> HttpResponse:
    """`/dossiers/<n>/joindre/<pièce>/` : ajouter ou remplacer une pièce ; la page des pièces lit du JSON."""
    dossier, roles = en_ecrivain(request, numero)
    refuser_le_rib(code, roles)
    demandee = next((p for p in pieces_demandees(Reponses(dossier)) if p.code == code), None)
    if demandee is None:
        raise Http404
    if reprise.retrouver(request):
        messages.warning(request, COUPEE)
    recue, en_json = f"{demandee.libelle} : pièce reçue.", request.headers.get("Accept") == JSON
    form = PieceForm(request.POST, request.FILES) if request.method == "POST" else PieceForm()
    if request.method == "POST" and form.is_valid():
        try:
            actes.joindre_piece(
                dossier, code=code, **form.cleaned_data, par=request.acteur, roles=roles, le=timezone.now()
            )  # fmt: skip
        except ActeBloque as bloque:
            form.add_error("fichier", " ".join(bloque.raisons))
        else:
            if en_json:
                return JsonResponse({"phrase": recue})
            messages.success(request, recue)
            return redirect(etapes.adresse(dossier, "pieces"))
    if en_json and form.errors:
        refus = " ".join(phrase for phrases in form.errors.values() for phrase in phrases)
        return JsonResponse({"refus": refus}, status=422)
    contexte = cadre(dossier, roles, "Pièces", demandee.libelle) | {"form": form, "piece": demandee}
    return render(request, "dossiers/joindre.html", contexte, status=422 if form.errors else 200)


@require_POST
def reprendre(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/reprendre/` : joindre d'un clic ce que l'organisme a déjà déposé."""
    dossier, roles = en_ecrivain(request, numero)
    try:
        jointes = actes.reprendre_pieces(
            dossier, codes=request.POST.getlist("code"), par=request.acteur, roles=roles, le=timezone.now()
        )
    except ActeBloque as bloque:
        messages.error(request, " ".join(bloque.raisons))
    else:
        messages.success(request, f"{accord(len(jointes), 'pièce reprise', 'pièces reprises')}.")
    return redirect(etapes.adresse(dossier, "pieces"))


@require_POST
def retirer_piece(request: HttpRequest, numero: str, code: str) -> HttpResponse:
    dossier, roles = en_ecrivain(request, numero)
    actes.retirer_piece(dossier, code=code, par=request.acteur, roles=roles, le=timezone.now())
    messages.success(request, "La pièce est retirée.")
    return redirect(etapes.adresse(dossier, "pieces"))


@require_http_methods(["GET", "HEAD", "POST"])
def dauphin(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/dauphin/` : noter le numéro, même après le dépôt (R35)."""
    dossier, roles = en_porteur(request, numero)
    depart = {"numero": dossier.numero_dauphin, "depose_le": dossier.depose_dauphin_le}
    form = DauphinForm(request.POST or None, initial=depart)
    if request.method == "POST" and form.is_valid():
        try:
            actes.noter_numero_dauphin(
                dossier, **form.cleaned_data, par=request.acteur, roles=roles, le=timezone.now()
            )
        except ActeBloque as bloque:
            form.add_error("numero", " ".join(bloque.raisons))
        else:
            messages.success(request, "Le numéro Dauphin est noté.")
            return redirect("dossier", dossier.numero)
    contexte = cadre(dossier, roles, "Numéro Dauphin") | {"form": form, "quoi": "Noter le numéro Dauphin"}
    return render(request, "dossiers/reference.html", contexte, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def depot_ailleurs(request: HttpRequest, numero: str, demande: int) -> HttpResponse:
    """`/dossiers/<n>/depots/<volet>/` : noter le dépôt fait auprès d'un financeur (R55, R61)."""
    dossier, roles = en_porteur(request, numero)
    volet = get_object_or_404(dossier.demandes.select_related("financeur", "dossier"), pk=demande)
    depart = {"reference": volet.reference_depot, "le_depot": volet.depot_le}
    form = ReferenceForm(request.POST or None, initial=depart)
    if request.method == "POST" and form.is_valid():
        try:
            actes.noter_reference_depot(
                volet, **form.cleaned_data, par=request.acteur, roles=roles, le=timezone.now()
            )
        except ActeBloque as bloque:
            form.add_error(None, " ".join(bloque.raisons))
        else:
            messages.success(request, f"Le dépôt auprès de {volet.financeur.nom} est noté.")
            return redirect("dossier", dossier.numero)
    quoi = f"Noter le dépôt : {volet.financeur.nom}"
    contexte = cadre(dossier, roles, quoi) | {"form": form, "quoi": quoi}
    return render(request, "dossiers/reference.html", contexte, status=422 if form.errors else 200)
