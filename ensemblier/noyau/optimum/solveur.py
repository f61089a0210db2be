"""HiGHS, tenu en laisse : 0 ou 1 par dossier, des euros continus, un fil, une graine, une limite.

Le nombre de fils ne change jamais d'un appel à l'autre : sinon `run()` échoue sans le dire. Les montants
passent en euros : à la tolérance du solveur (un millionième), un centime reste visible. Importé au premier
calcul : ni le serveur ni la console ne paient numpy et HiGHS au démarrage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ensemblier.noyau.optimum.entrees import Candidature, Poids, Probleme

if TYPE_CHECKING:
    import highspy

Statut = Literal["optimale", "impossible", "limite", "annulee"]
ECART_VISE = 1e-6
GRAINE = 0


class SolveurEnPanne(RuntimeError):
    """HiGHS a rendu un état que la maison ne connaît pas ; rien n'est proposé."""


@dataclass(frozen=True, slots=True)
class Suivi:
    """Ce que le solveur sait en chemin : secondes, valeur tenue, borne, écart relatif."""

    secondes: float
    valeur: float
    borne: float
    ecart: float


@dataclass(frozen=True, slots=True)
class Solution:
    """Ce que rend le solveur : des euros par case, les dossiers ouverts, la borne (poids × centimes)."""

    statut: Statut
    euros: Mapping[str, float] | None
    ouverts: frozenset[str]
    borne: float | None
    secondes: float


@dataclass(slots=True)
class _Matrice:
    debuts: list[int] = field(default_factory=lambda: [0])
    colonnes: list[int] = field(default_factory=list)
    valeurs: list[float] = field(default_factory=list)
    bas: list[float] = field(default_factory=list)
    haut: list[float] = field(default_factory=list)

    def ligne(self, termes: list[tuple[int, float]], bas: float, haut: float) -> None:
        self.colonnes.extend(colonne for colonne, _ in termes)
        self.valeurs.extend(valeur for _, valeur in termes)
        self.debuts.append(len(self.colonnes))
        self.bas.append(bas)
        self.haut.append(haut)


@dataclass(frozen=True, slots=True)
class Demande:
    """Ce qu'on demande au solveur sur un problème.

    `ouverts` : les dossiers à financer, tous les autres à zéro (le reste est alors linéaire).
    `au_moins` : des centimes par case, sous lesquels ne pas descendre. `vise` : le souhait à servir le plus,
    à la place de l'objectif. `marge` : centimes ajoutés aux souhaits, pour l'arrondi. `faisable_suffit` :
    une proposition qui tient, sans chercher la meilleure. `limite` : secondes.
    """

    ouverts: frozenset[str] | None = None
    au_moins: Mapping[str, int] | None = None
    vise: Poids | None = None
    marge: int = 0
    depart: Mapping[str, int] | None = None
    limite: float = 60.0
    faisable_suffit: bool = False


def resoudre(probleme: Probleme, demande: Demande, suivre: Callable[[Suivi], bool] | None = None) -> Solution:
    """Cherche ; `suivre` reçoit l'avancement et rend faux pour arrêter là."""
    import highspy

    modele = _Modele(probleme, demande)
    h = highspy.Highs()
    for nom, valeur in (
        ("output_flag", False), ("threads", 1), ("parallel", "off"), ("random_seed", GRAINE),
        ("mip_rel_gap", ECART_VISE), ("mip_abs_gap", 1e-9), ("time_limit", max(demande.limite, 0.01)),
    ):  # fmt: skip
        h.setOptionValue(nom, valeur)
    h.passModel(modele.en_lp())
    if demande.depart is not None and modele.entieres:
        depart = highspy.HighsSolution()
        depart.col_value = modele.colonnes_de(demande.depart)
        h.setSolution(depart)
    if suivre is not None:
        _brancher(h, suivre)
    h.run()
    return modele.lire(h)


def _brancher(h: highspy.Highs, suivre: Callable[[Suivi], bool]) -> None:
    def interroger(evenement: Any) -> None:
        lu = evenement.data_out
        avancement = Suivi(lu.running_time, lu.mip_primal_bound, lu.mip_dual_bound, lu.mip_gap)
        if not suivre(avancement):
            evenement.interrupt()

    h.cbMipInterrupt += interroger
    h.cbSimplexInterrupt += interroger


class _Modele:
    """Les colonnes (cases, puis un 0 ou 1 par dossier qui a un minimum) et les lignes."""

    def __init__(self, probleme: Probleme, demande: Demande) -> None:
        self.probleme, self.demande = probleme, demande
        self.cases = {case.cle: k for k, (_, case) in enumerate(probleme.cases)}
        self.bas = [0.0] * len(self.cases)
        self.haut = [0.0] * len(self.cases)
        self.binaires: dict[str, int] = {}
        self.entieres = False
        self.par_dossier = {c.code: [self.cases[case.cle] for case in c.cases] for c in probleme.candidatures}
        self.matrice = _Matrice()
        self.unite = max(probleme.poids.values(), default=1) or 1
        """Le plus grand poids : les coûts vont de 0 à 1, l'objectif reste de l'ordre des euros accordés."""
        for c in probleme.candidatures:
            self._dossier(c)
        self._enveloppes()
        for exigence in probleme.exigences:
            self._ligne(self._termes(exigence), bas=(exigence.souhait.montant + demande.marge) / 100)

    def _dossier(self, c: Candidature) -> None:
        siennes = [(self.cases[case.cle], case) for case in c.cases]
        ferme = self.demande.ouverts is not None and c.code not in self.demande.ouverts
        for k, case in siennes:
            au_moins = (self.demande.au_moins or {}).get(case.cle, 0) / 100
            self.bas[k], self.haut[k] = au_moins, case.plafond / 100
            if case.verrou is not None:
                self.bas[k] = self.haut[k] = case.verrou / 100
            elif ferme:
                self.haut[k] = self.bas[k]
        termes = [(k, 1.0) for k, _ in siennes]
        borne = c.recevable / 100
        if not c.plancher:
            if len(siennes) > 1:
                self._ligne(termes, haut=borne)
            elif siennes and siennes[0][1].verrou is None:
                self.haut[siennes[0][0]] = min(self.haut[siennes[0][0]], borne)
            return
        y = self._binaire(c)
        for k, case in siennes:
            if case.verrou is None and len(siennes) > 1:
                self._ligne([(k, 1.0), (y, -case.plafond / 100)], haut=0.0)
        self._ligne([*termes, (y, -borne)], haut=0.0)
        self._ligne([*termes, (y, -c.plancher / 100)], bas=0.0)

    def _binaire(self, c: Candidature) -> int:
        y = self.binaires[c.code] = len(self.bas)
        ouvert = self.demande.ouverts
        pris = any(case.verrou or (self.demande.au_moins or {}).get(case.cle) for case in c.cases)
        self.bas.append(1.0 if pris or (ouvert is not None and c.code in ouvert) else 0.0)
        self.haut.append(0.0 if ouvert is not None and c.code not in ouvert and not pris else 1.0)
        self.entieres = self.entieres or self.bas[y] != self.haut[y]
        return y

    def _ligne(
        self, termes: list[tuple[int, float]], *, bas: float = float("-inf"), haut: float = float("inf")
    ) -> None:
        self.matrice.ligne(termes, bas, haut)

    def _enveloppes(self) -> None:
        prises: dict[str, list[tuple[int, float]]] = {e.code: [] for e in self.probleme.enveloppes}
        for _, case in self.probleme.cases:
            prises[case.enveloppe].append((self.cases[case.cle], 1.0))
        for e in self.probleme.enveloppes:
            self._ligne(prises[e.code], haut=e.reste / 100)

    def _termes(self, exigence: Poids) -> list[tuple[int, float]]:
        return [
            (k, coefficient / exigence.denominateur)
            for code, coefficient in exigence.par_dossier.items()
            for k in self.par_dossier[code]
        ]

    def _couts(self) -> list[float]:
        couts = [0.0] * len(self.bas)
        if self.demande.vise is not None:
            for k, coefficient in self._termes(self.demande.vise):
                couts[k] = coefficient
        elif not self.demande.faisable_suffit:
            for c, case in self.probleme.cases:
                couts[self.cases[case.cle]] = self.probleme.poids[c.code] / self.unite
        return couts

    def en_lp(self) -> highspy.HighsLp:
        import highspy
        import numpy as np

        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.bas), len(self.matrice.bas)
        lp.col_cost_ = np.array(self._couts())
        lp.col_lower_, lp.col_upper_ = np.array(self.bas), np.array(self.haut)
        lp.row_lower_, lp.row_upper_ = np.array(self.matrice.bas), np.array(self.matrice.haut)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array(self.matrice.debuts, dtype=np.int32)
        lp.a_matrix_.index_ = np.array(self.matrice.colonnes, dtype=np.int32)
        lp.a_matrix_.value_ = np.array(self.matrice.valeurs)
        lp.sense_ = highspy.ObjSense.kMaximize
        if self.entieres:
            genres = [highspy.HighsVarType.kContinuous] * len(self.bas)
            for y in self.binaires.values():
                genres[y] = highspy.HighsVarType.kInteger
            lp.integrality_ = genres
        return lp

    def colonnes_de(self, montants: Mapping[str, int]) -> list[float]:
        colonnes = [0.0] * len(self.bas)
        for cle, k in self.cases.items():
            colonnes[k] = montants.get(cle, 0) / 100
        for c in self.probleme.candidatures:
            if c.code in self.binaires:
                colonnes[self.binaires[c.code]] = float(any(montants.get(case.cle, 0) for case in c.cases))
        return colonnes

    def lire(self, h: highspy.Highs) -> Solution:
        import highspy

        etat, info = h.getModelStatus(), h.getInfo()
        genre = highspy.HighsModelStatus
        statuts: dict[Any, Statut] = {
            genre.kOptimal: "optimale", genre.kModelEmpty: "optimale",
            genre.kInfeasible: "impossible", genre.kUnboundedOrInfeasible: "impossible",
            genre.kTimeLimit: "limite", genre.kInterrupt: "annulee",
        }  # fmt: skip
        if etat not in statuts:
            raise SolveurEnPanne(
                f"Le solveur s'est arrêté sans réponse ({h.modelStatusToString(etat)}). Rien n'est proposé : "
                "relancez, et si cela revient, écrivez au service avec ce message."
            )
        statut = statuts[etat]
        tenable = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        valeurs = h.getSolution().col_value if tenable else None
        borne = info.mip_dual_bound if self.entieres else info.objective_function_value
        if statut != "optimale" and not self.entieres:
            borne = float("inf")
        echelle = 100 if self.demande.vise is not None else self.unite * 100
        return Solution(
            statut=statut,
            euros=None if valeurs is None else {cle: valeurs[k] for cle, k in self.cases.items()},
            ouverts=frozenset(self._ouverts(valeurs)) if valeurs is not None else frozenset(),
            borne=borne * echelle if borne < 1e30 else None,
            secondes=h.getRunTime(),
        )

    def _ouverts(self, valeurs: list[float]) -> list[str]:
        return [
            c.code
            for c in self.probleme.candidatures
            if (y := self.binaires.get(c.code)) is None or valeurs[y] > 0.5
        ]
