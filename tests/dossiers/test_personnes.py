"""Plusieurs personnes sur un dossier : l'aide invitée écrit, et c'est tout ; le co-porteur se nomme."""

from datetime import date
from html import unescape

import pytest
import time_machine

from ensemblier.comptes import actes as actes_comptes
from ensemblier.comptes.droits import acteur_de
from ensemblier.comptes.models import Aide, AideQuerySet
from ensemblier.dossiers import actes, personnes
from ensemblier.dossiers.actes import commun
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.fiche import rapport_de
from ensemblier.dossiers.models import Dossier, Piece
from ensemblier.noyau.machine import Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement
from tests import fabriques as f

pytestmark = pytest.mark.django_db
LE = f.instant("2025-05-20 10:00")
JOUR = date(2025, 5, 20)
FIN = date(2025, 5, 24)
NADIA = "nadia@voisine.example"


@pytest.fixture(autouse=True)
def le_20_mai():
    with time_machine.travel(LE, tick=True):
        yield


@pytest.fixture
def brouillon():
    return f.dossier()


@pytest.fixture
def nadia():
    f.territoire()
    return actes_comptes.creer_compte(courriel=NADIA, mot_de_passe=f.MOT_DE_PASSE, prenom="Nadia", nom="Prat")


def inviter(brouillon, *, qui="amina", courriel=NADIA, au=FIN):
    par = f.acteur(qui)
    return actes.inviter_une_aide(
        brouillon, courriel=courriel, au=au, par=par, roles=roles(par, brouillon), le=LE
    )


def en(personne, jour=JOUR):
    return acteur_de(personne, f.territoire(), le=jour)


def accepter(brouillon, nadia):
    aide = inviter(brouillon)
    actes.accepter_l_aide(aide, utilisateur=nadia, par=en(nadia), le=LE)
    return en(nadia)


def lire(client, adresse):
    reponse = client.get(adresse)
    assert reponse.status_code == 200, adresse
    return unescape(reponse.content.decode()).replace("\u00a0", " ")


def test_l_aide_accepte_ecrit_et_ne_depose_pas(brouillon, nadia):
    """De l'invitation à la première réponse écrite, par les pages ; chaque acte est au registre."""
    amina, aidante = f.client("amina"), f.client(nadia)
    envoi = {"courriel": "Nadia@voisine.example", "au": "24/05/2025"}
    assert amina.post(f"/dossiers/{brouillon.numero}/personnes/aide/", envoi).status_code == 302
    recu = Courriel.objects.get(destinataire=NADIA)
    assert "jusqu'au samedi 24 mai 2025" in recu.texte.replace("\u00a0", " ")
    aide = Aide.objects.get()
    assert aidante.get(f"/dossiers/{brouillon.numero}/").status_code == 404
    assert "vous invite à aider" in lire(aidante, "/dossiers/")
    assert aidante.post(f"/aides/{aide.pk}/").status_code == 302

    etape = f"/dossiers/{brouillon.numero}/action/saisie/"
    saisie = {"champ": "resume", "valeur": "Des repas cuisinés ensemble.", "version": 0, "cle": "n" * 32}
    assert aidante.post(etape, saisie).status_code == 200
    brouillon.refresh_from_db()
    assert brouillon.resume == "Des repas cuisinés ensemble."
    relue = lire(aidante, f"/dossiers/{brouillon.numero}/relecture/")
    assert "Vous aidez Les Jardins de la fosse 12 à écrire ce dossier jusqu'au" in relue
    assert "Déposer le dossier" not in relue
    assert "vous aidez à l'écrire" in lire(aidante, "/dossiers/")
    actes_lus = list(
        Evenement.objects.filter(chaine__racine=brouillon.racine()).values_list("acte", "auteur_nom")
    )
    assert actes_lus[-3:] == [
        ("inviter_une_aide", "Amina Haddad"), ("accepter_l_aide", "Nadia Prat"), ("aider", "Nadia Prat"),
    ]  # fmt: skip
    page = lire(amina, f"/dossiers/{brouillon.numero}/personnes/")
    assert "Ce que les aides ont écrit" in page
    assert "Nadia Prat, Action" in page


def test_seule_la_signataire_depose(brouillon, nadia):
    par = accepter(brouillon, nadia)
    assert roles(par, brouillon) == {Role.AIDE}
    with pytest.raises(RoleInsuffisant, match="signataire du porteur"):
        actes.deposer(brouillon, cle="x", attestations=(), par=par, roles=roles(par, brouillon), le=LE)


def test_l_aide_joint_les_pieces_mais_ni_ne_lit_ni_ne_change_le_rib(brouillon, nadia):
    f.joindre(brouillon, "rib", le=LE)
    par = accepter(brouillon, nadia)
    siens, commun_ = roles(par, brouillon), {"par": par, "le": LE}
    actes.joindre_piece(brouillon, code="statuts", fichier=f.pdf_d_essai(), roles=siens, **commun_)
    assert [p.code for p in Piece.objects.visibles_par(par)] == ["statuts"]
    for acte in (
        lambda: actes.joindre_piece(brouillon, code="rib", fichier=f.pdf_d_essai(), roles=siens, **commun_),
        lambda: actes.retirer_piece(brouillon, code="rib", roles=siens, **commun_),
        lambda: actes.reprendre_pieces(brouillon, codes=["rib"], roles=siens, **commun_),
    ):
        with pytest.raises(RoleInsuffisant, match="revient aux personnes de l'organisme"):
            acte()
    page = lire(f.client(nadia), f"/dossiers/{brouillon.numero}/pieces/")
    assert "Les personnes de l'organisme ajoutent et lisent cette pièce." in page
    assert f"/dossiers/{brouillon.numero}/joindre/rib/" not in page


def test_l_aide_changerait_le_rib_garde_levee(brouillon, nadia, monkeypatch):
    par = accepter(brouillon, nadia)
    monkeypatch.setattr("ensemblier.dossiers.actes.pieces.refuser_le_rib", lambda code, roles: None)
    piece = actes.joindre_piece(
        brouillon, code="rib", fichier=f.pdf_d_essai(), par=par, roles=roles(par, brouillon), le=LE
    )
    assert piece.code == "rib"


def test_une_aide_finit_a_sa_date_ou_quand_la_signataire_le_dit(brouillon, nadia):
    accepter(brouillon, nadia)
    assert Dossier.objects.visibles_par(en(nadia, FIN)).exists()
    assert not Dossier.objects.visibles_par(en(nadia, date(2025, 5, 25))).exists()
    page = f"/dossiers/{brouillon.numero}/personnes/aides/{Aide.objects.get().pk}/"
    assert f.client("lucas").post(page).status_code == 403
    assert f.client("amina").post(page).status_code == 302
    assert f.client(nadia).get(f"/dossiers/{brouillon.numero}/").status_code == 404


def test_une_aide_finie_lirait_encore_garde_levee(brouillon, nadia, monkeypatch):
    accepter(brouillon, nadia)
    monkeypatch.setattr(AideQuerySet, "en_vigueur", lambda self, jour: self)
    assert Dossier.objects.visibles_par(en(nadia, date(2025, 5, 25))).exists()


def test_une_aide_ne_vaut_que_pour_son_dossier(brouillon, nadia):
    autre = f.dossier("aap-2026", le=LE)
    par = accepter(brouillon, nadia)
    assert set(Dossier.objects.visibles_par(par)) == {brouillon}
    assert roles(par, autre) == set()


def test_on_n_accepte_que_l_invitation_de_son_adresse_et_nul_n_est_juge_et_aide(brouillon, nadia):
    """L'adresse d'une autre : introuvable. Un agent : refusé, avec la raison (B10)."""
    aide = inviter(brouillon, courriel="benoit@maison.example")
    assert f.client(nadia).post(f"/aides/{aide.pk}/").status_code == 404
    with pytest.raises(ActeBloque, match="vous ne pouvez pas aider"):
        actes.accepter_l_aide(aide, utilisateur=f.personne("benoit"), par=f.acteur("benoit"), le=LE)
    with pytest.raises(RoleInsuffisant):
        inviter(brouillon, qui="lucas")
    with pytest.raises(ActeBloque, match="déjà de l'organisme"):
        inviter(brouillon, courriel="lucas@maison.example")
    with pytest.raises(ActeBloque, match="date de fin est passée"):
        inviter(brouillon, au=date(2025, 5, 19))


def test_un_agent_qui_aide_perd_ses_pouvoirs_sur_ce_dossier(nadia):  # B10
    depose = f.dossier_depose()
    actes.accepter_l_aide(inviter(depose), utilisateur=nadia, par=en(nadia), le=LE)
    from tests.monde import _habiliter

    _habiliter(nadia, "instructeur")
    par = en(nadia)
    assert par.a(Role.INSTRUCTEUR)
    assert roles(par, depose) == {Role.AIDE}
    assert not Dossier.objects.a_juger_par(par).exists()
    assert f.client(nadia).get(f"/instruction/{depose.numero}/").status_code == 403


def test_chaque_personne_lit_ce_qu_elle_peut_faire(brouillon):
    assert personnes.ce_que_je_peux(brouillon, f.acteur("amina"), {Role.SIGNATAIRE}) == ""
    assert "une personne signataire dépose" in lire(f.client("lucas"), f"/dossiers/{brouillon.numero}/")
    page = lire(f.client("lucas"), f"/dossiers/{brouillon.numero}/personnes/")
    assert "ne dépose pas" in page
    assert "Inviter une aide" not in page


def _bonification(brouillon):
    return next(c for c in rapport_de(brouillon, le=LE).constats if c.regle == "bonification")


def test_le_co_porteur_est_la_preuve_de_plusieurs_operateurs():
    """R29 c, K4 : déclaré sans co-porteur, la règle le demande ; nommé, l'agent et le jury le lisent."""
    brouillon, club = f.dossier(bonification__operateurs={"declare": True}), f.organisme("club")
    assert _bonification(brouillon).remede.startswith("Nommez au moins un co-porteur et son rôle.")
    amina, page = f.client("amina"), f"/dossiers/{brouillon.numero}/personnes/co-porteur/"
    envoi = {"nom": "Club des Amis du terril", "numero": "902 100 015", "role": "Anime les mercredis"}
    assert amina.post(page, envoi | {"numero": f.SIREN_DES_JARDINS}).status_code == 422
    assert amina.post(page, envoi).status_code == 302
    constat = _bonification(Dossier.objects.get(pk=brouillon.pk))
    assert "1 co-porteur nommé\u00a0: Club des Amis du terril." in constat.phrase
    assert constat.valeurs["co_porteurs"] == ["Club des Amis du terril"]
    assert not constat.remede.startswith("Nommez")
    assert brouillon.co_porteurs.get().organisme == club
    f.joindre(brouillon, "lettre", le=LE)
    depose = f.deposer(brouillon)
    assert "Club des Amis du terril (902100015) : Anime les mercredis" in lire(
        f.client("benoit"), f"/instruction/{depose.numero}/"
    )
    assert (
        "Co-porteurs nommés : Club des Amis du terril (Anime les mercredis), pas encore interrogé."
        in lire(f.client("benoit"), f"/instruction/{depose.numero}/criteres/")
    )
    retrait = f"/dossiers/{depose.numero}/personnes/co-porteurs/{depose.co_porteurs.get().pk}/"
    assert amina.post(retrait).status_code == 403


def test_l_aide_n_est_pas_du_porteur():
    assert Role.AIDE in commun.ECRIVAINS
    assert Role.AIDE not in commun.PORTEUR
