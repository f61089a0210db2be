"""L'export égale l'écran : mêmes lignes, colonnes, ordre, filtres, périmètre ; jamais une formule."""

import csv
import io
import re
from decimal import Decimal

import pytest
import time_machine
from python_calamine import CalamineWorkbook

from ensemblier.dossiers.actes.mots import indexer
from ensemblier.espaces.tableaux import COLONNES, texte
from ensemblier.registre.actes import reprendre
from ensemblier.registre.models import Trace
from tests import fabriques as f
from tests import fabriques_suites as s

pytestmark = pytest.mark.django_db
LENS = "QN06224M"


@pytest.fixture(autouse=True)
def au_2_juin_2026():
    with time_machine.travel(f.instant("2026-06-02 10:00"), tick=True):
        yield


@pytest.fixture
def dossiers():
    """Sept dossiers, dans l'ordre inverse de leurs demandes ; l'un a pour nom une formule."""
    lus = []
    for rang in range(1, 8):
        porteur = s.organisme("=1+1|cmd" if rang == 3 else f"Porteur {rang}", f"9021001{rang:02d}")
        d = s.dossier(f"26-070{rang}", appel="aap-2026", porteur=porteur)
        d.demande_totale, d.depose_le = Decimal(9000 - rang), f.instant(f"2025-10-2{rang} 10:00")
        reprendre(d, etat="recevable", par=f.systeme("lens-lievin"), le=s.AVANT, libelle="Repris")
        indexer(d)
        s.volet(d, f"{100 + rang}.50", financeur="CALL", etat="sollicitee")
        if rang % 2:
            s.volet(d, f"{rang}00", financeur="ETAT", etat="sollicitee")
        lus.append(d)
    return lus


def ecran(qui, **dits):
    """Les cases de toutes les pages, telles que la page les montre."""
    navigateur, adresse, rangs = f.client(qui), "/instruction/", []
    lue = navigateur.get(adresse, dits)
    while True:
        colonnes, lignes = lue.context["liste"].colonnes, lue.context["lignes"]
        numeros = re.findall(r'<tr><th scope="row".*?<a [^>]*>([^<]+)<', lue.context["rangs"])
        assert numeros == [ligne.dossier.numero for ligne in lignes]
        rangs += [(ligne.dossier.numero, [texte(c, ligne) for c in colonnes]) for ligne in lignes]
        if not lue.context["suivant"]:
            break
        lue = navigateur.get(adresse + lue.context["suivant"])
    titres = re.findall(r'<th scope="col"[^>]*>(?:<a [^>]*>)?\s*([^<]+?)\s*<', lue.content.decode())
    return titres, rangs


def en_csv(qui, **dits):
    lue = f.client(qui).get("/instruction/liste.csv", dits)
    assert lue.status_code == 200
    return list(csv.reader(io.StringIO(f.contenu(lue).decode("utf-8-sig")), delimiter=";"))


def en_xlsx(qui, **dits):
    octets = f.contenu(f.client(qui).get("/instruction/liste.xlsx", dits))
    return CalamineWorkbook.from_filelike(io.BytesIO(octets)).get_sheet_by_index(0).to_python()


@pytest.mark.parametrize("qui", ["benoit", "chloe", "odile"])
@pytest.mark.parametrize(
    "dits",
    [
        {"vue": "tout"}, {"vue": "tout", "tri": "-demande"},
        {"vue": "tout", "tri": "demande", "financeur": "ETAT"},
        {"vue": "tout", "tri": "-numero", "col": ["porteur", "siret", "etat"]}, {"q": "porteur"},
        {"vue": "tout", "q": "0705"}, {"vue": "a-faire"}, {"vue": "tout", "etat": "clos"},
    ],
)  # fmt: skip
def test_l_export_egale_l_ecran(dossiers, monkeypatch, qui, dits):
    monkeypatch.setattr("ensemblier.interface.pages.PAR_PAGE", 2)
    monkeypatch.setattr("ensemblier.espaces.export.LOT", 3)
    titres, rangs = ecran(qui, **dits)
    tableur = en_csv(qui, **dits)
    voulues = [c for c in COLONNES.values() if c.titre in titres] if titres else []
    if voulues:
        assert [c.titre for c in voulues] == titres
        assert tableur[0] == [entete for c in voulues for entete, _ in c.champs]
    assert [ligne[0] for ligne in tableur[1:]] == [numero for numero, _ in rangs]
    for ligne, (_, cases) in zip(tableur[1:], rangs, strict=True):
        assert [comme_l_ecran(case) for case in premiers_champs(voulues, ligne)] == [
            comme_l_ecran(case) for case in cases
        ]
    lignes = [[str(c) for c in ligne] for ligne in en_xlsx(qui, **dits)]
    assert [ligne[0] for ligne in lignes] == [ligne[0] for ligne in tableur]
    assert {len(ligne) for ligne in lignes} == {len(tableur[0])}


def premiers_champs(colonnes, ligne):
    """La case qui dit ce que l'écran dit : la première de chaque colonne, les deux pour « 1 sur 3 »."""
    reste = iter(ligne)
    for c in colonnes:
        champs = [next(reste) for _ in c.champs]
        yield " sur ".join(champs) if c.genre == "avis" else champs[0]


def comme_l_ecran(case):
    """Le tableur écrit « 403,50 » et « 23/10/2025 », la page ce qu'en fait Python ; vide se dit « — »."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", case):
        return "/".join(reversed(case.split("-")))
    return case.removeprefix("'").replace(",", ".") if case not in ("", "—") else ""


def test_le_financeur_n_exporte_que_ses_dossiers_et_sa_ligne(dossiers):
    lignes = en_csv("chloe", vue="tout", tri="numero")
    rang = lignes[0].index("Demandé (€)")
    assert [(x[0], x[rang]) for x in lignes[1:]] == [
        ("26-0701", "100,00"), ("26-0703", "300,00"), ("26-0705", "500,00"), ("26-0707", "700,00"),
    ]  # fmt: skip
    assert len(en_csv("denise", vue="tout")) == 1


def test_une_formule_reste_un_texte_et_un_montant_un_nombre(dossiers):
    dits = {"vue": "tout", "tri": "numero", "col": ["porteur", "demande", "depot", "avis"]}
    ligne = en_csv("benoit", **dits)[3]
    assert ligne == ["26-0703", "'=1+1|cmd", "Reprise de vélos", "403,50", "0", "2", "23/10/2025"] or (
        ligne[1] == "'=1+1|cmd" and "403,50" in ligne and "23/10/2025" in ligne
    )
    cases = en_xlsx("benoit", **dits)[3]
    assert "=1+1|cmd" in cases
    assert 403.5 in cases
    assert any(getattr(c, "year", None) == 2025 for c in cases)


@pytest.mark.parametrize("debut", ["=", "+", "-", "@", "\t"])
def test_aucun_debut_de_formule_ne_sort_du_csv(debut):
    from ensemblier.interface.exports import en_csv as ecrire

    octets = b"".join(ecrire(["Nom"], [[f"{debut}SOMME(A1)"], [Decimal("-12.50")], [-3]])).decode("utf-8-sig")
    lignes = list(csv.reader(io.StringIO(octets), delimiter=";"))
    assert lignes[1:] == [[f"'{debut}SOMME(A1)"], ["-12,50"], ["-3"]]


def test_la_page_mene_a_son_export_et_la_sortie_se_trace(dossiers):
    navigateur = f.client("benoit")
    texte = navigateur.get(
        "/instruction/", {"vue": "tout", "tri": "-numero", "q": "porteur"}
    ).content.decode()
    adresse = re.search(r'href="(/instruction/liste\.csv\?[^"]+)"', texte)[1].replace("&amp;", "&")
    assert "tri=-numero" in adresse
    lue = navigateur.get(adresse)
    numeros = [x.split(";")[0] for x in f.contenu(lue).decode("utf-8-sig").splitlines()[1:]]
    assert numeros == ["26-0707", "26-0706", "26-0705", "26-0704", "26-0702", "26-0701"]
    assert Trace.objects.filter(raison="Liste des dossiers exportée").count() == 1


def test_l_export_coute_autant_a_deux_et_a_sept_lignes(dossiers, django_assert_max_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def compter(**dits):
        navigateur = f.client("benoit")
        with CaptureQueriesContext(connection) as requetes:
            f.contenu(navigateur.get("/instruction/liste.csv", {"vue": "tout", **dits}))
        return len(requetes)

    compter()
    assert compter(q="0705") - 1 == compter()


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_un_porteur_n_exporte_rien(format):
    assert f.client("amina").get(f"/instruction/liste.{format}").status_code == 403
