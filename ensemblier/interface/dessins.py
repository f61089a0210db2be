"""Les dessins du serveur : graphiques et cartes en SVG, chacun avec son jumeau en tableau ou en liste."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from . import formats
from .lecture import lire, liste, part, texte
from .presentation import couleur

LARGEUR_CARTE = 720
MARGE_CARTE = 12
CORPS_DU_NOM = 14
PAS = 46
"""La hauteur d'une ligne de graphique, en pixels : une étiquette, une barre, un blanc."""
LONGUEUR_ETIQUETTE = 24
"""Le SVG ne va pas à la ligne : à 320 px, vingt-quatre caractères et un montant tiennent côte à côte."""


def graphique(lignes: Any) -> dict[str, Any]:
    """Rend les barres triées, la plus longue d'abord ; axe à zéro, étiquettes et montants écrits.

    `lignes` : {libelle, montant, financeur, url}. Sans financeur, la barre prend la couleur du texte.
    """
    lues = [
        {
            "libelle": texte(ligne, "libelle"),
            "court": _court(texte(ligne, "libelle")),
            "valeur": formats.decimal(lire(ligne, "montant", 0)),
            "classe": couleur(texte(ligne, "financeur")) if texte(ligne, "financeur") else "",
            "url": texte(ligne, "url"),
        }
        for ligne in lignes
    ]
    lues.sort(key=lambda x: -x["valeur"])
    grand = max((x["valeur"] for x in lues), default=Decimal(0))
    somme = sum((x["valeur"] for x in lues), Decimal(0))
    for rang, ligne in enumerate(lues):
        ligne["largeur"] = part(ligne["valeur"], grand)
        ligne["part"] = formats.pourcent(ligne["valeur"] / somme) if somme else ""
        ligne["y_texte"], ligne["y_barre"] = rang * PAS + 16, rang * PAS + 23
    return {"lignes": lues, "hauteur": max(PAS * len(lues) - 6, 0), "somme": somme}


def _court(libelle: str) -> str:
    return libelle if len(libelle) <= LONGUEUR_ETIQUETTE else libelle[: LONGUEUR_ETIQUETTE - 1].rstrip() + "…"


def carte(zones: Any, lieux: Any = ()) -> dict[str, Any]:
    """Rend les tracés d'une carte : `zones` de {nom, code, contour GeoJSON, url, classe de 1 à 5, valeur}.

    Projection plate, la longitude resserrée par la latitude moyenne : juste à l'échelle d'une agglomération.
    `lieux` de {nom, lon, lat} : des noms à écrire, du plus utile au moins utile ; un nom qui en couvrirait un
    autre n'est pas écrit.
    """
    lues = [(z, list(_anneaux(lire(z, "contour", {})))) for z in zones]
    points = [p for _, anneaux in lues for anneau in anneaux for p in anneau]
    if not points:
        return {"zones": [], "lieux": [], "largeur": LARGEUR_CARTE, "hauteur": 0}
    ouest, est = min(p[0] for p in points), max(p[0] for p in points)
    sud, nord = min(p[1] for p in points), max(p[1] for p in points)
    resserre = math.cos(math.radians((sud + nord) / 2))
    utile = LARGEUR_CARTE - 2 * MARGE_CARTE
    haut = MARGE_CARTE + (2 * CORPS_DU_NOM if lieux else 0)
    echelle = utile / max((est - ouest) * resserre, (nord - sud), 1e-9)
    if (est - ouest) * resserre < nord - sud:
        echelle = utile * 0.8 / (nord - sud)

    def poser(point: Any) -> tuple[int, int]:
        return (
            round(MARGE_CARTE + (point[0] - ouest) * resserre * echelle),
            round(haut + (nord - point[1]) * echelle),
        )

    dessinees = [
        {
            "nom": texte(zone, "nom"),
            "code": texte(zone, "code"),
            "url": texte(zone, "url"),
            "classe": lire(zone, "classe", "") or 4,
            "valeur": texte(zone, "valeur"),
            "trace": "".join(_trace([poser(p) for p in anneau]) for anneau in anneaux),
        }
        for zone, anneaux in lues
        if anneaux
    ]
    hauteur = round(haut + MARGE_CARTE + (nord - sud) * echelle)
    places = [(texte(lieu, "nom"), *poser((lire(lieu, "lon", 0), lire(lieu, "lat", 0)))) for lieu in lieux]
    return {"zones": dessinees, "lieux": _noms(places), "largeur": LARGEUR_CARTE, "hauteur": hauteur}


def _noms(places: list[tuple[str, int, int]]) -> list[dict[str, Any]]:
    """Les noms qui tiennent ; `partout` si, écrit deux fois plus gros (écran étroit), il tient encore.

    Au bord, un nom rentre dans le cadre sans quitter de plus d'une largeur de lettres le lieu qu'il nomme.
    """
    gardes: list[dict[str, Any]] = []
    for nom, x, y in places:
        large, etroit = _dans_le_cadre(nom, x, 1), _dans_le_cadre(nom, x, 2)
        partout = etroit == large and not any(_couvre(nom, x, y, g, 2) for g in gardes if g["partout"])
        if abs(large - x) <= 2 * CORPS_DU_NOM and not any(_couvre(nom, large, y, g, 1) for g in gardes):
            gardes.append({"nom": nom, "x": large, "y": y, "partout": partout})
    return gardes


def _dans_le_cadre(nom: str, x: int, fois: int) -> int:
    demi = len(nom) * CORPS_DU_NOM * 0.3 * fois
    return round(min(max(x, demi), LARGEUR_CARTE - demi))


def _couvre(nom: str, x: int, y: int, autre: dict[str, Any], fois: int) -> bool:
    """Deux noms centrés se touchent : une lettre fait à peu près 0,6 fois le corps."""
    demi = (len(nom) + len(autre["nom"])) * CORPS_DU_NOM * 0.3 * fois
    return abs(x - autre["x"]) < demi and abs(y - autre["y"]) < CORPS_DU_NOM * 1.2 * fois


def _anneaux(geometrie: Any) -> Iterator[list[Any]]:
    """Les anneaux d'un Polygon ou d'un MultiPolygon ; toute autre forme ne se dessine pas."""
    genre, coordonnees = texte(geometrie, "type"), liste(geometrie, "coordinates")
    if genre == "Polygon":
        yield from coordonnees
    elif genre == "MultiPolygon":
        for polygone in coordonnees:
            yield from polygone


def _trace(points: list[tuple[int, int]]) -> str:
    """Un anneau en chemin SVG, les points tombés sur le même pixel une seule fois."""
    gardes = [p for i, p in enumerate(points) if i == 0 or p != points[i - 1]]
    return "M" + "L".join(f"{x} {y}" for x, y in gardes) + "z"
