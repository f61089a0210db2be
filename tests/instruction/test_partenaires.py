"""Chaque financeur n'écrit que sa ligne ; un avis se motive, arrive en retard, ou trop tard."""

import pytest

from ensemblier.dossiers.models import ContactCommune, Demande, Dossier
from ensemblier.instruction import actes
from ensemblier.instruction.models import Avis
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from tests import fabriques as f

pytestmark = pytest.mark.django_db
NOVEMBRE = f.instant("2025-11-12 09:00")
EN_RETARD = f.instant("2026-01-12 09:00")


@pytest.fixture
def aap():
    return f.dossier_recevable(le=NOVEMBRE)


def financeur(code):
    return f.territoire().financeurs.select_related("commune").get(code=code)


def volet(dossier, code):
    return Demande.objects.select_related("dossier", "financeur").get(dossier=dossier, financeur__code=code)


def test_un_financeur_prend_en_charge_et_recoit_sa_ligne(aap):
    etat = volet(aap, "ETAT")
    actes.prendre_en_charge(etat, par=f.acteur("chloe"), le=NOVEMBRE)
    actes.recevoir(etat, par=f.acteur("chloe"), le=NOVEMBRE)
    assert volet(aap, "ETAT").etat == "recevable"


@pytest.mark.parametrize("qui", ["chloe", "remi", "farid", "amina", "elise", "benoit"])
def test_la_ligne_d_un_autre_est_refusee(aap, qui):
    ligne = volet(aap, "DEPARTEMENT")
    with pytest.raises(RoleInsuffisant):
        actes.prendre_en_charge(ligne, par=f.acteur(qui), le=NOVEMBRE)
    with pytest.raises(RoleInsuffisant, match="Demandez-le à l'un de ses agents"):
        actes.rendre_avis(aap, ligne.financeur, sens="favorable", par=f.acteur(qui), le=NOVEMBRE)
    assert volet(aap, "DEPARTEMENT").etat == "sollicitee"
    assert not Avis.objects.exists()


def test_la_ligne_d_un_autre_est_refusee_garde_levee(aap):
    actes.prendre_en_charge(volet(aap, "DEPARTEMENT"), par=f.acteur("denise"), le=NOVEMBRE)
    assert volet(aap, "DEPARTEMENT").etat == "prise_en_charge"


@pytest.mark.parametrize("sens", ["reserve", "defavorable"])
def test_un_avis_reserve_ou_defavorable_se_motive(aap, sens):
    options = {"par": f.acteur("chloe"), "le": NOVEMBRE}
    with pytest.raises(ActeBloque, match="pourquoi"):
        actes.rendre_avis(aap, financeur("ETAT"), sens=sens, **options)
    avis = actes.rendre_avis(aap, financeur("ETAT"), sens=sens, motif="Public trop large.", **options)
    assert avis.retard == 0


def test_un_avis_en_retard_est_admis_et_le_dit(aap):
    avis = actes.rendre_avis(aap, financeur("ETAT"), sens="favorable", par=f.acteur("chloe"), le=EN_RETARD)
    assert (avis.echeance.isoformat(), avis.retard) == ("2026-01-09", 3)


def test_un_avis_modifie_remplace_le_premier_et_le_registre_garde_les_deux(aap):
    options = {"par": f.acteur("chloe"), "le": NOVEMBRE}
    actes.rendre_avis(aap, financeur("ETAT"), sens="favorable", **options)
    actes.rendre_avis(aap, financeur("ETAT"), sens="reserve", motif="Budget revu.", **options)
    assert Avis.objects.get().sens == "reserve"
    from ensemblier.registre.models import Evenement

    assert Evenement.objects.filter(acte="rendre_avis", public=False).count() == 2


def test_un_avis_apres_la_decision_est_refuse(aap):
    ligne = volet(aap, "ETAT")
    actes.ne_pas_recevoir(ligne, motif="Hors des priorités.", par=f.acteur("chloe"), le=NOVEMBRE)
    from ensemblier.programmation.actes import Decision, enregistrer_deliberation

    enregistrer_deliberation(
        financeur("ETAT"), aap.appel, numero="2026-12", votee_le=EN_RETARD.date(), annexe=False,
        decisions=[Decision(ligne, None, "Hors des priorités.")], par=f.acteur("chloe"), le=EN_RETARD,
    )  # fmt: skip
    with pytest.raises(ActeBloque, match="12/01/2026"):
        actes.rendre_avis(aap, financeur("ETAT"), sens="favorable", par=f.acteur("chloe"), le=EN_RETARD)


def test_un_financeur_non_sollicite_n_a_pas_d_avis_a_rendre(aap):
    with pytest.raises(ActeBloque, match="sollicité"):
        actes.rendre_avis(aap, financeur("REGION"), sens="favorable", par=f.acteur("remi"), le=NOVEMBRE)


def commune_de_lens():
    return f.territoire().financeurs.select_related("commune").get(commune__code="LENS")


def test_le_referent_rend_l_avis_de_sa_commune_et_confirme_le_contact(aap):
    farid = f.acteur("farid")
    avis = actes.rendre_avis(aap, commune_de_lens(), sens="favorable", par=farid, le=NOVEMBRE)
    assert "Farid" in avis.rendu_par
    contact = aap.contacts_communes.get()
    actes.confirmer_contact(contact, reponse=True, par=farid, le=NOVEMBRE)
    assert ContactCommune.objects.get(pk=contact.pk).confirme is True
    with pytest.raises(RoleInsuffisant):
        actes.confirmer_contact(contact, reponse=False, par=f.acteur("benoit"), le=NOVEMBRE)


def test_le_referent_ne_voit_pas_un_dossier_hors_de_sa_commune():  # S72
    ailleurs = f.dossier_depose(action__quartiers=[{"code": "QN06235M", "communes": ["WINGLES"]}])
    visibles = Dossier.objects.visibles_par(f.acteur("farid"))
    assert not visibles.filter(pk=ailleurs.pk).exists()
    ici = f.dossier_depose()
    assert visibles.filter(pk=ici.pk).exists()


def test_le_porteur_ne_lit_jamais_un_avis(aap):
    actes.rendre_avis(aap, financeur("ETAT"), sens="favorable", par=f.acteur("chloe"), le=NOVEMBRE)
    assert not Avis.objects.visibles_par(f.acteur("amina")).exists()
    assert Avis.objects.visibles_par(f.acteur("denise")).exists()
