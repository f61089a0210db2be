"""Le PDF : balisé, en français, identique à lui-même, et qui ne va rien chercher dehors."""

import datetime
import io
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pikepdf
import pytest
import time_machine
from django.conf import settings
from weasyprint.urls import FatalURLFetchingError

from ensemblier.interface import galerie
from ensemblier.interface.pdf import ecrire_pdf
from tests import documents

TITRE = "Accusé de réception du dossier 25-0041"


def ecrire(identifiant: str = "25-0041", **autres: object) -> bytes:
    contexte = {
        **galerie.contexte(),
        "liens_fiche": {},
        "reference_document": "25-0041",
        "date_document": datetime.date(2025, 5, 20),
        **autres,
    }
    return ecrire_pdf("interface/exemple_pdf.html", contexte, identifiant=identifiant, titre=TITRE)


@pytest.fixture(scope="module")
def octets():
    return ecrire()


def test_le_pdf_est_balise_en_francais_et_titre(octets):
    with pikepdf.open(io.BytesIO(octets)) as document:
        assert str(document.Root.Lang) == "fr"
        assert document.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in document.Root
        assert str(document.docinfo["/Title"]) == TITRE
        with document.open_metadata() as metadonnees:
            assert metadonnees["{http://www.aiim.org/pdfua/ns/id/}part"] == "1"


def test_le_pdf_porte_ses_polices(octets):
    with pikepdf.open(io.BytesIO(octets)) as document:
        noms = {
            str(o["/FontName"])
            for o in document.objects
            if isinstance(o, pikepdf.Dictionary) and "/FontFile2" in o
        }
    assert any("Hanken" in nom for nom in noms)
    assert any("Bricolage" in nom for nom in noms)


def test_le_meme_identifiant_donne_les_memes_octets(octets):
    with time_machine.travel(datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC)):
        assert ecrire() == octets
    assert ecrire("25-0042") != octets


@pytest.mark.parametrize(
    "adresse",
    [
        "file:///etc/hostname",
        "http://127.0.0.1:9/x.png",
        "https://dehors.example/x.png",
        "ftp://dehors.example/x",
        "/etc/hostname",
    ],
)
def test_rien_n_est_cherche_hors_du_document(tmp_path, settings, adresse):
    with pytest.raises(FatalURLFetchingError):
        _avec_image(tmp_path, settings, adresse)


def test_une_image_donnee_dans_le_document_passe_garde_levee(tmp_path, settings):
    pixel = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='1' height='1'%3E%3C/svg%3E"
    assert _avec_image(tmp_path, settings, pixel).startswith(b"%PDF-")


def _avec_image(dossier, settings, adresse: str) -> bytes:
    (dossier / "image.html").write_text(
        '{% extends "interface/base_pdf.html" %}{% block contenu %}'
        f'<img alt="essai" src="{adresse}">'
        "{% endblock %}",
        "utf-8",
    )
    gabarits = [{**settings.TEMPLATES[0], "DIRS": [dossier]}]
    settings.TEMPLATES = gabarits
    return ecrire_pdf("image.html", {"somme": Decimal(1)}, identifiant="image", titre="Image")


def test_chaque_module_qui_ecrit_un_pdf_est_connu_des_essais():
    """Ceux qui rendent les documents en HTML n'en oublient aucun."""
    racine = settings.RACINE / "ensemblier"
    ecrivent = {
        str(p.relative_to(racine).with_suffix("")).replace("/", ".")
        for p in racine.rglob("*.py")
        if "import ecrire_pdf" in p.read_text("utf-8")
    }
    assert ecrivent == set(documents.TOUS)


def test_quatre_fils_ecrivent_les_memes_octets(octets):
    """Aucune feuille ne sert à deux documents à la fois ; tous rendent le document du premier."""
    with ThreadPoolExecutor(4) as fils:
        rendus = list(fils.map(lambda _: ecrire(), range(8)))
    assert set(rendus) == {octets}
