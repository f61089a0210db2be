"""Les fiches action d'un appel et les longs PDF : demandés, faits par un travail, relus."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ensemblier.comptes.droits import exiger
from ensemblier.interface.pages import Page
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.programmation import editions, fiches
from ensemblier.programmation.models import Edition
from ensemblier.programmation.views.commun import MEMBRES, cle_du_formulaire, seance_visible
from ensemblier.programmation.views.lecteurs import LECTEURS, appel_de
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.fichiers import phrase_de_l_effacement, servir


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, appel: str) -> HttpResponse:
    """`/programmation/<appel>/fiches-action/` : une page par action programmée, toutes ou une à la fois."""
    acteur = exiger(request.acteur, *LECTEURS)
    lu = appel_de(request, appel)
    if request.method == "POST":
        try:
            travail = editions.demander_les_fiches(
                lu, cle=cle_du_formulaire(request), par=acteur, le=timezone.now()
            )
            return redirect("travail", travail.pk)
        except ActeBloque as refus:
            messages.error(request, str(refus))
    dossiers = fiches.programmees(lu, acteur).select_related("organisme")
    lues = Page(dossiers, "numero", apres=request.GET.get("apres", ""))
    siennes = Edition.objects.filter(appel=lu, seance=None, utilisateur=request.user)
    contexte = {
        "appel": lu, "dossiers": lues, "nombre": lues.total, "cle": secrets.token_hex(16),
        "editions": list(siennes.select_related("fichier")[:5]),
        "fil": [("Programmation", "/programmation/"), (lu.titre_court, f"/programmation/{lu.code}/"),
                ("Fiches action", "")],
    }  # fmt: skip
    return render(request, "programmation/fiches_action.html", contexte)


@require_safe
def une_fiche(request: HttpRequest, appel: str, numero: str) -> HttpResponse:
    """`/programmation/<appel>/fiches-action/<n>.pdf` : la fiche d'une action."""
    acteur = exiger(request.acteur, *LECTEURS)
    lu = appel_de(request, appel)
    dossiers = fiches.programmees(lu, acteur).select_related("organisme", "pilier")
    dossier = get_object_or_404(dossiers.prefetch_related("thematiques"), numero=numero)
    contenu = fiches.en_pdf(lu, [dossier], date_document=timezone.localdate())
    reponse = HttpResponse(contenu, content_type="application/pdf")
    reponse["Content-Disposition"] = f'inline; filename="fiche-action-{dossier.numero}.pdf"'
    return reponse


@require_safe
def edition(request: HttpRequest, pk: int) -> HttpResponse:
    """`/programmation/editions/<id>.pdf` : à qui l'a demandé, tant qu'il en lit chaque dossier."""
    lue = get_object_or_404(Edition.objects.select_related("fichier", "appel"), pk=pk)
    if request.acteur is None or lue.utilisateur_id != request.acteur.utilisateur:
        raise Http404
    if not editions.encore_lisible(lue, request.acteur):
        raise RoleInsuffisant(
            "Vous êtes maintenant hors d'un dossier de ce document. Demandez-en un nouveau : il sera fait "
            "sans lui."
        )
    if lue.fichier.efface_le:
        messages.error(request, f"{phrase_de_l_effacement(lue.fichier)} Demandez-en un nouveau.")
        return (
            redirect("seance", lue.seance_id) if lue.seance_id else redirect("fiches_action", lue.appel.code)
        )
    return servir(lue.fichier)


@require_POST
def demander_le_dossier(request: HttpRequest, pk: int) -> HttpResponse:
    """`/programmation/seances/<id>/dossier/` : le dossier d'une longue séance, fait par un travail."""
    acteur = exiger(request.acteur, *MEMBRES)
    seance = seance_visible(request, pk)
    travail = editions.demander_le_dossier(
        seance, cle=cle_du_formulaire(request), par=acteur, le=timezone.now()
    )
    return redirect("travail", travail.pk)
