"""La page d'import : un essai à blanc, son rapport, puis l'import ; chacun comme un travail."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from config.rythme import OUVRAGES
from ensemblier.comptes.models import Habilitation, Utilisateur
from ensemblier.dossiers.models import Dossier
from ensemblier.echanges import actes, taches
from ensemblier.echanges.models import Importation
from ensemblier.registre.actes import ActeBloque, reprendre
from ensemblier.registre.models import Evenement, Travail
from ensemblier.registre.travaux import faire_les_travaux
from tests import fabriques as f
from tests import fabriques_suites as s

pytestmark = pytest.mark.django_db
ENTETES = "Code action;Code SIRET;Exercice;Intitulé de l'action;Statut\n"
BONNE = "DA01234567;73282932000074;2026;Vers l'emploi des séniors;Recevable\n"
MAUVAISE = "DA01234568;7,3E+13;2026;Autre;Recevable\n"


@pytest.fixture
def dossier():
    porteur = s.organisme("Les Ateliers du Onze", "732829320")
    lu = s.dossier("26-0041", appel="aap-2026", porteur=porteur, intitule="Vers l'emploi des séniors")
    reprendre(lu, etat="recevable", par=f.systeme("lens-lievin"), le=s.AVANT, libelle="Repris")
    return lu


def envoyer(texte, qui="benoit", cle="cle-1", **dits):
    fichier = SimpleUploadedFile("extraction.csv", texte.encode(), content_type="text/csv")
    return f.client(qui).post("/imports/", {"fichier": fichier, "cle": cle} | dits)


def travailler():
    faire_les_travaux(OUVRAGES)
    return Travail.objects.order_by("-pk").first()


def test_l_essai_puis_l_import(dossier):
    reponse = envoyer(ENTETES + BONNE)
    assert reponse["Location"].startswith("/travaux/")
    essai = travailler()
    assert "Rien n'est écrit" in essai.phrase
    assert essai.lignes.get().phrase.startswith("Serait importée. 26-0041")
    dossier.refresh_from_db()
    assert dossier.numero_dauphin == ""
    page = f.client("benoit").get(essai.adresse)
    assert "Importer (1)" in page.content.decode()
    assert f.client("benoit").post(essai.adresse, {"lignes": "toutes", "cle": "cle-2"}).status_code == 302
    importe = travailler()
    assert "1\u00a0importée)" in importe.phrase
    dossier.refresh_from_db()
    assert dossier.numero_dauphin == "DA01234567"
    assert Importation.objects.get().appliquee_le is not None
    assert Evenement.objects.filter(acte="noter_numero_dauphin", auteur_nom__startswith="Benoît").exists()


def test_une_mauvaise_ligne_demande_les_autres(dossier):
    envoyer(ENTETES + BONNE + MAUVAISE)
    essai = travailler()
    assert essai.refuses == 1
    texte = f.client("benoit").get(essai.adresse).content.decode()
    assert "Importer les autres lignes (1)" in texte
    f.client("benoit").post(essai.adresse, {"lignes": "toutes", "cle": "cle-2"})
    assert "Rien n'est écrit" in travailler().phrase
    assert not Dossier.objects.exclude(numero_dauphin="").exists()
    f.client("benoit").post(essai.adresse, {"lignes": "les-autres", "cle": "cle-3"})
    travailler()
    assert Dossier.objects.exclude(numero_dauphin="").count() == 1


def test_un_fichier_refuse_dit_pourquoi_sur_la_page_du_travail(dossier):
    envoyer("n'importe;quoi\n1;2\n")
    assert "Il manque une colonne" in travailler().raison


def test_envoyer_deux_fois_le_formulaire_ne_lance_qu_un_travail(dossier):
    envoyer(ENTETES + BONNE)
    envoyer(ENTETES + BONNE)
    assert Travail.objects.count() == 1


def test_un_fichier_deja_importe_ne_se_reimporte_pas(dossier):
    envoyer(ENTETES + BONNE)
    essai = travailler()
    f.client("benoit").post(essai.adresse, {"cle": "cle-2"})
    travailler()
    with pytest.raises(ActeBloque, match="déjà importé"):
        actes.appliquer_une_extraction(
            Importation.objects.get(),
            les_autres=False,
            cle="cle-9",
            par=f.acteur("benoit"),
            le=timezone.now(),
        )


def test_un_rapport_oublie_n_a_plus_de_lien(dossier):
    """Un travail s'oublie six mois après sa fin ; l'import qu'il a fait reste, avec son compte."""
    envoyer(ENTETES + BONNE)
    essai = travailler()
    lien = reverse("travail", args=[essai.pk])
    assert lien in f.client("benoit").get(essai.adresse).content.decode()
    Travail.objects.all().delete()
    page = f.client("benoit").get(essai.adresse).content.decode()
    assert lien not in page
    assert "Importer (1)" in page


def test_sans_fichier_la_page_le_dit_et_un_autre_financeur_n_a_rien_a_importer(dossier):
    assert f.client("benoit").post("/imports/", {}).status_code == 422
    assert "aucune extraction de votre ligne" in f.client("denise").get("/imports/").content.decode()
    assert envoyer(ENTETES + BONNE, qui="denise").status_code == 403
    assert envoyer(ENTETES + BONNE, qui="chloe").status_code == 302
    assert "Importé" not in f.client("denise").get("/imports/").content.decode()


def fermer_le_compte(benoit):
    Utilisateur.objects.filter(pk=benoit.pk).update(is_active=False)


def finir_le_mandat(benoit):
    Habilitation.objects.filter(utilisateur=benoit).update(au=date(2025, 1, 1))


def demander_l_import():
    """Essayé, puis demandé : il ne reste au travail qu'à écrire."""
    envoyer(ENTETES + BONNE)
    adresse = travailler().adresse
    f.client("benoit").post(adresse, {"lignes": "toutes", "cle": "cle-2"})


@pytest.mark.parametrize("perdre", [fermer_le_compte, finir_le_mandat], ids=["compte", "mandat"])
def test_un_import_n_ecrit_plus_pour_qui_n_est_plus_la(dossier, perdre):
    demander_l_import()
    perdre(f.personne("benoit"))
    fini = travailler()
    assert fini.raison
    dossier.refresh_from_db()
    assert (dossier.numero_dauphin, Importation.objects.get().appliquee_le) == ("", None)


@pytest.mark.parametrize("perdre", [fermer_le_compte, finir_le_mandat], ids=["compte", "mandat"])
def test_un_import_n_ecrit_plus_pour_qui_n_est_plus_la_garde_levee(dossier, perdre, monkeypatch):
    """Avec les droits du jour de la demande, il écrirait encore."""
    demander_l_import()
    benoit = f.acteur("benoit")
    perdre(f.personne("benoit"))
    monkeypatch.setattr(taches, "acteur_du_travail", lambda travail, le: (benoit, None))
    travailler()
    dossier.refresh_from_db()
    assert dossier.numero_dauphin == "DA01234567"
