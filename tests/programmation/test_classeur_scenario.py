"""Un scénario en tableur : l'écran au centime, face au tableau d'aujourd'hui ; la feuille ne se relit pas."""

import io
import re
import zipfile
from decimal import Decimal
from html import unescape

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from python_calamine import CalamineWorkbook

from ensemblier.dossiers.models import Dossier
from ensemblier.programmation import actes, classeur_scenario
from ensemblier.programmation.actes.scenarios import Saisie
from ensemblier.programmation.comparaison import comparer
from ensemblier.programmation.lecture import dossiers_de
from ensemblier.programmation.models import Retour
from ensemblier.registre.models import Trace
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db
LE = scene.NOVEMBRE
DEMANDES = {"CALL": "5000.00", "ETAT": "6000.00"}
A_PART = ("tableau-", "difference-")


@pytest.fixture(autouse=True)
def en_novembre():
    with time_machine.travel(LE, tick=True):
        yield


@pytest.fixture
def scenario():
    """Deux dossiers ; le tableau propose 4 000,05 au premier, le scénario 3 000,07, et 1 500 au second."""
    premier = scene.recevable("aap-2026", **scene.budget("20000.00", DEMANDES))
    second = scene.deuxieme("aap-2026", **scene.budget("18000.00", DEMANDES))
    scene.proposer(premier, "4000.05")
    ouvert = actes.ouvrir_un_scenario(premier.appel, titre="=Essai", par=f.acteur("benoit"), le=LE)
    actes.partager(ouvert, par=f.acteur("benoit"), le=LE)
    posees = {p.demande_id: p.version for p in ouvert.propositions.all()}
    voulus = {scene.volet(premier): "3000.07", scene.volet(second): "1500", scene.volet(second, "ETAT"): "0"}
    saisies = {v.pk: Saisie(Decimal(m), m == "1500", posees.get(v.pk, 0)) for v, m in voulus.items()}
    assert actes.ecrire_les_montants(ouvert, saisies, par=f.acteur("benoit"), le=LE)[1] == {}
    return ouvert


def exporter(scenario, qui="benoit", **dits):
    return f.contenu(f.client(qui).get(reverse("scenario_xlsx", args=[scenario.pk]), dits))


def lire(octets, feuille=0):
    return CalamineWorkbook.from_filelike(io.BytesIO(octets)).get_sheet_by_index(feuille).to_python()


def au_fichier(octets, numero, cle):
    lignes = lire(octets)
    return next(x for x in lignes if x[0] == numero)[lignes[0].index(cle)]


def en_nombre(texte):
    chiffres = re.sub(r"[^\d,-]", "", texte.replace("\u2212", "-")).replace(",", ".")
    return Decimal(chiffres) if re.search(r"\d", chiffres) else None


def a_l_ecran(scenario, qui, **dits):
    """Ce que la page montre de montants : par numéro, les nombres de chaque case, dans l'ordre."""
    page = f.client(qui).get(reverse("scenario", args=[scenario.pk]), dits).content.decode()
    rendues = {}
    for rangee in re.findall(r"<tr data-l.*?</tr>", page, flags=re.S):
        cases = [
            boite[1] if (boite := re.search(r'inputmode="decimal" [^>]*?value="([^"]*)"', case))
            else unescape(re.sub(r"<[^>]+>", "", case))
            for case in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", rangee, flags=re.S)
        ]  # fmt: skip
        rendues[cases[0].strip()] = cases
    return rendues


def test_la_feuille_est_l_ecran_au_centime(scenario):
    colonnes = ["cout", "demandes", "CALL", "ETAT", "total", "ecart"]
    octets, montree = exporter(scenario, col=colonnes), a_l_ecran(scenario, "benoit", col=colonnes)
    lignes = lire(octets)
    cles = [c for c in lignes[0] if not c.startswith(A_PART) and not c.endswith("_du_total")]
    cles = [c for c in cles if c not in ("total_du_tableau", "fixees")]
    assert [x[0] for x in lignes[2:-1]] == [*montree]
    for numero, cases in montree.items():
        dans_le_fichier = [au_fichier(octets, numero, cle) for cle in cles[2:]]
        assert [en_nombre(c) for c in cases[2:]] == [
            None if x == "" else Decimal(repr(x)).quantize(Decimal("0.01")) for x in dans_le_fichier
        ]


def test_le_scenario_face_au_tableau_et_l_ecart_est_celui_de_la_comparaison(scenario):
    premier, second = Dossier.objects.filter(etat="recevable").order_by("pk")
    octets = exporter(scenario)
    dits = [(au_fichier(octets, d.numero, f"{sorte}-CALL")) for d in (premier, second)
            for sorte in ("tableau", "accorde", "difference")]  # fmt: skip
    assert dits == [4000.05, 3000.07, -999.98, "", 1500, 1500]
    lus = dossiers_de(f.acteur("benoit"), scenario.appel)
    rendue = comparer(scenario.appel, lus, None, scenario)
    par_numero = {e.numero: e.ecart for e in rendue.dossiers}
    for d in (premier, second):
        assert Decimal(repr(au_fichier(octets, d.numero, "ecart_du_total"))) == par_numero[d.numero]
    assert Decimal(repr(au_fichier(octets, "Total", "ecart_du_total"))) == rendue.total.ecart
    assert Decimal(repr(au_fichier(octets, "Total", "total_du_tableau"))) == rendue.total.avant


def test_les_cases_fixees_se_disent(scenario):
    premier, second = Dossier.objects.filter(etat="recevable").order_by("pk")
    octets = exporter(scenario)
    assert [au_fichier(octets, d.numero, "fixees") for d in (premier, second)] == ["", "CALL"]


def test_le_filtre_et_le_perimetre_sont_ceux_de_l_ecran(scenario):
    second = Dossier.objects.filter(etat="recevable").latest("pk")
    assert [x[0] for x in lire(exporter(scenario, q=second.numero))[2:]] == [second.numero, "Total"]
    assert "accorde-ETAT" not in lire(exporter(scenario, col=["CALL"]))[0]
    actes.rendre_prive(scenario, par=f.acteur("benoit"), le=LE)
    assert f.client("chloe").get(reverse("scenario_xlsx", args=[scenario.pk])).status_code == 404
    assert Trace.objects.filter(raison="Scénario exporté").count() == 2


@pytest.mark.parametrize("mechant", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "http://x.example"])
def test_un_texte_d_autrui_n_est_jamais_une_formule(scenario, mechant):
    dossier = Dossier.objects.filter(etat="recevable").earliest("numero")
    Dossier.objects.filter(pk=dossier.pk).update(intitule=mechant)
    octets = exporter(scenario)
    assert lire(octets)[2][1] == f"{dossier.organisme.nom} · {mechant}"
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        feuilles = [
            archive.read(n).decode() for n in archive.namelist() if n.startswith("xl/worksheets/sheet")
        ]
    formules = re.findall(r"<f>(.*?)</f>", "".join(feuilles))
    assert all(re.fullmatch(r"SUM\([A-Z]+3:[A-Z]+4\)", x) for x in formules)
    assert dict(lire(octets, 1))["scenario"] == "=Essai"
    assert "<hyperlink" not in "".join(feuilles)


def test_rien_ne_s_ecrit_dans_la_feuille(scenario):
    with zipfile.ZipFile(io.BytesIO(exporter(scenario))) as archive:
        feuille, styles = (archive.read(f"xl/{n}.xml").decode() for n in ("worksheets/sheet1", "styles"))
    assert "<sheetProtection" in feuille
    formes = styles.partition("<cellXfs")[2].partition("</cellXfs>")[0].split("<xf ")[1:]
    ouvertes = {str(i) for i, forme in enumerate(formes) if 'locked="0"' in forme}
    assert not ouvertes & set(re.findall(r' s="(\d+)"', feuille))


def test_la_feuille_ne_se_relit_pas_et_l_ecran_le_dit(scenario):
    page = f.client("benoit").get(reverse("scenario", args=[scenario.pk])).content.decode()
    assert "elle ne se relit pas" in page
    fichier = SimpleUploadedFile("scenario.xlsx", exporter(scenario))
    adresse = reverse("programmation_retours", args=["aap-2026"])
    recu = f.client("benoit").post(adresse, {"fichier": fichier, "cle": "c" * 32})
    assert recu.status_code == 422
    assert "feuille d'un scénario" in recu.context["form"].errors["fichier"][0]
    assert not Retour.objects.exists()


def test_la_feuille_ne_se_relit_pas_garde_levee(scenario, monkeypatch):
    """Sans son origine à elle, la feuille passerait pour un tableau abîmé : c'est elle qui le dit."""
    monkeypatch.setattr(classeur_scenario.classeur, "FORMAT_DE_SCENARIO", "ensemblier-programmation")
    fichier = SimpleUploadedFile("scenario.xlsx", exporter(scenario))
    monkeypatch.undo()
    adresse = reverse("programmation_retours", args=["aap-2026"])
    recu = f.client("benoit").post(adresse, {"fichier": fichier, "cle": "c" * 32})
    assert (recu.status_code, "feuille d'un scénario" in str(recu.context["form"].errors)) == (422, False)
