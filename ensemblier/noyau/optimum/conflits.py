"""Des souhaits qui se contredisent : le plus petit groupe intenable, et comment en sortir."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ensemblier.noyau.optimum.entrees import Candidature, Case, Poids, Probleme, Souhait
from ensemblier.noyau.optimum.solveur import Demande, Solution, resoudre
from ensemblier.noyau.optimum.verification import en_euros


@dataclass(frozen=True, slots=True)
class Verrou:
    """Un montant fixé à la main, comme membre d'un conflit ; `enveloppe` : le nom qu'on en dit."""

    candidature: Candidature
    case: Case
    enveloppe: str

    @property
    def cle(self) -> str:
        return self.case.cle

    @property
    def phrase(self) -> str:
        fixe = en_euros(self.case.verrou or 0)
        return f"{self.candidature.code} : {fixe} fixés à la main ({self.enveloppe})"


Membre = Souhait | Verrou


@dataclass(frozen=True, slots=True)
class Conflit:
    """`membres` : qu'on en retire un, n'importe lequel, et une proposition tient ; un remède chacun.

    `est_minimal` est faux quand le temps ou l'annulation a coupé la recherche : le groupe contredit,
    peut-être avec un membre de trop.
    """

    membres: tuple[Membre, ...]
    enveloppes: tuple[str, ...]
    remedes: tuple[str, ...]
    est_minimal: bool = True

    @property
    def phrase(self) -> str:
        if not self.membres:
            return "Aucune proposition ne tient dans ces enveloppes."
        if len(self.membres) == 1:
            debut = "Ce souhait ne peut pas être tenu, même seul"
            if isinstance(self.membres[0], Verrou):
                debut = "Ce montant ne peut pas être tenu, même seul"
        else:
            debut = "Ces souhaits se contredisent : aucune proposition ne les tient ensemble"
        fin = f" (ce qui limite : {', '.join(self.enveloppes)})" if self.enveloppes else ""
        return f"{debut}{fin} : {' ; '.join(m.phrase for m in self.membres)}."


class _Coupe(Exception):
    """Le temps est passé, ou la personne a annulé."""


class Chercheur:
    """Pose au solveur des questions « cela tient-il ? » ; `secondes` dit ce qui lui reste."""

    def __init__(self, probleme: Probleme, secondes: float, continuer: Callable[[], bool]) -> None:
        self.probleme, self.secondes, self.continuer = probleme, secondes, continuer

    def conflit(self) -> Conflit:
        """QuickXplain sur les souhaits et les verrous ; enveloppes, plafonds et minimums demeurent."""
        souples: list[Membre] = [*self.probleme.souhaits]
        souples += [
            Verrou(c, case, self.probleme.libelles[case.enveloppe])
            for c, case in self.probleme.cases
            if case.verrou is not None
        ]
        try:
            membres = self._expliquer([], bool(souples), souples)
        except _Coupe:
            return Conflit(tuple(souples), (), (), est_minimal=False)
        try:
            return Conflit(tuple(membres), self._limitantes(membres), self._remedes(membres))
        except _Coupe:
            return Conflit(tuple(membres), (), ())

    def _expliquer(self, tenus: list[Membre], a_change: bool, reste: list[Membre]) -> list[Membre]:
        if (tenus and a_change and not self._tient(tenus)) or not reste:
            return []
        if len(reste) == 1:
            return reste
        moitie = len(reste) // 2
        debut, fin = reste[:moitie], reste[moitie:]
        de_fin = self._expliquer([*tenus, *debut], bool(debut), fin)
        de_debut = self._expliquer([*tenus, *de_fin], bool(de_fin), debut)
        return [*de_debut, *de_fin]

    def _avec(self, membres: Sequence[Membre]) -> Probleme:
        """Le même problème, ne gardant des souhaits et des verrous que ceux-là."""
        verrous = {m.cle for m in membres if isinstance(m, Verrou)}
        return replace(
            self.probleme,
            souhaits=tuple(m for m in membres if isinstance(m, Souhait)),
            candidatures=tuple(_sans_verrou(c, sauf=verrous) for c in self.probleme.candidatures),
        )

    def _tient(self, membres: Sequence[Membre], probleme: Probleme | None = None) -> bool:
        rendu = self._resoudre(probleme or self._avec(membres), Demande(faisable_suffit=True))
        if rendu.statut in ("limite", "annulee"):
            raise _Coupe
        return rendu.statut == "optimale"

    def _resoudre(self, probleme: Probleme, demande: Demande) -> Solution:
        if self.secondes <= 0 or not self.continuer():
            raise _Coupe
        rendu = resoudre(probleme, replace(demande, limite=self.secondes), suivre=lambda _: self.continuer())
        self.secondes -= rendu.secondes
        return rendu

    def _limitantes(self, membres: Sequence[Membre]) -> tuple[str, ...]:
        """Les enveloppes dont la levée suffirait à tout tenir."""
        probleme = self._avec(membres)
        large = sum(case.plafond for _, case in probleme.cases)
        limitantes = []
        for e in probleme.enveloppes:
            autres = tuple(replace(x, reste=large) if x == e else x for x in probleme.enveloppes)
            if self._tient(membres, replace(probleme, enveloppes=autres)):
                limitantes.append(e.libelle)
        return tuple(limitantes)

    def _remedes(self, membres: Sequence[Membre]) -> tuple[str, ...]:
        """Pour chaque membre : jusqu'où le baisser, les autres tenus."""
        return tuple(self._remede(m, [x for x in membres if x != m]) for m in membres)

    def _exigence(self, souhait: Souhait) -> Poids:
        return next(e for e in self.probleme.exigences if e.souhait == souhait)

    def _remede(self, membre: Membre, autres: Sequence[Membre]) -> str:
        if isinstance(membre, Verrou):
            return f"Libérez {membre.candidature.code} ({membre.enveloppe}), ou baissez ce montant."
        if membre.part is not None:
            return f"Baissez la part demandée : « {membre.libelle} »."
        rendu = self._resoudre(self._avec(autres), Demande(vise=self._exigence(membre)))
        if rendu.borne is None:
            return f"Baissez le plancher : « {membre.libelle} »."
        au_plus = max(0, int(rendu.borne + 1e-3))
        ensemble = " en tenant les autres" if autres else ""
        return f"« {membre.libelle} » : au plus {en_euros(au_plus)}{ensemble}."


def _sans_verrou(c: Candidature, *, sauf: set[str]) -> Candidature:
    if all(case.verrou is None or case.cle in sauf for case in c.cases):
        return c
    libres = tuple(case if case.cle in sauf else replace(case, verrou=None) for case in c.cases)
    return replace(c, cases=libres)
