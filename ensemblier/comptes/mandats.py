"""Qui peut engager l'organisme : sa représentante ou son représentant légal, ou qui en a la délégation."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import QuerySet

from ensemblier.comptes.models import Mandat, Organisme, Rattachement
from ensemblier.noyau.calendrier import en_francais, jour_de
from ensemblier.noyau.machine import Acteur

_CIVILITES = frozenset({"m", "mme", "mlle", "monsieur", "madame"})


def pouvoir(
    organisme: Organisme,
    acteur: Acteur,
    *,
    le: datetime,
    pour: str = Mandat.Portee.DEPOT,
    parmi: Iterable[Mandat] | None = None,
) -> str:
    """Ce qui permet à la personne de déposer, ou de signer la suite, ce jour-là ; vide si rien.

    Un organisme qui n'a pas dit qui le représente ne permet pas de le vérifier : l'agent le lit.
    `parmi` : les mandats de ce jour et de cette portée, si l'appelant les a lus.
    """
    if acteur.utilisateur is None:
        return "acte automatique"
    if not organisme.representant_nom:
        return "représentant légal non renseigné"
    if _est(organisme.representant_nom, acteur.nom):
        return "représentant légal"
    if parmi is None:
        siens = organisme.mandats.en_vigueur(jour_de(le)).pour(pour)
        parmi = siens.filter(utilisateur=acteur.utilisateur)[:1]
    mandat = next((m for m in parmi if m.utilisateur_id == acteur.utilisateur), None)
    return _en_mots(mandat) if mandat else ""


def empechement(
    organisme: Organisme, acteur: Acteur, *, le: datetime, pour: str = Mandat.Portee.DEPOT
) -> str:
    """La phrase qui arrête une personne signataire sans pouvoir ; vide si elle peut agir."""
    return "" if pouvoir(organisme, acteur, le=le, pour=pour) else sans_pouvoir(organisme)


def sans_pouvoir(organisme: Organisme) -> str:
    """Ce que lit une personne signataire qui n'a ni la qualité ni la délégation."""
    return (
        f"Vous n'êtes pas le représentant légal de {organisme.nom} ({organisme.representant_nom}), et aucune "
        "délégation de signature en cours ne vous le permet. Ajoutez-la dans « Mon organisme », ou laissez "
        f"faire {organisme.representant_nom}. Un nom à corriger ? L'identité de l'organisme le permet."
    )


def delegataires(organisme: Organisme, jour: date) -> QuerySet[Rattachement]:
    """Les personnes signataires à qui déléguer : la personne représentante n'en a pas besoin."""
    signataires = organisme.rattachements.en_vigueur(jour).filter(qualite=Rattachement.Qualite.SIGNATAIRE)
    soi = [
        r.pk
        for r in signataires.select_related("utilisateur")
        if _est(organisme.representant_nom, r.utilisateur.nom_complet)
    ]
    return signataires.exclude(pk__in=soi).select_related("utilisateur")


def _en_mots(mandat: Mandat) -> str:
    fin = f", jusqu'au {en_francais(mandat.au, 'courte')}" if mandat.au else ""
    return f"délégation de signature du {en_francais(mandat.du, 'courte')}{fin}"


def _est(un: str, autre: str) -> bool:
    """Le même nom, à l'ordre, à la casse, aux accents et aux traits d'union près."""
    return _nu(un) == _nu(autre)


def _nu(nom: str) -> frozenset[str]:
    plat = unicodedata.normalize("NFKD", nom).encode("ascii", "ignore").decode().casefold()
    return frozenset(plat.replace("-", " ").replace(".", " ").split()) - _CIVILITES
