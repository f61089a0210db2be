"""Le budget en tableur : l'export est le modèle, l'import range tout ou rien (É7, K10, P31)."""

import io
import json
import zipfile
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from ensemblier.dossiers.feuilles import Feuille
from ensemblier.dossiers.models import Dossier, LigneDeBudget, Saisie
from ensemblier.dossiers.reponses import Reponses
from ensemblier.interface import tableur
from ensemblier.interface.controles import FichierRefuse
from ensemblier.noyau import cerfa
from tests import fabriques

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("en_mai")]
ENTETES = ["Compte", "Libellé", "Montant"]


def xlsx(*lignes, entetes=ENTETES, formules=()):
    """Un classeur d'essai ; `formules` : (rang, colonne, formule, valeur gardée)."""
    sortie = io.BytesIO()
    with Workbook(sortie, {"in_memory": True, "strings_to_formulas": False}) as classeur:
        page = classeur.add_worksheet()
        for rang, ligne in enumerate([entetes, *lignes]):
            for colonne, valeur in enumerate(ligne):
                page.write(rang, colonne, valeur)
        for rang, colonne, formule, valeur in formules:
            page.write_formula(rang, colonne, formule, value=valeur)
    return sortie.getvalue()


def csv(*lignes, entetes="Compte;Libellé;Montant"):
    return "\r\n".join([entetes, *lignes]).encode()


def ods(corps):
    """Un .ods d'essai, une feuille ; `corps` : ses lignes en XML."""
    espaces = " ".join(
        f'xmlns:{p}="urn:oasis:names:tc:opendocument:xmlns:{p}:1.0"' for p in ("office", "table", "text")
    )
    xml = (
        f'<office:document-content {espaces} xmlns:calcext="urn:calcext"><office:body><office:spreadsheet>'
        f'<table:table table:name="Budget">{corps}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    sortie = io.BytesIO()
    with zipfile.ZipFile(sortie, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", xml)
        archive.writestr("META-INF/manifest.xml", '<manifest xmlns="urn:x"/>')
    return sortie.getvalue()


def case(texte="", suite=""):
    if not texte:
        return f"<table:table-cell {suite}/>"
    return f'<table:table-cell office:value-type="string" {suite}><text:p>{texte}</text:p></table:table-cell>'


def rangee(*cases, suite=""):
    return f"<table:table-row {suite}>{''.join(cases)}</table:table-row>"


def exporter(client, dossier):
    return fabriques.contenu(client.get(f"/dossiers/{dossier.numero}/budget/tableur/"))


def importer(client, dossier, octets, nom="budget.xlsx", **boites):
    fichier = SimpleUploadedFile(nom, octets)
    return client.post(f"/dossiers/{dossier.numero}/budget/tableur/", boites | {"fichier": fichier})


def budget(dossier):
    lignes = LigneDeBudget.objects.filter(dossier=dossier).select_related("financeur")
    return {x.financeur.code if x.financeur else x.compte: x.montant for x in lignes}


def texte(reponse):
    return reponse.content.decode().replace("\u00a0", " ").replace("&#x27;", "'")


def relu(octets):
    return CalamineWorkbook.from_filelike(io.BytesIO(octets)).get_sheet_by_index(0).to_python()


# --- Exporter ---------------------------------------------------------------------------------------


def test_l_export_a_une_ligne_par_compte_et_par_financeur(amina, dossier):
    lignes = relu(exporter(amina, dossier))
    assert lignes[0] == ENTETES
    comptes = [ligne[0] for ligne in lignes[1:] if ligne[0]]
    attendus = [c.code for c in (*cerfa.CHARGES, *cerfa.PRODUITS)]
    financeurs = [f"74:{f.code}" for f in dossier.territoire.financeurs.all()]
    assert {*attendus, *financeurs, "86", "87"} <= set(comptes)
    assert len(comptes) == len(set(comptes))
    titres = [ligne[0] for ligne in lignes if ligne[0] and not any(ligne[1:])]
    assert titres == ["Dépenses", "Ressources", "Bénévolat et dons en nature"]
    assert comptes.index("69") < comptes.index("70") < comptes.index("74:CALL") < comptes.index("75")
    assert comptes[-2:] == ["86", "87"]
    assert {ligne[0]: ligne[2] for ligne in lignes}["60"] == 12000


def test_l_export_est_un_fichier_nomme_par_le_dossier(amina, dossier):
    reponse = amina.get(f"/dossiers/{dossier.numero}/budget/tableur/")
    assert reponse["Content-Disposition"] == f'attachment; filename="budget-{dossier.numero}.xlsx"'
    assert "spreadsheetml" in reponse["Content-Type"]


def test_aucun_texte_exporte_ne_devient_une_formule(amina, dossier):
    """Un nom de financeur « =1+1 » reste du texte, et le reste si on modifie la case (apostrophe d'Excel)."""
    dossier.territoire.financeurs.filter(code="ETAT").update(nom='=HYPERLINK("http://x.example")')
    with zipfile.ZipFile(io.BytesIO(exporter(amina, dossier))) as archive:
        feuille = archive.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in feuille
        assert "hyperlink" not in feuille.lower()
        assert 'quotePrefix="1"' in archive.read("xl/styles.xml").decode()


def test_l_export_importe_tel_quel_ne_change_rien(amina, dossier):
    dossier.lignes_de_budget.filter(compte="60").update(montant=Decimal("1234.57"))
    avant = budget(dossier)
    reponse = importer(amina, dossier, exporter(amina, dossier))
    assert reponse.status_code == 302
    assert reponse["Location"] == f"/dossiers/{dossier.numero}/budget/"
    assert budget(dossier) == avant
    assert not Saisie.objects.exists()


def test_un_dossier_depose_s_exporte_encore_et_ne_s_importe_plus(amina):
    depose = fabriques.dossier_depose()
    octets = exporter(amina, depose)
    avant = budget(depose)
    reponse = importer(amina, depose, octets)
    assert reponse.status_code == 403
    assert "il ne se modifie plus" in texte(reponse)
    assert budget(depose) == avant


# --- Importer ---------------------------------------------------------------------------------------


def test_l_import_range_le_budget_et_laisse_ce_qu_il_ne_nomme_pas(amina, dossier):
    octets = xlsx(
        ["60", "Achats", 1234.5], [64, "Personnel", ""], ["74 : call", "", "9 000 €"], ["86", "", 0]
    )
    reponse = importer(amina, dossier, octets)
    assert reponse.status_code == 302
    assert budget(dossier) == {
        "60": Decimal("1234.50"), "CALL": Decimal("9000.00"), "autofinancement": Decimal("9000.00")
    }  # fmt: skip
    assert Dossier.objects.get(pk=dossier.pk).cout_total == Decimal("1234.50")
    page = texte(amina.get(reponse["Location"]))
    assert "Budget importé : 2 montants lus dans « budget.xlsx »" in page
    assert 'value="1 234,50"' in page


@pytest.mark.parametrize(
    ("ecrit", "lu"),
    [
        ("1 234,50 €", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1234.5", "1234.50"),
        ("1\u202f234", "1234.00"),
        (0.1 + 0.2, "0.30"),
        (12345, "12345.00"),
        (99999999999.99, "99999999999.99"),
    ],
)
def test_un_montant_se_lit_comme_dans_la_page(amina, dossier, ecrit, lu):
    assert importer(amina, dossier, xlsx(["60", "Achats", ecrit])).status_code == 302
    assert budget(dossier)["60"] == Decimal(lu)


@pytest.mark.parametrize(
    ("ligne", "phrase"),
    [
        (["60", "", "12,345"], "Ligne 2 : « 12,345 » se lit de deux façons : 12 345,00 € ou 12,35 €"),
        (["60", "", 12.345], "Ligne 2 : « 12.345 » a plus de deux décimales"),
        (["60", "", "-5"], "Ligne 2 : −5,00 € est trop bas"),
        (["60", "", -5], "Ligne 2 : −5,00 € est trop bas"),
        (["60", "", "beaucoup"], "Ligne 2 : « beaucoup » n'est pas un montant en euros"),
        (["60", "", 1e20], "Ligne 2 : Ce montant dépasse dix mille milliards d'euros"),
        (["60", "", 1e12], "Ligne 2 : 1 000 000 000 000,00 € est trop haut"),
        (["60", "", True], "Ligne 2 : le montant est une date, une durée ou un choix"),
        (["99", "", 5], "Ligne 2 : le compte « 99 » n'est pas dans le modèle"),
        (["74:MARS", "", 5], "Ligne 2 : le compte « 74:MARS » n'est pas dans le modèle"),
        (["74", "", 5], "Ligne 2 : une aide nomme son financeur"),
        (["604", "", 5], "Ligne 2 : le compte 604 est un détail du compte 60"),
        (["", "", 5], "Ligne 2 : un montant n'a pas de compte"),
    ],
)
def test_une_ligne_fausse_se_dit_et_rien_ne_s_ecrit(amina, dossier, ligne, phrase):
    avant = budget(dossier)
    reponse = importer(amina, dossier, xlsx(ligne, ["62", "", 100]))
    assert reponse.status_code == 422
    assert phrase in texte(reponse)
    assert budget(dossier) == avant
    assert not Saisie.objects.exists()


def test_toutes_les_lignes_fausses_se_disent_d_un_coup(amina, dossier):
    page = texte(importer(amina, dossier, xlsx(["60", "", "x"], ["62", "", 1], ["62", "", 2], ["98", "", 1])))
    assert "Ligne 2 :" in page
    assert "Ligne 4 : le compte 62 est déjà à la ligne 3" in page
    assert "Ligne 5 :" in page
    beaucoup = xlsx(*([f"x{n}", "", 1] for n in range(20)))
    assert "Et 8 autres lignes à corriger." in texte(importer(amina, dossier, beaucoup))


@pytest.mark.parametrize("valeur", ["", "#DIV/0!"])
def test_une_formule_sans_resultat_est_refusee(amina, dossier, valeur):
    """Calamine la rend vide : le montant se perdrait sans un mot."""
    octets = xlsx(["62", "", 5], formules=[(2, 0, '="60"', "60"), (2, 2, "=A1/0", valeur)])
    assert relu(octets)[2][2] == ""
    avant = budget(dossier)
    reponse = importer(amina, dossier, octets)
    assert "Ligne 3 : la formule du montant n'a pas de résultat" in texte(reponse)
    assert budget(dossier) == avant


def test_la_formule_muette_garde_levee(amina, dossier, monkeypatch):
    """Sans le relevé, le compte 60 se viderait en silence : l'essai d'avant le verrait."""
    monkeypatch.setattr(tableur, "_marquer", lambda lignes, muettes: lignes)
    octets = xlsx(["62", "", 5], ["60", "", ""], formules=[(2, 2, "=A1/0", "")])
    assert importer(amina, dossier, octets).status_code == 302
    assert "60" not in budget(dossier)


def test_une_formule_qui_garde_son_resultat_se_lit(amina, dossier):
    octets = xlsx(["60", "", ""], formules=[(1, 2, "=1000+500", 1500)])
    assert importer(amina, dossier, octets).status_code == 302
    assert budget(dossier)["60"] == Decimal("1500.00")


def test_une_ligne_de_total_ajoutee_par_la_personne_ne_compte_pas(amina, dossier):
    octets = xlsx(["60", "", 700], ["", "Total des dépenses", 700])
    assert importer(amina, dossier, octets).status_code == 302
    assert budget(dossier)["60"] == Decimal("700.00")


@pytest.mark.parametrize(
    "octets",
    [
        csv("60;Achats;1 234,50 €"),
        csv("60,Achats,1234.5", entetes="compte,libelle,montant"),
        csv("60\tAchats\t1234,5", entetes="COMPTE\tLIBELLÉ\tMONTANT"),
        "Compte;Libellé;Montant\n60;Achats;1234,50\n".encode("cp1252"),
        b"\xef\xbb\xbf" + csv("Achats;1234,50;60", entetes="Libellé;Montant;Compte"),
    ],
)
def test_un_csv_se_lit_quel_que_soit_son_separateur(amina, dossier, octets):
    assert importer(amina, dossier, octets, "budget.csv").status_code == 302
    assert budget(dossier)["60"] == Decimal("1234.50")


def test_un_ods_se_lit_avec_ses_lignes_repetees(amina, dossier):
    """LibreOffice finit sa feuille par un million de lignes vides, écrites en une."""
    nombre = '<table:table-cell office:value-type="float" office:value="1234.5"/>'
    vide = case(suite='table:number-columns-repeated="16384"')
    fin = rangee(vide, suite='table:number-rows-repeated="1048570"')
    octets = ods(rangee(*map(case, ENTETES)) + rangee(case("60"), case("Achats"), nombre) + fin)
    assert importer(amina, dossier, octets, "budget.ods").status_code == 302
    assert budget(dossier)["60"] == Decimal("1234.50")


@pytest.mark.parametrize(
    "muette",
    [
        case(suite='table:formula="of:=1/0"'),
        case("#DIV/0!", 'table:formula="of:=1/0" calcext:value-type="error"'),
    ],
)
def test_une_formule_sans_resultat_d_un_ods_est_refusee(amina, dossier, muette):
    octets = ods(rangee(*map(case, ENTETES)) + rangee(case("60"), case("Achats"), muette))
    page = texte(importer(amina, dossier, octets, "budget.ods"))
    assert "Ligne 2 : la formule du montant n'a pas de résultat" in page


@pytest.mark.parametrize(
    ("octets", "phrase"),
    [
        (b"", "Ce fichier est vide"),
        (b"x" * (tableur.POIDS + 1), "dépasse 1 Mo"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "ancien tableur (.xls) ou un tableur protégé"),
        (b"%PDF-1.7 budget", "n'est pas un tableur"),
        (b"PK\x03\x04 n'importe quoi", "n'est pas un tableur"),
        (b"PK\x03\x04 xl/workbook.xml", "Ce document est abîmé"),
        (xlsx(["60", "Achats", 5], entetes=["Code", "Nom", "Euros"]), "n'a pas la forme du modèle"),
        (xlsx(), "ne contient aucun compte"),
        (csv(*["60;Achats;5"] * 600), "au-delà de 500 lignes"),
        (xlsx(*[["", "", ""]] * 600, ["60", "", 5]), "au-delà de 500 lignes"),
        (xlsx([*[""] * 60, 5]), "50 colonnes"),
    ],
)
def test_un_fichier_d_une_autre_forme_est_refuse(amina, dossier, octets, phrase):
    avant = budget(dossier)
    reponse = importer(amina, dossier, octets)
    assert reponse.status_code == 422
    assert phrase in texte(reponse)
    assert budget(dossier) == avant


def test_une_case_au_bout_du_monde_n_emplit_pas_la_memoire():
    """Calamine réserve tout le rectangle : 17 milliards de cases pour celle-ci."""
    octets = xlsx(["60", "", 5])
    sortie = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(octets)) as avant, zipfile.ZipFile(sortie, "w") as apres:
        for nom in avant.namelist():
            corps = avant.read(nom)
            if nom.endswith("sheet1.xml"):
                corps = corps.replace(b'r="C2"', b'r="XFD2"')
            apres.writestr(nom, corps)
    with pytest.raises(FichierRefuse, match="50 colonnes"):
        tableur.lire(sortie.getvalue())


def test_sans_fichier_la_page_le_demande_et_garde_ce_qui_est_tape(amina, dossier):
    reponse = amina.post(f"/dossiers/{dossier.numero}/budget/tableur/", {"c_60": "777"})
    assert reponse.status_code == 422
    assert "Aucun fichier n'est joint" in texte(reponse)
    assert 'value="777"' in texte(reponse)
    assert f'action="/dossiers/{dossier.numero}/budget/"' in texte(reponse)


# --- Avec l'enregistrement au fil de la frappe ------------------------------------------------------


def contenu(dossier):
    return Feuille("budget").contenu(Reponses(Dossier.objects.get(pk=dossier.pk)))


def test_ce_qui_est_tape_part_avec_le_fichier(amina, dossier):
    tapees = contenu(dossier) | {"c_62": ["50"], "versions": json.dumps({})}
    assert importer(amina, dossier, xlsx(["60", "", 700]), **tapees).status_code == 302
    assert (budget(dossier)["60"], budget(dossier)["62"]) == (Decimal("700.00"), Decimal("50.00"))


def test_un_montant_ecrit_par_quelqu_un_d_autre_ne_s_ecrase_pas(amina, dossier):
    lue = contenu(dossier) | {"versions": json.dumps({"c_62": 0})}
    lucas = fabriques.client("lucas")
    corps = {"champ": "c_60", "valeur": "4 000", "version": 0, "cle": "cle-de-lucas"}
    assert lucas.post(f"/dossiers/{dossier.numero}/budget/saisie/", corps).status_code == 200
    reponse = importer(amina, dossier, xlsx(["60", "", 700]), **lue)
    assert reponse.status_code == 422
    assert "a écrit autre chose à 21 h 04" in texte(reponse)
    assert budget(dossier)["60"] == Decimal("4000.00")


def test_une_reponse_gardee_par_la_page_n_est_pas_un_conflit_avec_son_fichier(amina, dossier):
    corps = {"champ": "c_60", "valeur": "4 000", "version": 0, "cle": "cle-d-amina"}
    amina.post(f"/dossiers/{dossier.numero}/budget/saisie/", corps)
    lue = contenu(dossier) | {"versions": json.dumps({"c_60": 1})}
    assert importer(amina, dossier, xlsx(["60", "", 700]), **lue).status_code == 302
    assert budget(dossier)["60"] == Decimal("700.00")
    perimee = {"champ": "c_60", "valeur": "5 000", "version": 1, "cle": "cle-tardive"}
    assert amina.post(f"/dossiers/{dossier.numero}/budget/saisie/", perimee).status_code == 409


def test_une_autre_association_ne_trouve_rien(dossier):
    david = fabriques.client("david")
    assert david.get(f"/dossiers/{dossier.numero}/budget/tableur/").status_code == 404
    assert importer(david, dossier, xlsx(["60", "", 700])).status_code == 404
    assert budget(dossier)["60"] == Decimal("12000.00")
