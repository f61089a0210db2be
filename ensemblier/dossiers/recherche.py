"""Trouver des dossiers par des mots : début de mot, sans accent ni casse, tous à la fois.

Le même code sert SQLite et PostgreSQL, sans extension : le vocabulaire se lit par plage, puis ses liens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from ensemblier.comptes.models import Organisme
from ensemblier.dossiers.models import Dossier, Mot, MotDuDossier
from ensemblier.noyau.mots import borne, cherches, se_devine, voisins

RIEN = Q(pk__in=[])


@dataclass(frozen=True, slots=True)
class Recherche:
    """La condition sur `Dossier`, et chaque mot remplacé parce que rien ne l'écrit ainsi."""

    condition: Q
    remplaces: tuple[tuple[str, tuple[str, ...]], ...] = ()


def rechercher(texte: str) -> Recherche:
    """Deux requêtes pour tous les mots ; deux de plus si certains sont inconnus : la faute se devine."""
    debuts = cherches(texte)
    if not debuts:
        return Recherche(RIEN)
    connus = _vocabulaire(debuts)
    porteurs = _porteurs(debuts)
    trouves = {
        debut: (
            [cle for cle, mot in connus if mot.startswith(debut)],
            [cle for cle, mots in porteurs if f" {debut}" in mots],
        )
        for debut in debuts
    }
    remplaces = []
    if inconnus := [debut for debut in debuts if se_devine(debut) and not any(trouves[debut])]:
        voisinage = _Voisinage(inconnus)
        for debut in inconnus:
            if proches := voisinage.proches(debut):
                remplaces.append((debut, tuple(proches)))
                trouves[debut] = voisinage.cles(proches)
    total = Q()
    for cles, organismes in trouves.values():
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


class _Voisinage:
    """Ce qui s'écrit avec les mêmes premières lettres, aux dossiers et chez les porteurs, lu une fois."""

    def __init__(self, inconnus: Iterable[str]) -> None:
        lettres = sorted({mot[0] for mot in inconnus})
        self._mots = _vocabulaire(lettres)
        self._porteurs = [(cle, set(mots.split())) for cle, mots in _porteurs(lettres)]

    def proches(self, mot: str) -> list[str]:
        """Les mots à une faute, de même première lettre."""
        connus = {m for _, m in self._mots}.union(*(mots for _, mots in self._porteurs))
        return voisins(mot, {m for m in connus if m[0] == mot[0]})

    def cles(self, proches: list[str]) -> tuple[list[int], list[int]]:
        """Les mots de dossier et les organismes qui écrivent l'un d'eux."""
        return (
            [cle for cle, mot in self._mots if mot in proches],
            [cle for cle, mots in self._porteurs if not mots.isdisjoint(proches)],
        )
