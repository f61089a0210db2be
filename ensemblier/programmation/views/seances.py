"""Les séances (É13) : ouvrir, pointer, noter, décider, clore ; un déporté ne trouve rien."""

from __future__ import annotations

from decimal import Decimal
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
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Dossier
from ensemblier.instruction.droits import PILOTE
from ensemblier.instruction.models import Avis
from ensemblier.instruction.views.commun import essayer, jouer
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.programmation import actes, notes
from ensemblier.programmation.calculs import constats_du_cumul, cumul, plafond_au_taux
from ensemblier.programmation.forms import (
    DecisionForm,
    DeportForm,
    TauxForm,
)
from ensemblier.programmation.lecture import changements
from ensemblier.programmation.models import Inscription, Note, Seance
from ensemblier.programmation.views.commun import (
    FINIES,
    MEMBRES,
    au_nom_de,
    fil,
    inscription_visible,
    lisibles_par,
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
    resultats = notes.resultats_lus_par(request.acteur, lue)
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
        "avant_son_jour": actes.est_avant_son_jour(lue, timezone.now()),
        "a_egalite": any(r.egalite for r in resultats),
        "montre_les_notes": notes.lit_toutes_les_notes(request.acteur),
        "a_une_grille": notes.grille_de(lue) is not None,
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


@require_http_methods(["GET", "POST"])
def decider(request: HttpRequest, pk: int, numero: str) -> HttpResponse:
    """`/programmation/seances/<id>/decider/<n>/` : critères, taux, montants, puis la décision motivée."""
    exiger(request.acteur, *PILOTE)
    lue = seance_visible(request, pk)
    inscription = inscription_visible(request, lue, numero)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and essayer(
        form, lambda: actes.decider(inscription, **form.cleaned_data, **au_nom_de(request))
    ):
        messages.success(request, f"Décision enregistrée : {inscription.get_decision_display().lower()}.")
        return redirect("seance", pk)
    return _page_de_decision(request, lue, inscription, form=form)


def _page_de_decision(
    request: HttpRequest,
    seance: Seance,
    inscription: Inscription,
    *,
    form: DecisionForm | None = None,
    taux: TauxForm | None = None,
    essai: Decimal | None = None,
) -> HttpResponse:
    dossier = inscription.dossier
    cadre = reglement_de(dossier).financement
    libelles = {c.code: c.libelle for c in cadre.criteres}
    resultat = next((r for r in notes.resultats(seance) if r.inscription.pk == inscription.pk), None)
    initial = {"taux": dossier.taux_retenu * 100} if dossier.taux_retenu is not None else {}
    volets = dossier.demandes.select_related("financeur", "dispositif").order_by("financeur__rang")
    avis = Avis.objects.visibles_par(request.acteur).filter(dossier=dossier).select_related("financeur")
    contexte = {
        "seance": seance, "inscription": inscription, "dossier": dossier, "fil": fil(seance, dossier.numero),
        "volets": list(volets), "avis": list(avis),
        "cumul": cumul(dossier), "constats": constats_du_cumul(dossier), "resultat": resultat,
        "criteres": [(c, libelles.get(c.code, c.code)) for c in dossier.criteres.filter(est_declare=True)],
        "plafond": plafond_au_taux(dossier, essai), "essai": essai, "taux": taux or TauxForm(initial=initial),
        "form": form or DecisionForm(), "est_ouverte": seance.etat == "ouverte",
        "quorum_perdu": actes.quorum_perdu(inscription) if seance.etat == "ouverte" else "",
    }  # fmt: skip
    soumis = [f for f in (form, taux) if f is not None and f.is_bound]
    code = 422 if any(f.errors for f in soumis) else 200
    return render(request, "programmation/decider.html", contexte, status=code)


@require_POST
def critere(request: HttpRequest, pk: int, numero: str, code: str) -> HttpResponse:
    """Le jury valide un critère déclaré, ou le refuse."""
    lue = seance_visible(request, pk)
    inscription = inscription_visible(request, lue, numero)
    lu = get_object_or_404(inscription.dossier.criteres.select_related("dossier"), code=code)
    est_valide = request.POST.get("valide") == "oui"
    acte = partial(actes.valider_critere, lue, lu, est_valide=est_valide, **au_nom_de(request))
    fait = "Critère validé." if est_valide else "Critère non validé."
    return jouer(request, acte, fait=fait, vers="seance_decider", pk=pk, numero=numero)


@require_POST
def taux(request: HttpRequest, pk: int, numero: str) -> HttpResponse:
    """K4 : le taux du jury, refusé avec sa raison s'il sort des bornes (S39, S40)."""
    exiger(request.acteur, *PILOTE)
    lue = seance_visible(request, pk)
    inscription = inscription_visible(request, lue, numero)
    form = TauxForm(request.POST)
    if "voir" in request.POST:
        tient = essayer(form, lambda: actes.verifier_le_taux(inscription.dossier, form.part()))
        return _page_de_decision(
            request, lue, inscription, taux=form, essai=form.part() if tient else None
        )  # fmt: skip
    if essayer(
        form, lambda: actes.retenir_taux(lue, inscription.dossier, taux=form.part(), **au_nom_de(request))
    ):
        messages.success(request, "Taux enregistré.")
        return redirect("seance_decider", pk, numero)
    return _page_de_decision(request, lue, inscription, taux=form)
