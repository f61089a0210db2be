"""Qui représente le porteur n'a, sur ses dossiers, aucun rôle d'autorité (B10) : nul n'est juge et partie."""

import pytest

from ensemblier.comptes.models import Rattachement
from ensemblier.dossiers.droits import roles, roles_sur_demande
from ensemblier.dossiers.models import Dossier
from ensemblier.noyau.machine import Role
from tests import fabriques as f

pytestmark = pytest.mark.django_db
AGENTS = ("benoit", "irene", "chloe", "fatou_finances", "elise")


@pytest.fixture
def depose():
    return f.dossier_depose("aap-2026")


def representer(qui):
    Rattachement.objects.create(
        utilisateur=f.personne(qui), organisme=f.organisme(), qualite="redacteur", fonction="bénévole"
    )


@pytest.mark.parametrize("qui", AGENTS)
def test_un_agent_membre_du_porteur_n_a_que_son_role_de_porteur(depose, qui):
    representer(qui)
    acteur = f.acteur(qui)
    assert roles(acteur, depose) == {Role.REDACTEUR}
    for volet in depose.demandes.select_related("financeur__commune", "dossier"):
        assert roles_sur_demande(acteur, volet) == {Role.REDACTEUR}


@pytest.mark.parametrize("qui", AGENTS)
def test_un_agent_membre_du_porteur_lit_le_dossier_sans_pouvoir_le_juger(depose, qui):
    representer(qui)
    acteur = f.acteur(qui)
    assert depose in Dossier.objects.visibles_par(acteur)
    assert depose not in Dossier.objects.a_juger_par(acteur)


@pytest.mark.parametrize("qui", ["benoit", "irene", "chloe"])
def test_un_agent_membre_du_porteur_garde_levee(depose, qui):
    acteur = f.acteur(qui)
    assert roles(acteur, depose) & {Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AGENT_FINANCEUR}
    assert depose in Dossier.objects.a_juger_par(acteur)
