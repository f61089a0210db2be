"""Un quartier visé sans commune nommée prend toutes les siennes : leurs référents voient le dossier (R17)."""

from importlib import import_module

import pytest
from django.apps import apps

from ensemblier.dossiers import actes
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Ciblage, Dossier
from tests import fabriques as f

pytestmark = pytest.mark.django_db
GRANDE_RESIDENCE = "QN06225M"
CONTACTS = [{"commune": c, "le": "2025-05-02"} for c in ("LENS", "LOISON-SOUS-LENS", "VENDIN-LE-VIEIL")]
migration = import_module("ensemblier.dossiers.migrations.0002_communes_des_quartiers_vises")


def _depose(communes):
    return f.dossier_depose(
        action__quartiers=[{"code": GRANDE_RESIDENCE, "communes": communes}],
        action__contacts_communes=CONTACTS,
    )


def _farid_voit(dossier):
    return dossier in Dossier.objects.visibles_par(f.acteur("farid"))


def _communes(dossier):
    return {v.code for c in dossier.ciblages.all() for v in c.communes.all()}


def test_sans_commune_nommee_le_quartier_les_prend_toutes():
    dossier = _depose([])
    assert _communes(dossier) == {"LENS", "LOISON-SOUS-LENS", "VENDIN-LE-VIEIL"}
    assert dossier.fiche_figee["action"]["quartiers"] == [
        {"code": GRANDE_RESIDENCE, "communes": ["LENS", "LOISON-SOUS-LENS", "VENDIN-LE-VIEIL"]}
    ]


def test_l_acte_du_porteur_fait_de_meme():
    brouillon, par = f.dossier(), f.acteur("amina")
    quartier = f.territoire().quartiers.get(code=GRANDE_RESIDENCE)
    actes.enregistrer_quartiers(
        brouillon, vises={quartier: []}, par=par, roles=roles(par, brouillon), le=brouillon.cree_le
    )
    assert _communes(brouillon) == {"LENS", "LOISON-SOUS-LENS", "VENDIN-LE-VIEIL"}


def test_les_communes_nommees_restent_les_seules():
    dossier = _depose(["LOISON-SOUS-LENS"])
    assert _communes(dossier) == {"LOISON-SOUS-LENS"}
    assert not _farid_voit(dossier)


def test_le_referent_voit_le_dossier_d_un_quartier_sans_commune_nommee():
    dossier = _depose([])
    assert _farid_voit(dossier)
    page = f.client("farid").get(f"/instruction/{dossier.numero}/")
    assert page.status_code == 200


def test_un_ciblage_sans_commune_cachait_le_dossier_garde_levee():
    dossier = _depose([])
    Ciblage.communes.through.objects.all().delete()
    assert not _farid_voit(dossier)
    migration.nommer_les_communes(apps, None)
    assert _farid_voit(dossier)
