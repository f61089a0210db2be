"""Le tableau des dépôts : par guichet, par état, par appel ; l'écran et le tableur disent la même chose."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from django.http import QueryDict
from python_calamine import CalamineWorkbook

from ensemblier.dossiers.depots import A_FAIRE, FAIT, PLUS_TARD
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.echanges import depots as tableau
from ensemblier.echanges.depots import TOUT, Suivi
from ensemblier.noyau.packs import Appel
from ensemblier.registre.models import Trace
from tests import fabriques as f
from tests import fabriques_suites as s

pytestmark = pytest.mark.django_db
GUICHETS = ("dauphin", "courrier-call", "plateforme-region", "plateforme-departement")


def _dossier(numero, *codes, dauphin="", etats=None, **options):
    dossier = s.dossier(numero, appel="aap-2026", numero_dauphin=dauphin, **options)
    for code in codes:
        s.volet(dossier, "4000.00", financeur=code, etat=(etats or {}).get(code, "sollicitee"))
    return dossier


@pytest.fixture
def dossiers():
    """Un dossier par situation ; le dernier est de l'AMI, qui ne fait rien déposer ailleurs."""
    _dossier("26-0001", "CALL", "DEPARTEMENT", dauphin="DA01234567")
    _dossier("26-0002", "CALL", "REGION", sans_pieces=("lettre",))
    _dossier("26-0003", "REGION", dauphin="DA01234568", etats={"REGION": "programmee"})
    _dossier("26-0004", "ETAT", dauphin="DA01234569")
    _dossier("26-0005", "REGION", "DEPARTEMENT", dauphin="DA01234570", etats={"DEPARTEMENT": "refusee"})
    s.volet(s.dossier("25-0041"), "4000.00", etat="sollicitee")
    Demande.objects.filter(dossier__numero="26-0003").update(
        reference_depot="PAS-77", depot_le=date(2025, 11, 5)
    )


def suivi(qui="benoit", **dits):
    adresse = QueryDict(mutable=True)
    adresse.update(dits)
    return Suivi(f.acteur(qui), f.territoire(), adresse)


def numeros(**dits):
    return [d.numero for d in suivi(**dits).page.lignes]


@pytest.mark.parametrize(
    ("guichet", "etat", "attendus"),
    [
        ("dauphin", A_FAIRE, ["26-0002"]),
        ("dauphin", FAIT, ["26-0005", "26-0004", "26-0003", "26-0001"]),
        ("courrier-call", A_FAIRE, ["26-0002"]),
        ("courrier-call", FAIT, ["26-0001"]),
        ("plateforme-region", PLUS_TARD, ["26-0005", "26-0002"]),
        ("plateforme-region", A_FAIRE, []),
        ("plateforme-region", FAIT, ["26-0003"]),
        ("plateforme-departement", A_FAIRE, ["26-0001"]),
        ("plateforme-departement", TOUT, ["26-0001"]),
        ("plateforme-departement", PLUS_TARD, []),
        ("inconnu", A_FAIRE, []),
    ],
)
def test_chaque_guichet_se_filtre_par_etat_s71_r55_r61(dossiers, guichet, etat, attendus):
    assert numeros(guichet=guichet, etat=etat) == attendus


def test_la_condition_sql_dit_la_meme_chose_que_les_lignes(dossiers):
    """Deux écritures d'une même loi : chaque dossier filtré est celui dont la case le dit."""
    toutes = suivi(etat=TOUT)
    lignes = list(toutes.toutes())
    for rang, code in enumerate(toutes.colonnes):
        for etat in (A_FAIRE, PLUS_TARD, FAIT):
            attendus = [x.dossier.numero for x in lignes if x.cases[rang].etat == etat]
            assert numeros(guichet=code, etat=etat) == attendus, (code, etat)


def test_un_dossier_clos_ne_se_depose_plus_nulle_part(dossiers):
    Dossier.objects.filter(numero="26-0001").update(etat="irrecevable")
    assert numeros(etat=A_FAIRE) == ["26-0002"]
    ligne = next(x for x in suivi(etat=TOUT).toutes() if x.dossier.numero == "26-0001")
    assert [c.etat for c in ligne.cases] == [FAIT, FAIT, "", ""]


def test_sans_filtre_tout_ce_qui_reste_a_faire_par_appel(dossiers):
    assert numeros() == ["26-0002", "26-0001"]
    assert numeros(appel="aap-2026") == ["26-0002", "26-0001"]
    assert numeros(appel="ami-2025") == []
    assert tuple(suivi().guichets) == GUICHETS
    assert [code for code, _ in suivi().appels] == ["aap-2026"]


def test_une_version_figee_garde_ses_guichets(dossiers):
    """Le règlement d'un dossier dit ce qu'il attend, même quand l'appel a changé depuis."""
    contenu = f.appel("aap-2026").regles().en_json()
    ancien = Appel.depuis_json({**contenu, "guichets": contenu["guichets"][:1]})
    appel = f.appel("aap-2026")
    fige = appel.reglements.create(
        version=9, contenu=ancien.en_json(), empreinte=ancien.empreinte(), publie_le=s.AVANT
    )
    Dossier.objects.filter(numero="26-0001").update(reglement=fige)
    assert numeros(etat=A_FAIRE) == ["26-0002"]


def test_un_financeur_ne_voit_que_ses_dossiers(dossiers):
    assert {d.numero for d in suivi("denise", etat=TOUT).page} == {"26-0001", "26-0005"}


def test_la_page_et_ses_deux_tableurs_disent_la_meme_chose(dossiers):
    benoit = f.client("benoit")
    page = benoit.get("/depots/", {"etat": TOUT})
    vues = [(x.dossier.numero, [(c.mot, c.reference) for c in x.cases]) for x in page.context["lignes"]]
    lus = f.contenu(benoit.get("/depots/liste.csv", {"etat": TOUT})).decode("utf-8-sig")
    lignes = list(csv.reader(io.StringIO(lus), delimiter=";"))
    assert lignes[0][4:7] == ["Dauphin : état", "Dauphin : référence", "Dauphin : date"]
    couples = [(x[0], list(zip(x[4::3], x[5::3], strict=True))) for x in lignes[1:]]
    assert couples == vues
    classeur = CalamineWorkbook.from_filelike(
        io.BytesIO(f.contenu(benoit.get("/depots/liste.xlsx", {"etat": TOUT})))
    )
    tableur = classeur.get_sheet_by_index(0).to_python()
    assert [x[0] for x in tableur[1:]] == [numero for numero, _ in vues]
    assert Trace.objects.filter(raison="Tableau des dépôts exporté").count() == 2


def test_la_page_mene_a_la_page_ou_l_on_note_le_depot(dossiers):
    texte = f.client("benoit").get("/depots/").content.decode()
    assert "2 dossiers ont un dépôt à faire ailleurs" in texte.replace("\u00a0", " ")
    assert "/instruction/26-0001/depots/" in texte
    assert "26-0004" not in texte


def test_un_service_sans_depot_mene_encore_a_l_import_et_aux_remises():
    texte = f.client("benoit").get("/depots/").content.decode()
    assert "Aucun dépôt ne reste à faire ailleurs" in texte
    assert 'href="/imports/"' in texte
    assert 'href="/remises/"' in texte


def test_un_refus_oublie_dans_la_condition_se_voit_garde_levee(dossiers, monkeypatch):
    """Sans la garde des volets perdus, le Département refusé redeviendrait « à faire »."""
    assert "26-0005" not in numeros(guichet="plateforme-departement")
    monkeypatch.setattr(tableau, "PERDUS", ())
    assert "26-0005" in numeros(guichet="plateforme-departement")
