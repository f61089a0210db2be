"""Un lien en carré à photographier : un SVG dans la page, sans image, sans réseau, sans style."""

from __future__ import annotations

import segno
from django.utils.safestring import SafeString


def qr_en_svg(adresse: str, *, titre: str) -> SafeString:
    """Rend le dessin de `adresse`, noir sur blanc dans les deux thèmes ; `titre` est lu à voix haute."""
    dessin = segno.make_qr(adresse, error="m").svg_inline(
        scale=4, border=4, dark="#000", light="#fff", title=titre, svgclass="qr", lineclass=None
    )
    return SafeString(dessin.replace("<svg ", '<svg role="img" ', 1))
