"""L'horloge d'un dossier : rejet implicite (B14, S61), suspension (B15), prolongation individuelle (P16)."""

from datetime import date

import pytest
import time_machine
from django.urls import reverse

from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.horloge import horloge_de
from ensemblier.dossiers.models import Dossier
from ensemblier.instruction import actes
from ensemblier.instruction.models import Complement
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement
from tests import fabriques as f

pytestmark = pytest.mark.django_db
DEPOT = f.instant("2025-05-25 10:00")


def le(texte):
    return f.instant(f"2025-{texte} 10:00")


@pytest.fixture
def dossier():
    return f.dossier_depose(le=DEPOT)


@pytest.fixture
def au_20_juin():
    with time_machine.travel(le("06-20"), tick=True):
        yield


def agir(acte, dossier, qui="benoit", **options):
    par = f.acteur(qui)
    return acte(dossier, par=par, roles=roles(par, dossier), **options)


def demander(dossier, quand):
    return agir(actes.demander_complements, dossier, pieces=["rib"], message="Illisible.", le=quand)


def prolonger(dossier, jusqu_au, motif="Comptes rendus le 15 juin.", qui="benoit", quand=None):
    quand = quand or le("06-05")
    return agir(actes.prolonger_complements, dossier, qui, jusqu_au=jusqu_au, motif=motif, le=quand)


def rejet(dossier):
    return Dossier.objects.values_list("rejet_le", flat=True).get(pk=dossier.pk)


def corps(reponse):
    return reponse.content.decode().replace("\u00a0", " ").replace("&#x27;", "'")


def page(nom, dossier, qui="benoit"):
    return corps(f.client(qui).get(reverse(nom, args=[dossier.numero])))


def test_depose_le_25_mai_le_silence_rejette_le_25_juillet_s61_b14(dossier):
    assert rejet(dossier) == date(2025, 7, 25)
    with time_machine.travel(le("07-26"), tick=True):
        lu = page("instruction_dossier", dossier)
        assert "Le silence vaut rejet depuis le vendredi 25 juillet 2025" in lu
        agir(actes.declarer_recevable, dossier, le=le("07-26"))
    dossier.refresh_from_db()
    assert dossier.etat == "recevable", "S61 : il reste instruisible le 26 juillet"


def test_les_complements_arretent_l_horloge_puis_elle_repart_b15(dossier):
    demander(dossier, le("06-01"))
    assert rejet(dossier) is None
    dossier.refresh_from_db()
    assert horloge_de(dossier).arretee_le == date(2025, 6, 1)
    f.joindre(dossier, "rib", le=le("06-11"))
    agir(actes.completer, dossier, "amina", le=le("06-11"))
    assert rejet(dossier) == date(2025, 8, 4), "dix jours d'arrêt, dix jours de plus"


def test_la_recevabilite_fait_aussi_repartir_l_horloge_b15(dossier):
    demander(dossier, le("06-01"))
    dossier.refresh_from_db()
    agir(actes.declarer_recevable, dossier, le=le("06-06"))
    assert rejet(dossier) == date(2025, 7, 30)


def test_une_horloge_jamais_remise_a_l_heure_serait_vue_garde_levee(dossier, monkeypatch):
    monkeypatch.setattr("ensemblier.instruction.actes.recevabilite.remettre_a_l_heure", lambda d: None)
    demander(dossier, le("06-01"))
    dossier.refresh_from_db()
    assert dossier.rejet_le != horloge_de(dossier).echeance


def test_irrecevable_ou_retire_le_silence_ne_compte_plus(dossier):
    agir(actes.declarer_irrecevable, dossier, motif="Hors quartier.", le=le("06-02"))
    assert rejet(dossier) is None
    assert horloge_de(dossier) is None


def test_la_liste_annonce_le_rejet_sous_quinze_jours_b14(dossier):
    adresse = reverse("instruction")
    with time_machine.travel(le("07-09"), tick=True):
        assert f.client("benoit").get(adresse, {"alerte": "rejet"}).context["lignes"] == []
    with time_machine.travel(le("07-16"), tick=True):
        lue = f.client("benoit").get(adresse)
        assert "rejet implicite dans 9 jours" in lue.context["lignes"][0].attente.replace("\u00a0", " ")
        assert "1 dossier à 15 jours ou moins d'un rejet implicite" in corps(lue)
        assert lue.context["comptes"]["rejets"] == 1
        assert len(f.client("benoit").get(adresse, {"alerte": "rejet"}).context["lignes"]) == 1
        assert f.client("benoit").get(adresse, {"alerte": "rejet-passe"}).context["lignes"] == []
    with time_machine.travel(le("07-26"), tick=True):
        assert len(f.client("benoit").get(adresse, {"alerte": "rejet-passe"}).context["lignes"]) == 1
        assert "rejet implicite" not in f.client("benoit").get(adresse).context["lignes"][0].attente


def test_la_page_des_delais_montre_chaque_ligne(dossier):
    demander(dossier, le("06-01"))
    f.joindre(dossier, "rib", le=le("06-11"))
    agir(actes.completer, dossier, "amina", le=le("06-11"))
    dossier.refresh_from_db()
    agir(actes.declarer_recevable, dossier, le=le("06-15"))
    with time_machine.travel(le("06-20"), tick=True):
        lu = page("instruction_delais", dossier)
    assert "du 01/06/2025 au 11/06/2025 : + 10 jours" in lu
    assert "rejet implicite le lundi 4 août 2025" in lu
    assert "Dépôt à recevabilité" in lu
    assert "Recevabilité à avis" in lu
    assert "Pièces demandées au porteur" in lu


def test_prolonger_donne_du_temps_a_ce_porteur_et_le_lui_ecrit_p16(dossier):
    demander(dossier, le("06-01"))
    dossier.refresh_from_db()
    prolonger(dossier, date(2025, 6, 30))
    assert Complement.objects.get().echeance == date(2025, 6, 30)
    assert dossier.suspensions.get().echeance == date(2025, 6, 30), "la page du porteur lit celle-ci"
    fait = Evenement.objects.get(acte="prolonger_complements")
    assert (fait.public, fait.detail.motif) == (True, "Comptes rendus le 15 juin.")
    assert fait.detail.contenu["avant"] == "2025-06-16"
    lettre = Courriel.objects.get(cle__startswith="prolongation:")
    assert lettre.destinataire == "amina@maison.example"
    assert "Comptes rendus le 15 juin." in lettre.texte
    assert rejet(dossier) is None, "l'horloge reste arrêtée"


def test_chaque_prolongation_refusee_dit_pourquoi(dossier):
    with pytest.raises(ActeBloque, match="Rien n'est demandé"):
        prolonger(dossier, date(2025, 6, 30))
    demander(dossier, le("06-01"))
    dossier.refresh_from_db()
    with pytest.raises(ActeBloque, match="motif manque"):
        prolonger(dossier, date(2025, 6, 30), " ")
    with pytest.raises(ActeBloque, match=r"court déjà jusqu'au lun. 16.juin 2025"):
        prolonger(dossier, date(2025, 6, 16))
    with pytest.raises(ActeBloque, match=r"à partir du mar. 1er.juillet"):
        prolonger(dossier, date(2025, 6, 30), quand=le("07-01"))
    with pytest.raises(RoleInsuffisant):
        prolonger(dossier, date(2025, 6, 30), qui="amina")


def test_la_page_prolonge_et_garde_ce_qui_est_refuse(dossier, au_20_juin):
    demander(dossier, le("06-01"))
    client, adresse = f.client("benoit"), reverse("prolonger_complements", args=[dossier.numero])
    refus = client.post(adresse, {"prolongation-jusqu_au": "10/06/2025", "prolongation-motif": "Congés"})
    assert refus.status_code == 422
    assert "court déjà jusqu'au" in corps(refus)
    envoi = {"prolongation-jusqu_au": "30/06/2025", "prolongation-motif": "Congés"}
    assert client.post(adresse, envoi).status_code == 302
    assert Complement.objects.get().echeance == date(2025, 6, 30)
