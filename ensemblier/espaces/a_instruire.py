"""La liste de travail de l'agent (É9) : ce qui l'attend, ce qui est en retard ; requêtes constantes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from ensemblier.espaces import liste as liste_
from ensemblier.espaces.filtres import FILTRES, PAR_NOM
from ensemblier.espaces.lecteur import Lecteur
from ensemblier.espaces.liste import A_FAIRE, EN_RETARD, TOUT, TRIS, Liste
from ensemblier.espaces.lot import ACTES
from ensemblier.espaces.models import Vue
from ensemblier.espaces.rangs import options, rangs
from ensemblier.espaces.tableaux import A_INSTRUIRE
from ensemblier.instruction.droits import PILOTE
from ensemblier.interface.tableaux import demandees
from ensemblier.noyau.machine import Acteur

COLONNES_GARDEES = "colonnes_de_la_liste"
TOUJOURS = 4
"""Les filtres qu'on voit sans rien ouvrir."""


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """`/instruction/` : la phrase, les filtres, cinquante lignes. Envoyer garde ses colonnes."""
    liste = lire(request)
    if request.method == "POST":
        request.session[COLONNES_GARDEES] = demandees(request.POST, A_INSTRUIRE)
        return redirect(f"{reverse('instruction')}{liste.adresse(col='')}")
    vues = list(Vue.objects.visibles_par(request.acteur))
    if not request.GET and (d_office := _d_office(vues, request.acteur)):
        return redirect(f"{reverse('instruction')}?{d_office.adresse}")
    comptes = liste.comptes
    lues = liste.lignes(liste.page.lignes)
    choix = _choix(liste)
    suivant = liste.page.suivant
    actes = list(ACTES.values()) if request.acteur.a(*PILOTE) else []
    contexte = {
        "liste": liste,
        "colonnes": [{"cle": c.cle, "titre": c.titre, "montree": c in liste.colonnes} for c in A_INSTRUIRE],
        "tris": [(code, mot) for code, (mot, _) in TRIS.items()],
        "onglets": _onglets(liste, comptes),
        "vues": vues,
        "entiere": liste.adresse_entiere.lstrip("?"),
        "lignes": lues,
        "actes": actes,
        "rangs": rangs(lues, liste.colonnes, cochable=bool(actes)),
        "comptes": comptes,
        "au_plus": liste_.COMPTES_AU_PLUS,
        "a_des_attentes": bool(liste.lecteur.attentes),
        "suivant": liste.adresse(apres=suivant) if suivant else "",
        "filtres": choix[:TOUJOURS],
        "autres_filtres": choix[TOUJOURS:],
        "autres_poses": sum(bool(f["valeur"]) for f in choix[TOUJOURS:]),
        "actifs": _actifs(liste, choix, compter=not lues),
    }
    return render(request, "espaces/a_instruire.html", contexte)


def _d_office(vues: list[Vue], acteur: Acteur) -> Vue | None:
    siennes = (v for v in vues if v.utilisateur_id == acteur.utilisateur)
    return next((v for v in siennes if v.est_par_defaut), None)


def _onglets(liste: Liste, comptes: dict[str, int]) -> list[tuple[str, str, int, str]]:
    """Chaque vue de la maison : son adresse, son nom, son compte."""
    tout = [(TOUT, "Tous", comptes["tout"])]
    mots = [(A_FAIRE, "À faire", comptes["a_faire"]), (EN_RETARD, "En retard", comptes["en_retard"])]
    return [
        (liste.adresse(vue=code), mot, combien, code)
        for code, mot, combien in (mots if liste.lecteur.attentes else []) + tout
    ]


def lire(request: HttpRequest) -> Liste:
    """La liste que l'adresse demande ; sans colonnes dites, celles que la personne a choisi de garder."""
    lecteur = Lecteur(request.acteur, request.territoire)
    return Liste(lecteur, request.GET, gardees=request.session.get(COLONNES_GARDEES, ()))


def _choix(liste: Liste) -> list[dict[str, Any]]:
    """Les listes des filtres ; les lieux et les financeurs viennent du pack, gardé en mémoire."""
    lus = [(f, f.choix(liste.lecteur), liste.filtres.get(f.nom, "")) for f in FILTRES]
    return [
        {
            "nom": f.nom, "libelle": f.libelle, "choix": choix, "valeur": valeur,
            "options": options(choix, valeur),
        }
        for f, choix, valeur in lus
        if choix or valeur
    ]  # fmt: skip


def _actifs(liste: Liste, choix: list[dict[str, Any]], *, compter: bool) -> list[dict[str, Any]]:
    """Chaque filtre posé, en mots, avec l'adresse qui l'ôte ; rien trouvé : combien sans lui."""
    mots = {f["nom"]: dict(f["choix"]) for f in choix}
    sans = liste.sans_un_filtre() if compter and liste.filtres else {}
    return [
        {
            "mot": mots[nom].get(valeur, valeur) if nom in PAR_NOM else f"« {valeur} »",
            "adresse": liste.adresse(**{nom: ""}),
            "sans": sans.get(nom, 0),
        }
        for nom, valeur in liste.filtres.items()
    ]


urlpatterns = [path("instruction/", page, name="instruction")]
