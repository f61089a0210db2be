"""Écrire un agenda au format iCalendar (RFC 5545) : texte échappé, lignes pliées, instants en UTC."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime


def echapper(texte: str) -> str:
    for brut, ecrit in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n")):
        texte = texte.replace(brut, ecrit)
    return texte


def instant(quand: datetime) -> str:
    return quand.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def ecrire(lignes: Iterable[str]) -> str:
    """Le fichier : une ligne par propriété, pliée."""
    return "\r\n".join(map(plier, lignes)) + "\r\n"


def plier(ligne: str) -> str:
    """75 octets par ligne, la suite précédée d'une espace, sans couper un caractère."""
    morceaux, courant = [], ""
    for caractere in ligne:
        if len((courant + caractere).encode()) > 73:
            morceaux.append(courant)
            courant = ""
        courant += caractere
    return "\r\n ".join([*morceaux, courant])
