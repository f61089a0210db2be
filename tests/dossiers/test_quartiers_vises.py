"""Un quartier visé sans commune nommée prend toutes les siennes : leurs référents voient le dossier (R17)."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from ensemblier.dossiers import actes
from ensemblier.dossiers.ancres import AncreDeQuartiers, ancres
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Ciblage, CommuneVisee, Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.dossiers.suite import recopier
from tests import fabriques as f

pytestmark = pytest.mark.django_db
CITE, GRANDE_RESIDENCE = "QN06224M", "QN06225M"
CONTACTS = [{"commune": c, "le": "2025-05-02"} for c in ("LENS", "LOISON-SOUS-LENS", "VENDIN-LE-VIEIL")]
migration = import_module("ensemblier.dossiers.migrations.0002_communes_des_quartiers_vises")
visees = import_module("ensemblier.dossiers.migrations.0019_communes_visees")


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
    CommuneVisee.objects.all().delete()
    assert not _farid_voit(dossier)
    migration.nommer_les_communes(apps, None)
    _remplir()
    assert _farid_voit(dossier)


def _remplir():
    with connection.cursor() as curseur:
        curseur.execute(visees.REMPLIR)


def _liens():
    return sorted(CommuneVisee.objects.values_list("dossier", "commune__code"))


def _dits_par_les_ciblages():
    vus = Ciblage.objects.filter(communes__isnull=False).values_list("dossier", "communes__code")
    return sorted(vus.distinct())


def _enregistrer(dossier, vises):
    par, lieu = f.acteur("amina"), f.territoire()
    lus = {
        lieu.quartiers.get(code=quartier): list(lieu.communes.filter(code__in=communes))
        for quartier, communes in vises.items()
    }
    actes.enregistrer_quartiers(dossier, vises=lus, par=par, roles=roles(par, dossier), le=dossier.cree_le)


DEUX_QUARTIERS_UNE_VILLE = {CITE: ["LENS"], GRANDE_RESIDENCE: ["LENS", "VENDIN-LE-VIEIL"]}


def _par_l_acte():
    _enregistrer(f.dossier(), DEUX_QUARTIERS_UNE_VILLE)


def _par_moins_qu_avant():
    brouillon = f.dossier()
    _enregistrer(brouillon, DEUX_QUARTIERS_UNE_VILLE)
    _enregistrer(brouillon, {GRANDE_RESIDENCE: ["VENDIN-LE-VIEIL"]})


def _par_aucun():
    _enregistrer(f.dossier(), {})


def _par_la_fiche():
    _depose([])


def _par_une_correction():
    dossier = _depose([])
    (ancre,) = [a for a in ancres(Reponses(dossier)).values() if isinstance(a, AncreDeQuartiers)]
    ancre.ranger(dossier, [f"{CITE}-LENS"])


def _par_la_suite():
    ancien = _depose(["LOISON-SOUS-LENS"])
    recopier(f.dossier(), ancien, par=f.acteur("amina"), le=ancien.cree_le)


@pytest.mark.parametrize(
    "acte",
    [_par_l_acte, _par_moins_qu_avant, _par_aucun, _par_la_fiche, _par_une_correction, _par_la_suite],
)
def test_les_communes_visees_sont_celles_des_ciblages(acte):
    """Un brouillon au moins ailleurs garde les siennes : un acte ne touche que son dossier."""
    f.dossier()
    acte()
    assert _liens() == _dits_par_les_ciblages() != []


def test_un_ciblage_ecrit_a_part_se_verrait_garde_levee():
    dossier = f.dossier()
    autre = dossier.territoire.quartiers.get(code=GRANDE_RESIDENCE)
    Ciblage.objects.create(dossier=dossier, quartier=autre).communes.set(autre.communes.all())
    assert _liens() != _dits_par_les_ciblages()


def test_un_dossier_efface_emporte_ses_communes_visees():
    dossier = f.dossier()
    assert CommuneVisee.objects.filter(dossier=dossier).exists()
    Dossier.objects.filter(pk=dossier.pk).delete()
    assert _liens() == _dits_par_les_ciblages() == []


def test_la_migration_remplit_l_existant_sans_doublon():
    _enregistrer(f.dossier(), DEUX_QUARTIERS_UNE_VILLE)
    _depose([])
    attendus = _liens()
    CommuneVisee.objects.all().delete()
    _remplir()
    assert _liens() == attendus == _dits_par_les_ciblages()
