"""Le co-porteur : interrogé par un lien, il confirme de son compte ; nul ne le fait à sa place."""

import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.core.cache import cache

from ensemblier.comptes import actes as actes_comptes
from ensemblier.comptes.models import Mandat, Organisme
from ensemblier.dossiers import actes
from ensemblier.dossiers.actes import co_porteurs
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.fiche import fiche_de, reglement_de
from ensemblier.dossiers.models import CoPorteur, Dossier, Message, Piece
from ensemblier.noyau.machine import EtatInterdit, Role, RoleInsuffisant
from ensemblier.noyau.regles import evaluer
from ensemblier.noyau.regles.constats import Verdict
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.courriels import envoyer_en_attente
from ensemblier.registre.models import Courriel, Evenement, Lien
from tests import fabriques as f

pytestmark = pytest.mark.django_db
LE = f.instant("2025-05-20 10:00")
CONTACT = "bureau@terril.example"
DIT = {
    "nom": "Club des Amis du terril", "numero": f.SIREN_DU_CLUB, "role": "Anime les mercredis",
    "courriel": CONTACT, "fonction": "présidente",
}  # fmt: skip


@pytest.fixture(autouse=True)
def le_20_mai():
    cache.clear()
    with time_machine.travel(LE, tick=True):
        yield
    cache.clear()


@pytest.fixture
def brouillon():
    return f.dossier()


@pytest.fixture
def club():
    """Le club a un compte, et David le représente."""
    f.personne("david")
    return f.organisme("club")


def nommer(dossier, *, le=LE, **autres):
    par = f.acteur("amina")
    return actes.ajouter_co_porteur(dossier, **DIT | autres, par=par, roles=roles(par, dossier), le=le)


def demander(nomme, *, courriel=CONTACT, le=LE, qui="amina"):
    par = f.acteur(qui)
    return actes.demander_au_co_porteur(
        nomme, courriel=courriel, fonction="", par=par, roles=roles(par, nomme.dossier), le=le
    )


def repondre(nomme, confirme, *, qui="david", motif="", teneur=None, le=LE):
    return actes.repondre_en_co_porteur(
        nomme, confirme=confirme, motif=motif, teneur=teneur or nomme.teneur(), par=f.acteur(qui), le=le
    )


def adresse():
    """Le lien du dernier courriel parti vers le contact."""
    recus = Courriel.objects.filter(destinataire=CONTACT).order_by("pk")
    return re.search(r"/liens/co-porteur/[\w-]{40,}/", recus.last().texte).group()


def lire(client, chemin, code=200):
    reponse = client.get(chemin)
    assert reponse.status_code == code, chemin
    return unescape(reponse.content.decode()).replace("\u00a0", " ")


def faits(dossier):
    return list(
        Evenement.objects.filter(chaine__racine=dossier.racine()).values_list("acte", "auteur_nom", "moyen")
    )


# --- demander ---------------------------------------------------------------------------------------


def test_de_la_nomination_a_la_confirmation_par_les_pages(brouillon, club):
    """Le contact reçoit le lien ; la signataire du club aussi le sait, et répond de « Mes dossiers »."""
    amina, david = f.client("amina"), f.client("david")
    page = f"/dossiers/{brouillon.numero}/personnes/"
    assert amina.post(f"{page}co-porteur/", DIT).status_code == 302
    nomme = CoPorteur.objects.get()
    assert "Réponse attendue" in lire(amina, page)
    recus = {c.destinataire: c for c in Courriel.objects.all()}
    assert set(recus) == {CONTACT, "david@maison.example"}
    assert "Votre part : Anime les mercredis" in recus[CONTACT].texte
    assert "/liens/" not in recus["david@maison.example"].texte
    assert "vous nomme co-porteur" in lire(david, "/dossiers/")
    chemin = f"/co-porteurs/{nomme.pk}/"
    assert "Confirmer : nous portons cette action" in lire(david, chemin)
    assert david.post(chemin, {"reponse": "oui", "teneur": nomme.teneur()}).status_code == 302
    nomme.refresh_from_db()
    assert (nomme.confirme, nomme.organisme, nomme.repondu_par) == (
        True, club, "David Lambert, Président, Club des Amis du terril",
    )  # fmt: skip
    assert "vous nomme co-porteur" not in lire(david, "/dossiers/")
    assert "Confirmé" in lire(amina, page)
    assert "David Lambert" in lire(amina, page)
    assert Courriel.objects.filter(destinataire="amina@maison.example", sujet__contains="confirme").exists()
    assert faits(brouillon)[-3:] == [
        ("ajouter_co_porteur", "Amina Haddad", "session"),
        ("demander_au_co_porteur", "Amina Haddad", "session"),
        ("confirmer_co_porteur", "David Lambert", "session"),
    ]
    assert lire(f.client(), adresse(), 410).count("Votre organisme a répondu le") == 1


def test_sans_adresse_rien_ne_part_et_la_question_se_pose_plus_tard(brouillon):
    nomme = nommer(brouillon, courriel="")
    assert not Courriel.objects.exists()
    amina, page = f.client("amina"), f"/dossiers/{brouillon.numero}/personnes/"
    assert "À demander" in lire(amina, page)
    chemin = f"{page}co-porteurs/{nomme.pk}/demande/"
    assert "Demander sa confirmation" in lire(amina, chemin)
    assert amina.post(chemin, {"courriel": ""}).status_code == 422
    assert amina.post(chemin, {"courriel": CONTACT.upper(), "fonction": "présidente"}).status_code == 302
    assert Courriel.objects.get().destinataire == CONTACT


def test_renvoyer_attend_trois_jours_a_la_meme_adresse_et_ferme_le_lien_d_avant(brouillon):
    nomme = nommer(brouillon)
    premier = adresse()
    with pytest.raises(ActeBloque, match=r"Vous pourrez la renvoyer le vendredi 23\u00a0mai 2025"):
        demander(nomme)
    demander(nomme, le=LE + timedelta(days=3))
    assert adresse() != premier
    assert "Un lien plus récent vous a été envoyé" in lire(f.client(), premier, 410)
    demander(nomme, courriel="autre@terril.example", le=LE + timedelta(days=3))
    with pytest.raises(RoleInsuffisant):
        demander(nomme, qui="david")


def test_le_courriel_parti_oublie_le_jeton(brouillon):
    nommer(brouillon)
    secret = adresse().split("/")[3]
    envoyer_en_attente(le=LE)
    gardes = [*Lien.objects.values_list(), *Courriel.objects.values_list(), *Evenement.objects.values_list()]
    assert secret not in str(gardes)


# --- confirmer engage l'organisme -------------------------------------------------------------------


def test_le_lien_ne_confirme_pas_le_porteur_se_confirmerait_lui_meme(brouillon):
    """Le porteur a écrit l'adresse : le lien lit et décline, sans compte ; confirmer demande un compte."""
    nommer(brouillon)
    page = lire(f.client(), adresse())
    assert "Se connecter pour répondre" in page
    assert "Confirmer : nous portons" not in page
    assert f.client().post(adresse(), {"reponse": "oui"}).status_code == 422
    assert f.client("amina").post(adresse(), {"reponse": "oui"}).status_code == 422
    assert "n'est pas signataire de cet organisme" in lire(f.client("amina"), adresse())
    assert CoPorteur.objects.get().confirme is None


def test_seule_une_personne_qui_engage_l_organisme_nomme_repond(brouillon, club):
    nomme = nommer(brouillon)
    with pytest.raises(ActeBloque, match="retiré de ce dossier"):
        repondre(nomme, True, qui="amina")
    chemin, oui = f"/co-porteurs/{nomme.pk}/", {"reponse": "oui", "teneur": nomme.teneur()}
    assert f.client("amina").post(chemin, oui).status_code == 404
    assert f.client("benoit").get(chemin).status_code == 404
    club.rattachements.update(qualite="redacteur")
    assert "Une personne signataire répond" in lire(f.client("david"), chemin)
    refus = f.client("david").post(chemin, oui)
    assert refus.status_code == 403
    assert "cela engage Club des Amis du terril" in unescape(refus.content.decode())
    club.rattachements.update(qualite="signataire")
    Organisme.objects.filter(pk=club.pk).update(representant_nom="Mona Sadi")
    with pytest.raises(ActeBloque, match="n'êtes pas le représentant légal de Club des Amis du terril"):
        repondre(nomme, True)
    assert not Mandat.objects.exists()


def test_une_redactrice_confirmerait_garde_levee(brouillon, club, monkeypatch):
    nomme = nommer(brouillon)
    club.rattachements.update(qualite="redacteur")
    monkeypatch.setattr(co_porteurs, "_organisme_engage", lambda lu, par, le: lu.organisme)
    assert repondre(nomme, True).confirme


def test_un_etranger_repondrait_garde_levee(brouillon, club, monkeypatch):
    nomme = nommer(brouillon)
    monkeypatch.setattr(type(CoPorteur.objects.all()), "de", lambda self, acteur, *qualites: self)
    monkeypatch.setattr(co_porteurs, "_organisme_engage", lambda lu, par, le: lu.organisme)
    assert repondre(nomme, True, qui="amina").confirme


def test_le_compte_ne_apres_la_demande_repond_aussi(brouillon):
    """L'organisme n'était pas dans la maison : créé avec ce numéro, il trouve la question."""
    nomme = nommer(brouillon)
    assert nomme.organisme is None
    f.personne("david")
    assert "vous nomme co-porteur" in lire(f.client("david"), "/dossiers/")
    assert repondre(nomme, True).organisme == f.organisme("club")


def test_le_role_change_efface_la_reponse_et_la_page_ouverte_ne_vaut_plus(brouillon, club):
    nomme = nommer(brouillon)
    avant, lien = nomme.teneur(), adresse()
    repondre(nomme, True)
    nommer(brouillon, role="Anime, et paie la salle")
    nomme.refresh_from_db()
    assert (nomme.confirme, nomme.repondu_par) == (None, "")
    with pytest.raises(ActeBloque, match="a changé depuis"):
        repondre(nomme, True, teneur=avant)
    vieille = f.client("david").post(f"/co-porteurs/{nomme.pk}/", {"reponse": "oui", "teneur": avant})
    assert vieille.status_code == 422
    relue = unescape(vieille.content.decode())
    assert "a changé depuis. Relisez votre rôle" in relue
    assert "Anime, et paie la salle" in relue
    assert "aria-invalid" not in relue, "le motif n'est pas en faute"
    assert f.client().post(lien, {"motif": "Non"}).status_code == 410
    repondre(nomme, True)
    nommer(brouillon, role="Anime, et paie la salle", courriel="autre@terril.example")
    nomme.refresh_from_db()
    assert nomme.confirme, "une adresse changée n'efface pas ce qui est confirmé"


# --- décliner ---------------------------------------------------------------------------------------


def test_decliner_par_le_lien_dit_pourquoi_une_seule_fois_et_se_redemande(brouillon):
    nomme, inconnu = nommer(brouillon), f.client()
    assert inconnu.post(adresse(), {"motif": "  "}).status_code == 422
    assert inconnu.post(adresse(), {"motif": "Salle en travaux"}).status_code == 302
    nomme.refresh_from_db()
    assert (nomme.confirme, nomme.motif) == (False, "Salle en travaux")
    assert faits(brouillon)[-1] == ("decliner_co_porteur", "présidente, par le lien reçu", "lien")
    assert inconnu.post(adresse(), {"motif": "Encore"}).status_code == 200, "rejoué : déjà noté"
    nomme.refresh_from_db()
    assert nomme.motif == "Salle en travaux"
    assert "Une réponse est déjà notée" in lire(inconnu, adresse())
    recu = Courriel.objects.get(destinataire="amina@maison.example")
    assert "Salle en travaux" in recu.texte
    assert "Décliné" in lire(f.client("amina"), f"/dossiers/{brouillon.numero}/personnes/")
    demander(nomme)
    assert "Décliner sans compte" in lire(inconnu, adresse())


def test_un_lien_expire_ou_d_un_autre_acte_ne_repond_pas(brouillon):
    nommer(brouillon)
    with time_machine.travel(LE + timedelta(days=co_porteurs.VALIDITE + 1), tick=True):
        assert "Ce lien valait jusqu'au" in lire(f.client(), adresse(), 410)
        assert f.client().post(adresse(), {"motif": "Tard"}).status_code == 410
    assert f.client().get(adresse().replace("/co-porteur", "")).status_code == 404, "la page des villes"
    Lien.objects.update(acte="confirmer_contact")
    assert f.client().get(adresse()).status_code == 404
    assert f.client().get("/liens/co-porteur/inconnu/").status_code == 404
    assert CoPorteur.objects.get().confirme is None


def test_un_lien_rejoue_declinerait_garde_levee(brouillon, monkeypatch):
    nommer(brouillon)
    f.client().post(adresse(), {"motif": "Salle en travaux"})
    monkeypatch.setattr(Lien, "fermeture", lambda self, *, le: "")
    assert f.client().post(adresse(), {"motif": "Encore"}).status_code == 302
    assert CoPorteur.objects.get().motif == "Encore"


def test_confirmer_puis_ne_plus_porter_previent_le_porteur(brouillon, club):
    nomme = nommer(brouillon)
    repondre(nomme, True)
    with pytest.raises(ActeBloque, match="Dites pourquoi"):
        repondre(nomme, False)
    repondre(nomme, False, motif="Plus de salle", le=LE + timedelta(hours=1))
    assert (
        Courriel.objects.filter(destinataire="amina@maison.example", sujet__contains="décline").count() == 1
    )
    assert faits(brouillon)[-1][0] == "decliner_co_porteur"


def test_confirmer_deux_fois_n_ecrit_qu_une_fois(brouillon, club):
    nomme = nommer(brouillon)
    repondre(nomme, True)
    repondre(nomme, True, le=LE + timedelta(minutes=1))
    assert [fait[0] for fait in faits(brouillon)].count("confirmer_co_porteur") == 1


# --- retirer, dossier fermé -------------------------------------------------------------------------


def test_retirer_previent_et_ferme_tout(brouillon, club):
    nomme = nommer(brouillon)
    chemin, lien = f"/co-porteurs/{nomme.pk}/", adresse()
    assert f.client("amina").post(
        f"/dossiers/{brouillon.numero}/personnes/co-porteurs/{nomme.pk}/"
    ).status_code == 302  # fmt: skip
    retires = Courriel.objects.filter(sujet__contains="Vous n'êtes plus co-porteur")
    assert set(retires.values_list("destinataire", flat=True)) == {CONTACT, "david@maison.example"}
    assert f.client("david").get(chemin).status_code == 404
    assert "retiré de ce dossier" in lire(f.client(), lien, 410)
    with pytest.raises(ActeBloque, match="retiré de ce dossier"):
        repondre(nomme, True)
    par = f.acteur("amina")
    with pytest.raises(ActeBloque, match="n'est plus dans le dossier"):
        actes.retirer_co_porteur(brouillon, nomme, par=par, roles=roles(par, brouillon), le=LE)


def test_deposer_n_attend_pas_et_la_reponse_vient_apres(club):
    brouillon = f.dossier()
    nomme = nommer(brouillon)
    f.joindre(brouillon, "lettre", le=LE)
    depose = f.deposer(brouillon)
    nomme = depose.co_porteurs.get()
    assert repondre(nomme, True).confirme
    par = f.acteur("amina")
    actes.retirer(depose, motif="Fini", par=par, roles=roles(par, depose), le=LE)
    nomme = depose.co_porteurs.get()
    with pytest.raises(EtatInterdit, match="ne sert plus"):
        repondre(nomme, False, motif="Trop tard")
    assert "n'est plus examiné" in lire(f.client("david"), f"/co-porteurs/{nomme.pk}/")


def test_un_compte_neuf_suit_le_lien_jusqu_a_la_reponse(brouillon):
    """Sans organisme, la page dit quoi faire ; l'organisme créé avec ce numéro, elle mène à la réponse."""
    nommer(brouillon)
    mona = actes_comptes.creer_compte(
        courriel=CONTACT, mot_de_passe=f.MOT_DE_PASSE, prenom="Mona", nom="Sadi"
    )
    client = f.client(mona)
    assert "créez le compte de l'organisme" in lire(client, adresse())
    club = f.organisme("club")
    club.rattachements.create(utilisateur=mona, qualite="signataire", fonction="présidente")
    assert "Répondre pour Club des Amis du terril" in lire(client, adresse())


def test_nommer_plusieurs_fois_ne_cree_qu_une_ligne(brouillon):
    assert nommer(brouillon).pk == nommer(brouillon).pk
    assert Courriel.objects.count() == 1, "renommer le même ne récrit pas à tous"
    assert Dossier.objects.get().co_porteurs.count() == 1


# --- lire, sans rien écrire -------------------------------------------------------------------------


def test_confirme_il_lit_le_dossier_et_ou_il_en_est_sans_rien_changer(brouillon, club):
    for code in ("rib", "statuts"):
        f.joindre(brouillon, code, le=LE)
    david, racine = f.client("david"), f"/dossiers/{brouillon.numero}/"
    assert david.get(racine).status_code == 404
    nomme = nommer(brouillon)
    assert david.get(racine).status_code == 404, "nommé ne suffit pas"
    repondre(nomme, True)
    assert roles(f.acteur("david"), brouillon) == {Role.CO_PORTEUR}
    assert "Vous lisez ce dossier en co-porteur" in lire(david, racine)
    assert "vous êtes co-porteur" in lire(david, "/dossiers/")
    for etape in ("organisme", "action", "publics", "budget", "demandes", "pieces"):
        page = lire(david, f"{racine}{etape}/")
        assert "Vous le lisez en co-porteur" in page
        assert "<form hidden>" in page or "<form method" not in page.split("<main", 1)[1], etape
    assert "Lire" in lire(david, f"{racine}relecture/")
    assert "Nommer un co-porteur" not in lire(david, f"{racine}personnes/")
    assert [p.code for p in Piece.objects.visibles_par(f.acteur("david"))] == ["statuts"]
    refus = david.post(f"{racine}action/", {"intitule": "Autre"})
    assert refus.status_code == 403
    assert "Les Jardins de la fosse 12 l'écrit" in unescape(refus.content.decode())
    for chemin in ("relecture/", "action/saisie/", "retrait/", "messages/", "joindre/statuts/"):
        assert david.post(racine + chemin).status_code == 403, chemin
    repondre(nomme, False, motif="Plus de salle")
    assert david.get(racine).status_code == 404


def test_nomme_sans_confirmer_il_lirait_garde_levee(brouillon, club, monkeypatch):
    nommer(brouillon)
    assert not Dossier.objects.visibles_par(f.acteur("david")).exists()
    nommes = CoPorteur.objects.filter(organisme__isnull=False).values("dossier")
    monkeypatch.setattr("ensemblier.dossiers.models.dossier.co_portes", lambda acteur: nommes)
    assert Dossier.objects.visibles_par(f.acteur("david")).exists()


def _agent_et_co_porteur():
    """David instruit, et préside le club qui a confirmé : il lit, il ne juge pas (B10)."""
    depose = f.dossier_depose()
    nomme = depose.co_porteurs.create(
        **DIT, organisme=f.organisme("club"), ajoute_le=LE, ajoute_par="Amina", demande_le=LE
    )
    f.personne("david")
    f.habiliter("david", "instructeur", "chargé de mission")
    return depose, nomme


def test_nul_n_est_juge_et_co_porteur():
    depose, nomme = _agent_et_co_porteur()
    assert Dossier.objects.a_juger_par(f.acteur("david")).exists(), "nommé par un autre, il juge encore"
    repondre(nomme, True)
    par = f.acteur("david")
    assert roles(par, depose) == {Role.CO_PORTEUR}
    assert not Dossier.objects.a_juger_par(par).exists()
    assert not Piece.objects.visibles_par(par).filter(code=Piece.RIB).exists()
    assert not Message.objects.visibles_par(par).exists()
    assert f.client("david").get(f"/instruction/{depose.numero}/").status_code == 403


def test_un_co_porteur_jugerait_garde_levee(monkeypatch):
    depose, nomme = _agent_et_co_porteur()
    repondre(nomme, True)
    monkeypatch.setattr("ensemblier.dossiers.models.dossier.co_portes", lambda acteur: None)
    monkeypatch.setattr("ensemblier.dossiers.droits.co_portes", lambda acteur: None)
    assert Dossier.objects.a_juger_par(f.acteur("david")).exists()
    assert Role.INSTRUCTEUR in roles(f.acteur("david"), depose)


# --- ce que les règles et le service en lisent ------------------------------------------------------


def _constat(dossier, reglement=None):
    lue = fiche_de(Dossier.objects.get(pk=dossier.pk), depose_le=LE)
    rapport = evaluer(reglement or reglement_de(dossier), lue, territoire=dossier.territoire.pack())
    return next(c for c in rapport.constats if c.regle == "co-porteurs")


def _exigeant(dossier):
    """Le même appel, où le pack écrit que le dépôt attend les co-porteurs."""
    appel = reglement_de(dossier)
    regles = tuple(
        r.model_copy(update={"bloque": ("deposer",)}) if r.genre == "co_porteurs" else r for r in appel.regles
    )
    return appel.model_copy(update={"regles": regles})


def test_la_regle_dit_attendu_confirme_decline_et_n_arrete_pas_le_depot(brouillon, club):
    assert _constat(brouillon).verdict == Verdict.SANS_OBJET
    nomme = nommer(brouillon)
    attendu = _constat(brouillon)
    assert (attendu.verdict, attendu.arrete("deposer")) == (Verdict.A_RENSEIGNER, False)
    assert attendu.phrase == "1 co-porteur attendu\u00a0: Club des Amis du terril."
    assert _constat(brouillon, _exigeant(brouillon)).arrete("deposer"), "le pack peut l'exiger"
    repondre(nomme, True)
    confirme = _constat(brouillon)
    assert confirme.verdict == Verdict.RESPECTEE
    assert confirme.phrase == "1 co-porteur confirmé\u00a0: Club des Amis du terril."
    assert not _constat(brouillon, _exigeant(brouillon)).arrete("deposer")
    repondre(nomme, False, motif="Plus de salle")
    decline = _constat(brouillon)
    assert (decline.verdict, decline.arrete("deposer")) == (Verdict.NON_RESPECTEE, False)
    assert decline.phrase == "1 co-porteur a décliné\u00a0: Club des Amis du terril."


def test_le_formulaire_et_le_service_lisent_la_reponse(club):
    brouillon = f.dossier(bonification__operateurs={"declare": True})
    nomme = nommer(brouillon)
    amina, benoit = f.client("amina"), f.client("benoit")
    page = lire(amina, f"/dossiers/{brouillon.numero}/demandes/")
    assert "Club des Amis du terril (réponse attendue)" in page
    assert "1 co-porteur attendu" in page
    f.joindre(brouillon, "lettre", le=LE)
    depose = f.deposer(brouillon)
    racine = f"/instruction/{depose.numero}/"
    assert "Anime les mercredis), n'a pas répondu." in lire(benoit, f"{racine}criteres/")
    repondre(nomme, True)
    assert (
        "Anime les mercredis), confirmé le 20/05/2025 par David Lambert, Président, Club des Amis du terril."
        in lire(benoit, f"{racine}criteres/")
    )
    assert "Anime les mercredis (confirmé)" in lire(benoit, racine)
    assert "Co-porteur confirmé" in lire(benoit, f"{racine}historique/")
