"""Ce que coûte une première visite : requêtes, octets reçus, plus grand affichage, déplacement de la page.

Le serveur est celui de la production (granian, fichiers nommés par leur empreinte et compressés), sur une
copie de la démonstration. Le processeur de Chromium est ralenti quatre fois, l'affichage est la médiane de
trois visites ; une dernière, réseau lent, cherche si l'arrivée des polices déplace la page.

Commande : python benchmarks/premiere_visite.py [--var DOSSIER_D_UNE_DEMONSTRATION]
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, sync_playwright

RACINE = Path(__file__).resolve().parent.parent
PAGES = ("/", "/appels/", "/appels/aap-du-jour/", "/quartiers/adresse/", "/observatoire/", "/connexion/")
REQUETES, OCTETS, PEINTURE, DECALAGE = 10, 150_000, 1_500, 0.001
PATIENCE = 120_000
"""En millisecondes : la mesure peut tourner sur une machine chargée."""
RESEAU_LENT = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 90_000}
OBSERVER = """
window.mesure = {peinture: 0, decalage: 0};
new PerformanceObserver((l) => { for (const e of l.getEntries()) window.mesure.peinture = e.startTime; })
  .observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver((l) => { for (const e of l.getEntries()) window.mesure.decalage += e.value; })
  .observe({type: 'layout-shift', buffered: true});
"""


def construire(dossier: Path) -> Path:
    commande = [sys.executable, "-m", "config.cli", "demo", "--sans-serveur", "--json"]
    environnement = os.environ | {"ENSEMBLIER_VAR": str(dossier)}
    subprocess.run(commande, env=environnement, cwd=RACINE, check=True, stdout=subprocess.DEVNULL)
    return dossier


@contextmanager
def servir(var: Path, *, processus: int = 1) -> Iterator[str]:
    """Rend l'adresse d'un serveur de production, arrêté à la sortie."""
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        port = prise.getsockname()[1]
    environnement = os.environ | {
        "ENSEMBLIER_VAR": str(var),
        "ENSEMBLIER_PRODUCTION": "1",
        "ENSEMBLIER_PROXY": "1",
        "ENSEMBLIER_HOTES": "ensemblier.example,127.0.0.1",
        "ENSEMBLIER_ADRESSE": "https://ensemblier.example",
        "ENSEMBLIER_CLE_SECRETE": "mesure-" * 10,
        "ENSEMBLIER_CLE_COFFRE": "coffre-" * 10,
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    ranger = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"]
    subprocess.run(ranger, env=environnement, cwd=RACINE, check=True)
    granian = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(processus), "--blocking-threads", "4", "--no-ws", "config.wsgi:application",
    ]  # fmt: skip
    with tempfile.TemporaryFile() as sortie:
        serveur = subprocess.Popen(granian, env=environnement, cwd=RACINE, stdout=sortie, stderr=sortie)
        try:
            for _ in range(150):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
                    break
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            serveur.terminate()
            serveur.wait(timeout=10)


def visiter(navigateur: Browser, adresse: str, *, reseau: dict[str, Any] | None = None) -> dict[str, Any]:
    """Une visite au cache vide : `{requetes, octets, peinture, decalage, detail}`."""
    contexte = navigateur.new_context(
        viewport={"width": 375, "height": 667},
        locale="fr-FR",
        extra_http_headers={"X-Forwarded-Proto": "https"},
    )
    contexte.set_default_timeout(PATIENCE)
    page = contexte.new_page()
    page.add_init_script(OBSERVER)
    cdp = contexte.new_cdp_session(page)
    cdp.send("Network.enable")
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    if reseau:
        cdp.send("Network.emulateNetworkConditions", reseau)
    adresses: dict[str, str] = {}
    detail: dict[str, int] = {}
    cdp.on("Network.requestWillBeSent", lambda e: adresses.__setitem__(e["requestId"], e["request"]["url"]))
    cdp.on(
        "Network.loadingFinished",
        lambda e: detail.__setitem__(adresses[e["requestId"]], int(e["encodedDataLength"])),
    )
    page.goto(adresse, wait_until="networkidle")
    page.wait_for_function("window.mesure.peinture > 0")
    page.wait_for_timeout(500)
    mesure = page.evaluate("window.mesure")
    contexte.close()
    return {**mesure, "requetes": len(detail), "octets": sum(detail.values()), "detail": detail}


def _chromium() -> str:
    """Le Chromium entier, celui des gens : sans fenêtre, il peint plus vite et demande une image de moins."""
    chemin = shutil.which("chromium")
    if not chemin:
        raise SystemExit("Chromium est absent : installez-le (apt-get install chromium), puis relancez.")
    return chemin


def mesurer(var: Path, *, montrer: bool) -> int:
    depasses = 0
    with servir(var) as racine, sync_playwright() as outil:
        navigateur = outil.chromium.launch(executable_path=_chromium(), args=["--disable-gpu"])
        visiter(navigateur, racine)  # le serveur s'échauffe
        for chemin in PAGES:
            essais = [visiter(navigateur, racine + chemin) for _ in range(3)]
            m = {**essais[0], "peinture": median(e["peinture"] for e in essais)}
            m["decalage"] = max(e["decalage"] for e in essais)
            lent = visiter(navigateur, racine + chemin, reseau=RESEAU_LENT)
            tient = (
                m["requetes"] <= REQUETES
                and m["octets"] <= OCTETS
                and m["peinture"] <= PEINTURE
                and max(m["decalage"], lent["decalage"]) < DECALAGE
            )
            depasses += not tient
            print(
                f"{chemin:24} {m['requetes']:2} requêtes  {m['octets'] / 1000:6.1f} Ko  affichage "
                f"{m['peinture']:5.0f} ms  décalage {m['decalage']:.4f}, réseau lent {lent['decalage']:.4f}  "
                f"{'tient' if tient else 'DÉPASSE'}"
            )
            if montrer:
                for adresse, octets in sorted(m["detail"].items(), key=lambda x: -x[1]):
                    print(f"    {octets / 1000:6.1f} Ko  {adresse.removeprefix(racine)}")
        navigateur.close()
    return depasses


def main() -> int:
    lecteur = argparse.ArgumentParser(description=__doc__)
    lecteur.add_argument("--var", type=Path, help="une démonstration déjà construite, lue et copiée")
    lecteur.add_argument("--detail", action="store_true", help="le poids de chaque fichier")
    args = lecteur.parse_args()
    print(f"première visite, Python {platform.python_version()}, processeur ralenti 4 fois, 375 px")
    with tempfile.TemporaryDirectory() as dossier:
        copie = Path(dossier) / "var"
        if args.var:
            shutil.copytree(args.var, copie, ignore=shutil.ignore_patterns("statique", "feuille"))
        else:
            construire(copie)
        return min(1, mesurer(copie, montrer=args.detail))


if __name__ == "__main__":
    raise SystemExit(main())
