"""« Mes courriels » : ce qui arrive tout de suite, une fois par jour, ou jamais."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ensemblier.comptes import actes
from ensemblier.comptes.courriels import lire_le_jeton
from ensemblier.comptes.forms import MesCourrielsForm
from ensemblier.comptes.models import DES_AGENTS, LIBRES, Genre, RythmeDeCourriel, Utilisateur


def _genres(personne: Utilisateur) -> tuple[Genre, ...]:
    """Un porteur n'a pas les courriels d'un agent, ni l'inverse ; qui n'est encore rien voit tout."""
    porteur, agent = personne.rattachements.exists(), personne.habilitations.exists()
    if porteur == agent:
        return LIBRES
    return tuple(g for g in LIBRES if (g in DES_AGENTS) == agent)


@require_http_methods(["GET", "POST"])
def mes_courriels(request: HttpRequest) -> HttpResponse:
    """`/mon-compte/courriels/`"""
    personne, genres = request.user, _genres(request.user)
    regles = {nom: rythme for nom, rythme in personne.rythmes().items() if nom in genres}
    form = MesCourrielsForm(
        request.POST if request.method == "POST" else None,
        genres=genres,
        initial=regles | {"heure": personne.heure_du_recapitulatif},
    )
    if request.method == "POST" and form.is_valid():
        actes.regler_les_courriels(personne, rythmes=form.rythmes(), heure=form.cleaned_data["heure"])
        messages.success(request, "Vos choix sont enregistrés. Ils valent dès le prochain courriel.")
        return redirect("mes_courriels")
    contexte = {
        "form": form,
        "obliges": [g.label for g in Genre if g.est_oblige and g is not Genre.CONFIRMATION],
        "quotidien": RythmeDeCourriel.RECAPITULATIF in regles.values(),
        "heure": personne.heure_du_recapitulatif,
        "fil": [("Mon compte", reverse("mon_compte")), ("Mes courriels", "")],
    }
    return render(request, "comptes/mes_courriels.html", contexte, status=422 if form.errors else 200)


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "POST"])
def desabonnement(request: HttpRequest, jeton: str) -> HttpResponse:
    """RFC 8058 : GET montre, POST agit, d'un clic de la messagerie ou de la page.

    La messagerie n'a ni session ni jeton de formulaire : l'adresse signée les remplace, elle ne peut
    qu'ôter un genre de courriels à une personne.
    """
    lu = lire_le_jeton(jeton)
    if lu is None:
        raise Http404
    personne, genre = lu
    if request.method == "POST":
        actes.se_desabonner(personne, genre=genre)
    contexte = {"genre": genre, "est_fait": request.method == "POST", "adresse": request.path}
    return render(request, "comptes/desabonnement.html", contexte)
