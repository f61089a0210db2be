"""Un délai de dépôt pour un seul organisme : qui l'accorde, ce qui est tracé, ce qu'il permet (P16, S21)."""

from datetime import date

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ensemblier.dossiers.models import Derogation
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement
from tests import fabriques as f

pytestmark = pytest.mark.django_db
LE = f.instant("2025-05-26 09:00")
ADRESSE = "/instruction/derogations/"


@pytest.fixture(autouse=True)
def au_26_mai():
    with time_machine.travel(LE, tick=True):
        yield


def envoi(**change):
    base = {"appel": f.appel().pk, "numero": f.organisme().siren, "jusqu_au": "30/05/2025",
            "motif": "Panne de la plateforme le 25 mai."}  # fmt: skip
    return base | change


def corps(reponse):
    return reponse.content.decode().replace("\u00a0", " ").replace("&#x27;", "'")


def test_un_organisme_depose_apres_l_heure_un_autre_non_s21_p16():
    sien, autre = f.dossier(), f.dossier(organisme_de="club", par="david")
    for dossier in (sien, autre):
        f.joindre(dossier, "lettre", par="amina" if dossier == sien else "david")
    assert f.client("irene").post(ADRESSE, envoi()).status_code == 302
    assert f.dossier_depose(le=f.instant("2025-05-28 10:00")).etat == "depose"
    with pytest.raises(ActeBloque, match="L'appel a fermé"):
        f.dossier_depose(organisme_de="club", par="david", le=f.instant("2025-05-28 10:00"))


def test_elle_se_trace_se_motive_et_s_ecrit_a_l_organisme():
    dossier = f.dossier()
    f.client("irene").post(ADRESSE, envoi())
    derogation = Derogation.objects.get()
    assert (derogation.jusqu_au, derogation.regle) == (date(2025, 5, 30), "date-limite")
    faits = Evenement.objects.filter(acte="accorder_derogation")
    assert {e.objet for e in faits} == {dossier.designation(), f.appel().designation()}
    assert {e.detail.motif for e in faits} == {"Panne de la plateforme le 25 mai."}
    lettre = Courriel.objects.get(cle__startswith="derogation:")
    assert lettre.destinataire == "amina@maison.example"
    assert "Panne de la plateforme" in lettre.texte


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ({"numero": "999999999"}, "Aucun organisme d'ici n'a ce numéro"),
        ({"motif": ""}, "vide"),
        ({"jusqu_au": "20/05/2025"}, "à partir d'aujourd'hui"),
    ],
)
def test_chaque_refus_dit_pourquoi_et_rien_ne_s_ecrit(change, phrase):
    f.personne("amina")
    refus = f.client("irene").post(ADRESSE, envoi(**change))
    assert refus.status_code == 422
    assert phrase in corps(refus)
    assert not Derogation.objects.exists()


def test_un_charge_de_mission_lit_mais_n_accorde_pas():
    assert f.client("benoit").get(ADRESSE).status_code == 200
    assert f.client("benoit").post(ADRESSE, envoi()).status_code == 403
    assert not Derogation.objects.exists()


def test_un_siret_designe_aussi_l_organisme():
    f.dossier()
    assert f.client("irene").post(ADRESSE, envoi(numero=f"{f.organisme().siren} 00017")).status_code == 302


def test_la_page_coute_autant_a_une_et_a_deux_lignes():
    def compter():
        with CaptureQueriesContext(connection) as lues:
            f.client("irene").get(reverse("instruction_derogations"))
        return len(lues)

    f.dossier()
    f.client("irene").post(ADRESSE, envoi())
    une = compter()
    f.dossier(organisme_de="club", par="david")
    f.client("irene").post(ADRESSE, envoi(numero=f.organisme("club").siren))
    assert Derogation.objects.count() == 2
    assert compter() == une
