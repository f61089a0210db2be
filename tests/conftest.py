"""Ce que tous les essais partagent : aucune sortie réseau, un hasard tenu, le choix de ce qui se rejoue."""

import gc
import inspect
import os
import shutil
import socket
from collections import defaultdict

import pytest
from django.db import connection

from ensemblier.interface import ecrites
from ensemblier.registre import gardes
from tests import hasard, instantanes

# La mémoire ne manque pas : le ramasse-miettes passe moins souvent, un dixième de calcul de moins.
gc.set_threshold(50_000, 20, 50)
hasard.tenir()

_LOCALES = ("127.0.0.1", "::1", "localhost")

_BASES = {"db", "transactional_db", "django_db_reset_sequences", "base_d_ailleurs"}
_TOUJOURS_REJOUEES = ("registre", "exploitation", "test_course")
_LONGS = ("test_recit_", "test_acces", "test_canaris", "test_champs_injectes", "test_fuzz", "exploitation")
_UNE_SUR = 1 if "ENSEMBLIER_ESSAIS_ENTIERS" in os.environ else 4


def pytest_collection_modifyitems(config, items):
    """Sur PostgreSQL, seul se rejoue ce qui touche une base : le moteur ne change rien au reste.

    Les plus longs passent d'abord : commencés les derniers, ils laisseraient un cœur sans ouvrage.
    Déclencheurs, sauvegardes et courses s'y rejouent tous. Du reste, l'ordre tire une fonction sur quatre et,
    de ses cas, un seul ; tout, avec `ENSEMBLIER_ESSAIS_ENTIERS=1`.
    """
    items.sort(key=lambda essai: not any(mot in essai.nodeid for mot in _LONGS))
    if connection.vendor != "postgresql":
        return
    cas = defaultdict(list)
    for essai in items:
        if essai.get_closest_marker("django_db") or _BASES & set(essai.fixturenames):
            cas[essai.nodeid.partition("[")[0]].append(essai)
    toujours = {nom for nom in cas if any(mot in nom for mot in _TOUJOURS_REJOUEES)}
    reste = [nom for nom in cas if nom not in toujours]
    tirees = {nom: cas[nom] if _UNE_SUR == 1 else cas[nom][:1] for nom in reste[::_UNE_SUR]}
    joues = [e for nom in cas for e in (cas[nom] if nom in toujours else tirees.get(nom, ()))]
    config.hook.pytest_deselected(items=[e for e in items if e not in joues])
    items[:] = joues


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Le territoire du pack, écrit une fois pour tous : chaque essai le trouve, et rend la base intacte."""
    _poser_le_territoire(django_db_blocker)
    with django_db_blocker.unblock():
        instantanes.prendre()
    # Ce qui est chargé là vivra jusqu'au bout : le ramasse-miettes ne le parcourt plus à chaque passage.
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Un essai à vraies transactions vide la base en partant : le territoire y revient pour les suivants."""
    yield
    marque = item.get_closest_marker("django_db")
    vraies = marque and marque.kwargs.get("transaction")
    if nextitem and (vraies or "transactional_db" in getattr(item, "fixturenames", ())):
        _poser_le_territoire(item._request.getfixturevalue("django_db_blocker"))


def _poser_le_territoire(bloqueur) -> None:
    from tests import fabriques

    with bloqueur.unblock():
        if not instantanes.remettre():
            fabriques.territoire()


@pytest.fixture(autouse=True)
def _base_intacte(request):
    """Avant toute autre fixture qui écrit : `tests/instantanes.py` saura que rien n'a bougé."""
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        instantanes.partir()


@pytest.fixture(autouse=True)
def _requetes_recrites(request):
    """Un essai qui lève une garde change une lecture : le texte gardé d'un autre essai la lui cacherait."""
    change = "monkeypatch" in inspect.signature(request.node.obj).parameters
    if change:
        ecrites.texte.cache_clear()
    yield
    if change:
        ecrites.texte.cache_clear()


@pytest.fixture
def gardes_reposees(django_db_setup, django_db_blocker):
    """Après l'essai la base se vide, ce que le registre refuse : ses gardes se lèvent, puis se reposent."""
    yield
    with django_db_blocker.unblock():
        gardes.poser(connection)


@pytest.fixture
def base_partagee(gardes_reposees, transactional_db):
    """Une base que plusieurs fils lisent et écrivent à la fois, en vraies transactions."""
    yield
    gardes.lever(connection)


def chemin_de_chromium() -> str | None:
    """Le Chromium sans fenêtre de Debian, un cinquième de calcul de moins ; à défaut, l'entier."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


@pytest.fixture(scope="session")
def chromium():
    """Un seul Chromium par processus : deux Playwright dans le même se gênent."""
    from playwright.sync_api import sync_playwright

    from tests.parcours.conftest import OPTIONS

    chemin = chemin_de_chromium()
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
