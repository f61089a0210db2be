"""La grille d'un scénario : la même qu'au tableau, ses montants et ses verrous, ses totaux qui suivent."""

import json
from decimal import Decimal

import pytest
import time_machine
from django.http import QueryDict
from django.urls import reverse

from ensemblier.programmation import actes
from ensemblier.programmation.actes.scenarios import Saisie
from ensemblier.programmation.grille_scenario import GrilleDeScenario
from ensemblier.programmation.models import Proposition
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db
LE = scene.NOVEMBRE


@pytest.fixture(autouse=True)
def en_novembre():
    with time_machine.travel(LE, tick=True):
        yield


@pytest.fixture
def dossier():
    demandes = {"CALL": "5000.00", "ETAT": "6000.00"}
    return scene.recevable("aap-2026", **scene.budget("20000.00", demandes), action__pilier="agir")


@pytest.fixture
def scenario(dossier):
    ouvert = actes.ouvrir_un_scenario(dossier.appel, titre="Essai", par=f.acteur("benoit"), le=LE)
    actes.partager(ouvert, par=f.acteur("benoit"), le=LE)
    return ouvert


def envoyer(qui, scenario, *cases):
    noms = ("volet", "version", "valeur", "verrou")
    corps = {"cases": [dict(zip(noms, case, strict=False)) for case in cases]}
    adresse = reverse("scenario_cases", args=[scenario.pk])
    return f.client(qui).post(adresse, json.dumps(corps), "application/json")


def sonder(qui, scenario, depuis=0, empreinte=""):
    dits = {"depuis": str(depuis), "empreinte": empreinte}
    return f.client(qui).get(reverse("scenario_sonde", args=[scenario.pk]), dits)


def ecrire(scenario, volet, montant, verrou=False):
    connue = scenario.propositions.filter(demande=volet).first()
    saisie = Saisie(None if montant is None else Decimal(montant), verrou, connue.version if connue else 0)
    assert actes.ecrire_les_montants(scenario, {volet.pk: saisie}, par=f.acteur("benoit"), le=LE) == (1, {})


def test_une_case_s_ecrit_se_fixe_et_rend_sa_ligne(dossier, scenario):
    volet = scene.volet(dossier)
    recu = envoyer("benoit", scenario, (volet.pk, 0, "4 000,50", True)).json()
    ecrite = Proposition.objects.get()
    assert recu["cases"] == [{"volet": volet.pk, "faite": True, "conflit": False, "phrase": ""}]
    assert (ecrite.montant, ecrite.est_verrouillee) == (Decimal("4000.50"), True)
    ligne = recu["lignes"][dossier.numero]
    assert f'data-n="{ecrite.version}"' in ligne
    assert f'name="verrou-{volet.pk}" checked' in ligne
    assert scene.volet(dossier).propose is None, "un scénario n'écrit jamais le tableau"


def test_chacun_sa_colonne_et_un_mauvais_montant_laisse_passer_les_autres(dossier, scenario):
    call, etat = scene.volet(dossier), scene.volet(dossier, "ETAT")
    dites = envoyer("chloe", scenario, (call.pk, 0, "1"), (etat.pk, 0, "3000")).json()["cases"]
    assert [d["faite"] for d in dites] == [False, True]
    assert "vous n'écrivez que la vôtre" in dites[0]["phrase"]
    dites = envoyer("benoit", scenario, (call.pk, 0, "beaucoup"), (999_999, 0, "1")).json()["cases"]
    assert "Rien n'a changé" in dites[0]["phrase"]
    assert "n'est pas dans la liste" in dites[1]["phrase"]
    assert [p.montant for p in scenario.propositions.all()] == [3000]
    illisible = f.client("benoit").post(
        reverse("scenario_cases", args=[scenario.pk]), "{}", "application/json"
    )  # fmt: skip
    assert illisible.status_code == 400


def test_une_case_changee_depuis_dit_les_deux_valeurs(dossier, scenario):
    volet = scene.volet(dossier)
    ecrire(scenario, volet, "4000")
    (dite,) = envoyer("irene", scenario, (volet.pk, 0, "3500")).json()["cases"]
    dit = dite["phrase"].replace("\u00a0", " ")
    assert (dite["faite"], dite["conflit"]) == (False, True)
    assert "4 000,00 €" in dit
    assert "Vous : 3 500,00 €" in dit
    assert Proposition.objects.get().montant == 4000


def test_retenu_chaque_case_se_refuse(dossier, scenario):
    actes.retenir(scenario, par=f.acteur("benoit"), le=LE)
    (dite,) = envoyer("benoit", scenario, (scene.volet(dossier).pk, 0, "1")).json()["cases"]
    assert (dite["faite"], dite["conflit"]) == (False, False)
    assert "il ne change plus" in dite["phrase"]
    page = f.client("benoit").get(reverse("scenario", args=[scenario.pk])).content.decode()
    assert "montant-" not in page


def test_la_sonde_dit_une_case_ecrite_puis_videe_puis_se_tait(dossier, scenario):
    volet = scene.volet(dossier)
    ecrire(scenario, volet, "4000")
    recu = sonder("chloe", scenario).json()
    assert "4\u00a0000" in recu["lignes"][dossier.numero]
    assert "4\u00a0000" in recu["pied"]
    assert sonder("chloe", scenario, recu["depuis"], recu["empreinte"]).status_code == 204
    ecrire(scenario, volet, None)
    vide = sonder("chloe", scenario, recu["depuis"], recu["empreinte"]).json()
    assert "4\u00a0000" not in vide["lignes"][dossier.numero]


@pytest.mark.parametrize("par", ["pilier", "theme", "qpv", "commune"])
def test_les_sous_totaux_font_le_total_et_suivent_le_filtre(dossier, scenario, par):
    autre = scene.deuxieme(
        "aap-2026", le=LE, action__pilier="prevenir", **scene.budget("10000.00", {"CALL": "4000.00"})
    )
    for volet, montant in ((scene.volet(dossier), "4000"), (scene.volet(autre), "500.50")):
        ecrire(scenario, volet, montant)
    grille = GrilleDeScenario(f.acteur("benoit"), scenario, QueryDict(f"groupe={par}"), le=LE)
    assert sum(g.total for g in grille.groupes) == Decimal("4500.50") == grille.ensemble["attribue"]
    seul = GrilleDeScenario(f.acteur("benoit"), scenario, QueryDict("pilier=agir"), le=LE)
    assert (seul.ensemble["nombre"], seul.ensemble["attribue"]) == (1, 4000)


def test_une_alerte_se_juge_sur_les_montants_du_scenario(dossier, scenario):
    page = reverse("scenario", args=[scenario.pk])
    for montant, combien in (("19000", 1), ("4000", 0)):
        ecrire(scenario, scene.volet(dossier), montant)
        ecrire(scenario, scene.volet(dossier, "ETAT"), "6000" if combien else "5999")
        assert f.client("benoit").get(page, {"alerte": "total"}).context["nombre"] == combien


def test_un_scenario_prive_n_existe_pas_pour_un_autre(dossier):
    prive = actes.ouvrir_un_scenario(dossier.appel, titre="À moi", par=f.acteur("benoit"), le=LE)
    assert envoyer("chloe", prive, (scene.volet(dossier).pk, 0, "1")).status_code == 404
    for nom in ("scenario", "scenario_sonde", "scenario_lignes", "scenario_fiches"):
        assert f.client("chloe").get(reverse(nom, args=[prive.pk])).status_code == 404
        assert f.client("benoit").get(reverse(nom, args=[prive.pk])).status_code in (200, 204)


def test_une_copie_ne_dit_plus_le_titre_d_un_scenario_redevenu_prive(dossier, scenario):
    copie = actes.ouvrir_un_scenario(
        dossier.appel, titre="Ma copie", par=f.acteur("irene"), le=LE, origine=scenario
    )
    pages = (reverse("scenario", args=[copie.pk]), reverse("scenarios", args=[dossier.appel.code]))
    irene = f.client("irene")
    assert all("copie de Essai" in irene.get(page).content.decode() for page in pages)
    actes.rendre_prive(scenario, par=f.acteur("benoit"), le=LE)
    assert not any("copie de Essai" in irene.get(page).content.decode() for page in pages)
