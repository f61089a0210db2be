"""Les PDF sont éprouvés avec les conventions ; ici leur HTML suffit."""

import pytest

from tests import documents


@pytest.fixture(autouse=True)
def _fichiers(tmp_path, settings, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    documents.en_html(monkeypatch, documents.CONVENTIONS)
