"""La galerie dans un vrai Chromium : axe, 320 px, thèmes, clavier, sans JavaScript (G12, G14, G15, G16)."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.parcours.conftest import PATIENCE

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ouvrir(chromium, galerie_ouverte, live_server):
    contextes = []

    def _ouvrir(chemin: str = "/galerie/", largeur: int = 1280, **options: object) -> Page:
        contexte = chromium.new_context(viewport={"width": largeur, "height": 800}, **options)
        contexte.set_default_timeout(PATIENCE)
        contextes.append(contexte)
        page = contexte.new_page()
        page.plaintes = []
        page.on("console", lambda m: page.plaintes.append(m.text) if m.type in ("error", "warning") else None)
        reponse = page.goto(live_server.url + chemin, wait_until="networkidle")
        assert reponse.ok, page.content()[:2000]
        return page

    yield _ouvrir
    for contexte in contextes:
        contexte.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("chemin", "largeur"),
    [("/galerie/", 1280), ("/galerie/", 320), ("/galerie/dense/", 1280), ("/galerie/dense/", 320)],
)
def test_la_galerie_passe_axe_sans_defilement_ni_plainte(ouvrir, chemin, largeur, theme):
    page = ouvrir(chemin, largeur, color_scheme=theme)
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= largeur
    assert page.plaintes == []


def test_axe_voit_une_image_sans_texte_garde_levee(ouvrir):
    page = ouvrir()
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert "image-alt" in [v["id"] for v in Axe().run(page).response["violations"]]


def test_le_theme_choisi_reste_et_change_les_couleurs(ouvrir):
    page = ouvrir(color_scheme="light")
    fond = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(fond) == "rgb(244, 245, 242)"
    page.get_by_label("Sombre").check()
    assert page.evaluate(fond) == "rgb(20, 25, 26)"
    page.reload()
    assert page.evaluate(fond) == "rgb(20, 25, 26)"
    page.get_by_label("Comme l'appareil").check()
    assert page.evaluate(fond) == "rgb(244, 245, 242)"


def test_le_dialogue_s_ouvre_se_ferme_par_echap_et_rend_le_focus(ouvrir):
    page = ouvrir()
    bouton = page.get_by_role("button", name="Retirer le dossier").first
    bouton.click()
    assert page.get_by_role("dialog").is_visible()
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    assert page.evaluate("document.activeElement.textContent") == "Retirer le dossier"


def test_sans_javascript_tout_est_la(ouvrir):
    page = ouvrir(java_script_enabled=False)
    assert page.get_by_text("Le dossier ne sera plus examiné.").is_visible()
    assert page.get_by_role("button", name="Enregistrer les publics").first.is_visible()
    assert not page.get_by_text("Apparence").is_visible()


def test_le_menu_du_telephone_a_un_mot_et_ouvre_la_navigation(ouvrir):
    page = ouvrir(largeur=375)
    assert not page.get_by_role("link", name="Mes dossiers").is_visible()
    page.get_by_text("Menu", exact=True).click()
    assert page.get_by_role("link", name="Mes dossiers").is_visible()
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("Escape")
    assert not page.get_by_role("link", name="Mes dossiers").is_visible()


def test_le_premier_appui_sur_tab_mene_au_contenu(ouvrir):
    page = ouvrir()
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "evitement"
    contour = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert contour == "3px"


def test_deux_clics_n_envoient_qu_un_formulaire(ouvrir):
    page = ouvrir()
    page.evaluate(
        """() => {
            window.envois = 0;
            const formulaire = document.querySelector('form[method=post][novalidate]');
            addEventListener('submit', (e) => {
                if (!e.defaultPrevented) window.envois += 1;
                e.preventDefault();
            });
            const bouton = formulaire.querySelector('button[type=submit]');
            bouton.click();
            bouton.click();
            bouton.click();
        }"""
    )
    assert page.evaluate("window.envois") == 1


def test_la_barre_sous_le_seuil_s_arrete_avant_le_repere_a_toute_largeur(ouvrir):
    for largeur in (320, 1280):
        page = ouvrir(largeur=largeur)
        ecart = page.evaluate(
            """() => {
                const dessin = document.querySelector('.mesure__dessin');
                const cache = dessin.querySelector('svg .mesure__fond').getBoundingClientRect();
                const repere = dessin.querySelector('svg .mesure__seuil').getBoundingClientRect();
                return repere.left - cache.left;
            }"""
        )
        assert ecart >= 3


def test_couleurs_forcees_et_mouvement_reduit_gardent_les_formes(ouvrir):
    page = ouvrir(forced_colors="active", reduced_motion="reduce")
    assert page.locator(".constat .icone--bloque").first.is_visible()
    bord = page.evaluate("getComputedStyle(document.querySelector('.briques .brique')).borderTopWidth")
    assert bord != "0px"
    traits = page.evaluate(
        """() => ['[aria-current]', ':not([aria-current])'].map((quel) => getComputedStyle(
            document.querySelector(`.barre__large .barre__liens a${quel}`)).borderBottomColor)"""
    )
    fond = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert traits[0] != fond, "la page courante garde son trait"
    assert traits[1] == fond, "les autres n'en ont pas"


HAUTEURS = """(selecteur) => [...document.querySelectorAll(selecteur)].filter((e) => e.offsetParent)
    .map((e) => [e.getBoundingClientRect().height, e.outerHTML.slice(0, 80)])"""
VISEES = (
    "main .bouton, main .onglets a, main select, main textarea, "
    "main .champ input[type=text], main .case label"
)


@pytest.mark.parametrize(("chemin", "minimum"), [("/galerie/", 40), ("/galerie/dense/", 24)])
def test_ce_qui_se_vise_du_doigt_est_assez_grand(ouvrir, chemin, minimum):
    page = ouvrir(chemin, 375)
    trop_petites = [x for x in page.evaluate(HAUTEURS, VISEES) if x[0] < minimum]
    assert trop_petites == []
    assert len(page.evaluate(HAUTEURS, VISEES)) > 30


def test_le_resume_des_erreurs_ne_sort_pas_de_son_cadre_a_320(ouvrir):
    page = ouvrir(largeur=320)
    debordent = page.evaluate(
        """() => [...document.querySelectorAll('.resume-erreurs a')].filter((a) =>
            a.getBoundingClientRect().right > a.closest('ul').getBoundingClientRect().right + 1).length"""
    )
    assert debordent == 0


def test_le_papier_n_a_ni_navigation_ni_bouton_et_porte_son_adresse(ouvrir):
    page = ouvrir(color_scheme="dark")
    assert not page.locator(".papier").is_visible()
    page.emulate_media(media="print")
    assert page.locator(".papier").is_visible()
    assert "/galerie/" in page.locator(".papier").inner_text()
    for cache in (".barre", ".pied", ".bande-demo", "main .bouton", ".onglets"):
        assert not page.locator(cache).first.is_visible(), cache
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('.page'), '::before').height") == "8px"
    assert page.locator(".jumeau table").first.is_visible(), "replié à l'écran, ouvert sur le papier"
    coche = page.evaluate(
        """() => getComputedStyle(
            document.querySelector('input[type=checkbox]:checked'), '::before').borderBottomColor"""
    )
    assert coche == "rgb(0, 0, 0)", "une case cochée se voit sur le papier"


def test_le_dialogue_de_conflit_montre_les_deux_textes(ouvrir):
    page = ouvrir(largeur=375)
    page.get_by_role("button", name="Un conflit").click()
    dialogue = page.get_by_role("dialog")
    assert dialogue.get_by_text("Un atelier cuisine chaque mercredi, avec les parents.").is_visible()
    assert dialogue.get_by_text("et un repas partagé par mois").is_visible()
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_trier_et_choisir_ses_colonnes_se_fait_par_l_adresse_sans_javascript(ouvrir):
    page = ouvrir(java_script_enabled=False)
    page.locator(".choix-colonnes summary").click()
    page.get_by_label("Demandé", exact=True).uncheck()
    page.get_by_role("button", name="Montrer ces colonnes").click()
    assert page.locator("#tableau-exemple thead").get_by_text("Demandé").count() == 0
    page.locator("#tableau-exemple thead").get_by_role("link", name="Porteur et action").click()
    assert page.locator("#tableau-exemple [aria-sort=ascending]").inner_text().startswith("Porteur")
    assert page.locator("#tableau-exemple thead").get_by_text("Demandé").count() == 0
