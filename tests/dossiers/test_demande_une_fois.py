"""Ce qui est demandé une fois pour tous, et ce qu'un seul financeur demande (É6, R61)."""

from html import unescape

import pytest

from ensemblier.dossiers import etapes
from ensemblier.dossiers.fiche import rapport_de, reglement_de
from ensemblier.interface import constats
from tests import fabriques as f

pytestmark = pytest.mark.django_db
MAINTENANT = f.instant("2025-10-25 10:00")


def _lire(brouillon, etape):
    adresse = f"/dossiers/{brouillon.numero}/{etape}/"
    return unescape(f.client("amina").get(adresse).content.decode()).replace("\u00a0", " ")


def test_l_etape_des_demandes_dit_ce_qu_un_seul_financeur_demande():
    page = _lire(f.dossier("aap-2026"), "demandes")
    assert "Vos réponses sont demandées une fois" in page
    assert page.count("Demandé seulement par ce financeur :") == 2, "le Département et la Région"
    dit = page[page.index("Département du Pas-de-Calais</h3>") :]
    assert "heures d'agents du département" in dit[: dit.index("</div>")]


def test_un_appel_a_un_seul_financeur_n_en_parle_pas():
    page = _lire(f.dossier("ami-2025"), "demandes")
    assert "demandées une fois" not in page
    assert "Demandé seulement par" not in page
    assert "Demandé une fois" not in page


def test_le_panneau_separe_ce_qui_est_a_tous_et_ce_qui_est_a_un_seul():
    brouillon = f.dossier("aap-2026", action__agent_departement=True, action__heures_departement=None)
    rapport = rapport_de(brouillon, le=MAINTENANT)
    vus = constats.par_volet(etapes.sans_les_declarations(rapport, reglement_de(brouillon)))
    assert [pour for pour, _ in vus] == ["Demandé une fois, pour tous", *(p for p, _ in vus[1:])]
    a_part = {c.regle: pour for pour, siens in vus[1:] for c in siens}
    assert a_part["heures-departement"].startswith("Demandé seulement par : ")
    assert all(c.financeur is None for c in vus[0][1])
    assert sum(len(siens) for _, siens in vus) == len(
        etapes.sans_les_declarations(rapport, reglement_de(brouillon))
    )
