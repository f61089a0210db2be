"""De la virgule flottante aux centimes : arrondir, réparer, puis dépenser ce que l'arrondi a laissé."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor

from ensemblier.noyau.optimum.entrees import Candidature, Probleme
from ensemblier.noyau.optimum.plateau import Plateau

_PROCHE = 0.01
"""À moins d'un centième de centime d'un entier, c'est cet entier ; sinon, le centime inférieur."""


def en_centimes(probleme: Probleme, euros: Mapping[str, float], ouverts: frozenset[str]) -> dict[str, int]:
    """Les montants exacts au plus près de ce que le solveur a trouvé, complétés tant que rien ne casse."""
    bruts = {
        case.cle: min(max(_arrondi(euros[case.cle]), 0), case.plafond) if c.code in ouverts else 0
        for c, case in probleme.cases
    }
    plateau = Plateau(probleme, bruts)
    _rogner(plateau)
    _combler(plateau)
    _reprendre_aux_nuls(plateau)
    completer(plateau)
    return plateau.montants


def _arrondi(euros: float) -> int:
    centimes = euros * 100
    proche = round(centimes)
    return proche if abs(centimes - proche) < _PROCHE else floor(centimes)


def _rogner(plateau: Plateau) -> None:
    """Reprend les centimes de trop, aux dossiers qui pèsent le moins d'abord."""
    for c in reversed(plateau.probleme.par_poids):
        for case in c.cases:
            de_trop = max(plateau.totaux[c.code] - c.besoin, -plateau.restes[case.enveloppe])
            if case.verrou is None and de_trop > 0:
                plateau.poser(c, case, -min(de_trop, plateau.montants[case.cle]))


def _combler(plateau: Plateau) -> None:
    """Les centimes qui manquent à un minimum, puis à un souhait."""
    ordre = plateau.probleme.par_poids
    for c in ordre:
        total = plateau.totaux[c.code]
        if 0 < total < c.plancher:
            plateau.ajouter(c, c.plancher - total)
    for rang, exigence in enumerate(plateau.probleme.exigences):
        for c in ordre:
            if plateau.souhaits[rang] >= 0:
                break
            coefficient = exigence.par_dossier.get(c.code, 0)
            if coefficient > 0 and plateau.totaux[c.code]:
                _monter(plateau, c, -(plateau.souhaits[rang] // coefficient))


def _reprendre_aux_nuls(plateau: Plateau) -> None:
    """Un dossier qui n'ajoute rien à l'objectif ne garde que ce qu'un souhait lui vaut."""
    for c in plateau.probleme.par_poids:
        if plateau.probleme.poids[c.code] or not plateau.totaux[c.code]:
            continue
        repris = {k.cle: plateau.montants[k.cle] for k in c.cases if k.verrou is None}
        manquaient = [s < 0 for s in plateau.souhaits]
        for case in c.cases:
            plateau.poser(c, case, -repris.get(case.cle, 0))
        if [s < 0 for s in plateau.souhaits] != manquaient or 0 < plateau.totaux[c.code] < c.plancher:
            for case in c.cases:
                plateau.poser(c, case, repris.get(case.cle, 0))


def _monter(plateau: Plateau, c: Candidature, centimes: int) -> None:
    admis = plateau.admis(c)
    plateau.ajouter(c, centimes if admis is None else min(admis, centimes))


def completer(plateau: Plateau) -> None:
    """Dépense ce qui reste, du plus grand poids au plus petit : les dossiers servis, puis les autres."""
    utiles = [c for c in plateau.probleme.par_poids if plateau.probleme.poids[c.code]]
    servis = {c.code for c in utiles if plateau.totaux[c.code]}
    for c in (c for c in utiles if c.code in servis):
        _monter(plateau, c, plateau.ajoutable(c))
    for c in (c for c in utiles if c.code not in servis):
        plateau.financer(c)
