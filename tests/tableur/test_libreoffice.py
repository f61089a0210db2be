"""Le tableau exporté, retouché par LibreOffice et relu : chaque centime revient, rien d'autre ne bouge."""

import json
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pikepdf
import pytest
import time_machine

from ensemblier.dossiers.models import Dossier
from ensemblier.interface.controles import FichierRefuse
from ensemblier.programmation.models import CaseRelue
from tests import fabriques as f
from tests.programmation import retouche, scene
from tests.programmation.test_retour import appliquer, essayer, exporter, propose, relire

pytestmark = [pytest.mark.tableur, pytest.mark.django_db]
ISSUE = CaseRelue.Issue
CALC, PYTHON = Path(__file__).with_name("calc.py"), "/usr/bin/python3"
AVANT = ("8000.05", "0.07", "4100.35", "333.33")
APRES = ("0.01", "0.29", "1.10", "19.99", "1234.56", "2999.97", "8999.99", "0", "8.20", "4321.07")


@pytest.fixture(autouse=True)
def au_20_septembre():
    if not shutil.which("soffice"):
        pytest.fail("LibreOffice est absent : « make tableur » l'installe.")
    with time_machine.travel(f.instant("2025-09-20 10:00"), tick=True):
        yield


def calc(octets, dossier, cases=None, *, de="xlsx", vers="xlsx"):
    """Le fichier tel que LibreOffice le rend après ces frappes."""
    source, arrivee = dossier / f"avant.{de}", dossier / f"apres.{vers}"
    source.write_bytes(octets)
    fait = subprocess.run(
        [PYTHON, CALC, source, arrivee],
        input=json.dumps(cases or {}), text=True, capture_output=True, timeout=180,
    )  # fmt: skip
    assert fait.returncode == 0, fait.stderr
    return arrivee.read_bytes()


def tableau(combien):
    """Autant de dossiers, dont les premiers ont déjà un montant à centimes."""
    dossiers = [scene.recevable() for _ in range(combien)]
    for dossier, montant in zip(dossiers, AVANT, strict=False):
        scene.proposer(dossier, montant)
    return dossiers


def lieux(octets, dossiers):
    return [retouche.lieu(octets, d.numero, "accorde-CALL") for d in dossiers]


def test_ouvert_et_enregistre_sans_rien_toucher_il_ne_change_rien(tmp_path):
    tableau(4)
    assert relire(calc(exporter(), tmp_path)) == []


def test_chaque_centime_tape_dans_calc_revient_et_le_total_se_recalcule(tmp_path):
    dossiers = tableau(len(APRES))
    octets = exporter()
    frappes = dict(zip(lieux(octets, dossiers), map(float, APRES), strict=True))
    rendu = calc(octets, tmp_path, frappes)
    appliquer(essayer(rendu))
    assert [propose(d) for d in dossiers] == [Decimal(m).quantize(Decimal("0.01")) for m in APRES]
    lignes = retouche.lire(rendu)
    total = lignes[-1][lignes[0].index("accorde-CALL")]
    assert round(Decimal(repr(total)), 2) == sum(map(Decimal, APRES))
    assert relire(calc(exporter(), tmp_path)) == []


def test_un_centime_au_dessus_du_seuil_ne_s_arrondit_pas_dans_calc(tmp_path):
    """S51, S52 : 23 000,00 en une fois, 12 000,00 et 11 000,01 en deux ; le total dit 46 000,01."""
    dossiers = [scene.recevable(**scene.budget("50000.00", {"CALL": "24000.00"})) for _ in range(3)]
    octets = exporter()
    frappes = dict(zip(lieux(octets, dossiers), (23000.0, 12000.0, 11000.01), strict=True))
    rendu = calc(octets, tmp_path, frappes)
    appliquer(essayer(rendu))
    assert [str(propose(d)) for d in dossiers] == ["23000.00", "12000.00", "11000.01"]
    lignes = retouche.lire(rendu)
    assert lignes[-1][lignes[0].index("accorde-CALL")] == pytest.approx(46000.01, abs=1e-6)


def test_le_detour_par_ods_garde_chaque_centime(tmp_path):
    dossiers = tableau(4)
    octets = exporter()
    frappes = dict(zip(lieux(octets, dossiers), map(float, APRES[3:7]), strict=True))
    en_ods = calc(octets, tmp_path, frappes, vers="ods")
    assert [c.montant for c in relire(en_ods)] == [Decimal(m) for m in APRES[3:7]]
    appliquer(essayer(calc(en_ods, tmp_path, de="ods")))
    assert [propose(d) for d in dossiers] == [Decimal(m) for m in APRES[3:7]]


def test_formules_textes_et_cases_videes_de_calc(tmp_path):
    vide, formule, trop, texte = tableau(4)
    octets = exporter()
    a, b, c, d = lieux(octets, (vide, formule, trop, texte))
    frappes = {a: None, b: "=0.1+0.2", c: "=10000/3", d: "à voir"}
    recu = essayer(calc(octets, tmp_path, frappes))
    issues = {x.numero: (x.issue, x.phrase) for x in recu.cases.all()}
    assert issues[trop.numero][0] == issues[texte.numero][0] == ISSUE.REFUSEE
    assert "plus de deux décimales" in issues[trop.numero][1]
    appliquer(recu)
    assert (propose(vide), propose(formule)) == (None, Decimal("0.30"))
    assert (propose(trop), propose(texte)) == (Decimal("4100.35"), Decimal("333.33"))


@pytest.mark.parametrize("mechant", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)"])
def test_le_titre_d_autrui_n_est_une_formule_ni_avant_ni_apres_calc(tmp_path, mechant):
    dossier = tableau(1)[0]
    Dossier.objects.filter(pk=dossier.pk).update(intitule=mechant)
    rendu = calc(exporter(), tmp_path)
    assert retouche.lire(rendu)[2][1].endswith(f" · {mechant}")
    assert relire(rendu) == []


def test_une_formule_en_erreur_refuse_le_fichier(tmp_path):
    dossiers = tableau(1)
    octets = exporter()
    with pytest.raises(FichierRefuse, match="erreur de calcul"):
        relire(calc(octets, tmp_path, {lieux(octets, dossiers)[0]: "=1/0"}))


def test_calc_ne_laisse_ecrire_que_les_cases_a_soi(tmp_path):
    dossier = scene.recevable("aap-2026", **scene.budget("18000.00", {"CALL": "5000.00", "ETAT": "4000.00"}))
    octets = exporter("chloe", "aap-2026")
    calc(octets, tmp_path, {retouche.lieu(octets, dossier.numero, "accorde-ETAT"): 12.34})
    with pytest.raises(AssertionError, match="est protégée"):
        calc(octets, tmp_path, {retouche.lieu(octets, dossier.numero, "accorde-CALL"): 12.34})


def test_le_classeur_s_imprime_sur_une_page_de_large(tmp_path):
    tableau(2)
    (tmp_path / "t.xlsx").write_bytes(exporter())
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation={(tmp_path / 'profil').as_uri()}",
         "--convert-to", "pdf", "--outdir", tmp_path, tmp_path / "t.xlsx"],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    with pikepdf.open(tmp_path / "t.pdf") as pdf:
        assert len(pdf.pages) == 1
        assert float(pdf.pages[0].mediabox[2]) == pytest.approx(1191, abs=2)
