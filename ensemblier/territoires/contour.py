"""Le contour d'un quartier en chemin SVG : un dessin, sans fond de carte ni service."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians
from typing import Any

LARGEUR = 320


@dataclass(frozen=True, slots=True)
class Dessin:
    chemin: str
    largeur: int
    hauteur: int


def en_svg(contour: dict[str, Any]) -> Dessin | None:
    """Projette le contour à plat, le nord en haut ; `None` s'il est vide."""
    if not contour.get("coordinates"):
        return None
    polygones = contour["coordinates"] if contour["type"] == "MultiPolygon" else [contour["coordinates"]]
    anneaux = [anneau for polygone in polygones for anneau in polygone]
    points = [p for anneau in anneaux for p in anneau]
    ouest, est = min(p[0] for p in points), max(p[0] for p in points)
    sud, nord = min(p[1] for p in points), max(p[1] for p in points)
    serre = cos(radians((sud + nord) / 2))
    echelle = (LARGEUR - 8) / max((est - ouest) * serre, nord - sud)
    chemins = []
    for anneau in anneaux:
        traces = " ".join(
            f"{(p[0] - ouest) * serre * echelle + 4:.1f},{(nord - p[1]) * echelle + 4:.1f}" for p in anneau
        )
        chemins.append(f"M{traces}Z")
    largeur = round((est - ouest) * serre * echelle) + 8
    return Dessin(" ".join(chemins), largeur, round((nord - sud) * echelle) + 8)
