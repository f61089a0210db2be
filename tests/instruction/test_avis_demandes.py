"""Un avis se demande avec une échéance, se rappelle une fois par rappel, se montre en retard sans bloquer."""

from datetime import date, timedelta

import pytest

from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.espaces.panneaux import lignes_d_avis
from ensemblier.instruction import actes, taches
from ensemblier.instruction.attentes import attentes
from ensemblier.instruction.examen import volets_sans_avis
from ensemblier.instruction.models import Avis, DemandeDAvis
from ensemblier.noyau import packs
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.noyau.packs.appel import ReglesDAvis
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement
from tests import fabriques as f

pytestmark = pytest.mark.django_db
NOVEMBRE = f.instant("2025-11-12 09:00")
LE_1ER = date(2025, 12, 1)


@pytest.fixture
def aap():
    return f.dossier_recevable(le=NOVEMBRE)


def financeur(code):
    return f.territoire().financeurs.select_related("commune").get(code=code)


def lens():
    return f.territoire().financeurs.select_related("commune").get(commune__code="LENS")


def demander(dossier, *financeurs, echeance=LE_1ER, qui="benoit", le=NOVEMBRE):
    par = f.acteur(qui)
    return actes.demander_avis(
        dossier, financeurs=financeurs, echeance=echeance, par=par, roles=roles(par, dossier), le=le
    )


def avis_partis():
    return list(Courriel.objects.filter(cle__startswith="avis:").order_by("pk"))


def regler(monkeypatch, **avis):
    """L'appel écrit sa règle ; le règlement figé du dossier la lit."""
    monkeypatch.setattr(packs.Appel, "regles_d_avis", ReglesDAvis(**avis))


def test_un_avis_se_demande_a_plusieurs_avec_une_echeance_et_previent_qui_le_rend(aap):
    f.personne("chloe"), f.personne("farid")
    demander(aap, financeur("ETAT"), lens())
    assert [d.echeance for d in DemandeDAvis.objects.all()] == [LE_1ER, LE_1ER]
    partis = avis_partis()
    assert {c.destinataire for c in partis} == {"chloe@maison.example", "farid@maison.example"}
    assert all("1er décembre 2025" in c.sujet.replace("\u00a0", " ") for c in partis)
    evenement = Evenement.objects.get(acte="demander_avis")
    assert (evenement.public, "Avis demandé avant le" in evenement.libelle) == (False, True)


@pytest.mark.parametrize(
    ("codes", "echeance", "phrase"),
    [
        ((), LE_1ER, "au moins un financeur"),
        (("REGION",), LE_1ER, "n'est pas concerné"),
        (("ETAT",), NOVEMBRE.date(), "n'est pas à venir"),
    ],
)
def test_une_demande_d_avis_impossible_dit_pourquoi(aap, codes, echeance, phrase):
    with pytest.raises(ActeBloque, match=phrase):
        demander(aap, *map(financeur, codes), echeance=echeance)
    assert not DemandeDAvis.objects.exists()


def test_un_avis_rendu_ou_deja_demande_ne_se_demande_pas(aap):
    demander(aap, financeur("ETAT"))
    with pytest.raises(ActeBloque, match="déjà demandé"):
        demander(aap, financeur("ETAT"))
    demander(aap, financeur("ETAT"), echeance=LE_1ER + timedelta(days=7))
    assert DemandeDAvis.objects.get().echeance == LE_1ER + timedelta(days=7)
    actes.rendre_avis(aap, financeur("ETAT"), sens="favorable", par=f.acteur("chloe"), le=NOVEMBRE)
    with pytest.raises(ActeBloque, match="déjà rendu"):
        demander(aap, financeur("ETAT"))


@pytest.mark.parametrize("qui", ["chloe", "farid", "amina"])
def test_seul_le_service_demande_un_avis(aap, qui):
    with pytest.raises(RoleInsuffisant):
        demander(aap, financeur("ETAT"), qui=qui)


def test_rien_ne_se_demande_avant_recevable():  # S78
    with pytest.raises(ActeBloque, match="Recevable"):
        demander(f.dossier_depose("aap-2026"), financeur("ETAT"))


def test_l_echeance_demandee_compte_le_retard_et_l_emporte_sur_la_fin_de_l_instruction(aap):
    demander(aap, financeur("ETAT"))
    trois = f.instant("2025-12-04 09:00")
    avis = actes.rendre_avis(aap, financeur("ETAT"), sens="favorable", par=f.acteur("chloe"), le=trois)
    assert (avis.echeance, avis.retard) == (LE_1ER, 3)


def en_retard(qui, jour):
    return [a.phrase for a in attentes(f.acteur(qui), jour=jour) if Dossier.objects.filter(a.retard).exists()]


def test_un_avis_en_retard_est_montre_en_retard_et_lui_seul(aap):
    demander(aap, financeur("ETAT"))
    assert en_retard("chloe", LE_1ER) == []
    assert en_retard("chloe", LE_1ER + timedelta(days=1)) == ["Rendre l'avis"]
    assert en_retard("denise", LE_1ER + timedelta(days=1)) == []
    lignes = lignes_d_avis(Reponses(aap), f.acteur("benoit"), jour=date(2025, 12, 4))
    retards = {x.financeur.code: x.retard for x in lignes}
    assert (retards["ETAT"], retards["DEPARTEMENT"]) == (3, 0)


def test_un_delai_plus_long_n_est_pas_en_retard_a_la_fin_de_l_instruction(aap):
    demander(aap, financeur("ETAT"), echeance=date(2026, 2, 1))
    assert en_retard("chloe", date(2026, 1, 20)) == []
    assert en_retard("denise", date(2026, 1, 20)) == ["Rendre l'avis"]


def test_un_avis_en_retard_ne_bloque_que_si_l_appel_le_dit(aap, monkeypatch):
    demander(aap, financeur("ETAT"))

    def bloquent(le):
        return {v.financeur.code for v in volets_sans_avis(aap, le=f.instant(le))}

    assert "ETAT" in bloquent("2025-12-01 09:00")
    assert "ETAT" not in bloquent("2025-12-02 09:00")
    assert "DEPARTEMENT" in bloquent("2025-12-02 09:00")
    assert bloquent("2026-03-01 09:00") == set()
    regler(monkeypatch, requis=True)
    assert bloquent("2026-03-01 09:00") == {"CALL", "ETAT", "DEPARTEMENT"}


def test_les_rappels_partent_aux_jours_de_l_appel_une_seule_fois_chacun(aap):
    f.personne("chloe")
    demander(aap, financeur("ETAT"))
    jours = [f.instant("2025-11-24 06:00") + timedelta(days=n) for n in range(21)]
    partis = []
    for le in jours:
        partis += [le.date()] * taches.rappeler_les_avis(le=le)
        assert taches.rappeler_les_avis(le=le) == 0
    assert partis == [date(2025, 11, 24), date(2025, 12, 2), date(2025, 12, 9)]
    assert len(avis_partis()) == 4
    assert Evenement.objects.filter(acte="relancer").count() == 3


def test_un_rythme_arrete_ne_rattrape_qu_un_rappel(aap):
    f.personne("chloe")
    demander(aap, financeur("ETAT"))
    assert taches.rappeler_les_avis(le=f.instant("2025-12-20 06:00")) == 1
    assert DemandeDAvis.objects.get().relance == 8


def test_un_avis_demande_tard_n_est_pas_rappele_le_jour_meme(aap):
    f.personne("chloe")
    demander(aap, financeur("ETAT"), echeance=date(2025, 11, 15))
    assert taches.rappeler_les_avis(le=NOVEMBRE + timedelta(hours=1)) == 0


def test_un_avis_rendu_n_est_plus_rappele(aap):
    f.personne("chloe")
    demander(aap, financeur("ETAT"))
    actes.rendre_avis(aap, financeur("ETAT"), sens="favorable", par=f.acteur("chloe"), le=NOVEMBRE)
    assert taches.rappeler_les_avis(le=f.instant("2025-12-20 06:00")) == 0


def test_un_appel_sans_rappel_n_en_envoie_aucun(aap, monkeypatch):
    regler(monkeypatch, relances_jours=())
    f.personne("chloe")
    demander(aap, financeur("ETAT"))
    assert taches.rappeler_les_avis(le=f.instant("2025-12-20 06:00")) == 0


def test_une_personne_interessee_ne_recoit_pas_la_demande(aap):  # B10
    from ensemblier.comptes.models import Interet

    Interet.objects.create(
        utilisateur=f.personne("chloe"), organisme=aap.organisme, nature="bénévole", connu_le=NOVEMBRE.date()
    )
    demander(aap, financeur("ETAT"))
    assert avis_partis() == []


def lus(dossier, qui):
    lignes = lignes_d_avis(Reponses(dossier), f.acteur(qui), jour=LE_1ER)
    return {x.financeur.code: (x.avis is not None, x.est_tu) for x in lignes}["ETAT"]


@pytest.mark.parametrize(
    ("partages", "attendu"),
    [(True, {"chloe": True, "denise": True, "benoit": True}),
     (False, {"chloe": True, "denise": False, "benoit": True})],
)  # fmt: skip
def test_les_financeurs_lisent_les_avis_des_autres_sauf_si_l_appel_le_refuse(
    aap, monkeypatch, partages, attendu
):
    regler(monkeypatch, partages=partages)
    actes.rendre_avis(aap, financeur("ETAT"), sens="favorable", par=f.acteur("chloe"), le=NOVEMBRE)
    for qui, lit in attendu.items():
        assert lus(aap, qui) == (lit, not lit)
        assert Avis.objects.visibles_par(f.acteur(qui)).exists() is lit


def relancer(dossier, le=NOVEMBRE, qui="benoit"):
    par = f.acteur(qui)
    return actes.relancer(dossier, par=par, roles=roles(par, dossier), le=le)


def test_relancer_rappelle_les_financeurs_muets_une_fois_par_jour(aap):
    f.personne("chloe"), f.personne("denise")
    demander(aap, financeur("ETAT"), financeur("DEPARTEMENT"))
    actes.rendre_avis(aap, financeur("DEPARTEMENT"), sens="favorable", par=f.acteur("denise"), le=NOVEMBRE)
    assert relancer(aap) == financeur("ETAT").sigle
    with pytest.raises(ActeBloque, match="déjà été relancés"):
        relancer(aap)
    assert relancer(aap, le=NOVEMBRE + timedelta(days=1)) == financeur("ETAT").sigle


def test_relancer_rappelle_au_porteur_ce_qu_il_doit():
    dossier = f.dossier_depose("aap-2026")
    par = f.acteur("benoit")
    actes.demander_complements(
        dossier, pieces=["rib"], message="Le RIB est illisible.", par=par, roles=roles(par, dossier),
        le=NOVEMBRE,
    )  # fmt: skip
    assert relancer(dossier) == "le porteur"
    rappel = Courriel.objects.filter(sujet__contains="Rappel : votre réponse").first()
    assert "Relevé d'identité bancaire" in rappel.texte.replace("’", "'") or "RIB" in rappel.texte
    with pytest.raises(ActeBloque, match="déjà été relancé"):
        relancer(dossier)


def test_relancer_sans_rien_attendre_est_refuse(aap):
    with pytest.raises(ActeBloque, match="Rien n'est attendu"):
        relancer(aap)
    with pytest.raises(RoleInsuffisant):
        relancer(aap, qui="chloe")


def test_un_appel_muet_garde_son_empreinte():
    """Un règlement figé avant ces réglages se relit à l'identique."""
    appel = f.appel("aap-2026").regles()
    assert "avis" not in appel.en_json()
    assert packs.Appel.depuis_json(appel.en_json()).empreinte() == appel.empreinte()
    dit = appel.model_copy(update={"avis": ReglesDAvis(requis=True)})
    assert packs.Appel.depuis_json(dit.en_json()).regles_d_avis.requis is True
