"""Ce que tout le monde peut lire : l'accueil, ce qui est financé (écrans É1, É17)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ensemblier.appels import clair
from ensemblier.appels import lecture as lecture_appels
from ensemblier.dossiers.models import Ciblage, Dossier
from ensemblier.noyau.calendrier import Jalon, jour_de
from ensemblier.observatoire import lecture
from ensemblier.territoires.forms import AdresseForm

_CODE = re.compile(r"[\w'-]{1,60}")
DEUX_MOIS = timedelta(days=60)
PEU = 5
"""Sous ce nombre de personnes, le nombre ne se publie pas : on les reconnaîtrait."""
FILTRES = ("annee", "financeur", "pilier", "quartier")


@login_not_required
@require_safe
def accueil(request: HttpRequest) -> HttpResponse:
    """`/` : puis-je être aidé, et jusqu'à quand ?"""
    if request.territoire is None:
        return render(request, "observatoire/sans_territoire.html")
    present, territoire = timezone.now(), request.territoire
    couples = lecture_appels.ranges(lecture_appels.publies(territoire), le=present)
    lignes = lecture.attributions(territoire)
    totaux = lecture.totaux(lignes)
    contexte = {
        "present": present,
        "ouverts": [
            (a, o, clair.combien(a.regles())) for a, o in couples if o.statut == lecture_appels.OUVERT
        ],
        "a_venir": [(a, o) for a, o in couples if o.statut == lecture_appels.A_VENIR],
        "en_cours": [
            (a, p)
            for a, o in couples
            if o.statut != lecture_appels.OUVERT
            for p in o.phases
            if _est_d_actualite(p, present)
        ],
        "form": AdresseForm(),
        "totaux": totaux,
        "total": sum((t.montant for t in totaux), Decimal(0)),
        "nombre_actions": lecture.nombre_d_actions(territoire),
        "dernieres": lecture.dernieres(lignes),
        "annonces": lecture.annonces(territoire.pack()),
        "nombre_quartiers": territoire.quartiers.count(),
    }
    return render(request, "observatoire/accueil.html", contexte)


def _est_d_actualite(phase: Jalon, present: datetime) -> bool:
    """Le dépôt a sa place plus haut ; une phase sans fin écrite n'est plus une nouvelle après deux mois."""
    if phase.nature == "depot":
        return False
    return phase.fin is not None or phase.debut is None or jour_de(present) - phase.debut <= DEUX_MOIS


def _filtres(request: HttpRequest) -> dict[str, str]:
    """Un code du pack ou une année ; autre chose ne filtre rien."""
    lus = {nom: request.GET.get(nom, "") for nom in FILTRES}
    return {nom: valeur if _CODE.fullmatch(valeur) else "" for nom, valeur in lus.items()}


@login_not_required
@require_safe
def observatoire(request: HttpRequest) -> HttpResponse:
    """`/observatoire/` : combien, par financeur, et d'où viennent les chiffres."""
    if request.territoire is None:
        raise Http404
    lignes = lecture.attributions(request.territoire)
    totaux = lecture.totaux(lignes)
    contexte = {
        "totaux": totaux,
        "total": sum((t.montant for t in totaux), Decimal(0)),
        "nombre_actions": lecture.nombre_d_actions(request.territoire),
        "briques": lecture.en_briques(totaux),
        "appels": lecture.par_appel(lignes),
        "annonces": lecture.annonces(request.territoire.pack()),
        "present": timezone.now(),
    }
    return render(request, "observatoire/observatoire.html", contexte)


@login_not_required
@require_safe
def actions(request: HttpRequest) -> HttpResponse:
    """`/observatoire/actions/` : les actions décidées, et rien d'autre."""
    if request.territoire is None:
        raise Http404
    filtres = _filtres(request)
    lignes = lecture.filtrer(lecture.attributions(request.territoire), **filtres)
    page = lecture.page_d_actions(lignes, apres=request.GET.get("apres", ""))
    contexte = {
        "actions": lecture.actions(lignes, page),
        "page": page,
        "nombre": page.total,
        "total": sum((t.montant for t in lecture.totaux(lignes)), Decimal(0)),
        "filtres": filtres,
        "actifs": any(filtres.values()),
        "choix": lecture.choix(request.territoire),
        "fil": [("Ce qui est financé", reverse("observatoire")), ("Actions", "")],
    }
    return render(request, "observatoire/actions.html", contexte)


@login_not_required
@require_safe
def action(request: HttpRequest, numero: str) -> HttpResponse:
    """`/observatoire/actions/<n>/` : une action décidée ; une autre n'existe pas pour le public (R60)."""
    lignes = lecture.attributions(request.territoire).filter(demande__dossier__numero=numero)
    lus = Dossier.objects.filter(territoire=request.territoire, pk__in=lignes.values("demande__dossier"))
    dossier = get_object_or_404(lus.select_related("appel").prefetch_related("thematiques"), numero=numero)
    (decidee,) = lecture.actions(lignes, [dossier])
    communes = Ciblage.objects.filter(dossier=dossier).values_list("communes__code", "communes__nom")
    contexte = {
        "dossier": dossier,
        "action": decidee,
        "communes": sorted({c for c in communes if c[0]}, key=lambda c: c[1]),
        "peu": PEU,
        "fil": [
            ("Ce qui est financé", reverse("observatoire")),
            ("Actions", reverse("observatoire_actions")),
            (numero, ""),
        ],
    }
    return render(request, "observatoire/action.html", contexte)
