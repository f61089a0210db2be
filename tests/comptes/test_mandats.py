"""La délégation de signature : sans elle, seule la personne représentante dépose."""

from datetime import date

import pytest
import time_machine

from ensemblier.comptes import actes_mandats, mandats
from ensemblier.comptes.models import Mandat, Organisme, Rattachement
from ensemblier.dossiers.models import Dossier
from ensemblier.noyau.machine import Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Evenement
from tests import fabriques as f

pytestmark = pytest.mark.django_db
LE = f.instant("2025-05-20 10:00")


@pytest.fixture(autouse=True)
def le_20_mai():
    with time_machine.travel(LE, tick=True):
        yield


@pytest.fixture
def brouillon():
    """Lucas devient signataire des Jardins ; Amina en reste la représentante légale."""
    cree = f.dossier()
    f.personne("lucas").rattachements.update(qualite="signataire")
    return cree


def deleguer(**options):
    par, organisme = f.acteur("amina"), f.organisme()
    commun = {
        "rattachement": Rattachement.objects.get(utilisateur=f.personne("lucas")), "portee": "depot",
        "du": date(2025, 5, 1), "au": date(2025, 5, 31), "fichier": f.pdf_d_essai("delegation.pdf"),
        "type_mime": "application/pdf",
    }  # fmt: skip
    return actes_mandats.ajouter_mandat(
        organisme, **(commun | options), par=par, roles={Role.SIGNATAIRE}, le=LE
    )


def test_on_ne_delegue_pas_a_soi_et_seule_la_page_dit_d_inviter_quelqu_un(brouillon):
    adresse = f"/organismes/{f.organisme().cle}/delegations/"
    page = f.client("amina").get(adresse).content.decode()
    assert f.personne("lucas").nom_complet in page
    assert "id_rattachement_1" not in page, "Amina représente l'organisme : elle ne se délègue rien"
    f.personne("lucas").rattachements.update(qualite="redacteur")
    seule = f.client("amina").get(adresse).content.decode()
    assert "Invitez-la d'abord" in seule.replace("&#x27;", "'")
    assert 'name="fichier"' not in seule


def test_sans_delegation_une_signataire_non_representante_ne_depose_pas(brouillon):
    with pytest.raises(ActeBloque, match="Vous n'êtes pas le représentant légal de Les Jardins"):
        f.deposer(brouillon, par="lucas")
    adresse = f"/dossiers/{brouillon.numero}/relecture/"
    page = f.client("lucas").get(adresse).content.decode()
    assert "Vous ne pouvez pas déposer ce dossier" in page
    assert "Attester et déposer" not in page
    assert (
        "Attester et déposer"
        in f.client("amina").get(f"/dossiers/{brouillon.numero}/relecture/").content.decode()
    )


def test_avec_sa_delegation_elle_depose_et_l_agent_le_lit(brouillon):
    deleguer()
    depose = f.deposer(brouillon, par="lucas")
    assert depose.accuse_contenu["pouvoir"] == "délégation de signature du 01/05/2025, jusqu'au 31/05/2025"
    page = f.client("benoit").get(f"/instruction/{depose.numero}/").content.decode()
    assert "délégation de signature du 01/05/2025" in page
    organisme = f.client("benoit").get(f"/organismes/{f.SIREN_DES_JARDINS}/").content.decode()
    assert "Télécharger la délégation" in organisme


@pytest.mark.parametrize(
    "options",
    [
        {"portee": "suites"}, {"au": date(2025, 5, 19), "du": date(2025, 5, 1)},
        {"du": date(2025, 5, 21), "au": None},
    ],
)  # fmt: skip
def test_une_delegation_d_une_autre_portee_finie_ou_a_venir_ne_vaut_pas(brouillon, options):
    deleguer(**options)
    assert mandats.empechement(f.organisme(), f.acteur("lucas"), le=LE)


def test_une_delegation_retiree_ne_vaut_plus(brouillon):
    mandat = deleguer()
    assert not mandats.empechement(f.organisme(), f.acteur("lucas"), le=LE)
    adresse = f"/organismes/{f.SIREN_DES_JARDINS}/delegations/{mandat.pk}/retirer/"
    assert f.client("amina").post(adresse).status_code == 302
    assert mandats.empechement(f.organisme(), f.acteur("lucas"), le=LE)
    actes_lus = Evenement.objects.filter(chaine__racine=f.organisme().racine()).values_list("acte", flat=True)
    assert list(actes_lus)[-2:] == ["ajouter_mandat", "retirer_mandat"]


def test_sans_la_garde_elle_deposerait_garde_levee(brouillon, monkeypatch):
    monkeypatch.setattr(mandats, "pouvoir", lambda *args, **kwargs: "garde levée")
    assert f.deposer(brouillon, par="lucas").depose_le


def test_la_portee_dit_ce_que_la_delegation_permet(brouillon):
    """Déposer ne permet pas de signer la convention ni de rendre le bilan ; l'inverse non plus."""
    lucas, organisme = f.acteur("lucas"), f.organisme()
    deleguer(portee="suites")
    assert not mandats.empechement(organisme, lucas, le=LE, pour=Mandat.Portee.SUITES)
    assert mandats.empechement(organisme, lucas, le=LE, pour=Mandat.Portee.DEPOT)


@pytest.mark.parametrize("nom", ["HADDAD Amina", "Mme Amina HADDAD", "amina haddad", "Amina  Haddad "])
def test_le_meme_nom_ecrit_autrement_est_la_meme_personne(nom):
    Organisme.objects.filter(pk=f.organisme().pk).update(representant_nom=nom)
    assert mandats.pouvoir(f.organisme(), f.acteur("amina"), le=LE) == "représentant légal"


def test_la_page_garde_la_piece_et_ses_dates(brouillon):
    amina, adresse = f.client("amina"), f"/organismes/{f.SIREN_DES_JARDINS}/delegations/"
    lucas = Rattachement.objects.get(utilisateur=f.personne("lucas"))
    envoi = {
        "rattachement": lucas.pk, "portee": "tout", "du": "01/05/2025", "au": "30/04/2025",
        "fichier": f.pdf_d_essai("delegation.pdf"),
    }  # fmt: skip
    assert amina.post(adresse, envoi).status_code == 422
    assert (
        amina.post(adresse, envoi | {"au": "", "fichier": f.pdf_d_essai("delegation.pdf")}).status_code == 302
    )
    mandat = Mandat.objects.get()
    assert (mandat.utilisateur, mandat.portee, mandat.au) == (f.personne("lucas"), "tout", None)
    piece = amina.get(f"{adresse}{mandat.pk}/fichier/")
    assert f.contenu(piece).startswith(b"%PDF")


def test_on_ne_delegue_qu_a_une_personne_signataire(brouillon):
    f.personne("lucas").rattachements.update(qualite="redacteur")
    with pytest.raises(ActeBloque, match="n'est pas signataire"):
        deleguer()
    with pytest.raises(RoleInsuffisant):
        actes_mandats.retirer_mandat(Mandat(), par=f.acteur("lucas"), roles={Role.REDACTEUR}, le=LE)
    assert not Dossier.objects.deposes().exists()
