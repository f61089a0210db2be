"""Reprendre l'action de l'an dernier : ce qui se recopie, ce qui se refait, le lien d'une année à l'autre."""

from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine

from ensemblier.dossiers import actes
from ensemblier.dossiers.actes import brouillon
from ensemblier.dossiers.fiche import rapport_de
from ensemblier.dossiers.models import Dossier
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Evenement
from tests import fabriques

pytestmark = pytest.mark.django_db
OUVERT = fabriques.instant("2025-10-10 09:00")


@pytest.fixture(autouse=True)
def _en_octobre():
    with time_machine.travel(OUVERT, tick=False):
        yield


@pytest.fixture
def ancien():
    return fabriques.dossier_depose()


@pytest.fixture
def appel():
    return fabriques.appel("aap-2026")


@pytest.fixture
def amina():
    return fabriques.client("amina")


def commencer(client, organisme, suite_de="", cle=""):
    corps = {"organisme": organisme.pk, "cle": cle or uuid4().hex, "suite_de": suite_de}
    return client.post("/dossiers/nouveau/aap-2026/", corps)


def reprendre(ancien, appel, **options):
    qui = fabriques.acteur("amina", le=OUVERT.date())
    corps = {"organisme": ancien.organisme, "suite_de": ancien} | options
    return actes.creer(appel=appel, par=qui, le=OUVERT, **corps)


def texte(reponse):
    return reponse.content.decode().replace("\u00a0", " ").replace("&#x27;", "'")


def test_la_page_propose_les_actions_deja_deposees(amina, ancien, appel):
    fabriques.dossier(action__intitule="Encore un brouillon")
    page = texte(amina.get("/dossiers/nouveau/aap-2026/"))
    assert f"Reprendre l'action de 2025 : {ancien.intitule} ({ancien.numero}," in page
    assert "Non, c'est une action nouvelle" in page
    assert page.count("Reprendre l'action de") == 1


def test_sans_action_passee_la_page_ne_demande_rien(amina, appel):
    fabriques.dossier()
    assert "suite d'une action" not in texte(amina.get("/dossiers/nouveau/aap-2026/"))


def test_beaucoup_d_actions_passees_se_replient_dans_une_liste(amina, ancien, appel, monkeypatch):
    monkeypatch.setattr("ensemblier.dossiers.forms.A_VUE", 0)
    page = texte(amina.get("/dossiers/nouveau/aap-2026/"))
    assert '<select name="suite_de"' in page
    assert f'<option value="{ancien.numero}">Reprendre l\'action de 2025' in page
    commencer(amina, ancien.organisme, ancien.numero)
    assert ancien.suites.count() == 1


def test_une_action_reprise_dit_ce_qui_l_est_et_ce_qui_reste(amina, ancien, appel):
    reponse = commencer(amina, ancien.organisme, ancien.numero)
    neuf = Dossier.objects.get(suite_de=ancien)
    assert reponse["Location"] == f"/dossiers/{neuf.numero}/action/"
    page = texte(amina.get(reponse["Location"]))
    assert f"Repris de {ancien} : l'action, les publics, 1 quartier, 3 lignes de budget." in page
    assert "À refaire : les dates de l'action, les aides demandées à chaque financeur" in page
    assert f'suite de <a href="/dossiers/{ancien.numero}/">' in texte(amina.get(f"/dossiers/{neuf.numero}/"))
    assert f'continue dans <a href="/dossiers/{neuf.numero}/">' in texte(
        amina.get(f"/dossiers/{ancien.numero}/")
    )


def test_l_action_les_publics_les_quartiers_et_le_budget_se_recopient(ancien, appel):
    neuf = Dossier.objects.get(pk=reprendre(ancien, appel).pk)
    assert (neuf.intitule, neuf.description) == (ancien.intitule, ancien.description)
    assert (neuf.publics_total, neuf.publics_qpv) == (100, 60)
    assert neuf.pilier == ancien.pilier
    assert set(neuf.thematiques.all()) == set(ancien.thematiques.all())
    (ciblage,) = neuf.ciblages.all()
    (autre,) = ancien.ciblages.all()
    assert ciblage.quartier == autre.quartier
    assert set(ciblage.communes.all()) == set(autre.communes.all())
    assert {x.compte: x.montant for x in neuf.lignes_de_budget.all()} == {
        "60": Decimal("12000.00"), "64": Decimal("6000.00"), "autofinancement": Decimal("9000.00")
    }  # fmt: skip
    assert neuf.cout_total == Decimal("18000.00")
    assert "suite de" in Evenement.objects.filter(chaine__racine=neuf.racine()).earliest("rang").libelle


def test_rien_de_date_d_atteste_ni_de_demande_ne_se_recopie(appel):
    ancien = fabriques.dossier_depose(action__contacts_communes=[{"commune": "LENS", "le": "2025-05-02"}])
    Dossier.objects.filter(pk=ancien.pk).update(
        du="2025-09-01", au="2026-06-30", numero_dauphin="DA01234567", tolerance_validee=True,
        taux_retenu=Decimal("0.8"), est_experimentale=True,
    )  # fmt: skip
    ancien.refresh_from_db()
    assert ancien.contacts_communes.exists()
    assert ancien.pieces.exists()
    assert ancien.attestations.exists()
    neuf = Dossier.objects.get(pk=reprendre(ancien, appel).pk)
    for liste in ("demandes", "contacts_communes", "pieces", "attestations", "criteres", "acces", "deports"):
        assert not getattr(neuf, liste).exists(), liste
    for nom in (
        "du", "au", "numero_dauphin", "tolerance_validee", "taux_retenu", "est_experimentale", "depose_le",
        "fiche_figee", "rapport_fige", "accuse_contenu", "charge_de_mission", "decide_le",
    ):  # fmt: skip
        assert not getattr(neuf, nom), nom
    assert neuf.demande_totale == 0
    assert rapport_de(neuf, le=OUVERT).constats


def test_un_pilier_que_l_appel_n_ouvre_pas_se_redemande(amina, ancien, appel, monkeypatch):
    regles = appel.regles()
    sans = regles.model_copy(
        update={"piliers": tuple(p for p in regles.piliers if p.code != ancien.pilier.code)}
    )
    monkeypatch.setattr("ensemblier.dossiers.suite.reglement_de", lambda dossier: sans)
    reponse = commencer(amina, ancien.organisme, ancien.numero)
    assert Dossier.objects.get(suite_de=ancien).pilier is None
    assert "Le pilier est à choisir parmi ceux de cet appel" in texte(amina.get(reponse["Location"]))


def test_la_meme_cle_ne_reprend_qu_une_fois(amina, ancien, appel):
    premiere = commencer(amina, ancien.organisme, ancien.numero, cle="la-meme-cle")
    seconde = commencer(amina, ancien.organisme, ancien.numero, cle="la-meme-cle")
    assert premiere["Location"] == seconde["Location"]
    assert ancien.suites.count() == 1


def test_une_action_nouvelle_ne_reprend_rien(amina, ancien, appel):
    assert commencer(amina, ancien.organisme).status_code == 302
    neuf = Dossier.objects.get(appel=appel)
    assert (neuf.suite_de, neuf.intitule) == (None, "")


# --- Qui peut reprendre quoi ------------------------------------------------------------------------


def test_le_dossier_d_un_autre_organisme_ne_se_propose_ni_ne_se_reprend(ancien, appel):
    david = fabriques.client("david")
    assert ancien.numero not in texte(david.get("/dossiers/nouveau/aap-2026/"))
    sien = fabriques.personne("david").rattachements.get().organisme
    commencer(david, sien, ancien.numero)
    assert not ancien.suites.exists()
    assert not Dossier.objects.filter(organisme=sien).exclude(intitule="").exists()


def test_l_acte_refuse_le_dossier_d_un_autre_organisme(ancien, appel):
    with pytest.raises(ActeBloque, match="est d'un autre organisme"):
        brouillon.creer(
            appel=appel, organisme=fabriques.personne("david").rattachements.get().organisme, suite_de=ancien,
            par=fabriques.acteur("david", le=OUVERT.date()), le=OUVERT,
        )  # fmt: skip
    assert not ancien.suites.exists()


def test_l_autre_organisme_garde_levee(ancien, appel, monkeypatch):
    """La garde retirée, le texte d'Amina passerait chez David : l'essai d'avant le verrait."""
    monkeypatch.setattr(brouillon, "_exiger_la_meme_action", lambda *_, **__: None)
    neuf = brouillon.creer(
        appel=appel, organisme=fabriques.personne("david").rattachements.get().organisme, suite_de=ancien,
        par=fabriques.acteur("david", le=OUVERT.date()), le=OUVERT,
    )  # fmt: skip
    assert neuf.intitule == ancien.intitule


def test_un_brouillon_ou_le_meme_appel_ne_se_reprend_pas(ancien, appel):
    with pytest.raises(ActeBloque, match="n'a pas été déposé dans un autre appel"):
        reprendre(fabriques.dossier(), appel)
    with pytest.raises(ActeBloque, match="n'a pas été déposé dans un autre appel"):
        reprendre(ancien, ancien.appel)


def test_les_co_porteurs_de_l_an_dernier_se_recopient(ancien, appel):
    dit = {"nom": "Club des Amis du terril", "numero": fabriques.SIREN_DU_CLUB, "role": "Prête la salle"}
    ancien.co_porteurs.create(**dit, ajoute_le=ancien.cree_le, ajoute_par="Amina")
    repris = reprendre(ancien, appel).co_porteurs.get()
    assert (repris.nom, repris.numero, repris.role) == tuple(dit.values())
    assert repris.ajoute_le == OUVERT
    assert ancien.co_porteurs.count() == 1
