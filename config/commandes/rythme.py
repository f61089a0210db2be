"""`ensemblier rythme` : les tâches périodiques, en boucle, ou une fois pour une minuterie du système."""

from __future__ import annotations

import argparse
import logging
import signal
import threading
import time
from datetime import UTC, datetime

journal = logging.getLogger(__name__)

PATIENCE = 4
"""Secondes laissées à un travail pour rendre la main ; `ensemblier demo` en accorde dix au rythme."""


def executer(args: argparse.Namespace) -> int:
    """Un échec d'une tâche est journalisé et n'arrête pas les autres."""
    from config.rythme import ARRET, TACHES

    if args.une_fois:
        return max([_faire(tache) for tache in TACHES])
    signal.signal(signal.SIGTERM, lambda *_: ARRET.set())
    prochaines = {tache.nom: 0.0 for tache in TACHES}
    fils: dict[str, threading.Thread] = {}
    try:
        while not ARRET.wait(1):
            for tache in TACHES:
                if time.monotonic() >= prochaines[tache.nom]:
                    _lancer(tache, fils)
                    prochaines[tache.nom] = time.monotonic() + tache.secondes
    except KeyboardInterrupt:
        ARRET.set()
    limite = time.monotonic() + PATIENCE
    for fil in fils.values():
        fil.join(timeout=max(limite - time.monotonic(), 0))
    return 0


def _lancer(tache, fils: dict[str, threading.Thread]) -> None:
    """À part, une tâche a son fil et ne se double pas ; tué avec le processus, son bail dira de reprendre."""
    if not tache.est_a_part:
        _faire(tache)
    elif tache.nom not in fils or not fils[tache.nom].is_alive():
        fils[tache.nom] = threading.Thread(target=_faire_a_part, args=(tache,), daemon=True)
        fils[tache.nom].start()


def _faire_a_part(tache) -> None:
    from django.db import connections

    try:
        _faire(tache)
    finally:
        connections.close_all()


def _faire(tache) -> int:
    from django.db import close_old_connections

    close_old_connections()
    try:
        tache.faire(datetime.now(UTC))
    except Exception:
        journal.exception("Tâche « %s » : échec, nouvel essai au prochain pas", tache.nom)
        return 1
    return 0
