"""Dans, hors, à vérifier : des carrés dessinés pour éprouver les bords (R20, S67)."""

from __future__ import annotations

from math import cos, inf, nan, radians
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemblier.noyau import geographie as g
from tests.hasard import exemples

LON, LAT = 2.83, 50.43
PAR_LAT = 111_229.0
PAR_LON = 111_320.0 * cos(radians(LAT)) * 1.00199


def carre(lon: float, lat: float, cote_m: float) -> list[list[float]]:
    dx, dy = cote_m / PAR_LON, cote_m / PAR_LAT
    return [[lon, lat], [lon + dx, lat], [lon + dx, lat + dy], [lon, lat + dy], [lon, lat]]


def entite(code: str, *anneaux: list[list[float]], **autre: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code_qp": code, "lib_qp": f"Quartier {code}"} | autre,
        "geometry": {"type": "Polygon", "coordinates": list(anneaux)},
    }


def collection(*entites: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(entites)}


def a(metres_est: float, metres_nord: float) -> tuple[float, float]:
    return LON + metres_est / PAR_LON, LAT + metres_nord / PAR_LAT


@pytest.fixture(scope="module")
def deux_carres() -> g.Quartiers:
    """A, 400 m de côté ; B, séparé de A par une rue de 3 m à l'est."""
    return g.Quartiers.depuis_geojson(
        collection(entite("A", carre(LON, LAT, 400)), entite("B", carre(*a(403, 0), 400)))
    )


def test_au_milieu_on_est_dedans(deux_carres: g.Quartiers) -> None:
    lieu = deux_carres.situer(*a(200, 200))
    assert (lieu.verdict, lieu.code, lieu.nom) == ("dans", "A", "Quartier A")
    assert lieu.distance_m == pytest.approx(200, abs=0.5)
    assert "sans valeur juridique" in lieu.phrase


def test_loin_on_est_dehors_avec_le_plus_proche(deux_carres: g.Quartiers) -> None:
    lieu = deux_carres.situer(*a(-100, 200))
    assert (lieu.verdict, lieu.code, lieu.proche_code) == ("hors", "", "A")
    assert lieu.distance_m == pytest.approx(100, abs=0.5)


@pytest.mark.parametrize(
    ("est", "verdict"),
    [
        (-26, "hors"),
        (-24, "a_verifier"),
        (-1, "a_verifier"),
        (1, "a_verifier"),
        (24, "a_verifier"),
        (26, "dans"),
    ],
)
def test_r20_a_vingt_cinq_metres_d_une_limite_on_verifie(
    deux_carres: g.Quartiers, est: float, verdict: str
) -> None:
    lieu = deux_carres.situer(*a(est, 200))
    assert lieu.verdict == verdict
    assert "A" in {lieu.code, lieu.proche_code}


def test_sans_marge_la_meme_adresse_serait_affirmee_garde_levee(deux_carres: g.Quartiers) -> None:
    assert deux_carres.situer(*a(10, 200), marge_m=0).verdict == "dans"
    assert deux_carres.situer(*a(-10, 200), marge_m=0).verdict == "hors"


def test_entre_deux_quartiers_les_deux_sont_nommes(deux_carres: g.Quartiers) -> None:
    lieu = deux_carres.situer(*a(401, 200))
    assert (lieu.verdict, lieu.code, lieu.proche_code) == ("a_verifier", "A", "B")
    assert deux_carres.situer(*a(399, 200)).code == "A"


def test_un_trou_n_est_pas_dans_le_quartier() -> None:
    troue = g.Quartiers.depuis_geojson(
        collection(entite("T", carre(LON, LAT, 1000), carre(*a(300, 300), 400)))
    )
    assert troue.situer(*a(500, 500)).verdict == "hors"
    assert troue.situer(*a(150, 150)).verdict == "dans"
    assert troue.situer(*a(290, 500)).verdict == "a_verifier"


def test_deux_quartiers_qui_se_recouvrent_sont_a_verifier() -> None:
    recouvre = g.Quartiers.depuis_geojson(
        collection(entite("A", carre(LON, LAT, 400)), entite("B", carre(*a(100, 0), 400)))
    )
    assert recouvre.situer(*a(250, 200)).verdict == "a_verifier"


@pytest.mark.parametrize("point", [(None, None), (LON, None), (nan, LAT), (LON, inf)])
def test_s67_sans_position_on_verifie_jamais_hors(
    deux_carres: g.Quartiers, point: tuple[float | None, float | None]
) -> None:
    lieu = deux_carres.situer(*point)
    assert (lieu.verdict, lieu.distance_m) == ("a_verifier", None)
    assert "service" in lieu.phrase


def test_des_coordonnees_inversees_se_disent(deux_carres: g.Quartiers) -> None:
    assert "inversées" in deux_carres.situer(LAT, LON).phrase
    assert deux_carres.situer(0, 0).verdict == "a_verifier"


@pytest.mark.parametrize("est", [-5000, 200])
def test_r20_une_adresse_situee_a_la_rue_est_a_verifier(deux_carres: g.Quartiers, est: float) -> None:
    assert deux_carres.situer(*a(est, 200), precision="rue").verdict == "a_verifier"


def test_sans_contour_rien_n_est_hors() -> None:
    assert g.Quartiers([]).situer(LON, LAT).verdict == "a_verifier"


def test_la_distance_locale_est_juste() -> None:
    """Arcs de référence de l'ellipsoïde WGS84 à 50° : une minute de latitude, une minute de longitude."""
    assert g.distance_m(2.83, 50 - 1 / 120, 2.83, 50 + 1 / 120) == pytest.approx(1853.77, abs=0.5)
    assert g.distance_m(2.83 - 1 / 120, 50, 2.83 + 1 / 120, 50) == pytest.approx(1194.9, abs=0.5)


@settings(max_examples=exemples(60), deadline=None)
@given(est=st.floats(-600, 1400), nord=st.floats(-600, 1000))
def test_le_verdict_suit_la_geometrie(est: float, nord: float) -> None:
    quartiers = _CARRES
    lieu = quartiers.situer(*a(est, nord))
    dedans = 0 <= est <= 400 and 0 <= nord <= 400
    dx, dy = max(-est, est - 400, 0), max(-nord, nord - 400, 0)
    exacte = min(est, 400 - est, nord, 400 - nord) if dedans else (dx * dx + dy * dy) ** 0.5
    if abs(exacte - g.MARGE_M) < 0.5:
        return
    attendu = "a_verifier" if exacte <= g.MARGE_M else "dans" if dedans else "hors"
    assert lieu.verdict == attendu
    assert lieu.distance_m == pytest.approx(exacte, abs=1)


_CARRES = g.Quartiers.depuis_geojson(collection(entite("A", carre(LON, LAT, 400))))

NOEUD = [[2.8, 50.4], [2.81, 50.41], [2.81, 50.4], [2.8, 50.41], [2.8, 50.4]]


@pytest.mark.parametrize(
    ("donnees", "mot"),
    [
        ({"type": "Feature"}, "FeatureCollection"),
        (collection(), "au moins un"),
        (collection(entite("A", carre(LON, LAT, 400)[:-1])), "fermé"),
        (collection(entite("A", [[2.8, 50.4], [2.9, 50.4], [2.8, 50.4]])), "quatre"),
        (collection(entite("A", [[y, x] for x, y in carre(LON, LAT, 400)])), "inversées"),
        (collection(entite("A", carre(12.5, 41.9, 400))), "hors de France"),
        (collection(entite("A", NOEUD)), "se croise"),
        (collection(entite("A")), "vide"),
        (collection(entite("A", [["x", "y"]] * 4)), "paires"),
        (collection(entite("A", [[nan, 50.4], [2.8, 50.4], [2.81, 50.4], [nan, 50.4]])), "point"),
        (collection(entite("", carre(LON, LAT, 400))), "code_qp"),
        (collection(entite("A", carre(LON, LAT, 400)), entite("A", carre(LON, LAT, 300))), "deux fois"),
        (
            collection({"type": "Feature", "properties": {"code_qp": "A", "lib_qp": "A"}, "geometry": None}),
            "Polygon",
        ),
    ],
)
def test_un_contour_mal_dessine_est_refuse_en_disant_quoi(donnees: dict[str, Any], mot: str) -> None:
    with pytest.raises(g.ContourInvalide, match=mot):
        g.Quartiers.depuis_geojson(donnees)


def test_toutes_les_erreurs_se_disent_a_la_fois() -> None:
    with pytest.raises(g.ContourInvalide) as refus:
        g.Quartiers.depuis_geojson(
            collection(
                entite("A", NOEUD), entite("B", carre(LON, LAT, 400)[:-1]), entite("C", carre(LON, LAT, 90))
            )
        )
    assert [erreur[0] for erreur in refus.value.erreurs] == ["A", "B"]
