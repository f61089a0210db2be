"""`ensemblier demo` : construit l'année fictive, montre les comptes, sert la maison."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

MARQUE = "demonstration-prete"


def preparer(args: argparse.Namespace) -> None:
    """Avant Django : la démonstration a son propre dossier, et jamais les réglages de production.

    Elle se construit à côté, puis prend sa place d'un coup : une construction interrompue ne laisse rien.
    """
    racine = Path(__file__).resolve().parent.parent.parent
    final = Path(os.environ.get("ENSEMBLIER_VAR") or racine / "var" / "demo")
    chantier = final.with_name(final.name + ".chantier")
    os.environ["ENSEMBLIER_DEMONSTRATION"] = "1"
    os.environ.pop("ENSEMBLIER_PRODUCTION", None)
    os.environ.pop("DATABASE_URL", None)
    os.environ.setdefault("ENSEMBLIER_ADRESSE", f"http://localhost:{args.port}")
    args.final, args.chantier = final, None
    if not (final / MARQUE).exists():
        if final.exists() and any(final.iterdir()):
            raise SystemExit(
                f"« {final} » contient autre chose qu'une démonstration : choisissez un autre dossier."
            )
        shutil.rmtree(chantier, ignore_errors=True)
        chantier.mkdir(parents=True)
        args.chantier = chantier
    os.environ["ENSEMBLIER_VAR"] = str(args.chantier or final)


def executer(args: argparse.Namespace) -> int:
    from django.core.management import call_command
    from django.db import connections

    from ensemblier.demonstration.construction import construire

    dire = (lambda _texte: None) if args.json else (lambda texte: print(texte, flush=True))
    dire("1/3  La base : migrations.")
    call_command("migrate", verbosity=0, interactive=False)
    dire("2/3  L'année fictive : environ une minute la première fois, aussitôt ensuite.")
    comptes = construire(dire=dire)
    connections.close_all()
    if args.chantier:
        (args.chantier / MARQUE).touch()
        if args.final.exists():
            args.final.rmdir()
        args.chantier.rename(args.final)
    os.environ["ENSEMBLIER_VAR"] = str(args.final)
    _montrer(args, os.environ["ENSEMBLIER_ADRESSE"], comptes)
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
