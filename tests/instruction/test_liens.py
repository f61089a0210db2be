"""Le référent confirme un contact sans compte : un lien, une réponse, une fois (R40, P20)."""

import re

import pytest
import time_machine
from django.core.cache import cache
from django.urls import reverse

from ensemblier.dossiers import actes as actes_dossiers
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.ecriture import Contact, poser_quartiers
from ensemblier.dossiers.models import ContactCommune, Dossier
from ensemblier.dossiers.taches import interroger_les_villes
from ensemblier.instruction import actes, liens
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.courriels import envoyer_en_attente
from ensemblier.registre.models import Courriel, Evenement, Lien, Trace, empreinte_du_jeton
from ensemblier.registre.verification import verifier
from tests import fabriques as f

pytestmark = pytest.mark.django_db
OCTOBRE = f.instant("2025-10-20 09:00")
REFERENT = "politique-ville@lens.example"


@pytest.fixture(autouse=True)
def le_20_octobre():
    cache.clear()
    with time_machine.travel(OCTOBRE, tick=False):
        yield
    cache.clear()


@pytest.fixture
def brouillon():
    return f.dossier("aap-2026", le=f.instant("2025-10-19 09:00"))


def demander(dossier, *, le=OCTOBRE, qui="amina"):
    par = f.acteur(qui, le=le.date())
    contact = dossier.contacts_communes.get()
    return actes_dossiers.demander_confirmation(contact, par=par, roles=roles(par, dossier), le=le)


def courriels():
    return Courriel.objects.filter(destinataire=REFERENT).order_by("pk")


def adresse():
    """Le lien du dernier courriel reçu par le référent."""
    return re.search(r"/liens/[\w-]{40,}/", courriels().last().texte).group()


def jeton():
    return adresse().split("/")[2]


def lire(navigateur=None):
    return (navigateur or f.client()).get(adresse())


def repondre(reponse):
    return f.client().post(adresse(), {"reponse": reponse})


def deposer(dossier):
    """Déposé, et le rythme passé."""
    depose = f.deposer(dossier, le=OCTOBRE)
    interroger_les_villes(le=OCTOBRE)
    return depose


def contact():
    return ContactCommune.objects.get()


# --- demander ---------------------------------------------------------------------------------------


def test_le_courriel_dit_qui_quand_comment_et_ne_nomme_personne(brouillon):
    demander(brouillon)
    texte = courriels().get().texte
    assert (
        "Les Jardins de la fosse 12 disent vous avoir contacté le jeudi 2\u00a0octobre 2025, par courriel."
        in texte
    )
    assert "mercredi 19\u00a0novembre 2025" in texte
    assert "Amina" not in texte
    assert "Haddad" not in texte


def test_la_base_ne_garde_que_l_empreinte_et_le_courriel_parti_oublie_le_jeton(brouillon):
    demander(brouillon)
    secret = jeton()
    lien = Lien.objects.get()
    assert lien.empreinte == empreinte_du_jeton(secret)
    assert len(secret) >= 43
    assert envoyer_en_attente(le=OCTOBRE) == (1, 0)
    assert "/liens/…/" in courriels().get().texte
    gardes = [*Lien.objects.values_list(), *Courriel.objects.values_list(), *Evenement.objects.values_list()]
    assert secret not in str(gardes)


def test_la_base_garderait_le_jeton_garde_levee(brouillon, monkeypatch):
    monkeypatch.setattr("ensemblier.registre.courriels._sans_jeton", lambda texte: texte)
    demander(brouillon)
    envoyer_en_attente(le=OCTOBRE)
    assert jeton() in str([*Courriel.objects.values_list()])


def test_rien_ne_part_pendant_qu_on_ecrit(brouillon):
    amina = f.client("amina")
    lens = brouillon.contacts_communes.get().commune
    for cle, valeur in (("a" * 32, "14/10/2025"), ("b" * 32, "15/10/2025")):
        reponse = amina.post(
            reverse("dossier_saisie", args=[brouillon.numero, "publics"]),
            {
                "champ": f"le_{lens.pk}",
                "valeur": valeur,
                "version": "0" if cle[0] == "a" else "1",
                "cle": cle,
            },
        )
        assert reponse.status_code == 200, reponse.content
    assert contact().le.isoformat() == "2025-10-15"
    assert not courriels().exists()


def test_le_bouton_enregistre_ce_qui_est_tape_puis_ecrit_a_la_ville(brouillon):
    amina = f.client("amina")
    url = reverse("dossier_etape", args=[brouillon.numero, "publics"])
    page = amina.get(url)
    assert "Demander la confirmation" in page.content.decode()
    contenu = {
        boite.html_name: boite.value() if boite.value() is not None else ""
        for nom in ("form", "contacts")
        for boite in page.context[nom]
    }
    lens = contact().commune
    envoi = contenu | {
        f"le_{lens.pk}": "16/10/2025",
        "couples": page.context["quartiers"].initial.get("couples", []),
    }
    envoi["couples"] = [
        c["cle"] for ville in page.context["quartiers"].communes for c in ville["quartiers"] if c["choisi"]
    ]
    suite = amina.post(url, envoi | {"demander": "LENS"}, follow=True)
    assert contact().le.isoformat() == "2025-10-16"
    assert "16\u00a0octobre 2025" in courriels().get().texte
    assert "Question envoyée" in suite.content.decode()
    assert "elle peut repartir le 27/10/2025" in suite.content.decode()
    assert "demander la confirmation" not in suite.content.decode().lower()
    with time_machine.travel(f.instant("2025-10-27 09:00"), tick=False):
        assert "Redemander la confirmation" in f.client("amina").get(url).content.decode()


def test_le_depot_interroge_chaque_ville_une_fois(brouillon):
    deposer(brouillon)
    assert interroger_les_villes(le=OCTOBRE) == 0
    assert courriels().count() == 1
    assert Evenement.objects.filter(acte="demander_confirmation").count() == 1


def test_le_depot_n_ecrit_pas_a_la_ville_deja_interrogee_ni_a_celle_qui_a_repondu(brouillon):
    demander(brouillon)
    deposer(brouillon)
    assert courriels().count() == 1
    autre = f.dossier("aap-2026")
    ContactCommune.objects.filter(dossier=autre).update(confirme=True, confirme_le=OCTOBRE)
    deposer(autre)
    assert courriels().count() == 1


def test_un_brouillon_ou_un_depot_ancien_n_ecrit_pas_de_lui_meme(brouillon):
    assert interroger_les_villes(le=OCTOBRE) == 0
    f.deposer(brouillon, le=OCTOBRE)
    assert interroger_les_villes(le=f.instant("2025-10-22 09:00")) == 0
    assert interroger_les_villes(le=f.instant("2025-10-22 08:59")) == 1


def test_une_ville_que_l_action_ne_vise_plus_n_est_pas_interrogee(brouillon):
    f.deposer(brouillon, le=OCTOBRE)
    poser_quartiers(brouillon, {})
    assert interroger_les_villes(le=OCTOBRE) == 0


def test_le_depot_n_attend_pas_une_ville_sans_adresse(brouillon):
    f.territoire().contacts.filter(commune__code="LENS").update(courriel="")
    with pytest.raises(ActeBloque, match="pas l'adresse du référent de Lens"):
        demander(brouillon)
    assert deposer(brouillon).etat == "depose"
    assert not Lien.objects.exists()


def test_une_ville_ne_recoit_pas_deux_fois_la_question_en_une_semaine(brouillon):
    demander(brouillon)
    ancienne = adresse()
    with pytest.raises(ActeBloque, match="renvoyer à Lens le lundi 27"):
        demander(brouillon, le=f.instant("2025-10-26 23:59"))
    demander(brouillon, le=f.instant("2025-10-27 00:00"))
    assert courriels().count() == 2
    reponse = f.client().get(ancienne)
    assert reponse.status_code == 410
    assert "Un lien plus récent" in reponse.content.decode()
    assert lire().status_code == 200


def test_une_etrangere_ne_fait_pas_ecrire_a_une_ville(brouillon):
    with pytest.raises(RoleInsuffisant):
        demander(brouillon, qui="david")
    url = reverse("demander_confirmation", args=[brouillon.numero, contact().pk])
    assert f.client("david").post(url).status_code == 404
    assert not courriels().exists()


# --- répondre ---------------------------------------------------------------------------------------


def test_la_page_montre_la_question_et_rien_d_une_personne(brouillon):
    actes_dossiers.enregistrer_contact_commune(
        brouillon,
        contact=Contact(contact().commune, contact().le, "telephone", "Vu avec Mme Zibeline"),
        par=f.acteur("amina"), roles=roles(f.acteur("amina"), brouillon), le=OCTOBRE,
    )  # fmt: skip
    demander(brouillon)
    page = lire()
    texte = page.content.decode()
    assert "Les Jardins de la fosse 12 disent vous avoir contacté" in texte
    assert "par téléphone" in texte
    assert re.findall(r'name="reponse" value="(\w+)"', texte) == ["oui", "non", "oubli"]
    assert "Référent politique de la ville" in texte
    for prive in ("Zibeline", "Amina", "Haddad", "jardins12.example", REFERENT):
        assert prive not in texte
    assert page["Cache-Control"] == "no-store, private"
    assert "noindex" in page["X-Robots-Tag"]


def test_lire_n_agit_pas(brouillon):
    """Un robot de messagerie ouvre les liens : la question reste entière."""
    demander(brouillon)
    for _ in range(3):
        assert lire().status_code == 200
    f.client().head(adresse())
    assert contact().confirme_le is None
    assert Lien.objects.get().utilise_le is None


@pytest.mark.parametrize(("reponse", "fait"), [("oui", True), ("non", False), ("oubli", None)])
def test_chaque_reponse_est_notee_par_l_acte_du_referent(brouillon, reponse, fait):
    depose = deposer(brouillon)
    assert repondre(reponse).status_code == 302
    lu = contact()
    assert (lu.confirme, lu.confirme_le) == (fait, OCTOBRE)
    assert lu.confirme_par == "Référent politique de la ville, Lens"
    evenement = Evenement.objects.get(acte="confirmer_contact")
    assert (evenement.moyen, evenement.auteur, evenement.public) == ("lien", None, False)
    assert evenement.chaine.racine == depose.racine()
    assert verifier().anomalies == []
    page = lire()
    assert page.status_code == 200
    assert "Votre réponse est notée" in page.content.decode()


def test_deux_clics_ne_notent_qu_une_reponse(brouillon):
    demander(brouillon)
    repondre("oui")
    encore = repondre("non")
    assert "Une réponse est déjà notée" in encore.content.decode()
    assert contact().confirme is True
    assert Evenement.objects.filter(acte="confirmer_contact").count() == 1


def test_deux_clics_noteraient_deux_reponses_garde_levee(brouillon, monkeypatch):
    demander(brouillon)
    repondre("oui")
    monkeypatch.setattr("ensemblier.registre.models.Lien.fermeture", lambda self, *, le: "")
    repondre("non")
    assert contact().confirme is False


def test_sans_choisir_la_page_le_dit(brouillon):
    demander(brouillon)
    for envoi in ({}, {"reponse": "peut-être"}):
        page = f.client().post(adresse(), envoi)
        assert page.status_code == 422
        assert "Choisissez une des trois réponses." in page.content.decode()
    assert contact().confirme_le is None


def ferme(phrase):
    """Le lien ne sert plus : la page le dit avec le service à qui écrire, et répondre ne fait rien."""
    avant = contact().confirme_le if ContactCommune.objects.exists() else None
    page, envoi = lire(), repondre("oui")
    for reponse in (page, envoi):
        assert reponse.status_code == 410
        assert phrase in reponse.content.decode()
        assert f.territoire().courriel in reponse.content.decode()
        assert 'name="reponse"' not in reponse.content.decode()
    assert (contact().confirme_le if ContactCommune.objects.exists() else None) == avant
    assert not Trace.objects.filter(chemin__contains=jeton()).exists()


def test_un_lien_echu_dit_jusqu_a_quand_il_valait(brouillon):
    demander(brouillon)
    with time_machine.travel(f.instant("2025-11-19 23:59"), tick=False):
        assert lire().status_code == 200
    with time_machine.travel(f.instant("2025-11-20 00:00"), tick=False):
        ferme("Ce lien valait jusqu&#x27;au mercredi 19\u00a0novembre 2025.")


def test_un_contact_corrige_demande_une_autre_reponse(brouillon):
    demander(brouillon)
    ContactCommune.objects.update(mode="reunion")
    ferme("Le porteur a corrigé ce contact")
    assert deposer(brouillon).etat == "depose"
    assert courriels().count() == 2, "la question corrigée repart au dépôt"
    assert lire().status_code == 200


def test_un_contact_corrige_serait_confirme_garde_levee(brouillon, monkeypatch):
    demander(brouillon)
    ContactCommune.objects.update(mode="reunion")
    monkeypatch.setattr(ContactCommune, "teneur", lambda self: Lien.objects.first().teneur)
    repondre("oui")
    assert contact().confirme is True


def test_un_contact_retire_n_a_plus_rien_a_confirmer(brouillon):
    demander(brouillon)
    ContactCommune.objects.all().delete()
    ferme("Le porteur a retiré ce contact")


def test_un_dossier_retire_n_attend_plus_de_reponse(brouillon):
    depose = deposer(brouillon)
    par = f.acteur("amina")
    actes_dossiers.retirer(depose, motif="Abandon", par=par, roles=roles(par, depose), le=OCTOBRE)
    ferme(liens.DOSSIER_FERME.replace("'", "&#x27;"))


def test_le_referent_qui_a_repondu_depuis_son_compte_referme_le_lien(brouillon):
    deposer(brouillon)
    actes.confirmer_contact(contact(), reponse=True, par=f.acteur("farid"), le=OCTOBRE)
    ferme("Votre commune a déjà répondu depuis son compte.")


def test_un_jeton_inconnu_ou_d_un_autre_acte_est_introuvable(brouillon):
    demander(brouillon)
    assert f.client().get("/liens/inconnu/").status_code == 404
    Lien.objects.update(acte="autre")
    assert lire().status_code == 404
    assert repondre("oui").status_code == 404


def test_un_lien_d_un_autre_territoire_est_introuvable(brouillon):
    demander(brouillon)
    Lien.objects.update(territoire="ailleurs")
    assert repondre("oui").status_code == 404
    assert contact().confirme_le is None


def test_deviner_des_liens_est_vite_arrete(brouillon):
    navigateur = f.client()
    codes = [navigateur.get(f"/liens/essai-{n}/").status_code for n in range(61)]
    assert codes[:60] == [404] * 60
    assert codes[60] == 429


def test_le_lien_n_ouvre_rien_d_autre(brouillon):
    """Qui tient le lien n'est pas connecté : ni le dossier, ni l'instruction."""
    deposer(brouillon)
    navigateur = f.client()
    lire(navigateur)
    for nom in ("dossier", "instruction_dossier"):
        assert navigateur.get(reverse(nom, args=[brouillon.numero])).status_code == 302
    assert "sessionid" not in navigateur.cookies


def test_le_porteur_lit_la_reponse_et_peut_redemander(brouillon):
    depose = deposer(brouillon)
    amina = f.client("amina")
    url = reverse("dossier_etape", args=[depose.numero, "publics"])
    assert "sans réponse" in amina.get(url).content.decode()
    demande = amina.post(reverse("demander_confirmation", args=[depose.numero, contact().pk]), follow=True)
    assert "renvoyer à Lens" in demande.content.decode()
    repondre("non")
    texte = amina.get(url).content.decode()
    assert "la ville répond que ce n&#x27;est pas exact" in texte
    assert "Redemander" not in texte
    assert Dossier.objects.get(pk=depose.pk).etat == "depose"
