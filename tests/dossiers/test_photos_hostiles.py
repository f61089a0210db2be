"""Des photos écrites pour nuire ou pour trop dire : ce qui suit l'image, la mémoire, deux tailles, HEIC."""

import io
import struct
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, PngImagePlugin

from ensemblier.dossiers.models import Message, Piece
from ensemblier.interface import controles, photos
from ensemblier.registre import fichiers
from tests import fabriques as f
from tests.dossiers.test_photos import ROUGE, VERT, _garde, _points, envoyer, photo, phrases

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ailleurs")]
LIEU = b"50.4258,2.8319"


def png(taille=(60, 40), *, couleur=ROUGE, mode="RGB"):
    """Une copie d'écran qui porte son lieu : dans l'EXIF, dans un texte."""
    dit, tampon, exif = PngImagePlugin.PngInfo(), io.BytesIO(), Image.Exif()
    dit.add_text("Location", LIEU.decode())
    exif[0x010F] = "TELEPHONE-SECRET"
    Image.new(mode, taille, couleur).save(tampon, "PNG", pnginfo=dit, exif=exif)
    return SimpleUploadedFile("ecran.png", tampon.getvalue())


def animee():
    tampon, images = io.BytesIO(), [Image.new("RGB", (60, 40), c) for c in (ROUGE, VERT, ROUGE)]
    images[0].save(tampon, "PNG", save_all=True, append_images=images[1:])
    return tampon.getvalue()


def mouvante():
    """Une « photo animée » de téléphone : après l'image, une vidéo qui dit où elle fut prise."""
    return SimpleUploadedFile("mouvante.jpg", photo().read() + b"\0\0\0\x18ftypmp42" + LIEU * 900)


def a_deux_trames(cote=7000):
    """Une petite trame pour le contrôle, une autre pour qui dessine."""
    octets = photo().read()
    trame = octets.index(b"\xff\xc0")
    longueur = int.from_bytes(octets[trame + 2 : trame + 4], "big") + 2
    grande = bytearray(octets[trame : trame + longueur])
    grande[5:9] = struct.pack(">HH", cote, cote)
    fin = trame + longueur
    return SimpleUploadedFile("double.jpg", octets[:fin] + bytes(grande) + octets[fin:])


def test_une_copie_d_ecran_seule_perd_son_lieu_ses_points_intacts():
    envoyee = png()
    origine = envoyee.read()
    envoyee.seek(0)
    assert LIEU in origine
    assert b"TELEPHONE-SECRET" in origine
    envoyer(envoyee)
    gardee = _garde()
    assert Piece.objects.get().fichier.type_mime == "image/png"
    assert LIEU not in gardee
    assert b"TELEPHONE-SECRET" not in gardee
    assert _points(gardee)[0] == _points(origine)[0]
    assert photos.sans_lieu(gardee) == gardee


def test_ce_qui_suit_l_image_n_est_pas_garde():
    """La vidéo d'une photo animée, un texte collé après un PNG : rien au-delà de la marque de fin."""
    envoyer(mouvante())
    gardee = _garde()
    assert gardee.endswith(b"\xff\xd9")
    assert LIEU not in gardee
    assert photos.sans_lieu(png().read() + LIEU).endswith(b"IEND\xaeB`\x82")


def test_une_photo_animee_parmi_d_autres_fait_sa_page():
    assert envoyer(mouvante(), photo(couleur=VERT)).status_code == 302
    assert LIEU not in _garde()


def test_ce_qui_suit_resterait_garde_levee(monkeypatch):
    monkeypatch.setattr(photos, "_fin_du_jpeg", lambda octets, position: len(octets))
    envoyer(mouvante())
    assert LIEU in _garde()


def test_d_un_png_anime_reste_la_premiere_image():
    envoyer(SimpleUploadedFile("anime.png", animee()))
    with Image.open(io.BytesIO(_garde())) as lue:
        assert getattr(lue, "n_frames", 1) == 1
        assert lue.convert("RGB").getpixel((5, 5)) == ROUGE


def test_le_commentaire_d_un_jpeg_et_les_carnets_d_un_logiciel_sont_otes():
    octets = photo().read()
    dits = b"".join(
        b"\xff" + bytes((m,)) + (len(LIEU) + 2).to_bytes(2, "big") + LIEU for m in (0xFE, 0xE2, 0xEC)
    )
    assert LIEU not in photos.sans_lieu(octets[:2] + dits + octets[2:])


def test_par_un_message_la_photo_perd_aussi_son_lieu():
    dossier = f.dossier_depose()
    adresse = f"/dossiers/{dossier.numero}/messages/"
    recu = f.client("amina").post(adresse, {"cle": "m" * 32, "texte": "Voici.", "fichier": photo()})
    assert recu.status_code == 302
    with Message.objects.get().fichier.contenu.open("rb") as contenu:
        assert b"TELEPHONE-SECRET" not in contenu.read()


def test_par_un_message_le_lieu_resterait_garde_levee(monkeypatch):
    monkeypatch.setattr(fichiers, "sans_lieu", lambda octets: octets)
    dossier = f.dossier_depose()
    adresse = f"/dossiers/{dossier.numero}/messages/"
    f.client("amina").post(adresse, {"cle": "m" * 32, "texte": "Voici.", "fichier": photo()})
    with Message.objects.get().fichier.contenu.open("rb") as contenu:
        assert b"TELEPHONE-SECRET" in contenu.read()


def test_deux_tailles_dans_un_jpeg_sont_refusees(reste):
    for envoi in ((a_deux_trames(),), (photo(), a_deux_trames())):
        (phrase,) = phrases(envoyer(*envoi))
        assert "abîmée ou incomplète" in phrase
        assert reste() == []


def test_deux_tailles_passeraient_garde_levee(monkeypatch):
    """Sans compter les trames, le contrôle lit la petite ; Pillow, la grande."""
    monkeypatch.setattr(controles, "_controler_jpeg", lambda octets: None)
    octets = a_deux_trames(65_000).read()
    assert controles.controler(octets) == controles.JPEG
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(octets))


@pytest.mark.parametrize("marque", [b"heic", b"mif1", b"avif"])
def test_une_photo_heic_dit_comment_l_envoyer(marque, reste):
    envoyee = SimpleUploadedFile("IMG_1.HEIC", b"\0\0\0\x18ftyp" + marque + b"\0" * 200)
    (phrase,) = phrases(envoyer(envoyee))
    assert phrase.startswith("Cette photo est au format HEIC")
    assert "Le plus compatible" in phrase
    assert reste() == []


def bande(largeur, hauteur, **options):
    tampon = io.BytesIO()
    Image.new("RGB", (largeur, hauteur), ROUGE).save(tampon, "JPEG", quality=30, **options)
    return SimpleUploadedFile("bande.jpg", tampon.getvalue())


@pytest.mark.parametrize(
    ("taille", "options"),
    [((60_000, 990), {}), ((7000, 3000), {"progressive": True, "subsampling": 0})],
    ids=["une bande que rien ne réduit", "progressive : tous ses coefficients en mémoire"],
)
def test_une_photo_trop_grande_a_deplier_dit_quoi_faire(taille, options, reste):
    (phrase,) = phrases(envoyer(photo(), bande(*taille, **options)))
    assert phrase.startswith("Photo 2, « bande.jpg » : cette photo est trop grande pour devenir une page.")
    assert reste() == []


MESURE = """
import re, sys
from django.core.files.uploadedfile import SimpleUploadedFile as Envoi
from ensemblier.interface import photos
sommet = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
lus = [open(chemin, "rb").read() for chemin in sys.argv[1:]]
photos.reunir([Envoi("a.jpg", lus[0]), Envoi("b.jpg", lus[0])])
avant = sommet()
photos.reunir([Envoi("a.jpg", lus[1]), Envoi("b.jpg", lus[1])])
sys.stdout.write(str((sommet() - avant) // 1024))
"""
SANS_REDUIRE = """
import io
from PIL import Image, ImageOps
def redessiner(nom, octets):
    with Image.open(io.BytesIO(octets)) as lue:
        page = ImageOps.exif_transpose(lue)
        page.thumbnail((2339, 2339))
    tampon = io.BytesIO()
    page.convert("RGB").save(tampon, "JPEG")
    return tampon.getvalue(), page.size
photos._redessiner = redessiner
"""


def memoire(tmp_path, envoi, *, programme=MESURE):
    """Les Mo de plus au sommet, dans un processus neuf : celui de l'essai a déjà dessiné.

    VmHWM et non ru_maxrss, qu'un enfant reçoit de son parent.
    """
    petite, grande = tmp_path / "petite", tmp_path / "grande"
    petite.write_bytes(photo().read())
    grande.write_bytes(envoi.read())
    fin = subprocess.run(
        [sys.executable, "-c", programme, str(petite), str(grande)], cwd=settings.RACINE, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    return int(fin.stdout)


@pytest.mark.parametrize(
    "envoi",
    [
        lambda: bande(8000, 6000),
        lambda: bande(39_000, 1020),
        lambda: bande(4470, 4470, progressive=True, subsampling=0),
        lambda: png((4470, 4470), mode="RGBA", couleur=(1, 2, 3, 4)),
    ],
    ids=["48 Mpx", "bande", "progressive", "PNG transparent"],
)
def test_reunir_ne_prend_jamais_plus_de_256_mo(tmp_path, envoi):  # T16
    assert memoire(tmp_path, envoi()) < 256


def test_reunir_prendrait_trop_garde_levee(tmp_path):
    """Dépliée entière puis copiée pour être redressée, une bande admise passerait les 256 Mo."""
    sans = MESURE.replace("avant =", f"exec({SANS_REDUIRE!r})\navant =")
    assert memoire(tmp_path, bande(39_000, 1020), programme=sans) > 256


def test_soixante_photos_se_refusent_d_une_phrase(reste):
    (phrase,) = phrases(envoyer(*(photo() for _ in range(60))))
    assert phrase.startswith("Vous envoyez 60 fichiers : 20 photos au plus")
    assert reste() == []


def test_une_photo_qui_est_aussi_une_page_ne_se_sert_jamais_comme_page():
    """Une image dont la suite est du HTML : la suite tombe, et le type servi est celui du contenu."""
    html = b"<script>fetch('//ailleurs.example')</script>"
    dossier = f.dossier()
    envoyer(SimpleUploadedFile("page.html", photo().read() + html), dossier=dossier)
    assert html not in _garde()
    cle = Piece.objects.get().fichier.cle
    servie = f.client("amina").get(f"/dossiers/{dossier.numero}/pieces/{cle}/?ouvrir")
    assert html not in f.contenu(servie)
    assert servie["Content-Type"] == "image/jpeg"
    assert servie["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in servie["Content-Security-Policy"]
