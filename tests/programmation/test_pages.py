"""Les pages de la programmation : le tableau, les enveloppes, la séance, les notes, l'acte."""

from datetime import date

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ensemblier.comptes.models import Interet
from ensemblier.programmation import actes, notes
from ensemblier.programmation.models import Deliberation, Enveloppe, Inscription, Note, Seance
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def au_20_septembre():
    with time_machine.travel(f.instant("2025-09-20 10:00"), tick=True):
        yield


def tableau(qui, code="ami-2025", **dits):
    return f.client(qui).get(reverse("programmation_appel", args=[code]), dits)


@pytest.mark.parametrize(
    ("qui", "code"),
    [("benoit", 200), ("odile", 200), ("chloe", 200), ("farid", 200), ("amina", 403), ("elise", 403),
     ("fatou_finances", 403)],
)  # fmt: skip
def test_qui_lit_la_programmation(qui, code):
    f.appel()
    navigateur = f.client(qui)
    for adresse in (
        reverse("programmation"), reverse("programmation_appel", args=["ami-2025"]),
        reverse("enveloppes", args=["ami-2025"]),
    ):  # fmt: skip
        assert navigateur.get(adresse).status_code == code, adresse


def test_le_tableau_montre_demande_propose_vote_et_totaux():
    premier, second = scene.recevable(), scene.deuxieme()
    scene.proposer(premier, "8000")
    lue = tableau("benoit")
    assert lue.context["totaux"][0]["demande"] == 18000
    assert lue.context["totaux"][0]["propose"] == 8000
    ligne = next(x for x, _ in lue.context["lignes"] if x.dossier == premier)
    assert (ligne.total, ligne.ecart) == (8000, 10000)
    assert len(tableau("benoit", q=second.numero).context["lignes"]) == 1


def test_chacun_ne_propose_que_dans_sa_colonne():
    dossier = scene.recevable("aap-2026")
    volets = {c: scene.volet(dossier, c) for c in ("CALL", "ETAT")}
    page = tableau("chloe", "aap-2026").content.decode()
    assert f'name="montant-{volets["ETAT"].pk}"' in page
    assert f'name="montant-{volets["CALL"].pk}"' not in page
    dits = {f"montant-{v.pk}": "1000" for v in volets.values()}
    f.client("chloe").post(reverse("programmation_appel", args=["aap-2026"]), dits)
    assert scene.volet(dossier, "ETAT").propose == 1000
    assert scene.volet(dossier, "CALL").propose is None


def test_un_montant_refuse_garde_la_saisie_et_laisse_passer_les_autres():
    premier, second = scene.recevable(), scene.deuxieme()
    dits = {f"montant-{scene.volet(premier).pk}": "9000,01", f"montant-{scene.volet(second).pk}": "7 000"}
    lue = f.client("benoit").post(reverse("programmation_appel", args=["ami-2025"]), dits)
    assert lue.status_code == 422
    assert "9000,01" in lue.content.decode()
    assert "Rien n&#x27;a changé" in lue.content.decode()
    assert (scene.volet(premier).propose, scene.volet(second).propose) == (None, 7000)


def test_suivants_du_tableau(monkeypatch):
    from ensemblier.programmation import lecture

    monkeypatch.setattr(lecture, "PAR_PAGE", 1)
    scene.recevable()
    scene.deuxieme()
    premiere = tableau("benoit")
    suite = f.client("benoit").get(
        reverse("programmation_appel", args=["ami-2025"]) + premiere.context["suivant"]
    )
    numeros = [x.dossier.numero for page in (premiere, suite) for x, _ in page.context["lignes"]]
    assert len(set(numeros)) == 2
    assert suite.context["suivant"] == ""


def requetes(qui, adresse):
    navigateur = f.client(qui)
    navigateur.get(adresse)
    with CaptureQueriesContext(connection) as lues:
        assert navigateur.get(adresse).status_code == 200
    return len(lues)


def test_autant_de_requetes_pour_2_que_pour_12():
    dossiers = [scene.recevable("aap-2026") for _ in range(2)]
    tenue = scene.seance(*dossiers, le=scene.NOVEMBRE, ouverte=False)
    acte = reverse("deliberation_nouvelle", args=["aap-2026", "ETAT"])
    adresses = {
        "tableau": ("benoit", reverse("programmation_appel", args=["aap-2026"])),
        "acte": ("chloe", acte),
        "appels": ("benoit", reverse("programmation")),
        "seances": ("benoit", reverse("seances")),
    }
    deux = {nom: requetes(*a) for nom, a in adresses.items()}
    deux["seance"] = requetes("benoit", reverse("seance", args=[tenue.pk]))
    dossiers += [scene.recevable("aap-2026") for _ in range(10)]
    grande = scene.seance(*dossiers, le=scene.NOVEMBRE, ouverte=False)
    douze = {nom: requetes(*a) for nom, a in adresses.items()}
    douze["seance"] = requetes("benoit", reverse("seance", args=[grande.pk]))
    assert deux == douze
    assert max(douze.values()) <= 20


def test_ouvrir_et_modifier_son_enveloppe():
    f.appel("aap-2026")
    adresse = reverse("enveloppes", args=["aap-2026"])
    chloe = f.client("chloe")
    assert chloe.post(adresse, {"financeur": "ETAT", "ETAT-montant": "210 000"}).status_code == 302
    assert Enveloppe.objects.get().montant == 210000
    refus = chloe.post(adresse, {"financeur": "ETAT", "ETAT-montant": "1", "ETAT-motif": ""})
    assert refus.status_code == 422
    assert chloe.post(adresse, {"financeur": "CALL", "CALL-montant": "1"}).status_code == 403
    assert Enveloppe.objects.get().montant == 210000


def test_convoquer_depuis_la_page():
    dossier = scene.recevable()
    dits = convocation(dossier, "elise")
    adresse = reverse("seance_nouvelle", args=["ami-2025"])
    assert f.client("benoit").post(adresse, dits | {"quorum": "2"}).status_code == 422
    assert f.client("benoit").post(adresse, dits).status_code == 302
    seance = Seance.objects.get()
    assert seance.le == f.instant("2025-10-01 14:00")
    assert f.client("elise").get(reverse("seance", args=[seance.pk])).status_code == 200
    assert f.client("chloe").get(reverse("seance", args=[seance.pk])).status_code == 404
    assert f.client("chloe").get(adresse).status_code == 403


def convocation(dossier, *membres, jour="01/10/2025"):
    return {
        "type": "jury", "titre": "Jury", "jour": jour, "heure": "14:00", "lieu": "Lens", "quorum": "1",
        "membres": [str(f.personne(m).pk) for m in membres], "dossiers": [str(dossier.pk)],
    }  # fmt: skip


def test_un_mandat_fini_n_est_plus_propose():
    scene.recevable()
    f.habiliter("david", "jury", "Ancien conseiller", au=date(2025, 9, 19))
    f.habiliter("amina", "jury", "Conseillère", au=date(2025, 9, 30))
    page = f.client("benoit").get(reverse("seance_nouvelle", args=["ami-2025"])).content.decode()
    assert "Ancien conseiller" not in page
    assert "Conseillère, jusqu&#x27;au 30/09/2025" in page


def test_un_mandat_fini_le_jour_de_la_seance_est_refuse_avec_sa_raison():
    dossier = scene.recevable()
    f.habiliter("david", "jury", "Conseiller", au=date(2025, 9, 30))
    adresse, benoit = reverse("seance_nouvelle", args=["ami-2025"]), f.client("benoit")
    refus = benoit.post(adresse, convocation(dossier, "elise", "david"))
    assert refus.status_code == 422
    assert refus.context["form"].errors["membres"] == [
        "David Lambert n'est pas en fonction le 01/10/2025 : son mandat va jusqu'au 30/09/2025. "
        "Retirez cette personne, ou changez la date."
    ]
    assert not Seance.objects.exists()
    assert benoit.post(adresse, convocation(dossier, "david", jour="30/09/2025")).status_code == 302
    assert Seance.objects.get().participants.get().fonction == "Conseiller"


def test_le_mandat_qui_vaut_ce_jour_la_donne_la_fonction():
    dossier = scene.recevable()
    f.habiliter("david", "jury", "Conseiller sortant", au=date(2025, 9, 30))
    f.habiliter("david", "jury", "Vice-président", du=date(2025, 10, 1))
    benoit, adresse = f.client("benoit"), reverse("seance_nouvelle", args=["ami-2025"])
    assert benoit.post(adresse, convocation(dossier, "david")).status_code == 302
    assert Seance.objects.get().participants.get().fonction == "Vice-président"


def test_le_jure_note_par_boutons_et_lit_son_score():
    dossier = scene.recevable()
    tenue = scene.seance(dossier)
    adresse = reverse("seance_noter", args=[tenue.pk, dossier.numero])
    elise = f.client("elise")
    assert elise.get(adresse).context["manquent"] == 9
    for critere, _ in elise.get(adresse).context["criteres"]:
        assert elise.post(adresse, {"note": f"{critere.code}:3"}).status_code == 302
    lue = elise.get(adresse)
    assert lue.context["score"] == 75
    assert 'aria-pressed="true"' in lue.content.decode()
    assert elise.post(adresse, {"note": "ciblage:x"}).status_code == 404
    elise.post(adresse, {"note": "ciblage:9"})
    assert Note.objects.get(critere="ciblage").valeur == 3
    assert f.client("benoit").get(adresse).status_code == 404


def test_un_deporte_ne_trouve_ni_le_dossier_ni_ses_notes():  # S69
    dossier, autre = scene.recevable(), scene.deuxieme()
    Interet.objects.create(
        utilisateur=f.personne("elise"), organisme=dossier.organisme, nature="trésorière",
        connu_le=f.instant("2025-01-01 10:00").date(),
    )  # fmt: skip
    tenue = scene.seance(dossier, autre)
    elise = f.client("elise")
    page = elise.get(reverse("seance", args=[tenue.pk])).content.decode()
    assert dossier.numero not in page
    assert dossier.organisme.nom not in page
    assert "Vous êtes hors de ce dossier" in page
    for nom in ("seance_noter", "seance_deport"):
        assert elise.get(reverse(nom, args=[tenue.pk, dossier.numero])).status_code == 404
        assert elise.get(reverse(nom, args=[tenue.pk, autre.numero])).status_code == 200
    assert elise.get(reverse("instruction_dossier", args=[dossier.numero])).status_code == 404


def deux_jures_ont_note(premier, second):
    """Élise donne 25 et 50, David 75 et 100 : le classement K13 renverse l'ordre du jour."""
    f.habiliter("david", "jury", "Conseiller")
    tenue = scene.seance(premier, second, membres=("elise", "david"))
    for dossier, valeurs in ((premier, {"elise": 1, "david": 3}), (second, {"elise": 2, "david": 4})):
        for qui, valeur in valeurs.items():
            scene.noter(tenue, dossier, qui, valeur)
    return tenue


def clore(tenue, *dossiers):
    for dossier in dossiers:
        scene.decider(tenue, dossier, "ajourne", "À préciser.")
    actes.clore_la_seance(tenue, le=scene.JURY, document=False, **scene.en(dossiers[0]))


def lues_par_elise(*, close):
    premier, second = scene.recevable(), scene.recevable()
    tenue = deux_jures_ont_note(premier, second)
    if close:
        clore(tenue, premier, second)
    lue = f.client("elise").get(reverse("seance", args=[tenue.pk]))
    return lue, premier, second


@pytest.mark.parametrize("close", [False, True])
def test_un_membre_ne_lit_que_ses_notes_meme_seance_close(close):
    lue, premier, second = lues_par_elise(close=close)
    page = lue.content.decode().split('id="contenu"')[1]
    assert "Ma note" in page
    assert [x["ma_note"] for x in lue.context["lignes"]] == [25, 50]
    assert [x["dossier"] for x in lue.context["lignes"]] == [premier, second]
    assert all(x["resultat"].moyenne is None for x in lue.context["lignes"])
    assert not [mot for mot in ("62,5", "75,0", "Moyenne", 'sous">1er') if mot in page]


def test_un_membre_ne_lit_que_ses_notes_meme_seance_close_garde_levee(monkeypatch):
    monkeypatch.setattr(notes, "lit_toutes_les_notes", lambda acteur: True)
    lue, premier, second = lues_par_elise(close=True)
    assert [x["dossier"] for x in lue.context["lignes"]] == [second, premier]
    page = lue.content.decode()
    assert all(mot in page for mot in ("75,0", "Moyenne", 'sous">1er'))


@pytest.mark.parametrize("qui", ["benoit", "odile"])
def test_le_service_et_l_audit_lisent_le_classement(qui):
    premier, second = scene.recevable(), scene.recevable()
    tenue = deux_jures_ont_note(premier, second)
    lue = f.client(qui).get(reverse("seance", args=[tenue.pk]))
    assert [(x["dossier"], x["resultat"].moyenne) for x in lue.context["lignes"]] == [
        (second, 75),
        (premier, 50),
    ]


def test_un_deporte_ne_lit_rien_de_la_seance_close():  # S69
    premier, second = scene.recevable(), scene.deuxieme()
    Interet.objects.create(
        utilisateur=f.personne("elise"), organisme=premier.organisme, nature="trésorière",
        connu_le=f.instant("2025-01-01 10:00").date(),
    )  # fmt: skip
    tenue = scene.seance(premier, second, membres=("elise", "chloe"))
    scene.noter(tenue, second, "elise", 2)
    clore(tenue, premier, second)
    lue = f.client("elise").get(reverse("seance", args=[tenue.pk]))
    page = lue.content.decode()
    assert premier.numero not in page
    assert [x["est_visible"] for x in lue.context["lignes"]] == [False, True]
    assert set(lue.context["lignes"][0]) == {"est_visible", "place"}


def test_un_membre_se_deporte_et_ne_peut_pas_deporter_un_autre():
    dossier = scene.recevable()
    tenue = scene.seance(dossier, membres=("elise", "chloe"))
    adresse = reverse("seance_deport", args=[tenue.pk, dossier.numero])
    elise, chloe = f.personne("elise"), f.personne("chloe")
    autre = {"utilisateur": str(chloe.pk), "motif": "adhérente"}
    assert f.client("elise").post(adresse, autre).status_code == 422
    assert f.client("elise").post(adresse, {"utilisateur": str(elise.pk), "motif": "sœur"}).status_code == 302
    assert f.client("elise").get(adresse).status_code == 404


def test_la_seance_se_tient_de_l_ouverture_au_proces_verbal():
    dossier = scene.recevable(bonification={"habitants": {"declare": True}})
    scene.proposer(dossier, "9000")
    tenue = scene.seance(dossier, ouverte=False)
    benoit = f.client("benoit")
    page = reverse("seance", args=[tenue.pk])
    benoit.post(reverse("seance_ouvrir", args=[tenue.pk]))
    decider = reverse("seance_decider", args=[tenue.pk, dossier.numero])
    assert "Quorum non atteint" in benoit.get(page).content.decode()
    assert benoit.post(decider, {"decision": "retenu", "motif": ""}).status_code == 422
    membre = tenue.participants.get()
    benoit.post(reverse("seance_pointer", args=[tenue.pk, membre.pk]), {"present": "oui"})
    taux = reverse("seance_taux", args=[tenue.pk, dossier.numero])
    assert benoit.post(taux, {"taux": "65"}).status_code == 422
    benoit.post(reverse("seance_critere", args=[tenue.pk, dossier.numero, "habitants"]), {"valide": "oui"})
    assert benoit.post(taux, {"taux": "65"}).status_code == 302
    assert benoit.post(decider, {"decision": "ecarte", "motif": ""}).status_code == 422
    assert benoit.post(decider, {"decision": "retenu", "motif": ""}).status_code == 302
    assert Inscription.objects.get().decision == "retenu"
    benoit.post(reverse("seance_clore", args=[tenue.pk]))
    pv = benoit.get(reverse("proces_verbal", args=[tenue.pk]))
    assert b"".join(pv.streaming_content)[:5] == b"%PDF-"
    assert f.client("chloe").get(reverse("proces_verbal", args=[tenue.pk])).status_code == 404


@pytest.mark.parametrize("qui", ["elise", "chloe", "amina"])
def test_seul_le_pilote_tient_la_seance(qui):
    dossier = scene.recevable()
    tenue = scene.seance(dossier, ouverte=False)
    attendus = {"elise": 403, "chloe": 404, "amina": 404}
    refus = f.client(qui).post(reverse("seance_ouvrir", args=[tenue.pk]))
    assert refus.status_code == attendus[qui]
    assert Seance.objects.get().etat == "convoquee"


def test_enregistrer_un_acte_depuis_la_page():
    premier, second = scene.recevable(), scene.deuxieme()
    scene.programmer(premier, "9000")
    scene.decider(scene.seance(second), second, "ecarte", "Crédits épuisés.")
    adresse = reverse("deliberation_nouvelle", args=["ami-2025", "CALL"])
    benoit = f.client("benoit")
    lue = benoit.get(adresse)
    assert [(x.choix, x.motif) for x in lue.context["lignes"]] == [
        ("accord", ""),
        ("refus", "Crédits épuisés."),
    ]
    cles = {x.volet.dossier_id: x.volet.pk for x in lue.context["lignes"]}
    dits = {
        "numero": "2025-118", "votee_le": "18/09/2025",
        f"choix-{cles[premier.pk]}": "accord", f"montant-{cles[premier.pk]}": "9 000,01",
        f"choix-{cles[second.pk]}": "refus", f"motif-{cles[second.pk]}": "Crédits épuisés.",
    }  # fmt: skip
    refus = benoit.post(adresse, dits)
    assert refus.status_code == 422
    assert "9 000,01" in refus.content.decode()
    assert not Deliberation.objects.exists()
    dits[f"montant-{cles[premier.pk]}"] = "9 000"
    dits["acte_signe"] = f.pdf_d_essai("acte.pdf")
    assert benoit.post(adresse, dits).status_code == 302
    acte = Deliberation.objects.get()
    lue = benoit.get(reverse("deliberation", args=[acte.pk]))
    assert (lue.context["annexe"], lue.context["ecart"]) == (9000, 0)
    for lequel in ("annexe.pdf", "acte"):
        fichier = benoit.get(reverse("deliberation_fichier", args=[acte.pk, lequel]))
        assert b"".join(fichier.streaming_content)[:5] == b"%PDF-"
    assert f.client("chloe").get(reverse("deliberation", args=[acte.pk])).status_code == 404
    assert f.client("amina").get(reverse("deliberation", args=[acte.pk])).status_code == 404


@pytest.mark.parametrize("qui", ["chloe", "farid", "odile", "amina", "elise"])
def test_l_acte_d_un_autre_financeur_est_interdit(qui):
    scene.recevable()
    adresse = reverse("deliberation_nouvelle", args=["ami-2025", "CALL"])
    assert f.client(qui).get(adresse).status_code == 403
    assert f.client(qui).post(adresse, {"numero": "1", "votee_le": "18/09/2025"}).status_code == 403


def test_une_annexe_perdue_se_refait():
    dossier = scene.recevable()
    scene.programmer(dossier, "9000")
    acte = scene.deliberer("CALL", (dossier, "9000"), le=scene.SEPTEMBRE)
    adresse = reverse("deliberation_fichier", args=[acte.pk, "annexe.pdf"])
    assert f.client("benoit").get(adresse).status_code == 404
    f.client("benoit").post(reverse("deliberation_annexer", args=[acte.pk]))
    lue = f.client("benoit").get(adresse)
    assert b"".join(lue.streaming_content)[:5] == b"%PDF-"
    assert actes.annexer(Deliberation.objects.get(), par=f.acteur("benoit"), le=scene.SEPTEMBRE) is None
