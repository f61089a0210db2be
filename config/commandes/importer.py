"""`ensemblier importer dauphin FICHIER` : l'essai à blanc d'une extraction, puis son import si demandé."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

MONTREES = 40
"""Lignes dites à l'écran ; `--json` les dit toutes."""


def executer(args: argparse.Namespace) -> int:
    """Lit, rapproche, dit chaque ligne ; n'écrit qu'avec `--appliquer`. 0 : rien ne s'oppose ; 1 : refusé."""
    from django.utils import timezone

    from ensemblier.comptes.droits import systeme
    from ensemblier.echanges.importer import extractions_de, importer, lire
    from ensemblier.interface.controles import FichierRefuse
    from ensemblier.registre.actes import ActeBloque

    try:
        territoire = _territoire(args.territoire)
        par = systeme(territoire.code, nom="Import")
        octets = Path(args.fichier).read_bytes()
        lecture = lire(octets, extractions_de(territoire, par), exercice=args.exercice)
        rapport = importer(
            lecture, territoire=territoire, par=par, le=timezone.now(), ecrit=args.appliquer,
            les_autres=args.les_autres,
        )  # fmt: skip
    except OSError as erreur:
        print(f"{args.fichier} : {erreur.strerror or erreur}.", file=sys.stderr)
        return 1
    except (FichierRefuse, ActeBloque) as refus:
        dit = json.dumps({"refus": str(refus)}, ensure_ascii=False) if args.json else str(refus)
        print(dit, file=sys.stderr)
        return 1
    _dire(rapport, en_json=args.json)
    return 0 if rapport.est_ecrit or not rapport.bloquantes else 1


def _territoire(code: str):
    from ensemblier.registre.actes import ActeBloque
    from ensemblier.territoires.models import Territoire

    connus = list(Territoire.objects.order_by("pk"))
    choisis = [t for t in connus if code in ("", t.code)]
    if len(choisis) == 1:
        return choisis[0]
    noms = ", ".join(t.code for t in connus) or "aucun"
    raison = (
        f"Aucun territoire « {code} » n'est installé" if code else "Dites le territoire avec --territoire"
    )
    raise ActeBloque(f"{raison}. Territoires installés : {noms}.")


def _dire(rapport, *, en_json: bool) -> None:
    if en_json:
        lignes = [
            {"ligne": x.rang, "issue": x.issue, "dossier": x.numero, "phrase": x.phrase}
            for x in rapport.lignes
        ]
        dit = {
            "extraction": rapport.extraction.code, "ecrit": rapport.est_ecrit, "comptes": rapport.comptes,
            "lignes": lignes,
        }  # fmt: skip
        print(json.dumps(dit, ensure_ascii=False, indent=1))
        return
    print(f"{rapport.extraction.nom}. {rapport.phrase}")
    dites = [x for x in rapport.lignes if x.issue != "inconnue"]
    for x in sorted(dites, key=lambda x: (x not in rapport.bloquantes, x.rang))[:MONTREES]:
        print(f"  ligne {x.rang}, {x.issue} : {x.phrase}")
    if len(dites) > MONTREES:
        print(f"  … et {len(dites) - MONTREES} autres : --json les dit toutes.")
