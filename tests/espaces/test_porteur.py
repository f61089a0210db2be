"""L'accueil du porteur (É5) : à faire d'abord, en cours, et les dossiers terminés repliés."""

import pytest
import time_machine

from tests import fabriques as f
from tests import fabriques_suites as s

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def le_13_mai():
    with time_machine.travel(f.instant("2025-05-13 10:00"), tick=True):
        yield


def _groupes():
    contexte = f.client("amina").get("/dossiers/").context
    return [(moment, [c["dossier"].numero for c in cartes]) for moment, _, cartes in contexte["groupes"]]


def test_chaque_dossier_est_dans_un_seul_groupe_a_faire_d_abord():
    a_faire = f.dossier(le=f.instant("2025-05-12 09:00"))
    en_cours = f.dossier_depose(le=f.instant("2025-05-12 10:00"))
    clos = s.dossier("25-0900")
    s.reprendre(clos, etat="clos", par=f.systeme("lens-lievin"), le=s.AVANT, libelle="Repris")
    assert _groupes() == [
        ("a-faire", [a_faire.numero]), ("en-cours", [en_cours.numero]), ("termines", ["25-0900"]),
    ]  # fmt: skip


def test_les_dossiers_termines_sont_replies_et_comptes():
    clos = s.dossier("25-0900", intitule="Jardin d'hier")
    s.reprendre(clos, etat="clos", par=f.systeme("lens-lievin"), le=s.AVANT, libelle="Repris")
    page = f.client("amina").get("/dossiers/").content.decode()
    dedans = [bloc for bloc in page.split("<details")[1:] if "Terminés (1)" in bloc.split("</details>")[0]]
    assert dedans
    assert "/dossiers/25-0900/" in dedans[0].split("</details>")[0]
    assert page.count('href="/dossiers/25-0900/"') == 1


def test_un_brouillon_dont_l_appel_est_ferme_est_range_avec_les_termines():
    brouillon = f.dossier(le=f.instant("2025-05-12 09:00"))
    with time_machine.travel(f.instant("2025-06-13 10:00"), tick=True):
        assert _groupes() == [("termines", [brouillon.numero])]
