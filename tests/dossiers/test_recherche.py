"""Chercher un dossier : titre, porteur, SIRET, numéros, texte ; les mots suivent les actes."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ensemblier.comptes.actes import modifier_organisme
from ensemblier.comptes.models import MotDeLOrganisme, Vocable
from ensemblier.dossiers import actes
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Dossier, MotDuDossier
from ensemblier.dossiers.recherche import rechercher
from ensemblier.noyau.machine import Role
from tests import fabriques as f

pytestmark = pytest.mark.django_db
MAI = f.instant("2025-05-21 10:00")


def trouve(texte):
    return list(Dossier.objects.filter(rechercher(texte).condition).order_by("pk"))


@pytest.fixture
def depose():
    return f.dossier_depose(action__intitule="Fête de l'Été et cœur de cité, un goûter")


@pytest.mark.parametrize(
    "texte",
    [
        "fete",
        "ÉTÉ",
        "coeur",
        "gouter",
        "GOÛ",
        "jardins fosse",
        "fete jardins",
        "JF12",
        "de la fête",
        "cité été",
    ],
)
def test_sans_accent_sans_casse_par_le_debut_et_tous_les_mots(depose, texte):
    assert trouve(texte) == [depose]


@pytest.mark.parametrize("texte", ["fete lens2", "arme", "rdins", "'; drop table", "%", "_", "", "fete zzz"])
def test_un_mot_de_trop_ou_un_milieu_de_mot_ne_trouve_rien(depose, texte):
    assert trouve(texte) == []


def test_tous_ses_numeros(depose):
    numero, siren = depose.numero, depose.organisme.siren
    court = f"{numero[:2]}-{numero[3:].lstrip('0')}"
    for texte in (
        numero,
        court,
        siren,
        f"{siren[:3]} {siren[3:6]} {siren[6:]}",
        f"{siren}00012",
        "w624001234",
    ):
        assert trouve(texte) == [depose], texte


def test_une_faute_de_frappe_se_devine_et_se_dit(depose):
    lue = rechercher("jardims feste")
    assert list(Dossier.objects.filter(lue.condition)) == [depose]
    assert lue.remplaces == (("jardims", ("jardins",)), ("feste", ("fete",)))
    assert rechercher("jardins").remplaces == ()


def test_un_brouillon_ne_se_cherche_pas_et_le_depot_l_y_met():
    brouillon = f.dossier(action__intitule="Zanzibar")
    assert not MotDuDossier.objects.filter(dossier=brouillon).exists()
    assert trouve("zanzibar") == []


def test_le_numero_dauphin_suit_l_acte(depose):
    par = f.acteur("amina")
    options = {"par": par, "roles": roles(par, depose), "le": MAI}
    actes.noter_numero_dauphin(depose, numero="DA01234567", **options)
    assert trouve("DA01234567") == [depose]
    actes.noter_numero_dauphin(depose, numero="DA07654321", **options)
    assert (trouve("DA01234567"), trouve("da0765")) == ([], [depose])


def test_la_reference_d_un_depot_suit_l_acte(depose):
    par, volet = f.acteur("amina"), depose.demandes.select_related("dossier", "financeur").first()
    actes.noter_reference_depot(
        volet, reference="PAS-2025-777", le_depot=MAI.date(), par=par, roles=roles(par, depose), le=MAI
    )
    assert trouve("PAS2025777") == trouve("777") == [depose]


def test_un_organisme_renomme_se_cherche_sous_son_nouveau_nom(depose):
    porteur = depose.organisme
    modifier_organisme(
        porteur, champs={"nom": "Les Serres du Nouveau Monde"}, par=f.acteur("amina"),
        roles={Role.SIGNATAIRE}, le=MAI,
    )  # fmt: skip
    assert trouve("serres") == [depose]
    assert trouve("jardins") == []


def test_un_texte_corrige_sans_index_serait_vu_garde_levee(depose, monkeypatch):
    """Si l'acte n'entretenait plus les mots, l'essai du numéro Dauphin le dirait."""
    monkeypatch.setattr("ensemblier.dossiers.actes.volets.indexer", lambda dossier: None)
    par = f.acteur("amina")
    actes.noter_numero_dauphin(depose, numero="DA01234567", par=par, roles=roles(par, depose), le=MAI)
    assert trouve("DA01234567") == []


def test_la_recherche_coute_une_requete_et_une_de_plus_par_faute(depose, django_assert_num_queries):
    with django_assert_num_queries(1):
        rechercher("fete jardins gouter cite")
    with django_assert_num_queries(2):
        assert rechercher("jardims cite").remplaces


def test_un_organisme_renomme_sans_ses_mots_serait_vu_garde_levee(depose, monkeypatch):
    """Si l'organisme n'entretenait plus ses mots, l'essai du nouveau nom le dirait."""
    monkeypatch.setattr("ensemblier.comptes.models.organismes.dire_les_mots", lambda *_: None)
    modifier_organisme(
        depose.organisme, champs={"nom": "Les Serres du Nouveau Monde"}, par=f.acteur("amina"),
        roles={Role.SIGNATAIRE}, le=MAI,
    )  # fmt: skip
    assert trouve("serres") == []


def test_un_organisme_enregistre_sans_changer_de_nom_ne_recrit_pas_ses_mots(depose):
    porteur = depose.organisme
    porteur.telephone = "03 00 00 00 00"
    with CaptureQueriesContext(connection) as lues:
        porteur.save()
    assert not [q["sql"] for q in lues if "comptes_vocable" in q["sql"] or "motdelorganisme" in q["sql"]]


def test_la_recherche_ne_lit_pas_les_organismes_un_a_un(depose):
    """Un nom se trouve par ses mots : le temps ne suit pas le nombre d'organismes."""
    with CaptureQueriesContext(connection) as lues:
        assert trouve("jardims fosse") == [depose]
    assert not [q["sql"] for q in lues if '"comptes_organisme"' in q["sql"]]


def test_un_numero_inconnu_ne_cherche_pas_ses_voisins(depose, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert rechercher("999999999").remplaces == ()


def test_la_migration_dit_les_mots_des_organismes_deja_connus(depose):
    """Une base d'avant 0012 a les mots en texte ; la migration en fait les mêmes liens que les actes."""
    avant = set(MotDeLOrganisme.objects.values_list("organisme_id", "mot__mot"))
    MotDeLOrganisme.objects.all().delete()
    Vocable.objects.all().delete()
    assert trouve("jardins") == []
    import_module("ensemblier.comptes.migrations.0012_mots_des_organismes").dire_les_mots(apps, None)
    assert set(MotDeLOrganisme.objects.values_list("organisme_id", "mot__mot")) == avant != set()
    assert trouve("jardins fosse") == [depose]
