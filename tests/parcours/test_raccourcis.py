"""La liste au clavier : j, k, x, Entrée, « / », « ? » ; rien dans un champ, rien pour qui s'en passe."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.parcours.conftest import Personne

LISTE = "/instruction/?vue=tout"


def lignes(qui: Personne) -> list[str]:
    return qui.page.locator("#tableau-dossiers tbody a.ligne").all_inner_texts()


def ici(qui: Personne) -> str:
    return qui.page.evaluate(
        "document.activeElement.matches('a.ligne') ? document.activeElement.innerText : ''"
    )


def tape(qui: Personne, *touches: str) -> None:
    for touche in touches:
        qui.page.keyboard.press(touche)


def test_la_liste_se_parcourt_se_coche_et_s_ouvre_au_clavier_seul(personne):
    benoit = personne("benoit").va(LISTE)
    premiere, deuxieme, *_ = lignes(benoit)
    tape(benoit, "j")
    assert ici(benoit) == premiere
    tape(benoit, "j", "x")
    assert ici(benoit) == deuxieme
    expect(benoit.page.get_by_role("checkbox", name=deuxieme)).to_be_checked()
    tape(benoit, "k", "k")
    assert ici(benoit) == premiere
    expect(benoit.page.get_by_role("checkbox", name=premiere)).not_to_be_checked()

    tape(benoit, "?")
    aide = benoit.page.get_by_role("dialog", name="Raccourcis du clavier")
    expect(aide).to_be_visible()
    benoit.regarde()
    tape(benoit, "j", "Escape")
    expect(aide).to_be_hidden()
    assert ici(benoit) == premiere
    benoit.page.get_by_role("button", name="Raccourcis").click()
    expect(aide).to_be_visible()
    tape(benoit, "Escape")

    tape(benoit, "/")
    recherche = benoit.page.locator("input[type=search]:focus")
    benoit.page.keyboard.type("jkx?/")
    expect(recherche).to_have_value("jkx?/")
    expect(aide).to_be_hidden()
    assert benoit.page.locator("#tableau-dossiers input:checked").count() == 1

    benoit.va(LISTE)
    tape(benoit, "j", "j", "Enter")
    expect(benoit.page).to_have_url(re.compile(rf"/instruction/{deuxieme}/$"))


def test_qui_s_en_passe_dans_mon_compte_n_agit_plus_d_une_touche(personne):
    benoit = personne("benoit").va("/mon-compte/")
    benoit.page.get_by_label("Agir d'une seule touche").uncheck()
    benoit.va(LISTE)
    tape(benoit, "j", "/", "?")
    assert ici(benoit) == ""
    assert benoit.page.locator("input:focus, dialog[open]").count() == 0
    benoit.page.get_by_role("button", name="Raccourcis").click()
    benoit.page.get_by_label("Agir d'une seule touche").check()
    tape(benoit, "Escape", "j")
    assert ici(benoit) == lignes(benoit)[0]
