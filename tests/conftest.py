"""Ce que tous les essais partagent : aucune sortie réseau, hypothesis sobre, le choix de ce qui se rejoue."""

import os
import shutil
import socket
from collections import Counter

import pytest
from django.db import connection
from hypothesis import settings

settings.register_profile("maison", deadline=None, max_examples=100, derandomize=False, print_blob=True)
settings.load_profile("maison")

_LOCALES = ("127.0.0.1", "::1", "localhost")

_BASES = {"db", "transactional_db", "django_db_reset_sequences", "base_d_ailleurs"}
_CAS_REJOUES = None if "ENSEMBLIER_ESSAIS_ENTIERS" in os.environ else 1


def pytest_collection_modifyitems(config, items):
    """Sur PostgreSQL, seul se rejoue ce qui touche une base : le moteur ne change rien au reste.

    Un essai à paramètres y joue un de ses cas, que l'ordre du jour tire au sort ; tous, avec
    `ENSEMBLIER_ESSAIS_ENTIERS=1`.
    """
    if connection.vendor != "postgresql":
        return
    joues, vus = [], Counter()
    for essai in items:
        if not (essai.get_closest_marker("django_db") or _BASES & set(essai.fixturenames)):
            continue
        fonction = essai.nodeid.partition("[")[0]
        vus[fonction] += 1
        if _CAS_REJOUES is None or vus[fonction] <= _CAS_REJOUES:
            joues.append(essai)
    config.hook.pytest_deselected(items=[e for e in items if e not in joues])
    items[:] = joues


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Le territoire du pack, écrit une fois pour tous : chaque essai le trouve, et rend la base intacte."""
    _poser_le_territoire(django_db_blocker)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    """Un essai à vraies transactions vide la base en partant : le territoire y revient pour les suivants."""
    yield
    marque = item.get_closest_marker("django_db")
    if (marque and marque.kwargs.get("transaction")) or "transactional_db" in getattr(
        item, "fixturenames", ()
    ):
        _poser_le_territoire(item._request.getfixturevalue("django_db_blocker"))


def _poser_le_territoire(bloqueur) -> None:
    from tests import fabriques

    with bloqueur.unblock():
        fabriques.territoire()


@pytest.fixture(scope="session")
def chromium():
    """Un seul Chromium par processus : deux Playwright dans le même se gênent."""
    from playwright.sync_api import sync_playwright

    from tests.parcours.conftest import OPTIONS

    chemin = shutil.which("chromium")
    assert chemin, "Chromium est absent : lancez « bin/systeme essais »."
    with sync_playwright() as outil:
        navigateur = outil.chromium.launch(executable_path=chemin, args=OPTIONS)
        yield navigateur
        navigateur.close()


@pytest.fixture(autouse=True)
def _sans_reseau(monkeypatch):
    """Aucun essai ne sort de la machine : une adresse non locale lève aussitôt."""
    brut = socket.socket.connect

    def connect(self, adresse):
        if isinstance(adresse, tuple) and adresse[0] not in _LOCALES:
            raise RuntimeError(f"Sortie réseau interdite pendant les essais : {adresse[0]}")
        return brut(self, adresse)

    monkeypatch.setattr(socket.socket, "connect", connect)
