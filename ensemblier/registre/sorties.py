"""Lire un service du dehors : une requête, sans redirection, bornée en temps et en taille."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

TAILLE_MAX = 200_000
DELAI_S = 4.0
AGENT = "Ensemblier (guichet du contrat de ville)"


class ServiceIndisponible(Exception):
    """Le service ne répond pas, trop tard, ou autre chose que prévu."""


def lire(url: str, *, delai_s: float = DELAI_S, taille_max: int = TAILLE_MAX) -> bytes:
    """Le corps d'un GET JSON ; toute panne lève `ServiceIndisponible`, jamais rien d'autre."""
    morceaux = urlsplit(url)
    genre = {"https": http.client.HTTPSConnection, "http": http.client.HTTPConnection}.get(morceaux.scheme)
    if genre is None or not morceaux.hostname:
        raise ServiceIndisponible("adresse du service inconnue")
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
            raise ServiceIndisponible(f"réponse {reponse.status}")
        recu = b""
        while morceau := reponse.read1(16_384):
            recu += morceau
            if len(recu) > taille_max:
                raise ServiceIndisponible("réponse trop longue")
            if time.monotonic() > fin:
                raise ServiceIndisponible("réponse trop lente")
        return recu
    except (OSError, http.client.HTTPException) as panne:
        raise ServiceIndisponible(type(panne).__name__) from panne
    finally:
        connexion.close()
