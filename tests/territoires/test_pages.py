"""Les pages des quartiers : comptés, jamais écrits en dur (R16-R20)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ensemblier.territoires.actes import charger
from ensemblier.territoires.contour import METRES_PAR_DEGRE, dessiner
from tests import fabriques
from tests.territoires.geocodeur import geocodeur, lieu, reponse

pytestmark = pytest.mark.django_db


def _page(adresse, **kwargs):
    return fabriques.client().get(adresse, **kwargs).content.decode()


def test_les_quartiers_sont_comptes():
    pack = fabriques.pack_du_territoire()
    page = _page("/quartiers/")
    assert f"{len(pack.quartiers)}\u00a0quartiers prioritaires" in page
    moins = pack.model_copy(update={"quartiers": pack.quartiers[:4]})
    charger(moins, le=fabriques.OUVERTURE, hote="")
    assert "4\u00a0quartiers prioritaires" in _page("/quartiers/")


def test_le_nombre_de_requetes_ne_depend_pas_du_nombre_de_quartiers():
    pack = fabriques.pack_du_territoire()
    comptes = []
    for nombre in (2, 12):
        charger(
            pack.model_copy(update={"quartiers": pack.quartiers[:nombre]}), le=fabriques.OUVERTURE, hote=""
        )
        navigateur = fabriques.client()
        navigateur.get("/quartiers/")
        with CaptureQueriesContext(connection) as requetes:
            navigateur.get("/quartiers/")
        comptes.append(len(requetes))
    assert comptes[0] == comptes[1] <= 12


def test_l_ancien_code_mene_au_quartier_en_le_disant():
    page = _page("/quartiers/QP062025/")
    assert "QN06225M" in page
    assert "Le périmètre a changé" in page


def test_une_commune_hors_agglomeration_n_a_pas_de_contact_demande():
    page = _page("/quartiers/QN06216M/")
    assert "Aucun contact n'y est demandé" in page.replace("&#x27;", "'")


def test_la_page_d_une_commune_montre_ses_quartiers():
    page = _page("/quartiers/communes/lens/")
    assert "Lens compte 5\u00a0quartiers prioritaires" in page


@pytest.mark.parametrize("adresse", ["/quartiers/QN99999M/", "/quartiers/communes/paris/"])
def test_un_lieu_inconnu_est_introuvable(adresse):
    assert fabriques.client().get(adresse).status_code == 404


def test_un_point_dans_l_adresse_de_la_page_repond():
    quartier = fabriques.pack_du_territoire().quartier("QN06225M")
    page = _page(f"/quartiers/adresse/?lon={quartier.lon}&lat={quartier.lat}")
    assert "Oui, dans le quartier" in page
    assert "sans valeur juridique" in page


@pytest.mark.parametrize("question", ["lon=abc&lat=50", "lon=2.8", "lon=nan&lat=50.4", "lon=500&lat=50"])
def test_un_point_illisible_montre_la_question(question):
    reponse_http = fabriques.client().get(f"/quartiers/adresse/?{question}")
    assert reponse_http.status_code == 200
    assert "oui, non, ou à vérifier" in reponse_http.content.decode()


def test_une_adresse_introuvable_propose_le_service(settings):
    with geocodeur(reponse()) as (service, _):
        settings.GEOCODEUR = service
        page = fabriques.client().post("/quartiers/adresse/", {"adresse": "12 rue Inconnue"}).content.decode()
    assert "À vérifier" in page
    assert "Demander au service" in page
    assert "12 rue Inconnue" in page


def test_une_adresse_vide_dit_quoi_faire():
    reponse_http = fabriques.client().post("/quartiers/adresse/", {"adresse": ""})
    assert reponse_http.status_code == 422


def test_une_adresse_hostile_est_ecrite_comme_du_texte(settings):
    with geocodeur(reponse(lieu("<script>x</script>", 2.8, 50.4, score=0.2))) as (service, _):
        settings.GEOCODEUR = service
        page = fabriques.client().post("/quartiers/adresse/", {"adresse": "<script>y"}).content.decode()
    assert "<script>x" not in page
    assert "<script>y" not in page


def test_le_contour_se_dessine_sans_service():
    dessin = dessiner(fabriques.territoire().quartiers.first().contour)
    assert dessin.chemin.startswith("M")
    assert 0 < dessin.largeur <= 320
    assert 0 < dessin.hauteur <= 320
    assert dessiner({}) is None


def test_la_carte_est_a_l_echelle_et_place_l_adresse():
    """Un carré d'un kilomètre, une adresse à un kilomètre à l'est de son coin."""
    cote = 1000 / METRES_PAR_DEGRE
    carre = {"type": "Polygon", "coordinates": [[[0, 0], [cote, 0], [cote, cote], [0, cote], [0, 0]]]}
    dessin = dessiner(carre, point=(2 * cote, 0))
    assert (dessin.largeur, dessin.hauteur) == (320, 168)
    assert dessin.point == ("312.0", "160.0")
    metres, pixels = dessin.regle
    assert metres == 500
    assert float(pixels) == pytest.approx(500 * 304 / 2000, abs=0.1)


def test_une_adresse_situee_se_dessine_sur_demande_une_adresse_lointaine_non():
    quartier = fabriques.pack_du_territoire().quartiers[0]
    pres = _page(f"/quartiers/adresse/?lon={quartier.lon}&lat={quartier.lat}")
    assert "Afficher la carte" in pres
    assert "contour__ici" in pres
    assert "contour__ici" not in _page("/quartiers/adresse/?lon=2.35&lat=48.85")
