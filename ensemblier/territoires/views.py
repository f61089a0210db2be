"""Les quartiers, et la question « suis-je en quartier prioritaire ? » (écrans É4)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from ensemblier.interface.formats import ordre
from ensemblier.territoires.adresse import Verdict, situer_l_adresse, situer_le_point
from ensemblier.territoires.contour import Dessin, dessiner, sommet
from ensemblier.territoires.forms import AdresseForm, PointForm
from ensemblier.territoires.models import Commune, Contact, Quartier, Territoire


def _saisie(request: HttpRequest) -> Any:
    """Ce qui est tapé, même si rien ne l'est ; rien quand la page s'ouvre."""
    return request.POST if request.method == "POST" else None


def _territoire(request: HttpRequest) -> Territoire:
    if request.territoire is None:
        raise Http404
    return request.territoire


@login_not_required
@require_safe
def quartiers(request: HttpRequest) -> HttpResponse:
    """`/quartiers/` : tous les quartiers et leurs communes, comptés."""
    territoire = _territoire(request)
    lignes = list(territoire.quartiers.prefetch_related("communes"))
    communes = {c.pk: c for q in lignes for c in q.communes.all()}
    contexte = {
        "quartiers": lignes,
        "zones": [
            {
                "nom": q.nom,
                "code": q.code,
                "contour": q.contour,
                "url": reverse("quartier", args=[q.code]),
                "valeur": ", ".join(c.nom for c in q.communes.all()),
            }
            for q in lignes
        ],
        "lieux": _villes(lignes),
        "communes": sorted(communes.values(), key=lambda c: ordre(c.nom)),
        "nombre_membres": sum(1 for c in communes.values() if c.est_membre),
        "nombre_voisines": sum(1 for c in communes.values() if not c.est_membre),
        "annonces": [a for a in territoire.pack().contrat.annonces if a.quoi == "quartiers"],
        "attribution": territoire.attribution.split("\n")[0],
    }
    return render(request, "territoires/quartiers.html", contexte)


def _villes(quartiers: list[Quartier]) -> list[dict[str, Any]]:
    """Le nom de chaque ville au-dessus de son quartier le plus au nord, celle qui en a le plus d'abord.

    Un quartier à cheval ne place une ville que si elle n'en a pas d'autre : il est aussi chez la voisine.
    """
    siens: dict[str, list[Quartier]] = {}
    for q in (q for q in quartiers if q.contour.get("coordinates")):
        for ville in q.communes.all():
            siens.setdefault(ville.nom, []).append(q)
    villes = []
    for nom, zones in sorted(siens.items(), key=lambda x: -len(x[1])):
        seules = [q for q in zones if len(q.communes.all()) == 1]
        lon, lat = max((sommet(q.contour) for q in seules or zones), key=lambda point: point[1])
        villes.append({"nom": nom, "lon": lon, "lat": lat})
    return villes


def _repli(territoire: Territoire) -> Contact | None:
    return territoire.contacts.filter(est_repli=True).first()


@login_not_required
@require_safe
def quartier(request: HttpRequest, code: str) -> HttpResponse:
    """`/quartiers/<code>/` : où il est, ses communes, qui appeler ; l'ancien code y mène aussi (R19)."""
    territoire = _territoire(request)
    contacts = Prefetch("contacts", queryset=Contact.objects.order_by("rang"))
    trouves = territoire.quartiers.prefetch_related(
        Prefetch("communes", Commune.objects.prefetch_related(contacts))
    )
    objet = get_object_or_404(trouves, Q(code=code) | Q(code_2015=code))
    contexte = {
        "quartier": objet,
        "communes": objet.communes.all(),
        "dessin": dessiner(objet.contour),
        "repli": _repli(territoire),
        "attribution": territoire.attribution.split("\n")[0],
        "fil": [("Quartiers", reverse("quartiers")), (objet.nom, "")],
    }
    return render(request, "territoires/quartier.html", contexte)


@login_not_required
@require_safe
def commune(request: HttpRequest, code: str) -> HttpResponse:
    """`/quartiers/communes/<commune>/` : les quartiers d'une ville et son référent."""
    territoire = _territoire(request)
    objet = get_object_or_404(
        territoire.communes.annotate(nombre=Count("quartiers")).prefetch_related("contacts"),
        code=code.upper(),
    )
    contexte = {
        "commune": objet,
        "quartiers": Quartier.objects.filter(communes=objet).defer("contour").prefetch_related("communes"),
        "repli": _repli(territoire),
        "fil": [("Quartiers", reverse("quartiers")), (objet.nom, "")],
    }
    return render(request, "territoires/commune.html", contexte)


def _carte(territoire: Territoire, verdict: Verdict | None) -> Dessin | None:
    """L'adresse et le quartier dont il est question ; rien si l'adresse n'est pas située, ou trop loin."""
    if verdict is None or verdict.point is None:
        return None
    vise = territoire.quartiers.filter(code=verdict.code or verdict.proche_code).first()
    return dessiner(vise.contour, point=verdict.point) if vise else None


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def adresse(request: HttpRequest) -> HttpResponse:
    """`/quartiers/adresse/` : par POST, l'adresse n'est dans aucun journal ; `?lon=&lat=` situe un point."""
    territoire, verdict = _territoire(request), None
    form = AdresseForm(_saisie(request))
    point = PointForm(request.GET)
    if request.method == "POST" and form.is_valid():
        verdict = situer_l_adresse(territoire, form.cleaned_data["adresse"], service=settings.GEOCODEUR)
    elif request.method != "POST" and point.is_valid():
        verdict = situer_le_point(territoire, point.cleaned_data["lon"], point.cleaned_data["lat"])
    contexte = {
        "form": form,
        "verdict": verdict,
        "dessin": _carte(territoire, verdict),
        "repli": _repli(territoire),
        "attribution": territoire.attribution.split("\n")[0],
        "communes": sorted(
            territoire.communes.filter(quartiers__isnull=False).annotate(nombre=Count("quartiers")),
            key=lambda c: ordre(c.nom),
        ),
    }
    code = 422 if form.is_bound and form.errors else 200
    return render(request, "territoires/adresse.html", contexte, status=code)
