"""Lire un objet sans le connaître : clé d'un dict ou attribut, parce que les objets vivent plus haut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any


def lire(objet: Any, cle: str, defaut: Any = None) -> Any:
    """Rend `objet[cle]` ou `objet.cle` ; ce qui manque ou vaut None rend `defaut`."""
    valeur = objet.get(cle) if isinstance(objet, Mapping) else getattr(objet, cle, None)
    return defaut if valeur is None else valeur


def texte(objet: Any, cle: str) -> str:
    """Rend la valeur en texte, vide si elle manque ; un `StrEnum` rend sa valeur."""
    return str(lire(objet, cle, ""))


def liste(objet: Any, cle: str) -> list[Any]:
    """Rend la valeur en liste : vide si elle manque, d'un élément si c'est un texte."""
    valeur = lire(objet, cle, ())
    if isinstance(valeur, str):
        return [valeur] if valeur else []
    return list(valeur) if isinstance(valeur, Iterable) else [valeur]


def part(montant: Decimal | int, total: Decimal | int) -> str:
    """Rend une largeur SVG en pour cent, bornée entre 0 et 100 : « 37.50% »."""
    if not total:
        return "0%"
    fraction = min(Decimal(1), max(Decimal(0), Decimal(montant) / Decimal(total)))
    return f"{(fraction * 100).quantize(Decimal('0.01'))}%"
