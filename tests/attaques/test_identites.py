"""Deviner un compte, forcer une connexion, garder une session : ce que l'entrée refuse (T25 à T27)."""

import re

import pytest
from django.core.cache import cache
from django.test import Client

from ensemblier.comptes.models import Utilisateur
from ensemblier.registre.models import Courriel
from tests import fabriques as f

pytestmark = pytest.mark.django_db
AUTRE = "cinq mots tout aussi sans rapport"


@pytest.fixture(autouse=True)
def _maison():
    cache.clear()
    f.territoire()
    f.personne("amina")
    yield
    cache.clear()


def _connecter(client, courriel="amina@maison.example", mot_de_passe=f.MOT_DE_PASSE, **options):
    return client.post("/connexion/", {"login": courriel, "password": mot_de_passe}, **options)


def _neutre(reponse, courriel):
    """La réponse, l'adresse tapée et le jeton ôtés : ce qu'un curieux compare."""
    corps = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", reponse.content.decode())
    temoins = tuple(sorted((nom, bool(t.value)) for nom, t in reponse.cookies.items()))
    return reponse.status_code, reponse.get("Location", ""), temoins, corps.replace(courriel, "")


def _ferme():
    Utilisateur.objects.create_user("ferme@maison.example", f.MOT_DE_PASSE, is_active=False)
    return "ferme@maison.example"


@pytest.mark.parametrize("adresse", ["/connexion/", "/inscription/", "/mot-de-passe/oublie/"])
def test_la_reponse_ne_dit_pas_si_le_compte_existe(adresse):
    """Même page, même statut, mêmes témoins pour une adresse connue, inconnue ou fermée."""
    reponses = set()
    for courriel in ("amina@maison.example", "personne@maison.example", _ferme()):
        cache.clear()
        envoi = {
            "login": courriel, "password": AUTRE, "email": courriel, "prenom": "Une", "nom": "Autre",
            "password1": AUTRE, "password2": AUTRE,
        }  # fmt: skip
        client = Client()
        reponse = client.post(adresse, envoi)
        suite = client.get(reponse["Location"]) if reponse.status_code == 302 else reponse
        reponses.add((_neutre(reponse, courriel)[:3], _neutre(suite, courriel)))
    assert len(reponses) == 1, [r[0] for r in reponses]


def test_les_essais_d_un_compte_sont_comptes_quelle_que_soit_l_adresse_annoncee():
    """Cinq échecs, puis plus rien n'est évalué, même juste ; un `X-Forwarded-For` inventé ne sert à rien."""
    client = Client()
    for rang in range(5):
        _connecter(client, mot_de_passe="faux", headers={"x-forwarded-for": f"198.51.100.{rang}"})
    refus = _connecter(client, headers={"x-forwarded-for": "203.0.113.9"})
    assert refus.status_code != 302
    assert "Trop d'essais" in refus.content.decode().replace("&#x27;", "'")
    f.personne("david")
    assert _connecter(Client(), "david@maison.example").status_code == 302


def test_cinq_erreurs_d_un_inconnu_ne_ferment_pas_la_porte_a_la_personne():
    """T26 : l'essai se compte par compte et par machine ; la sienne n'a rien à se reprocher."""
    for _ in range(6):
        _connecter(Client(REMOTE_ADDR="198.51.100.1"), mot_de_passe="faux")
    assert _connecter(Client(REMOTE_ADDR="203.0.113.5")).status_code == 302


def test_cinq_erreurs_d_un_inconnu_fermeraient_la_porte_garde_levee(monkeypatch):
    monkeypatch.setattr("ensemblier.comptes.essais.origine", lambda request, courriel: "")
    for _ in range(6):
        _connecter(Client(REMOTE_ADDR="198.51.100.1"), mot_de_passe="faux")
    assert _connecter(Client(REMOTE_ADDR="203.0.113.5")).status_code != 302


def _evalues(monkeypatch, essais):
    """Combien de mots de passe sont vraiment comparés quand `essais` machines en tentent un chacune."""
    vus = []
    monkeypatch.setattr(Utilisateur, "check_password", lambda soi, brut: vus.append(brut) or brut == "juste")
    for rang in range(essais):
        _connecter(Client(REMOTE_ADDR=f"198.51.100.{rang}"), mot_de_passe="faux")
    return vus


def test_mille_machines_ne_comparent_que_cent_mots_de_passe_par_heure(monkeypatch):
    """Vingt par douze minutes sur un compte ; le navigateur déjà connu de la personne entre quand même."""
    chez_elle = Client(REMOTE_ADDR="203.0.113.5")
    assert _connecter(chez_elle).status_code == 302
    temoin = chez_elle.cookies["appareil"]
    assert temoin["httponly"]
    assert "amina" not in temoin.value
    chez_elle.post("/deconnexion/")
    assert len(_evalues(monkeypatch, 30)) == 20
    assert _connecter(Client(REMOTE_ADDR="203.0.113.6"), mot_de_passe="juste").status_code != 302
    assert _connecter(chez_elle, mot_de_passe="juste").status_code == 302


def test_un_appareil_connu_a_lui_aussi_cinq_essais(monkeypatch):
    """Le témoin recopié sur mille machines ne donne qu'un compte d'essais, et pour ce compte seul."""
    chez_elle = Client()
    _connecter(chez_elle)
    vol = chez_elle.cookies["appareil"].value
    codes = []
    for rang in range(6):
        voleur = Client(REMOTE_ADDR=f"198.51.100.{rang}")
        voleur.cookies["appareil"] = vol
        codes.append("Trop d" in _connecter(voleur, mot_de_passe="faux").content.decode())
    assert codes == [False] * 5 + [True]


def test_mille_machines_compareraient_tout_garde_levee(monkeypatch, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login_failed_compte": None}
    assert len(_evalues(monkeypatch, 30)) == 30


def test_reprendre_son_compte_par_sa_boite_rouvre_la_porte(monkeypatch):
    """Mot de passe oublié : le compte repart de zéro, et ce navigateur est désormais connu."""
    _evalues(monkeypatch, 25)
    monkeypatch.undo()
    client = Client(REMOTE_ADDR="203.0.113.6")
    client.post("/mot-de-passe/oublie/", {"email": "amina@maison.example"})
    lien = re.search(r"/mot-de-passe/nouveau/\S+", Courriel.objects.latest("pk").texte).group()
    page = client.get(client.get(lien)["Location"])
    client.post(page.request["PATH_INFO"], {"password1": AUTRE, "password2": AUTRE})
    assert client.cookies["appareil"].value
    assert _connecter(client, mot_de_passe=AUTRE).status_code == 302


def test_une_rafale_d_une_meme_machine_est_arretee_meme_sur_mille_comptes():
    codes = [_connecter(Client(), f"inconnu{n}@maison.example", "faux").status_code for n in range(40)]
    assert codes.count(429) >= 9
    page = _connecter(Client(), "inconnu@maison.example", "faux")
    assert "Attendez quelques minutes" in page.content.decode()


def test_sans_limite_la_connexion_juste_passe_garde_levee(settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None, "login_failed_compte": None}
    client = Client()
    for _ in range(6):
        _connecter(client, mot_de_passe="faux")
    assert _connecter(client).status_code == 302


def test_derriere_le_mandataire_c_est_l_adresse_qu_il_a_ecrite_qui_compte(settings):
    """Sans quoi tout le territoire partagerait une seule limite, la veille de la clôture."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    codes = []
    for rang in range(40):
        vu = {"x-forwarded-for": f"203.0.113.7, 198.51.100.{rang}"}
        codes.append(_connecter(Client(), f"inconnu{rang}@maison.example", "faux", headers=vu).status_code)
    assert 429 not in codes


def test_la_session_change_a_la_connexion_et_meurt_a_la_sortie():
    """T25 : un témoin posé avant n'ouvre rien ; un témoin volé ne sert plus après la sortie."""
    victime = Client()
    victime.get("/connexion/")
    victime.cookies["sessionid"] = "a" * 32
    _connecter(victime)
    ouvert = victime.cookies["sessionid"].value
    assert ouvert != "a" * 32
    voleur = Client()
    voleur.cookies["sessionid"] = ouvert
    assert voleur.get("/mon-compte/").status_code == 200
    victime.post("/deconnexion/")
    assert voleur.get("/mon-compte/").status_code == 302


@pytest.mark.parametrize("fin", ["ferme", "mot de passe"])
def test_un_compte_ferme_ou_repris_perd_ses_autres_sessions_aussitot(fin):
    client, ailleurs = Client(), Client()
    _connecter(client)
    cache.clear()
    _connecter(ailleurs)
    assert ailleurs.get("/mon-compte/").status_code == 200
    if fin == "ferme":
        Utilisateur.objects.filter(courriel="amina@maison.example").update(is_active=False)
    else:
        envoi = {"oldpassword": f.MOT_DE_PASSE, "password1": AUTRE, "password2": AUTRE}
        assert client.post("/mon-compte/mot-de-passe/", envoi).status_code == 302
        assert client.get("/mon-compte/").status_code == 200
    assert ailleurs.get("/mon-compte/").status_code == 302


def test_le_temoin_de_session_n_est_ni_lisible_ni_envoye_d_un_autre_site():
    client = Client()
    _connecter(client)
    temoin = client.cookies["sessionid"]
    assert temoin["httponly"]
    assert temoin["samesite"] == "Lax"


@pytest.mark.parametrize("nom", ["\r\nBcc: tous@pirate.example", "a\u2028b\u0085c", "<b>&'\""])
def test_un_nom_piege_n_ajoute_aucun_en_tete_au_courriel(nom):
    """T33 : le sujet reste d'une ligne, le destinataire reste seul."""
    from django.core import mail

    from ensemblier.registre import courriels

    envoi = {
        "prenom": nom, "nom": nom, "email": "nadia@asso.example", "password1": AUTRE, "password2": AUTRE,
    }  # fmt: skip
    Client().post("/inscription/", envoi)
    courriels.envoyer_en_attente(le=f.OUVERTURE)
    assert Courriel.objects.filter(envoye_le=None).count() == 0
    for message in mail.outbox:
        assert message.recipients() == ["nadia@asso.example"]
        assert len(message.subject.splitlines()) == 1
        assert not re.search(r"^bcc:", str(message.message()), re.IGNORECASE | re.MULTILINE)
