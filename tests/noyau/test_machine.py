"""La table dit oui à ses lignes, et non à tout le reste (domaine §C.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemblier.noyau.machine import (
    Acteur,
    Droit,
    EtatInterdit,
    Machine,
    Role,
    RoleInsuffisant,
    Transition,
    TransitionRefusee,
)

ETATS = {
    "BROUILLON": ("En cours d'écriture", "Brouillon"),
    "DEPOSE": ("Déposé", "À instruire"),
    "RECEVABLE": ("En instruction", "Recevable"),
    "RETIRE": ("Retiré", "Retiré par le porteur"),
}
DEPOSER = Transition("deposer", ("BROUILLON",), "DEPOSE", frozenset({Role.SIGNATAIRE}), "Déposer")
DECLARER = Transition(
    "declarer", ("DEPOSE",), "RECEVABLE", frozenset({Role.INSTRUCTEUR}), "Déclarer recevable"
)
RETIRER = Transition(
    "retirer",
    ("DEPOSE", "RECEVABLE"),
    "RETIRE",
    frozenset({Role.SIGNATAIRE, Role.RESPONSABLE}),
    "Retirer",
    motif_requis=True,
)
MACHINE = Machine("dossier", "BROUILLON", ETATS, (DEPOSER, DECLARER, RETIRER))

etats = st.sampled_from(sorted(ETATS))
roles = st.frozensets(st.sampled_from(sorted(Role)), max_size=4)


@given(etats, st.sampled_from(MACHINE.transitions), roles, st.sampled_from(["", "  ", "parce que"]))
def test_hors_de_la_table_tout_est_refuse(etat: str, t: Transition, qui: frozenset[Role], motif: str) -> None:
    permis = etat in t.de and bool(qui & t.roles) and (not t.motif_requis or bool(motif.strip()))
    if permis:
        assert MACHINE.verifier(etat=etat, acte=t.acte, roles=qui, motif=motif) is t
    else:
        with pytest.raises(TransitionRefusee) as refus:
            MACHINE.verifier(etat=etat, acte=t.acte, roles=qui, motif=motif)
        assert refus.value.raison.endswith(".")


@given(etats, roles)
def test_les_actes_possibles_sont_exactement_ceux_que_la_table_accepte(
    etat: str, qui: frozenset[Role]
) -> None:
    possibles = {t.acte for t in MACHINE.possibles(etat=etat, roles=qui)}
    acceptes = set()
    for t in MACHINE.transitions:
        try:
            MACHINE.verifier(etat=etat, acte=t.acte, roles=qui, motif="dit")
        except TransitionRefusee:
            continue
        acceptes.add(t.acte)
    assert possibles == acceptes


def test_le_refus_dit_a_qui_revient_l_acte_et_depuis_quel_etat() -> None:
    with pytest.raises(RoleInsuffisant, match="signataire du porteur"):
        MACHINE.verifier(etat="BROUILLON", acte="deposer", roles={Role.INSTRUCTEUR})
    with pytest.raises(EtatInterdit, match="Recevable"):
        MACHINE.verifier(etat="RECEVABLE", acte="deposer", roles={Role.SIGNATAIRE})
    with pytest.raises(TransitionRefusee, match="motif"):
        MACHINE.verifier(etat="DEPOSE", acte="retirer", roles={Role.SIGNATAIRE})


def test_un_etranger_n_apprend_pas_l_etat_du_dossier() -> None:
    with pytest.raises(RoleInsuffisant) as refus:
        MACHINE.verifier(etat="RETIRE", acte="deposer", roles={Role.PUBLIC})
    assert not any(nom in refus.value.raison for noms in ETATS.values() for nom in noms)


def test_un_acte_inconnu_est_une_faute_de_programme() -> None:
    with pytest.raises(KeyError, match="inconnu"):
        MACHINE.verifier(etat="DEPOSE", acte="voler", roles=set(Role))


@pytest.mark.parametrize(
    "transition",
    [
        Transition("x", ("NULLE_PART",), "DEPOSE", frozenset(), "X"),
        Transition("x", ("DEPOSE",), "NULLE_PART", frozenset(), "X"),
        Transition("deposer", ("DEPOSE",), "RETIRE", frozenset(), "Déposer encore"),
    ],
)
def test_une_table_incoherente_ne_se_construit_pas(transition: Transition) -> None:
    with pytest.raises(ValueError, match="dossier"):
        Machine("dossier", "BROUILLON", ETATS, (DEPOSER, transition))


def test_le_porteur_et_l_agent_ne_lisent_pas_le_meme_mot() -> None:
    assert MACHINE.libelle("DEPOSE") == "À instruire"
    assert MACHINE.libelle("DEPOSE", porteur=True) == "Déposé"


def test_un_acteur_n_a_que_ses_droits() -> None:
    chloe = Acteur(
        "Chloé", "chargée de mission", "lens-lievin", droits=(Droit(Role.AGENT_FINANCEUR, financeur="ETAT"),)
    )
    assert chloe.a(Role.AGENT_FINANCEUR, Role.JURY)
    assert not chloe.a(Role.INSTRUCTEUR)
    assert [d.financeur for d in chloe.perimetres(Role.AGENT_FINANCEUR)] == ["ETAT"]


def test_chaque_role_a_un_nom_lisible() -> None:
    assert all(role.libelle for role in Role)
