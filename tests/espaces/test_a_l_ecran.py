"""Des scénarios du domaine tels que l'agent les lit : complétude (S23, S24, S76), bilan (S57)."""

from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from ensemblier.bilans.models import Decompte
from tests import fabriques as f
from tests.bilans.test_bilan import _avec_acompte, _cout, _depose

pytestmark = pytest.mark.django_db


@pytest.fixture
def en_juin():
    with time_machine.travel(f.instant("2025-06-02 10:00"), tick=True):
        yield


def page(nom, dossier):
    lue = f.client("benoit").get(reverse(nom, args=[dossier.numero]))
    assert lue.status_code == 200
    return lue.content.decode().replace("\u00a0", " ").replace("&#x27;", "'")


def depose(*pieces, type_de_porteur="association"):
    brouillon = f.dossier()
    if type_de_porteur != brouillon.organisme.type:
        brouillon.organisme.type = type_de_porteur
        brouillon.organisme.save()
    f.joindre(brouillon, *pieces)
    return f.deposer(brouillon)


def agir(nom, dossier, **dits):
    reponse = f.client("benoit").post(reverse(nom, args=[dossier.numero]), dits, follow=True)
    return reponse.content.decode().replace("\u00a0", " ").replace("&#x27;", "'")


@pytest.mark.usefixtures("en_juin")
def test_s23_une_association_sans_rib_a_une_piece_a_fournir_en_quinze_jours():
    dossier = depose("lettre", "cerfa", "statuts", "dirigeants", "recepisse")
    assert "Il manque 1 pièce : " in page("instruction_completude", dossier)
    assert "Il manque une pièce" in agir("declarer_complet", dossier)
    texte = agir("demander_complements", dossier, pieces=["rib"], message="Joignez le RIB.")
    assert "17 juin 2025" in texte


@pytest.mark.usefixtures("en_juin")
def test_s24_une_commune_est_complete_avec_lettre_cerfa_et_rib():
    dossier = depose("lettre", "cerfa", "rib", type_de_porteur="commune")
    texte = page("instruction_completude", dossier)
    assert "Toutes les pièces demandées sont reçues" in texte
    assert "Statuts" not in texte
    agir("declarer_complet", dossier)
    dossier.refresh_from_db()
    assert dossier.complet_le


@pytest.mark.usefixtures("en_juin")
def test_s76_sans_statuts_le_dossier_s_examine_et_la_page_dit_ce_qui_manque():
    dossier = depose("lettre", "cerfa", "dirigeants", "recepisse", "rib")
    assert "Dossier recevable : il peut être examiné." in agir("declarer_recevable", dossier)
    assert "Il manque 1 pièce : Statuts" in page("instruction_completude", dossier)


def test_s57_un_bilan_sous_soixante_pour_cent_alerte_l_agent_sans_retenue():
    demande = _avec_acompte()
    _depose(demande, charges=_cout("24000.00"), participants_qpv=55)
    texte = page("suite_bilan_lecture", demande.dossier)
    assert "55 habitants de quartier prioritaire sur 100" in texte
    assert not Decompte.objects.exclude(du=Decimal("12000.00")).exists()
