"""Le fil d'un dossier avec le service, ses fichiers, et la boîte qui les rassemble tous."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from ensemblier.comptes import reprise
from ensemblier.dossiers import actes, fil
from ensemblier.dossiers.etats import BROUILLON
from ensemblier.dossiers.forms_depot import MessageForm
from ensemblier.dossiers.models import Message
from ensemblier.dossiers.views.commun import cadre, en_porteur, trouver
from ensemblier.interface.pages import Page
from ensemblier.noyau.machine import Role
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.fichiers import servir

COTE = Message.Cote.PORTEUR


@require_safe
def boite(request: HttpRequest) -> HttpResponse:
    """`/messages/` : un fil par dossier, le dernier message d'abord."""
    siens = {d.organisme for d in request.acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)}
    page = Page(fil.conversations(request.acteur), "-envoye_le", apres=request.GET.get("apres", ""))
    contexte = {"page": page, "lignes": fil.lignes(page, siens), "a_lire": fil.a_lire(request.acteur, siens)}
    return render(request, "dossiers/boite.html", contexte)


@reprise.reprend
@require_http_methods(["GET", "HEAD", "POST"])
def messages_du_dossier(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/messages/` : lire le fil, y écrire ; une session perdue rend ce qu'on écrivait."""
    dossier, roles = en_porteur(request, numero)
    envoye, options = request.method == "POST", {"par": request.acteur, "roles": roles, "le": timezone.now()}
    if envoye and "lus" in request.POST:
        actes.lire_messages(dossier, **options)
        return redirect("dossier_messages", dossier.numero)
    form = MessageForm(request.POST, request.FILES) if envoye else MessageForm.repris(request)
    if envoye and form.is_valid():
        try:
            actes.ecrire_message(dossier, **form.cleaned_data, **options)
        except ActeBloque as bloque:
            form.add_error(None, " ".join(bloque.raisons))
        else:
            messages.success(request, "Message envoyé. Le service est prévenu par courriel.")
            return redirect("dossier_messages", dossier.numero)
    page = fil.page_du_fil(request.acteur, dossier, apres=request.GET.get("apres", ""))
    contexte = cadre(dossier, roles, "Messages") | {
        "form": form, "page": page, "echanges": fil.echanges(page, dossier, COTE),
        "lecteurs": fil.lecteurs(dossier, COTE, le=timezone.now()), "est_ouvert": dossier.etat != BROUILLON,
    }  # fmt: skip
    return render(request, "dossiers/messages.html", contexte, status=422 if form.errors else 200)


@require_safe
def fichier(request: HttpRequest, numero: str, cle: str) -> HttpResponse:
    """`/dossiers/<n>/messages/<cle>/` : le fichier d'un message, pour les deux côtés du fil."""
    dossier = trouver(request, numero)
    lisibles = Message.objects.visibles_par(request.acteur).select_related("fichier")
    return servir(get_object_or_404(lisibles, dossier=dossier, fichier__cle=cle).fichier)
