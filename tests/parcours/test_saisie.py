"""Écrire à deux, ou de travers : rien ne se perd. Les pannes sont dans `test_recit_ami`."""

import re

from playwright.sync_api import expect

ACTION = "/dossiers/{}/action/"


def brouillon(qui):
    """Le premier brouillon que « Mes dossiers » propose de relire."""
    qui.va("/dossiers/")
    tache = qui.page.locator(".taches li").filter(has_text="Relire et déposer").first
    lien = tache.get_by_role("link").first
    return re.search(r"\d\d-\d{4}", lien.get_attribute("href")).group()


def etat(qui, texte):
    expect(qui.page.locator("#etat-saisie")).to_contain_text(texte)


def ecrire(qui, champ, texte):
    boite = qui.page.locator(f"[name='{champ}']")
    boite.fill(texte)
    boite.blur()


def test_deux_personnes_sur_la_meme_reponse_voient_les_deux_valeurs(personne):
    amina = personne("amina")
    adresse = ACTION.format(brouillon(amina))
    karim = personne("karim", largeur=375)
    amina.va(adresse)
    karim.va(adresse)
    ecrire(amina, "objectifs", "Ce que dit Amina")
    etat(amina, re.compile(r"Enregistré à \d"))
    ecrire(karim, "objectifs", "Ce que dit Karim")
    expect(karim.page.locator(".divergence")).to_contain_text("Ce que dit Amina")
    karim.vues.clear()
    karim.regarde()
    karim.page.get_by_role("button", name=re.compile("Prendre celle")).click()
    expect(karim.page.locator("[name=objectifs]")).to_have_value("Ce que dit Amina")
    ecrire(karim, "objectifs", "Les deux ensemble")
    etat(karim, re.compile(r"Enregistré à \d"))
    ecrire(amina, "objectifs", "Amina encore")
    amina.page.get_by_role("button", name="Garder la mienne").click()
    etat(amina, re.compile(r"Enregistré à \d"))
    amina.page.reload()
    expect(amina.page.locator("[name=objectifs]")).to_have_value("Amina encore")
    amina.oublie(r"\b409\b")
    karim.oublie(r"\b409\b")


def test_une_reponse_pas_comprise_se_dit_sous_sa_question_et_revient(personne):
    amina = personne("amina", largeur=375)
    adresse = ACTION.format(brouillon(amina))
    amina.va(adresse)
    ecrire(amina, "du", "31/02/2027")
    expect(amina.page.locator(".champ--erreur")).to_contain_text("Cette date n'existe pas")
    amina.page.reload()
    amina.vues.clear()
    amina.regarde()
    expect(amina.page.locator("[name=du]")).to_have_value("31/02/2027")
    expect(amina.page.locator(".champ--erreur")).to_contain_text("Cette date n'existe pas")
    ecrire(amina, "du", "01/02/2027")
    etat(amina, re.compile(r"Enregistré à \d"))
    expect(amina.page.locator(".champ--erreur")).to_have_count(0)


LECTURE_LENTE = """
const lire = Response.prototype.json;
Response.prototype.json = async function () {
  const lu = await lire.call(this);
  await new Promise((suite) => setTimeout(suite, 600));
  return lu;
};
"""


def test_un_choix_change_pendant_que_la_reponse_se_lit_n_est_pas_un_conflit_avec_soi(personne):
    """La file ne se libère qu'une fois le rang lu : sinon le second choix repart avec l'ancien."""
    amina = personne("amina", largeur=375)
    adresse = ACTION.format(brouillon(amina))
    amina.page.add_init_script(LECTURE_LENTE)
    amina.va(adresse)
    choix = amina.page.locator("[name=pilier]")
    with amina.page.expect_response(re.compile("/saisie/$")):
        choix.nth(0).check()
    choix.nth(1).check()
    etat(amina, re.compile(r"Enregistré à \d"))
    expect(amina.page.locator(".divergence")).to_have_count(0)
    amina.page.reload()
    expect(choix.nth(1)).to_be_checked()
