"""La séance : déports, notes, classement, quorum, décisions, procès-verbal (S69, K13, B10)."""

from datetime import date
from decimal import Decimal

import pytest

from ensemblier.comptes.models import Interet
from ensemblier.dossiers.models import Deport, Dossier
from ensemblier.noyau.machine import EtatInterdit, RoleInsuffisant
from ensemblier.programmation import actes, deports, documents
from ensemblier.programmation.actes import convocations, jury
from ensemblier.programmation.models import Note, Seance
from ensemblier.programmation.notes import grille_de, resultats
from ensemblier.registre.actes import ActeBloque
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db


def interet(qui, organisme, nature="trésorière"):
    return Interet.objects.create(
        utilisateur=f.personne(qui), organisme=organisme, nature=nature, connu_le=date(2025, 1, 1)
    )


def inscription(tenue, dossier):
    return tenue.inscriptions.select_related("seance__appel", "dossier").get(dossier=dossier)


def second_jure():
    return f.habiliter("david", "jury", "Conseiller")


def test_un_jure_interesse_est_deporte_sans_rien_declarer():  # S69
    autre = scene.deuxieme()
    dossier = scene.recevable()
    interet("elise", dossier.organisme)
    second_jure()
    tenue = scene.seance(dossier, autre, membres=("elise",))
    assert Deport.objects.get(dossier=dossier).motif == "trésorière"
    visibles = Dossier.objects.visibles_par(f.acteur("elise"))
    assert list(visibles) == [autre]
    with pytest.raises(RoleInsuffisant, match="déport"):
        scene.noter(tenue, dossier, "elise")
    scene.noter(tenue, autre, "elise")
    assert not Note.objects.filter(inscription__dossier=dossier).exists()


def test_un_jure_interesse_est_deporte_sans_rien_declarer_garde_levee():
    dossier = scene.recevable()
    tenue = scene.seance(dossier)
    scene.noter(tenue, dossier, "elise")
    assert resultats(tenue)[0].moyenne == Decimal("75")


def test_le_proces_verbal_nomme_le_deport_et_la_moyenne_l_ignore():  # S69
    dossier = scene.recevable()
    second_jure()
    tenue = scene.seance(dossier, membres=("elise", "david"))
    scene.noter(tenue, dossier, "elise", 4)
    scene.noter(tenue, dossier, "david", 0)
    assert resultats(tenue)[0].moyenne == Decimal("50")
    actes.declarer_deport(
        inscription(tenue, dossier), f.personne("david"), motif="Parent d'un salarié", le=scene.JURY,
        par=f.acteur("david"), roles=set(),
    )  # fmt: skip
    assert resultats(tenue)[0].moyenne == Decimal("100")
    scene.decider(tenue, dossier, "ajourne", "Dossier à préciser.")
    options = {**scene.en(dossier), "le": scene.JURY}
    actes.clore_la_seance(tenue, **options)
    lue = Seance.objects.select_related("proces_verbal", "appel", "territoire").get(pk=tenue.pk)
    with lue.proces_verbal.contenu.open() as contenu:
        assert contenu.read(5) == b"%PDF-"
    contexte = documents.contexte_du_proces_verbal(lue)
    assert contexte["lignes"][0]["deportes"] == ("David Lambert (Parent d'un salarié)",)


def test_un_interet_apparu_apres_la_convocation_deporte_a_l_ouverture():
    dossier = scene.recevable()
    tenue = scene.seance(dossier, ouverte=False)
    interet("elise", dossier.organisme)
    actes.ouvrir_la_seance(tenue, le=scene.JURY, **scene.en(dossier))
    assert Deport.objects.filter(dossier=dossier, leve_le=None).exists()


def test_un_lien_connu_en_cours_de_seance_retire_la_note_et_la_voix():  # B10, S69
    dossier = scene.recevable()
    second_jure()
    tenue = scene.seance(dossier, membres=("elise", "david"), quorum=2)
    scene.noter(tenue, dossier, "elise", 0)
    scene.noter(tenue, dossier, "david", 4)
    interet("elise", dossier.organisme)
    assert resultats(tenue)[0].moyenne == Decimal("100")
    with pytest.raises(ActeBloque, match="1 présent, 2 requis"):
        scene.decider(tenue, dossier, "ajourne", "À préciser.")


def test_un_lien_connu_en_cours_de_seance_retire_la_note_et_la_voix_garde_levee(monkeypatch):
    dossier = scene.recevable()
    second_jure()
    tenue = scene.seance(dossier, membres=("elise", "david"), quorum=2)
    scene.noter(tenue, dossier, "elise", 0)
    scene.noter(tenue, dossier, "david", 4)
    interet("elise", dossier.organisme)
    monkeypatch.setattr(deports, "interesses", lambda seance, inscriptions: ())
    assert resultats(tenue)[0].moyenne == Decimal("50")
    scene.decider(tenue, dossier, "ajourne", "À préciser.")
    assert inscription(tenue, dossier).decision == "ajourne"


def test_le_membre_du_porteur_est_deporte_sans_interet_declare():  # B10
    dossier, autre = scene.deuxieme(), scene.recevable()
    second_jure()
    tenue = scene.seance(dossier, autre, membres=("elise", "david"))
    assert [d.motif for d in Deport.objects.filter(utilisateur=f.personne("david"))] == ["Président"]
    assert resultats(tenue)[0].deportes == ("David Lambert (Président)",)


def test_le_lien_appris_en_seance_est_ecrit_a_la_cloture():
    dossier = scene.recevable()
    second_jure()
    tenue = scene.seance(dossier, membres=("elise", "david"))
    interet("elise", dossier.organisme)
    scene.decider(tenue, dossier, "ajourne", "À préciser.")
    assert not Deport.objects.exists()
    actes.clore_la_seance(tenue, le=scene.JURY, document=False, **scene.en(dossier))
    assert Deport.objects.get().motif == "trésorière"


def convoquee(dossier, le):
    return scene.seance(dossier, membres=("elise", "david"), ouverte=False, le=le)


def test_on_ne_convoque_que_qui_est_habilite_ce_jour_la():
    dossier = scene.recevable()
    f.habiliter("david", "jury", "Conseiller", du=date(2025, 7, 2), au=date(2025, 7, 3))
    for jour in ("2025-07-01", "2025-07-04"):
        with pytest.raises(ActeBloque, match="David Lambert"):
            convoquee(dossier, f.instant(f"{jour} 14:00"))
    assert not Seance.objects.exists()
    for jour in ("2025-07-02", "2025-07-03"):
        assert convoquee(dossier, f.instant(f"{jour} 14:00")).participants.count() == 2


def test_on_ne_convoque_que_qui_est_habilite_ce_jour_la_garde_levee(monkeypatch):
    dossier = scene.recevable()
    f.habiliter("david", "jury", "Conseiller", au=date(2025, 6, 30))
    monkeypatch.setattr(convocations, "_exiger_les_habilitations", lambda *dits, **nommes: None)
    assert convoquee(dossier, scene.JURY).participants.count() == 2


def test_le_classement_departage_par_la_part_d_habitants_puis_par_la_date():  # K13
    premier = scene.recevable(publics__qpv=70)
    second = scene.deuxieme(publics__qpv=80)
    tenue = scene.seance(premier, second)
    for dossier in (premier, second):
        scene.noter(tenue, dossier, "elise", 2)
    classement = [(r.inscription.dossier, r.rang, bool(r.egalite)) for r in resultats(tenue)]
    assert classement == [(second, 1, True), (premier, 2, True)]
    for resultat, part in zip(resultats(tenue), ("80,0", "70,0"), strict=True):
        assert resultat.egalite == f"à égalité\xa0: {part}\xa0% d'habitants de quartier prioritaire"
    scene.noter(tenue, premier, "elise", 2, ciblage=4)
    assert not any(r.egalite for r in resultats(tenue))
    assert [r.inscription.dossier for r in resultats(tenue)] == [premier, second]


def test_a_part_egale_la_date_de_depot_departage_en_mots():  # K13
    premier, second = scene.recevable(), scene.deuxieme()
    tenue = scene.seance(second, premier)
    for dossier in (premier, second):
        scene.noter(tenue, dossier, "elise", 2)
    lus = resultats(tenue)
    assert [r.inscription.dossier.depose_le for r in lus] == sorted(
        r.inscription.dossier.depose_le for r in lus
    )
    assert all(", déposé mar." in r.egalite for r in lus)


def test_une_decision_dit_tout_ce_qui_l_empeche():
    dossier = scene.recevable()
    tenue = scene.seance(dossier, membres=("elise",))
    membre = tenue.participants.select_related("seance", "utilisateur").get()
    actes.pointer(membre, est_present=False, le=scene.JURY, **scene.en(dossier))
    with pytest.raises(ActeBloque) as refus:
        scene.decider(tenue, dossier)
    assert [r.split(" ")[0] for r in refus.value.raisons] == ["Quorum", "Aucun"]
    with pytest.raises(ActeBloque) as refus:
        scene.decider(tenue, dossier, "ecarte")
    assert [r.split(" ")[0] for r in refus.value.raisons] == ["Choisissez", "Quorum"]


def test_une_grille_incomplete_ne_compte_pas():
    dossier = scene.recevable()
    tenue = scene.seance(dossier)
    premier = grille_de(tenue).criteres[0]
    actes.noter(
        inscription(tenue, dossier), f.personne("elise"), critere=premier.code, valeur=4,
        par=f.acteur("elise"), le=scene.JURY,
    )  # fmt: skip
    resultat = resultats(tenue)[0]
    assert (resultat.moyenne, resultat.incomplets) == (None, 1)


@pytest.mark.parametrize(("critere", "valeur"), [("ciblage", 5), ("ciblage", -1), ("inconnu", 2)])
def test_une_note_hors_de_la_grille_est_refusee(critere, valeur):
    dossier = scene.recevable()
    tenue = scene.seance(dossier)
    with pytest.raises(ActeBloque):
        actes.noter(
            inscription(tenue, dossier), f.personne("elise"), critere=critere, valeur=valeur,
            par=f.acteur("elise"), le=scene.JURY,
        )  # fmt: skip


def test_nul_ne_note_pour_un_autre():
    dossier = scene.recevable()
    tenue = scene.seance(dossier)
    with pytest.raises(RoleInsuffisant):
        actes.noter(
            inscription(tenue, dossier), f.personne("elise"), critere="ciblage", valeur=4,
            par=f.acteur("benoit"), le=scene.JURY,
        )  # fmt: skip


def test_sans_quorum_rien_ne_se_decide():
    dossier = scene.recevable()
    scene.proposer(dossier, "9000")
    second_jure()
    tenue = scene.seance(dossier, membres=("elise", "david"), quorum=2)
    absent = tenue.participants.select_related("seance", "utilisateur").get(utilisateur=f.personne("david"))
    actes.pointer(absent, est_present=False, le=scene.JURY, **scene.en(dossier))
    with pytest.raises(ActeBloque, match="1 présent, 2 requis"):
        scene.decider(tenue, dossier)
    actes.pointer(absent, est_present=True, le=scene.JURY, **scene.en(dossier))
    scene.decider(tenue, dossier)
    assert scene.volet(dossier).etat == "programmee"


def test_un_deporte_ne_fait_pas_le_quorum():  # B10
    dossier = scene.recevable()
    scene.proposer(dossier, "9000")
    interet("elise", dossier.organisme)
    tenue = scene.seance(dossier)
    with pytest.raises(ActeBloque, match="Quorum"):
        scene.decider(tenue, dossier)


@pytest.mark.parametrize(
    ("decision", "etat"), [("retenu", "programmee"), ("liste_attente", "en_attente"), ("ecarte", "ecartee"),
                           ("ajourne", "proposee")]
)  # fmt: skip
def test_la_decision_meut_les_volets(decision, etat):
    dossier = scene.recevable()
    scene.proposer(dossier, "9000")
    scene.decider(
        scene.seance(dossier), dossier, decision, "" if decision == "retenu" else "Crédits épuisés."
    )
    assert scene.volet(dossier).etat == etat


def test_sauf_retenu_la_decision_a_un_motif():
    dossier = scene.recevable()
    scene.proposer(dossier, "9000")
    tenue = scene.seance(dossier)
    with pytest.raises(ActeBloque, match="motif"):
        scene.decider(tenue, dossier, "ecarte", " ")


def test_retenir_ne_depasse_jamais_l_enveloppe():
    premier, second = scene.recevable(), scene.deuxieme()
    scene.enveloppe("CALL", "12000.00")
    for dossier in (premier, second):
        scene.proposer(dossier, "9000")
    tenue = scene.seance(premier, second)
    scene.decider(tenue, premier)
    with pytest.raises(ActeBloque, match="dépassée de 6"):
        scene.decider(tenue, second)
    scene.decider(tenue, second, "liste_attente", "Crédits épuisés.")
    assert scene.volet(second).etat == "en_attente"


def test_la_seance_ne_se_clot_pas_avant_d_avoir_tout_decide():
    dossier = scene.recevable()
    tenue = scene.seance(dossier)
    options = {**scene.en(dossier), "le": scene.JURY}
    with pytest.raises(ActeBloque, match=dossier.numero):
        actes.clore_la_seance(tenue, document=False, **options)
    scene.decider(tenue, dossier, "ajourne", "À revoir.")
    actes.clore_la_seance(tenue, document=False, **options)
    with pytest.raises(EtatInterdit):
        actes.clore_la_seance(tenue, document=False, **options)
    with pytest.raises(ActeBloque, match="Close"):
        scene.noter(tenue, dossier, "elise")


def pointer(tenue, qui, est_present, dossier):
    membre = tenue.participants.select_related("seance", "utilisateur").get(utilisateur=f.personne(qui))
    actes.pointer(membre, est_present=est_present, le=scene.JURY, **scene.en(dossier))


def test_avant_son_jour_la_seance_s_ouvre_avec_une_raison_ecrite():
    dossier = scene.recevable()
    tenue = scene.seance(dossier, ouverte=False)
    veille = {**scene.en(dossier), "le": f.instant("2025-06-30 23:59")}
    with pytest.raises(ActeBloque, match=r"prévue le mar.*1er.juillet 2025"):
        actes.ouvrir_la_seance(tenue, motif=" ", **veille)
    actes.ouvrir_la_seance(tenue, motif="Tous les membres sont déjà réunis.", **veille)
    assert (tenue.etat, tenue.ouverte_avant) == ("ouverte", "Tous les membres sont déjà réunis.")
    le_jour_meme = scene.seance(scene.deuxieme(), ouverte=False)
    matin = {**scene.en(dossier), "le": f.instant("2025-07-01 00:00")}
    actes.ouvrir_la_seance(le_jour_meme, motif="Rien à dire.", **matin)
    assert le_jour_meme.ouverte_avant == ""


def test_un_absent_ne_note_pas():
    dossier = scene.recevable()
    tenue = scene.seance(dossier)
    pointer(tenue, "elise", False, dossier)
    with pytest.raises(ActeBloque, match="présence à cette séance"):
        scene.noter(tenue, dossier, "elise")
    assert not Note.objects.exists()


def test_un_absent_ne_note_pas_garde_levee(monkeypatch):
    dossier = scene.recevable()
    tenue = scene.seance(dossier)
    pointer(tenue, "elise", False, dossier)
    monkeypatch.setattr(jury, "exiger_present", lambda *dits: None)
    scene.noter(tenue, dossier, "elise")
    assert Note.objects.exists()


def test_sans_quorum_la_seance_se_clot_sur_une_raison_et_ajourne_ce_qui_reste():
    dossier = scene.recevable()
    tenue = scene.seance(dossier)
    pointer(tenue, "elise", False, dossier)
    options = {**scene.en(dossier), "le": scene.JURY, "document": False}
    with pytest.raises(ActeBloque, match=r"0.présent, 1.requis"):
        actes.clore_la_seance(tenue, **options)
    actes.clore_la_seance(tenue, motif="Grève des transports.", **options)
    lue = inscription(tenue, dossier)
    assert (lue.decision, lue.motif) == ("ajourne", "Quorum non atteint\xa0: Grève des transports.")
    assert Seance.objects.get().sans_quorum == "Grève des transports."


def test_une_seance_qui_a_decide_ne_se_clot_pas_sans_present():
    dossier = scene.recevable()
    tenue = scene.seance(dossier)
    scene.decider(tenue, dossier, "ajourne", "À revoir.")
    pointer(tenue, "elise", False, dossier)
    with pytest.raises(ActeBloque, match="notez les présents"):
        actes.clore_la_seance(tenue, motif="Partie.", le=scene.JURY, document=False, **scene.en(dossier))


def test_on_ne_convoque_pas_pour_un_jour_passe():
    dossier = scene.recevable()
    dits = {
        "type": "jury", "titre": "Jury", "membres": [actes.Membre(f.personne("elise"), "Élue")],
        "dossiers": [dossier], **scene.en(dossier),
    }  # fmt: skip
    with pytest.raises(ActeBloque, match="Le 30/06/2025 est passé"):
        actes.convoquer(dossier.appel, seance_le=f.instant("2025-06-30 23:59"), le=scene.JURY, **dits)
    assert not Seance.objects.exists()
    assert actes.convoquer(dossier.appel, seance_le=f.instant("2025-07-01 09:00"), le=scene.JURY, **dits)


def test_une_convocation_s_annule_avec_sa_raison_et_referme_ce_qu_elle_ouvrait():
    dossier = scene.recevable()
    garde = scene.deuxieme()
    autre = scene.seance(garde, ouverte=False)
    tenue = scene.seance(dossier, ouverte=False)
    assert Dossier.objects.visibles_par(f.acteur("elise")).filter(pk=dossier.pk).exists()
    dits = {**scene.en(dossier), "le": scene.JURY}
    with pytest.raises(ActeBloque, match="La raison manque"):
        actes.annuler_la_seance(tenue, motif=" ", **dits)
    with pytest.raises(RoleInsuffisant):
        actes.annuler_la_seance(tenue, motif="Erreur de jour", **scene.en(dossier, "elise"), le=scene.JURY)
    actes.annuler_la_seance(tenue, motif="Erreur de jour", **dits)
    lus = Dossier.objects.visibles_par(f.acteur("elise"))
    assert not lus.filter(pk=dossier.pk).exists()
    assert lus.filter(pk=garde.pk).exists()
    with pytest.raises(EtatInterdit):
        actes.ouvrir_la_seance(tenue, **dits)
    with pytest.raises(EtatInterdit):
        actes.annuler_la_seance(scene.seance(dossier), motif="Trop tard", **dits)
    assert autre.etat == "convoquee"


def test_une_seance_n_examine_que_des_dossiers_recevables():
    depose = f.dossier_depose()
    with pytest.raises(ActeBloque, match=depose.numero):
        scene.seance(depose)


def test_avant_le_jury_ami_les_avis_sont_rendus_ou_echus():  # C.4
    dossier = scene.recevable()
    tot = f.instant("2025-06-20 14:00")
    scene.proposer(dossier, "9000")
    tenue = scene.seance(dossier, le=tot)
    with pytest.raises(ActeBloque, match="Avis attendus"):
        scene.decider(tenue, dossier, le=tot)
    from ensemblier.instruction.actes import rendre_avis

    rendre_avis(dossier, scene.financeur("CALL"), sens="favorable", par=f.acteur("benoit"), le=tot)
    scene.decider(tenue, dossier, le=tot)
    assert scene.volet(dossier).etat == "programmee"
