"""Ce qu'on peut proposer et programmer : plafond, taux du jury, enveloppe, coût (S33, S36 à S43, S80)."""

from decimal import Decimal

import pytest

from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.programmation import actes
from ensemblier.programmation.calculs import attribuable_au_volet, constats_du_cumul, cumul
from ensemblier.registre.actes import ActeBloque
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db
BONIFIE = {"bonification": {"habitants": {"declare": True}}}


def attribuable(dossier, code="CALL"):
    return attribuable_au_volet(scene.volet(dossier, code)).montant


def test_au_dela_du_plafond_la_demande_s_attribue_au_plafond():  # S33
    dossier = scene.recevable(**scene.budget("18000.00", {"CALL": "9001.00"}))
    assert attribuable(dossier) == Decimal("9000.00")
    with pytest.raises(ActeBloque, match="plafond") as refus:
        scene.proposer(dossier, "9000.01")
    dit = "9 000,01 € dépasse le plafond (9 000,00 €) de 0,01 €. Au plus 9 000,00 €."
    assert str(refus.value).replace("\u00a0", " ") == dit
    calcul = scene.proposer(dossier, "9000.00")
    assert [ligne.libelle for ligne in calcul.lignes][-1] == "Attribuable au plus"
    assert scene.volet(dossier).propose == Decimal("9000.00")


def quinze_mille(**autres):
    return scene.recevable(**scene.budget("15000.00", {"CALL": "12000.00"}), **autres)


def juger(dossier, taux, *, criteres=("habitants",)):
    tenue = scene.seance(dossier)
    options = {**scene.en(dossier), "le": scene.JURY}
    for code in criteres:
        actes.valider_critere(tenue, dossier.criteres.get(code=code), est_valide=True, **options)
    return actes.retenir_taux(tenue, dossier, taux=Decimal(taux), **options)


@pytest.mark.parametrize(("taux", "plafond"), [("0.80", "12000.00"), ("0.65", "9750.00")])
def test_le_taux_du_jury_fixe_le_plafond(taux, plafond):  # S36, S38
    dossier = quinze_mille(**BONIFIE)
    juger(dossier, taux)
    assert attribuable(Dossier.objects.get(pk=dossier.pk)) == Decimal(plafond)


def test_un_critere_declare_non_valide_laisse_le_taux_de_base():  # S37
    assert attribuable(quinze_mille(**BONIFIE)) == Decimal("7500.00")


def test_le_taux_ne_passe_pas_le_maximum():  # S39
    trois = {c: {"declare": True} for c in ("habitants", "innovation", "operateurs")}
    dossier = quinze_mille(bonification=trois)
    with pytest.raises(ActeBloque, match="80"):
        juger(dossier, "0.8001", criteres=tuple(trois))
    assert Dossier.objects.get(pk=dossier.pk).taux_retenu is None


def test_sans_critere_valide_le_taux_ne_passe_pas_la_base():  # S40
    with pytest.raises(ActeBloque, match="50"):
        juger(quinze_mille(**BONIFIE), "0.5001", criteres=())


def test_un_critere_non_declare_ne_se_valide_pas():
    dossier = quinze_mille(bonification={"habitants": {"declare": False}})
    with pytest.raises(ActeBloque, match="déclaré"):
        juger(dossier, "0.80")


def test_un_critere_retire_fait_tomber_le_taux():
    dossier = quinze_mille(**BONIFIE)
    juger(dossier, "0.80")
    tenue = dossier_tenue(dossier)
    critere = dossier.criteres.select_related("dossier").get(code="habitants")
    options = {**scene.en(dossier), "le": scene.JURY}
    actes.valider_critere(tenue, critere, est_valide=False, **options)
    assert Dossier.objects.get(pk=dossier.pk).taux_retenu is None


def dossier_tenue(dossier):
    from ensemblier.programmation.models import Seance

    return Seance.objects.select_related("appel").get(inscriptions__dossier=dossier)


def code_de_lens():
    return f.territoire().financeurs.get(commune__code="LENS").code


def trois_financeurs(etat, call, commune):
    demandes = {"CALL": call, "ETAT": etat, code_de_lens(): commune}
    dossier = scene.recevable("aap-2026", **scene.budget("20000.00", dict.fromkeys(demandes, "1.00")))
    for code, montant in demandes.items():
        Demande.objects.filter(dossier=dossier, financeur__code=code).update(demande=Decimal(montant))
    for ligne in dossier.lignes_de_budget.filter(compte="autofinancement"):
        ligne.delete()
    scene.proposer(dossier, call, le=scene.NOVEMBRE)
    scene.proposer(dossier, etat, "ETAT", par="chloe", le=scene.NOVEMBRE)
    scene.proposer(dossier, commune, code_de_lens(), par="farid", le=scene.NOVEMBRE)
    return dossier


def test_les_financements_au_dela_du_cout_bloquent_la_programmation():  # S41
    dossier = trois_financeurs("8000", "10000", "4000")
    somme = cumul(dossier)
    assert (somme.total, somme.excedent) == (Decimal("22000"), Decimal("2000"))
    tenue = scene.seance(dossier, le=scene.NOVEMBRE)
    with pytest.raises(ActeBloque, match="de trop"):
        scene.decider(tenue, dossier, le=scene.NOVEMBRE)
    assert set(dossier.demandes.values_list("etat", flat=True)) == {"proposee"}


def test_les_financements_egaux_au_cout_passent_et_les_aides_publiques_se_signalent():  # S42
    dossier = trois_financeurs("6000", "10000", "4000")
    verdicts = {c.regle: str(c.verdict) for c in constats_du_cumul(dossier)}
    assert verdicts == {"cumul": "respectee", "aides-publiques": "non_respectee"}
    scene.decider(scene.seance(dossier, le=scene.NOVEMBRE), dossier, le=scene.NOVEMBRE)
    assert set(dossier.demandes.values_list("etat", flat=True)) == {"programmee"}


def test_le_reste_de_l_enveloppe_borne_la_proposition():  # S43
    dossier = scene.recevable(**scene.budget("24000.00", {"CALL": "9000.00"}))
    scene.enveloppe("CALL", "7300.00")
    with pytest.raises(ActeBloque, match="enveloppe"):
        scene.proposer(dossier, "7300.01")
    assert scene.proposer(dossier, "7300.00").limite == "enveloppe"


def test_en_aap_la_ligne_de_l_agglomeration_n_a_pas_de_plafond():  # S80, P34
    dossier = scene.recevable("aap-2026", **scene.budget("20000.00", {"CALL": "12000.00", "ETAT": "8000.00"}))
    assert attribuable(dossier) == Decimal("12000.00")


def test_en_aap_un_taux_du_territoire_plafonnerait(monkeypatch):  # S80
    dossier = scene.recevable("aap-2026", **scene.budget("20000.00", {"CALL": "12000.00", "ETAT": "8000.00"}))
    from ensemblier.appels.models import Reglement
    from ensemblier.noyau import packs

    regles = packs.Appel.depuis_json(dossier.reglement.contenu)
    plafonnees = regles.model_copy(
        update={"financement": regles.financement.model_copy(update={"taux_base": Decimal("0.50")})}
    )
    monkeypatch.setattr(Reglement, "regles", lambda self: plafonnees)
    assert attribuable(dossier) == Decimal("10000.00")


@pytest.mark.parametrize("qui", ["chloe", "amina", "elise", "odile", "fatou_finances"])
def test_la_ligne_de_l_agglomeration_ne_se_propose_que_par_son_pilote(qui):
    dossier = scene.recevable()
    with pytest.raises(RoleInsuffisant):
        scene.proposer(dossier, "100", par=qui)
    assert scene.volet(dossier).propose is None
