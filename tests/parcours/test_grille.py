"""Récit : le tableau de programmation au clavier, à plusieurs à la fois, comme un tableur.

Benoît et Rose écrivent la ligne de l'agglomération, Chloé celle de l'État, sur l'AAP 2026 de démonstration.
"""

from __future__ import annotations

import re
import time
from functools import partial

from playwright.sync_api import expect

from tests.parcours import gestes
from tests.parcours.conftest import Personne
from tests.parcours.gestes import boite

APPEL = "aap-2026"
PREMIERE, DEUXIEME, TROISIEME = (f"CALL proposé, 26-000{n}" for n in (6, 7, 8))
A4_COUCHEE = int((297 - 24) / 25.4 * 96)
"""Pixels, marges ôtées."""
COLLER = """texte => {
  const donnees = new DataTransfer();
  donnees.setData('text/plain', texte);
  const geste = new ClipboardEvent('paste', {clipboardData: donnees, bubbles: true, cancelable: true});
  document.activeElement.dispatchEvent(geste);
}"""
COPIER = """() => {
  const donnees = new DataTransfer();
  const geste = new ClipboardEvent('copy', {clipboardData: donnees, bubbles: true, cancelable: true});
  document.activeElement.dispatchEvent(geste);
  return geste.clipboardData.getData('text/plain');
}"""


def vaut(qui: Personne, nom: str, attendu: str) -> None:
    """La case enregistrée, quelles que soient ses espaces."""
    motif = re.compile("^" + attendu.replace(" ", r"\s") + "$")
    expect(boite(qui, nom)).to_have_attribute("value", motif)


def ouvrir(qui: Personne) -> Personne:
    qui.va(f"/programmation/{APPEL}/")
    expect(qui.page.locator("form[data-grille=prete]")).to_be_attached()
    return qui


def dit(qui: Personne, mots: str | re.Pattern) -> None:
    expect(qui.page.locator("#annonce")).to_contain_text(mots)


def test_deux_personnes_programment_au_clavier(personne):
    benoit, rose, chloe = ouvrir(personne("benoit")), ouvrir(personne("rose")), ouvrir(personne("chloe"))
    ecrire_et_descendre(benoit)
    vu_par_les_autres(benoit, rose, chloe)
    en_meme_temps(benoit, rose)
    coller_un_bloc(benoit)
    annuler(benoit)
    deborder(benoit)
    chacun_sa_colonne(chloe)
    sortir_du_tableau(benoit)
    imprimer(benoit)


def ecrire_et_descendre(benoit: Personne) -> None:
    """Taper ouvre la case, Entrée l'enregistre et descend, Échap renonce."""
    gestes.taper(benoit, PREMIERE, "5000")
    dit(benoit, re.compile(r"26-0006, CALL proposé, voté : 5\s000, enregistré"))
    vaut(benoit, PREMIERE, "5 000")
    active = benoit.page.locator("td:focus")
    expect(active.locator("input")).to_have_attribute("aria-label", DEUXIEME)
    benoit.page.keyboard.type("12")
    benoit.page.keyboard.press("Escape")
    vaut(benoit, DEUXIEME, "5 500")
    expect(benoit.page.locator("tfoot")).to_contain_text(re.compile(r"84\s500"))
    expect(benoit.page.locator("#bandeau-des-enveloppes")).to_contain_text(re.compile(r"reste\s46\s500"))
    benoit.regarde()


def vu_par_les_autres(benoit: Personne, *autres: Personne) -> None:
    """Sans recharger, en quelques secondes."""
    for qui in autres:
        ligne = qui.page.locator('tr[data-l="26-0006"]')
        montant = re.compile(r"5\s000")
        if qui.page.locator(f'[aria-label="{PREMIERE}"]').count():
            vaut(qui, PREMIERE, "5 000")
        else:
            expect(ligne.locator("td.p").first).to_contain_text(montant)


def en_meme_temps(benoit: Personne, rose: Personne) -> None:
    """Rose écrit une case que Benoît change sous ses yeux : les deux valeurs se disent, rien ne s'écrase."""
    boite(rose, PREMIERE).click()
    rose.page.keyboard.type("4500")
    gestes.taper(benoit, PREMIERE, "5200")
    dit(rose, re.compile(r"vient d'écrire 5\s200 dans cette case. Vous : 4500"))
    rose.page.keyboard.press("Enter")
    refus = rose.page.locator("tr.refus").first
    expect(refus).to_contain_text(re.compile(r"Benoît.+a changé cette case.+5\s200.+Vous : 4\s500"))
    vaut(benoit, PREMIERE, "5 200")
    rose.regarde()
    refus.get_by_role("button", name="Remettre la mienne").click()
    vaut(rose, PREMIERE, "4 500")
    vaut(benoit, PREMIERE, "4 500")


def coller_un_bloc(benoit: Personne) -> None:
    """Trois montants collés d'un tableur : le mauvais se dit sur sa case et dans la liste."""
    boite(benoit, PREMIERE).click()
    benoit.page.evaluate(COLLER, "5 100\nbeaucoup\n4 400,50\n")
    dit(benoit, "2 cases enregistrées sur 3")
    vaut(benoit, PREMIERE, "5 100")
    vaut(benoit, TROISIEME, "4 400,50")
    liste = benoit.page.locator("#refus-de-la-grille")
    expect(liste).to_contain_text("26-0007, CALL proposé, voté :")
    expect(boite(benoit, DEUXIEME)).to_have_attribute("aria-invalid", "true")
    expect(boite(benoit, DEUXIEME)).to_have_value("beaucoup")
    for mauvais in ("-5", "5 000,001"):
        boite(benoit, DEUXIEME).click()
        benoit.page.evaluate(COLLER, mauvais)
        expect(liste.locator("li").last).to_contain_text(re.compile("Rien n.a changé"))
    vaut(benoit, DEUXIEME, "5 500")
    benoit.page.get_by_role("button", name="Effacer cette liste").click()
    boite(benoit, PREMIERE).click()
    for _ in range(2):
        benoit.page.keyboard.press("Shift+ArrowDown")
    copie = benoit.page.evaluate(COPIER).split("\n")
    assert (copie[0], copie[2]) == ("5100", "4400,50")


def annuler(benoit: Personne) -> None:
    """Ctrl+Z rend le dernier bloc d'un coup."""
    benoit.page.keyboard.press("Control+z")
    vaut(benoit, PREMIERE, "4 500")
    vaut(benoit, TROISIEME, "4 500")


def deborder(benoit: Personne) -> None:
    """Un bloc trop long finit sur une case décidée de sa colonne : la phrase ne la donne pas à un autre."""
    boite(benoit, TROISIEME).click()
    benoit.page.evaluate(COLLER, "4 500\n1")
    expect(benoit.page.locator("#refus-de-la-grille li").last).to_contain_text("cette case n'est pas ouverte")


def chacun_sa_colonne(chloe: Personne) -> None:
    """Un bloc qui déborde sur la colonne d'un autre : cette valeur seule est refusée."""
    chloe.page.reload()
    expect(chloe.page.locator("form[data-grille=prete]")).to_be_attached()
    boite(chloe, "État proposé, 26-0006").click()
    chloe.page.evaluate(COLLER, "4 900\t1 000")
    vaut(chloe, "État proposé, 26-0006", "4 900")
    liste = chloe.page.locator("#refus-de-la-grille li")
    expect(liste).to_have_count(1)
    expect(liste).to_contain_text("n'est pas collé")


def sortir_du_tableau(benoit: Personne) -> None:
    """Le foyer n'est jamais pris au piège : Échap, puis Tab."""
    benoit.page.keyboard.press("Escape")
    benoit.page.keyboard.press("Tab")
    dedans = partial(benoit.page.evaluate, "document.activeElement.closest('table') !== null")
    limite = time.monotonic() + 5
    while dedans() and time.monotonic() < limite:
        benoit.page.keyboard.press("Tab")
    assert not dedans()


def imprimer(benoit: Personne) -> None:
    """Sur la largeur d'une feuille A4 couchée, rien n'est coupé, et l'en-tête se répète."""
    benoit.page.emulate_media(media="print")
    benoit.page.set_viewport_size({"width": A4_COUCHEE, "height": 700})
    large = benoit.page.locator("table").first.evaluate("t => t.scrollWidth")
    assert large <= A4_COUCHEE
    entete = benoit.page.locator("thead").first.evaluate("t => getComputedStyle(t).display")
    assert entete == "table-header-group"
