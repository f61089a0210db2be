"""Le dépôt : règles, heure, double clic, panne, accusé (S01 à S21, S60, S61, S79, T09, T10, T13)."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from ensemblier.dossiers import actes
from ensemblier.dossiers.accuse import decision_prevue
from ensemblier.dossiers.actes import depot
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.fiche import rapport_de
from ensemblier.dossiers.models import Attestation, Demande, Dossier, Obligation
from ensemblier.noyau.machine import EtatInterdit, Role, RoleInsuffisant, TransitionRefusee
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement, Intention
from tests import fabriques

pytestmark = pytest.mark.django_db


def refus(dossier, **options):
    """Les raisons du refus, en une phrase."""
    with pytest.raises(ActeBloque) as leve:
        fabriques.deposer(dossier, **options)
    return " ".join(leve.value.raisons)


@pytest.mark.parametrize(("qpv", "total"), [(60, 100), (3, 5)])
def test_au_moins_60_pour_cent_se_depose(qpv, total):  # S01, S04
    dossier = fabriques.deposer(fabriques.dossier(publics__total=total, publics__qpv=qpv))
    assert dossier.etat == "depose"


@pytest.mark.parametrize(("qpv", "total", "manque"), [(599, 1000, "1 habitant"), (599, 999, "1 habitant")])
def test_moins_de_60_pour_cent_ne_se_depose_pas(qpv, total, manque):  # S02, S03
    assert manque in refus(fabriques.dossier(publics__total=total, publics__qpv=qpv)).replace("\u00a0", " ")


def test_un_total_nul_est_requis():  # S05
    assert "total" in refus(fabriques.dossier(publics__total=0, publics__qpv=0))


def test_plus_d_habitants_que_de_personnes_ne_s_enregistre_pas():  # S06
    dossier = fabriques.dossier()
    par = fabriques.acteur("amina")
    with pytest.raises(ActeBloque, match="dépassent le total"):
        actes.enregistrer_etape(
            dossier, champs={"publics_total": 25, "publics_qpv": 30}, par=par, roles=roles(par, dossier),
            le=fabriques.instant("2025-05-20 09:00"),
        )  # fmt: skip


def test_la_mobilisation_est_requise():  # S07
    assert "Mobilisation" in refus(fabriques.dossier(action__mobilisation_qpv=None))


@pytest.mark.parametrize(
    ("champs", "bloque"),
    [
        ({"publics__total": 14, "publics__qpv": 9}, True),  # S08
        ({"publics__total": 15, "publics__qpv": 9}, False),  # S09
        ({"publics__total": 14, "publics__qpv": 9, "action__experimentale": True,
          "action__experimentale_justification": "Jamais tenté ici."}, False),  # S10
        ({"publics__total": 14, "publics__qpv": 9, "action__experimentale": True}, True),  # S77
    ],
)  # fmt: skip
def test_la_cohorte_emploi(champs, bloque):
    dossier = fabriques.dossier("aap-2026", action__thematiques=["emploi-insertion"], **champs)
    if bloque:
        assert "Cohorte" in refus(dossier)
    else:
        assert fabriques.deposer(dossier).etat == "depose"


def test_une_petite_cohorte_culture_se_signale():  # S11
    dossier = fabriques.deposer(fabriques.dossier("aap-2026", publics__total=14, publics__qpv=9))
    assert rapport_de(dossier).constat("cohorte").verdict == "non_respectee"


def test_chaque_commune_veut_son_contact():  # S12
    communes = ["LENS", "LOISON-SOUS-LENS", "VENDIN-LE-VIEIL"]
    dossier = fabriques.dossier(
        "aap-2026", action__quartiers=[{"code": "QP062025", "communes": communes}],
        action__contacts_communes=[{"commune": c, "le": "2025-10-02"} for c in communes[:2]],
    )  # fmt: skip
    assert "Vendin-le-Vieil" in refus(dossier)


@pytest.mark.parametrize(("contact", "admis"), [("2025-10-20", True), ("2025-10-21", False)])
def test_le_contact_precede_le_depot(contact, admis):  # S13
    dossier = fabriques.dossier("aap-2026", action__contacts_communes=[{"commune": "LENS", "le": contact}])
    le = fabriques.instant("2025-10-20 10:00")
    if admis:
        assert fabriques.deposer(dossier, le=le).etat == "depose"
    else:
        assert "postérieur" in refus(dossier, le=le)


def _signataire_de_wingles(monkeypatch):
    from ensemblier.comptes.models import Rattachement

    Rattachement.objects.create(
        utilisateur=fabriques.personne("david"), organisme=fabriques.organisme("ville_de_wingles"),
        qualite="signataire", fonction="Maire",
    )  # fmt: skip


def test_une_commune_depose_sans_contact_ni_cer(monkeypatch):  # S14, S84
    _signataire_de_wingles(monkeypatch)
    dossier = fabriques.dossier(
        "aap-2026", par="david", organisme_de="ville_de_wingles", action__contacts_communes=None
    )
    depose = fabriques.deposer(dossier, par="david", attestations=["attestation"])
    assert depose.etat == "depose"
    assert rapport_de(depose).constat("cer").verdict == "sans_objet"


def test_une_commune_hors_agglomeration_se_signale():  # S15
    dossier = fabriques.dossier(
        "aap-2026", action__quartiers=[{"code": "QP062016", "communes": ["HULLUCH", "HAISNES"]}],
        action__contacts_communes=[{"commune": "HULLUCH", "le": "2025-10-02"}],
    )  # fmt: skip
    constat = rapport_de(fabriques.deposer(dossier)).constat("communes-hors-epci")
    assert constat.verdict == "a_verifier"
    assert "Haisnes" in constat.phrase


def test_le_pilier_est_requis():  # S16
    assert "Pilier" in refus(fabriques.dossier("aap-2026", action__pilier=None))


def test_cooperer_se_signale_en_ami():  # S17
    depose = fabriques.deposer(fabriques.dossier(action__pilier="cooperer"))
    assert rapport_de(depose).constat("pilier-attendu").verdict == "non_respectee"


def test_les_heures_du_departement_n_arretent_que_son_volet():  # S18
    dossier = fabriques.dossier("aap-2026", action__agent_departement=True)
    assert "Volet DEPARTEMENT" in refus(dossier)
    depose = fabriques.deposer(dossier, sans=["DEPARTEMENT"])
    etats = dict(depose.demandes.values_list("financeur__code", "etat"))
    assert etats == {"CALL": "sollicitee", "ETAT": "sollicitee", "DEPARTEMENT": "abandonnee"}


def test_des_heures_dites_deposent_tous_les_volets():  # S18
    dossier = fabriques.dossier("aap-2026", action__agent_departement=True, action__heures_departement="12.5")
    depose = fabriques.deposer(dossier)
    assert not depose.demandes.filter(etat="abandonnee").exists()


def test_la_derniere_seconde_est_admise():  # S19
    le = datetime.fromisoformat("2025-05-25T21:59:59+00:00")
    assert fabriques.deposer(fabriques.dossier(), le=le).depose_le == le


def test_le_depot_une_seconde_apres_l_heure_est_refuse():  # S20
    dossier = fabriques.dossier()
    phrase = refus(dossier, le=datetime.fromisoformat("2025-05-25T22:00:00+00:00"))
    assert "Il est 00:00:00 au serveur" in phrase
    assert "dérogation" in phrase
    assert Dossier.objects.get(pk=dossier.pk).etat == "brouillon"


def _deroger(dossier, jusqu_au, par="irene"):
    qui = fabriques.acteur(par)
    return actes.accorder_derogation(
        appel=dossier.appel, organisme=dossier.organisme, regle="date-limite", jusqu_au=jusqu_au,
        motif="Hospitalisation de la trésorière.", dossier=dossier, par=qui, roles=roles(qui, dossier),
        le=fabriques.instant("2025-05-24 09:00"),
    )  # fmt: skip


def test_une_derogation_admet_le_retard_et_se_trace():  # S21
    dossier = fabriques.dossier()
    _deroger(dossier, date(2025, 5, 27))
    depose = fabriques.deposer(dossier, le=fabriques.instant("2025-05-26 08:00"))
    assert depose.etat == "depose"
    traces = Evenement.objects.filter(chaine__racine=dossier.racine(), acte="accorder_derogation")
    assert traces.get().detail.motif == "Hospitalisation de la trésorière."


def test_une_derogation_ne_va_pas_plus_loin_que_son_jour():
    dossier = fabriques.dossier()
    _deroger(dossier, date(2025, 5, 26))
    assert "fermé" in refus(dossier, le=fabriques.instant("2025-05-27 00:00"))


def test_seul_le_responsable_deroge():
    with pytest.raises(RoleInsuffisant):
        _deroger(fabriques.dossier(), date(2025, 5, 27), par="benoit")


def _obligation(dossier, **champs):
    return Obligation.objects.create(
        organisme=dossier.organisme, territoire=dossier.territoire, exercice=2024,
        libelle="Compte rendu 2024",
        **{"echeance": date(2025, 4, 30), **champs},
    )  # fmt: skip


def test_un_compte_rendu_echu_bloque_puis_la_dispense_le_leve():  # S60
    dossier = fabriques.dossier()
    due = _obligation(dossier)
    assert "compte rendu 2024" in refus(dossier).lower()
    qui = fabriques.acteur("irene")
    actes.dispenser_obligation(
        due, motif="Rendu sur papier.", dossier=dossier, par=qui, roles=roles(qui, dossier),
        le=fabriques.instant("2025-05-20 09:00"),
    )  # fmt: skip
    assert fabriques.deposer(dossier).etat == "depose"


def test_un_compte_rendu_pas_encore_du_laisse_deposer():
    dossier = fabriques.dossier()
    _obligation(dossier, echeance=date(2025, 6, 30))
    assert fabriques.deposer(dossier).etat == "depose"


def test_sans_le_cer_une_association_ne_depose_pas():
    assert "républicain" in refus(fabriques.dossier(), attestations=["attestation"])


def test_les_attestations_gardent_le_texte_lu_et_sa_version():  # B7
    depose = fabriques.deposer(fabriques.dossier())
    cer = Attestation.objects.get(dossier=depose, code="cer")
    assert "décret" in cer.version
    assert "engagement républicain" in cer.texte
    assert depose.organisme.engagements.count() == 1


def test_un_siege_hors_agglomeration_se_signale():  # S81
    organisme = fabriques.organisme()
    organisme.commune = "Arras"
    organisme.save()
    depose = fabriques.deposer(fabriques.dossier(publics__total=100, publics__qpv=80))
    assert rapport_de(depose).constat("siege").verdict == "a_verifier"


def test_sans_numero_dauphin_le_depot_passe_et_la_recevabilite_attend():  # S83
    depose = fabriques.deposer(fabriques.dossier("aap-2026", action__numero_dauphin=None))
    bloquants = {c.regle for c in rapport_de(depose).bloquants("declarer_recevable")}
    assert "numero-dauphin" in bloquants
    par = fabriques.acteur("amina")
    actes.noter_numero_dauphin(
        depose,
        numero="DA01234567",
        par=par,
        roles=roles(par, depose),
        le=fabriques.instant("2025-11-03 09:00"),
    )
    assert "numero-dauphin" not in {c.regle for c in rapport_de(depose).bloquants("declarer_recevable")}


# --- l'accusé ---------------------------------------------------------------------------------------


def test_l_accuse_dit_tout_ce_que_la_loi_demande():  # B13, B14, S61
    depose = fabriques.deposer(fabriques.dossier(), le=fabriques.instant("2025-05-25 10:00"))
    accuse = depose.accuse_contenu
    assert accuse["recu_le"] == "2025-05-25T10:00:00+02:00"
    assert accuse["rejet_implicite"] == "2025-07-25"
    assert accuse["service"]["courriel"].endswith(".example")
    assert accuse["service"]["telephone"]
    assert "RIB" in accuse["manquantes"]
    assert "Dossier de demande" not in accuse["manquantes"]
    assert "deux mois" in accuse["recours"]
    assert accuse["signataire"].startswith("Amina Haddad")
    assert len(depose.accuse_empreinte) == 64


def test_la_decision_prevue_se_dit_en_mots_ou_en_date():
    phase = next(j for j in fabriques.pack_de_l_appel("ami-2025").jalons if j.nature == "decision")
    assert decision_prevue(phase) == "septembre 2025"
    glissee = phase.model_copy(update={"texte": ""})
    assert decision_prevue(glissee) == "au plus tard le mardi 30\u00a0septembre 2025"
    assert decision_prevue(glissee.model_copy(update={"debut": None, "fin": None})) == ""


@pytest.mark.parametrize(
    ("depot", "rejet"), [("2026-02-28 10:00", "2026-04-28"), ("2026-12-30 10:00", "2027-02-28")]
)
def test_le_rejet_implicite_tombe_au_meme_quantieme(depot, rejet):  # S79
    dossier = fabriques.dossier()
    le = fabriques.instant(depot)
    _deroger(dossier, le.date())
    assert fabriques.deposer(dossier, le=le).accuse_contenu["rejet_implicite"] == rejet


def test_l_accuse_dit_ce_qui_reste_a_deposer_ailleurs():  # R61
    depose = fabriques.deposer(fabriques.dossier("aap-2026", action__numero_dauphin=None))
    ou = [a["ou"] for a in depose.accuse_contenu["ailleurs"]]
    assert ou == ["Dauphin", "Plateforme du Département"]


def test_le_courriel_part_a_toutes_les_personnes_de_l_organisme():
    fabriques.personne("lucas")
    dossier = fabriques.deposer(fabriques.dossier())
    courriels = Courriel.objects.filter(cle__startswith="accuse:")
    assert {c.destinataire for c in courriels} == {"amina@maison.example", "lucas@maison.example"}
    texte = courriels[0].texte
    for morceau in (
        dossier.numero,
        dossier.accuse_empreinte,
        "mardi 20",
        "10:00:00",
        "20 juillet",
        "rejetée",
    ):
        assert morceau in texte.replace("\u00a0", " "), morceau


# --- figer, rejouer, tomber en panne ------------------------------------------------------------------


def test_le_depot_fige_la_fiche_le_rapport_et_la_version():
    depose = fabriques.deposer(fabriques.dossier())
    assert depose.reglement == depose.appel.reglement
    assert depose.fiche_figee["publics"] == {"total": 100, "qpv": 60}
    assert depose.rapport_fige["deposable"] is True
    assert depose.rapport_fige["reglement"] == depose.reglement.empreinte
    assert depose.etape == "depose"
    assert depose.depose_par.startswith("Amina Haddad, Présidente")


def test_une_rectification_ne_change_pas_un_dossier_depose():
    depose = fabriques.deposer(fabriques.dossier())
    avant = rapport_de(depose).reglement
    pack = fabriques.pack_de_l_appel("ami-2025")
    from ensemblier.appels import actes as actes_appels

    actes_appels.rectifier(
        depose.appel, pack.model_copy(update={"chapo": "Un autre chapô."}), motif="Coquille.",
        par=fabriques.acteur("irene"), roles={Role.RESPONSABLE}, le=fabriques.instant("2025-05-21 09:00"),
    )  # fmt: skip
    assert rapport_de(Dossier.objects.get(pk=depose.pk)).reglement == avant


def test_la_meme_cle_rend_le_meme_accuse():  # T09
    dossier = fabriques.dossier()
    premier = fabriques.deposer(dossier, cle="c" * 32)
    second = fabriques.deposer(dossier, cle="c" * 32, le=fabriques.DEPOTS["ami-2025"] + timedelta(minutes=3))
    assert (premier.accuse_empreinte, premier.depose_le) == (second.accuse_empreinte, second.depose_le)
    assert Evenement.objects.filter(chaine__racine=dossier.racine(), acte="deposer").count() == 1
    assert Courriel.objects.filter(cle__startswith="accuse:").count() == 1


def test_une_autre_cle_ne_depose_pas_deux_fois():
    dossier = fabriques.dossier()
    fabriques.deposer(dossier)
    with pytest.raises(EtatInterdit):
        fabriques.deposer(dossier)


def _panne(monkeypatch):
    def tomber(*_, **__):
        raise RuntimeError("panne")

    monkeypatch.setattr("ensemblier.dossiers.courriels.envoyer_l_accuse", tomber)


def test_une_panne_au_milieu_n_ecrit_rien_a_moitie(monkeypatch):  # T10
    dossier = fabriques.dossier()
    avant = Evenement.objects.count()
    with monkeypatch.context() as m:
        _panne(m)
        with pytest.raises(RuntimeError):
            fabriques.deposer(dossier, cle="d" * 32, le=fabriques.instant("2025-05-25 23:59"))
    relu = Dossier.objects.get(pk=dossier.pk)
    assert (relu.etat, relu.depose_le, relu.accuse_empreinte, relu.fiche_figee) == (
        "brouillon",
        None,
        "",
        None,
    )
    assert not Attestation.objects.exists()
    assert Evenement.objects.count() == avant
    assert Intention.objects.get(cle="d" * 32).reponse is None


def test_une_reprise_dans_le_quart_d_heure_garde_l_heure_recue(monkeypatch):  # T10
    dossier = fabriques.dossier()
    recue = fabriques.instant("2025-05-25 23:59")
    with monkeypatch.context() as m:
        _panne(m)
        with pytest.raises(RuntimeError):
            fabriques.deposer(dossier, cle="e" * 32, le=recue)
    assert fabriques.deposer(dossier, cle="e" * 32, le=recue + timedelta(minutes=14)).depose_le == recue


def test_une_reprise_trop_tardive_perd_l_heure(monkeypatch):
    dossier = fabriques.dossier()
    recue = fabriques.instant("2025-05-25 23:59")
    with monkeypatch.context() as m:
        _panne(m)
        with pytest.raises(RuntimeError):
            fabriques.deposer(dossier, cle="f" * 32, le=recue)
    assert "fermé" in refus(dossier, cle="f" * 32, le=recue + timedelta(minutes=16))


def test_un_dossier_complete_apres_l_heure_ne_garde_pas_celle_d_un_premier_essai():
    dossier = fabriques.dossier(action__mobilisation_qpv=None)
    refus(dossier, cle="g" * 32, le=fabriques.instant("2025-05-25 23:59"))
    par = fabriques.acteur("amina")
    actes.enregistrer_etape(
        dossier, champs={"mobilisation_qpv": "Porte-à-porte."}, par=par, roles=roles(par, dossier),
        le=fabriques.instant("2025-05-26 00:05"),
    )  # fmt: skip
    relu, tard = Dossier.objects.get(pk=dossier.pk), fabriques.instant("2025-05-26 00:06")
    assert "déjà servi" in refus(relu, cle="g" * 32, le=tard)
    assert "L'appel a fermé" in refus(dossier, cle="g" * 32, le=tard)


def test_l_heure_d_un_premier_essai_se_garderait_garde_levee(monkeypatch):
    """Sans comparer ce que l'intention a vu à ce que le verrou relit, minuit passé déposerait à 23 h 59."""
    dossier, tard = fabriques.dossier(action__mobilisation_qpv=None), fabriques.instant("2025-05-26 00:06")
    refus(dossier, cle="g" * 32, le=fabriques.instant("2025-05-25 23:59"))
    Dossier.objects.filter(pk=dossier.pk).update(mobilisation_qpv="Porte-à-porte.", modifie_le=tard)
    monkeypatch.setattr(depot, "_recu_le", lambda intention, lu, tenu, le: intention.recue_le)
    assert fabriques.deposer(dossier, cle="g" * 32, le=tard).depose_le < tard


def test_rien_ne_s_enregistre_apres_le_depot():  # T13
    depose = fabriques.deposer(fabriques.dossier())
    par = fabriques.acteur("amina")
    commun = {"par": par, "roles": roles(par, depose), "le": fabriques.instant("2025-05-21 09:00")}
    for acte, options in (
        (actes.enregistrer_etape, {"champs": {"intitule": "Autre"}}),
        (actes.enregistrer_budget, {"charges": {}, "produits": {}, "subventions": {}}),
        (actes.enregistrer_quartiers, {"vises": {}}),
        (actes.enregistrer_demandes, {"demandes": {}}),
        (actes.enregistrer_criteres, {"criteres": []}),
        (actes.retirer_piece, {"code": "rib"}),
    ):
        with pytest.raises(EtatInterdit):
            acte(depose, **options, **commun)
    assert depose.fiche_figee == Dossier.objects.get(pk=depose.pk).fiche_figee


def test_un_redacteur_prepare_mais_ne_depose_pas():
    dossier = fabriques.dossier(par="lucas")
    with pytest.raises(RoleInsuffisant):
        fabriques.deposer(dossier, par="lucas")


def test_une_etrangere_ne_depose_pas():
    with pytest.raises(RoleInsuffisant):
        fabriques.deposer(fabriques.dossier(), par="david")


def test_retirer_abandonne_chaque_volet_et_previent():
    depose = fabriques.deposer(fabriques.dossier())
    par = fabriques.acteur("amina")
    commun = {"par": par, "roles": roles(par, depose), "le": fabriques.instant("2025-05-22 09:00")}
    with pytest.raises(TransitionRefusee):
        actes.retirer(depose, motif=" ", **commun)
    actes.retirer(depose, motif="Le local n'est plus libre.", **commun)
    assert Dossier.objects.get(pk=depose.pk).etape == "retire"
    assert set(Demande.objects.values_list("etat", flat=True)) == {"abandonnee"}
    assert Courriel.objects.filter(cle__startswith="retrait:").count() == 1


def test_les_demandes_sont_en_euros_entiers():  # P31
    dossier = fabriques.dossier()
    par = fabriques.acteur("amina")
    with pytest.raises(ActeBloque, match="entiers"):
        actes.enregistrer_demandes(
            dossier, demandes={dossier.appel.dispositifs.get(): Decimal("9000.50")}, par=par,
            roles=roles(par, dossier), le=fabriques.instant("2025-05-20 09:00"),
        )  # fmt: skip
