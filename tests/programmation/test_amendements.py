"""En séance : un montant ou un taux changé avec sa raison, les voix comptées sans les déportés (B10)."""

import re
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse

from ensemblier.comptes.models import Interet
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.programmation import actes, deports, documents
from ensemblier.programmation.actes import Voix, amendements
from ensemblier.programmation.models import Amendement, Inscription
from ensemblier.registre.actes import ActeBloque
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db


def ouverte(*membres, quorum=1, montant="9000.00"):
    dossier = scene.recevable()
    scene.proposer(dossier, montant)
    return dossier, scene.seance(dossier, membres=membres or ("elise",), quorum=quorum)


def inscription(tenue):
    return tenue.inscriptions.select_related("seance__appel", "dossier__appel", "dossier__territoire").get()


def amender(tenue, dossier, montant="7000.00", motif="Le poste 62 est surévalué.", **qui):
    actes.amender(
        inscription(tenue), scene.volet(dossier), montant=Decimal(montant), motif=motif, le=scene.JURY,
        **(qui or scene.en(dossier)),
    )  # fmt: skip


def decider(tenue, dossier, voix, decision="retenu", motif=""):
    actes.decider(
        inscription(tenue), decision=decision, motif=motif, voix=voix, le=scene.JURY, **scene.en(dossier)
    )


def test_un_montant_change_en_seance_garde_sa_raison_et_va_au_proces_verbal():
    dossier, tenue = ouverte()
    for _ in range(2):
        amender(tenue, dossier)
    assert scene.volet(dossier).propose == 7000
    (seul,) = Amendement.objects.all()
    assert (seul.avant, seul.apres) == ("9 000,00 €".replace(" ", "\N{NO-BREAK SPACE}"),
                                        "7 000,00 €".replace(" ", "\N{NO-BREAK SPACE}"))  # fmt: skip
    scene.decider(tenue, dossier)
    actes.clore_la_seance(tenue, document=False, le=scene.JURY, **scene.en(dossier))
    (ligne,) = documents.contexte_du_proces_verbal(tenue)["lignes"]
    assert [a.motif for a in ligne["amendements"]] == ["Le poste 62 est surévalué."]


@pytest.mark.parametrize(
    ("change", "dit"),
    [
        ({"motif": " "}, "La raison du changement manque"),
        ({"montant": "9000.01"}, "dépasse la demande"),
        ({"montant": "-1"}, "négatif"),
    ],
)
def test_un_amendement_refuse_ne_change_rien(change, dit):
    dossier, tenue = ouverte()
    with pytest.raises(ActeBloque, match=dit):
        amender(tenue, dossier, **change)
    assert scene.volet(dossier).propose == 9000
    assert not Amendement.objects.exists()


def test_un_amendement_se_fait_seance_ouverte_avant_la_decision_par_le_pilote():
    dossier = scene.recevable()
    scene.proposer(dossier, "9000.00")
    tenue = scene.seance(dossier, ouverte=False)
    with pytest.raises(ActeBloque, match="ouvrez-la"):
        amender(tenue, dossier)
    actes.ouvrir_la_seance(tenue, le=scene.JURY, **scene.en(dossier))
    with pytest.raises(RoleInsuffisant):
        amender(tenue, dossier, par=f.acteur("elise"), roles=set())
    for membre in tenue.participants.select_related("seance", "utilisateur"):
        actes.pointer(membre, est_present=True, le=scene.JURY, **scene.en(dossier))
    scene.decider(tenue, dossier)
    with pytest.raises(ActeBloque, match="déjà décidé"):
        amender(tenue, dossier)


def fixer(tenue, dossier, taux, motif=""):
    dossier.refresh_from_db()
    actes.retenir_taux(tenue, dossier, taux=Decimal(taux), motif=motif, le=scene.JURY, **scene.en(dossier))


def test_le_taux_fixe_deux_fois_dit_pourquoi_il_change():
    budget = scene.budget("15000.00", {"CALL": "12000.00"})
    dossier = scene.recevable(bonification={"habitants": {"declare": True}}, **budget)
    tenue = scene.seance(dossier)
    critere = dossier.criteres.get(code="habitants")
    actes.valider_critere(tenue, critere, est_valide=True, le=scene.JURY, **scene.en(dossier))
    for _ in range(2):
        fixer(tenue, dossier, "0.65")
    assert not Amendement.objects.exists()  # le premier taux n'amende rien
    with pytest.raises(ActeBloque, match="La raison du changement manque"):
        fixer(tenue, dossier, "0.80")
    fixer(tenue, dossier, "0.80", "Le comité de suivi est ouvert aux habitants.")
    seul = Amendement.objects.get()
    assert (seul.objet, seul.motif) == ("Taux", "Le comité de suivi est ouvert aux habitants.")


def test_les_voix_se_gardent_et_se_lisent_au_proces_verbal():
    f.habiliter("david", "jury", "Conseiller")
    dossier, tenue = ouverte("elise", "david")
    decider(tenue, dossier, Voix(pour=1, abstentions=1))
    lue = Inscription.objects.get()
    assert (lue.pour, lue.contre, lue.abstentions) == (1, 0, 1)
    assert lue.vote_en_clair == "1 pour, 0 contre, 1\N{NO-BREAK SPACE}abstention"


@pytest.mark.parametrize(
    ("voix", "motif", "dit"),
    [
        (Voix(2, 1), "", r"pour 2\sprésents qui votent"),
        (Voix(0, 2), "", "n'est pas adoptée"),
        (Voix(1, 1), "", "Les voix sont partagées"),
        (Voix(0, 0), "", "aucune voix"),
        (Voix(2, -1), "", "négatif"),
    ],
)  # fmt: skip
def test_un_vote_impossible_dit_pourquoi(voix, motif, dit):
    f.habiliter("david", "jury", "Conseiller")
    dossier, tenue = ouverte("elise", "david")
    with pytest.raises(ActeBloque, match=dit):
        decider(tenue, dossier, voix, motif=motif)
    assert not Inscription.objects.get().decision


def test_un_partage_des_voix_se_decide_sur_sa_raison():
    f.habiliter("david", "jury", "Conseiller")
    dossier, tenue = ouverte("elise", "david")
    decider(tenue, dossier, Voix(1, 1), motif="Voix prépondérante de la présidence.")
    assert Inscription.objects.get().decision == "retenu"


def deporte(dossier):
    Interet.objects.create(
        utilisateur=f.personne("elise"), organisme=dossier.organisme, nature="trésorière",
        connu_le=date(2025, 1, 1),
    )  # fmt: skip


def test_la_voix_d_un_deporte_ne_compte_pas():  # B10, S69
    f.habiliter("david", "jury", "Conseiller")
    dossier, tenue = ouverte("elise", "david")
    deporte(dossier)
    with pytest.raises(ActeBloque, match=r"pour 1\sprésent qui vote"):
        decider(tenue, dossier, Voix(2))
    decider(tenue, dossier, Voix(1))


def test_la_voix_d_un_deporte_ne_compte_pas_garde_levee(monkeypatch):
    f.habiliter("david", "jury", "Conseiller")
    dossier, tenue = ouverte("elise", "david")
    deporte(dossier)
    monkeypatch.setattr(deports, "interesses", lambda seance, inscriptions: ())
    decider(tenue, dossier, Voix(2))
    assert Inscription.objects.get().pour == 2


def test_le_quorum_manque_quand_un_deport_le_defait():  # B10
    f.habiliter("david", "jury", "Conseiller")
    dossier, tenue = ouverte("elise", "david", quorum=2)
    deporte(dossier)
    with pytest.raises(ActeBloque, match="1 présent, 2 requis"):
        decider(tenue, dossier, Voix(1))


def test_la_base_refuse_un_vote_a_moitie_ecrit():
    _, tenue = ouverte()
    with pytest.raises(IntegrityError), transaction.atomic():
        tenue.inscriptions.update(pour=1)


@time_machine.travel(scene.JURY)
def test_trois_formulaires_sur_une_page_ont_chacun_leurs_identifiants():
    dossier, tenue = ouverte()
    page = f.client("benoit").get(reverse("seance_decider", args=[tenue.pk, dossier.numero]))
    identifiants = re.findall(r'\bid="([^"]+)"', page.content.decode())
    assert [i for i, n in Counter(identifiants).items() if n > 1] == []
    assert len([i for i in identifiants if i.endswith("_motif")]) == 3


@time_machine.travel(scene.JURY)
def test_amender_et_voter_depuis_la_page():
    dossier, tenue = ouverte()
    benoit, args = f.client("benoit"), [tenue.pk, dossier.numero]
    volet = scene.volet(dossier)
    amendement = reverse("seance_amender", args=args)
    page = benoit.post(amendement, {"volet": volet.pk, "montant": "7000", "motif": ""})
    assert page.status_code == 422
    assert "Changer un montant" in page.content.decode()
    dits = {"volet": volet.pk, "montant": "7000", "motif": "Surévalué."}
    assert benoit.post(amendement, dits).status_code == 302
    decision = reverse("seance_decider", args=args)
    assert "Surévalué." in benoit.get(decision).content.decode()
    trop = benoit.post(decision, {"decision": "retenu", "pour": "2"})
    assert trop.status_code == 422
    assert benoit.post(decision, {"decision": "retenu", "pour": "1"}).status_code == 302
    page = benoit.get(reverse("seance", args=[tenue.pk])).content.decode()
    assert "1 pour, 0 contre, 0\N{NO-BREAK SPACE}abstention" in page
    assert f.client("elise").post(amendement, dits).status_code == 403


def test_les_garde_fous_du_vote_ne_dependent_que_des_nombres():
    assert not [*amendements.fautes_du_vote(Voix(3, 1, 1), votants=5, motif="")]
