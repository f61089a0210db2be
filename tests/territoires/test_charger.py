"""Charger le pack : tout y est, deux fois ne change rien (R16-R19, R67, S82)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ensemblier.noyau import packs
from ensemblier.registre.actes import ActeBloque
from ensemblier.territoires.actes import charger
from ensemblier.territoires.models import Commune, Contact, Financeur, Quartier, Territoire
from tests import fabriques

pytestmark = pytest.mark.django_db


def _comptes():
    return [m.objects.count() for m in (Territoire, Commune, Quartier, Financeur, Contact)] + [
        Quartier.communes.through.objects.count()
    ]


def test_tout_le_pack_est_en_base():
    pack, lieu = fabriques.pack_du_territoire(), fabriques.territoire()
    assert lieu.quartiers.count() == len(pack.quartiers)
    assert Quartier.communes.through.objects.count() == len(pack.couples())
    assert lieu.communes.count() == len(pack.communes)
    assert list(lieu.piliers.values_list("code", flat=True)) == [p.code for p in pack.piliers]
    assert list(lieu.thematiques.values_list("code", flat=True)) == [t.code for t in pack.thematiques]
    assert list(lieu.financeurs.values_list("code", flat=True)) == [f.code for f in pack.financeurs]
    assert lieu.contacts.count() == len(pack.contacts)
    assert lieu.nom_court == "Lens-Liévin"


def test_une_commune_finance_par_sa_propre_ligne():
    lieu = fabriques.territoire()
    communes = lieu.financeurs.filter(type="commune")
    assert communes.filter(commune=None).count() == 0
    assert communes.count() > 0


def test_chaque_quartier_a_son_contour():
    assert not [q.code for q in fabriques.territoire().quartiers.all() if not q.contour.get("coordinates")]


def test_recharger_ne_change_rien():
    lieu = fabriques.territoire()
    avant = _comptes()
    cles = set(lieu.quartiers.values_list("pk", "code"))
    encore = charger(fabriques.pack_du_territoire(), le=fabriques.OUVERTURE, hote="")
    assert encore.pk == lieu.pk
    assert _comptes() == avant
    assert set(lieu.quartiers.values_list("pk", "code")) == cles


def test_un_nom_change_dans_le_pack_change_en_base():
    lieu = fabriques.territoire()
    pack = fabriques.pack_du_territoire()
    premier = pack.quartiers[0].model_copy(update={"nom": "Nouveau nom"})
    charger(pack.model_copy(update={"quartiers": (premier, *pack.quartiers[1:])}), le=fabriques.OUVERTURE)
    assert lieu.quartiers.get(code=premier.code).nom == "Nouveau nom"


def test_un_financeur_que_des_appels_citent_ne_se_retire_pas():
    fabriques.appel()
    pack = fabriques.pack_du_territoire()
    sans = tuple(f for f in pack.financeurs if f.code != pack.contrat.pilote)
    contacts = tuple(c for c in pack.contacts if c.financeur != pack.contrat.pilote)
    with pytest.raises(ActeBloque, match="des financeurs"):
        charger(pack.model_copy(update={"financeurs": sans, "contacts": contacts}), le=fabriques.OUVERTURE)


def test_le_pack_se_relit_depuis_la_base_a_l_identique():
    relu = fabriques.territoire().pack()
    pack = fabriques.pack_du_territoire()
    assert isinstance(relu, packs.Territoire)
    assert relu.model_dump(exclude={"contours"}) == pack.model_dump(exclude={"contours"})


def test_le_pack_ne_se_relit_qu_une_fois():
    lieu = fabriques.territoire()
    lieu.pack()
    with CaptureQueriesContext(
        connection,
    ) as requetes:
        lieu.pack()
    assert len(requetes) == 0
