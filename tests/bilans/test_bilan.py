"""Rendre, corriger, valider un bilan : le dû, le trop-perçu, la clôture (K9, B17, S53-S60)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemblier.bilans import actes, calculs, controles, taches
from ensemblier.bilans.models import Bilan, Decompte, Reversement
from ensemblier.conventions.models import Tranche
from ensemblier.dossiers.models import Obligation
from ensemblier.noyau.machine import EtatInterdit, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Detail
from tests import fabriques
from tests import fabriques_suites as f

pytestmark = pytest.mark.django_db
BILAN_LE = fabriques.instant("2026-03-02 10:00")
REALISE = {"60": Decimal("10000.00"), "64": Decimal("10000.00")}
CHAMPS = {
    "realisation": "complete",
    "deroule": "Quarante ateliers.",
    "resultats": "Les objectifs sont atteints.",
    "explication_des_ecarts": "Moins d'achats que prévu.",
    "participants": 100,
    "participants_qpv": 62,
    "femmes": 60,
    "hommes": 38,
    "sexe_non_renseigne": 2,
}


def _avec_acompte(montant="12000.00", **options):
    demande = f.notifier(f.volet(f.dossier(**options), montant))
    f.signer(demande)
    f.verser(f.tranche(demande))
    demande.refresh_from_db()
    return demande


def _bilan(demande, *, charges=REALISE, **champs):
    bilan = actes.ouvrir_bilan(demande.dossier, par=f.acteur("amina"), le=BILAN_LE)
    actes.enregistrer_bilan(
        bilan, champs={**CHAMPS, **champs}, charges=charges, produits={}, par=f.acteur("amina"), le=BILAN_LE
    )
    return bilan


def _depose(demande, **options):
    bilan = _bilan(demande, **options)
    actes.deposer_bilan(bilan, par=f.acteur("amina"), le=BILAN_LE)
    return bilan


def _valide(demande, **options):
    bilan = _depose(demande, **options)
    actes.valider(bilan, par=f.acteur("benoit"), le=BILAN_LE)
    demande.refresh_from_db()
    return bilan


def _cout(total):
    return {"60": Decimal(total)} if Decimal(total) else {}


@pytest.mark.parametrize(
    ("cout", "du", "reste", "etat"),
    [("20000.00", "10000.00", "400.00", "justifiee"), ("26000.00", "12000.00", "2400.00", "justifiee")],
    ids=["S53", "S55"],
)
def test_le_solde_suit_le_cout_reel(cout, du, reste, etat):
    demande = _avec_acompte()
    _valide(demande, charges=_cout(cout))
    decompte = Decompte.objects.get(demande=demande)
    assert (decompte.du, decompte.reste, decompte.trop_percu) == (Decimal(du), Decimal(reste), Decimal(0))
    solde = f.tranche(demande, 2)
    assert (demande.etat, solde.montant) == (etat, Decimal(reste))
    assert (solde.exigible_le, solde.echeance) == (date(2026, 3, 2), date(2026, 5, 1))


def test_s54_le_trop_percu_ouvre_un_reversement_contradictoire():
    demande = _avec_acompte()
    _valide(demande, charges=_cout("18000.00"))
    reversement = Reversement.objects.get(demande=demande)
    assert (demande.etat, reversement.etat, reversement.montant) == (
        "a_reverser",
        "projet",
        Decimal("600.00"),
    )
    assert reversement.reponse_avant_le == date(2026, 3, 17)
    assert f.tranche(demande, 2).montant == 0


def test_s56_une_action_non_realisee_se_rend_en_entier():
    demande = _avec_acompte()
    _valide(demande, realisation="nulle", difficultes="La salle a fermé.", charges=_cout("18000.00"))
    decompte = Decompte.objects.get(demande=demande)
    assert (decompte.cout_reel, decompte.du, decompte.trop_percu) == (0, 0, Decimal("9600.00"))


def test_s57_une_part_d_habitants_trop_basse_alerte_sans_rien_retenir():
    demande = _avec_acompte()
    bilan = _depose(demande, charges=_cout("24000.00"), participants_qpv=55)
    assert "55\u00a0%" in controles.alertes(bilan)[0].replace(",0", "")
    actes.valider(bilan, par=f.acteur("benoit"), le=BILAN_LE)
    assert Decompte.objects.get(demande=demande).du == Decimal("12000.00")
    consigne = Detail.objects.get(evenement__acte="valider").contenu["alertes"]
    assert len(consigne) == 1


def test_s57_a_soixante_pour_cent_rien_n_est_dit_garde_levee():
    bilan = _bilan(_avec_acompte(), participants_qpv=60)
    assert controles.alertes(bilan) == []


def _phrases(bilan, realisees=REALISE):
    return dict(controles.defauts(bilan, prevues=f.CHARGES, realisees=realisees))


def test_s75_les_sexes_font_le_total():
    bilan = _bilan(
        _avec_acompte(), participants=22, participants_qpv=20, femmes=12, hommes=9, sexe_non_renseigne=0
    )
    assert _phrases(bilan)["femmes"] == (
        "Femmes 12 + hommes 9 = 21, total 22. Il manque 1 personne\u00a0: « non renseigné » est permis."
    )
    with pytest.raises(ActeBloque, match="Il manque 1 personne"):
        actes.deposer_bilan(bilan, par=f.acteur("amina"), le=BILAN_LE)


def test_s75_un_non_renseigne_suffit():
    bilan = _bilan(
        _avec_acompte(), participants=22, participants_qpv=20, femmes=12, hommes=9, sexe_non_renseigne=1
    )
    assert "femmes" not in _phrases(bilan)


@pytest.mark.parametrize(
    ("champs", "champ"),
    [
        ({"realisation": ""}, "realisation"),
        ({"deroule": " "}, "deroule"),
        ({"participants": None}, "participants"),
        ({"participants_qpv": None}, "participants_qpv"),
        ({"ages": {"26-59": 99}}, "ages"),
        ({"par_quartier": {"QN06224M": 61}}, "par_quartier"),
        ({"explication_des_ecarts": ""}, "explication_des_ecarts"),
    ],
)
def test_chaque_manque_est_dit_a_son_champ(champs, champ):
    assert champ in _phrases(_bilan(_avec_acompte(), **champs))


def test_un_bilan_vide_dit_tout_ce_qui_manque_d_un_coup():
    vide = {champ: None if isinstance(valeur, int) else "" for champ, valeur in CHAMPS.items()}
    phrases = _phrases(_bilan(_avec_acompte(), charges={}, **vide))
    assert {"realisation", "participants", "deroule", "resultats"} <= set(phrases)


def test_l_agent_lit_les_ressources_recues_face_aux_prevues():
    demande = _avec_acompte()
    bilan = _bilan(demande)
    actes.enregistrer_bilan(
        bilan, champs=CHAMPS, charges=REALISE, produits={"70": Decimal("321.45")}, par=f.acteur("amina"),
        le=BILAN_LE,
    )  # fmt: skip
    actes.deposer_bilan(bilan, par=f.acteur("amina"), le=BILAN_LE)
    adresse = f"/suites/{demande.dossier.numero}/bilan/lecture/"
    page = fabriques.client("benoit").get(adresse).content.decode()
    assert "Les ressources" in page
    assert "321,45" in page


def test_l_aap_demande_un_compte_rendu_du_comite_de_suivi():
    demande = f.notifier(f.volet(f.dossier("26-0001", appel="aap-2026"), "9000.00"))
    assert "comite_de_suivi" in _phrases(_bilan(demande))
    assert "comite_de_suivi" not in _phrases(_bilan(demande, comite_de_suivi="Réuni le 12 janvier."))


def test_un_bilan_sans_depense_ne_part_pas():
    assert "depenses" in _phrases(_bilan(_avec_acompte(), charges={}), realisees={})


def test_un_ecart_de_dix_pour_cent_n_est_pas_a_expliquer():
    egal, au_dela = (
        calculs.ecarts({"60": Decimal(1000)}, {"60": Decimal(900)}),
        calculs.ecarts({"60": Decimal(1000)}, {"60": Decimal("899.99")}),
    )
    assert (egal[0].a_expliquer, au_dela[0].a_expliquer) == (False, True)
    assert calculs.ecarts({}, {"61": Decimal(5)})[0].part is None


def test_seule_la_personne_signataire_envoie():
    bilan = _bilan(_avec_acompte())
    with pytest.raises(RoleInsuffisant):
        actes.deposer_bilan(bilan, par=f.acteur("lucas"), le=BILAN_LE)
    with pytest.raises(RoleInsuffisant):
        actes.enregistrer_bilan(
            bilan, champs=CHAMPS, charges={}, produits={}, par=f.acteur("david"), le=BILAN_LE
        )


def test_une_signataire_sans_delegation_ne_rend_pas_le_bilan():
    bilan = _bilan(_avec_acompte())
    fabriques.personne("lucas").rattachements.update(qualite="signataire")
    with pytest.raises(ActeBloque, match="Vous n'êtes pas le représentant légal"):
        actes.deposer_bilan(bilan, par=f.acteur("lucas"), le=BILAN_LE)
    bilan.refresh_from_db()
    assert bilan.depose_le is None


def test_un_bilan_envoye_ne_se_modifie_plus():
    bilan = _depose(_avec_acompte())
    with pytest.raises(ActeBloque, match="ne se modifie plus"):
        actes.enregistrer_bilan(
            bilan, champs=CHAMPS, charges={}, produits={}, par=f.acteur("amina"), le=BILAN_LE
        )


def test_s60_envoyer_le_bilan_satisfait_l_obligation_et_le_corriger_la_rouvre():
    demande = _avec_acompte()
    bilan = _depose(demande)
    assert Obligation.objects.get(dossier=demande.dossier).satisfaite_le == BILAN_LE.date()
    actes.faire_corriger(bilan, motif="Il manque les effectifs.", par=f.acteur("benoit"), le=BILAN_LE)
    assert Obligation.objects.get(dossier=demande.dossier).satisfaite_le is None
    bilan.refresh_from_db()
    assert (bilan.etat, bilan.correction_demandee) == ("a_corriger", "Il manque les effectifs.")
    actes.deposer_bilan(bilan, par=f.acteur("amina"), le=BILAN_LE)
    assert bilan.correction_demandee == ""


def test_un_volet_vote_et_non_notifie_arrete_la_validation():
    demande = _avec_acompte()
    f.volet(demande.dossier, "3000.00", financeur="REGION")
    bilan = _depose(demande)
    with pytest.raises(ActeBloque, match="Région"):
        actes.valider(bilan, par=f.acteur("benoit"), le=BILAN_LE)


def test_le_dernier_paiement_solde_le_volet_et_clot_le_dossier():
    demande = _avec_acompte()
    _valide(demande)
    f.verser(f.tranche(demande, 2), le=BILAN_LE, reference="M-2")
    demande.refresh_from_db()
    demande.dossier.refresh_from_db()
    assert (demande.etat, demande.verse, demande.dossier.etat) == ("soldee", Decimal("10000.00"), "clos")


def test_sans_reste_le_volet_est_solde_des_la_validation():
    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    f.verser(f.tranche(demande))
    _valide(demande, charges=_cout("24000.00"))
    demande.dossier.refresh_from_db()
    assert (demande.etat, demande.dossier.etat) == ("soldee", "clos")


def test_un_refus_non_notifie_retient_la_cloture():
    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    f.volet(demande.dossier, "0.00", financeur="ETAT", etat="refusee", motif="Hors priorité.")
    f.verser(f.tranche(demande))
    _valide(demande, charges=_cout("24000.00"))
    demande.dossier.refresh_from_db()
    assert (demande.etat, demande.dossier.etat) == ("soldee", "decide")


def test_jamais_paye_le_du_se_repartit_sur_les_tranches():
    demande = f.notifier(f.volet(f.dossier(), "12000.00"))
    f.signer(demande)
    _valide(demande)
    montants = list(Tranche.objects.filter(demande=demande).values_list("montant", flat=True))
    assert montants == [Decimal("9600.00"), Decimal("400.00")]


def test_un_versement_en_preparation_retient_la_validation_s_il_change():
    from ensemblier.conventions.actes import preparer_versement

    demande = f.notifier(f.volet(f.dossier(), "9000.00"))
    preparer_versement(f.tranche(demande), par=f.acteur("fatou_finances"), le=f.NOTIFIE_LE)
    bilan = _depose(demande, charges=_cout("12000.00"))
    with pytest.raises(ActeBloque, match="en préparation"):
        actes.valider(bilan, par=f.acteur("benoit"), le=BILAN_LE)
    assert not Decompte.objects.exists()


def test_le_bilan_ne_se_valide_qu_une_fois():
    bilan = _valide(_avec_acompte())
    with pytest.raises(EtatInterdit):
        actes.valider(bilan, par=f.acteur("benoit"), le=BILAN_LE)
    assert Decompte.objects.count() == 1


def _reversement():
    demande = _avec_acompte()
    _valide(demande, charges=_cout("18000.00"))
    return Reversement.objects.select_related("demande__financeur", "demande__dossier__territoire").get()


def test_b17_rien_ne_se_decide_avant_la_reponse_ou_le_delai():
    reversement = _reversement()
    avant = BILAN_LE + timedelta(days=15)
    with pytest.raises(ActeBloque, match="peut répondre jusqu'au"):
        actes.decider_reversement(reversement, motif="Trop-perçu", par=f.acteur("benoit"), le=avant)
    apres = BILAN_LE + timedelta(days=16)
    actes.decider_reversement(reversement, motif="Trop-perçu", par=f.acteur("benoit"), le=apres)
    assert reversement.etat == "decide"


def test_b17_une_reponse_permet_de_decider_aussitot():
    reversement = _reversement()
    actes.observer(reversement, observations="Des factures manquaient.", par=f.acteur("amina"), le=BILAN_LE)
    actes.decider_reversement(reversement, motif="Maintenu", par=f.acteur("benoit"), le=BILAN_LE)
    with pytest.raises(ActeBloque, match="décision est prise"):
        actes.observer(reversement, observations="Encore.", par=f.acteur("amina"), le=BILAN_LE)


def test_seul_le_porteur_observe():
    with pytest.raises(RoleInsuffisant):
        actes.observer(_reversement(), observations="Non.", par=f.acteur("david"), le=BILAN_LE)


def test_la_somme_rendue_clot_le_dossier():
    reversement = _reversement()
    apres = BILAN_LE + timedelta(days=20)
    actes.decider_reversement(reversement, motif="Trop-perçu", par=f.acteur("benoit"), le=apres)
    actes.encaisser_reversement(
        reversement, encaisse_le=apres.date(), reference="T-9", par=f.acteur("fatou_finances"), le=apres
    )
    demande = reversement.demande
    demande.refresh_from_db()
    demande.dossier.refresh_from_db()
    assert (demande.etat, demande.dossier.etat) == ("reversee", "clos")


def test_un_reversement_abandonne_solde_le_volet():
    reversement = _reversement()
    actes.abandonner_reversement(
        reversement, motif="Factures retrouvées", par=f.acteur("benoit"), le=BILAN_LE
    )
    reversement.demande.refresh_from_db()
    assert reversement.demande.etat == "soldee"


def test_le_trop_percu_d_un_autre_financeur_attend_son_agent():
    dossier = f.dossier()
    demande = f.notifier(f.volet(dossier, "12000.00", financeur="ETAT"), qui="chloe")
    from ensemblier.bilans.actes import constater_versement

    constater_versement(
        f.tranche(demande),
        paye_le=f.NOTIFIE_LE.date(),
        reference="EJ",
        par=f.acteur("chloe"),
        le=f.NOTIFIE_LE,
    )
    _valide(demande, charges=_cout("18000.00"))
    assert (demande.etat, Reversement.objects.count()) == ("justifiee", 0)
    actes.ouvrir_reversement(demande, motif="Coût réel plus bas.", par=f.acteur("chloe"), le=BILAN_LE)
    assert Reversement.objects.get().montant == Decompte.objects.get(demande=demande).trop_percu


def test_la_tache_ouvre_chaque_bilan_attendu_une_fois():
    f.notifier(f.volet(f.dossier(), "9000.00"))
    assert taches.ouvrir_les_bilans(le=BILAN_LE) == 1
    assert taches.ouvrir_les_bilans(le=BILAN_LE) == 0
    assert Bilan.objects.get().echeance == date(2026, 6, 30)


@pytest.mark.parametrize(("jour", "sujet"), [(-60, "à rendre"), (-15, "à rendre"), (1, "en retard")])
def test_b5_les_rappels_partent_une_fois_a_leur_jour(jour, sujet):
    f.notifier(f.volet(f.dossier(), "9000.00"))
    taches.ouvrir_les_bilans(le=BILAN_LE)
    le = fabriques.instant("2026-06-30 08:00") + timedelta(days=jour)
    for _ in range(2):
        taches.rappeler_les_bilans(le=le)
    sujets = list(Courriel.objects.filter(cle__startswith="bilan-rappel").values_list("sujet", flat=True))
    assert sujets
    assert all(sujet in s for s in sujets)
    assert len(sujets) == len(
        set(Courriel.objects.filter(cle__startswith="bilan-rappel").values_list("destinataire"))
    )
    taches.rappeler_les_bilans(le=le + timedelta(days=3))
    assert Courriel.objects.filter(cle__startswith="bilan-rappel").count() == len(sujets)


_euros = st.integers(min_value=1, max_value=5_000_000).map(lambda c: Decimal(c) / 100)


@given(attribue=_euros, assiette=_euros, cout=_euros)
def test_du_centime_vote_au_centime_solde_rien_ne_se_perd(attribue, assiette, cout):
    """Σ versements + reste − trop-perçu = dû, quel que soit le moment du premier versement."""
    from ensemblier.noyau import montants

    tranches = montants.echeancier(attribue=attribue).tranches
    for payees in range(len(tranches) + 1):
        verse = sum((t.montant for t in tranches[:payees]), Decimal(0))
        solde = montants.solde(attribue=attribue, assiette_prevue=assiette, cout_reel=cout, verse=verse)
        assert verse + solde.reste - solde.trop_percu == solde.du <= attribue


@pytest.mark.parametrize("cout", ["17333.33", "23999.99", "24000.00", "30000.01", "0.01"])
def test_de_l_enveloppe_au_solde_les_centimes_sont_exacts(cout):
    """La même égalité, par les actes, jusqu'aux lignes de la base."""
    demande = _avec_acompte("12345.67")
    _valide(demande, charges=_cout(cout))
    decompte = Decompte.objects.get(demande=demande)
    if decompte.reste:
        f.verser(f.tranche(demande, 2), le=BILAN_LE, reference="M-2")
        demande.refresh_from_db()
        assert demande.etat == "soldee"
    paye = sum(
        Tranche.objects.filter(demande=demande, versements__etat="paye").values_list("montant", flat=True)
    )
    assert demande.verse == paye
    rendu = sum(Reversement.objects.filter(demande=demande).values_list("montant", flat=True))
    assert paye - rendu == decompte.du
