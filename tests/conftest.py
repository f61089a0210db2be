"""Ce que tous les essais partagent : aucune sortie réseau, hypothesis sobre."""

import socket

import pytest
from hypothesis import settings

settings.register_profile("maison", deadline=None, max_examples=100, derandomize=False, print_blob=True)
settings.load_profile("maison")

_LOCALES = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(autouse=True)
def _sans_reseau(monkeypatch):
    """Aucun essai ne sort de la machine : une adresse non locale lève aussitôt."""
    brut = socket.socket.connect

    def connect(self, adresse):
        if isinstance(adresse, tuple) and adresse[0] not in _LOCALES:
            raise RuntimeError(f"Sortie réseau interdite pendant les essais : {adresse[0]}")
        return brut(self, adresse)

    monkeypatch.setattr(socket.socket, "connect", connect)
