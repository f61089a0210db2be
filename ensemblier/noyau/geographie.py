"""Un point est-il dans un quartier ? Dans, hors, ou à vérifier, avec la distance (R20, S67).

Coordonnées en degrés WGS84, longitude puis latitude ; distances en mètres, dans un plan local tracé autour du
point (à 25 m, l'erreur est de l'ordre du millimètre). shapely n'est chargé qu'à l'usage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, isfinite, radians, sin, sqrt
from typing import Any, Literal

from ensemblier.noyau.ecritures import INSECABLE

MARGE_M = 25.0
MENTION = "Réponse indicative, sans valeur juridique."

# Longitude et latitude : métropole, Antilles et Guyane, Saint-Pierre-et-Miquelon, océan Indien, Pacifique.
_FRANCE = (
    (-5.6, 41.0, 9.8, 51.3),
    (-63.3, 2.0, -51.4, 18.3),
    (-56.6, 46.6, -56.0, 47.3),
    (44.9, -21.5, 56.0, -12.4),
    (-154.9, -28.0, -134.0, -7.7),
    (158.0, -23.0, 172.0, -17.9),
    (-178.4, -14.6, -175.9, -13.1),
)
_GRAND_AXE = 6_378_137.0
_EXCENTRICITE_2 = 0.006_694_379_990_14


class ContourInvalide(ValueError):
    """Les contours ne se lisent pas ; `erreurs` les dit toutes à la fois."""

    def __init__(self, erreurs: Sequence[str]) -> None:
        self.erreurs = tuple(erreur.replace(" :", f"{INSECABLE}:") for erreur in erreurs)
        super().__init__("\n".join(self.erreurs))


@dataclass(frozen=True, slots=True)
class Contour:
    """Un quartier relu ; `geometrie` est un polygone (ou plusieurs) de shapely, en degrés."""

    code: str
    nom: str
    geometrie: Any


@dataclass(frozen=True, slots=True)
class Reponse:
    """`code` et `nom` : le quartier qui contient le point, ou celui dont la limite le rend incertain.

    `distance_m` : la distance à la limite de ce quartier ou, hors quartier, au plus proche. `proche_code`,
    `proche_nom` : hors quartier, le plus proche ; sinon un autre quartier dans la marge, s'il y en a un.
    """

    verdict: Literal["dans", "hors", "a_verifier"]
    code: str
    nom: str
    distance_m: float | None
    phrase: str
    proche_code: str = ""
    proche_nom: str = ""


def _en_france(lon: float, lat: float) -> bool:
    return any(o <= lon <= e and s <= lat <= n for o, s, e, n in _FRANCE)


def _echelles(lat: float) -> tuple[float, float]:
    """Mètres par degré de longitude et de latitude, sur l'ellipsoïde, à cette latitude."""
    phi = radians(lat)
    w2 = 1 - _EXCENTRICITE_2 * sin(phi) ** 2
    normale = _GRAND_AXE / sqrt(w2)
    meridienne = _GRAND_AXE * (1 - _EXCENTRICITE_2) / w2**1.5
    return radians(1) * normale * cos(phi), radians(1) * meridienne


def _projeter(geometrie: Any, lon0: float, lat0: float) -> Any:
    import shapely

    par_lon, par_lat = _echelles(lat0)
    return shapely.transform(geometrie, lambda points: (points - (lon0, lat0)) * (par_lon, par_lat))


def distance_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """La distance de deux points voisins (quelques kilomètres), en mètres."""
    par_lon, par_lat = _echelles((lat1 + lat2) / 2)
    return sqrt(((lon2 - lon1) * par_lon) ** 2 + ((lat2 - lat1) * par_lat) ** 2)


def _anneaux(geometrie: Mapping[str, Any]) -> Iterable[Any]:
    coordonnees = geometrie.get("coordinates") or []
    if geometrie.get("type") == "Polygon":
        return list(coordonnees)
    return [anneau for polygone in coordonnees for anneau in polygone]


def _relire_anneau(anneau: Any) -> str:
    """Ce qui ne va pas dans un anneau, ou rien."""
    try:
        points = [(float(point[0]), float(point[1])) for point in anneau]
    except (TypeError, ValueError, IndexError):
        return "un anneau contient autre chose que des paires longitude, latitude"
    if len(points) < 4:
        return f"un anneau a {len(points)} points, il en faut au moins quatre"
    if points[0] != points[-1]:
        return "un anneau n'est pas fermé : le dernier point n'est pas le premier"
    for lon, lat in points:
        if not (isfinite(lon) and isfinite(lat)):
            return "un point n'a pas de coordonnées"
        if not _en_france(lon, lat):
            inverses = _en_france(lat, lon)
            quoi = "longitude et latitude sont inversées" if inverses else "il est hors de France"
            return f"le point {lon}, {lat} est mal placé : {quoi}"
    return ""


def _relire(entite: Any, rang: int, cle_code: str, cle_nom: str) -> Contour | list[str]:
    import shapely
    from shapely.geometry import shape

    proprietes = (entite.get("properties") or {}) if isinstance(entite, Mapping) else {}
    code, nom = str(proprietes.get(cle_code) or ""), str(proprietes.get(cle_nom) or "")
    qui = code or f"entité n° {rang}"
    erreurs = [f"{qui} : la propriété « {c} » manque" for c, v in ((cle_code, code), (cle_nom, nom)) if not v]
    geometrie = entite.get("geometry") if isinstance(entite, Mapping) else None
    if not isinstance(geometrie, Mapping) or geometrie.get("type") not in {"Polygon", "MultiPolygon"}:
        return [*erreurs, f"{qui} : le contour n'est ni un Polygon ni un MultiPolygon"]
    anneaux = list(_anneaux(geometrie))
    if not anneaux:
        return [*erreurs, f"{qui} : le contour est vide"]
    defauts = [f"{qui} : {defaut}" for defaut in map(_relire_anneau, anneaux) if defaut]
    if defauts:
        return [*erreurs, *defauts]
    forme = shape(geometrie)
    if not forme.is_valid:
        erreurs.append(f"{qui} : le contour se croise ({shapely.is_valid_reason(forme)})")
    return erreurs or Contour(code, nom, forme)


def _metres(distance: float) -> str:
    if distance < 1000:
        return f"{distance:.0f}{INSECABLE}m"
    return f"{distance / 1000:.1f}{INSECABLE}km".replace(".", ",")


class Quartiers:
    """Les contours d'un territoire, indexés ; se construit une fois, répond en moins d'une milliseconde."""

    def __init__(self, contours: Sequence[Contour]) -> None:
        import shapely

        self.contours = tuple(contours)
        bornes = [c.geometrie.bounds for c in self.contours]
        combien = 2 * len(bornes) or 1
        self._centre = (
            sum(b[0] + b[2] for b in bornes) / combien,
            sum(b[1] + b[3] for b in bornes) / combien,
        )
        self._plans = [_projeter(c.geometrie, *self._centre) for c in self.contours]
        self._arbre = shapely.STRtree(self._plans)

    @classmethod
    def depuis_geojson(
        cls, donnees: Mapping[str, Any], *, cle_code: str = "code_qp", cle_nom: str = "lib_qp"
    ) -> Quartiers:
        """Relit une FeatureCollection en WGS84 ; lève `ContourInvalide` avec toutes les erreurs à la fois."""
        entites = donnees.get("features")
        if donnees.get("type") != "FeatureCollection" or not isinstance(entites, list) or not entites:
            raise ContourInvalide(
                ["Le fichier n'est pas une FeatureCollection GeoJSON avec au moins un contour"]
            )
        contours: list[Contour] = []
        erreurs: list[str] = []
        for rang, entite in enumerate(entites, start=1):
            relu = _relire(entite, rang, cle_code, cle_nom)
            if isinstance(relu, Contour):
                contours.append(relu)
            else:
                erreurs.extend(relu)
        codes = [c.code for c in contours]
        erreurs.extend(
            f"{code} : le contour est écrit deux fois" for code in sorted(set(codes)) if codes.count(code) > 1
        )
        if erreurs:
            raise ContourInvalide(erreurs)
        return cls(contours)

    def _voisins(self, lon: float, lat: float) -> list[tuple[float, bool, Contour]]:
        """Distance à la limite, contient le point, contour : le plus proche et tous ceux de la marge."""
        import shapely

        par_lon, par_lat = _echelles(self._centre[1])
        ici = shapely.Point((lon - self._centre[0]) * par_lon, (lat - self._centre[1]) * par_lat)
        _, distances = self._arbre.query_nearest(ici, return_distance=True)
        # Le plan commun sert à trier large ; la mesure se refait dans un plan tracé autour du point.
        rangs = self._arbre.query(ici, predicate="dwithin", distance=float(distances[0]) * 1.05 + 100)
        origine = shapely.Point(0, 0)
        voisins: list[tuple[float, bool, Contour]] = []
        for rang in rangs:
            contour = self.contours[int(rang)]
            plan = _projeter(contour.geometrie, lon, lat)
            voisins.append((float(plan.boundary.distance(origine)), bool(plan.covers(origine)), contour))
        return sorted(voisins, key=lambda voisin: (not voisin[1], voisin[0]))

    def situer(
        self,
        lon: float | None,
        lat: float | None,
        *,
        marge_m: float = MARGE_M,
        precision: Literal["numero", "rue", "commune"] = "numero",
    ) -> Reponse:
        """R20 : `dans`, `hors`, ou `a_verifier` (à la marge d'une limite, à la rue près, ou sans position).

        Jamais `hors` par défaut : sans position sûre, la réponse est `a_verifier` (S67).
        """
        if lon is None or lat is None or not (isfinite(lon) and isfinite(lat)):
            return _incertain("L'adresse n'a pas été trouvée. Contactez le service, qui vérifiera avec vous.")
        if not _en_france(lon, lat):
            quoi = "semblent inversées" if _en_france(lat, lon) else "tombent hors de France"
            return _incertain(f"Les coordonnées {quoi}. Vérifiez la longitude et la latitude.")
        if not self.contours:
            return _incertain(
                "Les contours des quartiers manquent. Contactez le service, qui vérifiera avec vous."
            )
        voisins = self._voisins(lon, lat)
        distance, dedans, contour = voisins[0]
        autre = next((v[2] for v in voisins[1:] if v[0] <= marge_m or v[1]), None)
        if precision != "numero":
            return _a_la_rue(distance, dedans, contour)
        if dedans and distance > marge_m and autre is None:
            phrase = (
                f"Cette adresse est dans le quartier {contour.nom}, à {_metres(distance)} de sa limite. "
                f"{MENTION}"
            )
            return Reponse("dans", contour.code, contour.nom, distance, phrase)
        if not dedans and distance > marge_m:
            phrase = (
                "Cette adresse est hors des quartiers prioritaires du territoire. Le plus proche, "
                f"{contour.nom}, est à {_metres(distance)}. {MENTION}"
            )
            return Reponse("hors", "", "", distance, phrase, contour.code, contour.nom)
        cote = "à l'intérieur" if dedans else "à l'extérieur"
        phrase = (
            f"Cette adresse est à {_metres(distance)} de la limite du quartier {contour.nom}, {cote}. "
            f"Il faut la vérifier{INSECABLE}: contactez le service. {MENTION}"
        )
        proche = (autre.code, autre.nom) if autre else ("", "")
        return Reponse("a_verifier", contour.code, contour.nom, distance, phrase, *proche)


def _incertain(phrase: str) -> Reponse:
    return Reponse("a_verifier", "", "", None, phrase)


def _a_la_rue(distance: float, dedans: bool, contour: Contour) -> Reponse:
    lieu = "dans" if dedans else f"à {_metres(distance)} de"
    phrase = (
        f"L'adresse n'est située qu'à la rue ou à la commune près, {lieu} {contour.nom}{INSECABLE}: "
        f"il faut la vérifier. Ajoutez le numéro ou contactez le service. {MENTION}"
    )
    return Reponse("a_verifier", contour.code, contour.nom, distance, phrase)
