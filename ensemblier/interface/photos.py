"""Réunir des photos en un seul PDF : droites, sans leurs données cachées, une page par photo.

Une photo de téléphone porte le lieu et l'heure où elle fut prise : chaque page est redessinée, et rien
d'autre que ses points ne passe dans le PDF. Le même envoi rend le même PDF, à l'octet près : il ne compte
qu'une fois.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from ensemblier.interface.controles import JPEG, PNG, TAILLE_MAXIMALE, FichierRefuse, controler

PAGES_MAXIMUM = 20
PIXELS_PNG_MAXIMUM = 20_000_000
"""Un PNG se déplie en entier en mémoire, un JPEG se lit déjà réduit."""
PIXELS_LUS_MAXIMUM = 40_000_000
"""Ce qu'un JPEG déplie une fois réduit : une bande très longue ne se réduit pas."""
PIXELS_PROGRESSIFS_MAXIMUM = 20_000_000
"""Un JPEG progressif garde tous ses coefficients en mémoire, même lu réduit."""
A4 = (595, 842)
POINTS_PAR_POUCE = 200
QUALITE = 82
FORMATS = ("JPEG", "PNG")


def reunir(photos: Sequence[UploadedFile]) -> bytes:
    """Le PDF de ces photos, dans l'ordre donné ; lève `FichierRefuse`, qui nomme la fautive."""
    if len(photos) > PAGES_MAXIMUM:
        raise FichierRefuse(
            f"Vous envoyez {len(photos)} fichiers : {PAGES_MAXIMUM} photos au plus pour une pièce. "
            "Envoyez-en moins, ou joignez un PDF."
        )
    poids = sum(photo.size or 0 for photo in photos)
    if poids > TAILLE_MAXIMALE:
        raise FichierRefuse(
            f"Ces photos font {poids / 1_048_576:.0f} Mo ensemble : 20 Mo au plus. Réduisez leur taille, ou "
            "envoyez-en moins."
        )
    pages = []
    for rang, photo in enumerate(photos, start=1):
        nom = f"Photo {rang}, « {nom_court(photo.name)} »"
        octets = sans_lieu(photo.read())
        _controler(nom, octets)
        pages.append(_redessiner(nom, octets))
    return _en_pdf(pages)


def nom_court(nom: str | None) -> str:
    return "".join(c for c in nom or "photo" if c.isprintable())[:60]


def _controler(nom: str, octets: bytes) -> None:
    try:
        type_mime = controler(octets)
    except FichierRefuse as refus:
        raise FichierRefuse(f"{nom} : {_sans_majuscule(str(refus))}") from refus
    if type_mime not in (JPEG, PNG):
        raise FichierRefuse(
            f"{nom} : ce n'est pas une photo. Pour réunir plusieurs fichiers en un PDF, choisissez seulement "
            "des photos ; sinon, envoyez un seul fichier."
        )
    if type_mime == PNG and _pixels_du_png(octets) > PIXELS_PNG_MAXIMUM:
        raise FichierRefuse(
            f"{nom} : cette image PNG dépasse 20 millions de points. Enregistrez-la en JPEG, ou réduisez-la."
        )


def _sans_majuscule(phrase: str) -> str:
    return phrase[:1].lower() + phrase[1:]


def _pixels_du_png(octets: bytes) -> int:
    return int.from_bytes(octets[16:20], "big") * int.from_bytes(octets[20:24], "big")


def _redessiner(nom: str, octets: bytes) -> tuple[bytes, tuple[int, int]]:
    """Les points de la photo, redressés et réduits à une page lisible ; ni lieu, ni date, ni aperçu caché."""
    from PIL import Image, ImageOps

    cote = round(A4[1] / 72 * POINTS_PAR_POUCE)
    try:
        # WeasyPrint fait admettre à Pillow les images coupées, partout : relire les empreintes.
        with Image.open(io.BytesIO(octets), formats=FORMATS) as a_relire:
            a_relire.verify()
        with Image.open(io.BytesIO(octets), formats=FORMATS) as lue:
            entiers = lue.width * lue.height
            lue.draft("RGB", (cote, cote))
            _controler_la_memoire(nom, lue, entiers)
            # Réduire avant de redresser : l'inverse copie toute l'image.
            lue.thumbnail((cote, cote), Image.Resampling.LANCZOS)
            page = _sur_blanc(ImageOps.exif_transpose(lue))
    except FichierRefuse:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as abime:
        raise FichierRefuse(
            f"{nom} : cette image est abîmée ou incomplète. Reprenez la photo, puis ajoutez-la."
        ) from abime
    tampon = io.BytesIO()
    page.save(tampon, "JPEG", quality=QUALITE)
    return tampon.getvalue(), page.size


def _controler_la_memoire(nom: str, lue: Any, entiers: int) -> None:
    """Ce que la lecture dépliera tient en mémoire (T16) ; `entiers` : les points écrits dans la photo."""
    progressive = bool(lue.info.get("progressive"))
    if lue.width * lue.height > PIXELS_LUS_MAXIMUM or (progressive and entiers > PIXELS_PROGRESSIFS_MAXIMUM):
        raise FichierRefuse(
            f"{nom} : cette photo est trop grande pour devenir une page. Réduisez-la à 20 millions de "
            "points, ou envoyez-la seule."
        )


def _sur_blanc(image: Any) -> Any:
    """Sans transparence : ce qui était vide devient le blanc de la page."""
    from PIL import Image

    if image.mode == "RGB":
        return image
    couches = image.convert("RGBA")
    fond = Image.new("RGB", couches.size, "white")
    fond.paste(couches, mask=couches.getchannel("A"))
    return fond


def _en_pdf(pages: Sequence[tuple[bytes, tuple[int, int]]]) -> bytes:
    """Une page A4 par image, debout ou couchée comme elle, centrée ; ni date ni logiciel dans le PDF."""
    import pikepdf

    tampon = io.BytesIO()
    with pikepdf.new() as document:
        for octets, (largeur, hauteur) in pages:
            page = document.add_blank_page(page_size=A4 if hauteur >= largeur else A4[::-1])
            image = pikepdf.Stream(document, octets)
            image.stream_dict = pikepdf.Dictionary(
                Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=largeur, Height=hauteur,
                ColorSpace=pikepdf.Name.DeviceRGB, BitsPerComponent=8, Filter=pikepdf.Name.DCTDecode,
            )  # fmt: skip
            page.add_resource(image, pikepdf.Name.XObject, pikepdf.Name.Photo)
            page.Contents = pikepdf.Stream(document, _poser(largeur, hauteur))
        document.save(tampon, deterministic_id=True)
    return tampon.getvalue()


def _poser(largeur: int, hauteur: int) -> bytes:
    """L'image au plus grand dans la page, sans la grossir au-delà de 72 points par pouce."""
    feuille = A4 if hauteur >= largeur else A4[::-1]
    echelle = min(feuille[0] / largeur, feuille[1] / hauteur, 1.0)
    large, haut = largeur * echelle, hauteur * echelle
    gauche, bas = (feuille[0] - large) / 2, (feuille[1] - haut) / 2
    return f"q {large:.2f} 0 0 {haut:.2f} {gauche:.2f} {bas:.2f} cm /Photo Do Q".encode()


ORIENTATION = 0x0112
_POINTS, _FIN = 0xDA, 0xD9
_SIGNATURE_PNG = b"\x89PNG\r\n\x1a\n"
_DESSINENT = frozenset(
    (
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD",
        b"pHYs",
    )
)  # fmt: skip
"""Les morceaux d'un PNG qui disent ses points et ses couleurs ; les autres, le lieu et l'heure."""


def sans_lieu(octets: bytes) -> bytes:
    """Une photo seule, ses points intacts, sans ses carnets : seule reste son orientation.

    Ce qu'un téléphone range après l'image (une vidéo, une seconde prise, avec leur lieu) est ôté aussi ; d'un
    PNG animé reste la première image. Ce qui n'est ni un JPEG ni un PNG, ou est abîmé, revient tel quel : le
    contrôle en jugera.
    """
    if octets.startswith(b"\xff\xd8\xff"):
        return _jpeg_sans_lieu(octets)
    return _png_sans_lieu(octets) if octets.startswith(_SIGNATURE_PNG) else octets


def _jpeg_sans_lieu(octets: bytes) -> bytes:
    sortie, position = bytearray(octets[:2]) + _son_orientation(octets), 2
    while position + 4 <= len(octets) and octets[position] == 0xFF and octets[position + 1] != _POINTS:
        if octets[position + 1] == 0xFF:
            position += 1
            continue
        fin = position + 2 + int.from_bytes(octets[position + 2 : position + 4], "big")
        if _dessine(octets[position + 1], octets[position + 4 : position + 16]):
            sortie += octets[position:fin]
        position = fin
    return bytes(sortie + octets[position : _fin_du_jpeg(octets, position)])


def _dessine(marque: int, debut: bytes) -> bool:
    """Ce segment sert à lire les points. Des segments d'application, trois : JFIF, profil, Adobe."""
    if marque == 0xE2:
        return debut.startswith(b"ICC_PROFILE\0")
    return marque in (0xE0, 0xEE) or not (0xE0 <= marque <= 0xEF or marque == 0xFE)


def _fin_du_jpeg(octets: bytes, position: int) -> int:
    """La place qui suit la marque de fin ; la longueur de tout si elle manque."""
    while (position := octets.find(b"\xff", position)) != -1 and position + 1 < len(octets):
        marque = octets[position + 1]
        if marque == _FIN:
            return position + 2
        if marque == 0xFF:
            position += 1
        elif marque == 0 or 0xD0 <= marque <= 0xD7:
            position += 2
        else:
            position += 2 + max(2, int.from_bytes(octets[position + 2 : position + 4], "big"))
    return len(octets)


def _png_sans_lieu(octets: bytes) -> bytes:
    sortie, position = bytearray(_SIGNATURE_PNG), len(_SIGNATURE_PNG)
    while position + 12 <= len(octets):
        fin = position + 12 + int.from_bytes(octets[position : position + 4], "big")
        nom = octets[position + 4 : position + 8]
        if fin > len(octets):
            break
        if nom in _DESSINENT:
            sortie += octets[position:fin]
        if nom == b"IEND":
            return bytes(sortie)
        position = fin
    return octets


def _son_orientation(octets: bytes) -> bytes:
    """Un carnet EXIF qui ne dit que l'orientation ; rien si la photo est déjà droite."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(octets), formats=("JPEG",)) as lue:
            sens = lue.getexif().get(ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return b""
    if sens not in range(2, 9):
        return b""
    carnet = Image.Exif()
    carnet[ORIENTATION] = sens
    contenu = carnet.tobytes()
    return b"\xff\xe1" + (len(contenu) + 2).to_bytes(2, "big") + contenu
