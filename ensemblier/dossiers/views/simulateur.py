"""Tester son projet sans compte, garder le résultat, en faire un dossier (écran É3)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from ensemblier.appels.lecture import OUVERT, ouverture, publies
from ensemblier.appels.models import Appel
from ensemblier.comptes import suite
from ensemblier.comptes.models import Organisme
from ensemblier.dossiers import actes
from ensemblier.dossiers.actes.commun import PORTEUR
from ensemblier.dossiers.forms import OuvertureForm
from ensemblier.dossiers.forms_simulateur import SimulateurForm
from ensemblier.dossiers.models import Simulation
from ensemblier.dossiers.simulateur import Essai, essayer, liens, rangees
from ensemblier.dossiers.views.commun import commencer
from ensemblier.interface.formats import euros_ronds
from ensemblier.interface.qr import qr_en_svg
from ensemblier.registre.actes import ActeBloque


def _fil(appel: Appel, *pages: tuple[str, str]) -> list[tuple[str, str]]:
    debut = [("Appels", reverse("appels")), (appel.titre_court, reverse("appel", args=[appel.code]))]
    return [*debut, *pages]


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, appel: str) -> HttpResponse:
    """`/appels/<appel>/simulateur/` : juger, garder ou reprendre ; `?essai=` rouvre un essai gardé."""
    choisi = get_object_or_404(publies(request.territoire), code=appel)
    form = _formulaire(request, choisi)
    form.is_valid()
    refus: tuple[str, ...] = ()
    if {"garder", "dossier"} & set(request.POST) and not form.errors:
        try:
            _, jeton = actes.garder_simulation(appel=choisi, reponses=form.reponses(), le=timezone.now())
        except ActeBloque as bloque:
            refus = bloque.raisons
        else:
            return redirect("simulation_dossier" if "dossier" in request.POST else "simulation", jeton)
    essai = essayer(form, le=timezone.localdate())
    contexte = _contexte(choisi, form, essai) | {"refus": refus, "vivant": bool(request.htmx)}
    gabarit = "dossiers/morceaux/essai.html" if request.htmx else "dossiers/simulateur.html"
    code = 422 if (refus or form.errors) and not request.htmx else 200
    return render(request, gabarit, contexte, status=code)


def _formulaire(request: HttpRequest, appel: Appel) -> SimulateurForm:
    """Le formulaire de l'appel, lié à ce qui est tapé, à un essai gardé, ou à rien."""
    donnees: Any = _avec_la_lecture(request.POST)
    if request.method != "POST":
        garde = Simulation.objects.de_jeton(request.GET.get("essai", ""), le=timezone.now())
        gardee = garde.filter(appel=appel).first()
        donnees = gardee.reponses if gardee else {}
    return SimulateurForm(donnees, reglement=appel.regles(), pack=appel.territoire.pack())


def _avec_la_lecture(tapees: QueryDict) -> QueryDict:
    """Le bouton d'une lecture (« cout=12 345 ») écrit la sienne dans sa boîte."""
    champ, _, lecture = tapees.get("lecture", "").partition("=")
    if champ not in tapees:
        return tapees
    lues = tapees.copy()
    lues[champ] = lecture
    return lues


def _contexte(appel: Appel, form: SimulateurForm, essai: Essai) -> dict[str, Any]:
    return {
        "appel": appel,
        "form": form,
        "essai": essai,
        "rangees": rangees(form, essai),
        "liens_fiche": liens(form),
        "ouverture": ouverture(appel, le=timezone.now()),
        "fil": _fil(appel, ("Tester mon projet", "")),
    }


def _gardee(request: HttpRequest, jeton: str) -> tuple[Simulation, SimulateurForm]:
    """L'essai de ce lien et son formulaire relu ; échu ou inconnu, le même 404."""
    visibles = Simulation.objects.de_jeton(jeton, le=timezone.now()).select_related("reglement")
    appels = publies(request.territoire)
    simulation = get_object_or_404(visibles.filter(appel__in=appels.values("pk")))
    simulation.appel = appels.get(pk=simulation.appel_id)
    form = SimulateurForm(
        simulation.reponses, reglement=simulation.reglement.regles(), pack=request.territoire.pack()
    )
    form.is_valid()
    return simulation, form


@login_not_required
@require_safe
def resultat(request: HttpRequest, jeton: str) -> HttpResponse:
    """`/simulations/<jeton>/` : le résultat gardé, jugé par la version du règlement de ce jour-là."""
    simulation, form = _gardee(request, jeton)
    adresse = request.build_absolute_uri()
    contexte = _contexte(simulation.appel, form, essayer(form, le=timezone.localdate(simulation.gardee_le)))
    contexte |= {
        "simulation": simulation,
        "jeton": jeton,
        "adresse": adresse,
        "qr": qr_en_svg(adresse, titre="Lien de ce résultat, à photographier"),
        "a_change": simulation.reglement_id != simulation.appel.reglement_id,
        "est_ouvert": contexte["ouverture"].statut == OUVERT,
        "liens_fiche": None,
        "fil": _fil(simulation.appel, ("Mon résultat", "")),
    }
    reponse = render(request, "dossiers/simulation.html", contexte)
    reponse["X-Robots-Tag"] = "noindex"
    return reponse


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def en_dossier(request: HttpRequest, jeton: str) -> HttpResponse:
    """`/simulations/<jeton>/dossier/` : un brouillon déjà rempli ; sans compte, on revient ici ensuite."""
    if not request.user.is_authenticated:
        suite.retenir(request, request.path)
        return redirect_to_login(request.path)
    suite.reprendre(request)
    if request.acteur is None:
        raise Http404
    simulation, form = _gardee(request, jeton)
    siens = {d.organisme for d in request.acteur.perimetres(*PORTEUR)}
    organismes = Organisme.objects.filter(pk__in=siens).order_by("nom")
    ouverture_form = OuvertureForm(request.POST or None, organismes=organismes)
    if request.method == "POST" and ouverture_form.is_valid():
        dossier = actes.creer_une_fois(
            cle=ouverture_form.cleaned_data["cle"], appel=simulation.appel,
            organisme=ouverture_form.cleaned_data["organisme"], par=request.acteur, le=timezone.now(),
            fiche=form.fiche_du_dossier(),
        )  # fmt: skip
        messages.success(request, _repris(form))
        return redirect(commencer(request, dossier))
    if not organismes:
        suite.retenir(request, request.path)
    contexte = {
        "appel": simulation.appel,
        "jeton": jeton,
        "form": ouverture_form,
        "organismes": organismes,
        "reponses": form.en_clair(),
        "fil": _fil(simulation.appel, ("Mon résultat", reverse("simulation", args=[jeton])), ("Dossier", "")),
    }
    code = 422 if ouverture_form.errors else 200
    return render(request, "dossiers/simulation_dossier.html", contexte, status=code)


def _repris(form: SimulateurForm) -> str:
    """Ce qui est repris, et ce qui reste à répartir."""
    cout = form.cleaned_data.get("cout")
    suite_ = f" Le coût, {euros_ronds(cout)}, tient sur la ligne des achats : répartissez-le." if cout else ""
    return f"Vos réponses au simulateur sont reprises.{suite_}"
