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
        octets = photo.read()
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
            lue.draft("RGB", (cote, cote))
            droite = ImageOps.exif_transpose(lue)
            droite.thumbnail((cote, cote), Image.Resampling.LANCZOS)
            page = _sur_blanc(droite)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as abime:
        raise FichierRefuse(
            f"{nom} : cette image est abîmée ou incomplète. Reprenez la photo, puis ajoutez-la."
        ) from abime
    tampon = io.BytesIO()
    page.save(tampon, "JPEG", quality=QUALITE)
    return tampon.getvalue(), page.size


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
_CARNETS = (0xE1, 0xED)
"""Les segments EXIF, XMP et IPTC d'un JPEG : le lieu, l'heure, l'appareil, l'auteur."""
_POINTS = 0xDA


def sans_lieu(octets: bytes) -> bytes:
    """Une photo seule, ses points intacts, sans ses carnets : seule reste son orientation.

    Ce qui n'est pas un JPEG, ou est abîmé, revient tel quel : le contrôle en jugera.
    """
    if not octets.startswith(b"\xff\xd8\xff"):
        return octets
    sortie, position = bytearray(octets[:2]) + _son_orientation(octets), 2
    while position + 4 <= len(octets) and octets[position] == 0xFF and octets[position + 1] != _POINTS:
        if octets[position + 1] == 0xFF:
            position += 1
            continue
        fin = position + 2 + int.from_bytes(octets[position + 2 : position + 4], "big")
        if octets[position + 1] not in _CARNETS:
            sortie += octets[position:fin]
        position = fin
    return bytes(sortie + octets[position:])


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
