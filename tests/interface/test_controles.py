"""Les fichiers déposés : jugés sur leur contenu ; chaque refus est une phrase qui dit que faire."""

import contextlib
import io
import struct
import zipfile
import zlib
from pathlib import Path

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ensemblier.interface import controles
from ensemblier.interface.controles import DOCX, JPEG, ODT, PDF, PNG, FichierRefuse, controler
from tests.hasard import exemples


def pdf(preparer=None, **options: object) -> bytes:
    document = pikepdf.new()
    document.add_blank_page(page_size=(200, 200))
    if preparer:
        preparer(document)
    sortie = io.BytesIO()
    document.save(sortie, **options)
    return sortie.getvalue()


def png(largeur: int = 2, hauteur: int = 2) -> bytes:
    def bloc(nom: bytes, corps: bytes) -> bytes:
        return struct.pack(">I", len(corps)) + nom + corps + struct.pack(">I", zlib.crc32(nom + corps))

    entete = struct.pack(">IIBBBBB", largeur, hauteur, 8, 0, 0, 0, 0)
    lignes = zlib.compress(b"\0\0\0" * 2)
    return b"\x89PNG\r\n\x1a\n" + bloc(b"IHDR", entete) + bloc(b"IDAT", lignes) + bloc(b"IEND", b"")


def jpeg(largeur: int = 2, hauteur: int = 2, fin: bytes = b"\xff\xd9") -> bytes:
    app = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + b"\1\1\0\0\1\0\1\0\0"
    trame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, hauteur, largeur, 1) + b"\1\x11\0"
    return b"\xff\xd8" + app + trame + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\0" * 8 + fin


TYPES_WORD = (
    b'<Types><Override PartName="/word/document.xml" ContentType="'
    b'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)


def archive(**membres: bytes) -> bytes:
    sortie = io.BytesIO()
    with zipfile.ZipFile(sortie, "w", zipfile.ZIP_DEFLATED) as fichier:
        for nom, corps in membres.items():
            fichier.writestr(nom, corps)
    return sortie.getvalue()


def docx(**autres: bytes) -> bytes:
    return archive(**{"[Content_Types].xml": TYPES_WORD, "word/document.xml": b"<w/>", **autres})


def odt(**autres: bytes) -> bytes:
    return archive(**{"mimetype": ODT.encode(), "content.xml": b"<o/>", **autres})


def _javascript(document):
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def _lancement(document):
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="calc.exe")


def _javascript_cache(document):
    page = document.pages[0]
    action = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="x")
    page.AA = pikepdf.Dictionary(O=action)


def _noms_javascript(document):
    document.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=pikepdf.Array()))


def _fichier_joint(document):
    document.attachments["virus.exe"] = pikepdf.AttachedFileSpec(document, b"MZ")


def _formulaire_actif(document):
    document.Root.AcroForm = pikepdf.Dictionary(XFA="x", Fields=pikepdf.Array())


def _sans_page(document):
    del document.pages[0]


CHIFFRE = pikepdf.Encryption(owner="o", user="u")
CHIFFRE_OUVERT = pikepdf.Encryption(owner="o", user="")


@pytest.mark.parametrize(
    ("octets", "attendu"),
    [(pdf(), PDF), (png(), PNG), (jpeg(), JPEG), (docx(), DOCX), (odt(), ODT)],
    ids=["pdf", "png", "jpeg", "docx", "odt"],
)
def test_un_fichier_sain_rend_son_type(octets, attendu):
    assert controler(octets) == attendu
    fichier = io.BytesIO(octets)
    fichier.seek(3)
    assert controler(fichier) == attendu
    assert fichier.tell() == 0


REFUS = {
    "vide": (b"", "vide"),
    "texte": (b"bonjour", "ne reconnaissons pas"),
    "html": (b"<html><script>x</script>", "ne reconnaissons pas"),
    "programme": (b"MZ" + b"\0" * 200, "ne reconnaissons pas"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "ne reconnaissons pas"),
    "html avant le pdf": (b"<html>" + pdf(), "ne reconnaissons pas"),
    "trop gros": (b"%PDF-" + b"0" * controles.TAILLE_MAXIMALE, "20 Mo"),
    "pdf coupé": (pdf()[:200], "abîmé"),
    "pdf d'une ligne": (b"%PDF-1.7\n", "abîmé"),
    "pdf à mot de passe": (pdf(encryption=CHIFFRE), "mot de passe"),
    "pdf chiffré sans mot de passe": (pdf(encryption=CHIFFRE_OUVERT), "chiffré"),
    "pdf à script": (pdf(_javascript), "JavaScript"),
    "pdf à script caché dans une page": (pdf(_javascript_cache), "JavaScript"),
    "pdf à script compressé": (
        pdf(_javascript, object_stream_mode=pikepdf.ObjectStreamMode.generate),
        "JavaScript",
    ),
    "pdf à table de scripts": (pdf(_noms_javascript), "JavaScript"),
    "pdf qui lance un programme": (pdf(_lancement), "action"),
    "pdf à fichier joint": (pdf(_fichier_joint), "autre fichier"),
    "pdf à formulaire actif": (pdf(_formulaire_actif), "formulaire actif"),
    "pdf sans page": (pdf(_sans_page), "aucune page"),
    "png coupé": (png()[:30], "abîmée"),
    "png sans fin": (png()[:-12], "abîmée"),
    "png géant": (png(60_000, 60_000), "trop grande"),
    "png sans largeur": (png(0, 5), "abîmée"),
    "jpeg coupé": (jpeg()[:12], "abîmée"),
    "jpeg sans fin": (jpeg(fin=b""), "abîmée"),
    "jpeg géant": (jpeg(65_000, 65_000), "trop grande"),
    "jpeg faux": (b"\xff\xd8\xff" + b"a" * 100, "abîmée"),
    "zip ordinaire": (archive(**{"a.txt": b"a"}), "archive"),
    "zip coupé": (docx()[:80], "abîmé"),
    "classeur": (archive(**{"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x/>"}), "archive"),
    "docx à macros": (docx(**{"word/vbaProject.bin": b"x"}), "macros"),
    "docx qui ment sur son type": (docx(**{"[Content_Types].xml": b"<Types>macroEnabled</Types>"}), "macros"),
    "odt à macros": (odt(**{"Basic/Standard/x.xml": b"x"}), "macros"),
    "bombe": (docx(**{"word/media/a.bin": b"\0" * 3_000_000}), "énorme"),
    "chemin qui sort": (docx(**{"../../etc/passwd": b"x"}), "abîmé"),
    "trop de parties": (docx(**{f"p{i}": b"" for i in range(2_001)}), "trop de parties"),
}


@pytest.mark.parametrize(("octets", "dit"), REFUS.values(), ids=REFUS.keys())
def test_un_fichier_douteux_est_refuse_par_une_phrase(octets, dit):
    with pytest.raises(FichierRefuse, match=dit) as refus:
        controler(octets)
    phrase = str(refus.value)
    assert phrase.endswith(".")
    assert any(
        verbe in phrase for verbe in ("ez-le", "ez-la", "Envoyez", "Reprenez", "ajoutez", "Enregistrez")
    )
    assert "\n" not in phrase


def test_un_membre_altere_est_vu():
    octets = bytearray(docx(**{"word/media/a.bin": bytes(range(256)) * 40}))
    octets[octets.index(b"word/media/a.bin") + 30] ^= 0xFF
    with pytest.raises(FichierRefuse, match="abîmé"):
        controler(bytes(octets))


def test_une_archive_a_mot_de_passe_est_refusee():
    octets = bytearray(docx())
    for signature, decalage in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        octets[octets.index(signature) + decalage] |= 1
    with pytest.raises(FichierRefuse, match=r"mot de passe|abîmé"):
        controler(bytes(octets))


def test_un_type_sain_mais_pas_attendu_ici_est_refuse():
    with pytest.raises(FichierRefuse, match="pas accepté ici"):
        controler(png(), acceptes=(PDF,))


def test_nos_propres_pdf_passent():
    from ensemblier.interface import galerie
    from ensemblier.interface.pdf import ecrire_pdf

    contexte = {**galerie.contexte(), "liens_fiche": {}}
    octets = ecrire_pdf("interface/exemple_pdf.html", contexte, identifiant="x", titre="Essai")
    assert controler(octets) == PDF


def test_un_pdf_a_script_serait_accepte_sans_la_lecture_des_objets_garde_levee(monkeypatch):
    monkeypatch.setattr(controles, "_controler_objet", lambda objet: None)
    assert controler(pdf(_javascript)) == PDF


@settings(max_examples=exemples(150), suppress_health_check=[HealthCheck.too_slow])
@given(graine=st.sampled_from([pdf(), png(), jpeg(), docx(), odt()]), donnees=st.data())
def test_un_fichier_abime_n_est_jamais_une_erreur_du_service_g8(graine, donnees):
    octets = bytearray(graine)
    for _ in range(donnees.draw(st.integers(1, 8))):
        octets[donnees.draw(st.integers(0, len(octets) - 1))] = donnees.draw(st.integers(0, 255))
    octets = octets[: donnees.draw(st.integers(1, len(octets)))]
    with contextlib.suppress(FichierRefuse):
        assert controler(bytes(octets)) in controles.ACCEPTES


def test_le_controle_ne_lit_que_le_contenu_pas_le_nom(tmp_path: Path):
    menteur = tmp_path / "photo.png"
    menteur.write_bytes(pdf())
    with menteur.open("rb") as fichier:
        assert controler(fichier) == PDF


def test_un_depot_qui_ne_prend_que_du_pdf_ne_propose_rien_d_autre():
    with pytest.raises(FichierRefuse, match=r"Envoyez un PDF\.$"):
        controler(b"bonjour", acceptes=(PDF,))
