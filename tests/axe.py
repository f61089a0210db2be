"""`make axe` : axe sur chaque page que chaque personne peut ouvrir, à 1280 et 320 px, et de nuit à 1280.

Une maison remplie (la démonstration), une maison vide, puis chaque formulaire renvoyé vide, puis faux. Trop
long pour `make test`, où les récits passent axe sur les pages qu'ils rencontrent. Sort en 1 s'il reste une
faute : violation d'axe, page plus large que 320 px (WCAG 1.4.10), réponse 500, plainte de la console, requête
à un tiers.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import django
from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404
from playwright.sync_api import BrowserContext, Error, Locator, Page, sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
from tests.conftest import chemin_de_chromium
from tests.parcours.conftest import OPTIONS, Serveur, _construire, _genre, _port_libre

VUES = ((1280, "light"), (1280, "dark"), (320, "light"))
PATIENCE = 30_000
DEPARTS = (
    "/", "/connexion/", "/mon-espace/", "/mon-compte/", "/dossiers/", "/mon-organisme/", "/messages/",
    "/instruction/", "/suites/", "/programmation/", "/programmation/seances/",
    "/programmation/deliberations/", "/depots/", "/remises/", "/imports/", "/travaux/", "/mon-agenda/",
    "/galerie/", "/introuvable/",
)  # fmt: skip
REGLES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""La taille des cibles (WCAG 2.5.8) : axe la laisse éteinte si on ne la demande pas."""
SANS_CADRE = REGLES | {
    "rules": REGLES["rules"] | {nom: {"enabled": False} for nom in ("region", "landmark-one-main")}
}
"""Un courriel se lit dans une messagerie, qui a ses propres repères : il n'en porte pas."""
COULEURS = {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}
"""De nuit, seules les couleurs changent."""
_PASSES: set[int] = set()
QUITTENT = "/deconnexion/"
CONTENU = "(document.querySelector('main') || document.body).innerHTML"
DEBORDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FAUX = {
    "vide": "",
    "faux": "Ni un nombre, ni une date, ni une adresse : « 12,345 € », 31/02/2025, personne@",
}
REMPLIR = """(formulaire, valeur) => {
  for (const champ of formulaire.elements) {
    if (champ.type === "hidden" || champ.type === "file" || champ.tagName === "BUTTON") continue;
    if (champ.type === "checkbox" || champ.type === "radio") champ.checked = false;
    else if (champ.tagName === "SELECT") champ.selectedIndex = -1;
    else champ.value = valeur && champ.type === "number" ? "-1" : valeur;
  }
  HTMLFormElement.prototype.submit.call(formulaire);
}"""


@dataclass
class Bilan:
    """Ce qu'une personne a vu dans un état de la maison : ses pages par genre, ses fautes."""

    etat: str
    nom: str
    pages: dict[tuple[str, ...], list[str]] = field(default_factory=dict)
    regardees: int = 0
    revues: int = 0
    fautes: list[str] = field(default_factory=list)


@dataclass
class Passage:
    """Une personne devant son navigateur, qui ouvre, regarde et note."""

    contexte: BrowserContext
    racine: str
    bilan: Bilan
    par_genre: int = 1

    def parcourir(self, departs: Sequence[str] = DEPARTS) -> None:
        """De lien en lien, en largeur d'abord, `par_genre` fois par genre de page."""
        file, vus, page = deque(departs), set(departs), self._onglet()
        while file:
            chemin = file.popleft()
            if self._assez(_genre_de(chemin)):
                continue
            statut, arrivee = self._ouvrir(page, chemin)
            genre = _genre_de(arrivee)
            if not statut or arrivee in self.bilan.pages.get(genre, ()) or self._assez(genre):
                continue
            self.bilan.pages.setdefault(genre, []).append(arrivee)
            self._regarder(page, f"{arrivee} ({statut})")
            nouveaux = [lien for lien in _liens(page) if lien not in vus]
            vus.update(nouveaux)
            file.extend(nouveaux)
        page.close()

    def _assez(self, genre: tuple[str, ...]) -> bool:
        return len(self.bilan.pages.get(genre, ())) >= self.par_genre

    def tromper(self, pages: dict[tuple[str, ...], list[str]]) -> None:
        """Chaque formulaire renvoyé vide, puis faux ; la page refusée se relit comme une autre."""
        page, envoyes = self._onglet(), set()
        for genre, (chemin, *_) in pages.items():
            self._ouvrir(page, chemin)
            for rang in range(page.locator("form[method=post]").count()):
                for maniere, valeur in FAUX.items():
                    self._ouvrir(page, chemin)
                    self._envoyer(page, page.locator("form[method=post]").nth(rang), maniere, valeur, envoyes)
            self.bilan.pages[genre] = [chemin]
        page.close()

    def _envoyer(self, page: Page, formulaire: Locator, maniere: str, valeur: str, envoyes: set) -> None:
        """Un formulaire vu sur deux pages (le thème, la déconnexion) ne se trompe qu'une fois."""
        if not formulaire.count():
            return
        ou = formulaire.get_attribute("action") or urlsplit(page.url).path
        cle = (_genre_de(ou), maniere)
        if cle in envoyes or QUITTENT in ou:
            return
        envoyes.add(cle)
        try:
            with page.expect_navigation() as suite:
                formulaire.evaluate(REMPLIR, valeur)
        except Error as panne:
            if "Timeout" in panne.message:
                self.bilan.fautes.append(f"{ou} ({maniere}) : {panne.message.splitlines()[0]}")
            return
        statut = suite.value.status if suite.value else 0
        if statut == 422 or page.locator("[aria-invalid=true]").count():
            self._regarder(page, f"{ou} ({maniere}, {statut})")
        elif statut >= 500:
            self.bilan.fautes.append(f"{ou} ({maniere}) : {statut}")

    def _ouvrir(self, page: Page, chemin: str) -> tuple[int, str]:
        """Le statut et l'adresse d'une page à lire, 0 si ce n'en est pas une (document).

        Un courriel de la galerie arrive sans aucun script permis : axe n'y tournerait jamais. Le même contenu
        se lit alors dans un onglet sans cette clôture.
        """
        try:
            reponse = page.goto(self.racine + chemin)
        except Error as panne:
            if "Download is starting" not in panne.message and "ERR_ABORTED" not in panne.message:
                self.bilan.fautes.append(f"{chemin} : {panne.message.splitlines()[0]}")
            return 0, chemin
        if reponse is None or "html" not in reponse.headers.get("content-type", ""):
            return 0, chemin
        if reponse.status >= 500:
            self.bilan.fautes.append(f"{chemin} : {reponse.status}")
        arrivee = urlsplit(page.url).path
        if "sandbox" in reponse.headers.get("content-security-policy", ""):
            contenu = page.content()
            page.goto("about:blank")
            page.set_content(contenu)
        return reponse.status, arrivee

    def _regarder(self, page: Page, ou: str) -> None:
        """Un contenu déjà passé au mot près ne repasse pas : le cadre, lui, passe sur d'autres pages."""
        self.bilan.regardees += 1
        contenu = hash(re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page.evaluate(CONTENU)))
        if contenu in _PASSES:
            self.bilan.revues += 1
            return
        _PASSES.add(contenu)
        regles = SANS_CADRE if page.url == "about:blank" else REGLES
        for largeur, theme in VUES:
            page.set_viewport_size({"width": largeur, "height": 900})
            page.emulate_media(color_scheme=theme)
            options = COULEURS if theme == "dark" else regles
            for violation in Axe().run(page, options=options).response["violations"]:
                exemples = [n["html"][:160] for n in violation["nodes"]]
                self.bilan.fautes.append(
                    f"{ou}, {largeur} px, {theme} : {violation['id']} ×{len(exemples)} : {exemples[0]}"
                )
            if (deborde := page.evaluate(DEBORDE)) > 0:
                self.bilan.fautes.append(f"{ou}, {largeur} px : la page déborde de {deborde} px")

    def _onglet(self) -> Page:
        page = self.contexte.new_page()
        page.on("console", lambda m: self._plainte(page, m.type, m.text))
        page.on("pageerror", lambda e: self.bilan.fautes.append(f"{page.url} : script : {e}"))
        page.on("request", lambda r: self._etrangere(r.url))
        return page

    def _plainte(self, page: Page, genre: str, texte: str) -> None:
        """Chromium note lui-même un refus (403, 404, 422) : c'est la page que nous voulions."""
        if genre in ("error", "warning") and "status of 4" not in texte:
            self.bilan.fautes.append(f"{page.url} : console : {texte}")

    def _etrangere(self, url: str) -> None:
        if not url.startswith((self.racine, "data:", "about:", "blob:")):
            self.bilan.fautes.append(f"requête à un tiers : {url}")


def _genre_de(chemin: str) -> tuple[str, ...]:
    try:
        return _genre(urlsplit(chemin).path)
    except Resolver404:
        return ("introuvable",)


def _liens(page: Page) -> list[str]:
    """Les liens qui mènent dans la maison ; un document ne se lit pas ici."""
    lus = page.locator("a[href^='/']").evaluate_all("l => l.map(a => a.getAttribute('href').split('#')[0])")
    siens = (chemin for chemin in dict.fromkeys(lus) if not chemin.startswith("//"))
    return [chemin for chemin in siens if "." not in urlsplit(chemin).path.rsplit("/", 1)[-1]]


# ------------------------------------------------------------------ Les deux maisons

Comptes = dict[str, tuple[str, str]]


@contextmanager
def maison_remplie(var: Path) -> Iterator[tuple[str, Comptes]]:
    """La démonstration : chaque compte qu'elle annonce."""
    comptes = json.loads(_construire(var))["comptes"]
    with _servir(var) as serveur:
        yield serveur.adresse, {c["nom"]: (c["courriel"], c["mot_de_passe"]) for c in comptes}


@contextmanager
def maison_vide(var: Path) -> Iterator[tuple[str, Comptes]]:
    """Un territoire tout neuf : ses agents, une association, un appel clos, aucun dossier."""
    from django.conf import settings

    environnement = Serveur(var, 0, {}).environnement
    commande = [sys.executable, "-m", "tests.axe", "--peupler"]
    fin = subprocess.run(commande, env=environnement, cwd=settings.RACINE, check=True, capture_output=True)
    with _servir(var) as serveur:
        yield serveur.adresse, {nom: tuple(compte) for nom, compte in json.loads(fin.stdout).items()}


@contextmanager
def _servir(var: Path) -> Iterator[Serveur]:
    serveur = Serveur(var, _port_libre(), {})
    serveur.lancer()
    try:
        yield serveur
    finally:
        serveur.tuer()


def peupler() -> None:
    """Écrit la maison vide ; dit ses comptes. La personne neuve n'est encore à aucun organisme."""
    from django.core.management import call_command

    from ensemblier.comptes.actes import creer_compte
    from tests import fabriques as f

    call_command("migrate", verbosity=0)
    f.appel()
    qui = {nom: f.personne(nom).courriel for nom in (*f._AGENTS, "amina", "lucas")}
    neuve = {"courriel": "neuve@maison.example", "prenom": "Nadia", "nom": "Neuve"}
    qui["neuve"] = creer_compte(mot_de_passe=f.MOT_DE_PASSE, **neuve).courriel
    sys.stdout.write(json.dumps({nom: (courriel, f.MOT_DE_PASSE) for nom, courriel in qui.items()}))


# ------------------------------------------------------------------ Le passage


def passer(
    etat: str,
    racine: str,
    nom: str,
    compte: tuple[str, str] | None,
    par_genre: int,
    pages: dict | None = None,
) -> Bilan:
    """Une personne, dans son propre Chromium : elle lit tout, ou trompe les formulaires de `pages`."""
    django.setup()
    bilan = Bilan(etat, nom)
    with sync_playwright() as outil:
        navigateur = outil.chromium.launch(executable_path=chemin_de_chromium(), args=OPTIONS)
        contexte = navigateur.new_context(locale="fr-FR", timezone_id="Europe/Paris")
        contexte.set_default_timeout(PATIENCE)
        passage = Passage(contexte, racine, bilan, par_genre)
        if compte:
            _connecter(contexte, racine, *compte)
        if pages is None:
            passage.parcourir()
        else:
            passage.tromper(pages)
        navigateur.close()
    return bilan


def _connecter(contexte: BrowserContext, racine: str, courriel: str, mot_de_passe: str) -> None:
    page = contexte.new_page()
    page.goto(f"{racine}/connexion/")
    page.fill("[name='login']", courriel)
    page.fill("[name='password']", mot_de_passe)
    with page.expect_navigation():
        page.get_by_role("button", name="Se connecter").click()
    if urlsplit(page.url).path == "/connexion/":
        raise RuntimeError(f"{courriel} ne se connecte pas.")
    page.close()


def tout_passer(dossier: Path, seulement: str, par_genre: int) -> list[Bilan]:
    """Lire d'abord, tromper ensuite : une tromperie acceptée changerait ce qu'un autre lit."""
    bilans: list[Bilan] = []
    with ExitStack() as pile:
        pool = pile.enter_context(ProcessPoolExecutor(2))
        maisons = {
            "remplie": pile.enter_context(maison_remplie(dossier / "remplie")),
            "vide": pile.enter_context(maison_vide(dossier / "vide")),
        }
        lectures = [
            pool.submit(passer, etat, racine, nom, compte, par_genre)
            for etat, (racine, comptes) in maisons.items()
            for nom, compte in {"sans compte": None, **comptes}.items()
            if seulement in nom
        ]
        bilans += [_dire(f.result()) for f in as_completed(lectures)]
        racine, comptes = maisons["remplie"]
        tromperies = [
            pool.submit(passer, "erreurs", racine, b.nom, comptes.get(b.nom), par_genre, b.pages)
            for b in bilans
            if b.etat == "remplie"
        ]
        bilans += [_dire(f.result()) for f in as_completed(tromperies)]
    return bilans


def _dire(bilan: Bilan) -> Bilan:
    pages = f"{bilan.regardees:4} pages dont {bilan.revues:3} déjà lues"
    genres = f"{len(bilan.pages):4} genres {pages} {len(bilan.fautes):4} fautes"
    sys.stdout.write(f"{bilan.etat:8} {bilan.nom:20} {genres}\n")
    sys.stdout.write("".join(f"    {faute}\n" for faute in bilan.fautes))
    sys.stdout.flush()
    return bilan


def main() -> int:
    lecteur = argparse.ArgumentParser(description=__doc__)
    lecteur.add_argument("--peupler", action="store_true", help="écrit la maison vide, puis s'arrête")
    lecteur.add_argument("--seulement", default="", help="les personnes dont le nom contient ce mot")
    lecteur.add_argument("--par-genre", type=int, default=1, help="les pages lues par genre de page (1)")
    args = lecteur.parse_args()
    django.setup()
    if args.peupler:
        peupler()
        return 0
    debut = time.monotonic()
    with tempfile.TemporaryDirectory() as dossier:
        bilans = tout_passer(Path(dossier), args.seulement, args.par_genre)
    fautes = sum(len(b.fautes) for b in bilans)
    vues, minutes = sum(b.regardees for b in bilans), (time.monotonic() - debut) / 60
    sys.stdout.write(f"{vues} pages × {len(VUES)} vues, {fautes} fautes, {minutes:.0f} min\n")
    return bool(fautes)


if __name__ == "__main__":
    raise SystemExit(main())
