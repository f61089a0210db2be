"""Le PDF se rend une fois pour de vrai (`vrai_pdf`) ; ailleurs son HTML suffit, et l'essai est rapide."""

import pytest
from django.template.loader import render_to_string


@pytest.fixture(autouse=True)
def _fichiers(tmp_path, settings, monkeypatch, request):
    settings.MEDIA_ROOT = tmp_path
    if "vrai_pdf" not in request.fixturenames:
        monkeypatch.setattr("ensemblier.conventions.documents.ecrire_pdf", html_en_guise_de_pdf)


@pytest.fixture
def vrai_pdf():
    """Demandée par l'essai qui veut le PDF lui-même."""


def html_en_guise_de_pdf(gabarit, contexte, *, identifiant, titre):
    return render_to_string(gabarit, {**contexte, "titre_document": titre, "pour_pdf": True}).encode()
