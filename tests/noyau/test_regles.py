"""Les règles expliquent et ne lèvent jamais ; la fiche dit toutes ses fautes d'un coup."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ensemblier.noyau.packs import lire_appels, lire_territoire
from ensemblier.noyau.packs.regle import Regle
from ensemblier.noyau.regles import Fiche, FicheInvalide, TypePorteur, Verdict, evaluer
from ensemblier.noyau.regles.evaluation import JUGES
from tests.hasard import exemples

PACKS = Path(__file__).resolve().parents[2] / "packs"
TERRITOIRES = {nom: lire_territoire(PACKS / nom) for nom in ("lens-lievin", "val-fictif")}
APPELS = {
    (nom, slug): appel
    for nom, territoire in TERRITOIRES.items()
    for slug, appel in lire_appels(PACKS / nom, territoire).items()
}
LENS = TERRITOIRES["lens-lievin"]
AMI, AAP = APPELS["lens-lievin", "ami-2025"], APPELS["lens-lievin", "aap-2026"]


def _ami(**changements):
    base = {
        "depose_le": "2025-05-20T10:00:00+02:00",
        "porteur": {"type": "association", "siren": "123456782", "commune_siege": "Lens"},
        "action": {
            "intitule": "Cuisines de quartier",
            "pilier": "agir",
            "mobilisation_qpv": "Porte-à-porte.",
            "quartiers": [{"code": "QP062025", "communes": ["LENS"]}],
        },
        "publics": {"total": 100, "qpv": 80},
        "budget": {
            "charges": {"60": "18000.00"},
            "produits": {"74": {"CALL": "9000.00"}, "autofinancement": "9000.00"},
        },
        "pieces": ["lettre", "cerfa", "statuts", "dirigeants", "recepisse", "rib", "cer", "attestation"],
        "demande": {"CALL": "9000.00"},
    }
    return {**base, **changements}


def _juger(donnees, appel=AMI):
    return evaluer(appel, Fiche.lire(donnees), territoire=LENS)


def test_le_rapport_a_la_forme_promise():
    sortie = _juger(_ami()).en_json()
    assert json.loads(json.dumps(sortie)) == sortie
    assert sortie["deposable"] is True
    assert sortie["reglement"] == AMI.empreinte()
    assert sortie["moteur"]
    assert sortie["financement"]["assiette"] == "18000.00"
    assert sortie["financement"]["taux"] == "0.50"
    assert sortie["financement"]["plafond"] == "9000.00"
    assert set(sortie["financement"]["lignes"][0]) == {"libelle", "calcul", "montant"}
    assert [(t["rang"], t["montant"], t["condition"]) for t in sortie["echeancier"]] == [
        (1, "9000.00", "notification")
    ]
    constat = next(c for c in sortie["constats"] if c["regle"] == "part-qpv")
    attendues = {
        "regle",
        "verdict",
        "bloquante",
        "bloque",
        "financeur",
        "phrase",
        "valeurs",
        "source",
        "remede",
        "champs",
    }
    assert attendues <= set(constat)
    assert {"document", "page", "citation"} <= set(constat["source"])
    assert constat["bloquante"] is True
    assert constat["bloque"] == ["deposer"]


def test_l_affichage_ne_contredit_jamais_le_verdict_s03():
    refuse = _juger(_ami(publics={"total": 999, "qpv": 599})).constat("part-qpv")
    assert refuse.verdict == Verdict.NON_RESPECTEE
    assert refuse.valeurs["part"] == "59,96\u00a0%"
    juste = _juger(_ami(publics={"total": 5, "qpv": 3})).constat("part-qpv")
    assert juste.phrase == "3 sur 5, soit 60,0\u00a0%."


def test_chaque_genre_de_regle_a_son_juge():
    union = get_args(Regle)[0]
    genres = {get_args(modele.model_fields["genre"].annotation)[0] for modele in get_args(union)}
    assert genres == set(JUGES)


def test_chaque_constat_dit_sa_source_et_son_remede_quand_il_arrete():
    vide = _juger({}, AAP)
    for constat in vide.constats:
        assert constat.source.citation
        assert constat.phrase.endswith((".", "»"))
        if constat.arrete("deposer"):
            assert constat.remede, constat.regle


def test_une_fiche_vide_n_est_pas_deposable_et_rien_n_y_est_faux():
    rapport = _juger({})
    assert not rapport.deposable
    assert {c.verdict for c in rapport.constats} <= {Verdict.A_RENSEIGNER, Verdict.SANS_OBJET}


def test_un_volet_arrete_n_arrete_que_lui_s18():
    fiche = _ami(demande={"CALL": "9000", "DEPARTEMENT": "500"}, depose_le="2025-10-21T10:00:00+02:00")
    fiche["action"] = {
        **fiche["action"],
        "thematiques": ["culture"],
        "comite_de_suivi": "Trois membres.",
        "contacts_communes": [{"commune": "Lens", "le": "2025-10-01"}],
        "agent_departement": True,
    }
    rapport = _juger(fiche, AAP)
    assert rapport.deposable
    assert [c.regle for c in rapport.bloquants("deposer")] == []
    assert [c.regle for c in rapport.bloquants("deposer", "DEPARTEMENT")] == ["heures-departement"]
    assert rapport.bloquants("deposer", "CALL") == ()


@pytest.mark.parametrize(
    ("heures", "verdict"),
    [
        ("0", "non_respectee"),
        ("0.1", "non_respectee"),
        ("12.5", "respectee"),
        (12.5, "respectee"),
        (3, "respectee"),
    ],
)
def test_les_heures_vont_par_quart_d_heure_p22(heures, verdict):
    fiche = _ami(action={"agent_departement": True, "heures_departement": heures})
    assert _juger(fiche, AAP).constat("heures-departement").verdict == verdict


def test_un_depot_avant_l_ouverture_dit_quand_revenir():
    constat = _juger(_ami(depose_le="2025-10-19T23:59:59+02:00"), AAP).constat("date-limite")
    assert constat.verdict == Verdict.NON_RESPECTEE
    assert "20\u00a0octobre 2025" in constat.phrase


def test_un_contact_suffit_s_il_precede_le_depot_sur_dauphin_p20():
    action = {
        **_ami()["action"],
        "contacts_communes": [{"commune": "LENS", "le": "2025-10-22"}],
        "depose_dauphin_le": "2025-10-23",
    }
    fiche = _ami(depose_le="2025-10-21T10:00:00+02:00", action=action)
    assert _juger(fiche, AAP).constat("contact-communal").verdict == Verdict.RESPECTEE
    action["depose_dauphin_le"] = "2025-10-21"
    assert _juger(_ami(action=action), AAP).constat("contact-communal").verdict == Verdict.NON_RESPECTEE


def test_une_commune_contactee_deux_fois_compte_au_premier_contact():
    action = {
        **_ami()["action"],
        "contacts_communes": [
            {"commune": "Lens", "le": "2025-11-01"},
            {"commune": "LENS", "le": "2025-10-01"},
        ],
    }
    fiche = _ami(depose_le="2025-10-21T10:00:00+02:00", action=action)
    assert _juger(fiche, AAP).constat("contact-communal").verdict == Verdict.RESPECTEE


def test_un_contact_sans_date_ne_compte_pas():
    action = {**_ami()["action"], "contacts_communes": [{"commune": "LENS"}]}
    constat = _juger(_ami(action=action), AAP).constat("contact-communal")
    assert constat.verdict == Verdict.NON_RESPECTEE
    assert constat.valeurs["sans_date"] == ["LENS"]


@pytest.mark.parametrize(
    ("quartiers", "morceau"),
    [
        ([{"code": "QP999999", "communes": []}], "n'est pas un quartier du territoire"),
        ([{"code": "QN06225M", "communes": ["WINGLES"]}], "n'est pas une commune du quartier"),
    ],
)
def test_un_couple_inconnu_est_nomme_r17(quartiers, morceau):
    constat = _juger(_ami(action={"quartiers": quartiers})).constat("quartiers")
    assert constat.verdict == Verdict.NON_RESPECTEE
    assert morceau in constat.phrase


def test_l_ancien_code_se_dit_avec_le_nouveau_r19():
    constat = _juger(_ami()).constat("quartiers")
    assert constat.valeurs["codes_en_vigueur"] == {"QP062025": "QN06225M"}


def test_une_demande_a_un_financeur_hors_appel_est_refusee():
    rapport = _juger(_ami(demande={"CALL": "9000", "ETAT": "100"}))
    assert rapport.constat("demande").verdict == Verdict.NON_RESPECTEE
    assert not rapport.deposable


def test_un_financeur_inconnu_au_plan_se_signale():
    fiche = _ami()
    fiche["budget"] = {"charges": {"60": "100"}, "produits": {"74": {"MYSTERE": "100"}}}
    constat = _juger(fiche).constat("financeurs")
    assert constat.verdict == Verdict.NON_RESPECTEE
    assert not constat.bloquante


def test_les_aides_privees_ne_sont_pas_publiques_k10():
    fiche = _ami()
    fiche["budget"] = {"charges": {"60": "100"}, "produits": {"74": {"PRIVE": "90"}, "autofinancement": "10"}}
    assert _juger(fiche, AAP).constat("aides-publiques").verdict == Verdict.RESPECTEE
    fiche["budget"]["produits"]["74"] = {"EUROPE": "90"}
    assert _juger(fiche, AAP).constat("aides-publiques").verdict == Verdict.NON_RESPECTEE


def test_un_sous_compte_compte_dans_sa_classe():
    fiche = _ami()
    fiche["budget"] = {
        "charges": {"604": "100", "864": "7"},
        "produits": {"autofinancement": "100", "87": "7"},
    }
    rapport = _juger(fiche)
    assert rapport.financement.assiette == Decimal("100.00")
    assert rapport.constat("equilibre").verdict == Verdict.RESPECTEE


def test_une_cible_deja_couverte_se_signale_sans_bloquer_r37():
    fiche = _ami(action={"thematiques": ["emploi-insertion"], "cibles_couvertes": ["brsa", "autre"]})
    constat = _juger(fiche, AAP).constat("cibles-couvertes")
    assert constat.verdict == Verdict.NON_RESPECTEE
    assert not constat.bloque


def test_la_coherence_numerique_se_juge_par_une_personne_r39():
    fiche = _ami(action={"numerique": True, "coherence_numerique": "Axe 2 de la feuille de route."})
    assert _juger(fiche, AAP).constat("numerique").verdict == Verdict.A_VERIFIER
    assert _juger(_ami(action={"numerique": False}), AAP).constat("numerique").verdict == Verdict.SANS_OBJET
    assert _juger(_ami(action={"numerique": True}), AAP).constat("numerique").verdict == Verdict.A_RENSEIGNER


def test_l_engagement_repute_souscrit_dispense_de_la_case_b7():
    fiche = _ami(pieces=["attestation"], porteur={"type": "association", "cer_repute_souscrit": True})
    assert _juger(fiche).constat("cer").verdict == Verdict.RESPECTEE


def test_une_tolerance_refusee_bloque():
    action = {
        "thematiques": ["emploi-insertion"],
        "experimentale": True,
        "experimentale_justification": "Inédite.",
        "tolerance_validee": False,
    }
    rapport = _juger(_ami(action=action, publics={"total": 14, "qpv": 10}), AAP)
    assert rapport.constat("cohorte-emploi").verdict == Verdict.NON_RESPECTEE


def test_toutes_les_fautes_d_une_fiche_sont_dites_a_la_fois():
    with pytest.raises(FicheInvalide) as refus:
        Fiche.lire(
            {
                "depose_le": "2025-05-20T10:00:00",
                "porteur": {"type": "asso"},
                "publics": {"total": -1, "qpv": True},
                "budget": {"charges": {"99": "1", "60": 1.5}, "produits": {"74": "12"}},
                "demande": {"CALL": "1.001"},
                "inconnue": 1,
            }
        )
    chemins = {chemin for chemin, _, _ in refus.value.erreurs}
    assert chemins == {
        "depose_le",
        "porteur.type",
        "publics.total",
        "publics.qpv",
        "budget.charges.99",
        "budget.charges.60",
        "budget.produits.74",
        "demande.CALL",
        "inconnue",
    }
    assert all(attendu and lu for _, lu, attendu in refus.value.erreurs)


@pytest.mark.parametrize(
    "valeur", ["NaN", "Infinity", "1e5", "-1", "1,5", "", "9" * 41, 1.0, True, None, [], "99999999999.00"]
)
def test_un_montant_douteux_est_refuse(valeur):
    with pytest.raises(FicheInvalide):
        Fiche.lire({"demande": {"CALL": valeur}})


@pytest.mark.parametrize("donnees", [[], "x", None, 3])
def test_une_fiche_qui_n_est_pas_un_objet_est_refusee(donnees):
    with pytest.raises(FicheInvalide):
        Fiche.lire(donnees)


_textes = st.one_of(st.none(), st.text(max_size=12))
_montants = st.one_of(
    st.decimals(min_value=0, max_value=Decimal("9999999999.99"), places=2).map(lambda d: f"{d:f}"),
    st.just("0"),
)
_jours = st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31)).map(str)
_booleens = st.one_of(st.none(), st.booleans())
_effectifs = st.one_of(st.none(), st.integers(0, 100_000_000), st.integers(0, 20))
_noms = st.sampled_from(["LENS", "Lens", "HAISNES", "WINGLES", "Paris", "é", "OMBREVAL"])
_quartiers = st.sampled_from(["QP062025", "QN06225M", "QN06216M", "QN99901M", "X"])
_codes = st.sampled_from(["CALL", "ETAT", "DEPARTEMENT", "REGION", "PRIVE", "LENS", "ZZ", "CCVO"])
_criteres = st.fixed_dictionaries({}, optional={"declare": _booleens, "valide": _booleens})
_fiches = st.fixed_dictionaries(
    {},
    optional={
        "depose_le": st.datetimes(
            dt.datetime(1900, 1, 2), dt.datetime(2200, 12, 30), timezones=st.just(dt.UTC)
        ).map(lambda d: d.isoformat()),
        "derogation_jusqu_au": _jours,
        "porteur": st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from([str(t) for t in TypePorteur]),
                "commune_siege": _noms,
                "cer_repute_souscrit": _booleens,
                "obligations": st.lists(
                    st.fixed_dictionaries(
                        {"exercice": st.integers(1900, 2200), "echeance": _jours},
                        optional={"satisfaite_le": _jours, "dispense_le": _jours},
                    ),
                    max_size=2,
                ),
            },
        ),
        "action": st.fixed_dictionaries(
            {},
            optional={
                "intitule": _textes,
                "pilier": st.sampled_from(["agir", "cooperer", "grandir", "rien"]),
                "thematiques": st.lists(st.sampled_from(["emploi-insertion", "culture", "zz"]), max_size=2),
                "dispositifs": st.lists(st.sampled_from(["ftu", "FTU", "zz"]), max_size=2),
                "gestionnaire": st.sampled_from([str(t) for t in TypePorteur]),
                "experimentale": _booleens,
                "experimentale_justification": _textes,
                "tolerance_validee": _booleens,
                "numerique": _booleens,
                "coherence_numerique": _textes,
                "droit_commun": _textes,
                "cibles_couvertes": st.lists(st.sampled_from(["brsa", "zz"]), max_size=2),
                "mobilisation_qpv": _textes,
                "comite_de_suivi": _textes,
                "numero_dauphin": _textes,
                "depose_dauphin_le": _jours,
                "quartiers": st.lists(
                    st.fixed_dictionaries(
                        {"code": _quartiers}, optional={"communes": st.lists(_noms, max_size=3)}
                    ),
                    max_size=3,
                ),
                "contacts_communes": st.lists(
                    st.fixed_dictionaries({"commune": _noms}, optional={"le": _jours}), max_size=3
                ),
                "agent_departement": _booleens,
                "heures_departement": st.one_of(
                    st.floats(0, 1000, allow_nan=False).map(lambda h: f"{h:.4f}"),
                    _montants.filter(lambda m: Decimal(m) <= 1_000_000),
                ),
                "contact_departement_le": _jours,
            },
        ),
        "publics": st.fixed_dictionaries({}, optional={"total": _effectifs, "qpv": _effectifs}),
        "budget": st.fixed_dictionaries(
            {},
            optional={
                "charges": st.dictionaries(
                    st.sampled_from(["60", "604", "69", "indirectes", "86", "864"]), _montants
                ),
                "produits": st.fixed_dictionaries(
                    {},
                    optional={
                        "70": _montants,
                        "74": st.dictionaries(_codes, _montants),
                        "autofinancement": _montants,
                        "87": _montants,
                    },
                ),
            },
        ),
        "bonification": st.fixed_dictionaries(
            {},
            optional={
                "habitants": _criteres,
                "innovation": _criteres,
                "autres": st.dictionaries(st.sampled_from(["jeunesse", "entreprise"]), _criteres),
                "taux_jury": st.decimals(0, 1, places=6).map(lambda d: f"{d:f}"),
            },
        ),
        "pieces": st.lists(
            st.sampled_from(["lettre", "cerfa", "rib", "cer", "attestation", "zz"]), max_size=4
        ),
        "demande": st.dictionaries(_codes, _montants),
        "depots": st.dictionaries(_codes, _jours),
        "reste_enveloppe": _montants,
    },
)


@settings(max_examples=exemples(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(donnees=_fiches)
def test_evaluer_ne_leve_jamais_sur_une_fiche_admise(donnees):
    fiche = Fiche.lire(donnees)
    assert Fiche.lire(fiche.en_json()) == fiche
    for (nom, _), appel in APPELS.items():
        rapport = evaluer(appel, fiche, territoire=TERRITOIRES[nom])
        assert len(rapport.constats) == len(appel.regles)
        json.dumps(rapport.en_json())
        globaux = rapport.bloquants("deposer")
        if globaux:
            assert not rapport.deposable
        attribuable = rapport.financement.attribuable
        if attribuable is not None:
            assert attribuable >= 0
            assert sum((t.montant for t in rapport.echeancier), Decimal(0)) in (attribuable, Decimal(0))


@settings(max_examples=exemples(200), deadline=None)
@given(total=st.integers(1, 5000), part=st.integers(0, 5000))
def test_le_remede_de_la_part_est_exact_et_minimal(total, part):
    qpv = min(part, total)
    constat = _juger(_ami(publics={"total": total, "qpv": qpv})).constat("part-qpv")
    requis = constat.valeurs["requis"]
    assert (constat.verdict == Verdict.RESPECTEE) == (100 * qpv >= 60 * total)
    assert 100 * requis >= 60 * total
    assert 100 * (requis - 1) < 60 * total


def test_un_financeur_se_lit_par_son_nom_jamais_par_son_code():
    """« État », « Département » : dans le calcul du cumul, et sur la règle d'un seul volet."""
    subventions = {"CALL": "6000.00", "ETAT": "2000.00", "DEPARTEMENT": "1000.00"}
    budget = {"charges": {"60": "18000.00"}, "produits": {"74": subventions, "autofinancement": "9000.00"}}
    rapport = _juger(_ami(budget=budget, demande={"DEPARTEMENT": "1000.00"}), AAP)
    calculs = [c.jugement.mesure.donnees for c in rapport.constats if c.ecrite.genre == "cumul"]
    assert calculs
    for donnees in calculs:
        assert "État" in str(donnees)
        assert "ETAT" not in str(donnees)
    seuls = [c for c in rapport.constats if c.financeur == "DEPARTEMENT"]
    assert seuls
    assert {c.volet for c in seuls} == {"Département"}
    assert {c.en_json()["financeur"] for c in seuls} == {"DEPARTEMENT"}
