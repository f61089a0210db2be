"""Tester son projet sans compte : les verdicts du noyau, le lien gardé, le dossier qui reprend (écran É3)."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.conf import settings
from django.urls import reverse

from ensemblier.comptes import actes as actes_comptes
from ensemblier.dossiers import actes
from ensemblier.dossiers.forms_simulateur import A_ECRIRE, SimulateurForm, questions
from ensemblier.dossiers.models import Dossier, Simulation
from ensemblier.dossiers.simulateur import essayer
from ensemblier.noyau import packs
from ensemblier.noyau.regles import Fiche, evaluer
from ensemblier.registre.actes import ActeBloque
from tests import fabriques

JOUR = date(2025, 5, 12)
AMI = {
    "type": "association", "pilier": "agir", "lieu": "QN06224M:LENS", "total": "1 000", "qpv": "600",
    "acquis": ["mobilisation_qpv"], "cout": "18 000", "demande_CALL": "9 000", "criteres": ["habitants"],
}  # fmt: skip


def _pack(territoire, appel):
    lieu = packs.lire_territoire(settings.PACKS / territoire)
    return lieu, packs.lire_appel(settings.PACKS / territoire / "appels" / f"{appel}.toml", lieu)


APPELS = (("lens-lievin", "ami-2025"), ("lens-lievin", "aap-2026"), ("val-fictif", "appel-2026"))


def _form(reponses, pack=("lens-lievin", "ami-2025")):
    lieu, appel = _pack(*pack)
    form = SimulateurForm(reponses, reglement=appel, pack=lieu)
    assert form.is_valid(), form.errors
    return form


def _verdicts(essai):
    return {c.regle: str(c.verdict) for c in essai.rapport.constats}


@pytest.mark.parametrize("pack", APPELS)
def test_de_huit_a_douze_questions_tirees_des_regles(pack):
    lieu, appel = _pack(*pack)
    posees = questions(appel, lieu)
    assert 8 <= len(posees) <= 12
    lus = {c for r in appel.regles for c in r.champs} | {"porteur.type", "action.thematiques"}
    lus |= {r.condition.vrai for r in appel.regles if r.condition}
    for q in posees:
        assert set(q.chemins) & lus, f"{q.code} ne sert à aucune règle"


@pytest.mark.parametrize("pack", APPELS)
def test_une_question_disparait_avec_la_regle_qui_la_lit(pack):
    lieu, appel = _pack(*pack)
    sans = appel.model_copy(
        update={"regles": tuple(r for r in appel.regles if "action.quartiers" not in r.champs)}
    )
    assert "lieu" in {q.code for q in questions(appel, lieu)}
    assert "lieu" not in {q.code for q in questions(sans, lieu)}


@pytest.mark.parametrize("pack", APPELS)
def test_un_essai_vide_ne_bloque_rien(pack):
    essai = essayer(_form({}, pack), le=JOUR)
    assert not essai.bloquent
    assert not {c.verdict for c in essai.juges} & {"non_respectee", "respectee"}
    assert essai.possible is None
    assert f"Répondez à {essai.sur} questions" in essai.phrase


def test_aucune_question_ne_porte_sur_une_personne():
    lieu, appel = _pack("lens-lievin", "aap-2026")
    for q in questions(appel, lieu):
        for nom, champ in q.champs.items():
            assert not re.search(r"nom\b|prénom|courriel|téléphone|adresse", champ.label.lower()), nom


def test_le_verdict_est_celui_du_noyau():
    """S01 à S03 : la même fiche écrite à la main donne les mêmes constats et le même calcul."""
    lieu, appel = _pack("lens-lievin", "ami-2025")
    for qpv in ("600", "599"):
        essai = essayer(_form(AMI | {"qpv": qpv}), le=JOUR)
        a_la_main = Fiche.lire({
            "porteur": {"type": "association"},
            "action": {"pilier": "agir", "mobilisation_qpv": A_ECRIRE,
                       "quartiers": [{"code": "QN06224M", "communes": ["LENS"]}]},
            "publics": {"total": 1000, "qpv": int(qpv)},
            "budget": {"charges": {"60": "18000.00"},
                       "produits": {"74": {"CALL": "9000.00"}, "autofinancement": "9000.00"}},
            "bonification": {"habitants": {"declare": True}},
            "demande": {"CALL": "9000.00"},
        })  # fmt: skip
        attendu = evaluer(appel, a_la_main, territoire=lieu)
        assert [c.en_json() for c in essai.rapport.constats] == [c.en_json() for c in attendu.constats]
        assert essai.rapport.financement == attendu.financement
        assert essai.possible == Decimal("9000.00")
        assert essai.bonifie == Decimal("14400.00")


def test_il_manque_un_habitant_et_la_phrase_le_dit():
    essai = essayer(_form(AMI | {"qpv": "599"}), le=JOUR)
    assert [c.phrase for c in essai.bloquent] == ["Il manque 1 habitant de quartier prioritaire."]
    assert essai.phrase == "Une règle bloque aujourd'hui. Voici ce qui la débloque."


def test_tout_repondu_rien_ne_bloque():
    essai = essayer(_form(AMI), le=JOUR)
    assert essai.repondues == essai.sur == 9
    assert essai.phrase.replace("\u00a0", " ") == (
        "Rien ne bloque. Votre projet peut demander jusqu'à 9 000 €. "
        "Ce n'est pas une promesse : le jury choisit."
    )


def test_le_seul_cout_donne_l_aide_possible_sans_rien_bloquer():
    essai = essayer(_form({"cout": "18 000"}), le=JOUR)
    assert essai.possible == Decimal("9000.00")
    assert essai.reste == Decimal("18000.00")
    assert not essai.bloquent


def test_une_demande_plus_forte_que_le_cout_ne_s_equilibre_pas():
    essai = essayer(_form(AMI | {"demande_CALL": "20 000"}), le=JOUR)
    assert _verdicts(essai)["equilibre"] == "non_respectee"
    assert essai.reste == 0
    assert essai.possible == Decimal("9000.00")


def test_l_emploi_demande_quinze_personnes():
    reponses = {"type": "association", "theme": "emploi-insertion", "total": "14", "qpv": "14"}
    aap = ("lens-lievin", "aap-2026")
    assert _verdicts(essayer(_form(reponses, aap), le=JOUR))["cohorte-emploi"] == "non_respectee"
    inedit = reponses | {"experimentale": "True", "acquis": ["experimentale_justification"]}
    assert _verdicts(essayer(_form(inedit, aap), le=JOUR))["cohorte-emploi"] == "a_verifier"


def test_le_contact_de_la_commune_se_coche():
    reponses = {"type": "association", "lieu": "QN06224M:LENS", "acquis": ["contacts_communes"]}
    essai = essayer(_form(reponses, ("lens-lievin", "aap-2026")), le=JOUR)
    assert _verdicts(essai)["contact-communal"] == "respectee"


def test_le_val_a_son_seuil_et_ses_criteres():
    val = ("val-fictif", "appel-2026")
    juste = {"total": "10", "qpv": "5", "cout": "1000", "criteres": ["jeunesse"]}
    essai = essayer(_form(juste, val), le=JOUR)
    assert _verdicts(essai)["part-habitants"] == "respectee"
    assert essai.possible == Decimal("400.00")
    assert essai.bonifie is None, "le Val veut deux critères"
    deux = essayer(_form(juste | {"criteres": ["jeunesse", "entreprise"]}, val), le=JOUR)
    assert deux.bonifie == Decimal("600.00")
    assert _verdicts(essayer(_form(juste | {"qpv": "4"}, val), le=JOUR))["part-habitants"] == "non_respectee"


def test_un_montant_a_centimes_est_refuse_quand_l_appel_veut_des_euros_entiers():
    lieu, appel = _pack("lens-lievin", "ami-2025")
    form = SimulateurForm(AMI | {"demande_CALL": "9000,50"}, reglement=appel, pack=lieu)
    assert not form.is_valid()
    assert "euros entiers" in form.errors["demande_CALL"][0]


# ------------------------------------------------------------------ Les pages


@pytest.fixture
def en_mai():
    with time_machine.travel(fabriques.instant("2025-05-12 10:00"), tick=False) as voyage:
        yield voyage


def lire(reponse, code=200):
    assert reponse.status_code == code, reponse.content[:400]
    return reponse.content.decode().replace("\u00a0", " ").replace("&#x27;", "'")


def _garder(client, reponses=AMI, bouton="garder", appel="ami-2025"):
    fabriques.appel(appel)
    return client.post(reverse("simulateur", args=[appel]), reponses | {bouton: ""})


@pytest.mark.django_db
@pytest.mark.usefixtures("en_mai")
class TestPages:
    def test_la_page_vide_ne_montre_rien_de_rouge(self):
        fabriques.appel()
        page = lire(fabriques.client().get("/appels/ami-2025/simulateur/"))
        assert "0 question sur 9" in page
        assert "À renseigner" in page
        assert "constat--bloque" not in page
        assert not Simulation.objects.exists()

    def test_sans_javascript_recalculer_rend_la_page_jugee(self):
        client = fabriques.client()
        page = lire(_garder(client, AMI | {"qpv": "599"}, "recalculer"))
        assert "<!DOCTYPE html>" in page
        assert "Il manque 1 habitant de quartier prioritaire." in page
        assert 'value="599"' in page
        assert not Simulation.objects.exists()

    def test_htmx_ne_recoit_que_le_panneau_et_les_places(self):
        fabriques.appel()
        reponse = fabriques.client().post(
            "/appels/ami-2025/simulateur/", AMI | {"qpv": "599"}, headers={"HX-Request": "true"}
        )
        morceau = lire(reponse)
        assert "<!DOCTYPE" not in morceau
        assert "Aide possible : 9 000 €" in morceau
        assert 'id="sous-total" hx-swap-oob="true"' in morceau
        assert 'id="essai-phrase" hx-swap-oob="true"' in morceau
        assert "9 questions sur 9" in morceau

    def test_un_nombre_illisible_le_dit_et_garde_ce_qui_est_tape(self):
        reponse = _garder(fabriques.client(), AMI | {"total": "beaucoup"})
        page = lire(reponse, 422)
        assert 'value="beaucoup"' in page
        assert "nombre entier" in page
        assert not Simulation.objects.exists()

    def test_garder_donne_un_lien_que_la_base_ne_connait_pas(self):
        client = fabriques.client()
        adresse = _garder(client)["Location"]
        jeton = adresse.split("/")[2]
        assert len(jeton) >= 32
        garde = Simulation.objects.get()
        assert jeton not in (garde.empreinte, str(garde.reponses))
        reponse = fabriques.client().get(adresse)
        page = lire(reponse)
        assert re.search(r"<h1>Mon résultat du \w+\.? 12 mai 2025</h1>", page)
        assert "Rien ne bloque." in page
        assert f"http://testserver{adresse}" in page
        assert '<svg role="img"' in page
        assert "style=" not in page
        assert re.search(r"jusqu'au \w+\.? 10 août 2025", page)
        assert reponse["X-Robots-Tag"] == "noindex"

    def test_modifier_rouvre_les_reponses(self):
        client = fabriques.client()
        jeton = _garder(client)["Location"].split("/")[2]
        page = lire(client.get(f"/appels/ami-2025/simulateur/?essai={jeton}"))
        assert 'value="1 000"' in page
        assert re.search(r'value="mobilisation_qpv"[^>]*checked', page)

    @pytest.mark.parametrize("jours", [90, 400])
    def test_un_lien_echu_est_introuvable_puis_efface(self, en_mai, jours):
        client = fabriques.client()
        adresse = _garder(client)["Location"]
        en_mai.shift(timedelta(days=jours))
        lire(client.get(adresse), 404)
        assert actes.effacer_les_simulations(le=fabriques.instant("2025-08-10 09:59")) == 0
        assert actes.effacer_les_simulations(le=fabriques.instant("2025-08-10 10:00")) == 1
        assert actes.effacer_les_simulations(le=fabriques.instant("2025-08-10 10:00")) == 0

    def test_un_jeton_devine_n_ouvre_rien(self):
        client = fabriques.client()
        _garder(client)
        lire(client.get("/simulations/devine/"), 404)
        lire(client.get(f"/simulations/{Simulation.objects.get().empreinte}/"), 404)

    def test_garder_a_une_borne(self, monkeypatch):
        monkeypatch.setattr("ensemblier.dossiers.actes.simulation.PAR_HEURE", 1)
        client = fabriques.client()
        assert _garder(client).status_code == 302
        page = lire(_garder(client), 422)
        assert "Réessayez dans une heure" in page
        with pytest.raises(ActeBloque):
            actes.garder_simulation(
                appel=fabriques.appel(), reponses={}, le=fabriques.instant("2025-05-12 10:30")
            )
        actes.garder_simulation(
            appel=fabriques.appel(), reponses={}, le=fabriques.instant("2025-05-12 11:01")
        )

    def test_un_dossier_reprend_les_reponses_et_aucune_promesse(self):
        client = fabriques.client("amina")
        adresse = _garder(client, bouton="dossier")["Location"]
        assert adresse.endswith("/dossier/")
        page = lire(client.get(adresse))
        assert "9 réponses seront reprises" in page
        champs = {"organisme": fabriques.organisme().pk, "cle": "une-cle"}
        for _ in range(2):
            reponse = client.post(adresse, champs)
        assert reponse["Location"] == f"/dossiers/{Dossier.objects.get().numero}/action/"
        dossier = Dossier.objects.get()
        assert (dossier.publics_total, dossier.publics_qpv) == (1000, 600)
        assert dossier.pilier.code == "agir"
        assert dossier.mobilisation_qpv == ""
        assert dossier.ciblages.get().quartier.code == "QN06224M"
        assert dossier.demandes.get().demande == Decimal("9000.00")
        lignes = {(ligne.sens, ligne.compte): ligne.montant for ligne in dossier.lignes_de_budget.all()}
        assert Decimal("18000.00") in lignes.values()
        assert "autofinancement" not in {compte for _, compte in lignes}
        assert dossier.criteres.get(code="habitants").est_declare
        assert "répartissez-le" in lire(client.get(reponse["Location"]))

    def test_les_reponses_attendent_la_creation_du_compte_et_de_l_organisme(self):
        """Le courriel à confirmer perd `next` : la session ramène quand même au dossier."""
        client = fabriques.client()
        adresse = _garder(client, bouton="dossier")["Location"]
        assert client.get(adresse)["Location"] == f"/connexion/?next={adresse}"
        mot = fabriques.MOT_DE_PASSE
        saisie = {"email": "nadia@ruche.example", "password1": mot, "password2": mot,
                  "prenom": "Nadia", "nom": "Kaci"}  # fmt: skip
        assert client.post("/inscription/", saisie).status_code == 302
        cle = EmailConfirmationHMAC(EmailAddress.objects.get(email="nadia@ruche.example")).key
        client.post(f"/inscription/confirmer/{cle}/")
        connexion = client.post("/connexion/", {"login": "nadia@ruche.example", "password": mot})
        assert connexion["Location"] == adresse
        page = lire(client.get(adresse))
        assert "vos réponses vous attendent" in page
        assert client.session["suite"] == adresse

    def test_l_organisme_cree_ramene_au_dossier(self):
        nadia = actes_comptes.creer_compte(
            courriel="nadia@ruche.example", mot_de_passe=fabriques.MOT_DE_PASSE, prenom="Nadia", nom="Kaci"
        )
        client = fabriques.client(nadia)
        adresse = _garder(client, bouton="dossier")["Location"]
        client.get(adresse)
        champs = {
            "nom": "La Ruche", "type": "association", "siret": "", "rna": "W624007777", "adresse": "1 rue",
            "code_postal": "62300", "commune": "Lens", "representant_nom": "Nadia Kaci",
            "representant_fonction": "Présidente", "fin_d_exercice": "12-31", "fonction": "Présidente",
            "mandat": "Statuts", "atteste": "on",
        }  # fmt: skip
        reponse = client.post("/mon-organisme/creer/", champs)
        assert reponse.status_code == 302, reponse.content.decode()[:3000]
        assert reponse["Location"] == adresse

    def test_une_inconnue_ne_lit_pas_l_essai_d_un_autre_territoire(self):
        client = fabriques.client()
        adresse = _garder(client)["Location"]
        Simulation.objects.get().appel.territoire.__class__.objects.update(hote="ailleurs.example")
        autre = fabriques.territoire()
        assert autre.hote == "ailleurs.example"
        autre.__class__.objects.create(
            code="val", nom="Val", nom_court="Val", siren="000000000", service="S", courriel="s@val.example",
            empreinte_du_pack="0" * 64, cadre=autre.cadre,
        )  # fmt: skip
        lire(client.get(adresse), 404)

    def test_ferme_on_peut_encore_essayer(self):
        with time_machine.travel(fabriques.instant("2025-06-12 10:00"), tick=False):
            client = fabriques.client()
            adresse = _garder(client)["Location"]
            page = lire(client.get(adresse))
            assert "aucun dossier ne peut y commencer aujourd'hui" in page
            assert "En faire un dossier" not in page

    def test_un_reglement_change_depuis_se_dit(self):
        client = fabriques.client()
        adresse = _garder(client)["Location"]
        garde = Simulation.objects.select_related("appel", "reglement").get()
        neuf = type(garde.reglement).objects.create(
            appel=garde.appel, version=2, contenu=garde.reglement.contenu, empreinte="1" * 64,
            publie_le=fabriques.instant("2025-05-13 09:00"), motif="Précision",
        )  # fmt: skip
        type(garde.appel).objects.filter(pk=garde.appel_id).update(reglement=neuf)
        assert "a changé depuis" in lire(client.get(adresse))


@pytest.mark.django_db
def test_un_cout_a_deux_lectures_propose_deux_boutons_et_celui_qu_on_presse_s_ecrit():
    fabriques.appel()
    client, adresse = fabriques.client(), reverse("simulateur", args=["ami-2025"])
    with time_machine.travel(JOUR, tick=True):
        page = client.post(adresse, AMI | {"cout": "12,345", "garder": ""})
        assert page.status_code == 422
        assert Simulation.objects.count() == 0
        assert 'name="lecture" value="cout=12\u00a0345"' in page.content.decode()
        lue = client.post(adresse, AMI | {"cout": "12,345", "lecture": "cout=12 345"})
        assert lue.status_code == 200
        assert lue.context["form"]["cout"].value() == "12 345"
        intacte = client.post(adresse, AMI | {"lecture": "inconnu=1"})
        assert intacte.context["form"]["cout"].value() == "18 000"
