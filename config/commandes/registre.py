"""`ensemblier verifier-registre` : relire toutes les chaînes et tous les sceaux."""

from __future__ import annotations

import argparse
import json


def executer(args: argparse.Namespace) -> int:
    """0 si le registre est intact, 1 si une ligne a été changée, retirée ou déplacée."""
    from ensemblier.registre.verification import verifier

    resultat = verifier(tete_connue=args.tete or "")
    if args.json:
        print(
            json.dumps(
                {
                    "intact": resultat.est_intacte,
                    "chaines": resultat.chaines,
                    "evenements": resultat.evenements,
                    "sceaux": resultat.sceaux,
                    "tete": resultat.tete,
                    "anomalies": [{"lieu": a.lieu, "phrase": a.phrase} for a in resultat.anomalies],
                },
                ensure_ascii=False,
                indent=2,
            )
        )
    else:
        print(f"{resultat.evenements} événements dans {resultat.chaines} chaînes, {resultat.sceaux} scellés.")
        for anomalie in resultat.anomalies:
            print(f"  ⬣ {anomalie.lieu} : {anomalie.phrase}")
        print("Registre intact." if resultat.est_intacte else "Le registre a été altéré.")
        print(f"Tête du registre, à garder hors de la maison : {resultat.tete}")
    return 0 if resultat.est_intacte else 1
