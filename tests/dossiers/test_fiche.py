"""Une fiche écrite dans un dossier se relit à l'identique ; ce qui ne trouve pas sa place se dit."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from ensemblier.dossiers import actes
from ensemblier.dossiers.etats import etape
from ensemblier.dossiers.fiche import fiche_de, rapport_de, remplir
from ensemblier.dossiers.models import Dossier, Numerotation
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.noyau.regles import Fiche
from ensemblier.registre.actes import ActeBloque
from tests import fabriques
from tests.hasard import exemples

MONTANTS = st.integers(1, 10**9).map(lambda c: f"{Decimal(c) / 100:.2f}")
TEXTES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=60
).filter(str.strip)
OUI_NON = st.booleans()
FINANCEURS = st.sampled_from(["CALL", "ETAT", "LENS", "PRIVE"])
QUARTIERS = {
    "QN06224M": ("LENS",),
    "QN06225M": ("LENS", "LOISON-SOUS-LENS", "VENDIN-LE-VIEIL"), "QN06235M": ("WINGLES",),
}  # fmt: skip
ENTIERS = st.integers(1, 90_000).map(lambda n: f"{n}.00")


def _dict(**champs):
    return st.fixed_dictionaries({}, optional=champs)


@st.composite
def actions(draw):
    codes = sorted(draw(st.sets(st.sampled_from(sorted(QUARTIERS)), min_size=1)))
    return draw(_dict(
        intitule=TEXTES, pilier=st.sampled_from(["prevenir", "agir", "cooperer"]), experimentale=OUI_NON,
        experimentale_justification=TEXTES, numerique=OUI_NON, coherence_numerique=TEXTES,
        droit_commun=TEXTES,
        mobilisation_qpv=TEXTES, comite_de_suivi=TEXTES, numero_dauphin=st.just("DA01234567"),
        agent_departement=OUI_NON, heures_departement=st.sampled_from(["0.25", "12.50"]),
        depose_dauphin_le=st.just("2025-10-21"), contact_departement_le=st.just("2025-10-02"),
        gestionnaire=st.just("commune"),
        thematiques=st.sets(st.sampled_from(["culture", "sante", "sport"]), min_size=1).map(sorted),
        cibles_couvertes=st.sets(st.sampled_from(["brsa", "numerique"]), min_size=1).map(sorted),
        contacts_communes=st.just([{"commune": "LENS", "le": "2025-10-02"}]),
    )) | {"quartiers": [{"code": c, "communes": sorted(QUARTIERS[c])} for c in codes]}  # fmt: skip


FICHES = st.fixed_dictionaries(
    {"action": actions()},
    optional={
        "publics": st.integers(0, 10**6).flatmap(
            lambda total: st.fixed_dictionaries({"total": st.just(total), "qpv": st.integers(0, total)})
        ),
        "budget": st.fixed_dictionaries({
            "charges": st.dictionaries(
                st.sampled_from(["60", "604", "64", "86", "indirectes"]), MONTANTS, min_size=1
            ),
            "produits": _dict(**{
                "70": MONTANTS, "75": MONTANTS, "autofinancement": MONTANTS, "87": MONTANTS,
                "74": st.dictionaries(FINANCEURS, MONTANTS, min_size=1),
            }),
        }),
        "demande": st.dictionaries(st.sampled_from(["CALL", "ETAT", "DEPARTEMENT"]), ENTIERS, min_size=1),
        "bonification": _dict(
            habitants=_dict(declare=OUI_NON), innovation=st.fixed_dictionaries({"declare": OUI_NON})
        ),
    },
)  # fmt: skip


class AllerRetourTest(TestCase):
    @settings(max_examples=exemples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(donnees=FICHES)
    def test_la_fiche_ecrite_se_relit_a_l_identique(self, donnees):
        vide = {"action": None, "publics": None, "budget": None, "demande": None}
        dossier = fabriques.dossier("aap-2026", **vide)
        voulue = Fiche.lire(donnees)
        assert remplir(dossier, voulue, par=fabriques.acteur("amina"), le=dossier.cree_le) == []
        lue = fiche_de(Dossier.objects.get(pk=dossier.pk))
        assert _dit(lue) == _dit(voulue)


def _dit(fiche):
    """Ce que la fiche dit de l'action, rangé : l'organisme et les pièces viennent d'ailleurs."""
    donnees = fiche.en_json()
    action = donnees["action"]
    action.pop("dispositifs", None)
    action["thematiques"] = sorted(action.get("thematiques", ()))
    action["heures_departement"] = Decimal(action.get("heures_departement", 0))
    criteres = {c: v["declare"] for c, v in donnees["bonification"].items() if v and "declare" in v}
    return {
        "action": action, "publics": donnees["publics"], "budget": donnees.get("budget"),
        "demande": donnees.get("demande"), "criteres": criteres,
    }  # fmt: skip


pytestmark = pytest.mark.django_db


def test_ce_qui_n_a_pas_de_place_se_dit():
    dossier = fabriques.dossier()
    fiche = fabriques.fiche(
        action__pilier="inconnu", action__thematiques=["culture", "astrologie"],
        action__quartiers=[{"code": "QP999999", "communes": ["PARIS"]}], demande={"ETAT": "100.00"},
    )  # fmt: skip
    ecarts = remplir(dossier, fiche, par=fabriques.acteur("amina"), le=dossier.cree_le)
    tout = " ".join(ecarts)
    for mot in ("inconnu", "astrologie", "QP999999", "ETAT"):
        assert mot in tout, mot


def test_l_ancien_code_d_un_quartier_est_reconnu():  # R19
    dossier = fabriques.dossier(action__quartiers=[{"code": "QP062024", "communes": ["Lens"]}])
    assert fiche_de(dossier).en_json()["action"]["quartiers"] == [{"code": "QN06224M", "communes": ["LENS"]}]


def test_une_fiche_se_lit_en_peu_de_requetes():
    dossier = fabriques.dossier_depose("aap-2026")
    with CaptureQueriesContext(connection) as requetes:
        fiche_de(dossier)
    assert len(requetes) <= 18


def test_un_taux_du_jury_s_essaie_sans_s_ecrire():  # S36 à S38
    depose = fabriques.dossier_depose()
    depose.criteres.create(code="habitants", est_declare=True, est_valide=True)
    essai = rapport_de(depose, fiche=fiche_de(depose, jury=Decimal("0.65"))).financement
    assert essai.plafond == Decimal("11700.00")
    assert rapport_de(depose).financement.plafond == Decimal("9000.00")


def test_les_numeros_suivent_l_annee_de_l_appel():
    numeros = [fabriques.dossier().numero, fabriques.dossier("aap-2026").numero, fabriques.dossier().numero]
    assert numeros == ["25-0001", "26-0001", "25-0002"]
    assert Numerotation.objects.get(annee=2025).dernier == 2


def test_on_n_ouvre_pas_un_dossier_pour_autrui():
    with pytest.raises(RoleInsuffisant):
        actes.creer(
            appel=fabriques.appel(), organisme=fabriques.organisme("club"), par=fabriques.acteur("amina"),
            le=fabriques.instant("2025-05-20 10:00"),
        )  # fmt: skip


def test_un_appel_en_preparation_ne_recoit_pas_de_dossier():
    appel = fabriques.appel()
    type(appel).objects.filter(pk=appel.pk).update(**{"etat": "brouillon"})
    appel.refresh_from_db()
    with pytest.raises(ActeBloque, match="pas ouvert"):
        actes.creer(
            appel=appel, organisme=fabriques.organisme(), par=fabriques.acteur("amina"),
            le=fabriques.instant("2025-05-20 10:00"),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("etat", "volets", "attendue"),
    [
        ("brouillon", ["sollicitee"], "brouillon"),
        ("depose", ["sollicitee"], "depose"),
        ("recevable", ["votee", "proposee"], "proposee"),
        ("recevable", ["abandonnee", "votee"], "votee"),
        ("decide", ["refusee", "notifiee"], "notifiee"),
        ("decide", ["refusee", "refus_notifie"], "refusee"),
        ("recevable", [], "recevable"),
    ],
)
def test_l_etape_resume_les_volets(etat, volets, attendue):
    assert etape(etat, volets) == attendue


def test_une_derogation_ne_leve_qu_une_regle_derogeable():
    dossier = fabriques.dossier()
    par = fabriques.acteur("irene")
    commun = {"appel": dossier.appel, "organisme": dossier.organisme, "motif": "Motif.", "par": par,
              "roles": {d.role for d in par.droits}, "le": fabriques.instant("2025-05-20 09:00")}  # fmt: skip
    with pytest.raises(ActeBloque, match="n'admet pas"):
        actes.accorder_derogation(regle="part-qpv", **commun)
    with pytest.raises(ActeBloque, match="quel jour"):
        actes.accorder_derogation(regle="date-limite", jusqu_au=date(2025, 5, 1), **commun)
