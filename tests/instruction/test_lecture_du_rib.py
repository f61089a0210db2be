"""Un RIB ne se lit que du porteur, du service et des finances, par quelque adresse que ce soit (§C.2)."""

import pytest
from django.urls import reverse

from tests import fabriques as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def adresses():
    dossier = f.dossier_depose("aap-2026")
    return {
        code: reverse("instruction_piece", args=[dossier.numero, dossier.pieces.get(code=code).fichier.cle])
        for code in ("rib", "lettre")
    }


def reponse(qui, adresse):
    recue = f.client(qui).get(adresse)
    f.contenu(recue)
    return recue.status_code


@pytest.mark.parametrize("qui", ["chloe", "farid", "odile"])
def test_un_financeur_un_referent_ou_l_audit_ne_telecharge_pas_le_rib(adresses, qui):
    assert reponse(qui, adresses["rib"]) == 404
    assert reponse(qui, adresses["lettre"]) == 200


def test_un_financeur_ne_telecharge_pas_le_rib_garde_levee(adresses):
    assert reponse("benoit", adresses["rib"]) == 200
