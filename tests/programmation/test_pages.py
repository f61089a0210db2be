"""Les pages de la programmation : le tableau, les enveloppes, la séance, les notes, l'acte."""

from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ensemblier.comptes.models import Interet
from ensemblier.dossiers.models import Dossier
from ensemblier.programmation import actes, lecture, notes
from ensemblier.programmation.forms import MOTIF_MANQUANT
from ensemblier.programmation.models import Deliberation, Enveloppe, Inscription, Note, Seance
from ensemblier.programmation.views import deliberations
from tests import fabriques as f
from tests.programmation import scene

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def au_20_septembre():
    with time_machine.travel(f.instant("2025-09-20 10:00"), tick=True):
        yield


def versions(*volets):
    return ",".join(f"{v.pk}:{v.version}" for v in volets)


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
    total = lue.context["totaux"][0]
    assert (total.demande, total.propose, total.attribue, total.vote) == (18000, 8000, 8000, 0)
    ligne = next(x for x, _ in lue.context["lignes"] if x.dossier == premier)
    assert (ligne.total, ligne.ecart) == (8000, 10000)
    assert len(tableau("benoit", q=second.numero).context["lignes"]) == 1


def filtres(qui="benoit", code="ami-2025", **dits):
    lue = tableau(qui, code, **dits)
    return lue, [x.dossier for x, _ in lue.context["lignes"]]


def deux_lieux():
    lens = {"code": "QP062025", "communes": ["LENS"]}
    autre = next(q for q in f.pack_du_territoire().quartiers if "LENS" not in q.communes)
    ailleurs = {"code": autre.code, "communes": [autre.communes[0]]}
    premier = scene.recevable(action__quartiers=[lens], action__pilier="agir")
    second = scene.deuxieme(
        action__quartiers=[ailleurs], action__pilier="prevenir",
        action__contacts_communes=[{"commune": autre.communes[0], "le": "2025-05-02"}],
    )  # fmt: skip
    return premier, second, autre


def test_chaque_filtre_du_tableau_reduit_la_liste_et_ses_totaux():
    premier, second, autre = deux_lieux()
    scene.proposer(second, "7000")
    for dits in (
        {"etat": "proposee"}, {"pilier": "prevenir"}, {"commune": autre.communes[0]}, {"qpv": autre.code},
        {"q": second.organisme.nom}, {"etat": "proposee", "financeur": "CALL", "pilier": "prevenir"},
    ):  # fmt: skip
        lue, dossiers = filtres(**dits)
        assert dossiers == [second], dits
        assert (lue.context["nombre"], lue.context["totaux"][0].propose) == (1, 7000), dits
        assert lue.context["attribue"] == 7000
    assert filtres(financeur="CALL")[1] == [premier, second]
    assert filtres(commune="LENS", q=premier.numero)[1] == [premier]


@pytest.mark.parametrize("dits", [{"etat": "inconnu"}, {"financeur": "ETAT"}, {"qpv": "QN00000X"}])
def test_un_filtre_sans_reponse_le_dit_et_s_ote(dits):
    scene.recevable()
    lue, dossiers = filtres(**dits)
    assert dossiers == []
    page = lue.content.decode()
    assert "Aucun dossier avec ces filtres." in page
    assert "Voir tous les dossiers" in page


def test_etat_et_financeur_portent_sur_le_meme_volet():
    dossier = scene.recevable("aap-2026")
    scene.proposer(dossier, "1000", "ETAT", par="chloe", le=scene.NOVEMBRE)
    assert filtres(code="aap-2026", etat="proposee", financeur="ETAT")[1] == [dossier]
    assert filtres(code="aap-2026", etat="proposee", financeur="CALL")[1] == []


def test_la_jauge_dit_le_reste_et_ce_que_le_filtre_en_prend():
    premier, second, _ = deux_lieux()
    scene.enveloppe("CALL", "20000.00")
    for dossier, montant in ((premier, "9000"), (second, "7000")):
        scene.proposer(dossier, montant)
    assert tableau("benoit").context["jauges"][0]["filtre"] is None
    jauge = tableau("benoit", pilier="prevenir").context["jauges"][0]
    assert (jauge["propose"], jauge["filtre"]) == (16000, 7000)
    assert "dans ce filtre" in tableau("benoit", pilier="prevenir").content.decode()


def test_les_communes_tiennent_en_une_jauge_et_celle_qui_deborde_se_nomme():
    rangees = [
        {"libelle": nom, "financeur": "COMMUNES", "total": 10, "vote": 0, "propose": propose, "filtre": None}
        for nom, propose in (("Lens", 4), ("Liévin", 12))
    ]
    ensemble, depassees = lecture.en_bandeau(rangees)
    assert [(j["libelle"], j["total"], j["propose"]) for j in ensemble] == [("Communes (2)", 20, 16)]
    assert [j["libelle"] for j in depassees] == ["Liévin"]


def test_chacun_ne_propose_que_dans_sa_colonne():
    dossier = scene.recevable("aap-2026")
    volets = {c: scene.volet(dossier, c) for c in ("CALL", "ETAT")}
    page = tableau("chloe", "aap-2026").content.decode()
    assert f'name="montant-{volets["ETAT"].pk}"' in page
    assert f'name="montant-{volets["CALL"].pk}"' not in page
    dits = {f"montant-{v.pk}": "1000" for v in volets.values()} | {"versions": versions(*volets.values())}
    f.client("chloe").post(reverse("programmation_appel", args=["aap-2026"]), dits)
    assert scene.volet(dossier, "ETAT").propose == 1000
    assert scene.volet(dossier, "CALL").propose is None


@pytest.mark.parametrize(
    ("montant", "reste", "dit"),
    [("8 000,01", "8000", "enveloppe"), ("9 000,01", "50000", "demande"), ("-1", "50000", "")],
)
def test_un_montant_impossible_garde_la_saisie_et_dit_sa_raison(montant, reste, dit):
    dossier = scene.recevable()
    scene.enveloppe("CALL", reste)
    dits = {f"montant-{scene.volet(dossier).pk}": montant, "versions": versions(scene.volet(dossier))}
    lue = f.client("benoit").post(reverse("programmation_appel", args=["ami-2025"]), dits)
    page = lue.content.decode()
    assert lue.status_code == 422
    assert f'value="{montant}"' in page
    assert dit in next(x for x, _ in lue.context["lignes"]).refus[0]
    assert scene.volet(dossier).propose is None


def test_un_montant_refuse_garde_la_saisie_et_laisse_passer_les_autres():
    premier, second = scene.recevable(), scene.deuxieme()
    volets = scene.volet(premier), scene.volet(second)
    dits = {f"montant-{v.pk}": tape for v, tape in zip(volets, ("9000,01", "7 000"), strict=True)}
    dits["versions"] = versions(*volets)
    lue = f.client("benoit").post(reverse("programmation_appel", args=["ami-2025"]), dits)
    assert lue.status_code == 422
    assert "9000,01" in lue.content.decode()
    assert "Rien n&#x27;a changé" in lue.content.decode()
    assert (scene.volet(premier).propose, scene.volet(second).propose) == (None, 7000)


def test_suivants_du_tableau(monkeypatch):
    monkeypatch.setattr(lecture, "PAR_GRILLE", 1)
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
    page = reverse("programmation_appel", args=["aap-2026"])
    adresses = {
        "tableau": ("benoit", page),
        "acte": ("chloe", acte),
        "appels": ("benoit", reverse("programmation")),
        "seances": ("benoit", reverse("seances")),
        "filtre": (
            "benoit",
            reverse("programmation_appel", args=["aap-2026"]) + "?commune=LENS&financeur=CALL",
        ),
    }
    deux = {nom: requetes(*a) for nom, a in adresses.items()}
    deux["seance"] = requetes("benoit", reverse("seance", args=[tenue.pk]))
    dossiers += [scene.recevable("aap-2026") for _ in range(10)]
    grande = scene.seance(*dossiers, le=scene.NOVEMBRE, ouverte=False)
    douze = {nom: requetes(*a) for nom, a in adresses.items()}
    douze["seance"] = requetes("benoit", reverse("seance", args=[grande.pk]))
    assert deux == douze
    assert max(douze.values()) <= 24


def test_ouvrir_et_modifier_son_enveloppe():
    f.appel("aap-2026")
    adresse = reverse("enveloppes", args=["aap-2026"])
    chloe = f.client("chloe")
    assert chloe.post(adresse, {"financeur": "ETAT", "ETAT-montant": "210 000"}).status_code == 302
    assert Enveloppe.objects.get().montant == 210000
    refus = chloe.post(adresse, {"financeur": "ETAT", "ETAT-montant": "1", "ETAT-motif": ""})
    assert refus.status_code == 422
    assert "Ce champ est vide" in refus.content.decode()
    assert "facultatif" not in chloe.get(adresse).content.decode().split("Pourquoi ce changement")[1][:40]
    assert chloe.post(adresse, {"financeur": "CALL", "CALL-montant": "1"}).status_code == 403
    assert Enveloppe.objects.get().montant == 210000


def test_convoquer_depuis_la_page():
    dossier = scene.recevable()
    dits = convocation(dossier, "elise")
    adresse = reverse("seance_nouvelle", args=["ami-2025"])
    assert f.client("benoit").post(adresse, dits | {"quorum": "2"}).status_code == 422
    passe = f.client("benoit").post(adresse, dits | {"jour": "19/09/2025"})
    assert passe.status_code == 422
    assert "Le 19/09/2025 est passé" in passe.context["form"].errors["jour"][0]
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
        "David Lambert n'est pas en fonction le 01/10/2025\xa0: son mandat va jusqu'au 30/09/2025. "
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
        if critere.code == "participation":
            en_cours = elise.get(adresse)
            assert (en_cours.context["en_cours"], en_cours.context["manquent"]) == ((Decimal("37.5"), 50), 6)
            assert "il en manque 6" in en_cours.content.decode()
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
    refusee = f.client("elise").post(adresse, autre)
    assert refusee.status_code == 422
    assert f'href="{reverse("seance", args=[tenue.pk])}">Revenir' in refusee.content.decode()
    assert f.client("elise").post(adresse, {"utilisateur": str(elise.pk), "motif": "sœur"}).status_code == 302
    assert f.client("elise").get(adresse).status_code == 404


def test_la_page_de_note_dit_que_la_presence_manque():
    dossier = scene.recevable()
    tenue = scene.seance(dossier)
    adresse, dit = reverse("seance_noter", args=[tenue.pk, dossier.numero]), "pas encore notée"
    assert dit not in f.client("elise").get(adresse).content.decode()
    tenue.participants.update(est_present=None)
    assert dit in f.client("elise").get(adresse).content.decode()


def test_la_seance_se_tient_de_l_ouverture_au_proces_verbal():
    dossier = scene.recevable(bonification={"habitants": {"declare": True}})
    scene.proposer(dossier, "9000")
    tenue = scene.seance(dossier, ouverte=False)
    benoit = f.client("benoit")
    page = reverse("seance", args=[tenue.pk])
    benoit.post(reverse("seance_ouvrir", args=[tenue.pk]))
    decider = reverse("seance_decider", args=[tenue.pk, dossier.numero])
    assert "Quorum non atteint" in benoit.get(page).content.decode()
    assert "0 présent, 1 requis. La décision" in benoit.get(decider).content.decode()
    ensemble = benoit.post(decider, {"decision": "ecarte", "motif": ""})
    assert ensemble.context["form"].errors["motif"] == [MOTIF_MANQUANT]
    assert benoit.post(decider, {"decision": "retenu", "motif": ""}).status_code == 422
    membre = tenue.participants.get()
    benoit.post(reverse("seance_pointer", args=[tenue.pk, membre.pk]), {"present": "oui"})
    taux = reverse("seance_taux", args=[tenue.pk, dossier.numero])
    assert benoit.post(taux, {"taux": "65"}).status_code == 422
    benoit.post(reverse("seance_critere", args=[tenue.pk, dossier.numero, "habitants"]), {"valide": "oui"})
    vu = benoit.post(taux, {"taux": "65", "voir": "1"})
    assert (vu.status_code, vu.context["plafond"].montant) == (200, Decimal("11700.00"))
    assert Dossier.objects.get().taux_retenu is None
    assert benoit.post(taux, {"taux": "62,5"}).status_code == 302
    assert 'value="62,5"' in benoit.get(decider).content.decode(), "la boîte montre le taux fixé"
    assert benoit.post(taux, {"taux": "65", "motif": "Le jury se reprend."}).status_code == 302
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


def test_l_acte_dit_toutes_ses_fautes_sur_leurs_lignes():
    premier, second = scene.recevable(), scene.deuxieme()
    for dossier in (premier, second):
        scene.programmer(dossier, "9000")
    benoit, adresse = f.client("benoit"), reverse("deliberation_nouvelle", args=["ami-2025", "CALL"])
    cles = {d.pk: scene.volet(d).pk for d in (premier, second)}
    dits = {
        "numero": "2025-118", "votee_le": "18/09/2025",
        f"choix-{cles[premier.pk]}": "accord", f"montant-{cles[premier.pk]}": "9 000,01",
        f"choix-{cles[second.pk]}": "refus", f"motif-{cles[second.pk]}": "",
    }  # fmt: skip
    lue = benoit.post(adresse, dits)
    erreurs = {x.volet.dossier_id: x.erreur for x in lue.context["lignes"]}
    assert "dépasse la demande" in erreurs[premier.pk]
    assert "motif du refus" in erreurs[second.pk]
    sans_numero = benoit.post(adresse, dits | {"numero": "", f"montant-{cles[premier.pk]}": "neuf mille"})
    assert sans_numero.context["form"].errors["numero"]
    assert [bool(x.erreur) for x in sans_numero.context["lignes"]] == [True, False]
    assert "neuf mille" in sans_numero.content.decode()
    assert not Deliberation.objects.exists()


def test_la_liste_des_actes_du_plus_recent_au_plus_ancien(monkeypatch):
    premier, second = scene.recevable(), scene.deuxieme()
    scene.programmer(premier, "9000")
    scene.programmer(second, "8000")
    ancien = scene.deliberer("CALL", (premier, "9000"), numero="2025-9")
    recent = scene.deliberer("CALL", (second, "8000"), numero="2025-10", le=f.instant("2025-09-19 18:00"))
    adresse, benoit = reverse("deliberations"), f.client("benoit")
    lue = benoit.get(adresse)
    assert [(a.numero, a.accords, a.total) for a in lue.context["actes"]] == [
        ("2025-10", 1, 8000),
        ("2025-9", 1, 9000),
    ]
    assert not benoit.get(adresse, {"appel": "aap-2026"}).context["actes"]
    monkeypatch.setattr(deliberations, "PAR_PAGE", 1)
    premiere = benoit.get(adresse)
    suite = benoit.get(adresse + premiere.context["suivant"])
    assert [a for page in (premiere, suite) for a in page.context["actes"]] == [recent, ancien]
    assert f.client("chloe").get(adresse).context["nombre"] == 0


def test_les_seances_a_tenir_de_la_plus_proche_a_la_plus_lointaine():
    dossier = scene.recevable()
    for jour in ("2025-10-09", "2025-10-02", "2025-10-16"):
        scene.seance(dossier, le=f.instant(f"{jour} 14:00"), ouverte=False)
    lue = f.client("elise").get(reverse("seances"))
    assert [s.le.day for s in lue.context["a_venir"]] == [2, 9, 16]
    assert [(s.dossiers, s.a_decider) for s in lue.context["a_venir"]] == [(1, 1)] * 3


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


def test_une_convocation_annulee_ne_propose_plus_rien():
    dossier = scene.recevable()
    tenue = scene.seance(dossier, ouverte=False)
    benoit, adresse = f.client("benoit"), reverse("seance", args=[tenue.pk])
    decider = reverse("seance_decider", args=[tenue.pk, dossier.numero])
    assert decider in benoit.get(adresse).content.decode()
    annuler = reverse("seance_annuler", args=[tenue.pk])
    assert "Annulée" not in benoit.post(annuler, {"raison": " "}, follow=True).content.decode()
    page = benoit.post(annuler, {"raison": "Erreur de jour."}, follow=True).content.decode()
    assert "convocation annulée" in page
    for geste in (decider, annuler, reverse("seance_ouvrir", args=[tenue.pk])):
        assert geste not in page
    assert tenue.titre in benoit.get(reverse("seances")).content.decode()
