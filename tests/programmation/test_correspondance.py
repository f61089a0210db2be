"""Un tableau venu d'ailleurs : la personne dit ses colonnes, l'essai et l'application sont ceux du retour."""

from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ensemblier.dossiers.models import Dossier
from ensemblier.interface import tableur
from ensemblier.programmation.models import CaseRelue, Retour
from ensemblier.programmation.retour import correspondance
from tests import fabriques as f
from tests.programmation import retouche, scene
from tests.programmation.test_retour import appliquer, propose

pytestmark = pytest.mark.django_db
ISSUE = CaseRelue.Issue


@pytest.fixture(autouse=True)
def au_20_septembre():
    with time_machine.travel(f.instant("2025-09-20 10:00"), tick=True):
        yield


def classeur(*lignes, entetes=("Action", "Porteur", "Aide proposée")):
    return tableur.ecrire("Anciens", entetes, lignes, largeurs=[20] * len(entetes))


def deposer(octets, qui="benoit", nom="ancien.xlsx", code="ami-2025"):
    adresse = reverse("programmation_retour_autre", args=[code])
    return f.client(qui).post(adresse, {"fichier": SimpleUploadedFile(nom, octets), "cle": "e" * 32})


def dire(recu, qui="benoit", **dits):
    adresse = reverse("programmation_retour_colonnes", args=[recu.appel.code, recu.pk])
    colonnes = {"ligne": "0", "dossier": "0", "montant_CALL": "2", "cle": "g" * 32} | dits
    return f.client(qui).post(adresse, colonnes)


def essayer(octets, qui="benoit", nom="ancien.xlsx", **dits):
    assert deposer(octets, qui, nom).status_code == 302
    recu = Retour.objects.latest("pk")
    reponse = dire(recu, qui, **dits)
    assert reponse.status_code == 302, reponse.content.decode()
    recu.refresh_from_db()
    return recu


def issues(recu):
    return {c.lieu: (c.issue, c.apres) for c in recu.cases.all()}


def deux_lignes():
    premier, second = scene.recevable(), scene.deuxieme()
    Dossier.objects.filter(pk=second.pk).update(intitule="Le Café des Aînés")
    return premier, second


def test_numero_ou_titre_puis_l_application():
    premier, second = deux_lignes()
    recu = essayer(
        classeur(
            [premier.numero, "JF12", Decimal("8000.05")],
            ["le cafe des AINES", "Club", Decimal("4000.10")],
            ["Total", "", Decimal("12000.15")],
        )
    )
    assert issues(recu) == {
        "C2": (ISSUE.BONNE, Decimal("8000.05")), "C3": (ISSUE.BONNE, Decimal("4000.10")),
    }  # fmt: skip
    assert propose(premier) is None
    appliquer(recu)
    assert (propose(premier), propose(second)) == (Decimal("8000.05"), Decimal("4000.10"))


def test_un_csv_et_ses_montants_en_texte():
    premier, _ = deux_lignes()
    texte = f"Programmation 2025;;\nN°;Porteur;Aide\n{premier.numero};JF12;8 000,05 €\n"
    recu = essayer(texte.encode("cp1252"), nom="ancien.csv", ligne="1")
    assert issues(recu) == {"C3": (ISSUE.BONNE, Decimal("8000.05"))}


def test_chaque_ligne_dit_pourquoi_elle_ne_se_reprend_pas():
    premier, second = deux_lignes()
    troisieme = scene.deuxieme()
    Dossier.objects.filter(pk__in=(second.pk, troisieme.pk)).update(intitule="Sport pour tous")
    recu = essayer(
        classeur(
            ["26-9999", "", Decimal(10)],
            ["Sport pour tous", "", Decimal(10)],
            [premier.numero, "", "à voir"],
            [second.numero, "", Decimal("-5")],
            [troisieme.numero, "", Decimal(10)],
            [troisieme.numero, "", Decimal(20)],
        )
    )
    phrases = {c.lieu: c.phrase for c in recu.cases.all()}
    assert {c.issue for c in recu.cases.all()} == {ISSUE.REFUSEE}
    assert "Aucun dossier de votre liste" in phrases["C2"]
    assert f"Plusieurs dossiers ont ce titre : {min(second.numero, troisieme.numero)}" in phrases["C3"]
    assert "n'est pas un montant" in phrases["C4"]
    assert "trop bas" in phrases["C5"]
    assert "Plusieurs lignes disent ce dossier" in phrases["C6"]
    assert "Plusieurs lignes disent ce dossier" in phrases["C7"]


def test_une_case_vide_ne_retire_pas_une_proposition():
    premier, second = deux_lignes()
    scene.proposer(premier, "8000.00")
    recu = essayer(classeur([premier.numero, "", None], [second.numero, "", Decimal(10)]))
    assert [*issues(recu)] == ["C3"]


def test_un_dossier_qui_ne_demande_rien_au_financeur():
    seul = scene.recevable("aap-2026", **scene.budget("18000.00", {"ETAT": "9000.00"}))
    octets = classeur([seul.numero, "", Decimal(10)])
    deposer(octets, code="aap-2026")
    recu = Retour.objects.get()
    dire(recu)
    assert "ne demande rien à « CALL »" in recu.cases.get().phrase


def test_une_formule_sans_valeur_se_refuse_seule():
    premier, second = deux_lignes()
    octets = classeur([premier.numero, "", Decimal(10)], [second.numero, "", Decimal(20)])
    recu = essayer(retouche.poser(octets, "C2", "=1+1"))
    assert "pas de résultat" in recu.cases.get(lieu="C2").phrase
    assert issues(recu)["C3"] == (ISSUE.BONNE, Decimal("20.00"))


def test_ce_qui_change_apres_l_essai_ne_s_ecrase_pas():
    """La version est celle de l'essai : ce que la personne a lu, et rien d'autre."""
    premier, second = deux_lignes()
    recu = essayer(classeur([premier.numero, "", Decimal(10)], [second.numero, "", Decimal(20)]))
    scene.proposer(premier, "7500.00")
    assert "Une case a changé depuis" in appliquer(recu).content.decode()
    assert (propose(premier), propose(second)) == (Decimal("7500.00"), None)


def test_les_colonnes_se_redisent_tant_que_rien_n_est_applique():
    premier, _ = deux_lignes()
    octets = classeur([premier.numero, Decimal(10), Decimal(20)])
    recu = essayer(octets)
    dire(recu, montant_CALL="1")
    assert issues(recu) == {"B2": (ISSUE.BONNE, Decimal("10.00"))}
    recu.refresh_from_db()
    appliquer(recu)
    assert dire(recu)["Location"] == reverse("programmation_retour", args=["ami-2025", recu.pk])
    assert propose(premier) == Decimal("10.00")


def test_la_page_montre_titres_et_exemples_et_refuse_une_reponse_incomplete():
    premier, _ = deux_lignes()
    deposer(classeur([premier.numero, "JF12", Decimal("8000.05")]))
    recu = Retour.objects.get()
    assert recu.attend_ses_colonnes
    page = f.client("benoit").get(reverse("programmation_retour", args=["ami-2025", recu.pk]), follow=True)
    texte = page.content.decode()
    assert "C : Aide proposée (8000,05)" in texte
    assert f"A : Action ({premier.numero})" in texte
    assert "Aucune colonne de montant" in dire(recu, montant_CALL="").content.decode()
    assert "dite deux fois" in dire(recu, dossier="2").content.decode()
    assert dire(recu, dossier="99").status_code == 422


@pytest.mark.parametrize("octets", [b"", b"%PDF-1.7", b"seul\n", b"PK\x03\x04coupe"])
def test_un_fichier_illisible_se_refuse_avant_d_etre_garde(octets):
    f.appel()
    assert deposer(octets).status_code == 422
    assert not Retour.objects.exists()


def test_qui_n_ecrit_pour_personne_le_lit():
    f.appel()
    deposer(classeur(["25-0001", "", Decimal(10)]), qui="odile")
    recu = Retour.objects.get()
    page = f.client("odile").get(reverse("programmation_retour_colonnes", args=["ami-2025", recu.pk]))
    assert "aucun financeur" in page.content.decode()


def test_la_ligne_d_entetes_est_la_plus_remplie_de_textes():
    rangees = [["Programmation 2025"], [], ["N°", "Porteur", "Aide"], ["26-0001", "X", 12.0]]
    assert correspondance.ligne_d_entetes(rangees) == 2
