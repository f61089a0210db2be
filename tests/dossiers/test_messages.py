"""Le fil entre le porteur et le service : qui le lit, ce qui part par courriel, ce que le registre garde."""

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from ensemblier.comptes.models import Interet, Rattachement
from ensemblier.dossiers import actes
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.models import Dossier, Message, MessageQuerySet
from ensemblier.instruction import actes as instruction
from ensemblier.noyau.machine import EtatInterdit, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Courriel, Evenement, Fichier
from tests import fabriques as f

pytestmark = pytest.mark.django_db
LE = f.instant("2025-11-12 09:00")
SECRET = "Notre trésorière est en arrêt jusqu'au 3."


@pytest.fixture(autouse=True)
def au_12_novembre():
    with time_machine.travel(LE, tick=True):
        yield


@pytest.fixture
def dossier():
    return f.dossier_depose("aap-2026")


def ecrire(dossier, qui, texte=SECRET, *, cle=None, fichier=None, le=LE):
    par = f.acteur(qui, le=le.date())
    return actes.ecrire_message(
        dossier, texte=texte, cle=cle or f"{qui}-{texte}"[:64], fichier=fichier, par=par,
        roles=roles(par, dossier), le=le,
    )  # fmt: skip


def lire(dossier, qui, le=LE):
    par = f.acteur(qui, le=le.date())
    return actes.lire_messages(dossier, par=par, roles=roles(par, dossier), le=le)


def page(dossier, qui, nom=None):
    nom = nom or ("dossier_messages" if qui in ("amina", "lucas", "david") else "instruction_messages")
    return f.client(qui).get(reverse(nom, args=[dossier.numero]))


def annonces():
    return Courriel.objects.filter(cle__startswith="message:")


def test_amina_ecrit_benoit_le_lit_et_repond(dossier):
    ecrire(dossier, "amina")
    vue = page(dossier, "benoit")
    assert SECRET in vue.content.decode().replace("&#x27;", "'")
    assert "1 nouveau message" in vue.content.decode().replace("\u00a0", " ")
    ecrire(dossier, "benoit", "Merci, prenez votre temps.")
    lu = Message.objects.get(cote="porteur")
    assert (lu.lu_le, lu.lu_par) == (LE, "Benoît Marchal"), "répondre, c'est avoir lu"
    vue = page(dossier, "amina").content.decode()
    assert "Lu par Benoît Marchal" in vue
    assert "prenez votre temps" in vue
    assert vue.index("prenez votre temps") < vue.index("Écrire au service")


def test_chaque_cote_sait_qui_le_lira(dossier):
    f.personne("lucas")
    assert (
        "Amina Haddad et Lucas Morel (Les Jardins de la fosse 12) le verront"
        in (page(dossier, "benoit").context["lecteurs"])
    )
    assert "Les financeurs ne le lisent pas." in page(dossier, "amina").context["lecteurs"]


def test_le_courriel_annonce_le_message_sans_son_texte(dossier):
    f.personne("lucas")
    ecrire(dossier, "amina", fichier=f.pdf_d_essai("arret-de-travail.pdf"))
    (au_service,) = annonces()
    assert au_service.destinataire == "mission-emploi-culture@call.example", "la fonction du thème (R70)"
    assert f"/instruction/{dossier.numero}/messages/" in au_service.texte
    ecrire(dossier, "benoit", "Le compte finit par 4471.")
    au_porteur = annonces().exclude(pk=au_service.pk)
    assert {c.destinataire for c in au_porteur} == {"amina@maison.example", "lucas@maison.example"}
    for courriel in annonces():
        tout = courriel.sujet + courriel.texte
        assert not [mot for mot in ("trésorière", "arret-de-travail", "4471") if mot in tout]


def test_le_courriel_va_a_qui_suit_le_dossier(dossier):
    Dossier.objects.filter(pk=dossier.pk).update(charge_de_mission=f.personne("benoit"))
    ecrire(dossier, "amina")
    assert annonces().get().destinataire == "benoit@maison.example"


QUI_LIT = [
    ("amina", True), ("lucas", True), ("benoit", True), ("irene", True), ("odile", True), ("david", False),
    ("chloe", False), ("farid", False), ("elise", False), ("fatou_finances", False), (None, False),
]  # fmt: skip


@pytest.mark.parametrize(("qui", "lit"), QUI_LIT)
def test_seuls_le_porteur_le_service_et_l_audit_lisent(dossier, qui, lit):
    message = ecrire(dossier, "amina", fichier=f.pdf_d_essai())
    acteur = f.acteur(qui, le=LE.date()) if qui else None
    assert Message.objects.visibles_par(acteur).exists() is lit
    adresse = reverse("message_fichier", args=[dossier.numero, message.fichier.cle])
    if qui:
        reponse = f.client(qui).get(adresse)
        assert reponse.status_code == (200 if lit else 404)
        f.contenu(reponse)


def test_un_financeur_lirait_le_fichier_garde_levee(dossier, monkeypatch):
    message = ecrire(dossier, "amina", fichier=f.pdf_d_essai())
    monkeypatch.setattr(MessageQuerySet, "visibles_par", lambda self, acteur: self)
    adresse = reverse("message_fichier", args=[dossier.numero, message.fichier.cle])
    reponse = f.client("chloe").get(adresse)
    assert reponse.status_code == 200
    f.contenu(reponse)


def test_un_financeur_n_a_pas_l_onglet_et_la_page_dit_pourquoi(dossier):
    assert "/messages/" not in page(dossier, "chloe", "instruction_completude").content.decode()
    assert "/messages/" in page(dossier, "benoit", "instruction_completude").content.decode()
    refus = page(dossier, "chloe")
    assert refus.status_code == 403
    assert "du porteur et du service" in refus.content.decode()


@pytest.mark.parametrize("qui", ["chloe", "farid", "odile", "fatou_finances"])
def test_qui_n_est_d_aucun_cote_n_ecrit_pas(dossier, qui):
    with pytest.raises(RoleInsuffisant, match="porteur et du service"):
        ecrire(dossier, qui)
    with pytest.raises(RoleInsuffisant):
        lire(dossier, qui)


def test_l_auditrice_lit_sans_ecrire_ni_marquer(dossier):
    ecrire(dossier, "amina")
    vue = page(dossier, "odile")
    assert "trésorière" in vue.content.decode()
    assert "Envoyer le message" not in vue.content.decode()
    assert "Marquer comme lu" not in vue.content.decode()


def test_un_agent_interesse_ne_lit_plus(dossier):  # B10
    ecrire(dossier, "amina")
    Interet.objects.create(
        utilisateur=f.personne("benoit"), organisme=dossier.organisme, nature="bénévole", connu_le=LE.date()
    )
    assert page(dossier, "benoit").status_code == 404
    assert not Message.objects.visibles_par(f.acteur("benoit", le=LE.date())).exists()


def test_un_agent_qui_represente_le_porteur_ecrit_du_cote_du_porteur(dossier):  # B10
    Rattachement.objects.create(
        utilisateur=f.personne("benoit"), organisme=dossier.organisme, qualite="redacteur",
        fonction="Secrétaire",
    )  # fmt: skip
    assert page(dossier, "benoit").status_code == 403
    assert ecrire(dossier, "benoit").cote == "porteur"


def test_ouvrir_la_page_ne_marque_rien_le_bouton_oui(dossier):  # T23
    ecrire(dossier, "benoit")
    client, adresse = f.client("lucas"), reverse("dossier_messages", args=[dossier.numero])
    assert "Marquer comme lu" in client.get(adresse).content.decode()
    assert Message.objects.get().lu_le is None
    assert client.post(adresse, {"lus": "1"}).status_code == 302
    lu = Message.objects.get()
    assert (lu.lu_le, lu.lu_par) == (lu.lu_le, "Lucas Morel")
    assert lu.lu_le is not None
    assert lire(dossier, "amina") == 0, "le premier lecteur reste"
    assert "Marquer comme lu" not in client.get(adresse).content.decode()


def test_lire_son_propre_message_ne_le_marque_pas(dossier):
    ecrire(dossier, "amina")
    assert lire(dossier, "lucas") == 0
    assert lire(dossier, "benoit") == 1


def test_la_navigation_compte_ce_qui_attend(dossier):
    f.personne("lucas")
    ecrire(dossier, "benoit", "Un.")
    ecrire(dossier, "benoit", "Deux.")
    lue = f.client("amina").get("/appels/").content.decode()
    assert "Messages (2)</a>" in lue
    assert "Messages (" not in f.client("david").get("/appels/").content.decode()
    lire(dossier, "lucas")
    assert "Messages</a>" in f.client("amina").get("/appels/").content.decode()


def test_mes_dossiers_et_l_onglet_disent_ce_qui_attend(dossier):
    ecrire(dossier, "benoit")
    taches = f.client("amina").get(reverse("mes_dossiers")).context["taches"]
    assert next((a.quoi, a.url) for a, _ in taches) == (
        "1\u00a0nouveau message du service", reverse("dossier_messages", args=[dossier.numero]),
    )  # fmt: skip
    assert "Messages (1)" not in page(dossier, "benoit", "instruction_historique").content.decode()
    ecrire(dossier, "amina")
    assert "Messages (1)" in page(dossier, "benoit", "instruction_historique").content.decode()


def test_la_liste_de_travail_du_service_attend_une_lecture(dossier):
    par = f.acteur("benoit", le=LE.date())
    instruction.declarer_recevable(dossier, par=par, roles=roles(par, dossier), le=LE)

    def attentes(qui):
        vue = f.client(qui).get(reverse("instruction"), {"vue": "tout"})
        return [x.attente for x in vue.context["lignes"]]

    assert not [a for a in attentes("benoit") if "message" in a]
    ecrire(dossier, "amina")
    assert any("Lire le message du porteur" in a for a in attentes("benoit"))
    assert not [a for a in attentes("chloe") if "message" in a]
    ecrire(dossier, "benoit", "Bien reçu.")
    assert not [a for a in attentes("benoit") if "message" in a]


def test_la_boite_range_un_fil_par_dossier_et_mene_a_la_bonne_page(dossier):
    autre = f.dossier_depose("aap-2026")
    ecrire(dossier, "amina", "Premier.")
    ecrire(autre, "benoit", "Deuxième.")
    ecrire(dossier, "amina", "Troisième.", le=f.instant("2025-11-12 10:00"))
    for qui, nom in (("amina", "dossier_messages"), ("benoit", "instruction_messages")):
        lignes = f.client(qui).get(reverse("messages")).context["lignes"]
        assert [(x["message"].texte, x["url"]) for x in lignes] == [
            ("Troisième.", reverse(nom, args=[dossier.numero])),
            ("Deuxième.", reverse(nom, args=[autre.numero])),
        ]
        assert [x["nouveau"] for x in lignes] == ([False, True] if qui == "amina" else [True, False])
    for qui in ("david", "chloe"):
        assert f.client(qui).get(reverse("messages")).context["lignes"] == []


def test_un_double_clic_n_ecrit_qu_une_fois(dossier):  # T09
    client, adresse = f.client("amina"), reverse("dossier_messages", args=[dossier.numero])
    cle = client.get(adresse).context["form"]["cle"].value()
    for _ in range(2):
        assert client.post(adresse, {"cle": cle, "texte": SECRET}).status_code == 302
    assert Message.objects.get().texte == SECRET
    assert annonces().count() == 1


def test_la_cle_d_un_autre_n_ouvre_rien(dossier):
    ecrire(dossier, "amina", cle="partagee")
    with pytest.raises(ActeBloque, match="déjà servi"):
        ecrire(dossier, "benoit", cle="partagee")


def test_un_brouillon_n_a_pas_de_fil_et_dit_ou_ecrire():
    brouillon = f.dossier("aap-2026")
    with pytest.raises(EtatInterdit, match="s'ouvre au dépôt"):
        ecrire(brouillon, "amina")
    lue = page(brouillon, "amina").content.decode()
    assert f"mailto:{brouillon.territoire.courriel}" in lue
    assert "Envoyer le message" not in lue


def test_un_fichier_refuse_laisse_le_texte_et_rien_d_autre(dossier):
    avant = Fichier.objects.count()
    client, adresse = f.client("amina"), reverse("dossier_messages", args=[dossier.numero])
    faux = SimpleUploadedFile("devis.pdf", b"MZ\x90 ceci n'est pas un PDF", content_type="application/pdf")
    reponse = client.post(adresse, {"cle": "c", "texte": SECRET, "fichier": faux})
    assert reponse.status_code == 422
    assert "trésorière" in reponse.content.decode()
    assert not Message.objects.exists()
    assert (Fichier.objects.count(), annonces().count()) == (avant, 0)


def test_un_message_vide_est_refuse(dossier):
    with pytest.raises(ActeBloque, match="vide"):
        ecrire(dossier, "amina", "   ")


def test_une_session_perdue_rend_le_message_qu_on_ecrivait(dossier):
    client, adresse = Client(), reverse("dossier_messages", args=[dossier.numero])
    f.territoire()
    assert client.post(adresse, {"cle": "c", "texte": SECRET})["Location"].startswith("/connexion/")
    connexion = {"login": "amina@maison.example", "password": f.MOT_DE_PASSE}
    assert client.post(reverse("account_login"), connexion).status_code == 302
    assert client.get(adresse).context["form"]["texte"].value() == SECRET


def test_le_registre_garde_l_empreinte_et_non_le_texte(dossier):
    ecrire(dossier, "amina")
    fait = Evenement.objects.get(acte="ecrire_message")
    assert fait.libelle == "Message du porteur au service"
    assert len(fait.detail.contenu["empreinte"]) == 64
    assert "trésorière" not in str(fait.detail.contenu) + fait.detail.motif
    assert "Message envoyé au service" in page(dossier, "amina", "dossier_historique").content.decode()


def test_un_long_fil_se_lit_jusqu_au_bout(dossier, monkeypatch):
    monkeypatch.setattr("ensemblier.interface.pages.PAR_PAGE", 2)
    for rang in range(3):
        ecrire(dossier, "amina", f"Message {rang}")
    adresse = reverse("dossier_messages", args=[dossier.numero])
    premiere = f.client("amina").get(adresse)
    assert [e["texte"] for e in premiere.context["echanges"]] == ["Message 1", "Message 2"]
    suite = f.client("amina").get(adresse, {"apres": premiere.context["page"].suivant})
    assert [e["texte"] for e in suite.context["echanges"]] == ["Message 0"]
