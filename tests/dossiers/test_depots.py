"""Ce qui se dépose ailleurs : le pack dit les guichets, le dossier et ses volets gardent les références."""

from __future__ import annotations

from datetime import date

import pytest

from ensemblier.dossiers.depots import A_FAIRE, FAIT, PLUS_TARD, depots, depots_ailleurs, depots_de
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Demande
from ensemblier.dossiers.reponses import Reponses
from ensemblier.noyau.packs import Appel
from tests import fabriques as f
from tests import fabriques_suites as s

pytestmark = pytest.mark.django_db


def _etats(dossier):
    return {d.guichet.code: d.etat for d in depots_de(Reponses(dossier), reglement_de(dossier))}


@pytest.fixture
def aap():
    dossier = s.dossier("26-0041", appel="aap-2026")
    for code in ("CALL", "REGION", "DEPARTEMENT"):
        s.volet(dossier, "4000.00", financeur=code, etat="sollicitee")
    return dossier


def test_dauphin_ne_dispense_pas_du_departement_s71_r61(aap):
    """Le numéro Dauphin est noté ; le dépôt au Département reste « à faire »."""
    aap.numero_dauphin = "DA01234567"
    aap.save()
    assert _etats(aap)["dauphin"] == FAIT
    assert _etats(aap)["plateforme-departement"] == A_FAIRE
    Demande.objects.filter(financeur__code="DEPARTEMENT").update(
        reference_depot="DEP-12", depot_le=date(2025, 11, 5)
    )
    fait = next(d for d in depots_de(Reponses(aap), reglement_de(aap)) if d.pour and d.est_fait)
    assert (fait.ou, fait.reference, fait.le) == ("Plateforme du Département", "DEP-12", date(2025, 11, 5))


@pytest.mark.parametrize(
    ("etat", "attendu"),
    [("sollicitee", PLUS_TARD), ("en_attente", PLUS_TARD), ("proposee", A_FAIRE), ("programmee", A_FAIRE)],
)
def test_la_region_se_depose_apres_la_selection_r55(aap, etat, attendu):
    Demande.objects.filter(financeur__code="REGION").update(etat=etat)
    assert _etats(aap)["plateforme-region"] == attendu


def test_le_courrier_au_president_est_fait_quand_la_lettre_est_jointe_r62(aap):
    assert _etats(aap)["courrier-call"] == FAIT
    aap.pieces.filter(code="lettre").delete()
    assert _etats(aap)["courrier-call"] == A_FAIRE
    assert "courrier-call" not in {d.guichet.code for d in depots_ailleurs(Reponses(aap), reglement_de(aap))}


def test_qui_n_est_pas_sollicite_n_attend_rien():
    dossier = s.dossier("26-0042", appel="aap-2026")
    s.volet(dossier, "4000.00", financeur="ETAT", etat="sollicitee")
    assert set(_etats(dossier)) == {"dauphin"}


def test_un_volet_perdu_n_attend_plus_rien_mais_garde_sa_reference(aap):
    perdu = Demande.objects.filter(financeur__code="DEPARTEMENT")
    perdu.update(etat="refusee")
    assert "plateforme-departement" not in _etats(aap)
    perdu.update(reference_depot="DEP-12")
    assert _etats(aap)["plateforme-departement"] == FAIT


def test_l_ami_ne_demande_aucun_depot_ailleurs():
    dossier = s.dossier("25-0041")
    s.volet(dossier, "4000.00", etat="sollicitee")
    assert _etats(dossier) == {}


def test_un_reglement_fige_sans_guichets_les_deduit_de_ses_regles(aap):
    contenu = {**reglement_de(aap).en_json(), "guichets": ()}
    ancien = Appel.depuis_json(contenu)
    lues = Reponses(aap)
    deduits = depots(aap, ancien, demandes=lues.demandes, pieces={})
    assert [(d.ou, d.etat) for d in deduits] == [
        ("Dauphin", A_FAIRE),
        ("Plateforme des aides de la Région", PLUS_TARD),
        ("Dépôt propre au financeur DEPARTEMENT", A_FAIRE),
    ]
    assert "guichets" not in ancien.en_json()


def test_la_page_de_l_agent_dit_les_memes_depots(aap):
    lignes = f.client("benoit").get(f"/instruction/{aap.numero}/depots/").context["lignes"]
    assert {ligne["ou"]: ligne["etat"] for ligne in lignes} == {
        "Dauphin": A_FAIRE,
        "Courrier au Président de la CALL": FAIT,
        "Plateforme des aides de la Région": PLUS_TARD,
        "Plateforme du Département": A_FAIRE,
        "Communauté d'agglomération de Lens-Liévin": "sans_objet",
    }
