"""Ce qu'on envoie de travers : une phrase en français, et rien ne reste (issue 3, T15)."""

import io
import re
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ensemblier.interface import controles
from ensemblier.registre.models import Fichier
from tests import fabriques as f
from tests.interface.test_controles import REFUS, docx, pdf, png

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ailleurs")]


def zip_a_mot_de_passe():
    octets = bytearray(docx())
    for signature, decalage in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        octets[octets.index(signature) + decalage] |= 1
    return bytes(octets)


def zip_a_lien():
    sortie = io.BytesIO(docx())
    with zipfile.ZipFile(sortie, "a") as archive:
        lien = zipfile.ZipInfo("word/lien")
        lien.external_attr = 0o120777 << 16
        archive.writestr(lien, "/etc/passwd")
    return sortie.getvalue()


ENVOIS = {nom: ("statuts.pdf", octets) for nom, (octets, _) in REFUS.items()} | {
    "image de 10 000 points de côté": ("photo.png", png(10_000, 10_000)),
    "ancien Word, macros possibles": ("statuts.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    "photo d'iPhone": ("photo.heic", b"\0\0\0\x18ftypheic" + b"\0" * 200),
    "compressé": ("statuts.pdf.gz", b"\x1f\x8b\x08" + b"\0" * 50),
    "document à mot de passe": ("statuts.docx", zip_a_mot_de_passe()),
    "document à lien": ("statuts.docx", zip_a_lien()),
    "script": ("statuts.pdf.js", b"alert(1)"),
    "octets nuls": ("statuts.pdf", b"\0" * 4_000),
    "nom à chemin, contenu faux": ("../../etc/passwd", b"root:x:0:0"),
    "nom de 300 caractères, contenu faux": ("s" * 296 + ".pdf", b"rien"),
    "nom vide de lettres, contenu faux": ("....", b"rien"),
}


def envoyer(nom, octets):
    dossier = f.dossier()
    adresse = f"/dossiers/{dossier.numero}/joindre/statuts/"
    return f.client("amina").post(adresse, {"fichier": SimpleUploadedFile(nom, octets)})


def test_il_y_a_au_moins_vingt_sortes_de_mauvais_fichiers():
    assert len({octets for _, octets in ENVOIS.values()}) >= 40


@pytest.mark.parametrize(("nom", "octets"), ENVOIS.values(), ids=ENVOIS.keys())
def test_un_mauvais_fichier_est_refuse_par_une_phrase_et_ne_laisse_rien(nom, octets, reste):
    reponse = envoyer(nom, octets)
    assert reponse.status_code == 422
    phrases = reponse.context["form"].errors["fichier"]
    assert len(phrases) == 1
    assert phrases[0].endswith(".")
    assert re.search(r"\w+ez(-l[ea]| |,)", phrases[0]), "la phrase dit quoi faire"
    assert "Error" not in phrases[0]
    assert reste() == []


def test_sans_fichier_la_page_dit_d_en_choisir_un(reste):
    dossier = f.dossier()
    reponse = f.client("amina").post(f"/dossiers/{dossier.numero}/joindre/statuts/", {})
    assert reponse.status_code == 422
    assert reponse.context["form"].errors["fichier"][0].endswith(".")
    assert reste() == []


@pytest.mark.parametrize(
    ("nom", "garde"),
    [
        ("../../etc/statuts.pdf", "statuts.pdf"),
        ("C:\\Documents\\statuts.pdf", "statuts.pdf"),
        ("s" * 296 + ".pdf", "s" * 116 + ".pdf"),
        ("sta\u202etuts.pdf", "statuts.pdf"),
    ],
    ids=["chemin", "chemin Windows", "300 caractères", "caractères de sens"],
)
def test_un_bon_fichier_mal_nomme_est_garde_sous_un_nom_sur(nom, garde, tmp_path):
    """Le nom n'est pas une faute de la personne : il est nettoyé, et le disque ne le lit jamais."""
    assert envoyer(nom, pdf()).status_code == 302
    fichier = Fichier.objects.get()
    assert fichier.nom == garde
    (contenu,) = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert contenu.relative_to(tmp_path / "fichiers").as_posix() == f"{fichier.cle[:2]}/{fichier.cle}"


def test_un_mauvais_fichier_resterait_garde_levee(monkeypatch, reste):
    monkeypatch.setattr("ensemblier.dossiers.actes.pieces.controler", lambda fichier: controles.PDF)
    assert envoyer(*ENVOIS["script"]).status_code == 302
    assert len(reste()) == 3
