"""L'écran de la salle se tient au clavier : une vue à la fois, l'ordre du jour puis chaque dossier (É13)."""

import re

from playwright.sync_api import expect


def test_l_ecran_avance_recule_et_se_relit_au_clavier(personne):
    benoit = personne("benoit", largeur=1920)
    benoit.va("/programmation/seances/")
    benoit.page.get_by_role("link", name="Comité des financeurs", exact=True).click()
    benoit.page.get_by_role("link", name="Écran de la salle").click()
    page, montree = benoit.page, benoit.page.locator(".vue.montree")
    expect(montree).to_have_attribute("id", "ordre")
    for touche, vue in (
        ("ArrowRight", "d-1"), ("PageDown", "d-2"), ("ArrowRight", "d-2"), ("ArrowLeft", "d-1"),
        ("Home", "ordre"), ("End", "d-2"), ("r", "d-2"),
    ):  # fmt: skip
        page.keyboard.press(touche)
        expect(montree).to_have_count(1)
        expect(montree).to_have_attribute("id", vue)
    expect(page).to_have_url(re.compile("#d-2$"))
    tailles = page.evaluate(
        "[...document.querySelectorAll('.vue.montree *')].map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(tailles) >= 28, "la salle lit du fond"
    benoit.regarde()
