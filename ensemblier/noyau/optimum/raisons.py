"""Pourquoi pas lui, et que ferait un peu plus : chaque phrase sort des centimes exacts de la proposition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ensemblier.noyau.optimum.entrees import Candidature, Enveloppe, Probleme
from ensemblier.noyau.optimum.plateau import Plateau
from ensemblier.noyau.optimum.verification import en_euros

UN_PEU_PLUS = 100_000
"""Mille euros, en centimes : ce qu'on ajoute à chaque enveloppe pour voir."""


@dataclass(frozen=True, slots=True)
class Refus:
    """Un dossier qui ne reçoit rien, et ce qui l'arrête : l'ajouter tel quel casserait cela."""

    code: str
    cause: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Marge:
    """Ce que 1 000 € de plus dans une enveloppe financerait, sans rien retirer à personne.

    `gagnants` : le code du dossier et les centimes de plus. `gain` : Σ poids × centimes.
    """

    enveloppe: str
    gagnants: tuple[tuple[str, int], ...]
    gain: int
    phrase: str


def raisons(probleme: Probleme, montants: Mapping[str, int]) -> tuple[Refus, ...]:
    """Une raison par dossier sans argent, dans l'ordre des notes."""
    plateau = Plateau(probleme, montants)
    servies = _notes_servies(probleme, montants)
    sans = sorted(
        (c for c in probleme.candidatures if not plateau.totaux[c.code]), key=lambda c: (-c.note, c.code)
    )
    return tuple(Refus(c.code, *_raison(plateau, c, servies)) for c in sans)


def _notes_servies(probleme: Probleme, montants: Mapping[str, int]) -> dict[str, Decimal]:
    """Par enveloppe, la plus basse note qui en reçoit, hors montants fixés à la main."""
    basses: dict[str, Decimal] = {}
    for c, case in probleme.cases:
        if montants[case.cle] and case.verrou is None:
            basses[case.enveloppe] = min(basses.get(case.enveloppe, c.note), c.note)
    return basses


def _raison(plateau: Plateau, c: Candidature, servies: Mapping[str, Decimal]) -> tuple[str, str]:
    libres = [case for case in c.cases if case.verrou is None]
    if not c.cases:
        return "demande", "Aucune demande à ces financeurs."
    if not libres:
        return "verrou", "Fixé à zéro à la main."
    recevable = min(c.besoin, sum(case.plafond for case in libres))
    if recevable <= 0:
        return _rien_a_recevoir(c)
    if recevable < c.plancher:
        return "minimum", (
            f"Il ne peut recevoir que {en_euros(recevable)} de ces financeurs, moins que son minimum viable, "
            f"{en_euros(c.plancher)}."
        )
    if not plateau.probleme.poids[c.code]:
        return "note", "Sa note est nulle : le financer n'ajoute rien à l'objectif."
    voulu = max(c.plancher, 1)
    possible = plateau.ajoutable(c)
    if possible < voulu:
        return "enveloppe", _manque(plateau, c, possible, servies)
    return "souhait", (
        f"Le financer ferait tomber un souhait d'équité : {_enumerer(_brides(plateau, c, voulu))}."
    )


def _rien_a_recevoir(c: Candidature) -> tuple[str, str]:
    if c.besoin <= 0:
        return "besoin", "Ses autres ressources couvrent déjà son coût : il ne reste rien à financer."
    mots = {case.limite for case in c.cases if case.verrou is None}
    return "plafond", (
        "Le plafond de l'appel ne laisse rien."
        if mots == {"plafond"}
        else "Il ne demande rien à ces financeurs."
    )


def _brides(plateau: Plateau, c: Candidature, centimes: int) -> list[str]:
    """Les souhaits que ces centimes feraient tomber."""
    return [
        plateau.probleme.souhaits[rang].libelle
        for rang, coefficient in plateau.probleme.par_dossier[c.code]
        if coefficient < 0 and plateau.souhaits[rang] + coefficient * centimes < 0
    ]


def _manque(plateau: Plateau, c: Candidature, possible: int, servies: Mapping[str, Decimal]) -> str:
    libelles = plateau.probleme.libelles
    siennes = [case.enveloppe for case in c.cases if case.verrou is None and case.plafond]
    restes = _enumerer([f"{libelles[code]} {en_euros(max(plateau.restes[code], 0))}" for code in siennes])
    phrase = f"Il reste {restes}"
    if c.plancher:
        faut, peut = en_euros(c.plancher), en_euros(possible)
        phrase = f"Il lui faut au moins {faut}, il pourrait en recevoir {peut}. {phrase}"
    notes = [servies[code] for code in siennes if code in servies]
    if notes:
        phrase += (
            f" ; la plus basse note servie par là est {_note(min(notes))}, la sienne est {_note(c.note)}"
        )
    return f"{phrase}."


def _enumerer(mots: list[str]) -> str:
    return mots[0] if len(mots) == 1 else f"{', '.join(mots[:-1])} et {mots[-1]}"


def _note(note: Decimal) -> str:
    return f"{note:.2f}".rstrip("0").rstrip(".").replace(".", ",")


def marge(
    probleme: Probleme, enveloppe: Enveloppe, avant: Mapping[str, int], apres: Mapping[str, int]
) -> Marge:
    """Ce qui change quand l'enveloppe a 1 000 € de plus, chacun gardant ce qu'il a."""
    gagnants = tuple(_gagnants(probleme, avant, apres))
    gain = sum(probleme.poids[code] * centimes for code, centimes in gagnants)
    debut = f"{en_euros(UN_PEU_PLUS)} de plus dans l'enveloppe {enveloppe.libelle}"
    if not gagnants and _est_servie(probleme, enveloppe, avant):
        phrase = f"{debut} ne financeraient rien : tout ce qu'elle peut accorder l'est déjà."
    elif not gagnants:
        phrase = f"{debut} ne financeraient rien de plus sans retirer à d'autres."
    else:
        servis = {c.code for c in probleme.candidatures if any(avant[case.cle] for case in c.cases)}
        dits = [
            f"{code} ({'+' if code in servis else 'nouveau, '}{en_euros(centimes)})"
            for code, centimes in gagnants[:3]
        ]
        if len(gagnants) > 3:
            dits.append(f"{len(gagnants) - 3} autres")
        phrase = f"{debut} financeraient {_enumerer(dits)}."
    return Marge(enveloppe.code, gagnants, gain, phrase)


def _est_servie(probleme: Probleme, enveloppe: Enveloppe, avant: Mapping[str, int]) -> bool:
    """Chaque case de l'enveloppe est au plus haut, ou fixée à la main."""
    return all(
        case.verrou is not None or avant[case.cle] == min(case.plafond, c.recevable)
        for c, case in probleme.cases
        if case.enveloppe == enveloppe.code
    )


def _gagnants(
    probleme: Probleme, avant: Mapping[str, int], apres: Mapping[str, int]
) -> Iterator[tuple[str, int]]:
    for c in probleme.candidatures:
        de_plus = sum(apres[case.cle] - avant[case.cle] for case in c.cases)
        if de_plus:
            yield c.code, de_plus
