"""Les séances (É13) : ouvrir, pointer, noter, décider, clore ; un déporté ne trouve rien."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import exiger
from ensemblier.dossiers.models import Dossier
from ensemblier.instruction.droits import PILOTE
from ensemblier.instruction.views.commun import essayer, jouer
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.programmation import actes, notes
from ensemblier.programmation.deports import lisibles_par
from ensemblier.programmation.editions import AU_PLUS
from ensemblier.programmation.forms import (
    DeportForm,
)
from ensemblier.programmation.lecture import changements
from ensemblier.programmation.models import Inscription, Note, Seance
from ensemblier.programmation.views.commun import (
    FINIES,
    MEMBRES,
    au_nom_de,
    fil,
    inscription_visible,
    seance_visible,
)
from ensemblier.programmation.views.deliberations import LECTEURS_DES_ACTES
from ensemblier.registre.fichiers import servir


@require_safe
def liste(request: HttpRequest) -> HttpResponse:
    """`/programmation/seances/` : celles que la personne tient ou auxquelles elle siège."""
    acteur = exiger(request.acteur, *MEMBRES)
    lues = list(
        Seance.objects.visibles_par(acteur)
        .select_related("appel")
        .defer("appel__projet", "appel__chapo")
        .annotate(
            dossiers=Count("inscriptions"),
            a_decider=Count("inscriptions", filter=Q(inscriptions__decision="")),
        )
        .order_by("-le", "-pk")[:100]
    )
    appels = Appel.objects.filter(territoire=request.territoire).publies().defer("projet", "chapo")
    est_pilote = acteur.a(*PILOTE)
    contexte = {
        "a_venir": sorted((s for s in lues if s.etat not in FINIES), key=lambda s: s.le),
        "closes": [s for s in lues if s.etat in FINIES],
        "appels": list(appels) if est_pilote else [],
        "lit_les_actes": acteur.a(*LECTEURS_DES_ACTES),
    }
    return render(request, "programmation/seances.html", contexte)


@require_safe
def seance(request: HttpRequest, pk: int) -> HttpResponse:
    """`/programmation/seances/<id>/` : présences, ordre du jour, déports, notes, décisions."""
    exiger(request.acteur, *MEMBRES)
    lue = seance_visible(request, pk)
    visibles = lisibles_par(request.acteur, lue)
    resultats, grille = notes.resultats_lus_par(request.acteur, lue), notes.grille_de(lue)
    est_pilote = request.acteur.a(*PILOTE)
    participants = list(lue.participants.select_related("utilisateur").order_by("pk"))
    moi = next((p for p in participants if p.utilisateur_id == request.acteur.utilisateur), None)
    contexte = {
        "seance": lue,
        "fil": fil(lue),
        "lignes": [_ligne(r, r.inscription.dossier_id in visibles, request.acteur) for r in resultats],
        "deportee": sum(1 for r in resultats if r.inscription.dossier_id not in visibles),
        "participants": participants,
        "presents": sum(1 for p in participants if p.est_present and p.a_voix),
        "moi": moi,
        "est_pilote": est_pilote,
        "changements": changements(lue),
        "dossier_est_long": len(visibles) > AU_PLUS,
        "cle_du_dossier": secrets.token_hex(16),
        "avant_son_jour": actes.est_avant_son_jour(lue, timezone.now()),
        "a_egalite": any(r.egalite for r in resultats),
        "montre_les_notes": notes.lit_toutes_les_notes(request.acteur),
        "a_une_grille": grille is not None,
        "seuil": grille.seuil if grille else None,
    }
    return render(request, "programmation/seance.html", contexte)


def _ligne(resultat: notes.Resultat, est_visible: bool, acteur: Acteur) -> dict[str, Any]:
    """Un dossier de l'ordre du jour ; d'un déporté on ne donne que la place."""
    if not est_visible:
        return {"est_visible": False, "place": resultat.inscription.rang}
    return {
        "est_visible": True,
        "inscription": resultat.inscription,
        "dossier": resultat.inscription.dossier,
        "resultat": resultat,
        "ma_note": resultat.scores.get(acteur.utilisateur or 0),
    }


@require_POST
def ouvrir(request: HttpRequest, pk: int) -> HttpResponse:
    lue = seance_visible(request, pk)
    acte = partial(actes.ouvrir_la_seance, lue, motif=request.POST.get("raison", ""), **au_nom_de(request))
    return jouer(request, acte, fait="Séance ouverte.", vers="seance", pk=pk)


@require_POST
def pointer(request: HttpRequest, pk: int, participant: int) -> HttpResponse:
    lue = seance_visible(request, pk)
    membre = get_object_or_404(lue.participants.select_related("utilisateur", "seance"), pk=participant)
    est_present = request.POST.get("present") == "oui"
    acte = partial(actes.pointer, membre, est_present=est_present, **au_nom_de(request))
    return jouer(request, acte, fait="Présence notée.", vers="seance", pk=pk)


@require_POST
def clore(request: HttpRequest, pk: int) -> HttpResponse:
    lue = seance_visible(request, pk)
    acte = partial(actes.clore_la_seance, lue, motif=request.POST.get("raison", ""), **au_nom_de(request))
    return jouer(request, acte, fait="Séance close. Le procès-verbal est écrit.", vers="seance", pk=pk)


@require_safe
def proces_verbal(request: HttpRequest, pk: int) -> HttpResponse:
    lue = seance_visible(request, pk)
    exiger(request.acteur, *PILOTE, Role.AUDITEUR)
    if lue.proces_verbal is None:
        raise Http404
    return servir(lue.proces_verbal)


@require_http_methods(["GET", "POST"])
def deport(request: HttpRequest, pk: int, numero: str) -> HttpResponse:
    """Se déporter d'un dossier, ou l'enregistrer pour un membre (service)."""
    lue = seance_visible(request, pk)
    inscription = inscription_visible(request, lue, numero)
    membres = [p.utilisateur for p in lue.participants.select_related("utilisateur")]
    if not request.acteur.a(*PILOTE):
        membres = [m for m in membres if m.pk == request.acteur.utilisateur]
    form = DeportForm(request.POST or None, membres=membres)
    if request.method == "POST" and essayer(
        form,
        lambda: actes.declarer_deport(
            inscription, form.membres[form.cleaned_data["utilisateur"]], motif=form.cleaned_data["motif"],
            **au_nom_de(request),
        ),
    ):  # fmt: skip
        messages.success(request, "Déport enregistré. Il sera écrit au procès-verbal.")
        return redirect("seance", pk)
    contexte = {"seance": lue, "dossier": inscription.dossier, "form": form, "fil": fil(lue, "Déport")}
    code = 422 if form.is_bound and form.errors else 200
    return render(request, "programmation/deport.html", contexte, status=code)


@require_http_methods(["GET", "POST"])
def noter(request: HttpRequest, pk: int, numero: str) -> HttpResponse:
    """`/programmation/seances/<id>/noter/<n>/` : cinq boutons par critère, une note par clic."""
    lue = seance_visible(request, pk)
    inscription = inscription_visible(request, lue, numero)
    membre = get_object_or_404(lue.participants, utilisateur=request.user, a_voix=True)
    if request.method == "POST":
        return _noter(request, lue, inscription)
    grille = notes.grille_de(lue)
    if grille is None:
        raise Http404
    miennes = dict(
        Note.objects.filter(inscription=inscription, utilisateur=request.user).values_list(
            "critere", "valeur"
        )
    )
    suite = list(
        lue.inscriptions.filter(rang__gt=inscription.rang, dossier__in=_visibles(request)).values_list(
            "dossier__numero", flat=True
        )[:1]
    )
    contexte = {
        "seance": lue, "inscription": inscription, "dossier": inscription.dossier, "fil": fil(lue, "Noter"),
        "criteres": [(c, miennes.get(c.code)) for c in grille.criteres],
        "echelle": range(grille.note_max + 1), "note_max": grille.note_max,
        "score": notes.score_du_membre(grille, miennes),
        "en_cours": notes.points_en_cours(grille, miennes),
        "manquent": sum(1 for c in grille.criteres if c.code not in miennes),
        "suivant": suite[0] if suite else "", "est_ouverte": lue.etat == "ouverte",
        "est_present": membre.est_present,
    }  # fmt: skip
    return render(request, "programmation/noter.html", contexte)


def _visibles(request: HttpRequest) -> Any:
    return Dossier.objects.a_juger_par(request.acteur).values("pk")


def _noter(request: HttpRequest, seance: Seance, inscription: Inscription) -> HttpResponse:
    critere, _, valeur = request.POST.get("note", "").partition(":")
    if not valeur.isdecimal() or len(valeur) > 2:
        raise Http404
    acte = partial(
        actes.noter, inscription, request.user, critere=critere, valeur=int(valeur), par=request.acteur,
        le=timezone.now(),
    )  # fmt: skip
    return jouer(
        request, acte, fait="", vers="seance_noter", pk=seance.pk, numero=inscription.dossier.numero
    )  # fmt: skip
