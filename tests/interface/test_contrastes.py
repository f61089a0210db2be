"""Le tableau des couleurs, recalculé depuis la feuille de style (écrans §4, G15)."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "ensemblier/interface/static/interface/jetons.css").read_text("utf-8")
FONDS = ("fond", "surface", "zone")
ENCRES = (
    "encre",
    "encre-2",
    "encre-3",
    "action",
    "brique",
    "ok",
    "non",
    "attention",
    "verifier",
    "sans-objet",
)
FINANCEURS = ("call", "etat", "region", "departement", "communes", "caf", "autres")


def jetons(bloc: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9A-F]{6});", bloc))


def bloc(selecteur: str) -> str:
    return CSS.split(selecteur, 1)[1].split("}", 1)[0]


CLAIR = jetons(bloc(":root {\n  color-scheme: light"))
SOMBRE = jetons(bloc(':root:not([data-theme="clair"]) {'))
THEMES = {"clair": CLAIR, "sombre": SOMBRE}


def luminance(couleur: str) -> float:
    canaux = [int(couleur[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    lineaires = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in canaux]
    return 0.2126 * lineaires[0] + 0.7152 * lineaires[1] + 0.0722 * lineaires[2]


def contraste(une: str, autre: str) -> float:
    haut, bas = sorted((luminance(une), luminance(autre)), reverse=True)
    return (haut + 0.05) / (bas + 0.05)


def test_le_contraste_connait_le_noir_et_le_blanc():
    assert contraste("#000000", "#FFFFFF") == pytest.approx(21)
    assert contraste("#767676", "#FFFFFF") < 4.55


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("fond", FONDS)
@pytest.mark.parametrize("encre", ENCRES)
def test_chaque_encre_se_lit_sur_chaque_fond(theme, fond, encre):
    assert contraste(THEMES[theme][encre], THEMES[theme][fond]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ton", ["action", "brique", "ok", "non", "attention", "verifier", "sans-objet"])
def test_chaque_ton_se_lit_sur_sa_teinte_pale_et_l_encre_aussi(theme, ton):
    couleurs = THEMES[theme]
    assert contraste(couleurs[ton], couleurs[f"{ton}-pale"]) >= 4.5
    assert contraste(couleurs["encre"], couleurs[f"{ton}-pale"]) >= 4.5
    assert contraste(couleurs["encre-2"], couleurs[f"{ton}-pale"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_les_bords_les_boutons_et_la_barre_se_voient(theme):
    couleurs = THEMES[theme]
    for fond in FONDS:
        assert contraste(couleurs["trait-fort"], couleurs[fond]) >= 3
    assert contraste(couleurs["sur-action"], couleurs["action"]) >= 4.5
    assert contraste(couleurs["sur-action"], couleurs["action-survol"]) >= 4.5
    assert contraste(couleurs["sur-schiste"], couleurs["schiste"]) >= 4.5
    assert contraste(couleurs["sur-schiste-2"], couleurs["schiste"]) >= 4.5
    assert contraste(couleurs["lampe"], couleurs["schiste"]) >= 3
    assert contraste(couleurs["encre"], couleurs["lampe-pale"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("financeur", FINANCEURS)
def test_la_brique_de_chaque_financeur_se_voit_sur_la_page(theme, financeur):
    for fond in ("fond", "surface"):
        assert contraste(THEMES[theme][f"f-{financeur}"], THEMES[theme][fond]) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_le_focus_se_voit_sur_tout_ce_qui_se_vise(theme):
    couleurs = THEMES[theme]
    for fond in (*FONDS, "action-pale", "non-pale", "lampe-pale"):
        assert contraste(couleurs["encre"], couleurs[fond]) >= 3
    assert contraste(couleurs["sur-schiste"], couleurs["schiste"]) >= 3
    assert contraste(couleurs["encre"], couleurs["lampe"] if theme == "clair" else couleurs["fond"]) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_une_case_cochee_se_distingue_et_sa_coche_se_lit(theme):
    couleurs = THEMES[theme]
    for fond in ("fond", "surface", "zone", "action-pale", "non-pale"):
        assert contraste(couleurs["action"], couleurs[fond]) >= 3
    assert contraste(couleurs["sur-action"], couleurs["action"]) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_chaque_classe_de_la_carte_a_un_bord_ou_une_teinte_qui_la_detache(theme):
    couleurs = THEMES[theme]
    for rang in range(1, 6):
        teinte = couleurs[f"carte-{rang}"]
        detache = max(contraste(teinte, couleurs["zone"]), contraste(couleurs["encre"], couleurs["zone"]))
        assert detache >= 3
    suite = [luminance(couleurs[f"carte-{rang}"]) for rang in range(1, 6)]
    assert suite == sorted(suite, reverse=theme == "clair")


@pytest.mark.parametrize(
    ("theme", "encre", "fond", "attendu"),
    [
        ("clair", "encre", "fond", 14.7),
        ("clair", "action", "surface", 8.4),
        ("clair", "encre-3", "zone", 4.9),
        ("clair", "non", "non-pale", 6.5),
        ("sombre", "encre", "fond", 15.5),
        ("sombre", "action", "zone", 7.4),
        ("sombre", "attention", "attention-pale", 8.2),
    ],
)
def test_les_rapports_ecrits_dans_la_charte_sont_ceux_de_la_feuille(theme, encre, fond, attendu):
    assert contraste(THEMES[theme][encre], THEMES[theme][fond]) == pytest.approx(attendu, abs=0.051)


def test_le_theme_choisi_et_celui_de_l_appareil_sont_le_meme_tableau():
    assert jetons(bloc(':root[data-theme="sombre"] {')) == SOMBRE
    assert SOMBRE.keys() == CLAIR.keys()


def test_une_couleur_trop_claire_est_vue_garde_levee():
    assert contraste("#A0A0A0", CLAIR["fond"]) < 4.5


def test_aucune_couleur_n_est_ecrite_hors_des_jetons():
    dossier = Path(__file__).parents[2] / "ensemblier/interface/static/interface"
    permises = {"marque": {"#FFC53A", "#D9703F", "#F4F5F2"}}
    for feuille in ("base", "cadre", "formulaires", "composants", "constats", "argent", "tableaux"):
        couleurs = set(re.findall(r"#[0-9A-Fa-f]{3,8}\b", (dossier / f"{feuille}.css").read_text("utf-8")))
        assert couleurs <= (permises["marque"] if feuille == "cadre" else set()), feuille
