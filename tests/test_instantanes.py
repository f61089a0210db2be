"""Un monde recopié est celui que la fabrique écrirait ; il n'est recopié que dans une base intacte."""

import sqlite3
from datetime import datetime
from pathlib import Path

import pytest
import time_machine
from django.db import connection, transaction

from tests import fabriques, instantanes
from tests.coupures.banc import defauts_des_fichiers, defauts_du_registre, etat

pytestmark = pytest.mark.django_db


@pytest.fixture
def jouees(monkeypatch):
    """Ce que les fabriques jouées, et non recopiées, ont joint."""
    vues, joindre = [], fabriques.joindre
    monkeypatch.setattr(fabriques, "joindre", lambda *a, **n: vues.append(a) or joindre(*a, **n))
    return vues


def _formes() -> dict[str, list[tuple]]:
    """L'état sans ce qui se tire au sort ou se lit à l'horloge : les nombres, les vides, les petits mots."""
    return {
        table: [tuple(v for v in x if not isinstance(v, str | datetime) or len(str(v)) < 12) for x in lignes]
        for table, lignes in etat().items()
    }


@pytest.mark.parametrize("code", ["ami-2025", "aap-2026"])
def test_la_recopie_vaut_la_fabrique(code, jouees):
    with transaction.atomic():
        recopie, recopiees = fabriques.dossier_depose(code), _formes()
        assert not jouees
        assert defauts_du_registre() == defauts_des_fichiers() == []
        connection.check_constraints()
        transaction.set_rollback(True)
    joue = fabriques.dossier_depose(code)
    assert jouees
    assert _formes() == recopiees
    assert [str(getattr(recopie, c)) for c in ("pk", "numero", "etat", "organisme", "depose_le")] == [
        str(getattr(joue, c)) for c in ("pk", "numero", "etat", "organisme", "depose_le")
    ]


def test_un_contenu_abime_par_un_autre_essai_se_recopie_entier(jouees):
    with transaction.atomic():
        chemin = Path(fabriques.dossier_depose().pieces.first().fichier.contenu.path)
        entier = chemin.read_bytes()
        chemin.write_bytes(b"autre chose")
        transaction.set_rollback(True)
    instantanes.partir()
    fabriques.dossier_depose()
    assert chemin.read_bytes() == entier
    assert not jouees


def test_une_base_deja_touchee_joue_la_fabrique(jouees):
    fabriques.personne("amina")
    fabriques.dossier_depose()
    assert jouees


def test_une_base_deja_touchee_garde_levee(monkeypatch):
    monkeypatch.setattr(instantanes, "_est_intacte", lambda: True)
    fabriques.personne("amina")
    with pytest.raises(sqlite3.IntegrityError):
        fabriques.dossier_depose()


def test_a_une_autre_heure_la_fabrique_est_jouee(jouees):
    with time_machine.travel(datetime.fromisoformat("2025-05-20T10:00+02:00"), tick=False):
        fabriques.dossier_depose()
    assert jouees


def test_qui_observe_les_requetes_les_voit_toutes(jouees):
    vues = []
    with connection.execute_wrapper(lambda faire, *reste: vues.append(reste[0]) or faire(*reste)):
        fabriques.dossier_depose()
    assert jouees
    assert len(vues) > 50
