"""Un petit tableur qui promet une feuille immense se refuse avant de prendre la mémoire (T16)."""

import io
import re
import zipfile
from unittest.mock import Mock

import pytest

from ensemblier.interface import tableur
from ensemblier.interface.controles import ODS, FichierRefuse
from tests.programmation import retouche

FEUILLE, LIENS, CLASSEUR = retouche.FEUILLE, "xl/_rels/workbook.xml.rels", "xl/workbook.xml"
LOIN = '<row r="3"><c r="B1048576"><v>1</v></c></row></sheetData>'
SAIN = retouche.parties(tableur.ecrire("A", ["a", "b"], [["x", "y"]], largeurs=[9, 9]))


def xml(partie):
    return SAIN[partie].decode()


def bombe():
    return xml(FEUILLE).replace("</sheetData>", LOIN)


def case_loin_de_sa_rangee():
    return retouche.assembler(SAIN | {FEUILLE: bombe()})


def reference_de_deux_espaces_de_noms():
    case = '<row r="3"><c r="B1048576" q:r="A3" xmlns:q="q"><v>1</v></c></row></sheetData>'
    return retouche.assembler(SAIN | {FEUILLE: xml(FEUILLE).replace("</sheetData>", case)})


def deux_feuilles_du_meme_nom():
    feuille, lien = (
        re.search(rf"<{balise} [^>]*/>", xml(ou))[0]
        for balise, ou in (("sheet", CLASSEUR), ("Relationship", LIENS))
    )
    cle = re.search(r'Id="([^"]+)"', lien)[1]
    autre = lien.replace(f'"{cle}"', '"rId99"').replace("sheet1.xml", "sheet9.xml")
    return retouche.assembler(
        SAIN
        | {
            FEUILLE: bombe(), "xl/worksheets/sheet9.xml": xml(FEUILLE),
            LIENS: xml(LIENS).replace(lien, lien + autre),
            CLASSEUR: xml(CLASSEUR).replace(feuille, feuille + feuille.replace(f'"{cle}"', '"rId99"')),
        }
    )  # fmt: skip


def deux_membres_a_la_casse_pres():
    return retouche.assembler(SAIN | {"xl/worksheets/SHEET1.xml": bombe()})


ESPACES = " ".join(
    f'xmlns:{court}="urn:oasis:names:tc:opendocument:xmlns:{nom}:1.0"'
    for court, nom in (("office", "office"), ("table", "table"), ("text", "text"))
)
CASE = '<table:table-cell office:value-type="string"{}><text:p>a</text:p></table:table-cell>'
RANGEE = f"<table:table-row>{CASE.format('')}</table:table-row>"
IMMENSE = (
    '<table:table-row table:number-rows-repeated="1000000">'
    + CASE.format(' table:number-columns-repeated="100"')
    + "</table:table-row>"
)


def table(nom, corps):
    return f'<table:table table:name="{nom}">{corps}</table:table>'


def ods(tables):
    sortie = io.BytesIO()
    with zipfile.ZipFile(sortie, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", ODS, zipfile.ZIP_STORED)
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{ODS}"/></manifest:manifest>',
        )
        archive.writestr(
            "content.xml",
            f"<office:document-content {ESPACES}><office:body><office:spreadsheet>{tables}"
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return sortie.getvalue()


def feuille_qu_on_ne_lit_pas():
    return ods(table("A", RANGEE * 2) + table("B", IMMENSE))


def feuille_apres_une_imbriquee():
    dedans = CASE.format("").replace("</text:p>", "</text:p>" + table("B", ""))
    return ods(table("A", f"{RANGEE}<table:table-row>{dedans}</table:table-row>{IMMENSE}"))


@pytest.mark.parametrize(
    "faire",
    [
        case_loin_de_sa_rangee, reference_de_deux_espaces_de_noms, deux_feuilles_du_meme_nom,
        deux_membres_a_la_casse_pres, feuille_qu_on_ne_lit_pas, feuille_apres_une_imbriquee,
    ],
)  # fmt: skip
def test_une_bombe_se_refuse_avant_calamine(monkeypatch, faire):
    calamine = Mock()
    monkeypatch.setattr(tableur, "CalamineWorkbook", calamine)
    with pytest.raises(FichierRefuse):
        tableur.lire(faire())
    assert not calamine.mock_calls


def test_les_memes_tableurs_sains_se_lisent():
    """Le contrôle d'en face : les gabarits des bombes, sans leur charge."""
    assert tableur.lire(retouche.assembler(SAIN)) == [["a", "b"], ["x", "y"]]
    petite = IMMENSE.replace("1000000", "400").replace('"100"', '"40"')
    assert tableur.lire(ods(table("A", RANGEE * 2) + table("B", petite))) == [["a"], ["a"]]


def test_une_marque_d_ordre_doublee_n_entre_pas_dans_le_premier_titre():
    for octets in (b"\xef\xbb\xbf" * 2 + b"N;Aide\n1;2\n", b"\xff\xfe" + "N;Aide\n1;2\n".encode("utf-16")):
        assert tableur.lire(octets)[0] == ["N", "Aide"]
