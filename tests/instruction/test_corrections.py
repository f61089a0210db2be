"""Faire reprendre une réponse : sa raison, elle seule ouverte, l'avant et l'après, l'envoi qui attend."""

from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from ensemblier.dossiers import actes as actes_dossiers
from ensemblier.dossiers.actes import corrections as actes_corrections
from ensemblier.dossiers.ancres import ancres
from ensemblier.dossiers.corrections import Demandee, ecarts
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Correction, Demande, Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.instruction import actes
from ensemblier.noyau.machine import EtatInterdit, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement
from tests import fabriques as f

pytestmark = pytest.mark.django_db
JUIN = f.instant("2025-06-02 09:00")
RAISON = "Dites ce qui change pour les habitants."
DESCRIPTION = Demandee("description", "preciser", RAISON)


@pytest.fixture(autouse=True)
def au_2_juin():
    with time_machine.travel(JUIN, tick=True):
        yield


def en(dossier, qui):
    par = f.acteur(qui)
    return {"par": par, "roles": roles(par, dossier), "le": JUIN}


def demander(dossier, *demandees, pieces=(), message=""):
    return actes.demander_complements(
        dossier, pieces=pieces, message=message, corrections=demandees, **en(dossier, "benoit")
    )


@pytest.fixture
def dossier():
    depose = f.dossier_depose()
    Dossier.objects.filter(pk=depose.pk).update(description="Un atelier cuisine par mois.")
    depose.refresh_from_db()
    return depose


def corriger(dossier, qui="amina", **reponses):
    return actes_dossiers.corriger(dossier, reponses=reponses, **en(dossier, qui))


def test_la_demande_ouvre_une_reponse_avec_sa_raison_et_le_porteur_la_lit(dossier):
    demander(dossier, DESCRIPTION)
    assert dossier.etat == "a_completer"
    reprise = Correction.objects.get()
    assert (reprise.question, reprise.raison) == ("Que faites-vous, concrètement ?", RAISON)
    assert reprise.avant == "Un atelier cuisine par mois."
    courriel = Courriel.objects.get(cle__startswith="complement:")
    assert "Que faites-vous" in courriel.texte
    assert RAISON not in courriel.texte, "la raison se lit une fois connecté"


@pytest.mark.parametrize("nom", ["dossier", "dossier_historique", "dossier_messages", "accuse"])
def test_la_demande_est_en_tete_de_chaque_page_jusqu_a_l_envoi(dossier, nom):
    demander(dossier, DESCRIPTION)
    client, adresse = f.client("amina"), reverse(nom, args=[dossier.numero])
    assert RAISON in client.get(adresse).content.decode()
    corriger(dossier, description="Deux ateliers.")
    assert "repris, à envoyer" in client.get(adresse).content.decode()
    actes.completer(dossier, **en(dossier, "amina"))
    assert RAISON not in client.get(adresse).content.decode()


def test_le_porteur_reprend_relit_et_envoie_par_les_pages(dossier):
    demander(dossier, DESCRIPTION)
    client, adresse = f.client("amina"), reverse("corrections", args=[dossier.numero])
    client.post(adresse)
    assert Dossier.objects.get(pk=dossier.pk).etat == "a_completer", "rien n'est repris : rien ne part"
    vide = client.post(adresse, {"enregistrer": "1", "description": ""})
    assert vide.status_code == 422
    assert client.post(adresse, {"enregistrer": "1", "description": "Un atelier cuisine par semaine."}).url
    relue = client.get(adresse).content.decode()
    assert "<del>mois</del><ins>semaine</ins>" in relue
    assert client.post(adresse).status_code == 302
    lu = Dossier.objects.get(pk=dossier.pk)
    assert (lu.etat, lu.description) == ("depose", "Un atelier cuisine par semaine.")
    agent = f.client("benoit").get(reverse("instruction_completude", args=[dossier.numero])).content.decode()
    assert "<del>mois</del><ins>semaine</ins>" in agent
    assert RAISON in agent


def test_une_piece_a_remplacer_dit_pourquoi(dossier):
    actes.demander_complements(
        dossier, pieces=["rib"], message="", raisons={"rib": "Le nom du titulaire est coupé."},
        **en(dossier, "benoit"),
    )  # fmt: skip
    page = f.client("amina").get(reverse("corrections", args=[dossier.numero])).content.decode()
    assert "à remplacer" in page
    assert "Le nom du titulaire est coupé." in page
    assert dossier.intitule in page


def test_une_demande_en_retard_ne_dit_plus_avant_le(dossier):
    demander(dossier, DESCRIPTION)
    adresse = reverse("corrections", args=[dossier.numero])
    assert "à faire avant le" in f.client("amina").get(adresse).content.decode()
    with time_machine.travel(f.instant("2025-07-02 09:00"), tick=True):
        page = f.client("amina").get(adresse).content.decode()
    assert "à faire avant le" not in page
    assert "était attendue le" in page


def test_seule_la_reponse_demandee_s_ecrit(dossier):
    demander(dossier, DESCRIPTION)
    with pytest.raises(EtatInterdit, match="n'a pas demandé"):
        corriger(dossier, description="Oui.", intitule="Un autre nom")
    client, adresse = f.client("amina"), reverse("corrections", args=[dossier.numero])
    client.post(adresse, {"enregistrer": "1", "description": "Oui.", "intitule": "Un autre nom"})
    assert Dossier.objects.get(pk=dossier.pk).intitule == dossier.intitule


def test_hors_de_la_demande_rien_ne_s_ecrit(dossier):
    with pytest.raises(EtatInterdit, match="ne se modifie plus"):
        corriger(dossier, description="Oui.")
    demander(dossier, DESCRIPTION)
    corriger(dossier, description="Oui.")
    actes.completer(dossier, **en(dossier, "amina"))
    with pytest.raises(EtatInterdit):
        corriger(dossier, description="Encore.")
    assert Dossier.objects.get(pk=dossier.pk).description == "Oui."


def test_l_etat_ouvert_a_tous_laisserait_ecrire_garde_levee(dossier, monkeypatch):
    demander(dossier, DESCRIPTION)
    corriger(dossier, description="Oui.")
    Dossier.objects.filter(pk=dossier.pk).update(etat="depose")
    monkeypatch.setattr(actes_corrections, "A_COMPLETER", "depose")
    corriger(dossier, description="Encore.")
    assert Dossier.objects.get(pk=dossier.pk).description == "Encore."


@pytest.mark.parametrize("qui", ["benoit", "chloe", "odile"])
def test_un_agent_ne_corrige_pas_a_la_place_du_porteur(dossier, qui):
    demander(dossier, DESCRIPTION)
    with pytest.raises(RoleInsuffisant):
        corriger(dossier, qui, description="Oui.")


def test_l_envoi_attend_chaque_reponse_et_chaque_piece(dossier):
    demander(dossier, DESCRIPTION, Demandee("objectifs", "completer", "Chiffrez-les."), pieces=["rib"])
    with pytest.raises(ActeBloque, match="RIB"):
        actes.completer(dossier, **en(dossier, "amina"))
    f.joindre(dossier, "rib", le=JUIN)
    corriger(dossier, description="Oui.")
    with pytest.raises(ActeBloque, match="Que voulez-vous obtenir"):
        actes.completer(dossier, **en(dossier, "amina"))
    corriger(dossier, objectifs="Vingt familles.")
    actes.completer(dossier, **en(dossier, "amina"))
    assert not Correction.objects.ouvertes().exists()


def test_une_reponse_maintenue_le_dit(dossier):
    demander(dossier, DESCRIPTION)
    corriger(dossier, description=dossier.description)
    vue = f.client("benoit").get(reverse("instruction_completude", args=[dossier.numero]))
    assert "Maintenu sans changement" in vue.content.decode()


def test_un_effectif_qui_contredit_l_autre_est_refuse_avec_sa_regle(dossier):  # S06
    demander(dossier, Demandee("publics_qpv", "accorder", "Plus d'habitants que de personnes ?"))
    with pytest.raises(ActeBloque, match="S06"):
        corriger(dossier, publics_qpv=dossier.publics_total + 1)
    assert Dossier.objects.get(pk=dossier.pk).publics_qpv == dossier.publics_qpv


def test_la_fiche_figee_reste_et_le_registre_garde_l_avant_et_l_apres(dossier):
    figee = Dossier.objects.get(pk=dossier.pk).fiche_figee
    demander(dossier, Demandee("publics_total", "accorder", "Recomptez."))
    corriger(dossier, publics_total=120)
    assert Dossier.objects.get(pk=dossier.pk).fiche_figee == figee
    assert Evenement.objects.get(acte="corriger").detail.contenu == {
        "publics_total": {"avant": "100", "apres": "120"}
    }
    demande = Evenement.objects.get(acte="demander_complements")
    assert demande.detail.contenu["corrections"] == {"publics_total": "Recomptez."}


@pytest.mark.parametrize(
    ("demandees", "phrase"),
    [
        ([Demandee("cout_total", "preciser", "Trop.")], "ne se reprend pas"),
        ([DESCRIPTION, DESCRIPTION], "deux fois"),
        ([Demandee("resume", "preciser", " ")], "raison manque"),
    ],
)
def test_une_demande_mal_faite_est_refusee_et_n_avance_rien(dossier, demandees, phrase):
    with pytest.raises(ActeBloque, match=phrase):
        demander(dossier, *demandees)
    assert Dossier.objects.get(pk=dossier.pk).etat == "depose"
    assert not Correction.objects.exists()


def test_l_agent_demande_par_la_page(dossier):
    client, adresse = f.client("benoit"), reverse("demander_complements", args=[dossier.numero])
    sans_raison = client.post(
        adresse, {"champ_1": "description", "genre_1": "preciser", "message": "Bonjour."}
    )
    assert sans_raison.status_code == 422
    assert [r["ouverte"] for r in sans_raison.context["complements"].reprises()] == [True, False, False]
    assert "quoi reprendre" in sans_raison.content.decode()
    envoi = {"champ_1": "description", "genre_1": "completer", "raison_1": RAISON, "message": "Bonjour."}
    assert client.post(adresse, envoi).status_code == 302
    assert Correction.objects.get().genre == "completer"


def test_declarer_recevable_ferme_ce_qui_restait_ouvert(dossier):
    demander(dossier, DESCRIPTION)
    actes.declarer_recevable(dossier, **en(dossier, "benoit"))
    assert not Correction.objects.ouvertes().exists()


@pytest.mark.parametrize(
    ("avant", "apres", "attendu"),
    [
        ("", "Oui.", [("ajoute", "Oui.")]),
        ("Oui.", "Oui.", [("garde", "Oui.")]),
        ("un an", "deux ans", [("ote", "un"), ("ajoute", "deux"), ("garde", " "), ("ote", "an"),
                               ("ajoute", "ans")]),
    ],
)  # fmt: skip
def test_les_ecarts_se_lisent_mot_a_mot(avant, apres, attendu):
    assert list(ecarts(avant, apres)) == attendu
    assert "".join(mots for genre, mots in ecarts(avant, apres) if genre != "ote") == apres


# --- le budget, les quartiers, les demandes ----------------------------------------------------------


def _ancre(dossier, question):
    return next(a for a in ancres(Reponses(dossier)).values() if a.question.startswith(question))


def test_une_ligne_du_budget_se_reprend_seule_et_le_cout_suit(dossier):
    """Le compte demandé s'ouvre, l'avant et l'après se lisent en euros, la fiche figée ne bouge pas."""
    fige = dossier.fiche_figee
    achats = _ancre(dossier, "Dépense : Achats (60)")
    demander(dossier, Demandee(achats.code, "accorder", "Le devis joint dit 13 000 €."))
    client, adresse = f.client("amina"), reverse("corrections", args=[dossier.numero])
    assert client.post(adresse, {"enregistrer": "1", achats.code: "12,345"}).status_code == 422
    assert client.post(adresse, {"enregistrer": "1", achats.code: "13 000"}).status_code == 302
    lu = Dossier.objects.get(pk=dossier.pk)
    assert (lu.cout_total, lu.fiche_figee) == (Decimal("19000.00"), fige)
    reprise = Correction.objects.get()
    avant_apres = (reprise.avant, reprise.apres)
    assert tuple(x.replace("\u00a0", " ").replace("\u202f", " ") for x in avant_apres) == (
        "12 000,00 €", "13 000,00 €",
    )  # fmt: skip
    with pytest.raises(EtatInterdit, match="n'a pas demandé"):
        corriger(dossier, **{_ancre(dossier, "Dépense : Personnel (64)").code: Decimal(1)})


def test_une_subvention_se_reprend_par_son_financeur(dossier):
    subvention = _ancre(dossier, "Ressource : subvention")
    demander(dossier, Demandee(subvention.code, "accorder", "Accordez-la avec la demande."))
    corriger(dossier, **{subvention.code: Decimal("8000.00")})
    assert dossier.lignes_de_budget.get(financeur__code="CALL").montant == Decimal("8000.00")


def test_les_quartiers_se_reprennent_par_couples_et_la_ville_nouvelle_lit_le_dossier(dossier):
    farid = f.acteur("farid")
    assert Dossier.objects.visibles_par(farid).filter(pk=dossier.pk).exists()
    demander(dossier, Demandee("quartiers", "preciser", "La salle est à Harnes, dit votre résumé."))
    client, adresse = f.client("amina"), reverse("corrections", args=[dossier.numero])
    assert client.post(adresse, {"enregistrer": "1", "quartiers": ["QN06223M-HARNES"]}).status_code == 302
    assert [c.quartier.code for c in dossier.ciblages.all()] == ["QN06223M"]
    assert not Dossier.objects.visibles_par(farid).filter(pk=dossier.pk).exists()
    assert "Harnes" in Correction.objects.get().apres


def test_un_montant_demande_se_reprend_tant_que_le_financeur_n_a_rien_juge(dossier):
    volet = dossier.demandes.get()
    code = f"demande-{volet.pk}"
    demander(dossier, Demandee(code, "accorder", "Le plafond est de 9 000 €."))
    with pytest.raises(ActeBloque, match="euros entiers"):
        corriger(dossier, **{code: Decimal("8000.50")})
    corriger(dossier, **{code: Decimal("8000.00")})
    assert Dossier.objects.get(pk=dossier.pk).demande_totale == Decimal("8000.00")
    Demande.objects.filter(pk=volet.pk).update(etat="proposee")
    assert code not in ancres(Reponses(dossier))
    with pytest.raises(EtatInterdit, match="déjà jugé ou proposé"):
        corriger(dossier, **{code: Decimal("1.00")})


def test_un_montant_propose_changerait_garde_levee(dossier, monkeypatch):
    volet = dossier.demandes.get()
    code = f"demande-{volet.pk}"
    demander(dossier, Demandee(code, "accorder", "Le plafond est de 9 000 €."))
    Demande.objects.filter(pk=volet.pk).update(etat="proposee")
    monkeypatch.setattr("ensemblier.dossiers.ancres.A_EXAMINER", ("proposee",))
    corriger(dossier, **{code: Decimal("1.00")})
    assert Demande.objects.get(pk=volet.pk).demande == Decimal("1.00")


def test_l_agent_choisit_par_etape_ce_qu_il_fait_reprendre(dossier):
    page = f.client("benoit").get(reverse("instruction_completude", args=[dossier.numero])).content.decode()
    for groupe in ("Action", "Publics et quartiers", "Budget", "Demandes"):
        assert f'<optgroup label="{groupe}">' in page
