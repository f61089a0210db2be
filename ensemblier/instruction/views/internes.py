"""Le fil interne d'un dossier : entre le service, les financeurs et les villes."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ensemblier.dossiers.droits import roles
from ensemblier.instruction import actes, internes
from ensemblier.instruction.droits import PILOTE, exiger_role
from ensemblier.instruction.forms import EchangeForm
from ensemblier.instruction.lecture import dossier_a_instruire, fil
from ensemblier.instruction.models import PARTENAIRES, dossiers_du_fil_interne
from ensemblier.instruction.views.commun import essayer, jouer, statut
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import RoleInsuffisant

PAGE = "instruction_interne"
LECTEURS = (
    "Les agents du dossier le lisent, selon ce que chaque message partage ; le porteur et le jury, jamais."
)


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, numero: str) -> HttpResponse:
    """`/instruction/<n>/interne/` : les messages entre agents ; rien n'en va au porteur ni au jury."""
    dossier = dossier_a_instruire(request, numero)
    acteur = request.acteur
    if not dossiers_du_fil_interne(acteur).filter(pk=dossier.pk).exists():
        raise RoleInsuffisant("« Interne » : ce fil est celui du service, des financeurs et des villes.")
    siens, present = roles(acteur, dossier), timezone.now()
    if request.method == "POST":
        exiger_role(siens, (*PILOTE, *PARTENAIRES), "Écrire un message interne")
    if "lus" in request.POST:
        acte = partial(actes.lire_echanges, dossier, par=acteur, le=present)
        return jouer(request, acte, fait="", vers=PAGE, numero=numero)
    form = EchangeForm(
        request.POST if request.method == "POST" else None, du_service=bool(siens & set(PILOTE)),
        collegues=internes.collegues(acteur, dossier, jour_de(present)),
    )  # fmt: skip
    options = {"par": acteur, "roles": siens, "le": present}
    if request.method == "POST" and essayer(
        form, lambda: actes.ecrire_echange(dossier, **form.choix(), **options)
    ):
        messages.success(request, "Message interne envoyé.")
        return redirect(PAGE, numero)
    lue = internes.page_interne(acteur, dossier, apres=request.GET.get("apres", ""))
    contexte = {
        "dossier": dossier, "fil": fil(dossier, "Interne"), "form": form, "page": lue,
        "echanges": internes.echanges(lue, acteur), "lecteurs": LECTEURS,
        "peut_ecrire": bool(siens & {*PILOTE, *PARTENAIRES}),
    }  # fmt: skip
    return render(request, "instruction/interne.html", contexte, status=statut(form))
