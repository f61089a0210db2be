"""Qui ne dépose pas prévient qui dépose : un courriel, une fois par jour, une trace (É8)."""

import pytest
import time_machine

from ensemblier.dossiers import actes
from ensemblier.noyau.machine import Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement
from tests import fabriques as f

pytestmark = pytest.mark.django_db
LE = f.instant("2025-05-12 21:00")


@pytest.fixture(autouse=True)
def le_12_mai():
    with time_machine.travel(LE, tick=True):
        yield


def _demander(brouillon, qui="lucas", role=Role.REDACTEUR, le=LE):
    return actes.demander_la_signature(brouillon, par=f.acteur(qui), roles={role}, le=le)


def test_le_redacteur_previent_la_signataire_qui_recoit_l_adresse_de_la_page():
    brouillon = f.dossier()
    f.personne("lucas")
    adresse = f"/dossiers/{brouillon.numero}/relecture/"
    client = f.client("lucas")
    assert f"{adresse}signature/" in client.get(adresse).content.decode()
    reponse = client.post(f"{adresse}signature/", follow=True)
    assert "1\xa0personne prévenue par courriel." in reponse.content.decode()
    courriel = Courriel.objects.get(cle__startswith="signature:")
    assert courriel.destinataire == "amina@maison.example"
    assert adresse in courriel.texte
    assert Evenement.objects.get(acte="demander_la_signature").libelle == "Signature demandée"


def test_une_fois_par_jour_puis_de_nouveau():
    brouillon = f.dossier()
    assert _demander(brouillon) == 1
    with pytest.raises(ActeBloque, match="déjà demandée aujourd'hui"):
        _demander(brouillon)
    assert _demander(brouillon, le=f.instant("2025-05-13 08:00")) == 1
    assert Courriel.objects.filter(cle__startswith="signature:").count() == 2


def test_la_signataire_ne_se_le_demande_pas_elle_depose():
    brouillon = f.dossier()
    with pytest.raises(RoleInsuffisant):
        _demander(brouillon, "amina", Role.SIGNATAIRE)
    page = f.client("amina").get(f"/dossiers/{brouillon.numero}/relecture/").content.decode()
    assert "Demander la signature" not in page
