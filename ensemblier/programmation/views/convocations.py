"""Convoquer une séance (É13), la déplacer, compléter son ordre du jour, l'annuler ; la lire."""

from __future__ import annotations

from datetime import date
from functools import partial

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import exiger
from ensemblier.comptes.models import Habilitation
from ensemblier.dossiers.etats import RECEVABLE
from ensemblier.dossiers.models import Dossier
from ensemblier.instruction.droits import PILOTE
from ensemblier.instruction.views.commun import essayer, jouer
from ensemblier.interface.formulaires import ChampDate
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.programmation import actes, agenda, documents
from ensemblier.programmation.actes import Membre
from ensemblier.programmation.attente import liste_d_attente
from ensemblier.programmation.deports import lisibles_par
from ensemblier.programmation.etats import CONVOQUEE
from ensemblier.programmation.forms import CONVOCABLES, ConvocationForm, DeplacementForm, OrdreDuJourForm
from ensemblier.programmation.models import Seance
from ensemblier.programmation.views.commun import MEMBRES, au_nom_de, fil, seance_visible
from ensemblier.programmation.views.lecteurs import LECTEURS, appel_de


@require_http_methods(["GET", "POST"])
def convoquer(request: HttpRequest, appel: str) -> HttpResponse:
    """`/programmation/seances/nouvelle/<appel>/`"""
    acteur = exiger(request.acteur, *PILOTE)
    lu = appel_de(request, appel)
    form = ConvocationForm(
        request.POST or None,
        initial={"dossiers": request.GET.getlist("dossiers")},
        habilitations=_convocables(request),
        dossiers=_a_inscrire(acteur, lu),
        quorum=lu.regles().quorum,
    )
    creees: list[Seance] = []
    if request.method == "POST" and essayer(form, lambda: creees.append(_convoquer(request, lu, form))):
        messages.success(request, "Séance convoquée. Chaque membre reçoit sa convocation.")
        return redirect("seance", creees[0].pk)
    contexte = {"appel": lu, "form": form, "fil": [("Séances", "/programmation/seances/"), ("Convoquer", "")]}
    code = 422 if form.is_bound and form.errors else 200
    return render(request, "programmation/convoquer.html", contexte, status=code)


def _convocables(request: HttpRequest) -> list[Habilitation]:
    """Ceux qui siègeront : en vigueur au jour écrit, ou pas encore finis s'il ne l'est pas ; jury d'abord.

    Qui était déjà coché reste montré : le formulaire dit pourquoi il ne peut pas siéger.
    """
    jour = _jour_ecrit(request)
    presents = Habilitation.objects.en_vigueur(jour) if jour else _pas_finies(timezone.localdate())
    dits = [*request.POST.getlist("membres"), *request.POST.getlist("sans_voix")]
    coches = [cle for cle in dits if cle.isdecimal() and len(cle) < 10]
    lues = Habilitation.objects.filter(
        Q(pk__in=presents.values("pk")) | Q(utilisateur__in=coches),
        territoire=request.territoire, qualite__in=[r.value for r in CONVOCABLES],
        utilisateur__is_active=True,
    )  # fmt: skip
    return sorted(
        lues.select_related("utilisateur"), key=lambda h: (h.qualite != Role.JURY.value, h.utilisateur.nom)
    )


def _pas_finies(jour: date) -> QuerySet[Habilitation]:
    return Habilitation.objects.filter(Q(au=None) | Q(au__gte=jour))


def _jour_ecrit(request: HttpRequest) -> date | None:
    try:
        return ChampDate(required=False).clean(request.POST.get("jour", ""))
    except ValidationError:
        return None


def _a_inscrire(acteur: Acteur, appel: Appel) -> list[Dossier]:
    visibles = Dossier.objects.visibles_par(acteur).filter(appel=appel, etat=RECEVABLE)
    return list(visibles.select_related("organisme").order_by("numero"))


def _convoquer(request: HttpRequest, appel: Appel, form: ConvocationForm) -> Seance:
    dits = form.cleaned_data
    choisis = [(cle, True) for cle in dits["membres"]] + [(cle, False) for cle in dits["sans_voix"]]
    lus = [(h, a_voix) for cle, a_voix in choisis if (h := form.habilitation_de(cle))]
    return actes.convoquer(
        appel, type=dits["type"], titre=dits["titre"], seance_le=form.instant(), lieu=dits["lieu"],
        duree_minutes=dits["duree_minutes"] or 120, quorum=dits["quorum"],
        membres=[Membre(h.utilisateur, h.fonction, a_voix) for h, a_voix in lus],
        dossiers=[form.candidats[cle] for cle in dits["dossiers"]], **au_nom_de(request),
    )  # fmt: skip


@require_POST
def annuler(request: HttpRequest, pk: int) -> HttpResponse:
    lue = seance_visible(request, pk)
    acte = partial(actes.annuler_la_seance, lue, motif=request.POST.get("raison", ""), **au_nom_de(request))
    return jouer(request, acte, fait="Convocation annulée.", vers="seance", pk=pk)


@require_http_methods(["GET", "POST"])
def deplacer(request: HttpRequest, pk: int) -> HttpResponse:
    """`/programmation/seances/<id>/deplacer/` : une autre date, un autre lieu, avec sa raison."""
    exiger(request.acteur, *PILOTE)
    lue = seance_visible(request, pk)
    quand = timezone.localtime(lue.le)
    form = DeplacementForm(
        request.POST or None,
        initial={"jour": quand.date(), "heure": f"{quand:%H:%M}", "lieu": lue.lieu},
    )
    if request.method == "POST" and essayer(
        form,
        lambda: actes.deplacer_la_seance(
            lue, seance_le=form.instant(), lieu=form.cleaned_data["lieu"],
            motif=form.cleaned_data["motif"], **au_nom_de(request),
        ),
    ):  # fmt: skip
        messages.success(request, "Séance déplacée. Chaque membre reçoit la nouvelle convocation.")
        return redirect("seance", pk)
    return _page(request, "programmation/deplacer.html", lue, form, "Date et lieu")


@require_http_methods(["GET", "POST"])
def inscrire(request: HttpRequest, pk: int) -> HttpResponse:
    """`/programmation/seances/<id>/inscrire/` : des dossiers de plus à l'ordre du jour, avec la raison."""
    acteur = exiger(request.acteur, *PILOTE)
    lue = seance_visible(request, pk)
    deja = set(lue.inscriptions.values_list("dossier_id", flat=True))
    libres = [d for d in _a_inscrire(acteur, lue.appel) if d.pk not in deja]
    form = OrdreDuJourForm(request.POST or None, dossiers=libres)
    if request.method == "POST" and essayer(
        form,
        lambda: actes.inscrire(
            lue, [form.candidats[cle] for cle in form.cleaned_data["dossiers"]],
            motif=form.cleaned_data["motif"], **au_nom_de(request),
        ),
    ):  # fmt: skip
        messages.success(request, "Ordre du jour complété. Chaque membre en est prévenu.")
        return redirect("seance", pk)
    return _page(request, "programmation/inscrire.html", lue, form, "Ordre du jour")


def _page(
    request: HttpRequest, gabarit: str, seance: Seance, form: DeplacementForm | OrdreDuJourForm, titre: str
) -> HttpResponse:
    contexte = {
        "seance": seance, "form": form, "fil": fil(seance, titre), "est_convoquee": seance.etat == CONVOQUEE,
    }  # fmt: skip
    return render(request, gabarit, contexte, status=422 if form.is_bound and form.errors else 200)


@require_safe
def attente(request: HttpRequest, appel: str) -> HttpResponse:
    """`/programmation/<appel>/attente/` : qui attend, ce qui lui manque, qui peut être repris."""
    acteur = exiger(request.acteur, *LECTEURS)
    lu = appel_de(request, appel)
    attendus = liste_d_attente(lu, acteur)
    contexte = {
        "appel": lu, "attendus": attendus, "reprenables": [a for a in attendus if not a.manques],
        "est_pilote": acteur.a(*PILOTE),
        "fil": [("Programmation", "/programmation/"), (lu.titre_court, f"/programmation/{lu.code}/"),
                ("Liste d'attente", "")],
    }  # fmt: skip
    return render(request, "programmation/attente.html", contexte)


@require_safe
def convocation(request: HttpRequest, pk: int) -> HttpResponse:
    """`/programmation/seances/<id>/convocation.pdf` : l'ordre du jour, tel que la personne peut le lire."""
    acteur = exiger(request.acteur, *MEMBRES)
    lue = seance_visible(request, pk)
    contenu = documents.convocation(lue, lisibles_par(acteur, lue))
    reponse = HttpResponse(contenu, content_type="application/pdf")
    reponse["Content-Disposition"] = f'inline; filename="convocation-{lue.pk}.pdf"'
    return reponse


@require_safe
def en_agenda(request: HttpRequest, pk: int) -> HttpResponse:
    """`/programmation/seances/<id>/seance.ics` : la séance, à ajouter à son agenda."""
    exiger(request.acteur, *MEMBRES)
    lue = seance_visible(request, pk)
    reponse = HttpResponse(
        agenda.en_ics(lue, request.user, le=timezone.now()), content_type="text/calendar; charset=utf-8"
    )
    reponse["Content-Disposition"] = f'attachment; filename="seance-{lue.pk}.ics"'
    return reponse
