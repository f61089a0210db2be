"""Un scénario en tableur : la grille de l'écran et, par financeur, le tableau d'aujourd'hui et l'écart.

La feuille se lit : elle est protégée tout entière et ne porte pas de clés. Un scénario s'écrit dans sa
grille, où un bloc se colle.
"""

from __future__ import annotations

import io
from decimal import Decimal
from typing import IO

from xlsxwriter import Workbook

from ensemblier.programmation import classeur
from ensemblier.programmation.calculs import ZERO
from ensemblier.programmation.classeur import Place, Plan, Plume
from ensemblier.programmation.colonnes import ACCORDE, DEMANDE, MONTANT, MOT, TEXTE, Case, Champ
from ensemblier.programmation.grille_scenario import GrilleDeScenario
from ensemblier.programmation.lecture import Cellule, Ligne
from ensemblier.programmation.scenarios import montant_du_tableau

FEUILLE = "Scénario"
TABLEAU, ECART = "tableau", "difference"
VERSION = 1


def _ecart(cellule: Cellule) -> Decimal | None:
    """Le scénario moins le tableau ; `None` si aucun des deux ne dit de montant, ou si le volet est perdu."""
    pose, actuel = cellule.montant, montant_du_tableau(cellule.volet)
    if cellule.mot or (pose is None and actuel is None):
        return None
    return (pose or ZERO) - (actuel or ZERO)


def _au_tableau(ligne: Ligne) -> Decimal:
    volets = (c.volet for cellules in ligne.colonnes.values() for c in cellules)
    return sum((montant_du_tableau(v) or ZERO for v in volets), ZERO)


def _fixees(ligne: Ligne) -> str:
    """Les financeurs dont la case est fixée : l'écran les coche."""
    cases = (c for cellules in ligne.colonnes.values() for c in cellules)
    return ", ".join(c.volet.financeur.sigle for c in cases if c.verrou)


EN_PLUS = tuple(
    Case(champ.cle, champ.titre, "", champ.genre, champ=champ)
    for champ in (
        Champ("fixees", "Cases fixées", TEXTE, _fixees),
        Champ("total_du_tableau", "Total du tableau", MONTANT, _au_tableau),
        Champ("ecart_du_total", "Écart avec le tableau", MONTANT, lambda x: x.total - _au_tableau(x)),
    )
)


def _decliner(case: Case, nom: str, titre: str) -> list[Place]:
    """Un financeur : ce qui est demandé, puis proposé ou voté aujourd'hui, le scénario, l'écart."""
    if not case.cle.startswith(f"{ACCORDE}-"):
        return classeur.une_colonne(case, nom, titre)
    return [
        Place(f"{TABLEAU}-{nom}", f"{titre}, {MOT}", case, nom),
        *classeur.une_colonne(case, nom, titre),
        Place(f"{ECART}-{nom}", f"{titre}, écart", case, nom),
    ]


def planifier(grille: GrilleDeScenario) -> Plan:
    """Les lignes et les colonnes de l'écran, les cases fixées et les deux totaux face au tableau."""
    lignes = classeur.lire_les_lignes(grille)
    places = classeur.placer(grille, lignes, _decliner)
    return Plan([*places, *(Place(c.cle, c.titre, c) for c in EN_PLUS)], lignes)


def ecrire(grille: GrilleDeScenario) -> IO[bytes]:
    """Le .xlsx de ce que la personne lit du scénario, ouvert au début ; un texte n'y est jamais formule."""
    plan, sortie = planifier(grille), io.BytesIO()
    with Workbook(sortie, classeur.OPTIONS) as ouvrage:
        page = ouvrage.add_worksheet(FEUILLE)
        plume = _PlumeDeScenario(page, plan, classeur.formats(ouvrage))
        plume.mettre_en_page()
        plume.titres()
        for rang, (ligne, volets) in enumerate(plan.lignes, start=classeur.PREMIERE):
            plume.ligne(rang, ligne, volets)
        plume.totaux()
        classeur.dire_l_origine(
            ouvrage.add_worksheet(classeur.ORIGINE), grille,
            format=classeur.FORMAT_DE_SCENARIO, version=str(VERSION), scenario=grille.scenario.titre,
        )  # fmt: skip
    sortie.seek(0)
    return sortie


class _PlumeDeScenario(Plume):
    """Rien ne s'y écrit : ni case ouverte, ni formule dans une ligne."""

    def _volet(self, rang: int, colonne: int, place: Place, cellule: Cellule | None) -> None:
        if cellule is None:
            return
        sorte = place.cle.partition("-")[0]
        if sorte == DEMANDE:
            self._argent(rang, colonne, cellule.volet.demande)
        elif sorte == ECART:
            if (ecart := _ecart(cellule)) is not None:
                self._argent(rang, colonne, ecart)
        elif cellule.mot:
            self._texte(rang, colonne, cellule.mot)
        else:
            montant = montant_du_tableau(cellule.volet) if sorte == TABLEAU else cellule.montant
            if montant is not None:
                forme = "vote" if cellule.statut == "vote" else "argent"
                self._argent(rang, colonne, montant, forme)

    def _formule(self, rang: int, cle: str) -> str:
        return ""
