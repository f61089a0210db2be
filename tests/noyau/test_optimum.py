"""La proposition de programmation : le juge d'abord, ce qu'il admet, et ce qu'elle explique."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemblier.noyau import optimum as o
from ensemblier.noyau.optimum.raisons import UN_PEU_PLUS
from tests.hasard import exemples

D = Decimal


def nets(texte: str) -> str:
    return texte.replace("\u00a0", " ")


def dossier(
    code: str, note: int, *montants: tuple[str, int], besoin: int = 10**9, **reste: object
) -> o.Candidature:
    """`montants` : (enveloppe, plafond en euros) ; `verrous` : par enveloppe, en euros."""
    verrous = reste.pop("verrous", {})
    cases = tuple(
        o.Case(f"{code}/{e}", e, m * 100, None if e not in verrous else verrous[e] * 100) for e, m in montants
    )
    parts = tuple((cle, Fraction(part)) for cle, part in reste.pop("parts", {}).items())
    return o.Candidature(code, D(note), cases, besoin, parts=parts, **reste)


def enveloppes(**euros: int) -> tuple[o.Enveloppe, ...]:
    return tuple(o.Enveloppe(code, code, montant * 100) for code, montant in euros.items())


def plancher(cle: str, euros: int) -> o.Souhait:
    return o.Souhait(cle, f"Au {cle}", cle, euros * 100)


TROIS = (
    dossier("A", 90, ("CALL", 6000), minimum=500_000, parts={"agir": 1}),
    dossier("B", 60, ("CALL", 5000), ("ETAT", 3000), minimum=400_000, parts={"coop": 1}),
    dossier("C", 40, ("ETAT", 4000), parts={"coop": 1}),
)
POSE = o.Probleme(TROIS, enveloppes(CALL=8000, ETAT=5000))


# --- Le juge


def test_la_proposition_tient_et_vaut_ce_qu_elle_dit() -> None:
    rendue = o.proposer(POSE)
    assert rendue.montants == {"A/CALL": 600_000, "B/CALL": 200_000, "B/ETAT": 300_000, "C/ETAT": 200_000}
    assert o.verifier(POSE, rendue.montants) == ()
    assert rendue.issue == "prouvee"
    assert rendue.valeur == o.valeur(POSE, rendue.montants) == (90 * 600 + 60 * 500 + 40 * 200) * 10**9
    assert rendue.ecart is not None
    assert rendue.ecart < Fraction(1, 10**5)


@pytest.mark.parametrize(
    ("cle", "centimes", "regle"),
    [
        ("A/CALL", 600_001, "plafond"),
        ("A/CALL", -1, "plafond"),
        ("A/CALL", 499_999, "minimum"),
        ("B/CALL", 200_001, "enveloppe"),
        ("C/ETAT", 200_001, "enveloppe"),
        ("A/CALL", 600_000.0, "case"),
        ("A/CALL", True, "case"),
        ("Z/CALL", 1, "case"),
    ],
)
def test_une_proposition_trafiquee_d_un_centime_est_refusee(cle: str, centimes: object, regle: str) -> None:
    bons = dict(o.proposer(POSE).montants or {})
    assert regle in {faute.regle for faute in o.verifier(POSE, {**bons, cle: centimes})}
    with pytest.raises(o.PropositionRefusee) as refus:
        o.exiger(POSE, {**bons, cle: centimes})
    assert str(refus.value).endswith(".")


def test_une_case_oubliee_un_verrou_ignore_un_besoin_depasse_un_souhait_manque_sont_vus() -> None:
    serre = replace(TROIS[1], besoin=400_000)
    verrouille = dossier("C", 40, ("ETAT", 4000), verrous={"ETAT": 1000}, parts={"coop": 1})
    moitie = o.Souhait("n", "Agir", "agir", part=Fraction(1, 2))
    pose = o.Probleme((TROIS[0], serre, verrouille), POSE.enveloppes, (plancher("coop", 5000), moitie))
    bons = {"A/CALL": 500_000, "B/CALL": 100_000, "B/ETAT": 300_000, "C/ETAT": 100_000}
    assert o.verifier(pose, bons) == ()
    vues = {
        faute.regle
        for change in ({"B/ETAT": 300_001}, {"C/ETAT": 99_999}, {"A/CALL": 499_999})
        for faute in o.verifier(pose, {**bons, **change})
    }
    assert vues == {"besoin", "plafond", "verrou", "souhait", "minimum"}
    assert [f.regle for f in o.verifier(pose, {k: v for k, v in bons.items() if k != "C/ETAT"})] == ["case"]


def test_le_juge_leve_la_faute_passe_garde_levee(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contrôle négatif : un solveur qui ment d'un centime est arrêté par le juge ; sans juge, il passe."""
    from ensemblier.noyau.optimum import resolution

    tricheur = {"A/CALL": 600_000, "B/CALL": 200_001, "B/ETAT": 300_000, "C/ETAT": 200_000}
    monkeypatch.setattr(resolution, "en_centimes", lambda *_: dict(tricheur))
    assert o.verifier(POSE, o.proposer(POSE).montants or {}) == ()
    monkeypatch.setattr(resolution, "verifier", lambda *_: ())
    with pytest.raises(o.PropositionRefusee, match="CALL serait dépassée de 0,01"):
        o.proposer(POSE)
    monkeypatch.setattr(resolution, "exiger", lambda *_: None)
    assert o.proposer(POSE).montants == tricheur


@pytest.mark.parametrize(
    ("change", "dit"),
    [
        ({"note": D(101)}, "sort de l'échelle"),
        ({"besoin": -1}, "négatif"),
        ({"parts": (("agir", Fraction(3, 2)),)}, "part sort de l'échelle"),
        ({"cases": (o.Case("x", "CAF", 1),)}, "n'existe pas"),
        ({"cases": (o.Case("x", "CALL", 100, 101),)}, "Baissez-le"),
        ({"cases": (o.Case("x", "CALL", 100, 100),), "besoin": 99}, "Baissez-en un"),
        ({"code": "B"}, "Deux fois"),
    ],
)
def test_une_entree_qui_ne_tient_pas_est_dite(change: dict[str, object], dit: str) -> None:
    with pytest.raises(o.EntreeInvalide, match=dit):
        replace(POSE, candidatures=(replace(TROIS[0], **change), *TROIS[1:]))


def test_une_enveloppe_deja_depassee_se_dit() -> None:
    with pytest.raises(o.EntreeInvalide, match="déjà dépassée de"):
        replace(POSE, enveloppes=enveloppes(CALL=-1, ETAT=5000))


# --- Ce qu'elle explique


def test_chaque_dossier_sans_argent_a_sa_raison() -> None:
    pose = o.Probleme(
        (
            TROIS[0],
            dossier("B", 60, ("CALL", 5000), minimum=400_000),
            dossier("N", 0, ("CALL", 100)),
            dossier("V", 80, ("CALL", 100), verrous={"CALL": 0}),
            dossier("M", 80, ("CALL", 100), minimum=10_001),
            dossier("R", 80, ("CALL", 100), besoin=0),
            dossier("P", 80, ("CALL", 0)),
            dossier("X", 80),
        ),
        enveloppes(CALL=8000),
    )  # fmt: skip
    dits = {r.code: (r.cause, nets(r.phrase)) for r in o.proposer(pose).refus}
    assert {code: cause for code, (cause, _) in dits.items()} == {
        "B": "enveloppe", "N": "note", "V": "verrou", "M": "minimum", "R": "besoin", "P": "plafond",
        "X": "demande",
    }  # fmt: skip
    assert dits["B"][1] == (
        "Il lui faut au moins 4 000,00 €, il pourrait en recevoir 2 000,00 €. Il reste CALL 2 000,00 € ; "
        "la plus basse note servie par là est 90, la sienne est 60."
    )


def test_un_souhait_de_part_arrete_un_dossier_et_se_nomme() -> None:
    nouveau = dossier("A", 50, ("CALL", 1000), parts={"nouveaux": 1})
    pose = o.Probleme(
        (nouveau, dossier("B", 90, ("CALL", 5000), minimum=200_000)),
        enveloppes(CALL=8000), (o.Souhait("n", "Nouveaux porteurs", "nouveaux", part=Fraction(1, 2)),),
    )  # fmt: skip
    rendue = o.proposer(pose)
    assert rendue.montants == {"A/CALL": 100_000, "B/CALL": 0}
    assert [(r.code, r.cause) for r in rendue.refus] == [("B", "souhait")]
    assert "Nouveaux porteurs" in rendue.refus[0].phrase


def test_mille_euros_de_plus_disent_qui_ils_financeraient() -> None:
    dits = {m.enveloppe: m for m in o.proposer(POSE).marges}
    assert dits["CALL"].gagnants == (("B", UN_PEU_PLUS),)
    assert (
        nets(dits["CALL"].phrase) == "1 000,00 € de plus dans l'enveloppe CALL financeraient B (+1 000,00 €)."
    )
    assert dits["ETAT"].gagnants == (("C", UN_PEU_PLUS),)


def test_mille_euros_de_plus_ne_servent_a_rien_quand_tout_est_servi() -> None:
    large = replace(POSE, enveloppes=enveloppes(CALL=50_000, ETAT=3000))
    dits = {m.enveloppe: nets(m.phrase) for m in o.proposer(large).marges}
    assert dits["CALL"].endswith("ne financeraient rien : tout ce qu'elle peut accorder l'est déjà.")
    assert dits["ETAT"].endswith("financeraient C (nouveau, 1 000,00 €).")


def test_des_souhaits_qui_se_contredisent_sont_nommes_et_eux_seuls() -> None:
    souhaits = (plancher("agir", 5500), plancher("coop", 8000), o.Souhait("z", "Facile", "coop", 100))
    rendue = o.proposer(replace(POSE, souhaits=souhaits))
    assert rendue.issue == "contradiction"
    assert rendue.montants is None
    assert rendue.conflit is not None
    assert {m.cle for m in rendue.conflit.membres} == {"agir", "coop"}
    assert rendue.conflit.enveloppes == ("CALL", "ETAT")
    assert "se contredisent" in rendue.conflit.phrase
    assert "« Au coop » : au plus 7 500,00 €" in nets(rendue.conflit.remedes[1])


def test_un_verrou_peut_contredire_un_souhait() -> None:
    ferme = dossier("A", 90, ("CALL", 6000), verrous={"CALL": 0}, parts={"agir": 1})
    rendue = o.proposer(replace(POSE, candidatures=(ferme, *TROIS[1:]), souhaits=(plancher("agir", 1),)))
    assert rendue.conflit is not None
    assert {m.cle for m in rendue.conflit.membres} == {"agir", "A/CALL"}
    assert any("Libérez A" in remede for remede in rendue.conflit.remedes)


def test_une_enveloppe_se_dit_par_son_nom_et_non_par_son_code() -> None:
    nommees = (o.Enveloppe("CALL/7", "CALL (2026, FTU)", 100_000),)
    ferme = o.Candidature("A", D(90), (o.Case("a", "CALL/7", 1000, 0),), 1000, parts=(("agir", Fraction(1)),))
    rendue = o.proposer(o.Probleme((ferme,), nommees, (plancher("agir", 1),)))
    assert rendue.conflit is not None
    assert "fixés à la main (CALL (2026, FTU))" in rendue.conflit.phrase
    libre = replace(ferme, cases=(o.Case("a", "CALL/7", 1000),))
    faute = o.verifier(o.Probleme((libre,), nommees), {"a": 1001})[0]
    assert "ce que CALL (2026, FTU) peut accorder" in faute.phrase
    with pytest.raises(o.EntreeInvalide, match=r"CALL \(2026, FTU\) peut lui accorder"):
        o.Probleme((replace(ferme, cases=(o.Case("a", "CALL/7", 1000, 1001),)),), nommees)


# --- Le temps, l'annulation, la répétition


def test_l_annulation_rend_la_liste_par_note_deja_admise() -> None:
    vus: list[o.Avancement] = []

    def arreter(avancement: o.Avancement) -> bool:
        vus.append(avancement)
        return False

    rendue = o.proposer(POSE, suivre=arreter)
    assert vus
    assert rendue.montants is not None
    assert o.verifier(POSE, rendue.montants) == ()


def test_sans_temps_rien_de_faux_n_est_rendu() -> None:
    rendue = o.proposer(POSE, limite=0.0)
    assert rendue.montants is None or o.verifier(POSE, rendue.montants) == ()


def test_deux_calculs_rendent_la_meme_proposition() -> None:
    une, autre = o.proposer(POSE), o.proposer(POSE)
    assert (une.montants, une.borne, une.refus, une.marges) == (
        autre.montants,
        autre.borne,
        autre.refus,
        autre.marges,
    )


def test_le_solveur_ne_se_charge_qu_au_premier_calcul() -> None:
    code = "import sys, ensemblier.noyau.optimum; sys.exit(bool({'highspy', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- Propriétés


@st.composite
def problemes(
    tirer: st.DrawFn, *, dossiers: int = 6, pas: int | None = None, parts: bool = True
) -> o.Probleme:
    """Petits problèmes ; `pas` : tous les montants en sont des multiples, et petits, pour énumérer."""
    unite = pas or tirer(st.sampled_from((1, 33, 100, 12_345)))
    haut = 3 if pas else 40
    codes = ("E", "F", "G")[: tirer(st.integers(1, 2 if pas else 3))]
    montant = st.integers(0, haut).map(lambda n: n * unite)
    candidatures = []
    for rang in range(tirer(st.integers(1, dossiers))):
        siens = tirer(st.lists(st.sampled_from(codes), unique=True, min_size=1, max_size=2))
        plafonds = [tirer(montant) for _ in siens]
        besoin = tirer(st.integers(0, 2 * haut)) * unite
        cases, pris = [], 0
        for e, plafond in zip(siens, plafonds, strict=True):
            verrou = tirer(montant) if tirer(st.integers(0, 5)) == 0 else None
            if verrou is not None and (verrou > plafond or pris + verrou > besoin):
                verrou = None
            pris += verrou or 0
            cases.append(o.Case(f"{rang}/{e}", e, plafond, verrou))
        etiquettes = [(tirer(st.sampled_from(("agir", "coop"))), Fraction(1))]
        if parts and tirer(st.booleans()):
            etiquettes.append((tirer(st.sampled_from(("q1", "q2"))), Fraction(1, tirer(st.integers(1, 3)))))
        candidatures.append(
            o.Candidature(
                str(rang), D(tirer(st.integers(0, 400))) / 4, tuple(cases), besoin,
                tirer(st.integers(0, haut)) * unite, tuple(etiquettes),
            )
        )  # fmt: skip
    souhaits = [
        o.Souhait(cle, cle, cle, tirer(st.integers(0, haut)) * unite)
        for cle in tirer(st.sets(st.sampled_from(("agir", "q1") if parts else ("agir", "coop")), max_size=2))
    ]
    if parts and tirer(st.booleans()):
        souhaits.append(o.Souhait("p", "p", "coop", part=Fraction(tirer(st.integers(0, 6)), 10)))
    return o.Probleme(
        tuple(candidatures),
        tuple(o.Enveloppe(c, c, tirer(st.integers(0, 3 * haut)) * unite) for c in codes),
        tuple(sorted(souhaits, key=lambda s: s.cle)), tirer(st.sampled_from(o.Objectif)),
    )  # fmt: skip


@settings(max_examples=exemples(120), deadline=None)
@given(problemes())
def test_jamais_une_regle_cassee_ni_moins_que_la_liste_par_note(pose: o.Probleme) -> None:
    rendue = o.proposer(pose, expliquer=False)
    liste = o.par_note(pose)
    if rendue.montants is None:
        assert rendue.conflit is not None
        assert o.verifier(pose, liste)
        return
    assert o.verifier(pose, rendue.montants) == ()
    assert rendue.borne is not None
    assert rendue.valeur <= rendue.borne
    if not o.verifier(pose, liste):
        assert rendue.valeur >= o.valeur(pose, liste) == rendue.valeur_par_note
    servis = {c.code for c in pose.candidatures if any(rendue.montants[case.cle] for case in c.cases)}
    assert {r.code for r in rendue.refus} == {c.code for c in pose.candidatures} - servis


@settings(max_examples=exemples(60), deadline=None)
@given(problemes())
def test_mille_euros_de_plus_ne_retirent_rien_a_personne(pose: o.Probleme) -> None:
    rendue = o.proposer(pose)
    assert len(rendue.marges) == (0 if rendue.montants is None else len(pose.enveloppes))
    assert all(centimes > 0 for marge in rendue.marges for _, centimes in marge.gagnants)
    assert all(sum(c for _, c in marge.gagnants) >= 0 and marge.gain >= 0 for marge in rendue.marges)


def enumerees(pose: o.Probleme, pas: int) -> list[dict[str, int]]:
    cles = [case.cle for _, case in pose.cases]
    choix = [range(0, case.plafond + 1, pas) for _, case in pose.cases]
    return [
        m for valeurs in product(*choix) if not o.verifier(pose, m := dict(zip(cles, valeurs, strict=True)))
    ]


@settings(max_examples=exemples(120), deadline=None)
@given(st.data(), st.sampled_from((1, 100, 250_000)))
def test_un_petit_cas_egale_l_enumeration_de_tous_les_choix(data: st.DataObject, pas: int) -> None:
    pose = data.draw(problemes(dossiers=3, pas=pas, parts=False))
    tous = enumerees(pose, pas)
    rendue = o.proposer(pose, expliquer=False)
    if not tous:
        assert rendue.montants is None
        assert rendue.conflit is not None
        return
    assert rendue.montants is not None
    assert rendue.valeur == max(o.valeur(pose, m) for m in tous)


@settings(max_examples=exemples(60), deadline=None)
@given(st.data())
def test_une_contradiction_est_minimale(data: st.DataObject) -> None:
    """Avec tous ses membres, rien ne tient ; qu'on en ôte un seul, quelque chose tient : par énumération."""
    pose = data.draw(problemes(dossiers=3, pas=100, parts=False))
    rendue = o.proposer(pose, expliquer=False)
    if rendue.conflit is None:
        return
    membres = rendue.conflit.membres
    assert membres
    assert not enumerees(reduit(pose, membres), 100)
    for ote in membres:
        assert enumerees(reduit(pose, [m for m in membres if m != ote]), 100)


def reduit(pose: o.Probleme, membres: object) -> o.Probleme:
    cles = {m.cle for m in membres}
    return replace(
        pose,
        souhaits=tuple(s for s in pose.souhaits if s.cle in cles),
        candidatures=tuple(
            replace(c, cases=tuple(k if k.cle in cles else replace(k, verrou=None) for k in c.cases))
            for c in pose.candidatures
        ),
    )  # fmt: skip
