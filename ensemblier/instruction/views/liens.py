"""Répondre sans compte : la page qu'ouvre un lien envoyé à une fonction."""

from __future__ import annotations

from allauth.core.internal.ratelimit import consume_or_429
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ensemblier.dossiers.lecture import phrase_du_contact
from ensemblier.dossiers.models import ContactCommune
from ensemblier.instruction import actes
from ensemblier.instruction.liens import contact_du_lien, pourquoi_ferme
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Lien

REPONSES = {"oui": True, "non": False, "oubli": None}
DEBIT = {"lien": "60/m/ip"}


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def lien(request: HttpRequest, jeton: str) -> HttpResponse:
    """`/liens/<jeton>/` : lire la question (un robot de messagerie aussi), répondre d'un bouton, une fois.

    La page ne montre que la fonction, l'organisme et l'action : le lien peut être transféré.
    """
    if trop := consume_or_429(request, app="ensemblier", action="lien", config=DEBIT, limit_get=True):
        return trop
    siens = Lien.objects.de_jeton(jeton).filter(
        acte=ContactCommune.CONFIRMER, territoire=request.territoire.code
    )
    trouve = get_object_or_404(siens)
    if request.method == "POST" and request.POST.get("reponse") in REPONSES:
        try:
            actes.confirmer_contact_par_lien(
                trouve, reponse=REPONSES[request.POST["reponse"]], le=timezone.now()
            )
        except ActeBloque:
            trouve.refresh_from_db()
        else:
            return redirect("lien", jeton)
    return _page(request, trouve)


def _page(request: HttpRequest, lien: Lien) -> HttpResponse:
    contact = contact_du_lien(lien)
    ferme = pourquoi_ferme(lien, contact, le=timezone.now())
    contexte = {"lien": lien, "contact": contact, "ferme": ferme}
    if contact is not None:
        contexte["phrase"] = phrase_du_contact(contact, contact.dossier.organisme.nom)
    code = 410 if ferme and not lien.utilise_le else 422 if request.method == "POST" and not ferme else 200
    reponse = render(request, "instruction/lien.html", contexte, status=code)
    reponse["Cache-Control"] = "no-store, private"
    reponse["X-Robots-Tag"] = "noindex, nofollow"
    return reponse
