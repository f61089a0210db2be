"""L'enchaînement : chercher, arrondir, faire juger, expliquer ; ou dire pourquoi rien ne tient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import Literal

from ensemblier.noyau.optimum.conflits import Chercheur, Conflit
from ensemblier.noyau.optimum.entrees import Probleme
from ensemblier.noyau.optimum.glouton import par_note
from ensemblier.noyau.optimum.plateau import Plateau
from ensemblier.noyau.optimum.raisons import UN_PEU_PLUS, Marge, Refus, marge, raisons
from ensemblier.noyau.optimum.reparation import completer, en_centimes
from ensemblier.noyau.optimum.solveur import Demande, Solution, Suivi, resoudre
from ensemblier.noyau.optimum.verification import exiger, valeur, verifier

PROUVE = Fraction(1, 100_000)
"""Sous cet écart, la proposition est dite la meilleure."""
Issue = Literal["prouvee", "limite", "annulee", "contradiction", "sans_reponse"]


@dataclass(frozen=True, slots=True)
class Avancement:
    """Où en est le calcul : l'étape en un mot, les secondes du solveur, l'écart relatif s'il est connu."""

    etape: str
    secondes: float
    ecart: float | None


@dataclass(frozen=True, slots=True)
class Proposition:
    """Ce qui est proposé, en centimes par case, déjà jugé ; ou `conflit`, et aucun montant.

    `valeur`, `borne`, `valeur_par_note` : Σ poids × centimes (`Probleme.echelle`). `ecart` : au plus ce qui
    sépare la proposition de la meilleure ; `None` si rien n'est prouvé. `par_note` est `None` quand la liste
    par note ne tient pas les mêmes règles.
    """

    issue: Issue
    objectif: str
    montants: Mapping[str, int] | None
    valeur: int
    borne: int | None
    valeur_par_note: int | None
    refus: tuple[Refus, ...]
    marges: tuple[Marge, ...]
    conflit: Conflit | None
    secondes: float

    @property
    def ecart(self) -> Fraction | None:
        if self.borne is None or self.montants is None:
            return None
        return Fraction(self.borne - self.valeur, self.borne) if self.borne else Fraction(0)

    @property
    def gain(self) -> Fraction | None:
        """Ce que la proposition gagne sur la liste par note, relativement."""
        if not self.valeur_par_note:
            return None
        return Fraction(self.valeur - self.valeur_par_note, self.valeur_par_note)


def proposer(
    probleme: Probleme,
    *,
    limite: float = 60.0,
    suivre: Callable[[Avancement], bool] | None = None,
    expliquer: bool = True,
) -> Proposition:
    """La meilleure proposition trouvée en `limite` secondes de solveur, relue par le juge.

    `suivre` reçoit l'avancement et rend faux pour arrêter : la meilleure proposition connue est alors rendue.
    Sous la limite, deux appels rendent la même ; atteinte, ce qui est trouvé dépend de la machine, et
    `issue` le dit. Lève `SolveurEnPanne`.
    """
    return _Calcul(probleme, limite, suivre).rendre(expliquer)


class _Calcul:
    def __init__(
        self, probleme: Probleme, limite: float, suivre: Callable[[Avancement], bool] | None
    ) -> None:
        self.probleme, self.limite, self.suivre = probleme, limite, suivre
        self.secondes = 0.0
        self.etape = "Recherche"
        self.est_annule = False

    @property
    def reste(self) -> float:
        return self.limite - self.secondes

    def rendre(self, expliquer: bool) -> Proposition:
        liste = par_note(self.probleme)
        admise = None if verifier(self.probleme, liste) else liste
        trouve = self._resoudre(self.probleme, Demande(depart=admise))
        if trouve.statut == "impossible":
            return self._sans(self._contradiction())
        montants = self._meilleurs(trouve, admise)
        if montants is None:
            return self._sans(None)
        exiger(self.probleme, montants)
        obtenu = valeur(self.probleme, montants)
        borne = None if trouve.borne is None else max(obtenu, ceil(trouve.borne * (1 + 1e-9)))
        return Proposition(
            issue=self._issue(trouve, obtenu, borne),
            objectif=self.probleme.objectif.phrase,
            montants=montants,
            valeur=obtenu,
            borne=borne,
            valeur_par_note=None if admise is None else valeur(self.probleme, admise),
            refus=raisons(self.probleme, montants),
            marges=tuple(self._marges(montants)) if expliquer else (),
            conflit=None,
            secondes=self.secondes,
        )

    def _issue(self, trouve: Solution, obtenu: int, borne: int | None) -> Issue:
        if borne is not None and borne - obtenu <= PROUVE * borne:
            return "prouvee"
        return "annulee" if self.est_annule or trouve.statut == "annulee" else "limite"

    def _sans(self, conflit: Conflit | None) -> Proposition:
        issue: Issue = "contradiction" if conflit else "annulee" if self.est_annule else "sans_reponse"
        return Proposition(
            issue, self.probleme.objectif.phrase, None, 0, None, None, (), (), conflit, self.secondes
        )

    def _continuer(self, suivi: Suivi | None = None) -> bool:
        if self.suivre is not None and not self.est_annule:
            ecart = suivi.ecart if suivi is not None and 0 <= suivi.ecart <= 1 else None
            secondes = self.secondes + (suivi.secondes if suivi is not None else 0.0)
            self.est_annule = not self.suivre(Avancement(self.etape, secondes, ecart))
        return not self.est_annule

    def _resoudre(self, probleme: Probleme, demande: Demande) -> Solution:
        suivre = None if self.suivre is None else self._continuer
        trouve = resoudre(probleme, replace(demande, limite=self.reste), suivre=suivre)
        self.secondes += trouve.secondes
        return trouve

    def _meilleurs(self, trouve: Solution, admise: Mapping[str, int] | None) -> Mapping[str, int] | None:
        """La meilleure de celles que le juge admet : celle du solveur, affinée, ou la liste par note."""
        candidates: list[Mapping[str, int]] = []
        if trouve.euros is not None:
            candidates = [en_centimes(self.probleme, trouve.euros, trouve.ouverts), *self._affinees(trouve)]
        if admise is not None:
            candidates.append(self._completee(admise))
        admises = [m for m in candidates if not verifier(self.probleme, m)]
        return max(admises, key=lambda m: valeur(self.probleme, m), default=None)

    def _affinees(self, trouve: Solution) -> list[dict[str, int]]:
        """Les mêmes dossiers, les montants refaits seuls : un sommet tombe presque toujours sur des centimes.

        Sinon une marge sur les souhaits, d'un centime par case, absorbe l'arrondi.
        """
        rendues: list[dict[str, int]] = []
        for marge_des_souhaits in (0, len(self.probleme.cases)):
            demande = Demande(ouverts=trouve.ouverts, marge=marge_des_souhaits)
            refait = resoudre(self.probleme, replace(demande, limite=max(self.reste, 5.0)))
            self.secondes += refait.secondes
            if refait.euros is None or refait.statut != "optimale":
                continue
            rendues.append(en_centimes(self.probleme, refait.euros, refait.ouverts & trouve.ouverts))
            if not verifier(self.probleme, rendues[-1]):
                break
        return rendues

    def _completee(self, montants: Mapping[str, int]) -> dict[str, int]:
        plateau = Plateau(self.probleme, montants)
        completer(plateau)
        return plateau.montants

    def _contradiction(self) -> Conflit:
        self.etape = "Contradiction"
        chercheur = Chercheur(self.probleme, max(self.reste, 5.0), self._continuer)
        avant = chercheur.secondes
        conflit = chercheur.conflit()
        self.secondes += avant - chercheur.secondes
        return conflit

    def _marges(self, montants: Mapping[str, int]) -> list[Marge]:
        """Une enveloppe à la fois, chacun gardant ce qu'il a ; s'arrête avec le temps ou l'annulation."""
        self.etape = "Mille euros de plus"
        rendues = []
        for e in self.probleme.enveloppes:
            if self.reste <= 0 or not self._continuer():
                break
            elargie = replace(e, reste=e.reste + UN_PEU_PLUS)
            autres = tuple(elargie if x == e else x for x in self.probleme.enveloppes)
            plus = replace(self.probleme, enveloppes=autres)
            trouve = self._resoudre(plus, Demande(au_moins=montants, depart=montants))
            plateau = Plateau(plus, montants)
            completer(plateau)
            choix = [plateau.montants]
            if trouve.euros is not None:
                choix.append(en_centimes(plus, trouve.euros, trouve.ouverts))
            tenus = [
                m for m in choix if not verifier(plus, m) and all(m[k] >= v for k, v in montants.items())
            ]
            rendues.append(marge(self.probleme, e, montants, max(tenus, key=lambda m: valeur(plus, m))))
        return rendues
