"""Le contour d'un quartier en chemin SVG : un dessin à l'échelle, sans fond de carte ni service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import cos, radians
from typing import Any

LARGEUR = 320
MARGE = 8
ENTRE_DEUX_POINTS = 0.6
"""En pixels : un point plus proche du précédent ne se verrait pas."""
METRES_PAR_DEGRE = 111_320
REGLES = (100, 200, 500, 1_000, 2_000, 5_000)


@dataclass(frozen=True, slots=True)
class Dessin:
    """Un contour à plat, le nord en haut ; `regle` : une longueur en mètres et sa taille sur le dessin."""

    chemin: str
    largeur: int
    hauteur: int
    regle: tuple[int, str]
    point: tuple[str, str] | None = None


def _anneaux(contour: dict[str, Any]) -> Iterator[list[list[float]]]:
    coordonnees = contour.get("coordinates") or []
    for polygone in coordonnees if contour.get("type") == "MultiPolygon" else [coordonnees]:
        yield from polygone


def sommet(contour: dict[str, Any]) -> tuple[float, float]:
    """Le milieu d'ouest en est et le bord nord, en degrés : où écrire un nom au-dessus d'un contour."""
    points = [point for anneau in _anneaux(contour) for point in anneau]
    lons = [point[0] for point in points]
    return (min(lons) + max(lons)) / 2, max(point[1] for point in points)


def dessiner(contour: dict[str, Any], *, point: tuple[float, float] | None = None) -> Dessin | None:
    """Dessine un contour, et un point en degrés s'il est dit, à la même échelle ; `None` s'il est vide."""
    anneaux = list(_anneaux(contour))
    points = [p for anneau in anneaux for p in anneau]
    if not points:
        return None
    cadre = [*points, point] if point else points
    ouest, est = min(p[0] for p in cadre), max(p[0] for p in cadre)
    sud, nord = min(p[1] for p in cadre), max(p[1] for p in cadre)
    serre = cos(radians((sud + nord) / 2))
    echelle = (LARGEUR - 2 * MARGE) / max((est - ouest) * serre, nord - sud)

    def placer(p: Any) -> tuple[float, float]:
        return (p[0] - ouest) * serre * echelle + MARGE, (nord - p[1]) * echelle + MARGE

    ici = placer(point) if point else None
    pixels = echelle / METRES_PAR_DEGRE
    metres = max((m for m in REGLES if m * pixels <= LARGEUR / 3), default=REGLES[0])
    return Dessin(
        chemin=" ".join(_chemin(map(placer, anneau)) for anneau in anneaux),
        largeur=round((est - ouest) * serre * echelle) + 2 * MARGE,
        hauteur=round((nord - sud) * echelle) + 2 * MARGE,
        regle=(metres, f"{metres * pixels:.1f}"),
        point=(f"{ici[0]:.1f}", f"{ici[1]:.1f}") if ici else None,
    )


def _chemin(points: Iterable[tuple[float, float]]) -> str:
    """« M1.0,2.0 3.0,4.0Z », sans les points qui se confondraient à l'écran."""
    gardes: list[tuple[float, float]] = []
    for x, y in points:
        if not gardes or abs(x - gardes[-1][0]) + abs(y - gardes[-1][1]) >= ENTRE_DEUX_POINTS:
            gardes.append((x, y))
    return "M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in gardes) + "Z"
