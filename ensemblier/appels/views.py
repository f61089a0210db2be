"""Les pages publiques des appels (écrans É2)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ensemblier.appels import clair, lecture
from ensemblier.appels.agenda import en_ics
from ensemblier.appels.changements import changements
from ensemblier.appels.flux import en_atom
from ensemblier.appels.models import Appel, Reglement
from ensemblier.noyau import packs
from ensemblier.territoires.models import Territoire

COMMUNES = "COMMUNES"


@login_not_required
@require_safe
def liste(request: HttpRequest) -> HttpResponse:
    """`/appels/` : ce qui est ouvert, ce qui vient, ce qui est fermé."""
    couples = lecture.ranges(lecture.publies(request.territoire), le=timezone.now())
    ouverts = [(a, o) for a, o in couples if o.statut == lecture.OUVERT]
    suivant = next(((a, o) for a, o in couples if o.statut == lecture.A_VENIR), None)
    contexte = {"couples": couples, "ouverts": ouverts, "suivant": suivant}
    return render(request, "appels/liste.html", contexte)


def _appel(request: HttpRequest, code: str) -> Appel:
    return get_object_or_404(lecture.publies(request.territoire), code=code)


def _financeurs(appel: packs.Appel, territoire: packs.Territoire) -> list[tuple[str, str]]:
    """Les entrées du filtre ; les communes n'y font qu'une."""
    entrees = [
        (f.code, f.sigle) for f in territoire.financeurs if f.code in appel.financeurs and f.type != "commune"
    ]
    communes = any(f.type == "commune" and f.code in appel.financeurs for f in territoire.financeurs)
    return [*entrees, (COMMUNES, "Communes")] if communes else entrees


def _dispositifs(appel: packs.Appel, territoire: packs.Territoire, financeur: str) -> list[dict[str, Any]]:
    """Ce que chacun ouvre ; les dispositifs des communes, semblables, tiennent en un."""
    rendus: list[dict[str, Any]] = []
    commune_vue = False
    for d in appel.dispositifs:
        institution = territoire.financeur(d.financeur)
        est_commune = institution is not None and institution.type == "commune"
        cle = COMMUNES if est_commune else d.financeur
        if (financeur and cle != financeur) or (est_commune and commune_vue):
            continue
        commune_vue = commune_vue or est_commune
        nom = "Chaque commune concernée" if est_commune else (institution.nom if institution else d.financeur)
        rendus.append({"financeur": nom, "dispositif": d, "est_commune": est_commune})
    return rendus


def _contacts(appel: packs.Appel, territoire: Territoire) -> list[Any]:
    voulus = {code: rang for rang, code in enumerate(appel.contacts)}
    contacts = [c for c in territoire.contacts.all() if c.code in voulus or c.est_repli]
    return sorted(contacts, key=lambda c: voulus.get(c.code, len(voulus)))


def _dernier_changement(versions: list[Reglement], territoire: packs.Territoire) -> list[str]:
    """Ce que la dernière version change à l'avant-dernière ; rien pour une première publication."""
    if len(versions) < 2:
        return []
    return changements(versions[1].regles(), versions[0].regles(), territoire)


@login_not_required
@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    """`/appels/<code>/` : qui, combien, pour qui, avant quand ; puis les règles et leurs sources."""
    appel, present = _appel(request, code), timezone.now()
    pack, lieu = appel.regles(), request.territoire.pack()
    filtres = _financeurs(pack, lieu)
    financeur = request.GET.get("financeur", "")
    financeur = financeur if financeur in {c for c, _ in filtres} else ""
    regles = clair.regles_en_clair(pack, lieu, financeur)
    versions = list(appel.reglements.defer("contenu").order_by("-version"))
    contexte = {
        "appel": appel,
        "pack": pack,
        "ouverture": lecture.ouverture(appel, le=present),
        "combien": clair.combien(pack),
        "pour_qui": clair.pour_qui(pack),
        "versements": clair.versements(pack),
        "bloquantes": [r for r in regles if r.bloque_le_depot],
        "autres_regles": [r for r in regles if not r.bloque_le_depot],
        "filtres": filtres if len(filtres) > 1 else [],
        "financeur": financeur,
        "dispositifs": _dispositifs(pack, lieu, financeur),
        "frise": lecture.frise(appel, le=present),
        "pieces": [p for p in pack.pieces if not financeur or not p.financeurs or financeur in p.financeurs],
        "contacts": _contacts(pack, request.territoire),
        "versions": versions,
        "changements": _dernier_changement(versions, lieu),
        "fil": [("Appels", reverse("appels")), (appel.titre_court, "")],
    }
    return render(request, "appels/appel.html", contexte)


@login_not_required
@require_safe
def regles(request: HttpRequest, code: str) -> HttpResponse:
    """`/appels/<code>/regles/` : chaque règle à son adresse `#<code>` ; `?version=` pour une ancienne."""
    appel = _appel(request, code)
    versions = list(appel.reglements.defer("contenu").order_by("-version"))
    demandee = request.GET.get("version", "")
    reglement = next((v for v in versions if str(v.version) == demandee), versions[0])
    depuis = versions[versions.index(reglement) :][:2]
    contexte = {
        "appel": appel,
        "reglement": reglement,
        "versions": versions,
        "est_courante": reglement == versions[0],
        "changements": _dernier_changement(depuis, request.territoire.pack()),
        "regles": clair.regles_en_clair(reglement.regles(), request.territoire.pack()),
        "fil": [
            ("Appels", reverse("appels")),
            (appel.titre_court, reverse("appel", args=[appel.code])),
            ("Règles", ""),
        ],
    }
    return render(request, "appels/regles.html", contexte)


def _ics(request: HttpRequest, appels: list[Appel], *, nom: str, fichier: str) -> HttpResponse:
    pages = [(a, request.build_absolute_uri(reverse("appel", args=[a.code]))) for a in appels]
    response = HttpResponse(en_ics(pages, nom=nom), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{fichier}.ics"'
    return response


@login_not_required
@require_safe
def agenda(request: HttpRequest, code: str) -> HttpResponse:
    """`/appels/<code>.ics` : les jalons d'un appel, à ajouter à son agenda."""
    appel = _appel(request, code)
    return _ics(request, [appel], nom=appel.titre, fichier=appel.code)


@login_not_required
@require_safe
def agenda_de_tous(request: HttpRequest) -> HttpResponse:
    """`/appels/agenda.ics` : tous les appels publiés, à suivre dans son agenda."""
    if request.territoire is None:
        raise Http404
    nom = f"Appels · {request.territoire.nom}"
    return _ics(request, list(lecture.publies(request.territoire)), nom=nom, fichier="appels")


@login_not_required
@require_safe
def flux(request: HttpRequest) -> HttpResponse:
    """`/appels/flux.atom` : chaque publication et chaque changement de règlement."""
    if request.territoire is None:
        raise Http404
    versions = Prefetch("reglements", queryset=Reglement.objects.defer("contenu"))

    def lien(appel: Appel, version: Reglement) -> str:
        adresse = reverse("appel_regles", args=[appel.code])
        return request.build_absolute_uri(f"{adresse}?version={version.version}")

    texte = en_atom(
        request.territoire,
        lecture.publies(request.territoire).prefetch_related(versions),
        adresse=request.build_absolute_uri(),
        page=request.build_absolute_uri(reverse("appels")),
        lien=lien,
    )
    return HttpResponse(texte, content_type="application/atom+xml; charset=utf-8")
