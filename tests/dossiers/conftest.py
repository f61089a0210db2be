"""Ce que les essais du dossier partagent : un brouillon d'Amina, un soir de mai ; un disque à soi."""

import pytest
import time_machine

from ensemblier.dossiers.models import Piece
from ensemblier.registre.models import Fichier
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


@pytest.fixture
def ailleurs(settings, tmp_path):
    """Un disque à soi : ce qui resterait d'un envoi refusé s'y verrait."""
    settings.MEDIA_ROOT = tmp_path / "fichiers"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "en_route"
    (tmp_path / "en_route").mkdir()
    with time_machine.travel(fabriques.instant("2025-05-20 10:00"), tick=False):
        yield


@pytest.fixture
def reste(tmp_path):
    """Tout ce qu'un envoi a laissé : lignes, contenus, fichiers en route."""
    return lambda: [
        *Piece.objects.all(), *Fichier.objects.all(), *(p for p in tmp_path.rglob("*") if p.is_file())
    ]  # fmt: skip
