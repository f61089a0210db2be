"""Ce que le calcul reçoit, gelé : candidatures, enveloppes, souhaits ; ce qui ne tient pas est dit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import cached_property
from math import lcm

from ensemblier.noyau.ecritures import de_centimes, en_francais

_MICRO = 10**6


class Objectif(Enum):
    """Ce que la proposition rend le plus grand possible, et sa phrase."""

    EUROS = "euros"
    DOSSIERS = "dossiers"

    @property
    def phrase(self) -> str:
        return _PHRASES[self]

    @property
    def unite(self) -> str:
        return "points-euros" if self is Objectif.EUROS else "points"


_PHRASES = {
    Objectif.EUROS: "Chaque euro accordé compte la note du dossier qu'il finance : la proposition porte "
    "le plus d'argent possible sur les dossiers les mieux notés.",
    Objectif.DOSSIERS: "Chaque dossier compte sa note, en proportion de ce qu'il reçoit de ce qu'il peut "
    "recevoir : la proposition sert le mieux le plus de bons dossiers, petits compris.",
}


class EntreeInvalide(ValueError):
    """Le problème posé ne tient pas ; `raisons` les dit toutes, en phrases."""

    def __init__(self, raisons: list[str]) -> None:
        super().__init__(" ".join(raisons))
        self.raisons = tuple(raisons)


@dataclass(frozen=True, slots=True)
class Case:
    """Ce qu'un dossier peut recevoir d'une enveloppe : au plus `plafond` (K4 à K6), en centimes.

    `verrou` : le montant fixé à la main, zéro compris. `limite` : le mot de ce qui fait le plafond.
    """

    cle: str
    enveloppe: str
    plafond: int
    verrou: int | None = None
    limite: str = "demande"


@dataclass(frozen=True, slots=True)
class Candidature:
    """Un dossier : sa note sur 100, ses cases, ce qui lui reste à financer, le moins qui le fait vivre.

    `parts` : l'étiquette (quartier, pilier, commune…) et la fraction de l'aide qui lui revient (§C.8).
    """

    code: str
    note: Decimal
    cases: tuple[Case, ...]
    besoin: int
    minimum: int = 0
    parts: tuple[tuple[str, Fraction], ...] = ()

    @property
    def recevable(self) -> int:
        """Le plus qu'il peut recevoir de toutes ses enveloppes, en centimes."""
        return min(self.besoin, sum(case.plafond for case in self.cases))

    @property
    def est_tout_verrouille(self) -> bool:
        return all(case.verrou is not None for case in self.cases)

    @property
    def plancher(self) -> int:
        """Le minimum qui joue : aucun quand une main a fixé toutes les cases."""
        return 0 if self.est_tout_verrouille else self.minimum

    def part(self, etiquette: str) -> Fraction:
        return dict(self.parts).get(etiquette, Fraction(0))


@dataclass(frozen=True, slots=True)
class Enveloppe:
    """Ce qu'un financeur peut encore accorder, en centimes ; ou l'une de ses parts, s'il l'a répartie.

    Les parts et ce qui n'est pas réparti sont alors autant d'enveloppes : ensemble, elles font le tout.
    """

    code: str
    libelle: str
    reste: int


@dataclass(frozen=True, slots=True)
class Souhait:
    """Un souhait d'équité : à l'étiquette, au moins `montant` centimes, ou `part` du total accordé."""

    cle: str
    libelle: str
    etiquette: str
    montant: int = 0
    part: Fraction | None = None

    @property
    def phrase(self) -> str:
        if self.part is None:
            return f"{self.libelle} : au moins {_dit(self.montant)}"
        pour_cent = f"{float(self.part * 100):g}".replace(".", ",")
        return f"{self.libelle} : au moins {pour_cent} % de ce qui est accordé"


@dataclass(frozen=True, slots=True)
class Poids:
    """Un souhait en nombres entiers : Σ par_dossier × centimes doit atteindre `seuil`.

    Les fractions sont mises au même dénominateur : le juge compte en entiers, sans rien arrondir.
    """

    souhait: Souhait
    denominateur: int
    seuil: int
    par_dossier: dict[str, int]


@dataclass(frozen=True)
class Probleme:
    """Tout ce qui fixe la proposition ; deux problèmes égaux rendent la même.

    Lève `EntreeInvalide`, toutes les raisons à la fois.
    """

    candidatures: tuple[Candidature, ...]
    enveloppes: tuple[Enveloppe, ...]
    souhaits: tuple[Souhait, ...] = ()
    objectif: Objectif = Objectif.EUROS

    def __post_init__(self) -> None:
        if raisons := [*_doublons(self), *_fautes_des_montants(self)]:
            raise EntreeInvalide(raisons)

    @cached_property
    def cases(self) -> tuple[tuple[Candidature, Case], ...]:
        return tuple((c, case) for c in self.candidatures for case in c.cases)

    @cached_property
    def libelles(self) -> dict[str, str]:
        """Par enveloppe, le nom qu'une phrase en dit."""
        return {e.code: e.libelle for e in self.enveloppes}

    @cached_property
    def poids(self) -> dict[str, int]:
        """Par dossier, ce que vaut un centime, en entier : le même nombre pour le solveur et le juge."""
        return {c.code: self._poids(c) for c in self.candidatures}

    @cached_property
    def exigences(self) -> tuple[Poids, ...]:
        """Chaque souhait, ce qu'un centime de chaque dossier lui ajoute, et ce qu'il faut."""
        portees: dict[str, dict[str, Fraction]] = {s.etiquette: {} for s in self.souhaits}
        for c in self.candidatures:
            for etiquette, part in c.parts:
                if etiquette in portees and part:
                    portees[etiquette][c.code] = part
        return tuple(self._exigence(s, portees[s.etiquette]) for s in self.souhaits)

    def _exigence(self, souhait: Souhait, portee: dict[str, Fraction]) -> Poids:
        demande = souhait.part or Fraction(0)
        commun = lcm(demande.denominator, *(part.denominator for part in portee.values()))
        entiers = {code: part.numerator * (commun // part.denominator) for code, part in portee.items()}
        if demande:
            retire = demande.numerator * (commun // demande.denominator)
            entiers = {c.code: entiers.get(c.code, 0) - retire for c in self.candidatures}
        return Poids(souhait, commun, souhait.montant * commun, {c: n for c, n in entiers.items() if n})

    @cached_property
    def par_dossier(self) -> dict[str, tuple[tuple[int, int], ...]]:
        """Par dossier, le rang de chaque souhait qu'il touche, et ce qu'un centime y ajoute."""
        rangees: dict[str, list[tuple[int, int]]] = {c.code: [] for c in self.candidatures}
        for rang, exigence in enumerate(self.exigences):
            for code, coefficient in exigence.par_dossier.items():
                rangees[code].append((rang, coefficient))
        return {code: tuple(termes) for code, termes in rangees.items()}

    @cached_property
    def par_poids(self) -> tuple[Candidature, ...]:
        """Du dossier dont le centime vaut le plus à celui dont il vaut le moins ; à égalité, par code."""
        return tuple(sorted(self.candidatures, key=lambda c: (-self.poids[c.code], c.code)))

    def _poids(self, candidature: Candidature) -> int:
        micropoints = int(candidature.note * _MICRO)
        if self.objectif is Objectif.EUROS:
            return micropoints
        return micropoints * _MICRO // candidature.recevable if candidature.recevable else 0

    @property
    def echelle(self) -> int:
        """Par quoi diviser Σ poids × centimes pour lire des points-euros, ou des points."""
        return _MICRO * 100 if self.objectif is Objectif.EUROS else _MICRO * _MICRO


def _dit(centimes: int) -> str:
    return en_francais(de_centimes(centimes))


def _doublons(probleme: Probleme) -> Iterator[str]:
    groupes = (
        ("dossier", [c.code for c in probleme.candidatures]),
        ("case", [case.cle for c in probleme.candidatures for case in c.cases]),
        ("enveloppe", [e.code for e in probleme.enveloppes]),
        ("souhait", [s.cle for s in probleme.souhaits]),
    )
    for mot, cles in groupes:
        vus: set[str] = set()
        for cle in cles:
            if cle in vus:
                yield f"Deux fois « {cle} » ({mot}) : gardez-en un."
            vus.add(cle)


def _fautes_des_montants(probleme: Probleme) -> Iterator[str]:
    for e in probleme.enveloppes:
        if e.reste < 0:
            yield f"L'enveloppe {e.libelle} est déjà dépassée de {_dit(-e.reste)}."
    for s in probleme.souhaits:
        if s.montant < 0 or (s.part is not None and not 0 <= s.part <= 1):
            yield f"« {s.libelle} » : un plancher est positif, une part va de 0 à 100 %."
    for c in probleme.candidatures:
        yield from _fautes_du_dossier(c, probleme.libelles)


def _fautes_du_dossier(c: Candidature, libelles: Mapping[str, str]) -> Iterator[str]:
    if not 0 <= c.note <= 100:
        yield f"{c.code} : la note {c.note} sort de l'échelle, de 0 à 100."
    if c.besoin < 0 or c.minimum < 0 or any(case.plafond < 0 for case in c.cases):
        yield f"{c.code} : un montant est négatif."
    if any(part < 0 or part > 1 for _, part in c.parts):
        yield f"{c.code} : une part sort de l'échelle, de 0 à 1."
    for case in c.cases:
        if case.enveloppe not in libelles:
            yield f"{c.code} : l'enveloppe « {case.enveloppe} » n'existe pas."
        if case.verrou is not None and not 0 <= case.verrou <= case.plafond:
            yield (
                f"{c.code} : le montant fixé à la main, {_dit(case.verrou)}, dépasse ce que "
                f"{libelles.get(case.enveloppe, case.enveloppe)} peut lui accorder, {_dit(case.plafond)}. "
                "Baissez-le."
            )
    fixes = sum(case.verrou or 0 for case in c.cases)
    if fixes > c.besoin:
        yield (
            f"{c.code} : les montants fixés à la main, {_dit(fixes)}, dépassent ce qui reste "
            f"à financer, {_dit(c.besoin)}. Baissez-en un."
        )
