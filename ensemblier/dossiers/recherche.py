"""Trouver des dossiers par des mots : début de mot, sans accent ni casse, tous à la fois.

Le même code sert SQLite et PostgreSQL, sans extension : le vocabulaire se lit par plage, puis ses liens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import Q, Value

from ensemblier.comptes.models import MotDeLOrganisme, Vocable
from ensemblier.dossiers.models import Dossier, Mot, MotDuDossier
from ensemblier.interface.cles import parmi
from ensemblier.noyau.mots import borne, cherches, se_devine, voisins

RIEN = Q(pk__in=[])


@dataclass(frozen=True, slots=True)
class Recherche:
    """La condition sur `Dossier`, et chaque mot remplacé parce que rien ne l'écrit ainsi."""

    condition: Q
    remplaces: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class _Lus:
    """Des mots des dossiers, et des mots d'organismes, chacun avec sa clé."""

    mots: list[tuple[int, str]]
    porteurs: list[tuple[int, str]]

    def qui(self, tient: Callable[[str], bool]) -> tuple[list[int], list[int]]:
        """Les clés des mots qui conviennent : ceux des dossiers, ceux des organismes."""
        noms = [cle for cle, mot in self.porteurs if tient(mot)]
        return [cle for cle, mot in self.mots if tient(mot)], noms


def rechercher(texte: str) -> Recherche:
    """Une requête pour tous les mots ; une de plus par mot inconnu, dont une faute de frappe se devine."""
    debuts = cherches(texte)
    if not debuts:
        return Recherche(RIEN)
    lus = _lire(debuts)
    total, remplaces = Q(), []
    for debut in debuts:
        cles, noms = lus.qui(lambda mot, debut=debut: mot.startswith(debut))
        if not (cles or noms) and se_devine(debut):
            voisinage = _lire([debut[0]])
            if proches := voisins(debut, (mot for _, mot in (*voisinage.mots, *voisinage.porteurs))):
                remplaces.append((debut, tuple(proches)))
                cles, noms = voisinage.qui(frozenset(proches).__contains__)
        total &= _porte(cles, noms)
    return Recherche(total, tuple(remplaces))


def _porte(cles: list[int], noms: list[int]) -> Q:
    """Les dossiers qui portent l'un de ces mots, ou dont l'organisme le porte."""
    liens = MotDuDossier.objects.filter(parmi(cles, "mot")).order_by().values("dossier")
    organismes = MotDeLOrganisme.objects.filter(parmi(noms, "mot")).order_by().values("organisme")
    siens = Dossier.objects.filter(organisme__in=organismes).order_by().values("pk")
    if cles and noms:
        return Q(pk__in=liens.union(siens))
    return Q(pk__in=liens) if cles else Q(pk__in=siens) if noms else RIEN


def _plage(debut: str) -> Q:
    fin = borne(debut)
    return Q(mot__gte=debut) & (Q(mot__lt=fin) if fin else Q())


def _lire(debuts: Iterable[str]) -> _Lus:
    """Ce qui commence ainsi, dans les deux vocabulaires, par plage ; une requête."""
    plages = RIEN
    for debut in debuts:
        plages |= _plage(debut)
    mots = Mot.objects.filter(plages).order_by().values_list(Value(0), "pk", "mot")
    porteurs = Vocable.objects.filter(plages).order_by().values_list(Value(1), "pk", "mot")
    lus: tuple[list[tuple[int, str]], list[tuple[int, str]]] = ([], [])
    for genre, cle, texte in mots.union(porteurs, all=True):
        lus[genre].append((cle, texte))
    return _Lus(*lus)
