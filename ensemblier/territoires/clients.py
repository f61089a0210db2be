"""Le géocodeur de la Géoplateforme : une adresse écrite devient un point, ou un refus qui se dit.

Contrat : GET `/search`, réponse GeoJSON, `properties.score` de 0 à 1, `type` housenumber, street,
locality ou municipality. Rien n'est gardé. Toute panne lève `ServiceIndisponible` : l'appelant répond
que rien n'a été vérifié.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from ensemblier.registre.sorties import DELAI_S, ServiceIndisponible, lire

_PRECISIONS: dict[str, Literal["numero", "rue", "commune"]] = {
    "housenumber": "numero",
    "street": "rue",
    "locality": "rue",
    "municipality": "commune",
}


@dataclass(frozen=True, slots=True)
class Lieu:
    """Une adresse trouvée ; `precision` dit si le point est au numéro, à la rue ou à la commune."""

    libelle: str
    lon: float
    lat: float
    score: float
    precision: Literal["numero", "rue", "commune"]
    code_insee: str
    ville: str


def adresse_lisible(texte: str) -> str:
    """Ce que le service accepte : 3 à 200 caractères, le premier une lettre ou un chiffre ; sinon vide."""
    propre = " ".join(texte.split())[:200]
    propre = re.sub(r"^[\W_]+", "", propre)
    return propre if len(propre) >= 3 else ""


def chercher(
    texte: str, *, service: str, lon: float, lat: float, delai_s: float = DELAI_S
) -> tuple[Lieu, ...]:
    """Les lieux trouvés, le plus sûr d'abord ; `lon`, `lat` : le territoire, préféré à distance égale."""
    propre = adresse_lisible(texte)
    if not propre:
        return ()
    parametres = {"q": propre, "limit": 5, "autocomplete": 0, "index": "address", "lon": lon, "lat": lat}
    brut = lire(f"{service.rstrip('/')}/search?{urlencode(parametres)}", delai_s=delai_s)
    try:
        donnees = json.loads(brut)
        return tuple(_lieu(entite) for entite in donnees["features"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as refus:
        raise ServiceIndisponible("réponse illisible") from refus


def _lieu(entite: dict[str, Any]) -> Lieu:
    proprietes = entite["properties"]
    lon, lat = (float(x) for x in entite["geometry"]["coordinates"][:2])
    return Lieu(
        libelle=str(proprietes["label"])[:200],
        lon=lon,
        lat=lat,
        score=float(proprietes["score"]),
        precision=_PRECISIONS.get(str(proprietes["type"]), "commune"),
        code_insee=str(proprietes.get("citycode", "")),
        ville=str(proprietes.get("city", ""))[:100],
    )
