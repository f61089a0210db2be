"""Sans compte : tester son projet au téléphone, garder le résultat, en faire un dossier ; imprimer."""

import io

import pikepdf
import pytest
from playwright.sync_api import expect

AMI, AAP = "/appels/ami-du-jour/", "/appels/aap-du-jour/"
PAGES = (
    "/", "/appels/", AMI, f"{AAP}?financeur=REGION", f"{AMI}regles/", f"{AAP}simulateur/", "/quartiers/",
    "/quartiers/QN06225M/", "/quartiers/communes/lens/", "/quartiers/adresse/?lon=2.83&lat=50.43",
)  # fmt: skip


def test_un_projet_se_teste_au_telephone_et_devient_un_dossier(personne):
    nadia = personne(largeur=375).va(f"{AMI}simulateur/").lit("0 question sur 9")
    page = nadia.page
    assert page.locator(".constat--bloque").count() == 0
    nadia.ecrit(total="1000", qpv="599", cout="18 000")
    page.locator("[name=cout]").press("Tab")
    expect(page.locator("#essai-phrase")).to_have_text(
        "Une règle bloque aujourd'hui. Voici ce qui la débloque."
    )
    expect(page.locator("#sous-qpv")).to_contain_text("Il manque 1 habitant de quartier prioritaire.")
    expect(page.locator("#essai-decompte")).to_have_text("3 questions sur 9, 1 bloque")
    assert page.locator("[name=demande_CALL]").evaluate("e => e === document.activeElement")
    nadia.ecrit(qpv="600", demande_CALL="9 000")
    page.locator("[name=demande_CALL]").press("Tab")
    expect(page.locator("#vivant")).to_contain_text("Aide possible : 9 000 €")
    expect(page.locator("#essai-decompte")).to_have_text("4 questions sur 9")
    nadia.regarde().clique("Garder ce résultat").lit("Garder ce lien")
    adresse = page.url.removeprefix(nadia.serveur.adresse)
    amina = personne("amina").va(adresse).suit("En faire un dossier").clique("Commencer le dossier")
    amina.lit("Vos réponses au simulateur sont reprises.")
    amina.suit("Publics et quartiers")
    expect(amina.page.locator("[name=publics_qpv]")).to_have_value("600")


def test_sans_javascript_on_recalcule(personne):
    page = personne(java_script_enabled=False).page
    page.goto(personne().serveur.adresse + f"{AMI}simulateur/")
    page.locator("[name=total]").fill("1000")
    page.locator("[name=qpv]").fill("599")
    page.get_by_role("button", name="Recalculer").click()
    expect(page.locator("#vivant")).to_contain_text("Il manque 1 habitant de quartier prioritaire.")
    expect(page.locator("[name=qpv]")).to_have_value("599")


@pytest.mark.parametrize("largeur", [1280, 375, 320])
def test_les_pages_publiques_tiennent_dans_l_ecran_et_se_lisent(personne, largeur):
    qui = personne(largeur=largeur, color_scheme="dark" if largeur == 375 else "light")
    for chemin in PAGES:
        qui.vues.clear()
        qui.va(chemin)
        assert qui.page.evaluate("document.documentElement.scrollWidth") <= largeur, chemin


def _textes_par_page(octets):
    """Le nombre de lettres écrites sur chaque page d'un PDF."""
    with pikepdf.open(io.BytesIO(octets)) as papier:
        return [
            sum(str(o.operator) in ("Tj", "TJ") for o in pikepdf.parse_content_stream(p))
            for p in papier.pages
        ]


PIED_SEUL = 120
"""L'adresse, l'heure et le numéro de page font 76 lettres."""


@pytest.mark.parametrize(
    ("chemin", "au_plus"), [(AMI, 3), ("/appels/ami-2025/", 2), (AAP, 4), ("/appels/aap-2026/", 4)]
)
def test_un_appel_s_imprime_serre_et_sa_derniere_page_n_est_pas_le_pied_seul(personne, chemin, au_plus):
    page = personne().va(chemin).page
    textes = _textes_par_page(page.pdf(format="A4"))
    assert 2 <= len(textes) <= au_plus
    assert textes[-1] > PIED_SEUL
    assert page.locator(".papier").count() == 1


def test_le_pied_apres_les_colonnes_prendrait_une_page_garde_levee(personne):
    page = personne().va("/appels/ami-2025/").page
    page.evaluate("document.querySelector('main').append(document.querySelector('.papier'))")
    assert _textes_par_page(page.pdf(format="A4"))[-1] < PIED_SEUL
