"""Figer et rectifier : un règlement publié ne bouge plus (architecture §3, R34)."""

import hashlib
import json

import pytest

from ensemblier.appels import actes
from ensemblier.appels.models import Appel, Reglement
from ensemblier.noyau import packs
from ensemblier.noyau.machine import EtatInterdit, Role, RoleInsuffisant, TransitionRefusee
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Evenement
from tests import fabriques

pytestmark = pytest.mark.django_db
LE = fabriques.instant("2025-03-18 16:18")
RESPONSABLE = {Role.RESPONSABLE}


def _brouillon():
    lieu = fabriques.territoire()
    return actes.creer(
        fabriques.pack_de_l_appel("ami-2025"), territoire=lieu, par=fabriques.acteur("irene"), le=LE
    )


def _prolonge():
    pack = fabriques.pack_de_l_appel("ami-2025")
    return pack.model_copy(update={"chapo": pack.chapo + " Délai prolongé."})


def _rectifier(appel, pack=None, motif="Délai prolongé de huit jours", roles=RESPONSABLE):
    return actes.rectifier(
        appel, pack or _prolonge(), motif=motif, par=fabriques.acteur("irene"), roles=roles, le=LE
    )


def test_publier_fige_le_contenu_et_son_empreinte():
    appel = fabriques.appel()
    reglement = appel.reglement
    canonique = json.dumps(reglement.contenu, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert reglement.version == 1
    assert reglement.empreinte == hashlib.sha256(canonique.encode()).hexdigest()
    assert appel.regles() == fabriques.pack_de_l_appel("ami-2025")


def test_publier_pose_les_jalons_et_les_dispositifs():
    appel, pack = fabriques.appel(), fabriques.pack_de_l_appel("ami-2025")
    assert [j.phase() for j in appel.jalons.all()] == [j.jalon() for j in pack.jalons]
    assert list(appel.dispositifs.values_list("code", flat=True)) == [d.code for d in pack.dispositifs]


def test_un_projet_se_remplace_tant_qu_il_n_est_pas_publie():
    appel = _brouillon()
    encore = actes.creer(_prolonge(), territoire=appel.territoire, par=fabriques.acteur("irene"), le=LE)
    assert encore.pk == appel.pk
    assert encore.regles().chapo.endswith("Délai prolongé.")
    assert Appel.objects.count() == 1


def test_un_appel_publie_ne_se_recree_pas():
    appel = fabriques.appel()
    with pytest.raises(ActeBloque, match="rectification"):
        actes.creer(_prolonge(), territoire=appel.territoire, par=fabriques.acteur("irene"), le=LE)


def test_un_appel_d_un_autre_territoire_est_refuse():
    ailleurs = _prolonge().model_copy(update={"territoire": "ailleurs"})
    with pytest.raises(ActeBloque, match="ailleurs"):
        actes.creer(ailleurs, territoire=fabriques.territoire(), par=fabriques.acteur("irene"), le=LE)


def test_seul_le_responsable_publie():
    appel = _brouillon()
    with pytest.raises(RoleInsuffisant):
        actes.publier(appel, par=fabriques.acteur("benoit"), roles={Role.INSTRUCTEUR}, le=LE)
    assert not Reglement.objects.exists()


def test_publier_deux_fois_est_refuse():
    appel = fabriques.appel()
    with pytest.raises(EtatInterdit):
        actes.publier(appel, par=fabriques.acteur("irene"), roles=RESPONSABLE, le=LE)
    assert Reglement.objects.count() == 1


def test_rectifier_ajoute_une_version_et_laisse_l_ancienne():
    appel = fabriques.appel()
    premiere = appel.reglement
    ancien = premiere.contenu
    seconde = _rectifier(appel)
    premiere.refresh_from_db()
    assert (seconde.version, seconde.motif) == (2, "Délai prolongé de huit jours")
    assert premiere.contenu == ancien
    assert premiere.regles() == fabriques.pack_de_l_appel("ami-2025")
    appel.refresh_from_db()
    assert appel.regles() == _prolonge()
    assert appel.chapo.endswith("Délai prolongé.")
    dernier = Evenement.objects.order_by("rang").last()
    assert (dernier.acte, dernier.detail.motif) == ("rectifier", "Délai prolongé de huit jours")


def test_rectifier_sans_motif_est_refuse():
    with pytest.raises(TransitionRefusee, match="motif"):
        _rectifier(fabriques.appel(), motif="  ")


def test_rectifier_sans_changement_est_refuse():
    with pytest.raises(ActeBloque, match="Rien ne change"):
        _rectifier(fabriques.appel(), fabriques.pack_de_l_appel("ami-2025"))


def test_rectifier_ne_change_ni_le_code_ni_l_exercice():
    with pytest.raises(ActeBloque, match="exercice"):
        _rectifier(fabriques.appel(), _prolonge().model_copy(update={"exercice": 2031}))
    assert Reglement.objects.count() == 1


def test_rectifier_un_projet_ou_sans_le_role_est_refuse():
    with pytest.raises(EtatInterdit):
        _rectifier(_brouillon())
    with pytest.raises(RoleInsuffisant):
        _rectifier(fabriques.appel("ami-2025"), roles={Role.INSTRUCTEUR})


def test_clore_demande_un_motif_et_garde_l_appel_lisible():
    appel, par = fabriques.appel(), fabriques.acteur("irene")
    with pytest.raises(TransitionRefusee):
        actes.clore(appel, motif="", par=par, roles=RESPONSABLE, le=LE)
    actes.clore(appel, motif="Campagne terminée", par=par, roles=RESPONSABLE, le=LE)
    assert appel in Appel.objects.publies()
    assert isinstance(appel.regles(), packs.Appel)
