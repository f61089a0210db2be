"""Écrire un PDF : balisé PDF/UA-1, en français, identique à identifiant égal, sans rien chercher dehors.

Produit comme PDF/UA-1 ; non certifié par un validateur.
"""

from __future__ import annotations

import atexit
import base64
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.template.loader import render_to_string

if TYPE_CHECKING:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

_POLICES = (
    ("Hanken Grotesk", 400, "hanken/hanken-grotesk-latin-wght-normal.woff2"),
    ("Hanken Grotesk", 600, "hanken/hanken-grotesk-latin-wght-normal.woff2"),
    ("Bricolage Grotesque", 700, "bricolage/bricolage-grotesque-latin-700-normal.woff2"),
)
_FEUILLE = Path(__file__).parent / "static/interface/document.css"
_LIBRES: list[tuple[CSS, FontConfiguration]] = []
"""Les feuilles déjà lues que nul document n'emploie : autant, au plus, que de documents écrits à la fois."""
atexit.register(_LIBRES.clear)


def ecrire_pdf(gabarit: str, contexte: dict[str, Any], *, identifiant: str, titre: str) -> bytes:
    """Rend les octets d'un PDF/UA-1 du `gabarit` (qui étend `interface/base_pdf.html`).

    `identifiant` fixe celui du fichier : mêmes données, même identifiant, mêmes octets. Toute adresse autre
    que `data:` est refusée (fichier local, réseau) : le document est fait de ce qu'on lui donne.
    """
    from weasyprint import HTML

    html = render_to_string(gabarit, {**contexte, "titre_document": titre, "pour_pdf": True})
    document = HTML(string=html, url_fetcher=_lecteur(), base_url="data:,")
    with _feuille() as (feuille, polices):
        return document.write_pdf(
            stylesheets=[feuille],
            font_config=polices,
            pdf_variant="pdf/ua-1",
            pdf_identifier=hashlib.sha256(identifiant.encode()).digest()[:16],
            custom_metadata=False,
        )


def _lecteur() -> URLFetcher:
    from weasyprint.urls import URLFetcher

    return URLFetcher(allowed_protocols=["data"], fail_on_errors=True)


@contextmanager
def _feuille() -> Iterator[tuple[CSS, FontConfiguration]]:
    """Une feuille et ses polices, pour un document à la fois ; déjà lue, ce sont 35 ms de moins."""
    prise = None
    with suppress(IndexError):
        prise = _LIBRES.pop()
    prise = prise or _lire_la_feuille()
    yield prise
    _LIBRES.append(prise)


def _lire_la_feuille() -> tuple[CSS, FontConfiguration]:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

    polices = FontConfiguration()
    texte = _polices() + _FEUILLE.read_text("utf-8")
    return CSS(string=texte, url_fetcher=_lecteur(), font_config=polices), polices


@cache
def _polices() -> str:
    """Rend les `@font-face` en `data:` ; une police absente laisse sa place à celle du système."""
    regles = []
    for famille, graisse, chemin in _POLICES:
        fichier = _trouver(chemin)
        if fichier is not None:
            octets = base64.b64encode(_en_ttf(fichier, graisse)).decode()
            source = f"url(data:font/ttf;base64,{octets}) format('truetype')"
            regles.append(f"@font-face {{ font-family: '{famille}'; font-weight: {graisse}; src: {source} }}")
    return "\n".join(regles)


def _en_ttf(fichier: Path, graisse: int) -> bytes:
    """Rend une police fixe, à une graisse, sans l'heure : deux PDF faits à une minute d'écart sont égaux.

    Une police variable serait figée à chaque document, et fontTools y écrirait l'heure.
    """
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    police = TTFont(fichier, recalcTimestamp=False)
    if "fvar" in police:
        police = instantiateVariableFont(police, {"wght": graisse})
    police.flavor = None
    sortie = io.BytesIO()
    police.save(sortie)
    return sortie.getvalue()


def _trouver(chemin: str) -> Path | None:
    """Cherche un fichier statique : par les chercheurs, puis dans le dossier collecté en production."""
    trouve = finders.find(chemin)
    if trouve:
        return Path(trouve)
    collecte = Path(staticfiles_storage.path(chemin))
    return collecte if collecte.exists() else None
