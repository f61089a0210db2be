"""`/instruction/lot/` : confirmer un acte sur plusieurs dossiers ; combien, lesquels non, et pourquoi."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ensemblier.comptes.droits import exiger
from ensemblier.dossiers.models import Dossier
from ensemblier.espaces.lecteur import Lecteur
from ensemblier.espaces.liste import Liste
from ensemblier.espaces.lot import (
    ACTES,
    ActeEnLot,
    DemanderAvisForm,
    Ecartes,
    FormulaireDActe,
    SansChoix,
    a_traiter,
    sur_un_dossier,
)
from ensemblier.instruction.droits import PILOTE
from ensemblier.instruction.lecture import AUTORITES
from ensemblier.interface.formats import accord
from ensemblier.noyau.machine import RoleInsuffisant, TransitionRefusee
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.travaux import Ligne, demander

AU_PLUS = 2000
MONTRES = 50
"""Les numéros écrits à l'écran ; au-delà, leur nombre."""
_PROPRES = ("acte", "d", "tous", "liste", "cle", "continuer", "csrfmiddlewaretoken")


@dataclass(frozen=True, slots=True)
class Choix:
    """Ce que la personne a choisi : un acte, des dossiers, et la liste où elle revient."""

    acte: ActeEnLot
    dossiers: list[Dossier]
    retour: str

    @property
    def numeros(self) -> str:
        return ",".join(d.numero for d in self.dossiers)


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """GET demande ce qui manque puis montre ce qui sera fait ; POST le fait, ou le met en file."""
    exiger(request.acteur, *AUTORITES)
    if not request.acteur.a(*PILOTE):
        raise RoleInsuffisant("Les actes en lot reviennent au chargé de mission ou au responsable.")
    dits = request.POST if request.method == "POST" else request.GET
    retour = f"{reverse('instruction')}?{_liste(request, dits).adresse_entiere.lstrip('?')}"
    try:
        choix = Choix(_acte(dits), _choisis(request, dits), retour)
    except ActeBloque as refus:
        messages.error(request, str(refus))
        return redirect(retour)
    form = _formulaire(request, choix, dits)
    pret = form.is_bound and form.is_valid()
    ecartes = choix.acte.ecarter(choix.dossiers, form.dits()) if pret else {}
    retenus = [d for d in choix.dossiers if d.pk not in ecartes]
    if request.method == "POST" and pret and retenus:
        return _lancer(request, choix, form, retenus, dits)
    contexte = _contexte(choix, form, retenus, ecartes) | {"pret": pret, "dits": _propres_a_l_acte(dits)}
    return render(request, "espaces/lot.html", contexte, status=422 if form.errors else 200)


def _liste(request: HttpRequest, dits: QueryDict) -> Liste:
    """La liste d'où l'on vient, telle que la maison la comprend : rien d'autre de l'adresse ne passe."""
    return Liste(
        Lecteur(request.acteur, request.territoire), QueryDict(dits.get("liste", "").lstrip("?")[:2000])
    )


def _acte(dits: QueryDict) -> ActeEnLot:
    if dits.get("acte", "") not in ACTES:
        raise ActeBloque("Choisissez ce qu'il faut faire des dossiers cochés.")
    return ACTES[dits["acte"]]


def _choisis(request: HttpRequest, dits: QueryDict) -> list[Dossier]:
    """Les dossiers cochés, ou tous ceux du filtre ; ce que la personne ne voit pas n'y entre pas."""
    visibles = a_traiter(request.acteur)
    if "tous" in dits:
        choisis = visibles.filter(_liste(request, dits).condition())
    else:
        numeros = {n for valeur in dits.getlist("d") for n in valeur.split(",")}
        choisis = visibles.filter(numero__in=list(numeros)[: AU_PLUS + 1])
    lus = list(choisis.order_by("numero")[: AU_PLUS + 1])
    if not lus:
        raise ActeBloque("Aucun dossier n'est choisi. Cochez des dossiers, puis l'acte.")
    if len(lus) > AU_PLUS:
        raise ActeBloque(f"Plus de {AU_PLUS} dossiers d'un coup, c'est trop. Resserrez le filtre.")
    return lus


def _formulaire(request: HttpRequest, choix: Choix, dits: QueryDict) -> FormulaireDActe:
    """Lié dès que la personne a répondu, ou s'il n'y a rien à demander."""
    repondu = request.method == "POST" or "continuer" in dits or choix.acte.form is SansChoix
    form = choix.acte.formulaire(dits if repondu else None, request.territoire, timezone.localdate())
    if isinstance(form, DemanderAvisForm):
        form.parmi(choix.dossiers)
    return form


def _propres_a_l_acte(dits: QueryDict) -> list[tuple[str, str]]:
    return [(nom, v) for nom in dits if nom not in _PROPRES for v in dits.getlist(nom)]


def _contexte(
    choix: Choix, form: FormulaireDActe, retenus: list[Dossier], ecartes: Ecartes
) -> dict[str, object]:
    combien = accord(len(retenus), "dossier")
    raisons: dict[str, list[Dossier]] = {}
    for dossier in choix.dossiers:
        if dossier.pk in ecartes:
            raisons.setdefault(ecartes[dossier.pk], []).append(dossier)
    valide = form.is_bound and form.is_valid()
    return {
        "choix": choix,
        "form": form,
        "titre": choix.acte.titre(combien, form.dits()) if valide else choix.acte.bouton,
        "retenus": retenus[:MONTRES],
        "autres": max(len(retenus) - MONTRES, 0),
        "combien": len(retenus),
        "numeros": ",".join(d.numero for d in retenus),
        "ecartes": len(ecartes),
        "raisons": [
            (phrase, siens[:MONTRES], max(len(siens) - MONTRES, 0)) for phrase, siens in raisons.items()
        ],
        "cle": uuid4().hex,
        "fil": [("Dossiers", choix.retour), (choix.acte.bouton, "")],
    }


def _lancer(
    request: HttpRequest, choix: Choix, form: FormulaireDActe, retenus: Sequence[Dossier], dits: QueryDict
) -> HttpResponse:
    """Un seul dossier : l'acte, tout de suite. Plusieurs : un travail, et sa page."""
    if len(choix.dossiers) == 1:
        return _faire_le_seul(request, choix, form)
    propres = QueryDict(mutable=True)
    for nom, valeur in _propres_a_l_acte(dits):
        propres.appendlist(nom, valeur)
    with transaction.atomic():
        travail = demander(
            cle=dits.get("cle", "")[:64] or uuid4().hex,
            genre=choix.acte.genre,
            titre=choix.acte.titre(accord(len(retenus), "dossier"), form.dits()),
            par=request.acteur,
            le=timezone.now(),
            parametres={"dits": propres.urlencode()},
            lignes=[
                Ligne(
                    f"{d.numero} · {d.organisme.nom} : {d.intitule}", d.designation(),
                    reverse("instruction_dossier", args=[d.numero]),
                )
                for d in retenus
            ],
            retour=choix.retour,
        )  # fmt: skip
    return redirect("travail", travail.pk)


def _faire_le_seul(request: HttpRequest, choix: Choix, form: FormulaireDActe) -> HttpResponse:
    dossier = choix.dossiers[0]
    try:
        phrase = sur_un_dossier(choix.acte, dossier, form.dits(), par=request.acteur, le=timezone.now())
        messages.success(request, phrase)
    except ActeBloque as refus:
        for raison in refus.raisons:
            messages.error(request, raison)
    except TransitionRefusee as refus:
        messages.error(request, refus.raison)
    return redirect("instruction_dossier", dossier.numero)


urlpatterns = [path("instruction/lot/", page, name="instruction_lot")]
