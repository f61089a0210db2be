"""Suis-je en quartier prioritaire ? Oui, non, ou à vérifier ; jamais « non » par défaut (R20, S67)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ensemblier.noyau import geographie
from ensemblier.registre.sorties import ServiceIndisponible
from ensemblier.territoires import clients
from ensemblier.territoires.models import Quartier, Territoire

SCORE_MINIMAL = 0.7
DESSIN_MAXIMAL_M = 3_000
ECART_DE_SCORE = 0.05
INSECABLE = "\u00a0"


@dataclass(frozen=True, slots=True)
class Verdict:
    """La réponse : un mot, une phrase, la distance ; `choix` : les adresses entre lesquelles choisir.

    « Pas de réponse » : le service des adresses est en panne, rien n'a été vérifié, la page recommence.

    `point` : où l'adresse est située, si elle l'est assez près d'un quartier pour se dessiner.
    """

    mot: Literal["Oui", "Non", "À vérifier", "Pas de réponse"]
    phrase: str
    code: str = ""
    proche_code: str = ""
    distance: str = ""
    trouvee: str = ""
    point: tuple[float, float] | None = None
    choix: tuple[clients.Lieu, ...] = ()

    @property
    def suite(self) -> str:
        """La phrase sans le mot qui l'ouvre."""
        reste = self.phrase.removeprefix(self.mot).lstrip(f" ,.:{INSECABLE}")
        return reste[:1].upper() + reste[1:]


def contours(territoire: Territoire) -> geographie.Quartiers:
    """Les contours du territoire, indexés une fois par version du pack."""
    return _contours(territoire.pk, territoire.empreinte_du_pack)


@lru_cache(maxsize=8)
def _contours(territoire: int, empreinte: str) -> geographie.Quartiers:
    lignes = Quartier.objects.filter(territoire=territoire).values_list("code", "nom", "contour")
    entites = [
        {"type": "Feature", "properties": {"code_qp": code, "lib_qp": nom}, "geometry": contour}
        for code, nom, contour in lignes
    ]
    return geographie.Quartiers.depuis_geojson({"type": "FeatureCollection", "features": entites})


def _metres(distance: float | None) -> str:
    if distance is None:
        return ""
    if distance < 1000:
        return f"{distance:.0f}{INSECABLE}m"
    return f"{distance / 1000:.1f}{INSECABLE}km".replace(".", ",")


def situer_le_point(
    territoire: Territoire,
    lon: float,
    lat: float,
    *,
    precision: Literal["numero", "rue", "commune"] = "numero",
    trouvee: str = "",
) -> Verdict:
    """Le verdict d'un point en degrés WGS84."""
    r = contours(territoire).situer(lon, lat, precision=precision)
    distance = _metres(r.distance_m)
    assez_pres = r.distance_m is not None and r.distance_m <= DESSIN_MAXIMAL_M
    point = (lon, lat) if assez_pres and precision == "numero" else None
    if r.verdict == "dans":
        anciens = territoire.pack().quartier(r.code)
        ancien = f", ancien code {anciens.code_ancien}" if anciens and anciens.code_ancien else ""
        phrase = f"Oui, dans le quartier {r.nom} ({r.code}{ancien})."
        return Verdict("Oui", phrase, code=r.code, distance=distance, trouvee=trouvee, point=point)
    if r.verdict == "hors":
        phrase = f"Non. Le quartier le plus proche, {r.proche_nom}, est à {distance}."
        return Verdict(
            "Non", phrase, proche_code=r.proche_code, distance=distance, trouvee=trouvee, point=point
        )
    return Verdict(
        "À vérifier", _incertitude(r, precision, distance), proche_code=r.code, distance=distance,
        trouvee=trouvee, point=point,
    )  # fmt: skip


def _incertitude(r: geographie.Reponse, precision: str, distance: str) -> str:
    debut = f"À vérifier{INSECABLE}: "
    if r.distance_m is None:
        return debut + r.phrase[0].lower() + r.phrase[1:]
    if precision != "numero":
        return f"{debut}l'adresse n'est trouvée qu'à la rue ou à la commune près. Ajoutez le numéro."
    return (
        f"{debut}l'adresse est à {distance} de la limite du quartier {r.nom}. Nous ne pouvons pas trancher."
    )


def situer_l_adresse(territoire: Territoire, texte: str, *, service: str) -> Verdict:
    """Le verdict d'une adresse écrite ; un doute rend « à vérifier », une panne se dit. Rien n'est gardé."""
    quartiers = territoire.pack().quartiers
    lon = sum(q.lon for q in quartiers) / len(quartiers)
    lat = sum(q.lat for q in quartiers) / len(quartiers)
    try:
        lieux = clients.chercher(texte, service=service, lon=lon, lat=lat)
    except ServiceIndisponible:
        return SANS_REPONSE
    if not lieux:
        return _a_verifier("l'adresse n'a pas été trouvée. Écrivez le numéro, la rue et la commune.")
    return _juger(territoire, lieux)


SANS_REPONSE = Verdict(
    "Pas de réponse",
    f"Pas de réponse{INSECABLE}: le service qui situe les adresses est en panne. La vôtre n'est pas en "
    "cause, elle n'a pas été vérifiée. La vérification se refait tant que cette page est ouverte ; vous "
    "pouvez aussi la relancer, ou chercher votre quartier par commune.",
)


def _a_verifier(phrase: str, *, trouvee: str = "", choix: tuple[clients.Lieu, ...] = ()) -> Verdict:
    return Verdict("À vérifier", f"À vérifier{INSECABLE}: {phrase}", trouvee=trouvee, choix=choix)


def _juger(territoire: Territoire, lieux: tuple[clients.Lieu, ...]) -> Verdict:
    meilleur = lieux[0]
    proches = [x for x in lieux if meilleur.score - x.score <= ECART_DE_SCORE]
    communes = {c.insee for c in territoire.pack().communes}
    if meilleur.score < SCORE_MINIMAL:
        return _a_verifier(
            "l'adresse trouvée ressemble mal à la vôtre. Choisissez-la ou récrivez-la.", choix=lieux
        )
    if len({x.code_insee for x in proches}) > 1:
        return _a_verifier(
            "cette adresse existe dans plusieurs communes. Choisissez la vôtre.", choix=tuple(proches)
        )
    if meilleur.code_insee not in communes:
        return _a_verifier(
            f"l'adresse trouvée est à {meilleur.ville or 'un autre endroit'}, hors du territoire. "
            "Ajoutez la commune.",
            trouvee=meilleur.libelle,
        )
    return situer_le_point(
        territoire, meilleur.lon, meilleur.lat, precision=meilleur.precision, trouvee=meilleur.libelle
    )
