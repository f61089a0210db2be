"""Ce que coûte et ce que gagne une proposition de programmation, contre la liste par note, mêmes règles.

Programmations fictives, cinq enveloppes : coûts log-normaux, une à quatre demandes par dossier, demandes à
170 % des enveloppes, minimum viable à 60 % de la demande, financement public à 80 % du coût au plus ;
planchers par quartier (21) et par pilier (3), un cinquième aux nouveaux porteurs. Un fil, graine fixée.

Commande : python benchmarks/optimum.py [--tailles 205,5000] [--graines 1,2,3]
"""

from __future__ import annotations

import argparse
import random
import time
from decimal import Decimal
from fractions import Fraction

from ensemblier.noyau.optimum import (
    Candidature,
    Case,
    Enveloppe,
    Objectif,
    Probleme,
    Proposition,
    Souhait,
    proposer,
    verifier,
)

FINANCEURS = ("CALL", "ETAT", "REGION", "DEPARTEMENT", "COMMUNES")
QUARTIERS, PILIERS = 21, 3


def candidature(hasard: random.Random, rang: int) -> Candidature:
    cout = int(100 * hasard.lognormvariate(9.9, 0.7))
    choisis = hasard.sample(FINANCEURS, hasard.choices([1, 2, 3, 4], [3, 4, 2, 1])[0])
    parts = [hasard.random() + 0.2 for _ in choisis]
    voulu = cout * hasard.uniform(0.4, 0.85)
    cases = tuple(
        Case(f"{rang}-{f}", f, int(voulu * p / sum(parts))) for f, p in zip(choisis, parts, strict=True)
    )
    visees = hasard.sample(range(QUARTIERS), hasard.choice([1, 1, 1, 2, 3]))
    etiquettes = [(f"qpv:{q}", Fraction(1, len(visees))) for q in visees]
    etiquettes.append((f"pilier:{hasard.randrange(PILIERS)}", Fraction(1)))
    if hasard.random() < 0.3:
        etiquettes.append(("nouveaux", Fraction(1)))
    demande = sum(case.plafond for case in cases)
    return Candidature(
        f"26-{rang:04}", Decimal(hasard.randint(600, 1900)) / 20, cases, cout * 4 // 5,
        min(demande * 3 // 5, cout * 4 // 5), tuple(etiquettes),
    )  # fmt: skip


def probleme(taille: int, graine: int, objectif: Objectif) -> Probleme:
    hasard = random.Random(graine)
    candidatures = tuple(candidature(hasard, rang) for rang in range(1, taille + 1))
    demandes = dict.fromkeys(FINANCEURS, 0)
    for c in candidatures:
        for case in c.cases:
            demandes[case.enveloppe] += case.plafond
    enveloppes = tuple(Enveloppe(f, f, d * 10 // 17) for f, d in demandes.items())
    total = sum(e.reste for e in enveloppes)
    part = total * 4 // (5 * QUARTIERS)
    souhaits = [
        Souhait(f"q{q}", f"Quartier {q}", f"qpv:{q}", min(part, _demande(candidatures, q)))
        for q in range(QUARTIERS)
    ]
    souhaits += [Souhait(f"p{p}", f"Pilier {p}", f"pilier:{p}", total // 4) for p in range(PILIERS)]
    souhaits.append(Souhait("n", "Nouveaux porteurs", "nouveaux", part=Fraction(1, 5)))
    return Probleme(candidatures, enveloppes, tuple(souhaits), objectif)


def _demande(candidatures: tuple[Candidature, ...], quartier: int) -> int:
    """La moitié de ce qui est demandé pour le quartier : un plancher qui se tient."""
    return int(sum(c.recevable * c.part(f"qpv:{quartier}") for c in candidatures) / 2)


def mesurer(taille: int, graine: int, objectif: Objectif) -> str:
    pose = probleme(taille, graine, objectif)
    rendue, duree, processeur = chronometrer(pose, limite=60.0, expliquer=False)
    complete, _, entiere = chronometrer(pose, limite=60.0, expliquer=True)
    fautes = verifier(pose, rendue.montants or {})
    gain = "la liste ne tient pas les souhaits" if rendue.gain is None else f"+{float(rendue.gain):.2%}"
    ecart = "?" if rendue.ecart is None else f"{float(rendue.ecart):.5%}"
    return (
        f"{taille:>5} × 5 · graine {graine} · {objectif.value:<8} · {rendue.issue:<8} · écart {ecart} · "
        f"solveur {rendue.secondes:5.2f} s, en tout {duree:5.2f} s, processeur {processeur:5.2f} s · "
        f"sur la liste par note {gain} · {len(fautes)} faute · "
        f"{len(complete.refus)} refus et {len(complete.marges)} marges : processeur {entiere:.2f} s"
    )


def chronometrer(pose: Probleme, **options: float | bool) -> tuple[Proposition, float, float]:
    debut, processeur = time.perf_counter(), time.process_time()
    rendue = proposer(pose, **options)
    return rendue, time.perf_counter() - debut, time.process_time() - processeur


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tailles", default="205,5000")
    arguments.add_argument("--graines", default="1,2,3")
    dits = arguments.parse_args()
    proposer(probleme(10, 0, Objectif.EUROS))
    for taille in map(int, dits.tailles.split(",")):
        for graine in map(int, dits.graines.split(",")):
            for objectif in Objectif:
                print(mesurer(taille, graine, objectif), flush=True)


if __name__ == "__main__":
    main()
