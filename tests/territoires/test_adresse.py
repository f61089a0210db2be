"""Oui, non, à vérifier : jamais « non » par défaut (R20, S67)."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ensemblier.registre.models import Trace
from ensemblier.registre.sorties import ServiceIndisponible
from ensemblier.territoires import adresse, clients
from ensemblier.territoires.adresse import situer_l_adresse, situer_le_point
from tests import fabriques
from tests.territoires.geocodeur import geocodeur, lieu, reponse

pytestmark = pytest.mark.django_db
DEDANS = "QN06225M"


def _point_dedans():
    quartier = fabriques.pack_du_territoire().quartier(DEDANS)
    return quartier.lon, quartier.lat


def _verdict(corps=b"", texte="12 rue des Exemples, Lens", **panne):
    with geocodeur(corps, **panne) as (service, _):
        return situer_l_adresse(fabriques.territoire(), texte, service=service)


def test_un_point_au_milieu_d_un_quartier_dit_oui_avec_les_deux_codes():
    verdict = situer_le_point(fabriques.territoire(), *_point_dedans())
    assert verdict.mot == "Oui"
    assert "QN06225M, ancien code QP062025" in verdict.phrase


def test_un_point_loin_dit_non_avec_la_distance():
    verdict = situer_le_point(fabriques.territoire(), 2.70, 50.40)
    assert verdict.mot == "Non"
    assert verdict.phrase.startswith("Non. Le quartier le plus proche, ")
    assert verdict.distance in verdict.phrase


def test_une_adresse_au_numero_dans_un_quartier_dit_oui():
    verdict = _verdict(reponse(lieu("12 Rue des Exemples 62300 Lens", *_point_dedans())))
    assert (verdict.mot, verdict.code) == ("Oui", DEDANS)
    assert verdict.trouvee == "12 Rue des Exemples 62300 Lens"


def test_une_adresse_au_numero_loin_d_un_quartier_dit_non():
    verdict = _verdict(reponse(lieu("1 Rue Loin", 2.70, 50.40, insee="62001", ville="Ablain")))
    assert verdict.mot == "Non"


@pytest.mark.parametrize("genre", ["street", "locality", "municipality", "inconnu"])
def test_une_adresse_a_la_rue_pres_est_a_verifier(genre):
    assert _verdict(reponse(lieu("Rue des Exemples", *_point_dedans(), genre=genre))).mot == "À vérifier"
    assert _verdict(reponse(lieu("Rue Loin", 2.70, 50.40, genre=genre))).mot == "À vérifier"


def test_un_score_trop_bas_est_a_verifier_et_propose_l_adresse():
    verdict = _verdict(reponse(lieu("10 Place des Cinq", 2.70, 50.40, score=0.52)))
    assert verdict.mot == "À vérifier"
    assert [x.libelle for x in verdict.choix] == ["10 Place des Cinq"]


def test_une_adresse_de_plusieurs_communes_demande_de_choisir():
    verdict = _verdict(
        reponse(lieu("1 Rue Verte Lens", 2.70, 50.40), lieu("1 Rue Verte Liévin", 2.75, 50.42, insee="62510"))
    )
    assert verdict.mot == "À vérifier"
    assert len(verdict.choix) == 2


def test_une_adresse_d_une_autre_region_n_est_jamais_non():
    verdict = _verdict(reponse(lieu("12 Rue des Exemples Paris", 2.35, 48.85, insee="75115", ville="Paris")))
    assert verdict.mot == "À vérifier"
    assert "Paris" in verdict.phrase


def test_une_adresse_introuvable_est_a_verifier():
    assert _verdict(reponse()).mot == "À vérifier"


@pytest.mark.parametrize("texte", ["", "  ", "a", "!!", "?" * 300])
def test_une_adresse_illisible_ne_part_meme_pas(texte):
    with geocodeur(reponse()) as (service, recues):
        assert situer_l_adresse(fabriques.territoire(), texte, service=service).mot == "À vérifier"
    assert recues == []


@pytest.mark.parametrize(
    ("corps", "code"),
    [
        (b"<html>panne</html>", 200),
        (b"{}", 200),
        (b'{"features": [{"properties": {}}]}', 200),
        (b'{"features": [1]}', 200),
        (b"[" * 5000, 200),
        (b"\xff\xfe", 200),
        (b'{"features": []' + b" " * 300_000 + b"}", 200),
        (b'{"code": 500}', 500),
        (b"", 429),
        (b"", 302),
    ],
)
def test_une_reponse_absurde_dit_que_rien_n_a_ete_verifie(corps, code):
    assert _verdict(corps, code=code).mot == "Pas de réponse"


def test_un_service_absent_se_dit_et_la_page_recommence(settings):
    """Une panne n'est pas un doute sur l'adresse : rien n'a été vérifié, et la page réessaie."""
    with geocodeur(reponse()) as (service, _):
        pass
    settings.GEOCODEUR = service
    page = fabriques.client().post("/quartiers/adresse/", {"adresse": "12 rue des Tulipes"}).content.decode()
    assert '<p class="verdict">Pas de réponse</p>' in page
    assert "Le service qui situe les adresses est en panne" in page
    assert 'hx-trigger="submit, load delay:20s"' in page
    assert 'name="adresse" value="12 rue des Tulipes"' in page
    assert "À vérifier" not in page


@pytest.mark.parametrize("panne", [{"pause": 1.0}, {"goutte": 0.05}])
def test_un_service_trop_lent_ne_fait_pas_attendre(panne):
    with geocodeur(reponse(lieu("1 Rue", 2.8, 50.4)), **panne) as (service, _):
        debut = time.monotonic()
        with pytest.raises(ServiceIndisponible):
            clients.chercher("12 rue", service=service, lon=2.8, lat=50.4, delai_s=0.3)
        assert time.monotonic() - debut < 0.9


@pytest.mark.parametrize("service", ["ftp://ailleurs.example", "fichier", ""])
def test_une_adresse_de_service_qui_n_est_pas_du_web_est_refusee(service):
    with pytest.raises(ServiceIndisponible):
        clients.chercher("12 rue des Exemples", service=service, lon=2.8, lat=50.4)


def test_la_requete_suit_le_contrat():
    with geocodeur(reponse()) as (service, recues):
        clients.chercher("  12  rue des Exemples ", service=service, lon=2.83, lat=50.43)
    parametres, entetes = recues[0]
    assert parametres["q"] == ["12 rue des Exemples"]
    assert parametres["autocomplete"] == ["0"]
    assert 1 <= int(parametres["limit"][0]) <= 20
    assert entetes["User-Agent"].startswith("Ensemblier")


def test_l_adresse_de_personne_n_est_gardee(settings):
    adresse._contours.cache_clear()
    with (
        geocodeur(reponse(lieu("12 Rue des Tulipes", *_point_dedans()))) as (service, _),
        CaptureQueriesContext(connection) as requetes,
    ):
        settings.GEOCODEUR = service
        navigateur = fabriques.client()
        reponse_http = navigateur.post("/quartiers/adresse/", {"adresse": "12 rue des Tulipes"})
    assert b"Oui, dans le quartier" in reponse_http.content
    assert not Trace.objects.exists()
    assert requetes
    assert not any("ulipes" in r["sql"] for r in requetes)
    assert not navigateur.session.keys()
