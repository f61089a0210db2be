"""`ensemblier demo` : construit l'année fictive, montre les comptes, sert la maison."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path


def preparer(args: argparse.Namespace) -> None:
    """Avant Django : la démonstration a son propre dossier, et jamais les réglages de production."""
    os.environ["ENSEMBLIER_DEMONSTRATION"] = "1"
    os.environ.pop("ENSEMBLIER_PRODUCTION", None)
    racine = Path(__file__).resolve().parent.parent.parent
    os.environ.setdefault("ENSEMBLIER_VAR", str(racine / "var" / "demo"))
    os.environ.pop("DATABASE_URL", None)
    os.environ.setdefault("ENSEMBLIER_ADRESSE", f"http://localhost:{args.port}")
    Path(os.environ["ENSEMBLIER_VAR"]).mkdir(parents=True, exist_ok=True)


def executer(args: argparse.Namespace) -> int:
    from django.core.management import call_command
    from ensemblier.demonstration.construction import construire

    bavard = not args.json
    if bavard:
        print("1/3  La base : migrations.", flush=True)
    call_command("migrate", verbosity=0, interactive=False)
    if bavard:
        print("2/3  L'année fictive (une seule fois ; la suite est immédiate).", flush=True)
    comptes = construire(dire=print if bavard else None)
    adresse = os.environ["ENSEMBLIER_ADRESSE"]
    _montrer(args, adresse, comptes)
    return 0 if args.sans_serveur else _servir(args.port)


def _montrer(args: argparse.Namespace, adresse: str, comptes: list[dict[str, str]]) -> None:
    if args.json:
        print(json.dumps({"adresse": adresse, "comptes": comptes}, ensure_ascii=False, indent=2), flush=True)
        return
    print(f"3/3  Prêt : {adresse}  (connexion : {adresse}/connexion/)\n")
    largeur = max(len(c["role"]) for c in comptes)
    for compte in comptes:
        print(f"  {compte['role']:<{largeur}}  {compte['courriel']:<34} {compte['mot_de_passe']}")
    print("\nDonnées fictives. Les courriels restent dans le dossier de la démonstration.", flush=True)


def _servir(port: int) -> int:
    """Deux enfants, le serveur et le rythme ; les arrêter tous deux, quoi qu'il arrive."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serveur = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "2", "--blocking-threads", "4", "--no-ws", "--log-level", "warning",
        "config.wsgi:application",
    ]  # fmt: skip
    rythme = [sys.executable, "-m", "config.cli", "rythme"]
    enfants = [subprocess.Popen(serveur), subprocess.Popen(rythme)]
    try:
        return enfants[0].wait()
    except KeyboardInterrupt:
        return 0
    finally:
        for enfant in enfants:
            enfant.terminate()
        for enfant in enfants:
            enfant.wait(timeout=10)
