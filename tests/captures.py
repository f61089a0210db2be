"""`make captures` : les écrans publics et ceux du porteur, à 1280 et 375 px, dans `docs/ecrans/`.

La démonstration est construite à neuf (ou copiée : `--var`), servie, regardée par Chromium. Une image montre
ce qu'une personne voit sans défiler, en soixante-quatre couleurs : le dossier reste sous trois mégaoctets.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
from tests.parcours.conftest import OPTIONS, Serveur, _port_libre

RACINE = Path(__file__).resolve().parent.parent
DOSSIER = RACINE / "docs/ecrans"
LIMITE = 3_000_000
COULEURS = 64
ECRANS = {1280: 860, 375: 760}

PUBLIQUES = {
    "accueil": "/",
    "appels": "/appels/",
    "appel": "/appels/aap-du-jour/",
    "regles": "/appels/aap-du-jour/regles/",
    "adresse": "/quartiers/adresse/",
    "quartiers": "/quartiers/",
    "observatoire": "/observatoire/",
    "actions": "/observatoire/actions/",
    "connexion": "/connexion/",
    "inscription": "/inscription/",
}
ETAPES = ("organisme", "action", "publics", "budget", "demandes", "pieces")


def construire(var: Path) -> list[dict[str, str]]:
    """Construit la démonstration, ou relit celle qui est là ; rend ses comptes."""
    commande = [sys.executable, "-m", "config.cli", "demo", "--sans-serveur", "--json"]
    environnement = os.environ | {"ENSEMBLIER_VAR": str(var)}
    sortie = subprocess.run(
        commande, env=environnement, cwd=RACINE, check=True, capture_output=True, text=True
    ).stdout
    return json.loads(sortie)["comptes"]


def connecter(navigateur: Browser, serveur: Serveur, nom: str, temoins: Path) -> None:
    compte = serveur.comptes[nom]
    contexte = navigateur.new_context(locale="fr-FR")
    page = contexte.new_page()
    page.goto(f"{serveur.adresse}/connexion/")
    page.fill("[name='login']", compte["courriel"])
    page.fill("[name='password']", compte["mot_de_passe"])
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/dossiers/")
    contexte.storage_state(path=temoins)
    contexte.close()


def pages_du_porteur(page: Page, racine: str) -> dict[str, str]:
    """Un brouillon prêt à relire et un dossier déposé, trouvés sur la page d'accueil du porteur."""
    page.goto(f"{racine}/dossiers/")
    brouillon = page.locator("a[href$='/relecture/']").first.get_attribute("href").split("/")[2]
    numeros = page.locator("a[href^='/dossiers/']").evaluate_all("l => l.map(a => a.pathname.split('/')[2])")
    depose = next(
        n
        for n in dict.fromkeys(numeros)
        if n[:2].isdigit() and page.request.get(f"{racine}/dossiers/{n}/accuse/", max_redirects=0).ok
    )
    adresses = {"mes-dossiers": "/dossiers/", "dossier": f"/dossiers/{brouillon}/"}
    adresses |= {f"etape-{e}": f"/dossiers/{brouillon}/{e}/" for e in ETAPES}
    adresses |= {"relecture": f"/dossiers/{brouillon}/relecture/", "accuse": f"/dossiers/{depose}/accuse/"}
    return adresses | {"mon-organisme": "/mon-organisme/"}


def photographier(page: Page, chemin: Path) -> None:
    """Prend l'écran et le range en palette : un texte sur fond uni n'a pas besoin de plus."""
    page.screenshot(path=chemin)
    with Image.open(chemin) as image:
        image.convert("RGB").quantize(COULEURS, dither=Image.Dither.NONE).save(chemin, optimize=True)


def tout_prendre(serveur: Serveur, dossier: Path) -> int:
    temoins = serveur.dossier / "temoins.json"
    nombre = 0
    with sync_playwright() as outil:
        navigateur = outil.chromium.launch(executable_path=shutil.which("chromium"), args=OPTIONS)
        connecter(navigateur, serveur, "amina", temoins)
        for largeur, hauteur in ECRANS.items():
            cadre = {"viewport": {"width": largeur, "height": hauteur}, "locale": "fr-FR"}
            anonyme = navigateur.new_context(**cadre)
            amina = navigateur.new_context(**cadre, storage_state=temoins)
            porteur = pages_du_porteur(amina.new_page(), serveur.adresse)
            for contexte, adresses in ((anonyme, PUBLIQUES), (amina, porteur)):
                page = contexte.new_page()
                for nom, adresse in adresses.items():
                    reponse = page.goto(serveur.adresse + adresse, wait_until="networkidle")
                    if reponse is None or not reponse.ok:
                        raise SystemExit(f"« {adresse} » répond {reponse and reponse.status}.")
                    photographier(page, dossier / f"{nom}-{largeur}.png")
                    nombre += 1
                contexte.close()
        navigateur.close()
    return nombre


def main() -> int:
    lecteur = argparse.ArgumentParser(description=__doc__)
    lecteur.add_argument("--var", type=Path, help="une démonstration déjà construite ; elle est copiée")
    args = lecteur.parse_args()
    with tempfile.TemporaryDirectory() as atelier:
        var = Path(atelier) / "var"
        if args.var:
            shutil.copytree(args.var, var, ignore=shutil.ignore_patterns("statique", "feuille"))
        comptes = {c["courriel"].split("@")[0]: c for c in construire(var)}
        serveur = Serveur(var, _port_libre(), comptes)
        images = Path(atelier) / "images"
        images.mkdir()
        serveur.lancer()
        try:
            nombre = tout_prendre(serveur, images)
        finally:
            serveur.tuer()
        poids = sum(c.stat().st_size for c in images.iterdir())
        if poids > LIMITE:
            raise SystemExit(f"{poids / 1e6:.1f} Mo : au-delà de la limite, rien n'est remplacé.")
        DOSSIER.mkdir(parents=True, exist_ok=True)
        for ancienne in DOSSIER.glob("*.png"):
            ancienne.unlink()
        for image in images.iterdir():
            shutil.move(image, DOSSIER / image.name)
    sys.stdout.write(f"{nombre} écrans, {poids / 1e6:.1f} Mo, dans {DOSSIER.relative_to(RACINE)}/\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
