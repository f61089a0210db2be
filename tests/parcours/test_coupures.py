"""Tuer le serveur pendant qu'une personne écrit et dépose : ce qu'une page a confirmé se retrouve (G2)."""

from __future__ import annotations

import hashlib
import logging
import random
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from html import unescape
from pathlib import Path

from django.conf import settings

from tests.parcours.conftest import Serveur
from tests.parcours.guichetier import Guichetier, Recit, depots, empreinte_de_l_accuse, valeur

journal = logging.getLogger(__name__)
GRAINE = 20251125
MORTS, DUREE = 20, 30.0
"""Vingt coupures, ou ce que trente secondes permettent sur une machine occupée."""


def test_tuer_le_serveur_ne_perd_rien_de_confirme(serveur: Serveur):
    qui = Guichetier(serveur.adresse, serveur.comptes["amina"])
    qui.se_connecter()
    recit = Recit(qui, valeur(qui.lire("/dossiers/nouveau/ami-du-jour/"), "organisme"))
    with ThreadPoolExecutor(1) as fil:
        ecriture = fil.submit(recit.jouer)
        try:
            morts = _tuer_au_hasard(serveur, qui, ecriture)
        finally:
            qui.fini.set()
        ecriture.result(timeout=120)
    serveur.tuer()
    serveur.lancer()
    bilan = f"graine {GRAINE}, {morts} morts, {qui.renvois} renvois, {len(recit.dossiers)} dossiers"
    journal.info(bilan)
    assert morts >= 3, bilan
    assert qui.renvois, "aucune demande n'a été coupée : l'essai n'éprouve rien"
    assert pertes(serveur, recit) == [], bilan
    assert _registre(serveur) == 0
    recit.dossiers[0].piece = recit.dossiers[0].accuse = "0" * 64
    assert len(pertes(serveur, recit)) == 2, "une perte ne se verrait pas"


def _tuer_au_hasard(serveur: Serveur, qui: Guichetier, ecriture) -> int:
    """SIGKILL à un instant tiré au sort après que le serveur a répondu, puis relance."""
    hasard, morts, fin = random.Random(GRAINE), 0, time.monotonic() + DUREE
    while morts < MORTS and time.monotonic() < fin and not ecriture.done():
        qui.repond.clear()
        qui.repond.wait(60)
        time.sleep(hasard.uniform(0, 0.7))
        serveur.tuer()
        morts += 1
        serveur.lancer()
    return morts


def pertes(serveur: Serveur, recit: Recit) -> list[str]:
    """Ce qu'une page a confirmé et que le serveur relancé ne rend plus, ou rend deux fois."""
    fautes = []
    for d in recit.dossiers:
        url = f"/dossiers/{d.numero}/"
        if d.intitule not in _texte(recit.qui.lire(f"{url}action/")):
            fautes.append(f"{d.numero} : l'intitulé confirmé est perdu")
        if f"{int(d.charges):,}".replace(",", " ") not in _texte(recit.qui.lire(f"{url}budget/")):
            fautes.append(f"{d.numero} : le budget confirmé est perdu")
        if empreinte_de_l_accuse(recit.qui.lire(f"{url}accuse/")) != d.accuse:
            fautes.append(f"{d.numero} : un autre accusé que celui qui était montré")
    with closing(sqlite3.connect(serveur.dossier / "ensemblier.sqlite3")) as base:
        fautes += _dans_la_base(base, serveur.dossier / "fichiers", recit)
    return fautes


def _texte(page: str) -> str:
    return unescape(page).replace("\u202f", " ").replace("\u00a0", " ")


def _dans_la_base(base: sqlite3.Connection, contenus: Path, recit: Recit) -> list[str]:
    fautes = []
    ouverts = base.execute(
        "SELECT numero FROM dossiers_dossier WHERE intitule LIKE 'Action % de la veillée'"
    ).fetchall()
    if sorted(n for (n,) in ouverts) != sorted(d.numero for d in recit.dossiers):
        fautes.append(f"{len(ouverts)} dossiers pour {len(recit.dossiers)} clés")
    vides = base.execute("SELECT count(*) FROM dossiers_dossier WHERE intitule = ''").fetchone()[0]
    if vides:
        fautes.append(f"{vides} dossiers ouverts deux fois")
    for d in recit.dossiers:
        actes, lettres, personnes = depots(base, d.numero)
        if actes != 1 or not lettres or lettres != personnes:
            fautes.append(f"{d.numero} : {actes} dépôts, {lettres} accusés à {personnes} personnes")
        pieces = base.execute(
            "SELECT f.empreinte FROM dossiers_piece p JOIN registre_fichier f ON f.id = p.fichier_id "
            "JOIN dossiers_dossier d ON d.id = p.dossier_id WHERE d.numero = ? AND p.remplacee_le IS NULL",
            (d.numero,),
        ).fetchall()  # fmt: skip
        if pieces != [(d.piece,)]:
            fautes.append(f"{d.numero} : la pièce confirmée est perdue")
    for nom, empreinte in base.execute("SELECT contenu, empreinte FROM registre_fichier"):
        chemin = contenus / nom
        if not chemin.is_file() or hashlib.sha256(chemin.read_bytes()).hexdigest() != empreinte:
            fautes.append(f"« {nom} » : une ligne sans son fichier")
    return fautes


def _registre(serveur: Serveur) -> int:
    commande = [sys.executable, "-m", "config.cli", "verifier-registre"]
    return subprocess.run(
        commande, env=serveur.environnement, cwd=settings.RACINE, capture_output=True, check=False
    ).returncode
