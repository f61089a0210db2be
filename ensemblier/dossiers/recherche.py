"""Trouver des dossiers par des mots : début de mot, sans accent ni casse, tous à la fois.

Le même code sert SQLite et PostgreSQL, sans extension : le vocabulaire se lit par plage, puis ses liens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from ensemblier.comptes.models import Organisme
from ensemblier.dossiers.models import Dossier, Mot, MotDuDossier
from ensemblier.noyau.mots import borne, cherches, voisins

RIEN = Q(pk__in=[])


@dataclass(frozen=True, slots=True)
class Recherche:
    """La condition sur `Dossier`, et chaque mot remplacé parce que rien ne l'écrit ainsi."""

    condition: Q
    remplaces: tuple[tuple[str, tuple[str, ...]], ...] = ()


def rechercher(texte: str) -> Recherche:
    """Deux requêtes pour tous les mots ; deux de plus par mot inconnu, dont une faute de frappe se devine."""
    debuts = cherches(texte)
    if not debuts:
        return Recherche(RIEN)
    connus = _vocabulaire(debuts)
    porteurs = _porteurs(debuts)
    total, remplaces = Q(), []
    for debut in debuts:
        cles = [cle for cle, mot in connus if mot.startswith(debut)]
        organismes = [cle for cle, mots in porteurs if f" {debut}" in mots]
        if not (cles or organismes) and (proches := _proches(debut)):
            remplaces.append((debut, tuple(proches)))
            cles = [cle for cle, mot in _vocabulaire(proches) if mot in proches]
            organismes = [cle for cle, mots in _porteurs(proches) if set(mots.split()) & set(proches)]
        total &= _porte(cles, organismes)
    return Recherche(total, tuple(remplaces))


def _porte(cles: list[int], organismes: list[int]) -> Q:
    if not (cles or organismes):
        return RIEN
    liens = MotDuDossier.objects.filter(mot__in=cles).order_by().values("dossier")
    if not organismes:
        return Q(pk__in=liens)
    siens = Dossier.objects.filter(organisme__in=organismes).order_by().values("pk")
    return Q(pk__in=liens.union(siens) if cles else siens)


def _plage(debut: str) -> Q:
    fin = borne(debut)
    return Q(mot__gte=debut) & (Q(mot__lt=fin) if fin else Q())


def _vocabulaire(debuts: Iterable[str]) -> list[tuple[int, str]]:
    voulus = RIEN
    for debut in debuts:
        voulus |= _plage(debut)
    return list(Mot.objects.filter(voulus).values_list("pk", "mot"))


def _porteurs(debuts: Iterable[str]) -> list[tuple[int, str]]:
    voulus = RIEN
    for debut in debuts:
        voulus |= Q(mots__contains=f" {debut}")
    return list(Organisme.objects.filter(voulus).values_list("pk", "mots"))


def _proches(mot: str) -> list[str]:
    """Les mots à une faute, de même première lettre : ceux des dossiers et ceux des porteurs."""
    connus = {m for _, m in _vocabulaire([mot[0]])}
    connus |= {m for _, mots in _porteurs([mot[0]]) for m in mots.split()}
    return voisins(mot, connus)
