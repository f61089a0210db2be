"""Combien de dossiers les règles jugent en une seconde, sur un cœur.

Commande : python benchmarks/evaluer.py [--fiches 10000] [--graine 1]
"""

from __future__ import annotations

import argparse
import platform
import random
import time
from pathlib import Path
from typing import Any

from ensemblier.noyau.packs import Territoire, lire_appels, lire_territoire
from ensemblier.noyau.regles import Fiche, evaluer

RACINE = Path(__file__).resolve().parent.parent


def fabriquer(hasard: random.Random, territoire: Territoire, appel: Any) -> dict[str, Any]:
    """Une fiche vraisemblable : tantôt juste, tantôt fausse, jamais deux fois la même."""
    cout = hasard.randrange(2_000, 60_000)
    financeur = appel.financement.financeur
    demande = cout * hasard.randrange(20, 90) // 100
    quartiers = hasard.sample(territoire.quartiers, hasard.randrange(1, 4))
    communes = [c for q in quartiers for c in q.communes]
    total = hasard.randrange(0, 400)
    return {
        "depose_le": f"2025-{hasard.randrange(5, 12):02d}-{hasard.randrange(1, 29):02d}T10:00:00+02:00",
        "porteur": {"type": hasard.choice(["association", "commune", "fondation"]), "commune_siege": "ARRAS"},
        "action": {
            "intitule": f"Action {hasard.random()}",
            "pilier": hasard.choice([p.code for p in territoire.piliers]),
            "thematiques": [hasard.choice([t.code for t in territoire.thematiques])],
            "experimentale": hasard.random() < 0.2,
            "numerique": hasard.random() < 0.2,
            "droit_commun": "Complète." if hasard.random() < 0.8 else "",
            "mobilisation_qpv": "Porte-à-porte.",
            "comite_de_suivi": "Trois membres.",
            "numero_dauphin": f"DA{hasard.randrange(10**8):08d}",
            "agent_departement": hasard.random() < 0.1,
            "quartiers": [{"code": q.code, "communes": list(q.communes)} for q in quartiers],
            "contacts_communes": [
                {"commune": c, "le": "2025-05-02"} for c in communes if hasard.random() < 0.9
            ],
        },
        "publics": {"total": total, "qpv": hasard.randrange(0, total + 1)},
        "budget": {
            "charges": {"60": str(cout // 2), "64": str(cout - cout // 2)},
            "produits": {"74": {financeur: str(demande)}, "autofinancement": str(cout - demande)},
        },
        "bonification": {"habitants": {"declare": hasard.random() < 0.3}},
        "pieces": hasard.sample(
            [p.code for p in appel.pieces], hasard.randrange(len(appel.pieces) // 2, len(appel.pieces) + 1)
        ),
        "demande": {financeur: str(demande)},
    }


def main() -> None:
    analyseur = argparse.ArgumentParser(description=__doc__)
    analyseur.add_argument("--fiches", type=int, default=10_000)
    analyseur.add_argument("--graine", type=int, default=1)
    args = analyseur.parse_args()
    racine = RACINE / "packs" / "lens-lievin"
    territoire = lire_territoire(racine)
    print(f"python benchmarks/evaluer.py --fiches {args.fiches} --graine {args.graine}")
    print(f"Python {platform.python_version()}, temps de processeur, un cœur\n")
    print("| appel | règles | fiches | lire (par s) | évaluer (par s) | et en JSON (par s) | déposés |")
    print("|---|---|---|---|---|---|---|")
    for slug, appel in sorted(lire_appels(racine, territoire).items()):
        hasard = random.Random(args.graine)
        brutes = [fabriquer(hasard, territoire, appel) for _ in range(args.fiches)]
        depart = time.process_time()
        fiches = [Fiche.lire(brute) for brute in brutes]
        lues = time.process_time()
        deposables = sum(evaluer(appel, fiche, territoire=territoire).deposable for fiche in fiches)
        jugees = time.process_time()
        for fiche in fiches:
            evaluer(appel, fiche, territoire=territoire).en_json()
        ecrites = time.process_time()
        vitesses = [args.fiches / d for d in (lues - depart, jugees - lues, ecrites - jugees)]
        colonnes = " | ".join(f"{v:,.0f}".replace(",", " ") for v in vitesses)
        print(f"| {slug} | {len(appel.regles)} | {args.fiches} | {colonnes} | {deposables} |")


if __name__ == "__main__":
    main()
