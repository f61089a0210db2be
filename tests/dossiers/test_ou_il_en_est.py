"""La première phrase d'un dossier arrêté ou attendu, et ce que ses pages lues ne montrent pas."""

from datetime import timedelta
from html import unescape

import pytest
import time_machine

from ensemblier.dossiers import actes as dossiers
from ensemblier.dossiers import lecture
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.reponses import Reponses
from ensemblier.instruction import actes
from ensemblier.programmation.models import Deliberation
from ensemblier.registre.models import Evenement
from tests import fabriques as f

pytestmark = pytest.mark.django_db
LE = f.instant("2025-05-26 10:00")
CALL = "Portée par des habitants des quartiers"


@pytest.fixture(autouse=True)
def le_26_mai():
    with time_machine.travel(LE, tick=True):
        yield


def lire(qui, chemin):
    reponse = f.client(qui).get(chemin)
    assert reponse.status_code == 200, chemin
    return unescape(reponse.content.decode()).replace("\u00a0", " ")


def par_benoit(acte, dossier, **options):
    par = f.acteur("benoit")
    return acte(dossier, par=par, roles=roles(par, dossier), le=LE, **options)


def demander(dossier):
    par_benoit(actes.demander_complements, dossier, pieces=["rib"], message="Il manque le RIB.")


def test_un_dossier_irrecevable_dit_pourquoi_quand_et_que_faire():
    depose = f.dossier_depose()
    par_benoit(actes.declarer_irrecevable, depose, motif="Déjà payée par un marché public.")
    page = lire("amina", f"/dossiers/{depose.numero}/")
    assert (
        "Ce dossier ne peut pas être examiné. Décision du lundi 26 mai 2025 : Déjà payée par un marché "
        "public. Une décision de rejet" in page
    )
    assert "ou devant le tribunal administratif" in page
    assert "Pas examinée" in page
    assert "Votre dossier :" not in page


def test_un_dossier_retire_dit_quand_et_pourquoi_au_co_porteur_aussi():
    brouillon = f.dossier()
    f.personne("david")
    par = f.acteur("amina")
    nomme = dossiers.ajouter_co_porteur(
        brouillon, nom="Club", numero=f.SIREN_DU_CLUB, role="Anime", courriel="bureau@terril.example",
        par=par, roles=roles(par, brouillon), le=LE - timedelta(days=9),
    )  # fmt: skip
    dossiers.repondre_en_co_porteur(
        nomme, confirme=True, motif="", teneur=nomme.teneur(), par=f.acteur("david"), le=LE
    )
    depose = f.deposer(brouillon)
    dossiers.retirer(depose, motif="Plus de salle", par=par, roles=roles(par, depose), le=LE)
    for qui in ("amina", "david"):
        page = lire(qui, f"/dossiers/{depose.numero}/")
        assert "Dossier retiré le lundi 26 mai 2025 : Plus de salle. Aucun financeur" in page
        assert "par vous" not in page
    assert "Ce qui est demandé, et la réponse" in lire("david", f"/dossiers/{depose.numero}/")
    assert "Ce que vous demandez, et la réponse" in lire("amina", f"/dossiers/{depose.numero}/")


def test_une_reponse_passee_etait_prevue():
    depose = f.dossier_depose()
    regles, volets = depose.reglement.regles(), lecture.volets(Reponses(depose))
    for le, dit in ((LE, "Réponse prévue"), (LE + timedelta(days=700), "Réponse qui était prévue")):
        assert dit in lecture.reponse(depose, regles, None, volets, le=le)


def test_le_service_attend_avant_tel_jour_et_le_co_porteur_n_y_repond_pas():
    depose = f.dossier_depose()
    demander(depose)
    assert depose.reponse_avant == LE.date() + timedelta(days=15)
    for chemin in ("", "messages/", "pieces/"):
        page = lire("amina", f"/dossiers/{depose.numero}/{chemin}")
        assert "Réponse attendue avant le mardi 10 juin 2025." in page
    depose.refresh_from_db()
    f.joindre(depose, "rib", le=LE)
    par = f.acteur("amina")
    actes.completer(depose, par=par, roles=roles(par, depose), le=LE)
    assert depose.reponse_avant is None


def test_une_question_que_l_appel_ne_pose_pas_ne_se_lit_pas():
    ami, aap = f.dossier(), f.dossier("aap-2026")
    sans, avec = (dict(lecture.lignes(Reponses(d), "action")) for d in (ami, aap))
    assert "Numéro Dauphin" in avec
    assert not {"Numéro Dauphin", "Comité de suivi", "Droit commun"} & set(sans)
    ami.comite_de_suivi = "Deux fois l'an"
    assert dict(lecture.lignes(Reponses(ami), "action"))["Comité de suivi"] == "Deux fois l'an"


def test_une_bonification_se_lit_en_toutes_lettres_jusque_dans_l_histoire():
    depose = f.dossier_depose()
    critere, _ = depose.criteres.update_or_create(code="habitants", defaults={"est_declare": True})
    page = lire("amina", f"/dossiers/{depose.numero}/demandes/")
    assert CALL in page
    assert "Bonification demandée : habitants" not in page
    par = f.acteur("benoit")
    actes.qualifier_critere(
        critere, est_qualifie=True, qualification="Le comité est mixte.", par=par,
        roles=roles(par, depose), le=LE,
    )  # fmt: skip
    assert CALL in Evenement.objects.get(acte="qualifier_critere").libelle


def test_sans_acte_de_son_organisme_un_financeur_ne_lit_pas_que_rien_n_est_vote():
    f.appel()
    assert not Deliberation.objects.exists()
    assert "Aucun acte de votre organisme n'est encore" in lire("chloe", "/programmation/deliberations/")
    assert "Aucun acte n'est encore" in lire("benoit", "/programmation/deliberations/")
    assert "Aucun dossier recevable ne vous est adressé" in lire("chloe", "/programmation/ami-2025/")
    assert "Aucun dossier recevable pour l'instant" in lire("benoit", "/programmation/ami-2025/")
