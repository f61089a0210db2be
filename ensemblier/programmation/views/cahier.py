"""Le dossier de séance en PDF, et l'écran de la salle (É13) : sans note ni coordonnées."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from ensemblier.comptes.droits import exiger
from ensemblier.instruction.droits import PILOTE
from ensemblier.programmation import cahier
from ensemblier.programmation.deports import lisibles_par
from ensemblier.programmation.editions import AU_PLUS
from ensemblier.programmation.views.commun import MEMBRES, seance_visible


@require_safe
def dossier_de_seance(request: HttpRequest, pk: int) -> HttpResponse:
    """`/programmation/seances/<id>/dossier.pdf` : l'exemplaire de la personne, sans ce dont elle est hors."""
    acteur = exiger(request.acteur, *MEMBRES)
    seance = seance_visible(request, pk)
    lisibles = lisibles_par(acteur, seance)
    if len(lisibles) > AU_PLUS:
        messages.info(
            request, "Ce dossier de séance est long : demandez-le, il se prépare pendant que vous continuez."
        )
        return redirect("seance", pk)
    contenu = cahier.cahier(seance, acteur, lisibles, exemplaire=f"Exemplaire de {acteur.nom}.")
    reponse = HttpResponse(contenu, content_type="application/pdf")
    reponse["Content-Disposition"] = f'inline; filename="dossier-de-seance-{seance.pk}.pdf"'
    return reponse


@require_safe
def ecran(request: HttpRequest, pk: int) -> HttpResponse:
    """`/programmation/seances/<id>/ecran/` : l'ordre du jour puis chaque dossier, à projeter."""
    acteur = exiger(request.acteur, *PILOTE)
    seance = seance_visible(request, pk)
    contexte = {
        "seance": seance,
        "fiches": cahier.fiches(seance, acteur, lisibles_par(acteur, seance)),
        "restes": cahier.restes(seance),
    }
    return render(request, "programmation/ecran.html", contexte)
