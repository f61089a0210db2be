"""La délibération vote, refuse, engage, ferme l'instruction ; les deux ordres de l'appel (loi 5)."""

import sqlite3
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from ensemblier.dossiers import actes as actes_dossiers
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.instruction.actes import rendre_avis
from ensemblier.noyau.machine import EtatInterdit, RoleInsuffisant
from ensemblier.programmation import actes, documents
from ensemblier.programmation.models import Attribution, Deliberation, Enveloppe
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Evenement
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db


def test_ami_l_instruction_puis_le_jury_puis_l_acte():  # loi 5
    dossier = scene.recevable()
    scene.enveloppe("CALL", "170000.00")
    scene.programmer(dossier, "9000")
    acte = scene.deliberer("CALL", (dossier, "9000"), annexe=True)
    volet = scene.volet(dossier)
    assert (volet.etat, volet.vote, volet.votee_le) == ("votee", Decimal("9000"), scene.SEPTEMBRE.date())
    assert Enveloppe.objects.get().engage == Decimal("9000.00")
    lu = Dossier.objects.get(pk=dossier.pk)
    assert (lu.etat, lu.etape, lu.decide_le) == ("decide", "votee", scene.SEPTEMBRE)
    attribution = Attribution.objects.get()
    assert attribution.lignes[-1]["libelle"] == "Accordé"
    with Deliberation.objects.get(pk=acte.pk).annexe.contenu.open() as annexe:
        assert annexe.read(5) == b"%PDF-"
    assert Evenement.objects.get(acte="voter").public is True


def test_aap_la_programmation_puis_l_instruction_puis_l_acte():  # loi 5, R64
    dossier = scene.recevable("aap-2026")
    scene.proposer(dossier, "8000", "ETAT", par="chloe", le=scene.NOVEMBRE)
    scene.decider(scene.seance(dossier, le=scene.NOVEMBRE), dossier, le=scene.NOVEMBRE)
    decembre = f.instant("2025-12-10 09:00")
    with pytest.raises(ActeBloque, match="avis"):
        scene.deliberer("ETAT", (dossier, "8000"), numero="A-1", par="chloe", le=decembre)
    rendre_avis(dossier, scene.financeur("ETAT"), sens="favorable", par=f.acteur("chloe"), le=decembre)
    scene.deliberer("ETAT", (dossier, "8000"), numero="A-1", par="chloe", le=decembre)
    assert scene.volet(dossier, "ETAT").etat == "votee"
    assert Dossier.objects.get(pk=dossier.pk).etat == "recevable"


def test_le_dossier_est_decide_quand_chaque_volet_l_est():
    dossier = scene.recevable("aap-2026")
    scene.proposer(dossier, "8000", "ETAT", par="chloe", le=scene.NOVEMBRE)
    scene.decider(scene.seance(dossier, le=scene.NOVEMBRE), dossier, le=scene.NOVEMBRE)
    scene.deliberer("ETAT", (dossier, "8000"), numero="A-1", par="chloe", le=scene.JANVIER)
    tenue = scene.seance(dossier, le=scene.JANVIER)
    scene.decider(tenue, dossier, "ecarte", "Crédits épuisés.", le=scene.JANVIER)
    scene.deliberer("CALL", (dossier, None, "Crédits épuisés."), le=scene.JANVIER)
    assert Dossier.objects.get(pk=dossier.pk).etat == "recevable"
    scene.deliberer(
        "DEPARTEMENT", (dossier, None, "Crédits épuisés."), numero="D-1", par="denise", le=scene.JANVIER
    )
    lu = Dossier.objects.get(pk=dossier.pk)
    assert (lu.etat, lu.etape) == ("decide", "votee")


def region(**chemins):
    dossier = scene.recevable(
        "aap-2026", **scene.budget("20000.00", {"CALL": "6000.00", "REGION": "5000.00"}), **chemins
    )
    scene.proposer(dossier, "5000", "REGION", par="remi", le=scene.NOVEMBRE)
    scene.decider(scene.seance(dossier, le=scene.NOVEMBRE), dossier, le=scene.NOVEMBRE)
    return dossier


def test_la_region_ne_delibere_pas_sans_reference_de_sa_plateforme():  # S70, R55
    dossier = region()
    with pytest.raises(ActeBloque, match="Plateforme des aides"):
        scene.deliberer("REGION", (dossier, "5000"), numero="R-9", par="remi", le=scene.JANVIER)
    assert scene.volet(dossier, "REGION").etat == "programmee"
    remi = f.acteur("remi")
    actes_dossiers.noter_reference_depot(
        scene.volet(dossier, "REGION"), reference="PAS-2026-77", le_depot=scene.JANVIER.date(), par=remi,
        roles=scene.en(dossier, "remi")["roles"], le=scene.JANVIER,
    )  # fmt: skip
    scene.deliberer("REGION", (dossier, "5000"), numero="R-9", par="remi", le=scene.JANVIER)
    assert scene.volet(dossier, "REGION").etat == "votee"


@pytest.mark.parametrize("qui", ["chloe", "amina", "farid", "elise", "odile", "fatou_finances"])
def test_un_financeur_n_enregistre_que_ses_actes(qui):
    dossier = scene.recevable()
    scene.programmer(dossier, "9000")
    with pytest.raises(RoleInsuffisant):
        scene.deliberer("CALL", (dossier, "9000"), par=qui)
    assert scene.volet(dossier).etat == "programmee"
    assert not Deliberation.objects.exists()


def test_rien_n_est_accorde_sans_programmation_prealable():
    dossier = scene.recevable()
    scene.proposer(dossier, "9000")
    with pytest.raises(EtatInterdit, match="Programmé"):
        scene.deliberer("CALL", (dossier, "9000"))
    assert not Deliberation.objects.exists()


def test_une_ligne_d_un_autre_financeur_est_refusee():
    dossier = scene.recevable("aap-2026")
    scene.proposer(dossier, "8000", "ETAT", par="chloe", le=scene.NOVEMBRE)
    scene.decider(scene.seance(dossier, le=scene.NOVEMBRE), dossier, le=scene.NOVEMBRE)
    with pytest.raises(ActeBloque, match="autre financeur"):
        actes.enregistrer_deliberation(
            scene.financeur("CALL"), dossier.appel, numero="2026-1", votee_le=scene.JANVIER.date(),
            decisions=[actes.Decision(scene.volet(dossier, "ETAT"), Decimal("8000"))],
            par=f.acteur("benoit"), le=scene.JANVIER,
        )  # fmt: skip
    assert scene.volet(dossier, "ETAT").vote is None


def test_la_base_refuse_un_acte_sans_numero():  # R60
    appel = f.appel()
    with pytest.raises((IntegrityError, sqlite3.IntegrityError)), transaction.atomic():
        Deliberation.objects.create(
            territoire=appel.territoire, appel=appel, financeur=scene.financeur("CALL"), numero="",
            le=scene.SEPTEMBRE.date(), enregistree_le=scene.SEPTEMBRE, enregistree_par="x",
        )  # fmt: skip


def test_rien_n_est_vote_hors_d_un_acte():  # R60
    premier, second = scene.recevable(), scene.deuxieme()
    for dossier in (premier, second):
        scene.programmer(dossier, "9000")
    assert not Demande.objects.filter(vote__isnull=False).exists()
    scene.deliberer("CALL", (premier, "9000"))
    votes = Demande.objects.filter(vote__isnull=False)
    assert [(v.dossier_id, v.votee_le) for v in votes] == [(premier.pk, scene.SEPTEMBRE.date())]
    assert Attribution.objects.get(demande__in=votes).deliberation.numero == "2025-118"


def test_un_acte_refuse_d_une_ligne_n_enregistre_rien():
    premier, second = scene.recevable(), scene.deuxieme()
    scene.enveloppe("CALL", "170000.00")
    for dossier in (premier, second):
        scene.programmer(dossier, "9000")
    with pytest.raises(ActeBloque, match=second.numero):
        scene.deliberer("CALL", (premier, "9000"), (second, "9000.01"))
    assert scene.volet(premier).etat == "programmee"
    assert Enveloppe.objects.get().engage == Decimal("0.00")
    assert not Attribution.objects.exists()


def test_un_acte_qui_depasse_l_enveloppe_est_refuse():
    premier, second = scene.recevable(), scene.deuxieme()
    for dossier in (premier, second):
        scene.programmer(dossier, "9000")
    scene.enveloppe("CALL", "17999.99")
    with pytest.raises(ActeBloque, match="enveloppe"):
        scene.deliberer("CALL", (premier, "9000"), (second, "9000"))
    scene.deliberer("CALL", (premier, "9000"), (second, "8999.99"))
    assert Enveloppe.objects.get().reste == Decimal("0.00")


def test_la_base_garde_l_enveloppe_meme_sans_l_acte():
    enveloppe = scene.enveloppe("CALL", "100.00")
    with pytest.raises((IntegrityError, sqlite3.IntegrityError)), transaction.atomic():
        Enveloppe.objects.filter(pk=enveloppe.pk).update(engage=Decimal("100.01"))


@pytest.mark.parametrize(
    ("change", "dit"),
    [({"numero": " "}, "numéro"), ({"le": f.instant("2025-09-17 10:00"), "futur": True}, "encore passé")],
)
def test_un_acte_sans_numero_ou_a_venir_est_refuse(change, dit):
    dossier = scene.recevable()
    scene.programmer(dossier, "9000")
    decisions = [actes.Decision(scene.volet(dossier), Decimal("9000"))]
    le = change.get("le", scene.SEPTEMBRE)
    with pytest.raises(ActeBloque, match=dit):
        actes.enregistrer_deliberation(
            scene.financeur("CALL"), dossier.appel, numero=change.get("numero", "2025-118"),
            votee_le=scene.SEPTEMBRE.date(), decisions=decisions, par=f.acteur("benoit"), le=le,
        )  # fmt: skip


def test_un_vote_ne_precede_pas_le_depot_des_dossiers():
    dossier = scene.recevable()
    scene.programmer(dossier, "9000")
    veille = dossier.depose_le.date() - timedelta(days=1)
    dits = {
        "numero": "2025-118", "decisions": [actes.Decision(scene.volet(dossier), Decimal("9000"))],
        "par": f.acteur("benoit"), "le": scene.SEPTEMBRE,
    }  # fmt: skip
    with pytest.raises(ActeBloque, match=f"pas encore déposés : {dossier.numero}"):
        actes.enregistrer_deliberation(scene.financeur("CALL"), dossier.appel, votee_le=veille, **dits)
    le_jour = dossier.depose_le.date()
    assert actes.enregistrer_deliberation(scene.financeur("CALL"), dossier.appel, votee_le=le_jour, **dits)


def test_le_meme_numero_ne_s_enregistre_pas_deux_fois():
    premier, second = scene.recevable(), scene.deuxieme()
    for dossier in (premier, second):
        scene.programmer(dossier, "9000")
    scene.deliberer("CALL", (premier, "9000"))
    with pytest.raises(ActeBloque, match="déjà enregistré"):
        scene.deliberer("CALL", (second, "9000"))


def test_un_refus_a_toujours_un_motif():
    dossier = scene.recevable()
    scene.proposer(dossier, "9000")
    scene.decider(scene.seance(dossier), dossier, "ecarte", "Crédits épuisés.")
    with pytest.raises(ActeBloque, match="motif"):
        scene.deliberer("CALL", (dossier, None, " "))
    scene.deliberer("CALL", (dossier, None, "Crédits épuisés."))
    assert Dossier.objects.get(pk=dossier.pk).etape == "refusee"
    assert dossier.demandes.get().motif, "le porteur le lira sur sa page, pas seulement dans la lettre"


def test_l_annexe_dit_les_versements_la_convention_et_les_totaux():  # C.7, K7, K8
    grand = scene.recevable(**scene.budget("24691.34", {"CALL": "12345.00"}))
    petit = scene.deuxieme()
    for dossier, montant in ((grand, "12345"), (petit, "9000")):
        scene.programmer(dossier, montant)
    acte = scene.deliberer("CALL", (grand, "12345"), (petit, "9000"))
    contexte = documents.contexte_de_l_annexe(acte)
    assert contexte["total"] == Decimal("21345.00")
    lignes = {ligne["dossier"].pk: ligne for ligne in contexte["accords"]}
    assert (lignes[grand.pk]["premier"], lignes[grand.pk]["second"]) == (
        Decimal("9876.00"),
        Decimal("2469.00"),
    )
    assert (lignes[petit.pk]["premier"], lignes[petit.pk]["second"]) == (Decimal("9000.00"), Decimal("0.00"))
    assert (lignes[grand.pk]["convention"], lignes[petit.pk]["convention"]) == (True, False)


def test_une_enveloppe_se_modifie_avec_motif_jamais_sous_le_vote():
    dossier = scene.recevable()
    enveloppe = scene.enveloppe("CALL", "10000.00")
    scene.programmer(dossier, "9000")
    scene.deliberer("CALL", (dossier, "9000"))
    options = {"par": f.acteur("benoit"), "le": scene.SEPTEMBRE}
    with pytest.raises(ActeBloque, match="motif"):
        actes.modifier_enveloppe(enveloppe, montant=Decimal("9500"), motif="", **options)
    with pytest.raises(ActeBloque, match="déjà votés"):
        actes.modifier_enveloppe(enveloppe, montant=Decimal("8999.99"), motif="Gel.", **options)
    actes.modifier_enveloppe(enveloppe, montant=Decimal("9000"), motif="Gel.", **options)
    with pytest.raises(RoleInsuffisant):
        actes.modifier_enveloppe(
            enveloppe, montant=Decimal("1"), motif="x", par=f.acteur("chloe"), le=scene.SEPTEMBRE
        )


def test_l_acte_signe_se_joint_une_fois():
    dossier = scene.recevable()
    scene.programmer(dossier, "9000")
    acte = scene.deliberer("CALL", (dossier, "9000"))
    options = {"par": f.acteur("benoit"), "le": scene.SEPTEMBRE}
    actes.joindre_l_acte_signe(acte, fichier=f.pdf_d_essai("acte.pdf"), **options)
    with pytest.raises(ActeBloque, match="déjà joint"):
        actes.joindre_l_acte_signe(acte, fichier=f.pdf_d_essai("acte.pdf"), **options)
