"""Ce que l'éditeur et le tableur partagent : un brouillon d'Amina, un soir de mai."""

import pytest
import time_machine

from tests import fabriques


@pytest.fixture
def en_mai():
    with time_machine.travel(fabriques.instant("2025-05-20 21:04"), tick=False):
        yield


@pytest.fixture
def dossier():
    return fabriques.dossier()


@pytest.fixture
def amina():
    return fabriques.client("amina")
