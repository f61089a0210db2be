"""Remettre des dossiers à un financeur : les choisir, puis recevoir leur archive."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import exiger
from ensemblier.dossiers.models import Demande
from ensemblier.echanges import actes
from ensemblier.echanges.remises import nom_de_l_archive, remettables
from ensemblier.interface.pages import Page
from ensemblier.noyau.machine import Acteur
from ensemblier.registre.actes import ActeBloque
from ensemblier.territoires.models import Financeur


def _financeurs(request: HttpRequest, acteur: Acteur) -> list[Financeur]:
    """Ceux à qui l'acteur peut remettre ; d'un seul dossier, ceux qu'il sollicite."""
    tous = request.territoire.financeurs.select_related("commune")
    if numero := request.GET.get("dossier", ""):
        tous = tous.filter(pk__in=Demande.objects.filter(dossier__numero=numero).values("financeur"))
    return [f for f in tous if actes.peut_remettre(acteur, f)]


@require_safe
def liste(request: HttpRequest) -> HttpResponse:
    """`/remises/` : les dossiers d'un financeur, à cocher ; `?dossier=` n'en montre qu'un."""
    acteur = exiger(request.acteur, *actes.REMETTENT)
    financeurs = _financeurs(request, acteur)
    code = request.GET.get("financeur", "")
    choisi = next((f for f in financeurs if f.code == code), financeurs[0] if financeurs else None)
    appel, numero = request.GET.get("appel", ""), request.GET.get("dossier", "")
    page = None
    if choisi is not None:
        dossiers = remettables(acteur, choisi).select_related("organisme", "appel").defer("appel__projet")
        if appel:
            dossiers = dossiers.filter(appel__code=appel)
        if numero:
            dossiers = dossiers.filter(numero=numero)
        page = Page(dossiers, "-numero", apres=request.GET.get("apres", ""))
    appels = Appel.objects.publies().filter(territoire=request.territoire)
    contexte = {
        "financeurs": financeurs, "financeur": choisi, "page": page, "appel": appel, "dossier": numero,
        "appels": list(appels.values_list("code", "titre_court")), "au_plus": actes.AU_PLUS,
    }  # fmt: skip
    return render(request, "echanges/remises.html", contexte)


@require_POST
def remettre(request: HttpRequest, financeur: str) -> HttpResponseBase:
    """`/remises/<financeur>/` : l'archive des dossiers cochés, ou de tout un appel ; notée au registre.

    Un financeur ou un dossier qui n'est pas le sien n'existe pas (404).
    """
    acteur = exiger(request.acteur, *actes.REMETTENT)
    qui = get_object_or_404(request.territoire.financeurs.select_related("commune"), code=financeur)
    if not actes.peut_remettre(acteur, qui):
        raise Http404
    appel, numeros = request.POST.get("appel", ""), sorted(set(request.POST.getlist("numero")))
    dossiers = remettables(acteur, qui).avec_ses_regles().order_by("numero")
    if "tout" in request.POST:
        dossiers = dossiers.filter(appel__code=appel) if appel else dossiers
    else:
        dossiers = dossiers.filter(numero__in=numeros[: actes.AU_PLUS + 1])
    lus = list(dossiers[: actes.AU_PLUS + 1])
    if "tout" not in request.POST and len(lus) < len(numeros[: actes.AU_PLUS + 1]):
        raise Http404
    try:
        archive = actes.remettre(lus, financeur=qui, par=acteur, le=timezone.now())
    except ActeBloque as refus:
        messages.error(request, " ".join(refus.raisons))
        return redirect(f"{reverse('remises')}?financeur={qui.code}")
    reponse = StreamingHttpResponse(archive.octets(), content_type="application/zip")
    nom = nom_de_l_archive(qui, [d.numero for d in lus])
    reponse["Content-Disposition"] = f'attachment; filename="{nom}"'
    return reponse
