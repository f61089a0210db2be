"""Les vingt-quatre dessins de la maison, lus dans le sprite `static/interface/icones.svg`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils.html import format_html, html_safe
from django.utils.safestring import SafeString

SPRITE = Path(__file__).parent / "static/interface/icones.svg"
_SYMBOLE = re.compile(r'<symbol id="([\w-]+)" viewBox="([\d ]+)">(.*?)</symbol>', re.DOTALL)


@html_safe
@dataclass(frozen=True)
class Symbole:
    """Un dessin du sprite : sa boîte, et son contenu SVG, qui est notre propre fichier."""

    boite: str
    contenu: str

    def __str__(self) -> str:
        return self.contenu


@cache
def symboles() -> dict[str, Symbole]:
    """Rend `{nom: Symbole}` ; le fichier est lu une fois."""
    trouves = _SYMBOLE.findall(SPRITE.read_text("utf-8"))
    return {nom: Symbole(boite, contenu) for nom, boite, contenu in trouves}


ICONES = tuple(symboles())


def dessin(nom: str, taille: int, titre: str, adresse: str) -> SafeString:
    """Rend le `<svg>` : par `<use>` si `adresse` du sprite est donnée, sinon le dessin entier."""
    symbole = symboles()[nom]
    return format_html(
        '<svg class="icone icone--{}" width="{}" height="{}" viewBox="{}" {}>{}</svg>',
        nom,
        taille,
        taille,
        symbole.boite,
        format_html('role="img" aria-label="{}"', titre)
        if titre
        else format_html('aria-hidden="{}"', "true"),
        format_html('<use href="{}#{}"></use>', adresse, nom) if adresse else symbole,
    )
