"""Les scénarios : des hypothèses qui peuvent dépasser, une garde stricte au moment de retenir."""

from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse

from ensemblier.comptes.models import Interet
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau.machine import EtatInterdit, RoleInsuffisant
from ensemblier.programmation import actes, lecture, scenarios
from ensemblier.programmation.actes.scenarios import Saisie
from ensemblier.programmation.comparaison import comparer
from ensemblier.programmation.models import Proposition, Scenario
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Evenement
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db
LE = scene.NOVEMBRE


def nets(texte):
    return texte.replace("\u00a0", " ")


@pytest.fixture(autouse=True)
def en_novembre():
    with time_machine.travel(LE, tick=True):
        yield


@pytest.fixture
def dossier():
    """Coût 20 000 : CALL 8 000 et État 6 000 demandés, rien d'autre."""
    return scene.recevable("aap-2026", **scene.budget("20000.00", {"CALL": "8000.00", "ETAT": "6000.00"}))


def scenario(qui="benoit", titre="Essai", **options):
    return actes.ouvrir_un_scenario(f.appel("aap-2026"), titre=titre, par=f.acteur(qui), le=LE, **options)


def ecrire(cible, dossier, *, qui="benoit", version=None, verrou=False, **montants):
    saisies = {}
    for code, montant in montants.items():
        volet = scene.volet(dossier, code)
        connue = cible.propositions.filter(demande=volet).first()
        lue = (connue.version if connue else 0) if version is None else version
        saisies[volet.pk] = Saisie(None if montant is None else Decimal(montant), verrou, lue)
    return actes.ecrire_les_montants(cible, saisies, par=f.acteur(qui), le=LE)


def montant(cible, dossier, code):
    return cible.propositions.get(demande=scene.volet(dossier, code)).montant


# --- Ouvrir, copier, écrire


def test_un_scenario_part_du_tableau_ou_d_un_autre(dossier):
    scene.proposer(dossier, "5000", le=LE)
    premier = scenario()
    assert montant(premier, dossier, "CALL") == 5000
    assert ecrire(premier, dossier, verrou=True, ETAT="4000") == (1, {})
    copie = scenario(titre="Copie", origine=premier)
    assert (montant(copie, dossier, "CALL"), montant(copie, dossier, "ETAT")) == (5000, 4000)
    assert copie.propositions.get(demande__financeur__code="ETAT").est_verrouillee
    assert copie.origine == premier
    ecrire(copie, dossier, CALL="1")
    assert montant(premier, dossier, "CALL") == 5000
    assert scene.volet(dossier).propose == 5000, "un scénario n'écrit jamais le tableau"


def test_un_montant_provisoire_peut_depasser_le_plafond_et_l_enveloppe(dossier):
    scene.enveloppe("CALL", "1000", "aap-2026", le=LE)
    lu = scenario()
    assert ecrire(lu, dossier, CALL="99999.99") == (1, {})
    assert montant(lu, dossier, "CALL") == Decimal("99999.99")
    ecrire(lu, dossier, CALL=None)
    assert not lu.propositions.exists()


def test_un_financeur_n_ecrit_que_sa_colonne(dossier):
    lu = scenario()
    actes.partager(lu, par=f.acteur("benoit"), le=LE)
    faits, refus = ecrire(lu, dossier, qui="chloe", ETAT="3000", CALL="1")
    assert faits == 1
    assert "vous n'écrivez que la vôtre" in refus[scene.volet(dossier).pk]
    assert montant(lu, dossier, "ETAT") == 3000
    assert not lu.propositions.filter(demande__financeur__code="CALL").exists()


def test_un_financeur_n_ecrit_que_sa_colonne_garde_levee(dossier, monkeypatch):
    monkeypatch.setattr("ensemblier.programmation.actes.scenarios.peut_ecrire", lambda *_: True)
    lu = scenario()
    assert ecrire(lu, dossier, qui="chloe", CALL="1") == (1, {})


def test_un_millieme_et_un_negatif_sont_refuses_case_par_case(dossier):
    lu = scenario()
    faits, refus = ecrire(lu, dossier, CALL="1.001", ETAT="-1")
    assert (faits, len(refus)) == (0, 2)
    assert "plus de deux décimales" in refus[scene.volet(dossier).pk]


def test_une_case_changee_entre_temps_dit_les_deux_valeurs(dossier):
    lu = scenario()
    ecrire(lu, dossier, ETAT="3800")
    faits, refus = ecrire(lu, dossier, version=0, ETAT="4000")
    assert faits == 0
    assert "a mis 3 800,00 € entre-temps. Vous : 4 000,00 €" in nets(refus[scene.volet(dossier, "ETAT").pk])
    assert montant(lu, dossier, "ETAT") == 3800


def test_une_case_videe_puis_recrite_ne_se_laisse_pas_prendre_pour_l_ancienne(dossier):
    lu = scenario()
    ecrire(lu, dossier, ETAT="3800")
    lue = lu.propositions.get().version
    ecrire(lu, dossier, ETAT=None)
    ecrire(lu, dossier, version=0, ETAT="1000")
    faits, refus = ecrire(lu, dossier, version=lue, ETAT="9")
    assert (faits, len(refus)) == (0, 1)


def test_un_volet_vote_ne_change_plus(dossier):
    lu = scenario()
    scene.programmer(dossier, "5000", le=LE)
    faits, refus = ecrire(lu, dossier, CALL="1")
    assert faits == 0
    assert "ne le change plus" in refus[scene.volet(dossier).pk]
    assert scenarios.montants_de(lu.appel, lu)[scene.volet(dossier).pk] == 5000


def test_un_dossier_dont_on_est_hors_ne_s_ecrit_pas(dossier):
    lu = scenario()
    Interet.objects.create(
        utilisateur=f.personne("benoit"), organisme=dossier.organisme, nature="trésorier", connu_le=LE.date()
    )
    assert ecrire(lu, dossier, CALL="1") == (0, {})
    assert not lu.propositions.exists()


def test_chaque_ecriture_est_au_registre_avec_l_avant_et_l_apres(dossier):
    lu = scenario()
    ecrire(lu, dossier, ETAT="3800")
    ecrire(lu, dossier, ETAT="4000")
    ecrits = Evenement.objects.filter(objet=lu.designation(), acte="ecrire_les_montants").order_by("rang")
    cle = str(scene.volet(dossier, "ETAT").pk)
    assert [e.detail.contenu["cases"][cle][2:] for e in ecrits] == [[None, "3800.00"], ["3800.00", "4000.00"]]
    assert not any(e.public for e in ecrits)


# --- Privé, partagé


def test_un_scenario_prive_n_est_lu_que_par_son_auteur(dossier):
    lu = scenario("chloe")
    for qui in ("benoit", "farid", "odile"):
        assert not Scenario.objects.visibles_par(f.acteur(qui)).exists(), qui
        assert f.client(qui).get(reverse("scenario", args=[lu.pk])).status_code == 404
    with pytest.raises(RoleInsuffisant):
        actes.partager(lu, par=f.acteur("benoit"), le=LE)
    actes.partager(lu, par=f.acteur("chloe"), le=LE)
    for qui in ("benoit", "farid", "odile"):
        assert Scenario.objects.visibles_par(f.acteur(qui)).get() == lu
    actes.rendre_prive(lu, par=f.acteur("chloe"), le=LE)
    assert not Scenario.objects.visibles_par(f.acteur("benoit")).exists()


@pytest.mark.parametrize("qui", ["amina", "elise", "odile", "fatou_finances"])
def test_qui_ne_programme_pas_n_ouvre_pas_de_scenario(qui):
    f.appel("aap-2026")
    with pytest.raises(RoleInsuffisant):
        scenario(qui)


# --- Retenir


def refus_de(lu, qui="benoit"):
    with pytest.raises(ActeBloque) as refus:
        actes.retenir(lu, par=f.acteur(qui), le=LE)
    lu.refresh_from_db()
    assert lu.etat != "retenu"
    return [nets(r) for r in refus.value.raisons]


def test_retenir_refuse_le_depassement_de_la_demande(dossier):
    lu = scenario()
    ecrire(lu, dossier, CALL="8000.01")
    assert "dépasse la demande (8 000,00 €) de 0,01 €" in refus_de(lu)[0]
    ecrire(lu, dossier, CALL="8000")
    actes.retenir(lu, par=f.acteur("benoit"), le=LE)
    lu.refresh_from_db()
    assert (lu.etat, lu.retenu_le) == ("retenu", LE)


def test_retenir_refuse_l_enveloppe_depassee_d_un_centime(dossier):
    scene.enveloppe("CALL", "7999.99", "aap-2026", le=LE)
    lu = scenario()
    ecrire(lu, dossier, CALL="8000")
    assert "serait dépassée de 0,01 € : il reste 7 999,99 €" in refus_de(lu)[0]


def test_retenir_refuse_l_enveloppe_depassee_garde_levee(dossier, monkeypatch):
    scene.enveloppe("CALL", "7999.99", "aap-2026", le=LE)
    lu = scenario()
    ecrire(lu, dossier, CALL="8000")
    monkeypatch.setattr(scenarios, "_fautes_des_enveloppes", lambda _: iter(()))
    actes.retenir(lu, par=f.acteur("benoit"), le=LE)
    poses = scenarios.proposes_par_financeur(lu)
    assert poses[scene.financeur("CALL").pk] > 7999.99, "sans la garde, le dépassement se voit"


def test_retenir_refuse_une_sous_enveloppe_depassee_que_l_enveloppe_couvre(dossier):
    enveloppe = scene.enveloppe("CALL", "50000", "aap-2026", le=LE)
    dispositif = scene.volet(dossier).dispositif
    objet = actes.Objet(2026, "", dispositif, "")
    actes.repartir(enveloppe, objet=objet, montant=Decimal("7999.99"), par=f.acteur("benoit"), le=LE)
    lu = scenario()
    ecrire(lu, dossier, CALL="8000")
    assert "serait dépassée de 0,01 €" in refus_de(lu)[0]
    ecrire(lu, dossier, CALL="7999.99")
    actes.retenir(lu, par=f.acteur("benoit"), le=LE)


def test_retenir_refuse_plus_que_le_cout(dossier):
    """P25, S41 : chaque case tient dans sa demande, leur somme dépasse le coût."""
    Demande.objects.filter(dossier=dossier).update(demande=Decimal(11000))
    Dossier.objects.filter(pk=dossier.pk).update(cout_total=Decimal(20000))
    for ligne in dossier.lignes_de_budget.filter(sens="produit"):
        ligne.delete()
    lu = scenario()
    ecrire(lu, dossier, CALL="11000", ETAT="11000")
    assert any("dépassent le coût (20 000,00 €) de 2 000,00 €" in r for r in refus_de(lu))


def test_un_seul_est_retenu_et_l_histoire_reste(dossier):
    premier, second = scenario(titre="A"), scenario(titre="B")
    for lu in (premier, second):
        actes.retenir(lu, par=f.acteur("benoit"), le=LE)
    premier.refresh_from_db()
    assert (premier.etat, second.etat) == ("partage", "retenu")
    actes_joues = Evenement.objects.filter(objet=premier.designation()).order_by("rang")
    assert [e.acte for e in actes_joues] == [
        "ouvrir_un_scenario", "retenir_le_scenario", "remplacer_le_scenario",
    ]  # fmt: skip
    assert Scenario.objects.filter(etat="retenu").count() == 1


def test_la_base_refuse_deux_scenarios_retenus(dossier):
    premier, second = scenario(titre="A"), scenario(titre="B")
    actes.retenir(premier, par=f.acteur("benoit"), le=LE)
    with pytest.raises(IntegrityError), transaction.atomic():
        Scenario.objects.filter(pk=second.pk).update(**{"etat": "retenu"})


def test_retenu_il_ne_change_plus(dossier):
    lu = scenario()
    actes.retenir(lu, par=f.acteur("benoit"), le=LE)
    with pytest.raises(ActeBloque, match="ne change plus"):
        ecrire(lu, dossier, CALL="1")
    with pytest.raises(EtatInterdit):
        actes.retenir(lu, par=f.acteur("benoit"), le=LE)


def test_seul_le_pilote_retient(dossier):
    lu = scenario("chloe")
    with pytest.raises(RoleInsuffisant):
        actes.retenir(lu, par=f.acteur("chloe"), le=LE)


def test_le_depassement_d_un_dossier_dont_on_est_hors_se_compte_sans_se_decrire(dossier):
    lu = scenario()
    ecrire(lu, dossier, CALL="9000")
    Interet.objects.create(
        utilisateur=f.personne("benoit"), organisme=dossier.organisme, nature="trésorier", connu_le=LE.date()
    )
    dits = refus_de(lu)
    assert not any(dossier.numero in dit for dit in dits)
    assert "1 dépassement sur des dossiers dont vous êtes hors." in dits


# --- Comparer


def test_comparer_dit_qui_gagne_qui_perd_et_par_quartier(dossier):
    autre = scene.deuxieme("aap-2026", le=LE, **scene.budget("10000.00", {"CALL": "4000.00"}))
    premier = scenario(titre="A")
    ecrire(premier, dossier, CALL="5000", ETAT="1000.01")
    ecrire(premier, autre, CALL="1000")
    second = scenario(titre="B", origine=premier)
    ecrire(second, dossier, CALL="2000")
    ecrire(second, autre, CALL="4000")
    rendue = comparer(premier.appel, lecture.dossiers_de(f.acteur("benoit"), premier.appel), premier, second)
    assert [(e.numero, e.ecart) for e in rendue.dossiers] == [(autre.numero, 3000), (dossier.numero, -3000)]
    assert (rendue.gagnants, rendue.perdants, rendue.total.ecart) == (1, 1, 0)
    assert rendue.dossiers[1].detail == [("CALL", Decimal(-3000))]
    for titre, lignes in rendue.groupes:
        assert sum(e.avant for e in lignes) == rendue.total.avant == Decimal("7000.01"), titre
        assert sum(e.apres for e in lignes) == rendue.total.apres, titre


def test_une_comparaison_ne_montre_que_les_dossiers_qu_on_lit(dossier):
    lu = scenario()
    ecrire(lu, dossier, CALL="5000")
    Interet.objects.create(
        utilisateur=f.personne("benoit"), organisme=dossier.organisme, nature="trésorier", connu_le=LE.date()
    )
    dits = {"avant": "tableau", "apres": str(lu.pk)}
    page = f.client("benoit").get(reverse("scenarios_comparer", args=["aap-2026"]), dits)
    assert page.status_code == 200
    assert dossier.numero not in page.content.decode()


# --- Les pages


def test_les_pages_ouvrent_ecrivent_partagent_et_retiennent(dossier):
    navigateur = f.client("benoit")
    liste = reverse("scenarios", args=["aap-2026"])
    assert navigateur.post(liste, {"titre": "", "depuis": ""}).status_code == 422
    reponse = navigateur.post(liste, {"titre": "Priorité à Agir", "depuis": ""})
    lu = Scenario.objects.get()
    page = reverse("scenario", args=[lu.pk])
    assert reponse["Location"] == page
    volet = scene.volet(dossier)
    dits = {f"montant-{volet.pk}": "5 000,50", "versions": f"{volet.pk}:0", f"verrou-{volet.pk}": "on"}
    assert navigateur.post(page, dits).status_code == 302
    ecrite = Proposition.objects.get()
    assert (ecrite.montant, ecrite.est_verrouillee) == (Decimal("5000.50"), True)
    refusee = navigateur.post(page, {f"montant-{volet.pk}": "abc", "versions": f"{volet.pk}:1"})
    assert refusee.status_code == 422
    assert 'value="abc"' in refusee.content.decode()
    assert "Priorité à Agir" in navigateur.get(liste).content.decode()
    navigateur.post(reverse("scenario_partager", args=[lu.pk]))
    navigateur.post(reverse("scenario_retenir", args=[lu.pk]))
    lu.refresh_from_db()
    assert lu.etat == "retenu"
    assert "il ne change plus" in navigateur.get(page).content.decode()


def test_une_case_refusee_ne_retient_pas_les_autres(dossier):
    lu = scenario()
    volets = [scene.volet(dossier, code) for code in ("CALL", "ETAT")]
    dits = {f"montant-{volets[0].pk}": "-4", f"montant-{volets[1].pk}": "3000"}
    assert f.client("benoit").post(reverse("scenario", args=[lu.pk]), dits).status_code == 422
    assert [p.montant for p in lu.propositions.all()] == [3000]


def test_comparer_un_scenario_qui_n_existe_pas_ne_montre_rien(dossier):
    page = f.client("benoit").get(
        reverse("scenarios_comparer", args=["aap-2026"]), {"avant": "tableau", "apres": "999"}
    )
    assert page.status_code == 200
    assert "Choisissez les deux côtés." in page.content.decode()
