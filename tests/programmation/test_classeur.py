"""Le tableau en tableur : l'écran, au centime, protégé sauf les cases à soi, sans formule d'autrui."""

import io
import re
import zipfile
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from python_calamine import CalamineWorkbook

from ensemblier.dossiers.models import Dossier
from ensemblier.programmation import classeur
from ensemblier.registre.models import Trace
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def au_20_septembre():
    with time_machine.travel(f.instant("2025-09-20 10:00"), tick=True):
        yield


def exporter(qui="benoit", code="ami-2025", **dits):
    recu = f.client(qui).get(reverse("programmation_xlsx", args=[code]), dits)
    assert recu.status_code == 200
    return b"".join(recu.streaming_content)


def lire(octets, feuille=0):
    return CalamineWorkbook.from_filelike(io.BytesIO(octets)).get_sheet_by_index(feuille).to_python()


def partie(octets, nom="xl/worksheets/sheet1.xml"):
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        return archive.read(nom).decode()


def colonne(octets, cle):
    return lire(octets)[0].index(cle)


def deux_lignes():
    premier, second = scene.recevable(), scene.deuxieme()
    scene.proposer(premier, "8000.05")
    return premier, second


def case(octets, rang, cle):
    lettre = classeur.xl_col_to_name(colonne(octets, cle))
    return re.search(rf'<c r="{lettre}{rang}"[^>]*?(?:/>|>.*?</c>)', partie(octets)).group()


def test_les_lignes_de_l_ecran_au_centime_avec_leurs_cles():
    premier, second = deux_lignes()
    recu = exporter()
    lignes = lire(recu)
    assert [x[0] for x in lignes[2:]] == [*sorted((premier.numero, second.numero)), "Total"]
    rang = [x[0] for x in lignes].index(premier.numero)
    volet = scene.volet(premier)
    assert Decimal(repr(lignes[rang][colonne(recu, "accorde-CALL")])) == Decimal("8000.05")
    assert lignes[rang][colonne(recu, "cle-CALL")] == f"{volet.pk}:{volet.version}:8000.05"
    assert lignes[rang][colonne(recu, "cle-numero")] == premier.numero


def test_les_totaux_sont_des_formules_avec_leur_valeur():
    deux_lignes()
    recu = exporter()
    total = case(recu, 5, "accorde-CALL")
    assert re.search(r"<f>SUM\(\w+3:\w+4\)</f><v>8000\.05</v>", total)
    assert "<f>SUM(" in case(recu, 3, "total")
    ecart = lire(recu)[2][colonne(recu, "ecart")]
    cout, du_total = (lire(recu)[2][colonne(recu, c)] for c in ("cout", "total"))
    assert ecart == pytest.approx(cout - du_total)


def test_un_financeur_cache_laisse_le_total_en_valeur():
    deux_lignes()
    recu = exporter(col=["cout", "total", "ecart"])
    assert "<f>" not in case(recu, 3, "total")
    assert "accorde-CALL" not in lire(recu)[0]


def styles_ouverts(octets):
    corps = partie(octets, "xl/styles.xml").partition("<cellXfs")[2].partition("</cellXfs>")[0]
    return {str(i) for i, forme in enumerate(corps.split("<xf ")[1:]) if 'locked="0"' in forme}


def style(xml):
    return re.search(r's="(\d+)"', xml).group(1)


def test_seules_les_cases_a_soi_s_ecrivent():
    dossier = scene.recevable("aap-2026")
    assert dossier.numero
    recu = exporter("chloe", "aap-2026")
    assert "<sheetProtection" in partie(recu)
    ouverts = styles_ouverts(recu)
    assert style(case(recu, 3, "accorde-ETAT")) in ouverts
    assert style(case(recu, 3, "accorde-CALL")) not in ouverts
    assert style(case(recu, 3, "demande-ETAT")) not in ouverts


def test_cles_cachees_volets_figes_feuille_d_origine_cachee():
    deux_lignes()
    recu = exporter()
    feuille = partie(recu)
    assert re.search(r'<row r="1"[^>]*hidden="1"', feuille)
    assert re.search(r'<pane xSplit="2" ySplit="2"', feuille)
    cle = colonne(recu, "cle-CALL") + 1
    cachees = [
        range(int(a), int(b) + 1)
        for a, b in re.findall(r'<col min="(\d+)" max="(\d+)"[^>]*hidden="1"', feuille)
    ]
    assert [*cachees[0]] == [cle - 1, cle]
    assert len(cachees) == 1
    assert 'name="Origine" sheetId="2" state="hidden"' in partie(recu, "xl/workbook.xml")
    dits = dict(lire(recu, 1))
    assert (dits["format"], dits["version"], dits["appel"]) == (classeur.FORMAT, "1", "ami-2025")
    assert len(dits["empreinte"]) == 64


@pytest.mark.parametrize("mechant", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "http://x.example"])
def test_un_texte_d_autrui_n_est_jamais_une_formule(mechant):
    dossier = scene.recevable()
    Dossier.objects.filter(pk=dossier.pk).update(intitule=mechant)
    dossier.organisme.nom = mechant
    dossier.organisme.save()
    recu = exporter()
    assert lire(recu)[2][1] == f"{mechant} · {mechant}"
    assert "<f>" not in case(recu, 3, "porteur")
    assert "<hyperlink" not in partie(recu)


def test_le_filtre_et_le_perimetre_sont_ceux_de_l_ecran():
    premier, second = deux_lignes()
    assert [x[0] for x in lire(exporter(q=second.numero))[2:]] == [second.numero, "Total"]
    assert premier.numero not in str(lire(exporter("chloe")))


def test_l_empreinte_suit_les_cles_pas_leur_ordre():
    cles = [("A", "cle-CALL", "1:0:"), ("B", "cle-CALL", "2:0:")]
    assert classeur.empreinte(cles) == classeur.empreinte(reversed(cles))
    assert classeur.empreinte(cles) != classeur.empreinte(cles[:1])


def test_l_export_se_trace_et_une_liste_vide_s_ecrit():
    f.appel()
    assert len(lire(exporter())) == 2
    assert Trace.objects.filter(raison="Tableau de programmation exporté").exists()
