"""Les vrais contours du pack : chaque point intérieur répond son quartier, chaque limite se vérifie (R20)."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from ensemblier.noyau import geographie as g

PACK = Path(__file__).parents[2] / "packs" / "lens-lievin"


@pytest.fixture(scope="module")
def quartiers() -> g.Quartiers:
    return g.Quartiers.depuis_geojson(json.loads((PACK / "quartiers.geojson").read_text("utf-8")))


@pytest.fixture(scope="module")
def lignes() -> list[dict[str, str]]:
    with (PACK / "quartiers.csv").open(encoding="utf-8", newline="") as fichier:
        return list(csv.DictReader(fichier))


def test_la_liste_et_les_contours_nomment_les_memes_quartiers(
    quartiers: g.Quartiers, lignes: list[dict[str, str]]
) -> None:
    assert sorted(ligne["code"] for ligne in lignes) == sorted(c.code for c in quartiers.contours)


def test_chaque_point_interieur_repond_son_quartier(
    quartiers: g.Quartiers, lignes: list[dict[str, str]]
) -> None:
    assert lignes
    for ligne in lignes:
        lieu = quartiers.situer(float(ligne["lon"]), float(ligne["lat"]))
        assert (lieu.verdict, lieu.code) == ("dans", ligne["code"])
        assert lieu.distance_m is not None
        assert lieu.distance_m > g.MARGE_M


def test_un_centroide_hors_de_son_quartier_n_y_est_pas_dit_dedans(
    quartiers: g.Quartiers, lignes: list[dict[str, str]]
) -> None:
    dehors = {ligne["code"] for ligne in lignes if ligne["centroide_dedans"] == "non"}
    assert dehors
    for contour in quartiers.contours:
        centre = contour.geometrie.centroid
        lieu = quartiers.situer(centre.x, centre.y)
        if contour.code in dehors:
            assert (lieu.verdict, lieu.code) != ("dans", contour.code)
        else:
            assert lieu.code == contour.code


def test_chaque_sommet_d_un_contour_est_a_verifier(quartiers: g.Quartiers) -> None:
    for contour in quartiers.contours:
        for lon, lat in list(contour.geometrie.geoms[0].exterior.coords)[::20]:
            lieu = quartiers.situer(lon, lat)
            assert lieu.verdict == "a_verifier"
            assert contour.code in {lieu.code, lieu.proche_code}
