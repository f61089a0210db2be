"""Trouver des dossiers par des mots : début de mot, sans accent ni casse, tous à la fois.

Le même code sert SQLite et PostgreSQL, sans extension : le vocabulaire se lit par plage, puis ses liens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, Value

from ensemblier.comptes.models import Organisme
from ensemblier.dossiers.models import Dossier, Mot, MotDuDossier
from ensemblier.noyau.mots import borne, cherches, voisins

RIEN = Q(pk__in=[])


@dataclass(frozen=True, slots=True)
class Recherche:
    """La condition sur `Dossier`, et chaque mot remplacé parce que rien ne l'écrit ainsi."""

    condition: Q
    remplaces: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class _Lus:
    """Des mots des dossiers, et les mots de porteurs, chacun avec sa clé."""

    mots: list[tuple[int, str]]
    porteurs: list[tuple[int, str]]


def rechercher(texte: str) -> Recherche:
    """Une requête pour tous les mots ; une de plus par mot inconnu, dont une faute de frappe se devine."""
    debuts = cherches(texte)
    if not debuts:
        return Recherche(RIEN)
    lus = _lire(debuts)
    total, remplaces = Q(), []
    for debut in debuts:
        cles = [cle for cle, mot in lus.mots if mot.startswith(debut)]
        organismes = [cle for cle, mots in lus.porteurs if f" {debut}" in mots]
        if not (cles or organismes):
            voisinage = _lire([debut[0]])
            if proches := _proches(debut, voisinage):
                remplaces.append((debut, tuple(proches)))
                cles = [cle for cle, mot in voisinage.mots if mot in proches]
                organismes = [cle for cle, mots in voisinage.porteurs if set(mots.split()) & set(proches)]
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


def _lire(debuts: Iterable[str]) -> _Lus:
    """Ce qui commence ainsi : le vocabulaire par plage, les porteurs par leurs mots ; une requête."""
    des_dossiers, des_porteurs = RIEN, RIEN
    for debut in debuts:
        des_dossiers |= _plage(debut)
        des_porteurs |= Q(mots__contains=f" {debut}")
    mots = Mot.objects.filter(des_dossiers).order_by().values_list(Value(0), "pk", "mot")
    porteurs = Organisme.objects.filter(des_porteurs).order_by().values_list(Value(1), "pk", "mots")
    lus: tuple[list[tuple[int, str]], list[tuple[int, str]]] = ([], [])
    for genre, cle, texte in mots.union(porteurs, all=True):
        lus[genre].append((cle, texte))
    return _Lus(*lus)


def _proches(mot: str, voisinage: _Lus) -> list[str]:
    """Les mots à une faute, de même première lettre : ceux des dossiers et ceux des porteurs."""
    connus = {m for _, m in voisinage.mots} | {m for _, mots in voisinage.porteurs for m in mots.split()}
    return voisins(mot, connus)
