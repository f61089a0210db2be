"""Le fil du porteur, du côté du service."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ensemblier.comptes import reprise
from ensemblier.dossiers import actes, fil
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.forms_depot import MessageForm
from ensemblier.dossiers.models import Message
from ensemblier.instruction.droits import PILOTE, exiger_role
from ensemblier.instruction.lecture import dossier_a_instruire, lit_le_fil
from ensemblier.instruction.lecture import fil as ariane
from ensemblier.instruction.views.commun import essayer, jouer, statut
from ensemblier.noyau.machine import RoleInsuffisant

PAGE, COTE = "instruction_messages", Message.Cote.SERVICE


@reprise.reprend
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, numero: str) -> HttpResponse:
    """`/instruction/<n>/messages/` : le même fil que le porteur ; les partenaires ne le lisent pas."""
    dossier = dossier_a_instruire(request, numero)
    if not lit_le_fil(request.acteur):
        raise RoleInsuffisant("« Messages » : ce fil est celui du porteur et du service.")
    siens, present = roles(request.acteur, dossier), timezone.now()
    options = {"par": request.acteur, "roles": siens, "le": present}
    if request.method == "POST":
        exiger_role(siens, PILOTE, "Écrire au porteur")
    if "lus" in request.POST:
        return jouer(
            request, partial(actes.lire_messages, dossier, **options), fait="", vers=PAGE, numero=numero
        )
    envoye = request.method == "POST"
    form = MessageForm(request.POST, request.FILES) if envoye else MessageForm.repris(request)
    if envoye and essayer(form, lambda: actes.ecrire_message(dossier, **form.cleaned_data, **options)):
        messages.success(request, "Message envoyé. Le porteur est prévenu par courriel.")
        return redirect(PAGE, numero)
    lue = fil.page_du_fil(request.acteur, dossier, apres=request.GET.get("apres", ""))
    contexte = {
        "dossier": dossier, "fil": ariane(dossier, "Messages"), "form": form, "page": lue,
        "echanges": fil.echanges(lue, dossier, COTE), "peut_ecrire": bool(siens & set(PILOTE)),
        "lecteurs": fil.lecteurs(dossier, COTE, le=present),
    }  # fmt: skip
    return render(request, "instruction/messages.html", contexte, status=statut(form))
