"""`ensemblier rythme` : les tâches périodiques, en boucle, ou une fois pour une minuterie du système."""

from __future__ import annotations

import argparse
import logging
import signal
import threading
import time
from datetime import UTC, datetime

journal = logging.getLogger(__name__)


def executer(args: argparse.Namespace) -> int:
    """Un échec d'une tâche est journalisé et n'arrête pas les autres."""
    from config.rythme import TACHES

    if args.une_fois:
        return max([_faire(tache) for tache in TACHES])
    arret = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: arret.set())
    prochaines = {tache.nom: 0.0 for tache in TACHES}
    try:
        while not arret.wait(1):
            for tache in TACHES:
                if time.monotonic() >= prochaines[tache.nom]:
                    _faire(tache)
                    prochaines[tache.nom] = time.monotonic() + tache.secondes
    except KeyboardInterrupt:
        return 0
    return 0


def _faire(tache) -> int:
    from django.db import close_old_connections

    close_old_connections()
    try:
        tache.faire(datetime.now(UTC))
    except Exception:
        journal.exception("Tâche « %s » : échec, nouvel essai au prochain pas", tache.nom)
        return 1
    return 0
