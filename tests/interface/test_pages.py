"""La page de base, les pages d'erreur, la galerie, les en-têtes."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory

from ensemblier.interface.middleware import EntetesMiddleware

pytestmark = pytest.mark.django_db


def test_la_galerie_n_existe_qu_en_demonstration(client, settings):
    settings.ROOT_URLCONF = "tests.interface.adresses"
    settings.DEMONSTRATION = settings.DEBUG = False
    assert client.get("/galerie/").status_code == 404
    settings.DEMONSTRATION = True
    assert client.get("/galerie/").status_code == 200


def test_aucun_style_ni_script_dans_la_page_g16(client, galerie_ouverte):
    html = client.get("/galerie/").content.decode()
    assert " style=" not in html
    assert "<style" not in html
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"\son[a-z]+=", html)
    assert not re.search(r"(src|href)=\"(https?:)?//", html)


def test_le_titre_sert_a_la_page_et_au_navigateur(client, galerie_ouverte):
    html = client.get("/galerie/").content.decode()
    assert "<title>Galerie des composants · Ensemblier démonstration</title>" in html
    assert html.count("<h1") == 1
    assert '<html lang="fr" data-densite="aere">' in html
    assert 'data-densite="dense"' in client.get("/galerie/dense/").content.decode()
    assert html.index('class="evitement"') < html.index("<header")


def test_la_reponse_est_la_premiere_phrase_sous_le_titre(client, galerie_ouverte):
    html = client.get("/galerie/").content.decode()
    entre = html.split("</h1>")[1].split("<p")[1]
    assert 'class="reponse"' in entre


def test_la_bande_de_demonstration_n_apparait_qu_en_demonstration(client, galerie_ouverte):
    assert "Données fictives" in client.get("/galerie/").content.decode()
    galerie_ouverte.DEMONSTRATION, galerie_ouverte.DEBUG = False, True
    assert "Données fictives" not in client.get("/galerie/").content.decode()


def test_la_page_tient_dans_son_budget(client, galerie_ouverte):
    assert len(client.get("/galerie/").content) < 100_000


@pytest.mark.parametrize("gabarit", ["404.html", "403.html", "500.html"])
def test_les_pages_d_erreur_parlent_francais(gabarit, galerie_ouverte):
    html = render_to_string(
        gabarit, {"raisons": ("Seule la signataire peut déposer ce dossier.",), "code": 403}
    )
    attendu = {
        "404.html": "Cette page n'existe pas, ou vous n'y avez pas accès.",
        "403.html": "Seule la signataire peut déposer ce dossier.",
        "500.html": "Une erreur de notre côté",
    }[gabarit]
    assert attendu in html
    assert "Oups" not in html
    assert 'lang="fr"' in html


def test_un_acte_bloque_dit_toutes_ses_raisons(galerie_ouverte):
    html = render_to_string("403.html", {"raisons": ("Un.", "Deux."), "code": 409})
    assert "Acte bloqué" in html
    assert "Un." in html
    assert "<li>Deux.</li>" in html


def repondre(utilisateur, temoins=None):
    request = RequestFactory().get("/")
    request.user = utilisateur
    request.COOKIES.update(temoins or {})
    return EntetesMiddleware(lambda _: HttpResponse("x"))(request)


class Connectee:
    is_authenticated = True


def test_rien_de_prive_ne_reste_en_cache_g17(settings):
    assert "no-store" in repondre(Connectee())["Cache-Control"]
    assert "no-store" in repondre(AnonymousUser(), {settings.SESSION_COOKIE_NAME: "x"})["Cache-Control"]
    assert not repondre(AnonymousUser()).has_header("Cache-Control")


@pytest.mark.parametrize(
    "entete",
    [
        "Cross-Origin-Opener-Policy",
        "Cross-Origin-Resource-Policy",
        "Permissions-Policy",
        "X-Content-Type-Options",
    ],
)
def test_les_entetes_sont_sur_toute_reponse_meme_404(client, galerie_ouverte, entete):
    assert client.get("/galerie/").has_header(entete)
    assert client.get("/rien-ici/").has_header(entete)
