"""`make captures` : chaque écran public et chaque écran du porteur, à 1280 et 375 px, dans `docs/ecrans/`.

La démonstration est construite à neuf (ou copiée : `--var`), servie, parcourue de lien en lien comme le fait
`make axe` : une image par genre de page, de ce qu'une personne voit sans défiler, en peu de couleurs.
"""

from __future__ import annotations

import argparse
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.urls import Resolver404, resolve
from PIL import Image
from playwright.sync_api import Browser, Page, StorageState, sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
from tests.axe import Bilan, Passage
from tests.conftest import chemin_de_chromium
from tests.parcours.conftest import OPTIONS, Serveur, _port_libre

RACINE = Path(__file__).resolve().parent.parent
DOSSIER = RACINE / "docs/ecrans"
FEUILLES = RACINE / "ensemblier/interface/static/interface"
LIMITE = 4_000_000
COULEURS = 32
PATIENCE = 120_000
"""En millisecondes : la commande peut tourner sur une machine chargée."""
ECRANS = {1280: 860, 375: 760}
COLONNE, MARGE = 2800, 16
"""En pixels : la hauteur d'une colonne de la planche des composants, et l'espace entre deux."""

AMINA, MOT_DE_PASSE = "amina@jardins-du-onze.example", "ensemblier-en-demonstration"

PUBLIQUES = (
    "/",
    "/appels/",
    "/appels/aap-du-jour/",
    "/appels/aap-du-jour/regles/",
    "/quartiers/",
    "/observatoire/",
)
DEPARTS = ("/", "/introuvable/", "/mon-compte/", "/messages/")
HORS = "galerie"
ETAPES = ("organisme", "action", "publics", "budget", "demandes", "pieces")


def construire(var: Path) -> None:
    """Construit la démonstration, ou reprend celle qui est là."""
    commande = [sys.executable, "-m", "config.cli", "demo", "--sans-serveur", "--json"]
    environnement = os.environ | {"ENSEMBLIER_VAR": str(var)}
    subprocess.run(commande, env=environnement, cwd=RACINE, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def servir(copie: Path | None) -> Iterator[str]:
    """Rend l'adresse d'une démonstration neuve, ou d'une copie de celle de `copie`."""
    with tempfile.TemporaryDirectory() as atelier:
        var = Path(atelier) / "var"
        if copie:
            shutil.copytree(copie, var, ignore=shutil.ignore_patterns("statique", "feuille"))
        construire(var)
        serveur = Serveur(var, _port_libre(), {})
        serveur.lancer()
        try:
            yield serveur.adresse
        finally:
            serveur.tuer()


def connecter(navigateur: Browser, racine: str) -> StorageState:
    """Amina se connecte ; rend ses témoins, pour ouvrir ses pages à chaque largeur."""
    contexte = navigateur.new_context(locale="fr-FR")
    contexte.set_default_timeout(PATIENCE)
    page = contexte.new_page()
    page.goto(f"{racine}/connexion/")
    page.fill("[name='login']", AMINA)
    page.fill("[name='password']", MOT_DE_PASSE)
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/dossiers/")
    temoins = contexte.storage_state()
    contexte.close()
    return temoins


def pages_du_porteur(page: Page, racine: str) -> list[str]:
    """Un brouillon prêt à relire et un dossier déposé, trouvés sur la page d'accueil du porteur."""
    page.goto(f"{racine}/dossiers/")
    brouillon = page.locator("a[href$='/relecture/']").first.get_attribute("href").split("/")[2]
    numeros = page.locator("a[href^='/dossiers/']").evaluate_all("l => l.map(a => a.pathname.split('/')[2])")
    depose = next(
        n
        for n in dict.fromkeys(numeros)
        if n[:2].isdigit() and page.request.get(f"{racine}/dossiers/{n}/accuse/", max_redirects=0).ok
    )
    lieux = (
        f"{brouillon}/",
        *(f"{brouillon}/{e}/" for e in ETAPES),
        f"{brouillon}/relecture/",
        f"{depose}/accuse/",
    )
    return ["/dossiers/", *(f"/dossiers/{lieu}" for lieu in lieux)]


def photographier(page: Page, chemin: Path) -> None:
    """Prend l'écran et le range en palette : un texte sur fond uni n'a pas besoin de plus."""
    page.screenshot(path=chemin)
    with Image.open(chemin) as image:
        en_palette(image.convert("RGB")).save(chemin, optimize=True)


def en_palette(image: Image.Image) -> Image.Image:
    """Peu de couleurs, et toutes celles de la maison qu'on y voit : un trait jaune ne vire pas au rose."""
    vues = {couleur for _, couleur in image.getcolors(image.width * image.height)}
    gardees = [c for c in couleurs_de_la_maison() if c in vues]
    reste = image.quantize(COULEURS, dither=Image.Dither.NONE).getpalette()
    palette = Image.new("P", (1, 1))
    palette.putpalette([*(n for c in gardees for n in c), *reste[: 3 * COULEURS]])
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


@functools.cache
def couleurs_de_la_maison() -> list[tuple[int, int, int]]:
    """Les couleurs écrites dans les feuilles de style."""
    textes = "".join(f.read_text() for f in sorted(FEUILLES.glob("*.css")))
    ecrites = sorted({c.upper() for c in re.findall(r"#([0-9A-Fa-f]{6})\b", textes)})
    return [(int(c[:2], 16), int(c[2:4], 16), int(c[4:], 16)) for c in ecrites]


@dataclass
class Photographe(Passage):
    """Une personne qui, à chaque page nouvelle, prend l'écran aux deux largeurs."""

    dossier: Path = DOSSIER

    def _regarder(self, page: Page, ou: str) -> None:
        nom = nom_de(urlsplit(page.url).path)
        page.evaluate("document.fonts.ready")
        for largeur, hauteur in ECRANS.items():
            image = self.dossier / f"{nom}-{largeur}.png"
            if not nom.startswith(HORS) and not image.exists():
                page.set_viewport_size({"width": largeur, "height": hauteur})
                photographier(page, image)


def nom_de(chemin: str) -> str:
    """Le nom de la page dans l'adressage, et ce qui en fait deux pages (l'étape)."""
    try:
        trouvee = resolve(chemin)
    except Resolver404:
        return "introuvable"
    precisions = (str(trouvee.kwargs[nom]) for nom in ("etape", "faire") if trouvee.kwargs.get(nom))
    return "-".join((trouvee.url_name, *precisions)).replace("_", "-")


def tout_prendre(racine: str, dossier: Path) -> int:
    with sync_playwright() as outil:
        navigateur = outil.chromium.launch(
            executable_path=chemin_de_chromium(), args=[*OPTIONS, "--lang=fr-FR"]
        )
        temoins = connecter(navigateur, racine)
        for nom, etat in (("sans compte", None), ("Amina", temoins)):
            contexte = navigateur.new_context(locale="fr-FR", storage_state=etat)
            contexte.set_default_timeout(PATIENCE)
            premieres = pages_du_porteur(contexte.new_page(), racine) if etat else PUBLIQUES
            bilan = Bilan("remplie", nom)
            Photographe(contexte, racine, bilan, dossier=dossier).parcourir((*premieres, *DEPARTS))
            if bilan.fautes:
                raise SystemExit("\n".join(bilan.fautes))
            contexte.close()
        galerie(navigateur, racine, dossier)
        navigateur.close()
    return sum(1 for _ in dossier.iterdir())


def galerie(navigateur: Browser, racine: str, dossier: Path) -> None:
    """Tous les composants à 320 px, puis sur le papier : la page entière, coupée en colonnes."""
    for nom, largeur, media in (("galerie-320", 320, "screen"), ("galerie-papier", 794, "print")):
        contexte = navigateur.new_context(locale="fr-FR", viewport={"width": largeur, "height": 900})
        contexte.set_default_timeout(PATIENCE)
        page = contexte.new_page()
        page.goto(f"{racine}/galerie/")
        page.emulate_media(media=media)
        page.evaluate("document.fonts.ready")
        chemin = dossier / f"{nom}.png"
        page.screenshot(path=chemin, full_page=True)
        with Image.open(chemin) as image:
            en_palette(en_colonnes(image.convert("RGB"))).save(chemin, optimize=True)
        contexte.close()


def en_colonnes(image: Image.Image) -> Image.Image:
    """Une page très haute, coupée et mise côte à côte : une planche qui se regarde d'un coup."""
    largeur, hauteur = image.size
    nombre = -(-hauteur // COLONNE)
    planche = Image.new("RGB", (nombre * (largeur + MARGE) - MARGE, min(hauteur, COLONNE)), "grey")
    for rang in range(nombre):
        bas = min(hauteur, (rang + 1) * COLONNE)
        planche.paste(image.crop((0, rang * COLONNE, largeur, bas)), (rang * (largeur + MARGE), 0))
    return planche


def remplacer(images: Path) -> float:
    """Met les nouvelles images à la place des anciennes, sous la limite ; rend leur poids."""
    poids = sum(c.stat().st_size for c in images.iterdir())
    if poids > LIMITE:
        raise SystemExit(f"{poids / 1e6:.1f} Mo : au-delà de la limite, rien n'est remplacé.")
    DOSSIER.mkdir(parents=True, exist_ok=True)
    for ancienne in DOSSIER.glob("*.png"):
        ancienne.unlink()
    for image in images.iterdir():
        shutil.move(image, DOSSIER / image.name)
    return poids / 1e6


def main() -> int:
    lecteur = argparse.ArgumentParser(description=__doc__)
    lecteur.add_argument("--var", type=Path, help="une démonstration déjà construite ; elle est copiée")
    lecteur.add_argument("--adresse", help="une démonstration déjà servie ; elle est lue, rien n'y est écrit")
    args = lecteur.parse_args()
    django.setup()
    with tempfile.TemporaryDirectory() as images, ExitStack() as pile:
        racine = args.adresse or pile.enter_context(servir(args.var))
        nombre = tout_prendre(racine, Path(images))
        poids = remplacer(Path(images))
    sys.stdout.write(f"{nombre} écrans, {poids:.1f} Mo, dans {DOSSIER.relative_to(RACINE)}/\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
