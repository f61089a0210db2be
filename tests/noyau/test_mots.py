"""Les mots d'une recherche : sans accent, sans casse, par leur début, à une faute près."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemblier.noyau.mots import AU_PLUS, borne, cherches, mots, mots_d_un_numero, voisins


@pytest.mark.parametrize(
    ("texte", "attendus"),
    [
        ("L'Été des Cœurs à Éleu-dit-Leauwette", ["ete", "coeurs", "eleu", "dit", "leauwette"]),
        ("Cité 9, cité 12-14", ["cite", "9", "12", "14"]),
        ("de la pour", []),
        ("anticonstitutionnellementissime", ["anticonstitutionnellemen"]),
    ],
)
def test_les_mots_d_un_texte(texte, attendus):
    assert mots(texte) == attendus


def test_un_numero_a_ses_formes_courtes():
    assert mots_d_un_numero("26-0041") == ["260041", "26", "0041", "41"]
    assert mots_d_un_numero("DA01234567") == ["da01234567"]
    assert mots_d_un_numero("") == []


@pytest.mark.parametrize(
    ("texte", "attendus"),
    [
        ("Jardins de LENS", ["jardins", "lens"]),
        ("26-41", ["260041"]),
        ("n° 26-0041", ["n", "260041"]),
        ("902 100 023 00012", ["902100023"]),
        ("902 100 023", ["902100023"]),
        ("90210002300012", ["902100023"]),
        ("cité 12 14", ["cite", "12", "14"]),
        ("les", ["les"]),
        (" % _ ' \" ", []),
        (" ".join(f"mot{rang}" for rang in range(20)), [f"mot{rang}" for rang in range(8)]),
    ],
)
def test_ce_qu_une_recherche_demande(texte, attendus):
    assert cherches(texte) == attendus


@given(st.text("0123456789abcz", min_size=1, max_size=4), st.text("0123456789abcz", max_size=4))
def test_la_plage_d_un_debut_contient_ses_mots_et_eux_seuls(debut, mot):
    fin = borne(debut)
    assert (mot >= debut and (fin is None or mot < fin)) == mot.startswith(debut)


@pytest.mark.parametrize("ecrit", ["jardim", "jrdin", "jarddin", "jadrin", "jarsinage"])
def test_une_faute_de_frappe_se_devine(ecrit):
    assert voisins(ecrit, ["jardinage", "jardin", "lens", "judo"])


@pytest.mark.parametrize("ecrit", ["jord", "jxxdin", "jar", "1234"])
def test_deux_fautes_ou_un_mot_court_ne_se_devinent_pas(ecrit):
    assert voisins(ecrit, ["lardin", "1235", "jaxdxn"]) == []


@given(st.text(max_size=200))
def test_un_mot_garde_est_toujours_ascii_et_borne(texte):
    for mot in (*mots(texte), *cherches(texte)):
        assert mot.isascii()
        assert mot.isalnum()
        assert len(mot) <= AU_PLUS
