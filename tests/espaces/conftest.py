"""Les PDF sont éprouvés avec les conventions ; ici leur HTML suffit."""

import pytest

from tests.conventions.conftest import html_en_guise_de_pdf


@pytest.fixture(autouse=True)
def _fichiers(tmp_path, settings, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("ensemblier.conventions.documents.ecrire_pdf", html_en_guise_de_pdf)
