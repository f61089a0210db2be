"""« Il reste n points » : un seul calcul, le même nombre en tête, en marge, en direct et sur le dossier."""

import re

import pytest
import time_machine

from ensemblier.dossiers.etapes import CODES
from tests import fabriques as f

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def avant_la_fermeture():
    with time_machine.travel(f.instant("2025-10-28 10:00"), tick=True):
        yield


@pytest.fixture
def vide():
    """Un brouillon de l'AAP auquel il manque des réponses à plusieurs étapes."""
    return f.dossier(
        "aap-2026", action__pilier=None, action__droit_commun=None, action__quartiers=None, publics=None
    )


def _nombre(motif, page):
    trouve = re.search(motif, page)
    return int(trouve[1]) if trouve else 0


def _points(page):
    """(en tête, à cette étape, ailleurs) tels qu'ils sont écrits."""
    texte = page.replace("\u00a0", " ")
    return (
        _nombre(r"Il reste (\d+) points? à compléter", texte),
        _nombre(r"Cette étape : (\d+) points? à compléter", texte),
        _nombre(r"Le reste du dossier : (\d+) points? à compléter", texte),
    )


def test_la_tete_est_la_somme_de_la_marge_a_chaque_etape(vide):
    amina, tetes = f.client("amina"), set()
    for code in CODES:
        tete, ici, ailleurs = _points(amina.get(f"/dossiers/{vide.numero}/{code}/").content.decode())
        assert tete == ici + ailleurs > 0, code
        tetes.add(tete)
    for page in ("", "relecture/"):
        tete, *_ = _points(amina.get(f"/dossiers/{vide.numero}/{page}").content.decode())
        assert tetes == {tete}, page


def test_un_point_d_un_seul_volet_compte_partout(db):
    """Les heures du Département manquent : un point en tête de l'éditeur, le même à la relecture (S18)."""
    amina, brouillon = f.client("amina"), f.dossier("aap-2026", action__agent_departement=True)
    pages = [
        amina.get(f"/dossiers/{brouillon.numero}/{p}").content.decode() for p in ("demandes/", "relecture/")
    ]
    assert [_points(page)[0] for page in pages] == [1, 1]
    assert "Déposer sans la demande à DEPARTEMENT" in pages[1]


def test_la_marge_des_pieces_ne_se_contredit_pas(db):
    """Deux pièces manquent, rien ne bloque le dépôt : ce qui n'arrête que la suite se compte à part (P33)."""
    brouillon = f.dossier("aap-2026")
    f.joindre(brouillon, "rib")
    page = f.client("amina").get(f"/dossiers/{brouillon.numero}/pieces/").content.decode()
    marge = page.replace("\u00a0", " ").partition("Cette étape : rien ne bloque le dépôt")[2]
    assert re.search(r"\d+ bloquent la suite", marge)
    assert not re.search(r"\d+ bloquent(?! la suite)", marge)


def test_une_reponse_tapee_change_la_tete_et_la_marge_ensemble(vide):
    amina, pilier = f.client("amina"), f.territoire().piliers.get(code="agir")

    def taper(**reponses):
        adresse = f"/dossiers/{vide.numero}/constats/?etape=action"
        return amina.post(adresse, {"intitule": vide.intitule, **reponses}).content.decode()

    sans, avec = taper(), taper(pilier=pilier.pk)
    tete, ici, ailleurs = _points(avec)
    assert tete == ici + ailleurs == _points(sans)[0] - 1
    assert 'id="reste" hx-swap-oob="true"' in avec
