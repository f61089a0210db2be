"""Le géocodeur de la Géoplateforme : une adresse écrite devient un point, ou un refus qui se dit.

Contrat : GET `/search`, réponse GeoJSON, `properties.score` de 0 à 1, `type` housenumber, street,
locality ou municipality. Rien n'est gardé. Toute panne lève `GeocodeurIndisponible` : l'appelant répond
« à vérifier » (S67).
"""

from __future__ import annotations

import http.client
import json
import re
import time
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

TAILLE_MAX = 200_000
DELAI_S = 4.0
AGENT = "Ensemblier (guichet du contrat de ville)"
_PRECISIONS: dict[str, Literal["numero", "rue", "commune"]] = {
    "housenumber": "numero",
    "street": "rue",
    "locality": "rue",
    "municipality": "commune",
}


class GeocodeurIndisponible(Exception):
    """Le service ne répond pas, trop tard, ou autre chose que prévu."""


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
    brut = _lire(f"{service.rstrip('/')}/search?{urlencode(parametres)}", delai_s)
    try:
        donnees = json.loads(brut)
        return tuple(_lieu(entite) for entite in donnees["features"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as refus:
        raise GeocodeurIndisponible("réponse illisible") from refus


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


def _lire(url: str, delai_s: float) -> bytes:
    """Une seule requête, sans redirection, bornée en temps et en taille."""
    morceaux = urlsplit(url)
    genre = {"https": http.client.HTTPSConnection, "http": http.client.HTTPConnection}.get(morceaux.scheme)
    if genre is None or not morceaux.hostname:
        raise GeocodeurIndisponible("adresse du service inconnue")
    fin = time.monotonic() + delai_s
    connexion = genre(morceaux.hostname, morceaux.port, timeout=delai_s)
    try:
        connexion.request(
            "GET",
            f"{morceaux.path}?{morceaux.query}",
            headers={"User-Agent": AGENT, "Accept": "application/json"},
        )
        reponse = connexion.getresponse()
        if reponse.status != http.client.OK:
            raise GeocodeurIndisponible(f"réponse {reponse.status}")
        recu = b""
        while morceau := reponse.read1(16_384):
            recu += morceau
            if len(recu) > TAILLE_MAX:
                raise GeocodeurIndisponible("réponse trop longue")
            if time.monotonic() > fin:
                raise GeocodeurIndisponible("réponse trop lente")
        return recu
    except (OSError, http.client.HTTPException) as panne:
        raise GeocodeurIndisponible(type(panne).__name__) from panne
    finally:
        connexion.close()
