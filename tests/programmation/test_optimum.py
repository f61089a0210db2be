"""L'aide à la programmation au travail : du tableau au scénario privé, ses raisons, ses contradictions."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from ensemblier.comptes.models import Habilitation, Interet
from ensemblier.dossiers.models import Demande
from ensemblier.noyau import optimum as calcul
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.programmation import actes, scenarios, taches
from ensemblier.programmation import optimum as probleme
from ensemblier.programmation.actes.scenarios import Saisie
from ensemblier.programmation.calculs import Restes
from ensemblier.programmation.models import Enveloppe, Explication, Scenario, SousEnveloppe
from ensemblier.programmation.optimum import Reglages, Voeu, poser
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Travail
from ensemblier.registre.travaux import Ligne, annuler, faire_les_travaux
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db
LE = scene.NOVEMBRE
REGLAGES = Reglages(calcul.Objectif.EUROS, Decimal("0.60"), Decimal(50))


@pytest.fixture(autouse=True)
def en_novembre():
    with time_machine.travel(LE, tick=True):
        yield


@pytest.fixture
def deux():
    """CALL a 6 000 : l'un demande 5 000 (Agir), l'autre 4 000 ; l'État a 10 000."""
    premier = scene.recevable(
        "aap-2026", **scene.budget("20000.00", {"CALL": "5000.00", "ETAT": "6000.00"}), action__pilier="agir"
    )
    second = scene.deuxieme("aap-2026", le=LE, **scene.budget("10000.00", {"CALL": "4000.00"}))
    scene.enveloppe("CALL", "6000", "aap-2026", le=LE)
    scene.enveloppe("ETAT", "10000", "aap-2026", par="chloe", le=LE)
    return premier, second


def demander(reglages=REGLAGES, *, par="benoit", depuis=None, cle="essai-0001", limite=10):
    return taches.demander_une_proposition(
        f.appel("aap-2026"), reglages, titre="Proposition", depuis=depuis, limite=limite, cle=cle,
        par=f.acteur(par), le=LE,
    )  # fmt: skip


def faire(**options):
    travail = demander(**options)
    faire_les_travaux(taches.OUVRAGES)
    travail.refresh_from_db()
    return travail


def souhait(etiquette, montant=None, part=None):
    return Voeu(etiquette, None if montant is None else Decimal(montant), part)


def test_le_travail_remplit_un_scenario_prive_qui_peut_etre_retenu(deux):
    travail = faire()
    assert travail.fini_le
    assert not travail.raison
    lu = Scenario.objects.get()
    assert travail.adresse == reverse("scenario", args=[lu.pk])
    assert (lu.etat, lu.auteur, lu.titre) == ("prive", f.personne("benoit"), "Proposition")
    assert lu.propositions.count() == 3
    assert list(scenarios.fautes(lu)) == []
    assert not Demande.objects.exclude(propose=None).exists(), "une proposition n'écrit jamais le tableau"
    actes.retenir(lu, par=f.acteur("benoit"), le=LE)


def test_ses_raisons_se_lisent_et_citent_chaque_dossier_sans_argent(deux):
    """Tout ou rien : le second ne tient plus dans ce qui reste de la CALL."""
    faire(reglages=Reglages(calcul.Objectif.EUROS, Decimal(1), Decimal(50)))
    lu = Scenario.objects.get()
    dits = list(Explication.objects.visibles_par(f.acteur("benoit")).filter(scenario=lu))
    sans = {p.demande.dossier_id for p in lu.propositions.filter(montant=0).select_related("demande")}
    sans -= {p.demande.dossier_id for p in lu.propositions.filter(montant__gt=0).select_related("demande")}
    assert sans == {deux[1].pk} == {e.dossier_id for e in dits if e.genre == "refus"}
    bilan = " ".join(e.phrase for e in dits if e.genre == "bilan")
    assert "prouvé" in bilan
    assert "sans note du jury" in bilan
    assert {e.genre for e in dits} == {"bilan", "refus", "marge"}
    page = f.client("benoit").get(reverse("scenario", args=[lu.pk])).content.decode()
    assert "Ce qui arrête chaque dossier sans argent" in page


def test_les_raisons_ne_se_lisent_ni_par_un_financeur_ni_par_qui_est_hors(deux):
    faire()
    lu = Scenario.objects.get()
    actes.partager(lu, par=f.acteur("benoit"), le=LE)
    assert not Explication.objects.visibles_par(f.acteur("chloe")).exists()
    assert "plus basse note" not in f.client("chloe").get(reverse("scenario", args=[lu.pk])).content.decode()
    for dossier in deux:
        Interet.objects.create(
            utilisateur=f.personne("benoit"), organisme=dossier.organisme, nature="trésorier",
            connu_le=LE.date(),
        )  # fmt: skip
    vues = Explication.objects.visibles_par(f.acteur("benoit"))
    assert vues.exists()
    assert not vues.exclude(dossier=None).exists()


def test_une_case_fixee_dans_le_scenario_de_depart_ne_bouge_pas(deux):
    premier, second = deux
    depart = actes.ouvrir_un_scenario(f.appel("aap-2026"), titre="Départ", par=f.acteur("benoit"), le=LE)
    volet = scene.volet(second)
    actes.ecrire_les_montants(
        depart, {volet.pk: Saisie(Decimal("3999.99"), True)}, par=f.acteur("benoit"), le=LE
    )
    faire(depuis=depart)
    rempli = Scenario.objects.exclude(pk=depart.pk).get()
    fixee = rempli.propositions.get(demande=volet)
    assert (fixee.montant, fixee.est_verrouillee) == (Decimal("3999.99"), True)
    assert rempli.propositions.get(demande=scene.volet(premier)).montant <= Decimal("2000.01")
    assert rempli.origine == depart


def test_une_case_fixee_au_dela_du_plafond_se_dit_et_n_ouvre_rien(deux):
    depart = actes.ouvrir_un_scenario(f.appel("aap-2026"), titre="Départ", par=f.acteur("benoit"), le=LE)
    saisie = {scene.volet(deux[1]).pk: Saisie(Decimal(4001), True)}
    actes.ecrire_les_montants(depart, saisie, par=f.acteur("benoit"), le=LE)
    travail = faire(depuis=depart)
    assert "4 001,00 €, dépasse ce que CALL peut lui accorder" in travail.raison.replace("\u00a0", " ")
    assert Scenario.objects.count() == 1


def test_ce_qui_est_vote_ou_retenu_en_seance_sort_de_l_enveloppe_et_du_besoin(deux):
    premier, _ = deux
    scene.programmer(premier, "5000", le=LE)
    pose = poser(f.appel("aap-2026"), REGLAGES)
    restes = {e.code: e.reste for e in pose.probleme.enveloppes}
    assert restes == {"CALL": 100_000, "ETAT": 1_000_000}
    candidature = next(c for c in pose.probleme.candidatures if c.code == premier.numero)
    assert [case.enveloppe for case in candidature.cases] == ["ETAT"]
    assert candidature.besoin == 1_500_000


# --- Les sous-enveloppes


@pytest.fixture
def reparties(deux):
    """La CALL met 3 000 de ses 6 000 sur le dispositif que les deux demandent, et 2 000 ailleurs."""
    dispositif, par = scene.volet(deux[0]).dispositif, {"par": f.acteur("benoit"), "le": LE}
    enveloppe = Enveloppe.objects.get(financeur__code="CALL")
    for objet, montant in (
        (actes.Objet(2026, dispositif=dispositif), 3000),
        (actes.Objet(2026, "FTU"), 2000),
    ):
        actes.repartir(enveloppe, objet=objet, montant=Decimal(montant), **par)
    return deux


def accorde_par_la_call():
    return sum(
        Scenario.objects.get()
        .propositions.filter(demande__financeur__code="CALL")
        .values_list("montant", flat=True)
    )


def test_chaque_part_borne_la_proposition_et_se_nomme(reparties):
    faire()
    assert accorde_par_la_call() == 3000
    assert list(scenarios.fautes(Scenario.objects.get())) == []
    dits = " ".join(Explication.objects.values_list("phrase", flat=True))
    part = SousEnveloppe.objects.get(dispositif__isnull=False)
    assert f"CALL ({part.nom}) : 1\u00a0000,00\u00a0€ de plus" in dits


def test_chaque_part_borne_la_proposition_garde_levee(reparties, monkeypatch):
    """Contrôle négatif : l'enveloppe prise d'un bloc, la part déborde, et le scénario n'est pas retenu."""

    class DUnBloc(Restes):
        def __init__(self, enveloppe):
            super().__init__(enveloppe)
            self.parts, self._restes = [], {0: enveloppe.reste}

    monkeypatch.setattr(probleme, "Restes", DUnBloc)
    faire()
    assert accorde_par_la_call() == 6000
    with pytest.raises(ActeBloque, match="serait dépassée de 3"):
        actes.retenir(Scenario.objects.get(), par=f.acteur("benoit"), le=LE)


def test_un_dossier_sans_argent_dit_la_part_qui_l_arrete(reparties):
    faire(reglages=Reglages(calcul.Objectif.EUROS, Decimal(1), Decimal(50)))
    refus = Explication.objects.filter(genre="refus").values_list("phrase", flat=True)
    assert len(refus) == 2, "tout ou rien : 3 000 ne suffisent ni à l'un ni à l'autre"
    part = SousEnveloppe.objects.get(dispositif__isnull=False)
    assert all(f"CALL ({part.nom}) 3\u00a0000,00\u00a0€" in phrase for phrase in refus)


def test_les_parts_font_le_tout_et_ce_qu_une_seance_retient_sort_de_la_sienne(reparties):
    scene.programmer(reparties[0], "1234.56", le=LE)
    restes = {e.libelle: e.reste for e in poser(f.appel("aap-2026"), REGLAGES).probleme.enveloppes}
    part = SousEnveloppe.objects.get(dispositif__isnull=False)
    assert restes[f"CALL ({part.nom})"] == 300_000 - 123_456
    tout = Restes(Enveloppe.objects.get(financeur__code="CALL"))
    assert sum(reste for *_, reste in tout.par_part()) == 6000
    assert {nom for _, nom, _ in tout.par_part()} == {part.nom, "2026, FTU", "non réparti"}


def test_les_plafonds_poses_sont_ceux_d_une_vraie_proposition(deux):
    pose = poser(f.appel("aap-2026"), REGLAGES)
    for c, case in pose.probleme.cases:
        volet = pose.volets[case.cle]
        montant = Decimal(case.plafond) / 100
        qui = {"CALL": "benoit", "ETAT": "chloe"}[case.enveloppe]
        with pytest.raises(ActeBloque):
            actes.proposer(scene.volet(pose.dossiers[c.code], volet.financeur.code),
                           montant=montant + Decimal("0.01"), par=f.acteur(qui), le=LE)  # fmt: skip


def test_des_souhaits_qui_se_contredisent_n_ouvrent_rien_et_se_nomment(deux):
    voeux = (souhait("pilier:agir", "5900"), souhait("nouveaux", "1"), souhait("pilier:prevenir", "99999"))
    travail = faire(reglages=Reglages(calcul.Objectif.EUROS, Decimal("0.6"), Decimal(50), voeux))
    assert not Scenario.objects.exists()
    assert travail.fini_le
    assert "ne peut pas être tenu" in travail.phrase
    ligne = travail.lignes.get()
    assert "99 999,00 €" in ligne.libelle.replace("\u00a0", " ")
    assert "au plus" in ligne.phrase


def test_annule_pendant_le_calcul_il_n_en_reste_rien(deux, monkeypatch):
    travail = demander()
    vrai = calcul.proposer
    fil = []

    def annule_en_route(probleme, *, limite, suivre):
        def suivre_et_annuler(avancement):
            if not fil:
                fil.append(threading.get_ident())
                annuler(Travail.objects.get(pk=travail.pk), par=f.acteur("benoit"), le=LE)
            with time_machine.travel(f.instant("2025-11-20 09:30"), tick=True):
                return suivre(avancement)

        return vrai(probleme, limite=limite, suivre=suivre_et_annuler)

    monkeypatch.setattr(calcul, "proposer", annule_en_route)
    faire_les_travaux(taches.OUVRAGES)
    travail.refresh_from_db()
    assert fil == [threading.get_ident()], "le rappel du solveur garde le fil, donc la connexion"
    assert travail.annule_le
    assert travail.fini_le
    assert not Scenario.objects.exists()


def test_repris_apres_une_panne_il_n_ouvre_qu_un_scenario(deux, monkeypatch):
    travail = demander()
    monkeypatch.setattr(taches, "explications", lambda *_: 1 / 0)
    faire_les_travaux(taches.OUVRAGES)
    assert not Scenario.objects.exists()
    monkeypatch.undo()
    with time_machine.travel(f.instant("2025-11-20 12:00"), tick=True):
        faire_les_travaux(taches.OUVRAGES)
        faire_les_travaux(taches.OUVRAGES)
    assert Scenario.objects.count() == 1
    travail.refresh_from_db()
    assert travail.fini_le


@pytest.mark.parametrize("qui", ["chloe", "farid", "odile", "amina"])
def test_seul_le_pilote_fait_proposer(qui):
    f.appel("aap-2026")
    with pytest.raises(RoleInsuffisant):
        demander(par=qui)


def test_un_appel_sans_dossier_le_dit():
    f.appel("aap-2026")
    assert "Aucun dossier recevable" in faire().raison


# --- Proposer sa colonne


def retenu(premier, second):
    lu = actes.ouvrir_un_scenario(f.appel("aap-2026"), titre="Retenu", par=f.acteur("benoit"), le=LE)
    montants = {
        scene.volet(premier): "2000",
        scene.volet(second): "4000",
        scene.volet(premier, "ETAT"): "6000",
    }
    saisies = {v.pk: Saisie(Decimal(m)) for v, m in montants.items()}
    actes.ecrire_les_montants(lu, saisies, par=f.acteur("benoit"), le=LE)
    actes.retenir(lu, par=f.acteur("benoit"), le=LE)
    return lu


def test_chacun_propose_sa_colonne_du_scenario_retenu(deux):
    premier, second = deux
    lu = retenu(premier, second)
    taches.demander_la_colonne(lu, cle="colonne-chloe", par=f.acteur("chloe"), le=LE)
    faire_les_travaux(taches.OUVRAGES)
    assert scene.volet(premier, "ETAT").propose == 6000
    assert scene.volet(premier).propose is None
    taches.demander_la_colonne(lu, cle="colonne-benoit", par=f.acteur("benoit"), le=LE)
    faire_les_travaux(taches.OUVRAGES)
    assert (scene.volet(premier).propose, scene.volet(second).propose) == (2000, 4000)
    with pytest.raises(ActeBloque, match="dit déjà ces montants"):
        taches.demander_la_colonne(lu, cle="encore", par=f.acteur("benoit"), le=LE)


def test_une_habilitation_finie_avant_le_travail_n_ecrit_plus(deux):
    premier, second = deux
    lu = retenu(premier, second)
    taches.demander_la_colonne(lu, cle="colonne", par=f.acteur("benoit"), le=LE)
    Habilitation.objects.filter(utilisateur=f.personne("benoit")).update(au=LE.date())
    with time_machine.travel(LE + timedelta(days=1)):
        faire_les_travaux(taches.OUVRAGES)
    assert scene.volet(premier).propose is None


def test_une_case_devenue_impossible_se_refuse_sans_arreter_les_autres(deux):
    premier, second = deux
    lu = retenu(premier, second)
    Demande.objects.filter(pk=scene.volet(second).pk).update(demande=Decimal(100))
    travail = taches.demander_la_colonne(lu, cle="colonne", par=f.acteur("benoit"), le=LE)
    faire_les_travaux(taches.OUVRAGES)
    travail.refresh_from_db()
    assert (travail.fait, travail.refuses) == (2, 1)
    assert scene.volet(premier).propose == 2000
    assert scene.volet(second).propose is None


def test_la_colonne_d_un_autre_ne_se_propose_pas(deux):
    """Une ligne glissée à la main dans le travail d'un financeur est refusée à son tour."""
    premier, second = deux
    lu = retenu(premier, second)
    travail = taches.demander_la_colonne(lu, cle="colonne", par=f.acteur("chloe"), le=LE)
    travail.lignes.create(rang=9, objet=scene.volet(premier).designation(), libelle=Ligne("x").libelle)
    faire_les_travaux(taches.OUVRAGES)
    assert travail.lignes.get(rang=9).issue == "refuse"
    assert scene.volet(premier).propose is None


def test_un_scenario_qui_n_est_pas_retenu_ne_se_propose_pas(deux):
    lu = actes.ouvrir_un_scenario(f.appel("aap-2026"), titre="Essai", par=f.acteur("benoit"), le=LE)
    with pytest.raises(ActeBloque, match="n'est pas retenu"):
        taches.demander_la_colonne(lu, cle="colonne", par=f.acteur("benoit"), le=LE)


# --- La page


def test_la_page_demande_le_travail_et_refuse_un_souhait_a_moitie_ecrit(deux):
    navigateur, adresse = f.client("benoit"), reverse("programmation_proposer", args=["aap-2026"])
    assert navigateur.get(adresse).status_code == 200
    dits = {
        "titre": "Équité", "objectif": "dossiers", "part_minimale": "60", "note_par_defaut": "50",
        "limite": "10", "cible_1": "pilier:agir", "cle": "a" * 32,
    }  # fmt: skip
    refusee = navigateur.post(adresse, dits)
    assert refusee.status_code == 422
    assert "Écrivez un montant ou une part" in refusee.content.decode()
    reponse = navigateur.post(adresse, dits | {"part_1": "10"})
    travail = Travail.objects.get()
    assert reponse["Location"] == reverse("travail", args=[travail.pk])
    assert travail.parametres["reglages"]["voeux"] == [
        {"etiquette": "pilier:agir", "montant": None, "part": "0.1"}
    ]
    assert navigateur.post(adresse, dits | {"part_1": "10"})["Location"] == reponse["Location"]
    faire_les_travaux(taches.OUVRAGES)
    assert Scenario.objects.get().titre == "Équité"
