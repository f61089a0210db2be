"""Chaque courriel de la maison : les deux formes disent la même chose, sans image ni tiers ni pistage."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.conf import settings

from ensemblier.demonstration.courriels import exemples
from ensemblier.interface import lettres
from tests.interface.test_contrastes import contraste

EXEMPLES = exemples()
RACINE = settings.RACINE / "ensemblier"


def _mots_montres(html: str) -> list[str]:
    """Ce qu'un œil lit du HTML, sans l'aperçu caché ni le nom de la maison ; sans notre lecteur."""
    corps = html.split("<body", 1)[1].split(">", 1)[1]
    corps = re.sub(r'<div class="apercu".*?</div>|<p class="barre".*?</p>', " ", corps, flags=re.S)
    return unescape(re.sub(r"<[^>]+>", " ", corps)).split()


def _mots_du_texte(texte: str) -> list[str]:
    """Les mots du texte seul, sans ses marques (« - », « > », le « : » d'un lien) ni les adresses."""
    return re.sub(r"(?m)^(- |> ?)| ?:$| : https?://\S+", "", texte).split()


@pytest.mark.parametrize("exemple", EXEMPLES, ids=lambda e: e.code)
def test_le_texte_et_le_html_disent_la_meme_chose(exemple):
    lus, montres = _mots_du_texte(exemple.texte()), _mots_montres(exemple.html())
    assert [mot for mot in lus if mot != ":"] == [mot for mot in montres if mot != ":"]


def test_un_bloc_que_le_texte_oublie_serait_vu_garde_levee(monkeypatch):
    monkeypatch.setattr(lettres._Lecteur, "BLOCS", ("p", "h2", "li"))
    exemple = next(e for e in EXEMPLES if e.code == "complements")
    assert "Il nous manque deux pièces" not in exemple.texte()


@pytest.mark.parametrize("exemple", EXEMPLES, ids=lambda e: e.code)
def test_un_courriel_se_lit_partout(exemple):
    """Ni tableau, ni image, ni script, ni tiers ; une phrase qui répond, un bouton, son adresse en clair."""
    html = exemple.html()
    assert not re.search(r"<(table|img|script|link|iframe|form)\b", html)
    assert not re.search(r"url\(|@import|background-image|src=", html)
    assert html.count('class="bouton"') == 1
    mot, adresse = lettres.bouton_de(html)
    assert mot
    assert html.count(f">{adresse}</p>") == 1
    assert html.count('class="reponse"') == 1
    assert 'name="color-scheme" content="light dark"' in html
    assert len(html.encode()) < 16_000, "au-delà, des messageries ôtent la feuille ou coupent le courriel"
    assert len(exemple.sujet) <= 60
    assert max(map(len, exemple.texte().split("\n"))) < 900, "une ligne de courriel a une longueur"
    liens = re.findall(r'href="([^"]+)"', html)
    assert all(lien.startswith((settings.ADRESSE_PUBLIQUE, "https://exemple.example")) for lien in liens)


def test_chaque_gabarit_de_courriel_est_dans_la_galerie():
    """Un courriel qu'on ne regarde jamais finit par être laid, ou faux."""
    gabarits = {
        re.sub(r".*/templates/|\.html$", "", str(chemin))
        for motif in ("*/templates/*/courriels/*.html", "*/templates/account/email/*.html")
        for chemin in RACINE.glob(motif)
    }
    assert gabarits == {e.gabarit for e in EXEMPLES}
    assert not list(RACINE.glob("*/templates/*/courriels/*.txt")), "le texte se tire du HTML"


@pytest.mark.parametrize("theme", ["clair", "sombre"])
def test_les_couleurs_des_courriels_sont_celles_de_la_maison_et_se_lisent(theme):
    couleurs = lettres.couleurs(theme)
    assert contraste(couleurs["encre"], couleurs["surface"]) >= 4.5
    assert contraste(couleurs["encre-2"], couleurs["fond"]) >= 4.5
    assert contraste(couleurs["action"], couleurs["fond"]) >= 4.5
    assert contraste(couleurs["sur-action"], couleurs["action"]) >= 4.5
    assert "var(" not in EXEMPLES[0].html()


def test_le_texte_d_une_personne_n_ouvre_ni_balise_ni_bouton():
    """T22 : un message du service, un intitulé, un nom restent du texte, dans les deux formes."""
    piege = '<a class="bouton" href="https://pirate.example">Payer</a>\n- <img src=x>'
    exemple = next(e for e in EXEMPLES if e.code == "bilan-a-corriger")
    html = type(exemple)(**{nom: getattr(exemple, nom) for nom in exemple.__slots__} | {
        "contexte": exemple.contexte | {"motif": piege}
    }).html()  # fmt: skip
    assert html.count('class="bouton"') == 1
    assert "<img" not in html
    assert "pirate" not in lettres.bouton_de(html)[1]
    assert '> <a class="bouton"' in lettres.en_texte(html)


def test_la_galerie_des_courriels_n_existe_qu_en_demonstration(client, db, settings):
    settings.DEMONSTRATION = False
    for adresse in ("/galerie/courriels/", "/galerie/courriels/accuse/", "/galerie/courriels/accuse/texte/"):
        assert client.get(adresse).status_code == 404
