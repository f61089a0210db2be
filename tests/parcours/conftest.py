"""Un vrai serveur sur une vraie démonstration, un vrai Chromium : ce que vit une personne."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.urls import resolve
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

OPTIONS = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip


# Une machine occupée est lente sans être fautive : la patience ne coûte qu'à un récit qui casse.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE / 2)

# Un serveur qu'un récit a tué ; un formulaire refusé (422), que Chromium note lui-même dans la console.
ATTENDUES = ("ERR_CONNECTION_REFUSED", "status of 422")
OUVERTES = pytest.StashKey[dict]()


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items):
    """Marque les parcours, et partage les longs récits en tête des deux moitiés : une par processus."""
    for item in items:
        if "parcours" in str(item.fspath):
            item.add_marker(pytest.mark.navigateur)
    yield
    longs = [item for item in items if "test_recit" in item.nodeid]
    items[:] = longs[::2] + [item for item in items if item not in longs]
    milieu = len(items) // 2 + 1
    items[milieu:milieu] = longs[1::2]


def _port_libre() -> int:
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        return prise.getsockname()[1]


@dataclass
class Serveur:
    """Le serveur de la démonstration, qu'un essai peut tuer et relancer."""

    dossier: Path
    port: int
    comptes: dict[str, dict[str, str]]
    processus: subprocess.Popen | None = None

    @property
    def adresse(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def environnement(self) -> dict[str, str]:
        return os.environ | {
            "ENSEMBLIER_VAR": str(self.dossier),
            "ENSEMBLIER_DEMONSTRATION": "1",
            "ENSEMBLIER_ADRESSE": self.adresse,
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }

    def lancer(self) -> None:
        self.processus = subprocess.Popen(
            [
                sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port",
                str(self.port), "--workers", "1", "--blocking-threads", "4", "--no-ws",
                "config.wsgi:application",
            ],
            env=self.environnement, cwd=settings.RACINE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            process_group=0,
        )  # fmt: skip
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2):
                return
            time.sleep(0.2)
        raise RuntimeError("Le serveur de la démonstration ne répond pas.")

    def tuer(self) -> None:
        """SIGKILL au serveur et à son enfant : rien n'a le temps de se ranger."""
        if self.processus:
            os.killpg(self.processus.pid, 9)
            self.processus.wait()
            self.processus = None

    def rythme(self) -> None:
        """Passe une fois les tâches périodiques : courriels, sceaux."""
        commande = [sys.executable, "-m", "config.cli", "rythme", "--une-fois"]
        subprocess.run(commande, env=self.environnement, cwd=settings.RACINE, check=True)

    def courriels(self) -> list[str]:
        return [c.read_text() for c in sorted((self.dossier / "courriels").glob("*"))]


@pytest.fixture(scope="session")
def _demonstration(tmp_path_factory) -> tuple[Path, dict]:
    """La démonstration construite une fois, même à deux processus, par la commande d'un nouveau venu.

    `PARCOURS_DEMO` nomme un dossier où la garder d'un lancement à l'autre : une minute de moins en écrivant.
    """
    garde = os.environ.get("PARCOURS_DEMO")
    base = tmp_path_factory.getbasetemp()
    commune = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    dossier = Path(garde) if garde else commune / "demonstration" / "var"
    dossier.parent.mkdir(parents=True, exist_ok=True)
    annonce = dossier.with_suffix(".json")
    with dossier.with_suffix(".verrou").open("w") as verrou:
        fcntl.flock(verrou, fcntl.LOCK_EX)
        if garde or not annonce.exists():
            annonce.write_text(_construire(dossier))
    return dossier, json.loads(annonce.read_text())


def _construire(dossier: Path) -> str:
    commande = [sys.executable, "-m", "config.cli", "demo", "--sans-serveur", "--json"]
    environnement = os.environ | {"ENSEMBLIER_VAR": str(dossier), "DJANGO_SETTINGS_MODULE": "config.settings"}
    fin = subprocess.run(
        commande, env=environnement, cwd=settings.RACINE, capture_output=True, text=True, check=False
    )
    assert fin.returncode == 0, fin.stderr[-3000:]
    return fin.stdout


@pytest.fixture
def serveur(_demonstration, tmp_path) -> Iterator[Serveur]:
    """Une copie neuve de la démonstration pour chaque récit, servie sur un port à elle."""
    modele, annonce = _demonstration
    dossier = tmp_path / "var"
    shutil.copytree(modele, dossier)
    comptes = {c["courriel"].split("@")[0]: c for c in annonce["comptes"]}
    serveur = Serveur(dossier, _port_libre(), comptes)
    try:
        serveur.lancer()
        yield serveur
    finally:
        serveur.tuer()


@pytest.fixture
def navigateur(chromium) -> Browser:
    return chromium


VUES: defaultdict[tuple[str, int], set[tuple[str, ...]]] = defaultdict(set)
"""Les genres de page où axe est passé, par personne et largeur : un récit ne refait pas ceux d'un autre."""


@dataclass
class Personne:
    """Une personne devant son écran : ce qu'elle fait, et ce que son navigateur a vu de travers."""

    serveur: Serveur
    contexte: BrowserContext
    page: Page
    erreurs: list[str]
    vues: set[tuple[str, ...]]

    def va(self, chemin: str) -> Personne:
        self.page.goto(self.serveur.adresse + chemin)
        return self.regarde()

    def clique(self, nom: str | re.Pattern, role: str = "button") -> Personne:
        self.page.get_by_role(role, name=nom).first.click()
        self.page.wait_for_load_state()
        return self.regarde()

    def suit(self, nom: str | re.Pattern) -> Personne:
        return self.clique(nom, role="link")

    def ecrit(self, **champs: str) -> Personne:
        for nom, valeur in champs.items():
            self.page.locator(f"[name='{nom}']").first.fill(valeur)
        return self

    def regarde(self) -> Personne:
        """Passe axe sur chaque page que la personne rencontre, une fois par genre de page."""
        genre = _genre(urlsplit(self.page.url).path)
        if genre not in self.vues:
            self.vues.add(genre)
            violations = Axe().run(self.page).response["violations"]
            bilan = [f"{v['id']} : {v['nodes'][0]['html'][:160]}" for v in violations]
            assert not bilan, f"{self.page.url}\n" + "\n".join(bilan)
        return self

    def perd_l_onglet(self) -> Personne:
        """Ferme l'onglet, en ouvre un neuf à la même adresse : ne reste que ce que le serveur a gardé."""
        adresse = self.page.url
        self.page.close()
        self.page = _onglet(self.contexte, self.serveur, self.erreurs)
        self.page.goto(adresse)
        return self

    def oublie(self, motif: str) -> Personne:
        """Ôte ce que la console dit d'une panne que le récit a voulue."""
        self.erreurs[:] = [e for e in self.erreurs if not re.search(motif, e)]
        return self

    def lit(self, texte: str | re.Pattern) -> Personne:
        expect(self.page.locator("body")).to_contain_text(texte)
        return self


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Un récit qui casse montre l'écran de chacun : son adresse, et ce qui s'y lit."""
    rapport = (yield).get_result()
    if rapport.when == "call" and rapport.failed:
        for nom, qui in item.stash.get(OUVERTES, {}).items():
            with contextlib.suppress(Exception):
                lu = qui.page.locator("main").inner_text(timeout=2000)
                rapport.sections.append((f"l'écran de {nom}", f"{qui.page.url}\n{lu[:3000]}"))


@pytest.fixture
def personne(request, serveur, navigateur) -> Iterator:
    """`personne("amina")` ouvre un navigateur neuf et se connecte ; à la fin, aucune erreur de console."""
    ouvertes: list[Personne] = []
    request.node.stash[OUVERTES] = {}

    def ouvrir(nom: str = "", *, largeur: int = 1280, **options) -> Personne:
        contexte = navigateur.new_context(
            viewport={"width": largeur, "height": 900}, locale="fr-FR", timezone_id="Europe/Paris", **options
        )
        contexte.set_default_timeout(PATIENCE)
        erreurs: list[str] = []
        onglet = _onglet(contexte, serveur, erreurs)
        qui = Personne(serveur, contexte, onglet, erreurs, VUES[nom, largeur])
        ouvertes.append(qui)
        request.node.stash[OUVERTES][nom or "la personne sans compte"] = qui
        if nom:
            compte = serveur.comptes[nom]
            qui.va("/connexion/").ecrit(login=compte["courriel"], password=compte["mot_de_passe"])
            qui.clique("Se connecter")
        return qui

    yield ouvrir
    for qui in ouvertes:
        qui.contexte.close()
    bilan = [e for qui in ouvertes for e in qui.erreurs if not any(mot in e for mot in ATTENDUES)]
    assert not bilan, "\n".join(bilan)


def _onglet(contexte: BrowserContext, serveur: Serveur, erreurs: list[str]) -> Page:
    page = contexte.new_page()
    page.on("console", lambda m: _plainte(m, erreurs))
    page.on("pageerror", lambda e: erreurs.append(str(e)))
    page.on("request", lambda r: _etrangere(r.url, serveur, erreurs))
    return page


def _plainte(message: ConsoleMessage, erreurs: list[str]) -> None:
    if message.type in ("error", "warning"):
        erreurs.append(f"{message.text} ({message.location['url']})")


def _genre(chemin: str) -> tuple[str, ...]:
    """La route, et ce qui en fait deux pages : l'étape d'un dossier, l'acte d'un reversement."""
    trouvee = resolve(chemin)
    return (trouvee.route, *(str(trouvee.kwargs.get(nom, "")) for nom in ("etape", "faire")))


def _etrangere(url: str, serveur: Serveur, erreurs: list[str]) -> None:
    if not url.startswith((serveur.adresse, "data:", "about:")):
        erreurs.append(f"requête à un tiers : {url}")
