"""Ce qu'une grille et un tableau relu reçoivent d'hostile : une phrase ou un refus, jamais une panne."""

import re

import pytest
import time_machine
from django.urls import reverse

from ensemblier.programmation import actes, classeur
from ensemblier.programmation.models import CaseRelue, Retour
from ensemblier.programmation.views import grilles
from tests import fabriques as f
from tests.programmation import retouche, scene
from tests.programmation.test_retour import deux_lignes, envoyer, exporter, propose

pytestmark = pytest.mark.django_db
LE = f.instant("2025-09-20 10:00")


@pytest.fixture(autouse=True)
def au_20_septembre():
    with time_machine.travel(LE, tick=True):
        yield


@pytest.fixture
def dossier():
    return deux_lignes()[0]


@pytest.fixture
def scenario(dossier):
    return actes.ouvrir_un_scenario(dossier.appel, titre="Essai", par=f.acteur("benoit"), le=LE)


def signer(octets):
    """L'empreinte refaite sur les clés telles qu'elles sont : ce que ferait qui veut nuire."""
    tetes, _, *lignes = retouche.lire(octets)
    numero, cles = f"{classeur.CLE}-{classeur.NUMERO}", []
    for ligne in lignes:
        dite = dict(zip(tetes, map(str, ligne), strict=True))
        if dite[numero]:
            cles += [(dite[numero], c, v) for c, v in dite.items() if v and re.match(r"cle-(?!numero)", c)]
    return retouche.origine(octets, "empreinte", classeur.empreinte(cles))


HOSTILES = (
    "1:1:1abc", "1:1:1e9999999", f"{'9' * 5000}:1:5", f"1:{'9' * 5000}:5", f"{'9' * 25}:1:5",
    "1:99999999999:5", "²:1:", ":::", f"1:1:{'9' * 50}",
)  # fmt: skip


@pytest.mark.parametrize("cle", HOSTILES, ids=[c[:20] for c in HOSTILES])
def test_une_cle_cachee_hostile_n_ecrit_rien_et_se_dit(dossier, cle):
    export = exporter()
    change = retouche.poser(export, retouche.lieu(export, dossier.numero, "cle-CALL"), cle)
    refus = envoyer(change)
    assert refus.status_code == 422
    assert "clés cachées" in refus.content.decode()
    assert envoyer(signer(change)).status_code == 302
    assert not CaseRelue.objects.filter(issue=CaseRelue.Issue.BONNE).exists()


def test_un_numero_trop_long_et_un_octet_nul_tiennent_dans_la_base(dossier):
    export = exporter()
    long = retouche.poser(export, retouche.lieu(export, dossier.numero, "accorde-CALL"), "douze_x0000_")
    for cle in ("numero", "cle-numero"):
        long = retouche.poser(long, retouche.lieu(export, dossier.numero, cle), "N" * 200)
    assert envoyer(signer(long)).status_code == 302
    case = CaseRelue.objects.get()
    assert (case.numero, case.saisie, case.issue) == ("N" * 60, "douze", CaseRelue.Issue.REFUSEE)


CORPS = (
    '{"cases":[{"volet":1e400,"version":1,"valeur":"1"}]}',
    '{"cases":[{"volet":%s,"version":1,"valeur":"1"}]}' % ("9" * 30),
    '{"cases":[{"volet":1,"version":-%s,"valeur":"1"}]}' % ("9" * 30),
    "[" * 200_000,
)


@pytest.mark.parametrize("corps", CORPS, ids=["infini", "volet", "version", "crochets"])
@pytest.mark.parametrize("page", ["programmation_cases", "scenario_cases"])
def test_un_corps_hostile_est_illisible(page, corps, scenario):
    adresse = reverse(page, args=["ami-2025" if page == "programmation_cases" else scenario.pk])
    recu = f.client("benoit").post(adresse, corps, "application/json")
    assert recu.status_code == 400
    assert "illisible" in recu.json()["raison"]


@pytest.mark.parametrize("depuis", ["9" * 15, "9" * 14, "9" * 5000, "-1", "²"])
def test_une_sonde_d_un_autre_temps_repond(depuis, scenario):
    for adresse in (reverse("programmation_sonde", args=["ami-2025"]), f"{scenario_page(scenario)}sonde/"):
        assert f.client("benoit").get(adresse, {"depuis": depuis}).status_code in (200, 204)


def scenario_page(scenario):
    return reverse("scenario", args=[scenario.pk])


@pytest.mark.parametrize("versions", ["{}:" + "9" * 5000, "{}:" + "9" * 30, "9" * 5000 + ":1", "²:1"])
def test_des_versions_hostiles_sont_un_conflit(versions, dossier, scenario):
    volet = scene.volet(dossier)
    dits = {"versions": versions.format(volet.pk), f"montant-{volet.pk}": "5"}
    for page in (scenario_page(scenario), reverse("programmation_appel", args=["ami-2025"])):
        assert f.client("benoit").post(page, dits).status_code == 422
    assert propose(dossier) == volet.propose


def test_une_suite_demesuree_se_lit_du_debut(scenario):
    dits = {"avant": "tableau", "apres": str(scenario.pk), "depuis": "9" * 5000}
    recu = f.client("benoit").get(reverse("scenarios_comparer", args=["ami-2025"]), dits)
    assert recu.status_code == 200


def test_une_cle_de_formulaire_deja_servie_ne_rend_jamais_le_tableau_d_un_autre(dossier):
    """À une autre personne, à un autre contenu : un tableau neuf, le sien, et pas de panne."""
    premier = exporter()
    second = retouche.ecrire(premier, dossier.numero, 7500)
    for qui, octets in (("benoit", premier), ("chloe", exporter("chloe")), ("benoit", second)):
        assert envoyer(octets, qui=qui).status_code == 302
    assert Retour.objects.count() == 3
    assert Retour.objects.latest("pk").cases.get().saisie == "7500,0"
    assert envoyer(premier).status_code == 302
    assert Retour.objects.count() == 3, "le même envoi ne garde qu'un fichier"


VERSIONS = ("9" * 5000, "9" * 30, "9" * 18, "²", "-1", "1.0", "")


def ecrire_dans_l_enveloppe(faire, version):
    """Un envoi juste en tout, sauf la version lue."""
    dits = {
        "dire": {"CALL-montant": "15 000", "CALL-motif": "Budget"},
        "repartir": {"part-CALL-exercice": "2025", "part-CALL-nature": "a", "part-CALL-montant": "5 000"},
    }[faire]
    adresse = reverse("enveloppes", args=["ami-2025"])
    return f.client("benoit").post(adresse, dits | {"financeur": "CALL", "faire": faire, "version": version})


@pytest.mark.parametrize("faire", ["dire", "repartir"])
@pytest.mark.parametrize("version", VERSIONS, ids=[v[:20] or "vide" for v in VERSIONS])
def test_une_version_d_enveloppe_hostile_n_ecrit_rien_et_se_dit(faire, version):
    ouverte = scene.enveloppe("CALL", "20000.00")
    recu = ecrire_dans_l_enveloppe(faire, version)
    assert recu.status_code == 422
    assert "a changé" in recu.content.decode()
    ouverte.refresh_from_db()
    assert (ouverte.montant, ouverte.reparti, ouverte.version) == (20000, 0, 0)
    assert ecrire_dans_l_enveloppe(faire, ouverte.version).status_code == 302


def test_une_version_d_enveloppe_demesuree_garde_levee(monkeypatch):
    """Sans la borne, le nombre se lirait en entier, et Python s'arrête à 4 300 chiffres : une panne."""
    scene.enveloppe("CALL", "20000.00")
    monkeypatch.setattr(grilles, "CHIFFRES", 10_000)
    with pytest.raises(ValueError, match="digits"):
        ecrire_dans_l_enveloppe("dire", "9" * 5000)
