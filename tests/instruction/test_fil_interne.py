"""Le fil interne : qui l'écrit, qui le lit, qui n'en voit rien ; une mention prévient et attend (S72)."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ensemblier.comptes.models import Interet
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Acces
from ensemblier.instruction import actes, internes
from ensemblier.instruction.models import Echange, EchangeQuerySet, Mention
from ensemblier.noyau.machine import RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement
from tests import fabriques as f

pytestmark = pytest.mark.django_db
LE = f.instant("2025-11-12 09:00")
SECRET = "Le budget ne tient pas sans la Région."


@pytest.fixture(autouse=True)
def au_12_novembre():
    with time_machine.travel(LE, tick=True):
        yield


@pytest.fixture
def dossier():
    """Un dossier de l'AAP à Lens, demandé à la CALL, à l'État, au Département ; Élise, jurée, y a accès."""
    depose = f.dossier_depose("aap-2026")
    Acces.objects.create(dossier=depose, utilisateur=f.personne("elise"), raison="Séance", accorde_le=LE)
    return depose


def ecrire(dossier, qui, texte=SECRET, *, partage="service", mentions=(), cle=None):
    par = f.acteur(qui, le=LE.date())
    return actes.ecrire_echange(
        dossier, texte=texte, partage=partage, mentions=[f.personne(m) for m in mentions],
        cle=cle or f"{qui}-{texte}"[:64], par=par, roles=roles(par, dossier), le=LE,
    )  # fmt: skip


def page(dossier, qui):
    return f.client(qui).get(reverse("instruction_interne", args=[dossier.numero]))


def corps(reponse):
    return reponse.content.decode().replace("\u00a0", " ").replace("&#x27;", "'")


TOUS = ("benoit", "irene", "odile", "chloe", "denise", "farid", "remi", "amina", "lucas", "david", "elise",
        "fatou_finances")  # fmt: skip
SERVICE = {"benoit", "irene", "odile"}
LIGNES = {"chloe", "denise", "farid"}


@pytest.mark.parametrize("partage", ["service", "financeurs"])
def test_qui_lit_selon_le_partage(dossier, partage):
    ecrire(dossier, "benoit", partage=partage)
    lisent = SERVICE | (LIGNES if partage == "financeurs" else set())
    for qui in TOUS:
        vus = Echange.objects.visibles_par(f.acteur(qui, le=LE.date()))
        assert vus.exists() is (qui in lisent), qui
        assert (SECRET in corps(page(dossier, qui))) is (qui in lisent), qui
    assert not Echange.objects.visibles_par(None).exists()


def test_le_porteur_ne_le_voit_sur_aucune_page(dossier):
    ecrire(dossier, "benoit", partage="financeurs", mentions=["chloe"])
    amina = f.client("amina")
    for nom in ("dossier", "dossier_messages", "dossier_historique", "dossier_personnes"):
        lu = corps(amina.get(reverse(nom, args=[dossier.numero])))
        assert SECRET not in lu, nom
        assert "Message interne" not in lu, nom


def test_le_jury_n_en_lit_rien_meme_dans_l_historique(dossier):
    ecrire(dossier, "benoit", partage="financeurs")
    elise = f.client("elise")
    for nom in ("instruction_dossier", "instruction_historique"):
        lu = corps(elise.get(reverse(nom, args=[dossier.numero])))
        assert SECRET not in lu
        assert "nterne" not in lu
    assert page(dossier, "elise").status_code == 403
    assert "Message interne" in corps(
        f.client("benoit").get(reverse("instruction_historique", args=[dossier.numero]))
    )


def test_une_juree_agente_d_un_financeur_ne_lit_pas_comme_juree(dossier):
    """Rémi (Région, non sollicitée) est aussi juré sur ce dossier : il le voit, pas son fil interne."""
    f.habiliter("remi", "jury", "juré")
    Acces.objects.create(dossier=dossier, utilisateur=f.personne("remi"), raison="Séance", accorde_le=LE)
    ecrire(dossier, "benoit", partage="financeurs")
    assert not Echange.objects.visibles_par(f.acteur("remi", le=LE.date())).exists()
    assert page(dossier, "remi").status_code == 403
    with pytest.raises(ActeBloque, match="pas le vôtre"):
        ecrire(dossier, "remi")


def test_un_referent_d_une_autre_ville_ne_trouve_pas_le_fil_s72(dossier):
    wingles = f.dossier_depose(action__quartiers=[{"code": "QN06235M", "communes": ["WINGLES"]}])
    ecrire(wingles, "benoit", partage="financeurs")
    assert page(wingles, "farid").status_code == 404
    assert not Echange.objects.visibles_par(f.acteur("farid", le=LE.date())).exists()


def test_un_lien_avec_le_porteur_ferme_le_fil_b10(dossier):
    ecrire(dossier, "benoit", partage="financeurs")
    Interet.objects.create(
        utilisateur=f.personne("chloe"), organisme=dossier.organisme, nature="bénévole", connu_le=LE.date()
    )
    assert not Echange.objects.visibles_par(f.acteur("chloe", le=LE.date())).exists()


def test_un_message_du_service_serait_lu_des_financeurs_garde_levee(dossier, monkeypatch):
    ecrire(dossier, "benoit", partage="service")
    monkeypatch.setattr(EchangeQuerySet, "visibles_par", lambda self, acteur: self)
    assert SECRET in corps(page(dossier, "chloe"))


def test_un_financeur_ecrit_toujours_a_tous(dossier):
    assert ecrire(dossier, "chloe", partage="service").partage == "financeurs"
    assert SECRET in corps(page(dossier, "benoit"))


def test_qui_n_est_pas_agent_n_ecrit_pas(dossier):
    for qui in ("amina", "odile", "elise", "fatou_finances"):
        with pytest.raises(RoleInsuffisant, match="Écrire un message interne"):
            ecrire(dossier, qui)
    with pytest.raises(ActeBloque, match="vide"):
        ecrire(dossier, "benoit", "  ")


def test_une_mention_previent_sans_le_texte_et_attend_jusqu_a_la_lecture(dossier):
    ecrire(dossier, "benoit", partage="financeurs", mentions=["chloe", "benoit"])
    lettre = Courriel.objects.get(cle__startswith="mention:")
    assert (lettre.destinataire, lettre.est_differe) == ("chloe@maison.example", False)
    assert f"/instruction/{dossier.numero}/interne/" in lettre.texte
    assert SECRET not in lettre.texte + lettre.sujet
    liste = f.client("chloe").get(reverse("instruction"))
    assert "Lire ce qu'un collègue vous écrit" in liste.context["lignes"][0].attente
    vue = corps(page(dossier, "chloe"))
    assert "1 message vous attend." in vue
    assert "Interne (1)" in vue
    f.client("chloe").post(reverse("instruction_interne", args=[dossier.numero]), {"lus": "1"})
    assert Mention.objects.get().lu_le is not None
    assert f.client("chloe").get(reverse("instruction"), {"vue": "a-faire"}).context["lignes"] == []
    assert "Chloé Fontaine (lu le 12/11/2025)" in corps(page(dossier, "benoit"))


def test_nommer_quelqu_un_n_ouvre_aucun_droit(dossier):
    for qui, partage in (("chloe", "service"), ("remi", "financeurs"), ("elise", "financeurs")):
        with pytest.raises(ActeBloque, match="ne lirait pas ce message"):
            ecrire(dossier, "benoit", partage=partage, mentions=[qui])
    assert not Echange.objects.exists(), "rien ne reste d'un message refusé"
    assert not Courriel.objects.filter(cle__startswith="mention:").exists()


def test_une_mention_sourde_passerait_garde_levee(dossier, monkeypatch):
    monkeypatch.setattr("ensemblier.instruction.actes.internes._exiger_lecteurs", lambda *a: None)
    ecrire(dossier, "benoit", mentions=["chloe"])
    assert Courriel.objects.filter(destinataire="chloe@maison.example", cle__startswith="mention:").exists()


def test_la_liste_des_collegues_est_celle_de_qui_peut_lire(dossier):
    for qui in ("salome", "chloe", "remi", "denise", "farid", "elise", "odile", "irene"):
        f.personne(qui)
    acteur = f.acteur("benoit", le=LE.date())
    noms = [qui.prenom for qui, _ in internes.collegues(acteur, dossier, LE.date())]
    assert noms == ["Salomé", "Irène", "Farid", "Chloé", "Denise"], "le service d'abord, puis les lignes"


def test_la_meme_cle_n_ecrit_qu_une_fois_t09(dossier):
    une = ecrire(dossier, "benoit", cle="meme")
    assert ecrire(dossier, "benoit", cle="meme") == une
    with pytest.raises(ActeBloque, match="déjà servi"):
        ecrire(dossier, "irene", cle="meme")
    assert Evenement.objects.filter(acte="ecrire_echange").count() == 1


def test_la_page_envoie_et_garde_ce_qui_est_refuse(dossier):
    f.personne("chloe")
    client, adresse = f.client("benoit"), reverse("instruction_interne", args=[dossier.numero])
    envoi = {"cle": "k1", "texte": SECRET, "partage": "service", "mentions": [f.personne("chloe").pk]}
    refus = client.post(adresse, envoi)
    assert refus.status_code == 422
    assert SECRET in corps(refus)
    assert "Chloé Fontaine ne lirait pas ce message" in corps(refus)
    assert client.post(adresse, envoi | {"partage": "financeurs"}).status_code == 302
    assert "Prévenu : Chloé Fontaine (pas encore lu)" in corps(client.get(adresse))


def test_le_fil_coute_autant_a_deux_et_a_douze_messages(dossier):
    f.personne("chloe")

    def compter():
        with CaptureQueriesContext(connection) as lues:
            page(dossier, "benoit")
        return len(lues)

    for rang in range(2):
        ecrire(dossier, "benoit", f"Message {rang}", partage="financeurs", mentions=["chloe", "irene"])
    deux = compter()
    for rang in range(2, 12):
        ecrire(dossier, "benoit", f"Message {rang}", partage="financeurs", mentions=["chloe", "irene"])
    assert compter() == deux
