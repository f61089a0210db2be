"""Les vingt-quatre dessins de la maison, lus dans le sprite `static/interface/icones.svg`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

SPRITE = Path(__file__).parent / "static/interface/icones.svg"
_SVG = "{http://www.w3.org/2000/svg}"


@cache
def symboles() -> dict[str, tuple[str, str]]:
    """Rend `{nom: (viewBox, contenu SVG)}` ; le fichier est le nôtre, lu une fois."""
    racine = ElementTree.parse(SPRITE).getroot()  # noqa: S314 (notre propre fichier)
    ElementTree.register_namespace("", "http://www.w3.org/2000/svg")
    trouves = {}
    for symbole in racine.iter(f"{_SVG}symbol"):
        corps = "".join(ElementTree.tostring(enfant, encoding="unicode").strip() for enfant in symbole)
        corps = corps.replace(' xmlns="http://www.w3.org/2000/svg"', "")
        trouves[symbole.attrib["id"]] = (symbole.attrib["viewBox"], corps)
    return trouves


ICONES = tuple(symboles())


def dessin(nom: str, taille: int, titre: str, adresse: str) -> SafeString:
    """Rend le `<svg>` : par `<use>` si `adresse` du sprite est donnée, sinon le dessin entier."""
    boite, corps = symboles()[nom]
    interieur = (
        format_html('<use href="{}#{}"></use>', adresse, nom) if adresse else mark_safe(corps)  # noqa: S308
    )
    role = format_html('role="img" aria-label="{}"', titre) if titre else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icone icone--{}" width="{}" height="{}" viewBox="{}" focusable="false" {}>{}</svg>',
        nom,
        taille,
        taille,
        boite,
        role,
        interieur,
    )
