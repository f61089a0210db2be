"""Se connecter, s'inscrire, et les pages d'un organisme : qui voit quoi, l'IBAN jamais de trop."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ensemblier.comptes import actes
from ensemblier.comptes.models import Invitation, Organisme, Rattachement, Utilisateur
from ensemblier.registre.models import Courriel, Evenement
from tests import fabriques
from tests.comptes.test_actes import _rib
from tests.comptes.test_forms import PNG

pytestmark = pytest.mark.django_db
BASE = f"/organismes/{fabriques.SIREN_DES_JARDINS}/"


@pytest.fixture(autouse=True)
def _sans_limite_de_debit():
    """Les limites de débit vivent dans le cache : chaque essai part de zéro."""
    cache.clear()


def _texte(reponse):
    return reponse.content.decode().replace("&#x27;", "'")


def _connexion(navigateur, courriel, mot_de_passe=fabriques.MOT_DE_PASSE):
    return navigateur.post("/connexion/", {"login": courriel, "password": mot_de_passe})


def test_se_connecter_mene_a_son_espace():
    navigateur = fabriques.client()
    fabriques.personne("amina")
    reponse = _connexion(navigateur, "amina@maison.example")
    assert (reponse.status_code, reponse["Location"]) == (302, "/mon-espace/")


def test_un_mauvais_mot_de_passe_dit_quoi_faire_sans_dire_si_le_compte_existe():
    navigateur = fabriques.client()
    fabriques.personne("amina")
    connu = _texte(_connexion(navigateur, "amina@maison.example", "faux"))
    inconnu = _texte(_connexion(navigateur, "personne@maison.example", "faux"))
    phrase = "L'adresse et le mot de passe ne vont pas ensemble. Vérifiez-les, ou demandez un nouveau"
    assert phrase in connu
    assert phrase in inconnu


def test_s_inscrire_demande_de_confirmer_l_adresse():
    navigateur = fabriques.client()
    reponse = navigateur.post(
        "/inscription/",
        {
            "prenom": "Nadia", "nom": "Robert", "email": "nadia@asso.example",
            "password1": fabriques.MOT_DE_PASSE, "password2": fabriques.MOT_DE_PASSE,
        },
    )  # fmt: skip
    assert reponse["Location"] == "/inscription/courriel/"
    nadia = Utilisateur.objects.get(courriel="nadia@asso.example")
    assert nadia.nom_complet == "Nadia Robert"
    assert _connexion(navigateur, "nadia@asso.example")["Location"] == "/inscription/courriel/"
    lien = re.search(r"/inscription/confirmer/\S+", Courriel.objects.order_by("pk")[0].texte).group()
    assert "Confirmer mon adresse" in _texte(navigateur.get(lien))
    assert not EmailAddress.objects.get(user=nadia).verified
    navigateur.post(lien)
    assert EmailAddress.objects.get(user=nadia).verified
    fabriques.client().logout()
    assert _connexion(fabriques.client(), "nadia@asso.example")["Location"] == "/mon-espace/"


def test_un_mot_de_passe_court_est_refuse():
    champs = {
        "prenom": "N",
        "nom": "R",
        "email": "n@asso.example",
        "password1": "court",
        "password2": "court",
    }
    reponse = fabriques.client().post("/inscription/", champs)
    assert reponse.status_code == 200
    assert not Utilisateur.objects.filter(courriel="n@asso.example").exists()


def test_un_mot_de_passe_oublie_se_change_par_le_lien_une_seule_fois():
    fabriques.personne("amina")
    navigateur = fabriques.client()
    navigateur.post("/mot-de-passe/oublie/", {"email": "amina@maison.example"})
    courriel = Courriel.objects.get()
    assert courriel.sujet == "Changer votre mot de passe Ensemblier"
    lien = re.search(r"/mot-de-passe/nouveau/\S+", courriel.texte).group()
    page = navigateur.get(lien, follow=True)
    nouveau = "cinq mots jamais lus ailleurs"
    navigateur.post(page.redirect_chain[-1][0], {"password1": nouveau, "password2": nouveau})
    assert _connexion(fabriques.client(), "amina@maison.example", nouveau)["Location"] == "/mon-espace/"
    assert "ne vaut plus" in _texte(fabriques.client().get(lien, follow=True))


def test_une_adresse_inconnue_recoit_la_meme_reponse():
    navigateur = fabriques.client()
    reponse = navigateur.post("/mot-de-passe/oublie/", {"email": "inconnue@asso.example"})
    assert reponse["Location"] == "/mot-de-passe/oublie/envoye/"
    assert Courriel.objects.get().sujet == "Aucun compte Ensemblier à cette adresse"


@pytest.mark.parametrize(
    "adresse",
    ["/mon-espace/", "/mon-compte/", "/mon-organisme/", BASE, f"{BASE}rib/", "/mon-organisme/creer/"],
)
def test_sans_compte_on_va_se_connecter(adresse):
    reponse = fabriques.client().get(adresse)
    assert reponse["Location"].startswith("/connexion/?next=")


def test_un_compte_sans_role_va_creer_son_organisme():
    david = fabriques.personne("david")
    Rattachement.objects.all().delete()
    navigateur = fabriques.client(david)
    assert navigateur.get("/mon-espace/")["Location"] == "/mon-organisme/"
    assert "Créer mon organisme" in _texte(navigateur.get("/mon-organisme/"))


def test_plusieurs_organismes_font_une_liste():
    amina = fabriques.personne("amina")
    navigateur = fabriques.client(amina)
    assert navigateur.get("/mon-organisme/")["Location"] == BASE
    Rattachement.objects.create(
        utilisateur=amina, organisme=fabriques.organisme("club"), qualite="redacteur", fonction="Aide"
    )
    assert "2\u00a0organismes" in _texte(navigateur.get("/mon-organisme/"))


def _champs_de_creation(**autres):
    return {
        "nom": "Fil et aiguille", "type": "association", "siret": "", "rna": "W624007777", "adresse": "1 rue",
        "code_postal": "62300", "commune": "Lens", "representant_nom": "A",
        "representant_fonction": "Présidente",
        "fin_d_exercice": "12-31", "fonction": "Présidente", "mandat": "Statuts", "atteste": "on", **autres,
    }  # fmt: skip


def test_creer_un_organisme_par_la_page():
    reponse = fabriques.client("david").post("/mon-organisme/creer/", _champs_de_creation())
    assert reponse["Location"] == "/organismes/W624007777/"
    assert Evenement.objects.filter(objet__startswith="comptes.Organisme").exists()


def test_reclamer_un_organisme_connu_est_refuse_avec_que_faire():
    fabriques.organisme()
    fabriques.personne("david")
    reponse = fabriques.client("david").post("/mon-organisme/creer/", _champs_de_creation(rna="W624001234"))
    page = _texte(reponse)
    assert reponse.status_code == 422
    assert "a déjà un compte" in page
    assert "Fil et aiguille" in page
    assert "Amina" not in page


@pytest.mark.parametrize("qui", ["david", "elise", "farid", "chloe"])
def test_un_organisme_qui_n_est_pas_le_sien_est_introuvable(qui):
    fabriques.personne("amina")
    navigateur = fabriques.client(qui)
    for suite in ("", "identite/", "rib/", "engagement/", "personnes/"):
        assert navigateur.get(f"{BASE}{suite}").status_code == 404


@pytest.mark.parametrize("suite", ["rib/", "engagement/", "personnes/"])
@pytest.mark.parametrize("qui", ["lucas", "benoit", "fatou_finances"])
def test_une_page_reservee_a_la_signataire_est_refusee_avec_sa_raison(qui, suite):
    fabriques.organisme()
    reponse = fabriques.client(qui).get(f"{BASE}{suite}")
    assert reponse.status_code == 403
    assert "signataire du porteur" in _texte(reponse)


@pytest.mark.parametrize("qui", ["amina", "lucas", "benoit", "irene", "odile", "fatou_finances"])
def test_l_iban_n_est_dans_aucune_page(qui):
    rib = _rib(fabriques.organisme())
    navigateur = fabriques.client(qui)
    page = _texte(navigateur.get(BASE))
    assert "606" in page
    assert "2004 1010" not in page
    assert "20041" not in page
    montrer = navigateur.post(f"{BASE}rib/{rib.pk}/iban/")
    if qui == "fatou_finances":
        assert fabriques.IBAN in _texte(montrer)
        assert "no-store" in montrer["Cache-Control"]
    else:
        assert montrer.status_code == 403
        assert "20041" not in _texte(montrer)


@pytest.mark.parametrize(
    ("qui", "code"), [("amina", 200), ("fatou_finances", 200), ("benoit", 404), ("david", 404)]
)
def test_la_piece_du_rib_se_lit_par_qui_de_droit(qui, code):
    rib = _rib(fabriques.organisme())
    reponse = fabriques.client(qui).get(f"{BASE}rib/{rib.pk}/fichier/")
    assert reponse.status_code == code
    if code == 200:
        assert reponse["Content-Disposition"].startswith("attachment")
        assert b"".join(reponse.streaming_content) == b"%PDF-1.4"


def test_le_rib_d_un_autre_organisme_ne_se_lit_pas_par_le_sien():
    rib = _rib(fabriques.organisme())
    adresse = f"/organismes/{fabriques.SIREN_DU_CLUB}/rib/{rib.pk}/"
    navigateur = fabriques.client("david")
    assert navigateur.get(f"{adresse}fichier/").status_code == 404
    assert navigateur.post(f"{adresse}iban/").status_code == 404


def test_ajouter_un_rib_par_la_page_puis_le_controler():
    fabriques.personne("amina")
    reponse = fabriques.client("amina").post(
        f"{BASE}rib/",
        {"titulaire": "JF12", "iban": fabriques.IBAN, "fichier": SimpleUploadedFile("rib.png", PNG)},
    )
    assert reponse["Location"] == BASE
    rib = Organisme.objects.get(siren=fabriques.SIREN_DES_JARDINS).rib_courant()
    finances = fabriques.client("fatou_finances")
    assert "Déclarer le compte contrôlé" in _texte(finances.get(BASE))
    finances.post(f"{BASE}rib/{rib.pk}/controle/")
    rib.refresh_from_db()
    assert rib.verifie_par == "Fatou Diallo"


def test_un_rib_faux_garde_le_titulaire_et_pas_de_compte():
    fabriques.personne("amina")
    reponse = fabriques.client("amina").post(f"{BASE}rib/", {"titulaire": "Nom tapé", "iban": "FR14"})
    assert reponse.status_code == 422
    assert "Nom tapé" in _texte(reponse)


def test_souscrire_puis_inviter_par_les_pages():
    fabriques.personne("amina")
    david = fabriques.personne("david")
    navigateur = fabriques.client("amina")
    assert navigateur.post(f"{BASE}engagement/", {}).status_code == 422
    assert navigateur.post(f"{BASE}engagement/", {"engagement": "on"})["Location"] == BASE
    assert "Souscrit le" in _texte(navigateur.get(BASE))
    champs = {"courriel": david.courriel, "qualite": "redacteur", "fonction": "Aide"}
    navigateur.post(f"{BASE}personnes/", champs)
    assert fabriques.client("david").get(BASE).status_code == 404
    _accepter("david")
    assert fabriques.client("david").get(BASE).status_code == 200


def _accepter(qui):
    """Ouvre « Mon organisme » et suit le bouton de l'invitation."""
    client = fabriques.client(qui)
    adresse = re.search(r'action="(/mon-organisme/invitations/\d+/)"', _texte(client.get("/mon-organisme/")))
    return client.post(adresse[1])


def _apres_invitation(navigateur, courriel):
    """Tout ce que le signataire lit après une invitation : la réponse et la page, sans l'adresse."""
    champs = {"courriel": courriel, "qualite": "redacteur", "fonction": "Aide"}
    reponse = navigateur.post(f"{BASE}personnes/", champs)
    page = _texte(navigateur.get(BASE)).replace(courriel, "X")
    Invitation.objects.all().delete()
    return reponse.status_code, reponse["Location"], re.sub(r'value="\w{64}"|invitations/\d+/', "", page)


def test_une_adresse_avec_ou_sans_compte_recoit_la_meme_reponse():
    fabriques.personne("amina")
    connu, inconnu = fabriques.personne("david").courriel, "inconnu@asso.example"
    navigateur = fabriques.client("amina")
    assert _apres_invitation(navigateur, connu) == _apres_invitation(navigateur, inconnu)
    textes = {c.destinataire: c.texte for c in Courriel.objects.filter(sujet__endswith="vous invite")}
    assert textes[connu] == textes[inconnu]


def test_dire_le_nom_du_compte_se_verrait_garde_levee(monkeypatch):
    """L'ancien geste, rattacher aussitôt qui a un compte, ferait échouer l'essai précédent."""
    fabriques.personne("amina")
    david, navigateur = fabriques.personne("david"), fabriques.client("amina")
    vrai = actes.inviter

    def aussitot(organisme, *, courriel, **champs):
        if courriel == david.courriel:
            actes.rattacher(organisme, utilisateur=david, **champs)
        return vrai(organisme, courriel=courriel, **champs)

    monkeypatch.setattr("ensemblier.comptes.views.organisme.actes.inviter", aussitot)
    inconnu = _apres_invitation(navigateur, "inconnu@asso.example")
    assert _apres_invitation(navigateur, david.courriel) != inconnu


def test_seule_l_adresse_prouvee_accepte_une_fois():
    fabriques.personne("amina")
    david = fabriques.personne("david")
    champs = {"courriel": david.courriel.upper(), "qualite": "redacteur", "fonction": "Aide"}
    fabriques.client("amina").post(f"{BASE}personnes/", champs)
    adresse = f"/mon-organisme/invitations/{Invitation.objects.get().pk}/"
    assert fabriques.client("lucas").post(adresse).status_code == 404
    EmailAddress.objects.filter(user=david).update(verified=False)
    assert fabriques.client("david").post(adresse).status_code == 404
    EmailAddress.objects.filter(user=david).update(verified=True)
    assert fabriques.client("david").post(adresse).status_code == 302
    assert fabriques.client("david").post(adresse).status_code == 404


def test_une_invitation_retiree_ou_vieille_ne_s_accepte_plus():
    fabriques.personne("amina")
    david, amina = fabriques.personne("david"), fabriques.client("amina")
    champs = {"courriel": david.courriel, "qualite": "redacteur", "fonction": "Aide"}
    amina.post(f"{BASE}personnes/", champs)
    premiere = Invitation.objects.get()
    assert "Retirer l'invitation" in _texte(amina.get(BASE))
    amina.post(f"{BASE}invitations/{premiere.pk}/retirer/")
    assert fabriques.client("david").post(f"/mon-organisme/invitations/{premiere.pk}/").status_code == 404
    amina.post(f"{BASE}personnes/", champs)
    Invitation.objects.filter(retiree_le=None).update(envoyee_le=fabriques.instant("2025-01-02 09:00"))
    assert "vous invite" not in _texte(fabriques.client("david").get("/mon-organisme/", follow=True))


def test_son_nom_se_change_et_reste_tape_si_l_autre_manque():
    navigateur = fabriques.client("amina")
    assert "Prénom tapé" in _texte(navigateur.post("/mon-compte/", {"prenom": "Prénom tapé", "nom": ""}))
    navigateur.post("/mon-compte/", {"prenom": "Amina", "nom": "Haddad-Roy"})
    assert Utilisateur.objects.get(courriel="amina@maison.example").nom == "Haddad-Roy"


def test_le_nombre_de_requetes_ne_depend_pas_du_nombre_de_personnes():
    organisme = fabriques.organisme()
    navigateur, comptes = fabriques.client("amina"), []
    for debut, fin in ((0, 2), (2, 12)):
        for rang in range(debut, fin):
            personne = Utilisateur.objects.create_user(f"p{rang}@asso.example")
            Rattachement.objects.create(
                utilisateur=personne, organisme=organisme, qualite="redacteur", fonction="Aide"
            )
            _rib(organisme, le=fabriques.instant(f"2025-05-{rang + 1:02d} 10:00"))
        navigateur.get(BASE)
        with CaptureQueriesContext(connection) as requetes:
            navigateur.get(BASE)
        comptes.append(len(requetes))
    assert comptes[0] == comptes[1] <= 15
