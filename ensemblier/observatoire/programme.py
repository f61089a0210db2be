"""La programmation d'un appel, document public : les actions décidées, leurs actes, et rien d'autre (R60)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db.models import Count, Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ensemblier.appels.models import Appel
from ensemblier.dossiers.models import Dossier
from ensemblier.interface.pdf import ecrire_pdf
from ensemblier.observatoire import lecture

SEMAINE = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Groupe:
    """Les actions d'un pilier, dans l'ordre de leurs numéros."""

    titre: str
    ancre: str
    actions: list[lecture.Action]

    @property
    def total(self) -> Decimal:
        return sum((a.total for a in self.actions), Decimal(0))


def _appel(request: HttpRequest, code: str) -> Appel:
    if request.territoire is None:
        raise Http404
    publies = Appel.objects.filter(territoire=request.territoire).publies()
    return get_object_or_404(publies.select_related("territoire"), code=code)


def contexte_du_programme(appel: Appel) -> dict[str, Any]:
    """Tout ce qui est décidé dans l'appel, par pilier ; cinq requêtes, quel que soit le nombre d'actions."""
    lignes = lecture.attributions(appel.territoire).filter(demande__dossier__appel=appel)
    decides = Dossier.objects.filter(pk__in=lignes.order_by().values("demande__dossier")).only("pk")
    actions = lecture.actions(lignes, decides.order_by("numero"))
    par_pilier: dict[str, list[lecture.Action]] = {}
    for action in actions:
        par_pilier.setdefault(action.pilier or "Sans pilier", []).append(action)
    totaux = lecture.totaux(lignes)
    return {
        "appel": appel,
        "territoire": appel.territoire,
        "nombre": len(actions),
        "totaux": totaux,
        "total": sum((t.montant for t in totaux), Decimal(0)),
        "groupes": [
            Groupe(titre, f"pilier-{rang}", siennes)
            for rang, (titre, siennes) in enumerate(sorted(par_pilier.items()), start=1)
        ],
    }


@login_not_required
@require_safe
def programme(request: HttpRequest, appel: str) -> HttpResponse:
    """`/observatoire/programmation/<appel>/` : la liste décidée, à lire et à imprimer."""
    lu = _appel(request, appel)
    fil = [("Ce qui est financé", reverse("observatoire")), (f"Programmation, {lu.titre_court}", "")]
    return render(request, "observatoire/programme.html", {**contexte_du_programme(lu), "fil": fil})


@login_not_required
@require_safe
def programme_pdf(request: HttpRequest, appel: str) -> HttpResponse:
    """`/observatoire/programmation/<appel>.pdf` ; fait une fois par état des décisions, gardé une semaine."""
    lu = _appel(request, appel)
    etat = (
        lecture.attributions(lu.territoire)
        .filter(demande__dossier__appel=lu)
        .aggregate(dernier=Max("pk"), combien=Count("pk"))
    )
    if not etat["combien"]:
        raise Http404
    empreinte = hashlib.sha256(f"{lu.pk}-{etat}-{timezone.localdate()}".encode()).hexdigest()
    contenu = cache.get_or_set(f"programme-{empreinte}", lambda: _en_pdf(lu, empreinte), SEMAINE)
    reponse = HttpResponse(contenu, content_type="application/pdf")
    reponse["Content-Disposition"] = f'inline; filename="programmation-{lu.code}.pdf"'
    return reponse


def _en_pdf(appel: Appel, empreinte: str) -> bytes:
    return ecrire_pdf(
        "observatoire/pdf/programme.html",
        {
            **contexte_du_programme(appel), "emetteur": appel.territoire.nom,
            "date_document": timezone.localdate(),
            "reference_document": f"Programmation, {appel.titre_court}",
        },
        identifiant=f"programme-{empreinte}",
        titre=f"Programmation, {appel.titre}",
    )  # fmt: skip
