"""Contrôler un fichier déposé par son contenu, jamais par son nom. Un refus dit quoi et que faire."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

PDF = "application/pdf"
PNG = "image/png"
JPEG = "image/jpeg"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT = "application/vnd.oasis.opendocument.text"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ACCEPTES = (PDF, PNG, JPEG, DOCX, ODT)
_TOUS = "un PDF, une image PNG ou JPEG, ou un texte Word (.docx) ou OpenDocument (.odt)"

TAILLE_MAXIMALE = 20 * 1024 * 1024
PIXELS_MAXIMUM = 60_000_000
MEMBRES_MAXIMUM = 2_000
DECOMPRESSE_MAXIMUM = 200 * 1024 * 1024
RAPPORT_MAXIMUM = 200
OBJETS_MAXIMUM = 200_000
_ACTIONS_INTERDITES = ("/Launch", "/ImportData", "/SubmitForm", "/GoToE")
_CLES_INTERDITES = ("/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent")


_HEIF = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif")


class FichierRefuse(ValueError):
    """Le fichier n'est pas gardé ; le message est une phrase pour la personne."""


def controler(fichier: IO[bytes] | bytes, *, acceptes: tuple[str, ...] = ACCEPTES) -> str:
    """Rend le type MIME d'un PDF, PNG, JPEG, DOCX, ODT, XLSX ou ODS sain ; sinon lève `FichierRefuse`.

    Lit au plus `TAILLE_MAXIMALE` + 1 octet, et remet le fichier au début.
    """
    octets = fichier if isinstance(fichier, bytes) else _lire(fichier)
    if not octets:
        raise FichierRefuse("Ce fichier est vide. Vérifiez qu'il s'ouvre chez vous, puis ajoutez-le.")
    if len(octets) > TAILLE_MAXIMALE:
        raise FichierRefuse(
            "Ce fichier dépasse 20 Mo. Enregistrez-le en qualité réduite ou en plusieurs fichiers."
        )
    type_mime = _reconnaitre(octets)
    if not type_mime:
        attendu = "un PDF" if acceptes == (PDF,) else _TOUS
        raise FichierRefuse(f"Nous ne reconnaissons pas ce fichier. Envoyez {attendu}.")
    if type_mime not in acceptes:
        raise FichierRefuse(
            "Ce type de fichier n'est pas accepté ici. Enregistrez-le en PDF, puis ajoutez-le."
        )
    return type_mime


def _lire(fichier: IO[bytes]) -> bytes:
    fichier.seek(0)
    octets = fichier.read(TAILLE_MAXIMALE + 1)
    fichier.seek(0)
    return octets


def _reconnaitre(octets: bytes) -> str:
    """Le type de ce contenu, contrôlé ; vide s'il n'est d'aucun que nous sachions lire."""
    if octets.startswith(b"%PDF-"):
        _controler_pdf(octets)
        return PDF
    if octets.startswith(b"\x89PNG\r\n\x1a\n"):
        _controler_png(octets)
        return PNG
    if octets.startswith(b"\xff\xd8\xff"):
        _controler_jpeg(octets)
        return JPEG
    if octets.startswith(b"PK\x03\x04"):
        return _controler_zip(octets)
    if octets[4:8] == b"ftyp" and octets[8:12] in _HEIF:
        raise FichierRefuse(
            "Cette photo est au format HEIC, que peu de services lisent. Sur l'iPhone : Réglages, Appareil "
            "photo, Formats, « Le plus compatible ». Ou envoyez une copie d'écran de la photo."
        )
    return ""


# --- PDF --------------------------------------------------------------------------------------------


def _controler_pdf(octets: bytes) -> None:
    """Ouvre le PDF comme le ferait un lecteur indulgent (les scanners se trompent), puis lit chaque objet."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(octets)) as document:
            _controler_document(document)
    except pikepdf.PasswordError as erreur:
        raise FichierRefuse(
            "Ce fichier est un PDF protégé par mot de passe : nous ne pouvons pas le lire. "
            "Enregistrez-le sans mot de passe, puis ajoutez-le."
        ) from erreur
    except FichierRefuse:
        raise
    except (pikepdf.PdfError, ValueError, RuntimeError, TypeError, KeyError, AttributeError) as erreur:
        raise FichierRefuse(
            "Ce PDF est abîmé : nous ne pouvons pas l'ouvrir. Enregistrez-le de nouveau, puis ajoutez-le."
        ) from erreur


def _controler_document(document: Any) -> None:
    if document.is_encrypted:
        raise FichierRefuse(
            "Ce PDF est chiffré. Imprimez-le vers un nouveau PDF sans protection, puis ajoutez-le."
        )
    if len(document.pages) == 0:
        raise FichierRefuse("Ce PDF n'a aucune page. Enregistrez-le de nouveau, puis ajoutez-le.")
    if len(document.objects) > OBJETS_MAXIMUM:
        raise FichierRefuse(
            "Ce PDF est trop complexe à lire. Imprimez-le vers un nouveau PDF, puis ajoutez-le."
        )
    for objet in document.objects:
        _controler_objet(objet)


def _controler_objet(objet: Any) -> None:
    """Un objet ne porte ni script, ni lancement de programme, ni fichier caché."""
    for dictionnaire in _dictionnaires(objet, profondeur=0):
        cles = dictionnaire.keys()
        action = str(dictionnaire.get("/S", ""))
        if action in ("/JavaScript", "/Rendition") or "/JS" in cles or "/JavaScript" in cles:
            raise FichierRefuse(
                "Ce PDF contient un programme (JavaScript) : nous ne le gardons pas. "
                "Imprimez-le vers un nouveau PDF, puis ajoutez-le."
            )
        if action in _ACTIONS_INTERDITES:
            raise FichierRefuse(
                "Ce PDF lance une action sur l'ordinateur de qui l'ouvre : nous ne le gardons pas. "
                "Imprimez-le vers un nouveau PDF, puis ajoutez-le."
            )
        if any(cle in cles for cle in _CLES_INTERDITES):
            raise FichierRefuse(
                "Ce PDF contient un autre fichier ou un formulaire actif : nous ne le gardons pas. "
                "Imprimez-le vers un nouveau PDF, puis ajoutez les autres fichiers à part."
            )


def _dictionnaires(objet: Any, *, profondeur: int) -> Iterator[Any]:
    """Les dictionnaires d'un objet, ceux écrits en ligne compris ; les renvois viennent à leur tour."""
    import pikepdf

    if profondeur > 40:
        raise FichierRefuse("Ce PDF est trop imbriqué. Imprimez-le vers un nouveau PDF, puis ajoutez-le.")
    if isinstance(objet, pikepdf.Dictionary | pikepdf.Stream):
        yield objet
        enfants = [valeur for _, valeur in objet.items()]
    elif isinstance(objet, pikepdf.Array):
        enfants = list(objet)
    else:
        return
    for enfant in enfants:
        if isinstance(enfant, pikepdf.Object) and not enfant.is_indirect:
            yield from _dictionnaires(enfant, profondeur=profondeur + 1)


# --- images -----------------------------------------------------------------------------------------


def _controler_png(octets: bytes) -> None:
    entete_lisible = len(octets) >= 33 and octets[12:16] == b"IHDR" and b"IEND" in octets[-16:]
    if not entete_lisible:
        raise _image_abimee()
    _controler_pixels(int.from_bytes(octets[16:20], "big"), int.from_bytes(octets[20:24], "big"))


_SANS_LONGUEUR = {0x01, *range(0xD0, 0xD9)}
_POINTS = 0xDA
_TRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _controler_jpeg(octets: bytes) -> None:
    """Une seule trame, de taille admise : une seconde, plus grande, serait celle que lisent les images."""
    position, trames = 2, 0
    while position + 9 < len(octets):
        if octets[position] != 0xFF:
            raise _image_abimee()
        marque = octets[position + 1]
        if marque == 0xFF or marque in _SANS_LONGUEUR:
            position += 1 if marque == 0xFF else 2
            continue
        if marque == _POINTS:
            break
        if marque in _TRAMES:
            trames += 1
            hauteur = int.from_bytes(octets[position + 5 : position + 7], "big")
            largeur = int.from_bytes(octets[position + 7 : position + 9], "big")
            _controler_pixels(largeur, hauteur)
        position += 2 + max(2, int.from_bytes(octets[position + 2 : position + 4], "big"))
    if trames != 1 or b"\xff\xd9" not in octets[position:]:
        raise _image_abimee()


def _image_abimee() -> FichierRefuse:
    return FichierRefuse("Cette image est abîmée ou incomplète. Reprenez la photo, puis ajoutez-la.")


def _controler_pixels(largeur: int, hauteur: int) -> None:
    if largeur == 0 or hauteur == 0:
        raise _image_abimee()
    if largeur * hauteur > PIXELS_MAXIMUM:
        raise FichierRefuse(
            "Cette image est trop grande (plus de 60 millions de points). Réduisez-la, puis ajoutez-la."
        )


# --- DOCX, ODT, XLSX, ODS ---------------------------------------------------------------------------


_ILLISIBLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError)


def _controler_zip(octets: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(octets)) as archive:
            membres = archive.infolist()
            _controler_membres(membres)
            type_mime = _type_de_l_archive(archive, {m.filename for m in membres})
            if archive.testzip() is not None:
                raise _archive_abimee()
            return type_mime
    except FichierRefuse:
        raise
    except _ILLISIBLE as erreur:
        raise _archive_abimee() from erreur


def _archive_abimee() -> FichierRefuse:
    return FichierRefuse("Ce document est abîmé. Ouvrez-le, enregistrez-le en PDF, puis ajoutez-le.")


def _controler_membres(membres: list[zipfile.ZipInfo]) -> None:
    """Ni trop de membres, ni trop gros une fois ouverts, ni chemin qui sort, ni lien, ni mot de passe."""
    if len(membres) > MEMBRES_MAXIMUM:
        raise FichierRefuse("Ce document a trop de parties. Enregistrez-le en PDF, puis ajoutez-le.")
    if sum(m.file_size for m in membres) > DECOMPRESSE_MAXIMUM or any(
        m.file_size > 1_000_000 and m.file_size > RAPPORT_MAXIMUM * max(1, m.compress_size) for m in membres
    ):
        raise FichierRefuse(
            "Ce document devient énorme une fois ouvert. Enregistrez-le en PDF, puis ajoutez-le."
        )
    noms = [m.filename for m in membres]
    if any(m.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for m in membres):
        raise _archive_abimee()
    sort = any(n.startswith("/") or "\\" in n or ".." in n.split("/") for n in noms)
    if sort or len(set(noms)) != len(noms) or any(stat.S_ISLNK(m.external_attr >> 16) for m in membres):
        raise _archive_abimee()
    if any(m.flag_bits & 1 for m in membres):
        raise FichierRefuse(
            "Ce document est protégé par mot de passe. Enregistrez-le sans mot de passe, puis ajoutez-le."
        )


_OFFICE = {
    "word/document.xml": (b"wordprocessingml.document.main+xml", DOCX),
    "xl/workbook.xml": (b"spreadsheetml.sheet.main+xml", XLSX),
}
_LIBRES = {t.encode(): t for t in (ODT, ODS)}


def _type_de_l_archive(archive: zipfile.ZipFile, noms: set[str]) -> str:
    for corps, (signe, type_mime) in _OFFICE.items():
        if corps in noms and "[Content_Types].xml" in noms:
            types = archive.read("[Content_Types].xml")
            if b"macroEnabled" in types or any(n.endswith("vbaProject.bin") for n in noms):
                raise _macros()
            if signe in types:
                return type_mime
    if {"mimetype", "content.xml"} <= noms and (libre := _LIBRES.get(archive.read("mimetype").strip())):
        if any(n.startswith(("Basic/", "Scripts/")) for n in noms):
            raise _macros()
        return libre
    raise FichierRefuse(
        "Cette archive n'est ni un texte Word (.docx) ni un texte OpenDocument (.odt). "
        "Envoyez les fichiers un par un, de préférence en PDF."
    )


def _macros() -> FichierRefuse:
    return FichierRefuse(
        "Ce document contient des macros : nous ne le gardons pas. Enregistrez-le en PDF, puis ajoutez-le."
    )
