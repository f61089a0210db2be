"""Une seule feuille de style, toujours à jour, et une première visite légère (issue 3, « Measured »)."""

import gzip
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.test import RequestFactory

from ensemblier.interface import feuille
from ensemblier.interface.middleware import CompressionMiddleware

SOURCES = Path(feuille.__file__).parent / "static/interface"


def test_la_feuille_servie_contient_toutes_les_notres_dans_l_ordre():
    texte = Path(finders.find(feuille.NOM)).read_text("utf-8")
    places = [texte.index((SOURCES / f"{nom}.css").read_text("utf-8")) for nom in feuille.MORCEAUX]
    assert places == sorted(places)
    assert texte.index("@media print {") > places[-1]
    assert texte.count("{") == texte.count("}")
    assert "sourceMappingURL" not in texte


def test_aucune_feuille_n_est_oubliee():
    a_part = {"document", "impression"}
    assert {c.stem for c in SOURCES.glob("*.css")} == set(feuille.MORCEAUX) | a_part


def test_la_feuille_suit_ses_sources(settings, tmp_path, monkeypatch):
    settings.VAR = tmp_path
    ecrite = feuille.FeuilleUnique().find(feuille.NOM)
    assert "corps-d-essai" not in Path(ecrite).read_text("utf-8")
    monkeypatch.setattr(feuille, "assembler", lambda: ".corps-d-essai { margin: 0; }")
    assert feuille.FeuilleUnique().find(feuille.NOM) == ecrite
    assert "corps-d-essai" in Path(ecrite).read_text("utf-8")
    assert [nom for nom, _ in feuille.FeuilleUnique().list(None)] == [feuille.NOM]
    assert feuille.FeuilleUnique().find("interface/autre.css") == []


def test_ce_que_charge_toute_page_tient_sous_cent_kilo_octets():
    textes = (feuille.NOM, "interface/ensemblier.js", "interface/theme.js", "django_htmx/htmx-2.min.js")
    polices = (
        "hanken/hanken-grotesk-latin-wght-normal.woff2",
        "bricolage/bricolage-grotesque-latin-700-normal.woff2",
    )
    poids = sum(len(gzip.compress(Path(finders.find(nom)).read_bytes())) for nom in textes)
    poids += sum(Path(finders.find(nom)).stat().st_size for nom in polices)
    assert poids < 100_000


LONG = HttpResponse("mot " * 500).content


def compresse(temoins=None, utilisateur=None):
    request = RequestFactory().get("/", HTTP_ACCEPT_ENCODING="gzip")
    request.COOKIES.update(temoins or {})
    request.user = utilisateur or AnonymousUser()
    return CompressionMiddleware(lambda _: HttpResponse(LONG))(request).has_header("Content-Encoding")


def test_une_page_publique_part_compressee():
    assert compresse()


@pytest.mark.parametrize("qui", ["temoin", "connectee"])
def test_une_page_privee_ne_l_est_jamais_breach(settings, qui):
    class Connectee:
        is_authenticated = True

    temoins = {settings.SESSION_COOKIE_NAME: "x"} if qui == "temoin" else {}
    assert not compresse(temoins, Connectee() if qui == "connectee" else None)


def test_une_page_privee_serait_compressee_garde_levee(settings, monkeypatch):
    monkeypatch.setattr("ensemblier.interface.middleware._est_privee", lambda _: False)
    assert compresse({settings.SESSION_COOKIE_NAME: "x"})
