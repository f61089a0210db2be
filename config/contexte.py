"""Ce que toute page sait : le territoire, la personne, la navigation de son rôle (écrans §2)."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from ensemblier.dossiers import fil
from ensemblier.instruction.lecture import AUTORITES
from ensemblier.noyau.machine import Acteur, Role

_PUBLIC = (
    ("Appels", "appels"),
    ("Suis-je en quartier prioritaire ?", "quartiers_adresse"),
    ("Ce qui est financé", "observatoire"),
    ("Quartiers", "quartiers"),
)
_PORTEUR = (
    ("Mes dossiers", "mes_dossiers"),
    ("Appels", "appels"),
    ("Mon organisme", "mon_organisme"),
    ("Messages", "messages"),
)
_PILOTE = (
    ("Dossiers", "instruction"),
    ("Programmation", "programmation"),
    ("Séances", "seances"),
    ("Suites", "suites"),
    ("Observatoire", "observatoire"),
)
_FINANCES = (("Suites", "suites"), ("Dossiers", "instruction"), ("Observatoire", "observatoire"))
_FINANCEUR = (
    ("À traiter", "instruction"),
    ("Programmation", "programmation"),
    ("Suites", "suites"),
    ("Observatoire", "observatoire"),
)
_COMMUNE = (("À traiter", "instruction"), ("Observatoire", "observatoire"))
_JURY = (("Séances", "seances"), ("Observatoire", "observatoire"))

_PIED = (
    ("Accessibilité : non conforme", "accessibilite"),
    ("Données personnelles", "donnees_personnelles"),
    ("Contact du service", "contact"),
)


def _entrees(acteur: Acteur | None) -> tuple[tuple[str, str], ...]:
    if acteur is None:
        return _PUBLIC
    for roles, entrees in (
        ((Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR), _PILOTE),
        ((Role.FINANCES,), _FINANCES),
        ((Role.AGENT_FINANCEUR,), _FINANCEUR),
        ((Role.REFERENT_COMMUNAL,), _COMMUNE),
        ((Role.JURY,), _JURY),
    ):
        if acteur.a(*roles):
            return entrees
    return _PORTEUR


def maison(request: HttpRequest) -> dict[str, object]:
    acteur = getattr(request, "acteur", None)
    return {
        "territoire": getattr(request, "territoire", None),
        "acteur": acteur,
        "navigation": SimpleLazyObject(lambda: _navigation(request, acteur)),
        "compte": _compte(acteur),
        "pied": [(libelle, url) for libelle, nom in _PIED if (url := _adresse(nom))],
        "demonstration": settings.DEMONSTRATION,
        "recherche_url": _adresse("instruction") if acteur and acteur.a(*AUTORITES) else "",
    }


def _navigation(request: HttpRequest, acteur: Acteur | None) -> list[tuple[str, str, bool]]:
    """Les entrées, la courante marquée ; lue par les seules pages entières, un morceau n'en a pas."""
    entrees = [(libelle, nom, url) for libelle, nom in _entrees(acteur) if (url := _adresse(nom))]
    courante = max((u for *_, u in entrees if request.path.startswith(u)), key=len, default="")
    return [(_compter(acteur, nom, libelle), url, url == courante) for libelle, nom, url in entrees]


def _compter(acteur: Acteur | None, nom: str, libelle: str) -> str:
    """« Messages (2) » : ce que le service a écrit et que personne de l'organisme n'a lu ; une requête."""
    if acteur is None or nom != "messages":
        return libelle
    siens = {d.organisme for d in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)}
    attendent = fil.a_lire(acteur, siens) if siens else 0
    return f"{libelle} ({attendent})" if attendent else libelle


def _adresse(nom: str) -> str:
    try:
        return reverse(nom)
    except NoReverseMatch:
        return ""


def _compte(acteur: Acteur | None) -> dict[str, object] | None:
    """Le coin de la personne connectée : son nom, sa fonction, son compte."""
    if acteur is None:
        return None
    porteur = not acteur.droits or acteur.a(Role.SIGNATAIRE, Role.REDACTEUR)
    role = "" if porteur else acteur.fonction
    return {"nom": acteur.nom, "role": role, "liens": [("Mon compte", reverse("mon_compte"))]}
