"""Le juge : une proposition relue en centimes exacts, règle par règle ; le solveur n'a pas voix ici."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ensemblier.noyau.ecritures import de_centimes, en_francais
from ensemblier.noyau.optimum.entrees import Candidature, Probleme

Regle = Literal["case", "plafond", "verrou", "besoin", "minimum", "enveloppe", "souhait"]


@dataclass(frozen=True, slots=True)
class Faute:
    """Une règle non tenue, et ce qu'elle vise : la case, le dossier, l'enveloppe ou le souhait."""

    regle: Regle
    cible: str
    phrase: str


class PropositionRefusee(ValueError):
    """Le juge a trouvé au moins une faute ; `fautes` les porte toutes."""

    def __init__(self, fautes: tuple[Faute, ...]) -> None:
        super().__init__(" ".join(faute.phrase for faute in fautes))
        self.fautes = fautes


def en_euros(centimes: int) -> str:
    return en_francais(de_centimes(centimes))


def valeur(probleme: Probleme, montants: Mapping[str, int]) -> int:
    """Σ poids × centimes, en entier exact ; `probleme.echelle` la ramène en points."""
    return sum(probleme.poids[c.code] * montants.get(case.cle, 0) for c, case in probleme.cases)


def verifier(probleme: Probleme, montants: Mapping[str, int]) -> tuple[Faute, ...]:
    """Toutes les fautes, vide si la proposition tient : rien n'est toléré, pas un centime."""
    etranges = tuple(_cases_etranges(probleme, montants))
    if etranges:
        return etranges
    return (
        *(f for c in probleme.candidatures for f in _fautes_du_dossier(probleme, c, montants)),
        *_fautes_des_enveloppes(probleme, montants),
        *_fautes_des_souhaits(probleme, montants),
    )


def exiger(probleme: Probleme, montants: Mapping[str, int]) -> None:
    """Lève `PropositionRefusee` si une seule règle n'est pas tenue."""
    if fautes := verifier(probleme, montants):
        raise PropositionRefusee(fautes)


def _cases_etranges(probleme: Probleme, montants: Mapping[str, int]) -> Iterator[Faute]:
    connues = {case.cle for _, case in probleme.cases}
    for cle in montants.keys() - connues:
        yield Faute("case", cle, f"« {cle} » n'est pas une case de ce tableau.")
    for cle in connues - montants.keys():
        yield Faute("case", cle, f"« {cle} » n'a pas de montant.")
    for cle, montant in montants.items():
        if type(montant) is not int:
            yield Faute("case", cle, f"« {cle} » : {montant!r} n'est pas un nombre entier de centimes.")


def _fautes_du_dossier(probleme: Probleme, c: Candidature, montants: Mapping[str, int]) -> Iterator[Faute]:
    total = 0
    for case in c.cases:
        montant = montants[case.cle]
        total += montant
        if not 0 <= montant <= case.plafond:
            yield Faute(
                "plafond", case.cle,
                f"{c.code} : {en_euros(montant)} sort de ce que {probleme.libelles[case.enveloppe]} peut "
                f"accorder, de 0 à {en_euros(case.plafond)}.",
            )  # fmt: skip
        if case.verrou is not None and montant != case.verrou:
            yield Faute(
                "verrou", case.cle,
                f"{c.code} : {en_euros(montant)} au lieu des {en_euros(case.verrou)} fixés à la main.",
            )  # fmt: skip
    if total > c.besoin:
        yield Faute(
            "besoin", c.code,
            f"{c.code} : {en_euros(total)} dépassent ce qui reste à financer, {en_euros(c.besoin)}.",
        )  # fmt: skip
    if 0 < total < c.plancher:
        yield Faute(
            "minimum", c.code,
            f"{c.code} : {en_euros(total)} sous le minimum viable, {en_euros(c.plancher)}.",
        )  # fmt: skip


def totaux(probleme: Probleme, montants: Mapping[str, int]) -> dict[str, int]:
    """Par enveloppe, ce que la proposition lui prend."""
    pris = {e.code: 0 for e in probleme.enveloppes}
    for _, case in probleme.cases:
        pris[case.enveloppe] += montants.get(case.cle, 0)
    return pris


def _fautes_des_enveloppes(probleme: Probleme, montants: Mapping[str, int]) -> Iterator[Faute]:
    pris = totaux(probleme, montants)
    for e in probleme.enveloppes:
        if pris[e.code] > e.reste:
            yield Faute(
                "enveloppe", e.code,
                f"L'enveloppe {e.libelle} serait dépassée de {en_euros(pris[e.code] - e.reste)}.",
            )  # fmt: skip


def _fautes_des_souhaits(probleme: Probleme, montants: Mapping[str, int]) -> Iterator[Faute]:
    recus = {c.code: sum(montants[case.cle] for case in c.cases) for c in probleme.candidatures}
    for e in probleme.exigences:
        if sum(coefficient * recus[code] for code, coefficient in e.par_dossier.items()) < e.seuil:
            yield Faute("souhait", e.souhait.cle, f"Le souhait n'est pas tenu. {e.souhait.phrase}.")
