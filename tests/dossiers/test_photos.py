"""Un justificatif photographié page par page devient un PDF : droit, sans son lieu, dans l'ordre choisi."""

import io

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageFile

from ensemblier.dossiers.models import Piece
from ensemblier.interface import photos
from ensemblier.registre.models import Fichier
from tests import fabriques as f
from tests.dossiers.test_mauvais_fichiers import ENVOIS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ailleurs")]
ORIENTATION, GPS, FABRICANT, LATITUDE = 0x0112, 0x8825, 0x010F, 2
ROUGE, VERT, BLEU = (200, 30, 30), (30, 160, 30), (30, 30, 200)


def photo(nom="page.jpg", couleur=ROUGE, taille=(60, 40), *, orientation=1, format="JPEG", mode="RGB"):
    """Une photo de téléphone : l'orientation dans l'EXIF, le lieu et l'appareil aussi."""
    image = Image.new(mode, taille, couleur if mode == "RGB" else 0)
    exif = Image.Exif()
    exif[ORIENTATION], exif[FABRICANT] = orientation, "TELEPHONE-SECRET"
    exif.get_ifd(GPS)[LATITUDE] = (50.0, 25.0, 48.0)
    tampon = io.BytesIO()
    image.save(tampon, format, exif=exif)
    return SimpleUploadedFile(nom, tampon.getvalue())


def envoyer(*fichiers, qui="amina", dossier=None, **autres):
    dossier = dossier or f.dossier()
    adresse = f"/dossiers/{dossier.numero}/joindre/statuts/"
    return f.client(qui).post(adresse, {"fichier": list(fichiers), **autres})


def _garde():
    with Fichier.objects.get().contenu.open("rb") as contenu:
        return contenu.read()


def pages():
    """Le PDF gardé, page par page : sa feuille, la taille de son image, la couleur de son milieu."""
    lues = []
    with Fichier.objects.get().contenu.open("rb") as contenu, pikepdf.open(contenu) as document:
        for page in document.pages:
            (image,) = page.get_images().values()
            points = pikepdf.PdfImage(image).as_pil_image().convert("RGB")
            milieu = points.getpixel((points.width // 2, points.height // 2))
            feuille = "debout" if page.mediabox[3] > page.mediabox[2] else "couchée"
            lues.append((feuille, points.size, max(range(3), key=milieu.__getitem__)))
    return lues


def phrases(reponse):
    assert reponse.status_code == 422
    return reponse.context["form"].errors["fichier"]


def test_trois_photos_font_un_pdf_dans_l_ordre_choisi():
    reponse = envoyer(photo(couleur=VERT), photo(couleur=ROUGE), photo(couleur=BLEU), ordre="choix")
    assert reponse.status_code == 302
    assert [couleur for *_, couleur in pages()] == [1, 0, 2]
    gardee = Piece.objects.get().fichier
    assert (gardee.type_mime, gardee.nom) == ("application/pdf", "3 pages photographiées.pdf")


def test_par_nom_la_deux_vient_avant_la_dix():
    envoyer(photo("photo 10.jpg", BLEU), photo("photo 2.jpg", VERT), photo("Photo 1.jpg", ROUGE), ordre="nom")
    assert [couleur for *_, couleur in pages()] == [0, 1, 2]


def test_l_orientation_est_respectee_le_lieu_et_l_appareil_sont_otes():
    """6 : le téléphone était tenu debout ; les points sont tournés, rien de l'EXIF ne reste."""
    envoyer(photo(orientation=6), photo())
    assert [(feuille, taille) for feuille, taille, _ in pages()] == [
        ("debout", (40, 60)), ("couchée", (60, 40)),
    ]  # fmt: skip
    octets = _garde()
    for trace in (b"Exif", b"TELEPHONE", b"GPS", b"CreationDate", b"Producer"):
        assert trace not in octets


def test_le_lieu_resterait_garde_levee(monkeypatch):
    monkeypatch.setattr(photos, "_redessiner", lambda nom, octets: (octets, (60, 40)))
    monkeypatch.setattr(photos, "sans_lieu", lambda octets: octets)
    envoyer(photo(), photo())
    assert b"TELEPHONE-SECRET" in _garde()


def test_une_photo_de_48_millions_de_points_tient_sur_une_page():
    envoyer(photo(taille=(8000, 6000)), photo(taille=(6000, 8000)))
    (_, large, _), (_, haute, _) = pages()
    assert max(*large, *haute) == 2339
    assert Fichier.objects.get().taille < 1_000_000


def test_un_png_transparent_et_une_photo_grise_passent():
    envoyer(photo("vide.png", mode="RGBA", format="PNG"), photo("gris.jpg", mode="L"))
    assert len(pages()) == 2


def test_le_meme_envoi_rejoue_ne_compte_qu_une_fois():
    dossier, cle = f.dossier(), "e" * 32
    for _ in range(2):
        assert envoyer(photo(), photo(couleur=VERT), dossier=dossier, cle=cle).status_code == 302
    assert Piece.objects.count() == 1
    envoyer(photo(), photo(couleur=VERT), dossier=dossier, cle="f" * 32)
    assert Piece.objects.count() == 1, "les mêmes photos rendent le même PDF"


def _points(octets):
    with Image.open(io.BytesIO(octets)) as lue:
        return lue.tobytes(), dict(lue.getexif())


def test_une_seule_photo_reste_une_photo_droite_et_sans_son_lieu():
    """Ses points ne sont pas retouchés ; du carnet, il ne reste que le sens."""
    envoyee = photo(orientation=6)
    origine = envoyee.read()
    envoyee.seek(0)
    assert b"TELEPHONE-SECRET" in origine
    envoyer(envoyee)
    assert Piece.objects.get().fichier.type_mime == "image/jpeg"
    gardee = _garde()
    assert _points(gardee) == (_points(origine)[0], {ORIENTATION: 6})
    assert b"TELEPHONE-SECRET" not in gardee
    assert photos.sans_lieu(gardee) == gardee, "déjà nettoyée, elle ne change plus"


@pytest.mark.parametrize("bout", [0, 3, 4, 20, 200])
def test_nettoyer_ne_trebuche_sur_aucun_octet(bout):
    octets = photo().read()[:bout]
    assert isinstance(photos.sans_lieu(octets), bytes)
    assert isinstance(photos.sans_lieu(b"\xff\xd8\xff\xff\xff\xe1\x00\x00" + octets), bytes)


def test_une_photo_seule_dirait_son_lieu_garde_levee(monkeypatch):
    for ou in ("dossiers.forms_depot", "registre.fichiers"):
        monkeypatch.setattr(f"ensemblier.{ou}.sans_lieu", lambda octets: octets)
    envoyer(photo())
    assert b"TELEPHONE-SECRET" in _garde()


@pytest.mark.parametrize(("nom", "octets"), ENVOIS.values(), ids=ENVOIS.keys())
def test_un_mauvais_fichier_parmi_des_photos_est_nomme_et_rien_ne_s_ecrit(nom, octets, reste):
    (phrase,) = phrases(envoyer(photo(), SimpleUploadedFile(nom, octets), photo()))
    assert phrase.startswith(("Photo 2, « ", "Ces photos font 20 Mo ensemble"))
    assert phrase.endswith(".")
    assert reste() == []


def test_un_pdf_parmi_les_photos_dit_quoi_faire(reste):
    (phrase,) = phrases(envoyer(photo(), f.pdf_d_essai("devis.pdf")))
    assert phrase.startswith("Photo 2, « devis.pdf » : ce n'est pas une photo.")
    assert reste() == []


@pytest.mark.parametrize("weasyprint_est_passe", [False, True])
def test_trop_de_pages_trop_lourdes_ou_coupees(reste, monkeypatch, weasyprint_est_passe):
    """WeasyPrint, une fois chargé, fait admettre les images coupées : elles se refusent quand même."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", weasyprint_est_passe)
    (phrase,) = phrases(envoyer(*(photo() for _ in range(21))))
    assert phrase.startswith("Vous envoyez 21 fichiers : 20 photos au plus")
    entier = bytearray(photo(format="PNG").read())
    milieu = entier.index(b"IDAT") + 8
    entier[milieu : milieu + 8] = bytes(8)
    for abimee in (photo().read()[:-40], bytes(entier)):
        (phrase,) = phrases(envoyer(photo(), SimpleUploadedFile("coupee", abimee)))
        assert phrase.startswith("Photo 2, « coupee » : cette image est abîmée ou incomplète.")
    monkeypatch.setattr(photos, "TAILLE_MAXIMALE", 1_000)
    (phrase,) = phrases(envoyer(photo(), photo()))
    assert "ensemble : 20 Mo au plus" in phrase
    monkeypatch.setattr(photos, "TAILLE_MAXIMALE", 20_000_000)
    monkeypatch.setattr(photos, "PIXELS_PNG_MAXIMUM", 1_000)
    (phrase,) = phrases(envoyer(photo(), photo("ecran.png", format="PNG")))
    assert phrase.startswith("Photo 2, « ecran.png » : cette image PNG dépasse")
    assert reste() == []


def test_la_page_sans_javascript_propose_plusieurs_photos_et_leur_ordre():
    page = f.client("amina").get(f"/dossiers/{f.dossier().numero}/joindre/statuts/").content.decode()
    champ = page[page.index('type="file"') - 80 : page.index('type="file"') + 200]
    assert "multiple" in champ
    assert page.count('name="ordre"') == 2
