"""Le PDF se rend une fois pour de vrai (`vrai_pdf`) ; ailleurs son HTML suffit, et l'essai est rapide."""

import pytest

from tests import documents


@pytest.fixture(autouse=True)
def _fichiers(tmp_path, settings, monkeypatch, request):
    settings.MEDIA_ROOT = tmp_path
    if "vrai_pdf" not in request.fixturenames:
        documents.en_html(monkeypatch, documents.CONVENTIONS)


@pytest.fixture
def vrai_pdf():
    """Demandée par l'essai qui veut le PDF lui-même."""
