"""Chaque cas d'un pack est un essai : une chargée de mission peut en écrire un."""

from __future__ import annotations

from pathlib import Path

import pytest

from ensemblier.noyau.packs import lire_appels, lire_territoire
from ensemblier.noyau.packs.cas import lire_cas
from ensemblier.noyau.regles.cas import jouer

PACKS = Path(__file__).resolve().parents[2] / "packs"
RACINES = sorted(f.parent for f in PACKS.glob("*/territoire.toml"))
CAS = [(racine, fichier) for racine in RACINES for fichier, _, _ in lire_cas(racine)]
REGLES_DE_LENS = (
    [f"S{n:02d}" for n in range(1, 22)]
    + ["S23", "S24"]
    + [f"S{n}" for n in range(29, 48)]
    + ["S60", "S71", "S73", "S76", "S77", "S78", "S80", "S81", "S83", "S84"]
)


@pytest.fixture(scope="module")
def packs():
    lus = {}
    for racine in RACINES:
        territoire = lire_territoire(racine)
        cas = {fichier: (un_cas, base) for fichier, un_cas, base in lire_cas(racine)}
        lus[racine] = (territoire, lire_appels(racine, territoire), cas)
    return lus


@pytest.mark.parametrize(("racine", "fichier"), CAS, ids=[f"{r.name}-{f}" for r, f in CAS])
def test_les_regles_repondent_ce_que_le_cas_attend(packs, racine, fichier):
    territoire, appels, cas = packs[racine]
    un_cas, base = cas[fichier]
    assert jouer(un_cas, base, appels=appels, territoire=territoire) == []


def test_un_cas_dit_ses_ecarts_quand_la_regle_change_garde_levee(packs):
    territoire, appels, cas = packs[PACKS / "lens-lievin"]
    un_cas, base = cas["s02.toml"]
    ami = appels["ami-2025"]
    regles = tuple(
        r.model_copy(update={"seuil": r.seuil / 2}) if r.code == "part-qpv" else r for r in ami.regles
    )
    relachee = {"ami-2025": ami.model_copy(update={"regles": regles})}
    ecarts = jouer(un_cas, base, appels=relachee, territoire=territoire)
    assert any("part-qpv attendu non_respectee, trouvé respectee" in e for e in ecarts)
    assert any("déposable attendu False, trouvé True" in e for e in ecarts)


def test_chaque_scenario_de_regle_a_son_cas(packs):
    _, _, cas = packs[PACKS / "lens-lievin"]
    joues = {un_cas.scenario for un_cas, _ in cas.values()}
    assert set(REGLES_DE_LENS) - joues == set()


def test_un_cas_qui_attend_toutes_les_sortes_d_ecarts(packs):
    territoire, appels, cas = packs[PACKS / "lens-lievin"]
    un_cas, base = cas["s32.toml"]
    faux = un_cas.essais[0].model_copy(
        update={
            "attendu": un_cas.essais[0].attendu.model_copy(
                update={
                    "deposable": False,
                    "verdicts": {"plafond": "sans_objet", "inconnue": "respectee"},
                    "phrases": {"plafond": "jamais écrit"},
                    "remedes": {"plafond": "jamais conseillé"},
                    "bloquants": {"deposer": ("plafond",)},
                    "financement": {"plafond": "1.00"},
                    "echeancier": ("1.00",),
                }
            )
        }
    )
    ecarts = jouer(un_cas.model_copy(update={"essais": (faux,)}), base, appels=appels, territoire=territoire)
    assert len(ecarts) == 8
