"""Porter une action à plusieurs : nommer un organisme, lui demander, lire sa question et y répondre (R29)."""

from __future__ import annotations

from allauth.core.internal.ratelimit import consume_or_429
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from ensemblier.dossiers import actes
from ensemblier.dossiers.actes.co_porteurs import FERMES, pourquoi_ferme
from ensemblier.dossiers.actes.commun import PORTEUR, exiger_le_brouillon
from ensemblier.dossiers.forms_personnes import CoPorteurForm, DemandeForm, MotifForm
from ensemblier.dossiers.models import CoPorteur
from ensemblier.dossiers.views.commun import cadre, en_porteur
from ensemblier.noyau.machine import Role, TransitionRefusee
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Lien

DEBIT = {"lien": "60/m/ip"}
LIENS = ("dossier__organisme", "dossier__appel", "dossier__territoire")


@require_http_methods(["GET", "HEAD", "POST"])
def nommer(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/personnes/co-porteur/` : un autre organisme, ce qu'il fait, à qui le demander."""
    dossier, roles = en_porteur(request, numero)
    exiger_le_brouillon(dossier, quoi="Nommer un co-porteur")
    form = CoPorteurForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            nomme = actes.ajouter_co_porteur(
                dossier, **form.cleaned_data, par=request.acteur, roles=roles, le=timezone.now()
            )
        except ActeBloque as bloque:
            form.add_error("numero", " ".join(bloque.raisons))
        else:
            suite = f" La question est partie à {nomme.courriel}." if nomme.courriel else ""
            messages.success(request, f"{nomme.nom} est nommé co-porteur.{suite}")
            return redirect("dossier_personnes", dossier.numero)
    contexte = cadre(dossier, roles, "Nommer un co-porteur") | {"form": form}
    return render(request, "dossiers/co_porteur.html", contexte, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def demander(request: HttpRequest, numero: str, pk: int) -> HttpResponse:
    """`/dossiers/<n>/personnes/co-porteurs/<pk>/demande/` : poser la question, ou la renvoyer."""
    dossier, roles = en_porteur(request, numero)
    nomme = get_object_or_404(dossier.co_porteurs, pk=pk)
    depart = {"courriel": nomme.courriel, "fonction": nomme.fonction}
    form = DemandeForm(request.POST if request.method == "POST" else None, initial=depart)
    if request.method == "POST" and form.is_valid():
        try:
            actes.demander_au_co_porteur(
                nomme, **form.cleaned_data, par=request.acteur, roles=roles, le=timezone.now()
            )
        except ActeBloque as bloque:
            form.add_error(None, " ".join(bloque.raisons))
        else:
            messages.success(request, f"La question est partie à {form.cleaned_data['courriel'].lower()}.")
            return redirect("dossier_personnes", dossier.numero)
    contexte = cadre(dossier, roles, "Demander au co-porteur") | {"form": form, "co_porteur": nomme}
    return render(request, "dossiers/co_porteur_demande.html", contexte, status=422 if form.errors else 200)


@require_POST
def retirer(request: HttpRequest, numero: str, pk: int) -> HttpResponse:
    """`/dossiers/<n>/personnes/co-porteurs/<pk>/` : il ne porte plus l'action ; il l'apprend."""
    dossier, roles = en_porteur(request, numero)
    nomme = get_object_or_404(dossier.co_porteurs, pk=pk)
    actes.retirer_co_porteur(dossier, nomme, par=request.acteur, roles=roles, le=timezone.now())
    messages.success(request, f"{nomme.nom} n'est plus co-porteur.")
    return redirect("dossier_personnes", dossier.numero)


@require_http_methods(["GET", "HEAD", "POST"])
def repondre(request: HttpRequest, pk: int) -> HttpResponse:
    """`/co-porteurs/<pk>/` : la question, à l'organisme nommé ; une personne signataire y répond."""
    siens = CoPorteur.objects.de(request.acteur, *PORTEUR).interroges().select_related(*LIENS)
    nomme = get_object_or_404(siens, pk=pk)
    form, refus = MotifForm(), ""
    if request.method == "POST":
        confirme = request.POST.get("reponse") == "oui"
        form = MotifForm() if confirme else MotifForm(request.POST)
        if confirme or form.is_valid():
            try:
                actes.repondre_en_co_porteur(
                    nomme, confirme=confirme, motif="" if confirme else form.cleaned_data["motif"],
                    teneur=request.POST.get("teneur", ""), par=request.acteur, le=timezone.now(),
                )  # fmt: skip
            except ActeBloque as bloque:
                refus = " ".join(bloque.raisons)
            else:
                return _repondu(request, nomme, confirme=confirme)
    contexte = {
        "co_porteur": nomme, "dossier": nomme.dossier, "form": form, "refus": refus,
        "peut_repondre": CoPorteur.objects.de(request.acteur, Role.SIGNATAIRE).filter(pk=pk).exists(),
        "ferme": "Le dossier n'est plus examiné." if nomme.dossier.etat in FERMES else "",
    }  # fmt: skip
    code = 422 if refus or form.errors else 200
    return render(request, "dossiers/co_porteur_repondre.html", contexte, status=code)


def _repondu(request: HttpRequest, nomme: CoPorteur, *, confirme: bool) -> HttpResponse:
    if confirme:
        messages.success(request, f"Confirmé. Vous lisez maintenant le dossier {nomme.dossier.numero}.")
        return redirect("dossier", nomme.dossier.numero)
    messages.success(request, f"Réponse notée : {nomme.dossier.organisme.nom} la lit.")
    return redirect("mes_dossiers")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def lien(request: HttpRequest, jeton: str) -> HttpResponse:
    """`/liens/co-porteur/<jeton>/` : lire la question sans compte, décliner ; confirmer demande un compte.

    Le lien peut être transféré, et c'est le porteur qui a écrit l'adresse : il n'engage personne.
    """
    if trop := consume_or_429(request, app="ensemblier", action="lien", config=DEBIT, limit_get=True):
        return trop
    siens = Lien.objects.de_jeton(jeton).filter(acte=CoPorteur.REPONDRE, territoire=request.territoire.code)
    trouve = get_object_or_404(siens)
    form = MotifForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actes.decliner_par_lien(trouve, motif=form.cleaned_data["motif"], le=timezone.now())
        except (ActeBloque, TransitionRefusee):
            trouve.refresh_from_db()
        else:
            return redirect("lien_co_porteur", jeton)
    return _page_du_lien(request, trouve, form)


def _page_du_lien(request: HttpRequest, lien: Lien, form: MotifForm) -> HttpResponse:
    nomme = CoPorteur.objects.filter(pk=int(lien.objet.rpartition(":")[2])).select_related(*LIENS).first()
    if nomme is None and not lien.revoque_le:
        raise Http404
    ferme = lien.fermeture(le=timezone.now()) or pourquoi_ferme(
        lien, nomme, dossier=nomme.dossier, le=timezone.now()
    )
    siens = (
        CoPorteur.objects.de(request.acteur, Role.SIGNATAIRE) if request.acteur else CoPorteur.objects.none()
    )
    contexte = {
        "lien": lien, "co_porteur": nomme, "dossier": nomme and nomme.dossier, "ferme": ferme, "form": form,
        "est_mien": nomme is not None and siens.filter(pk=nomme.pk).exists(),
    }  # fmt: skip
    code = 410 if ferme and not lien.utilise_le else 422 if form.errors else 200
    reponse = render(request, "dossiers/co_porteur_lien.html", contexte, status=code)
    reponse["Cache-Control"] = "no-store, private"
    reponse["X-Robots-Tag"] = "noindex, nofollow"
    return reponse
