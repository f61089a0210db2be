"""L'accueil : ce qui est ouvert et jusqu'à quand, sans nombre écrit en dur (É1, S22, S65)."""

import pytest
import time_machine

from ensemblier.appels import actes
from ensemblier.noyau.machine import Role
from ensemblier.territoires.actes import charger
from tests import fabriques

pytestmark = pytest.mark.django_db


def _accueil(moment):
    with time_machine.travel(fabriques.instant(moment), tick=False):
        return fabriques.client().get("/").content.decode().replace("&#x27;", "'")


def test_deux_phases_a_la_fois_sont_dites_toutes_les_deux():
    """S22 : le 24 novembre 2025, fixation et présentation-validation."""
    fabriques.appel("aap-2026")
    page = _accueil("2025-11-24 10:00")
    assert "Fixation des programmations" in page
    assert "Présentation et validation de la programmation" in page
    lendemain = _accueil("2025-11-25 10:00")
    assert "Fixation des programmations" not in lendemain


def test_en_ce_moment_ne_dit_que_ce_qui_se_passe():
    """Ni un appel encore ouvert au dépôt, ni des comités annoncés sans fin dix mois plus tôt."""
    appel = fabriques.appel("aap-2026")
    appel.jalons.filter(nature="instruction").update(debut="2025-11-01")
    assert "En ce moment" not in _accueil("2025-11-03 10:00")
    assert "Comités des financeurs" in _accueil("2026-02-10 10:00")
    assert "Comités des financeurs" not in _accueil("2026-11-26 10:00")


def test_un_appel_ouvert_dit_le_temps_qui_reste():
    fabriques.appel()
    page = _accueil("2025-05-13 10:00")
    assert "L'appel AMI 2025 est ouvert. Il ferme dans 12\u00a0jours" in page
    assert "Voir l'appel ouvert" in page
    assert "every 60s" not in page
    dernier_jour = _accueil("2025-05-25 18:47")
    assert "5\u00a0h\u00a012" in dernier_jour
    assert 'hx-trigger="every 60s"' in dernier_jour
    assert "Page écrite le dim.\u00a025\u00a0mai 2025, 18\u00a0h\u00a047" in dernier_jour


def test_plusieurs_appels_ouverts_menent_a_leur_liste():
    """Le bouton ne choisit pas pour l'habitant : un seul appel, sa page ; plusieurs, leur liste."""
    fabriques.appel()
    seul = _accueil("2025-05-13 10:00")
    assert 'href="/appels/ami-2025/">Voir l\'appel ouvert</a>' in seul
    second = fabriques.appel("aap-2026")
    second.jalons.filter(nature="depot").update(debut="2025-05-01", fin="2025-06-30")
    page = _accueil("2025-05-13 10:00")
    assert 'href="/appels/">Voir les 2 appels ouverts</a>' in page
    assert "Voir l'appel ouvert" not in page


def test_sans_appel_ouvert_le_prochain_est_annonce():
    fabriques.appel("aap-2026")
    page = _accueil("2025-10-01 10:00")
    assert "Aucun appel n'est ouvert. Le prochain ouvre le lundi 20\u00a0octobre 2025." in page
    assert "/appels/aap-2026.ics" in page


def test_un_appel_clos_avant_son_terme_n_est_plus_ouvert():
    appel = fabriques.appel()
    actes.clore(
        appel, motif="Crédits épuisés", par=fabriques.acteur("irene"), roles={Role.RESPONSABLE},
        le=fabriques.instant("2025-05-10 10:00"),
    )  # fmt: skip
    assert "Aucun appel n'est ouvert" in _accueil("2025-05-13 10:00")


def test_les_chiffres_publies_sont_montres_avec_leur_ecart():
    """S65 : annoncé et somme des lignes, les deux."""
    page = _accueil("2025-05-13 10:00")
    assert "2\u00a0401\u00a0654\u00a0€" in page
    assert "4\u00a0156\u00a0499\u00a0€" in page
    detail = fabriques.client().get("/observatoire/").content.decode()
    assert "1\u00a0754\u00a0845\u00a0€" in detail


def test_le_nombre_de_quartiers_suit_le_pack():
    pack = fabriques.pack_du_territoire()
    assert f"{len(pack.quartiers)}\u00a0quartiers prioritaires" in _accueil("2025-05-13 10:00")
    charger(pack.model_copy(update={"quartiers": pack.quartiers[:3]}), le=fabriques.OUVERTURE, hote="")
    assert "3\u00a0quartiers prioritaires" in _accueil("2025-05-13 10:00")


def test_sans_territoire_l_accueil_le_dit():
    from django.test import Client

    fabriques.sans_territoire()
    assert "Aucun territoire ne répond" in Client().get("/").content.decode()
