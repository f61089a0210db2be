"""Une personne sans souris : Tab mène partout, Espace coche, Entrée envoie ; chaque appui se compte."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Locator

from tests.parcours import gestes
from tests.parcours.conftest import Personne

APPUIS_AU_PLUS = 200


@dataclass
class Clavier:
    """Les gestes d'une personne au clavier seul, et ce qu'ils ont coûté."""

    qui: Personne
    appuis: int = 0
    caracteres: int = 0
    champs: set[tuple[str, str]] = field(default_factory=set)
    pages: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Écoutée dès l'ouverture : demandée au moment de l'appui, l'interception arrive parfois après lui,
        # et la vraie fenêtre de Chromium, que personne ne voit, bloque alors toutes les suivantes.
        self.qui.page.on("filechooser", lambda _: None)

    def appuie(self, touche: str) -> None:
        self.qui.page.keyboard.press(touche)
        self.appuis += 1

    def mene_a(self, cible: Locator) -> None:
        """Tab jusqu'à cette cible, qui doit montrer qu'elle a le focus."""
        visee = cible.element_handle()
        for _ in range(APPUIS_AU_PLUS):
            if visee.evaluate("e => e === document.activeElement"):
                assert visee.evaluate("e => e.matches(':focus-visible')"), "le focus ne se voit pas"
                return
            self.appuie("Tab")
        raise AssertionError(f"Tab ne mène pas à : {visee.evaluate('e => e.outerHTML.slice(0, 200)')}")

    def ecrit(self, nom: str, valeur: str) -> None:
        boite = gestes.boite(self.qui, nom)
        self.mene_a(boite)
        self.qui.page.keyboard.type(valeur)
        self.caracteres += len(valeur)
        self._compte(boite)

    def coche(self, nom: str) -> None:
        self._coche(gestes.boite(self.qui, nom))

    def coche_tout(self) -> None:
        for case in self.qui.page.get_by_role("checkbox").all():
            self._coche(case)

    def _coche(self, case: Locator) -> None:
        self.mene_a(case)
        self.appuie("Space")
        assert case.is_checked()
        self._compte(case)

    def choisit(self, nom: str) -> None:
        """Un bouton radio : Tab mène au groupe, les flèches y circulent."""
        radio = gestes.boite(self.qui, nom)
        groupe = self.qui.page.locator(f"input[type=radio][name='{radio.get_attribute('name')}']")
        self.mene_a(groupe.first)
        self.appuie("Space")
        for _ in range(groupe.count()):
            if radio.is_checked():
                break
            self.appuie("ArrowDown")
        assert radio.is_checked()
        self._compte(radio)

    def deplie(self, mots: re.Pattern) -> None:
        self.mene_a(self.qui.page.locator("summary").filter(has_text=mots).first)
        self.appuie("Enter")

    def presse(self, nom: str | re.Pattern, role: str = "button") -> None:
        """Un bouton ou un lien, par Entrée ; la page suivante se lit."""
        self.mene_a(self.qui.page.get_by_role(role, name=nom).first)
        with self.qui.page.expect_navigation():
            self.appuie("Enter")
        self.pages.append(self.qui.page.url)

    def joint(self, chemin: Path) -> None:
        boite = gestes.boite(self.qui, "Fichier")
        self.mene_a(boite)
        with self.qui.page.expect_event("filechooser") as fenetre:
            self.appuie("Space")
        fenetre.value.set_files(chemin)
        self._compte(boite)

    def _compte(self, boite: Locator) -> None:
        self.champs.add((self.qui.page.url.partition("?")[0], boite.get_attribute("name") or ""))

    def minutes(self, *, signes_par_minute: int = 150, secondes_par_geste: float = 1.0) -> float:
        """Le temps de ce chemin à cette vitesse de frappe ; lire et réfléchir n'y sont pas."""
        return self.caracteres / signes_par_minute + self.appuis * secondes_par_geste / 60
