"""L'éditeur du dossier : six étapes, dans l'ordre qu'on veut, et les règles en marge (écrans É6, É7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from ensemblier.appels.models import Appel
from ensemblier.comptes import reprise
from ensemblier.comptes.models import Organisme
from ensemblier.dossiers import actes, etapes, lecture, suite, tableur
from ensemblier.dossiers.actes.commun import PORTEUR, exiger_le_brouillon
from ensemblier.dossiers.actes.saisie import Divergence, Issue
from ensemblier.dossiers.depots import depots_ailleurs
from ensemblier.dossiers.etats import BROUILLON
from ensemblier.dossiers.feuilles import Feuille, lisible, question
from ensemblier.dossiers.fiche import fiche_de, rapport_de, reglement_de
from ensemblier.dossiers.forms import ActionForm, OuvertureForm, PublicsForm, SaisieForm
from ensemblier.dossiers.forms_tableur import TableurForm
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.dossiers.views import contacts
from ensemblier.dossiers.views.commun import (
    cadre,
    commencer,
    contexte_des_pieces,
    echeance,
    en_ecrivain,
    en_lecteur,
)
from ensemblier.interface.constats import RENSEIGNER, REPLIEES, famille
from ensemblier.interface.controles import XLSX
from ensemblier.interface.formats import accord, heure
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.noyau.regles import Fiche, Rapport

GABARITS = {
    "organisme": "dossiers/etape_organisme.html",
    "action": "dossiers/etape_action.html",
    "publics": "dossiers/etape_publics.html",
    "budget": "dossiers/etape_budget.html",
    "demandes": "dossiers/etape_demandes.html",
    "pieces": "dossiers/etape_pieces.html",
}
DIVERGENCE = "divergence:"
EN_LIGNES = ("action", "publics")
PLACES = {
    "action": tuple(ActionForm.CHEMINS.values()),
    "publics": (*PublicsForm.CHEMINS.values(), "action.quartiers", "action.contacts_communes"),
}


@require_http_methods(["GET", "HEAD", "POST"])
def nouveau(request: HttpRequest, appel: str) -> HttpResponse:
    """`/dossiers/nouveau/<appel>/` : pour quel organisme, la suite de quelle action ; puis l'étape 1."""
    choisi = get_object_or_404(
        Appel.objects.publies().select_related("territoire", "reglement"),
        territoire=request.territoire,
        code=appel,
    )
    siens = {d.organisme for d in request.acteur.perimetres(*PORTEUR)} if request.acteur else set()
    organismes = Organisme.objects.filter(pk__in=siens).order_by("nom")
    anciens = Dossier.objects.a_reprendre(request.acteur, choisi)
    form = OuvertureForm(request.POST or None, organismes=organismes, anciens=anciens)
    if request.method == "POST" and form.is_valid():
        dossier = actes.creer_une_fois(
            **form.cleaned_data, appel=choisi, par=request.acteur, le=timezone.now()
        )
        if dossier.suite_de:
            messages.success(request, suite.annonce(dossier))
        return redirect(commencer(request, dossier))
    contexte = {"appel": choisi, "form": form, "organismes": organismes, **echeance(choisi)}
    return render(request, "dossiers/nouveau.html", contexte, status=422 if form.errors else 200)


@reprise.reprend
@require_http_methods(["GET", "HEAD", "POST"])
def etape(request: HttpRequest, numero: str, etape: str) -> HttpResponse:
    """`/dossiers/<n>/<étape>/` : le formulaire ; déposé, le dossier se lit et ne s'écrit plus."""
    dossier, roles = (en_ecrivain if request.method == "POST" else en_lecteur)(request, numero)
    if etape not in etapes.PAR_CODE:
        raise Http404
    feuille = Feuille(etape)
    if request.method == "POST":
        fait, apres = f"Enregistré à {heure(timezone.now())}.", _apres(dossier, etape, request.POST)
        return _enregistrer(request, dossier, roles, feuille, _tapees(request.POST), fait, apres)
    if dossier.etat != BROUILLON or Role.CO_PORTEUR in roles:
        return _en_lecture(request, dossier, roles, etape)
    lues = Reponses(dossier)
    formulaires = _reprendre(request, lues, feuille)
    return _rendre(request, etape, _contexte(lues, roles, feuille, formulaires))


@require_http_methods(["GET", "HEAD", "POST"])
def tableur_du_budget(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/budget/tableur/` : le budget en .xlsx ; envoyé, le même fichier remplit l'étape.

    Ce qui est tapé dans la page part avec le fichier : une seule écriture, les versions de la page.
    """
    dossier, roles = en_ecrivain(request, numero)
    lues, feuille = Reponses(dossier), Feuille("budget")
    budget = feuille.vierge(lues)["form"]
    if request.method != "POST":
        return _en_tableur(tableur.ecrire(budget), dossier)
    exiger_le_brouillon(dossier, quoi="Importer un budget")
    tapees = feuille.contenu(lues) | _tapees(request.POST)
    form = TableurForm(request.POST, request.FILES, budget=budget)
    if form.is_valid():
        fait, apres = form.fait(), etapes.adresse(dossier, feuille.etape)
        return _enregistrer(request, dossier, roles, feuille, tapees | form.lues(), fait, apres)
    contexte = _contexte(lues, roles, feuille, feuille.lier(lues, tapees))
    contexte |= {"tableur": form, "refus": form.errors["fichier"]}
    contexte["versions"] = _lues(request.POST)[0] or contexte["versions"]
    return _rendre(request, feuille.etape, contexte, code=422)


def _en_tableur(octets: bytes, dossier: Dossier) -> HttpResponse:
    reponse = HttpResponse(octets, content_type=XLSX)
    reponse["Content-Disposition"] = f'attachment; filename="budget-{dossier.numero}.xlsx"'
    return reponse


def _enregistrer(
    request: HttpRequest,
    dossier: Dossier,
    roles: set[Role],
    feuille: Feuille,
    postee: dict[str, list[str]],
    fait: str,
    apres: str,
) -> HttpResponse:
    """Range l'étape et va à `apres` ; refusée ou en conflit, la page revient avec tout ce qui est écrit."""
    versions, prendre = _lues(request.POST)
    issue = actes.enregistrer_feuille(
        dossier, feuille=feuille, postee=postee, versions=versions, prendre=prendre, par=request.acteur,
        roles=roles, le=timezone.now(),
    )  # fmt: skip
    if issue.est_rangee:
        messages.success(request, fait)
        if "demander" in request.POST:
            _demander(request, dossier, roles)
        return redirect(apres)
    contexte = _contexte(Reponses(dossier), roles, feuille, issue.formulaires)
    contexte |= _a_trancher(issue, contexte["versions"], versions, request.acteur)
    return _rendre(request, feuille.etape, contexte, code=422)


def _rendre(request: HttpRequest, etape: str, contexte: dict[str, Any], code: int = 200) -> HttpResponse:
    lues = json.dumps(contexte["versions"])
    return render(request, GABARITS[etape], contexte | {"versions": lues}, status=code)


def _tapees(donnees: QueryDict) -> dict[str, list[str]]:
    """Ce que la page a envoyé ; le bouton d'une lecture (« c_60=12 345 ») écrit la sienne dans sa boîte."""
    tapees = dict(donnees.lists())
    champ, _, lecture = donnees.get("lecture", "").partition("=")
    return tapees | {champ: [lecture]} if champ in tapees else tapees


def _lues(donnees: Any) -> tuple[dict[str, int], set[str]]:
    """Les rangs que la page avait lus, et les réponses où la personne prend celle de l'autre.

    Chaque conflit tranché dit le rang qu'il a montré : une troisième valeur, arrivée depuis, se remontre.
    """
    try:
        versions = {str(c): int(rang) for c, rang in json.loads(donnees.get("versions") or "{}").items()}
    except (ValueError, TypeError, AttributeError):
        versions = {}
    prendre = set()
    for nom in donnees:
        champ, choix = nom.removeprefix(DIVERGENCE), donnees[nom].partition("-")
        if nom.startswith(DIVERGENCE) and choix[2].isdecimal() and len(choix[2]) < 9:
            versions[champ] = int(choix[2])
            if choix[0] == "autre":
                prendre.add(champ)
    return versions, prendre


def _a_trancher(
    issue: Issue, versions: dict[str, int], lues: dict[str, int], acteur: Acteur
) -> dict[str, Any]:
    """Les deux valeurs de chaque conflit ; non tranché, la page garde le rang qu'elle avait."""
    disputes = {d.champ: lues.get(d.champ, 0) for d in issue.divergences}
    divergences = [
        {
            "nom": f"{DIVERGENCE}{d.champ}", "rang": d.rang, "par": _auteur(d, acteur), "le": d.le,
            "question": question(issue.formulaires, d.champ),
            "sienne": lisible(issue.formulaires, d.champ, d.sienne),
            "autre": lisible(issue.formulaires, d.champ, d.autre),
        }
        for d in issue.divergences
    ]  # fmt: skip
    return {"refus": issue.refus, "divergences": divergences, "versions": versions | disputes}


def _reprendre(request: HttpRequest, lues: Reponses, feuille: Feuille) -> Mapping[str, Any]:
    """Ce que la page montre ; après une session perdue, ce que la personne venait d'écrire."""
    gardees = reprise.retrouver(request)
    if not gardees:
        return feuille.ouvrir(lues)
    messages.info(request, "Votre session avait expiré. Voici ce que vous veniez d'écrire : enregistrez-le.")
    formulaires = feuille.lier(lues, feuille.contenu(lues) | gardees)
    feuille.erreurs(formulaires)
    return formulaires


def _demander(request: HttpRequest, dossier: Dossier, roles: set[Role]) -> None:
    """Le bouton d'une ville, dans le formulaire : ce qui est tapé est enregistré d'abord, puis demandé."""
    noms = dossier.contacts_communes.filter(commune__code=request.POST["demander"])
    if contact := noms.first():
        contacts.jouer(request, dossier, roles, contact)
    else:
        messages.error(request, "Écrivez d'abord le jour du contact avec cette ville.")


def _apres(dossier: Dossier, etape: str, donnees: Any) -> str:
    suivante = etapes.voisines(etape)["suivante"]
    if "demander" in donnees:
        return etapes.adresse(dossier, etape, "contacts")
    if {"rester", "lecture"} & set(donnees) or suivante is None:
        return etapes.adresse(dossier, etape)
    return etapes.adresse(dossier, suivante.code)


def _contexte(
    lues: Reponses, roles: set[Role], feuille: Feuille, formulaires: Mapping[str, Any]
) -> dict[str, Any]:
    dossier, etape = lues.dossier, feuille.etape
    rapport = rapport_de(dossier, le=timezone.now(), lues=lues)
    ici = etapes.PAR_CODE[etape]
    rang = etapes.CODES.index(etape) + 1
    page = cadre(dossier, roles, ici.nom)
    juge = _juge(dossier, rapport, etape)
    return page | juge | formulaires | etapes.voisines(etape) | {
        "etape": ici,
        "versions": feuille.versions(lues),
        "rang": rang,
        "rangees": etapes.rangees(formulaires["form"], juge["par_champ"]) if etape in EN_LIGNES else (),
        **_propre_a(lues, roles, etape, formulaires),
    }  # fmt: skip


def _propre_a(lues: Reponses, roles: set[Role], etape: str, formulaires: Mapping[str, Any]) -> dict[str, Any]:
    """Ce qu'une seule étape montre."""
    if etape == "organisme":
        return {"lignes": lecture.lignes(lues, etape), "obligations": lues.obligations}
    if etape == "budget":
        return {"plan": formulaires["form"].plan(), "tableur": TableurForm(budget=formulaires["form"])}
    if etape == "demandes":
        repliees = any(ligne["repliee"] for ligne in formulaires["form"].lignes())
        return {"communes_repliees": repliees, "co_porteurs": lues.co_porteurs}
    if etape == "publics":
        return {"suivi": {s["contact"].commune_id: s for s in contacts.suivi(lues)}}
    if etape == "pieces":
        return contexte_des_pieces(lues, roles)
    return {}


def _juge(dossier: Dossier, rapport: Rapport, etape: str) -> dict[str, Any]:
    """Les constats de l'étape devant, les autres ensuite ; les repères de la liste des étapes."""
    reglement = reglement_de(dossier)
    constats = etapes.sans_les_declarations(rapport, reglement)
    ici = etapes.de_l_etape(constats, etapes.PAR_CODE[etape])
    restantes, restantes_ici = len(etapes.a_completer(constats)), len(etapes.a_completer(ici))
    au_depot, ensuite = etapes.par_moment(constats)
    par_champ: dict[str, list[Any]] = {}
    for c in ici:
        if famille(c) not in (*REPLIEES, RENSEIGNER):
            par_champ.setdefault(c.champs[0], []).append(c)
    return {
        "constats": constats,
        "plusieurs_financeurs": etapes.plusieurs_financeurs(reglement),
        "constats_ici": [c for c in au_depot if c in ici],
        "constats_ensuite": [c for c in ensuite if c in ici],
        "constats_ailleurs": [c for c in au_depot if c not in ici],
        "reperes": etapes.reperes(dossier, constats, etape),
        "restantes": restantes,
        "restantes_ailleurs": restantes - restantes_ici,
        "titre_ici": f"Cette étape : {accord(restantes_ici, 'point')} à compléter"
        if restantes_ici
        else "Cette étape : rien ne bloque le dépôt",
        "financement": rapport.financement,
        "totaux": totaux(rapport),
        "par_champ": par_champ,
        "sous_champs": [(etapes.ancre(champ), par_champ.get(champ, [])) for champ in PLACES.get(etape, ())],
        "liens_fiche": etapes.liens(dossier),
    }


def totaux(rapport: Rapport) -> dict[str, Any]:
    """Le pied du budget : dépenses, ressources, différence, et le mot qui les juge (K10)."""
    valeurs = next(
        (c.mesure.donnees for c in rapport.constats if c.mesure and "ecart" in c.mesure.donnees), {}
    )
    charges, produits = Decimal(valeurs.get("charges", 0)), Decimal(valeurs.get("produits", 0))
    ecart, nature = charges - produits, Decimal(valeurs.get("ecart_volontaires", 0))
    mot, ton = "Équilibré", "ok"
    if not valeurs:
        mot, ton = "À remplir", "neutre"
    elif ecart:
        mot, ton = ("Il manque des ressources" if ecart > 0 else "Il manque des dépenses"), "non"
    elif nature:
        mot, ton = "Bénévolat à égaliser", "non"
    return {"charges": charges, "produits": produits, "ecart": abs(ecart), "mot": mot, "ton": ton}


@require_POST
def saisie(request: HttpRequest, numero: str, etape: str) -> HttpResponse:
    """`/dossiers/<n>/<étape>/saisie/` : une réponse, gardée pendant qu'on écrit la suivante."""
    dossier, roles = en_ecrivain(request, numero, pour_une_page=False)
    form = SaisieForm(request.POST)
    if etape not in etapes.PAR_CODE or not form.is_valid():
        raise Http404
    try:
        gardee = actes.saisir(
            dossier, feuille=Feuille(etape), valeur=request.POST.getlist("valeur"), par=request.acteur,
            roles=roles, le=timezone.now(), **form.cleaned_data,
        )  # fmt: skip
    except actes.SaisieDivergente as autre:
        return JsonResponse(_autre(dossier, etape, autre.divergence, request.acteur), status=409)
    recue = {"version": gardee.rang, "heure": heure(gardee.le), "erreur": gardee.erreur}
    if gardee.erreur and (possibles := Feuille(etape).lectures(Reponses(dossier), gardee.champ)):
        recue["lectures"] = possibles
    return JsonResponse(recue)


def _auteur(divergence: Divergence, acteur: Acteur) -> str:
    """Qui a écrit l'autre valeur ; la même personne l'a fait ailleurs."""
    return "Un autre de vos onglets" if divergence.par_nom == acteur.nom else divergence.par_nom


def _autre(dossier: Dossier, etape: str, divergence: Divergence, acteur: Acteur) -> dict[str, Any]:
    """Les deux valeurs d'un conflit, et qui a écrit l'autre."""
    lue = lisible(Feuille(etape).vierge(Reponses(dossier)), divergence.champ, divergence.autre)
    return {
        "version": divergence.rang, "autre": divergence.autre, "autre_lue": lue,
        "par": _auteur(divergence, acteur), "heure": heure(divergence.le),
    }  # fmt: skip


@require_POST
def constats(request: HttpRequest, numero: str) -> HttpResponse:
    """`/dossiers/<n>/constats/?etape=…` : ce que diraient les règles, sans rien enregistrer."""
    dossier, _ = en_ecrivain(request, numero, pour_une_page=False)
    code = request.GET.get("etape", "")
    if code not in etapes.PAR_CODE or dossier.etat != BROUILLON:
        raise Http404
    lues = Reponses(dossier)
    donnees = fiche_de(dossier, depose_le=timezone.now(), lues=lues).en_json()
    formulaires = Feuille(code).lier(lues, dict(request.POST.lists()))
    for formulaire in formulaires.values():
        formulaire.is_valid()
        formulaire.ajouter_a(donnees)
    rapport = rapport_de(dossier, fiche=Fiche.lire(donnees))
    contexte = _juge(dossier, rapport, code) | {
        "dossier": dossier,
        "etape": etapes.PAR_CODE[code],
        "vivant": True,
        **echeance(dossier.appel),
    }
    places = {etapes.ancre(champ) for champ in _places(formulaires)}
    contexte["sous_champs"] = [(a, siens) for a, siens in contexte["sous_champs"] if a in places]
    return render(request, "dossiers/morceaux/vivant.html", contexte)


def _places(formulaires: dict[str, Any]) -> set[str]:
    """Les chemins de la fiche qui ont leur boîte sur cette page : ceux de l'appel, pas d'un autre."""
    places = {
        chemin
        for formulaire in formulaires.values()
        for nom, chemin in formulaire.CHEMINS.items()
        if nom in formulaire.fields
    }
    if "quartiers" in formulaires:
        places.add("action.quartiers")
    if "contacts" in formulaires and formulaires["contacts"].est_demande:
        places.add("action.contacts_communes")
    return places


def _en_lecture(request: HttpRequest, dossier: Dossier, roles: set[Role], code: str) -> HttpResponse:
    """Après le dépôt : du texte, et la raison (jamais des boîtes grisées)."""
    ici, lues = etapes.PAR_CODE[code], Reponses(dossier)
    contexte = cadre(dossier, roles, ici.nom) | etapes.voisines(code) | {
        "etape": ici,
        "rang": etapes.CODES.index(code) + 1,
        "reperes": etapes.reperes(dossier, [], code),
        "lignes": lecture.lignes(lues, code),
        **(contexte_des_pieces(lues, roles) if code == "pieces" else {}),
        "suivi": contacts.suivi(lues) if code == "publics" else (),
        "ailleurs": depots_ailleurs(lues, reglement_de(dossier)) if code == "pieces" else (),
    }  # fmt: skip
    return render(request, "dossiers/etape_lue.html", contexte)
