"""Compter les essais de connexion sans que personne puisse fermer le compte d'une autre (T26).

Trois comptes : par machine (allauth), par compte et machine, et par compte toutes machines confondues. Le
dernier borne qui loue mille adresses ; un navigateur où la personne s'est déjà connectée n'y est pas soumis,
il a son propre compte. Deviner coûte donc le même temps, mais nul ne ferme la porte à la propriétaire.
"""

from __future__ import annotations

import hashlib
import secrets

from allauth.core.internal import ratelimit
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

SEL = "ensemblier.comptes.appareil"
DUREE_S = 180 * 24 * 3600
COMPTE = {"app": "allauth.account", "action": "login_failed_compte"}


def _empreinte(courriel: str) -> str:
    return hashlib.sha256(courriel.strip().lower().encode()).hexdigest()[:32]


def appareil_connu(request: HttpRequest, courriel: str) -> str:
    """Le nom de ce navigateur, si la personne de ce compte s'y est déjà connectée ; vide sinon."""
    try:
        empreinte, nom = signing.loads(
            request.COOKIES.get(settings.TEMOIN_APPAREIL, ""), salt=SEL, max_age=DUREE_S
        )
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(nom) if secrets.compare_digest(str(empreinte), _empreinte(courriel)) else ""


def origine(request: HttpRequest, courriel: str) -> str:
    """D'où vient l'essai : ce navigateur connu, sinon cette machine."""
    return appareil_connu(request, courriel) or ratelimit.get_ip(request)


def reconnaitre(request: HttpRequest, courriel: str) -> None:
    """La personne vient de prouver que le compte est le sien ; la réponse le fera retenir au navigateur."""
    request.appareil_reconnu = courriel


def retenir(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Pose le témoin : il n'ouvre rien, il donne à ce navigateur son propre compte d'essais."""
    if courriel := getattr(request, "appareil_reconnu", ""):
        nom = appareil_connu(request, courriel) or secrets.token_hex(16)
        response.set_cookie(
            settings.TEMOIN_APPAREIL, signing.dumps([_empreinte(courriel), nom], salt=SEL), max_age=DUREE_S,
            secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
        )  # fmt: skip
    return response


def compter(request: HttpRequest, courriel: str) -> ratelimit.RateLimitUsage | None:
    """Un essai de plus sur ce compte, toutes machines confondues ; `None` : trop, on n'évalue pas."""
    if appareil_connu(request, courriel):
        return ratelimit.RateLimitUsage(usage=[])
    return ratelimit.consume(request, key=_empreinte(courriel), **COMPTE)


def oublier(request: HttpRequest, courriel: str) -> None:
    """Le mot de passe vient d'être repris par la boîte aux lettres : le compte repart de zéro."""
    ratelimit.clear(request, key=_empreinte(courriel), **COMPTE)
