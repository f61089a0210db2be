"""Ce que toute adresse doit à tout inconnu : jeton, en-têtes, verbes, hôte, octet nul, lecture sans effet."""

import re

import pytest
from django.conf import settings as reglages
from django.db import connection, transaction
from django.test import Client
from django.urls import path, reverse

from config.urls import urlpatterns as toutes
from tests.test_acces import _adresse, adresses

EXIGES = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=()",
}
SANS_CADRE = ("frame-ancestors 'none'", "sandbox")


def _benoit(le_monde, **options):
    client = Client(**options)
    client.force_login(le_monde.personnes["benoit"])
    return client


# --- le jeton ----------------------------------------------------------------------------------------


SIGNEES = {"desabonnement"}
"""RFC 8058 : la messagerie qui désabonne n'a pas de session ; l'adresse signée tient lieu de jeton."""


def test_aucun_envoi_sans_jeton_n_est_lu(le_monde):
    """CSRF : toute adresse, par POST et par PUT, un compte qui aurait le droit."""
    client = _benoit(le_monde, enforce_csrf_checks=True)
    for nom in set(adresses()) - SIGNEES:
        for verbe in ("post", "put"):
            reponse = getattr(client, verbe)(_adresse(nom, le_monde))
            assert reponse.status_code == 403, (nom, verbe, reponse.status_code)
            assert "Cette page était ouverte depuis longtemps" in reponse.content.decode(), nom


def test_un_envoi_sans_jeton_serait_lu_garde_levee(le_monde):
    reponse = _benoit(le_monde).post(reverse("mon_compte"), {"prenom": "Autre", "nom": "Nom"})
    assert reponse.status_code == 302


# --- les en-têtes ------------------------------------------------------------------------------------


def _casser(request):
    raise RuntimeError("panne voulue")


urlpatterns = [*toutes, path("panne/", _casser, name="panne")]


def _manquants(reponse):
    absents = [nom for nom, mot in EXIGES.items() if mot not in reponse.get(nom, "")]
    if not any(mot in reponse.get("Content-Security-Policy", "") for mot in SANS_CADRE):
        absents.append("frame-ancestors")
    return absents


def _reponses(le_monde):
    client = _benoit(le_monde, raise_request_exception=False)
    for nom in adresses():
        for verbe in ("get", "post", "put"):
            point = transaction.savepoint()
            reponse = getattr(client, verbe)(_adresse(nom, le_monde))
            transaction.savepoint_rollback(point)
            if nom == "account_logout":
                client.force_login(le_monde.personnes["benoit"])
            yield f"{verbe} {nom}", reponse
    yield "404", client.get("/nulle-part/")
    yield "barre finale", client.get("/instruction")
    yield "400 hôte", client.get("/", headers={"host": "pirate.example"})
    yield "400 octet nul", client.get("/?q=%00")
    yield "500", client.get("/panne/")
    yield "statique", client.get("/statique/interface/document.css")
    yield "403 jeton", Client(enforce_csrf_checks=True).post("/connexion/")


@pytest.mark.urls("tests.attaques.test_portes")
def test_les_entetes_sont_sur_toute_reponse_erreurs_et_fichiers_compris(le_monde, settings):
    """G17 : 100 % des réponses, 2xx à 5xx."""
    settings.DEBUG = False
    codes, fautes = set(), []
    for quoi, reponse in _reponses(le_monde):
        codes.add(reponse.status_code)
        reponse.close()
        if absents := _manquants(reponse):
            fautes.append((quoi, reponse.status_code, absents))
    assert not fautes
    assert {200, 301, 302, 400, 403, 404, 405, 500} <= codes, codes


def test_un_fichier_statique_reste_en_cache_meme_connecte(le_monde):
    reponse = _benoit(le_monde).get("/statique/interface/document.css")
    assert "public" in reponse["Cache-Control"]
    reponse.close()


def test_une_page_sans_le_middleware_serait_vue_garde_levee(le_monde, settings):
    settings.MIDDLEWARE = [m for m in reglages.MIDDLEWARE if not m.endswith("EntetesMiddleware")]
    assert "Permissions-Policy" in _manquants(Client().get("/contact/"))


# --- les verbes --------------------------------------------------------------------------------------


def test_un_verbe_inattendu_n_obtient_rien(le_monde):
    """Ni page ni acte par PUT ou DELETE ; allauth traite PUT comme un envoi, sous jeton."""
    admis = []
    for qui in ("amina", "benoit"):
        client = Client()
        client.force_login(le_monde.personnes[qui])
        for nom in adresses():
            if nom.startswith("account_") or nom == "sante":
                continue
            for verbe in ("put", "delete"):
                reponse = getattr(client, verbe)(_adresse(nom, le_monde))
                if reponse.status_code not in (403, 404, 405):
                    admis.append((qui, verbe, nom, reponse.status_code))
    assert not admis


# --- lire n'écrit pas --------------------------------------------------------------------------------

_ECRIT = re.compile(r'^(INSERT INTO|UPDATE|DELETE FROM) "(\w+)"')
TOLEREES = {
    "registre_trace": "le journal des consultations et des refus",
    "django_session": "la session",
}
EN_LISANT = {"accuse_pdf": {"registre_fichier", "dossiers_dossier"}}
"""Le PDF de l'accusé se dessine à la première lecture, depuis un contenu figé et haché au dépôt."""


def test_lire_une_page_n_ecrit_rien(le_monde):
    """T23 : un lien cliqué, une image, un robot ne changent rien."""
    ecrites = {}

    def guetter(execute, sql, params, many, context):
        if trouve := _ECRIT.match(sql):
            ecrites.setdefault(nom, set()).add(trouve[2])
        return execute(sql, params, many, context)

    clients = {}
    for qui in ("amina", "benoit"):
        clients[qui] = Client()
        clients[qui].force_login(le_monde.personnes[qui])
    ouvertes = [(nom, _adresse(nom, le_monde)) for nom in adresses()]
    with connection.execute_wrapper(guetter):
        for ouverte in ouvertes:
            nom, adresse = ouverte
            for client in clients.values():
                point = transaction.savepoint()
                client.get(adresse).close()
                transaction.savepoint_rollback(point)
    fautes = {n: t - set(TOLEREES) - EN_LISANT.get(n, set()) for n, t in ecrites.items()}
    assert not {n: t for n, t in fautes.items() if t}
    assert "registre_trace" in set().union(*ecrites.values()), "le guet ne voit aucune écriture"


# --- l'adresse et l'hôte -----------------------------------------------------------------------------

AILLEURS = (
    "https://pirate.example/", "//pirate.example/", "/\\pirate.example", "\\\\pirate.example",
    "https:pirate.example", "http:///pirate.example", "javascript:alert(1)", "data:text/html,x",
    "///pirate.example", "https://testserver@pirate.example/", "https://testserver.pirate.example/",
    "\thttps://pirate.example", " //pirate.example", "/\t/pirate.example", "ftp://pirate.example",
    "//testserver\\@pirate.example", "https://pirate.example#@testserver/",
)  # fmt: skip


@pytest.mark.parametrize("suite", AILLEURS)
def test_apres_la_connexion_on_reste_chez_soi(le_monde, suite):
    """T31 : `next` ne mène jamais dehors."""
    from tests import fabriques as f

    envoi = {"login": "amina@maison.example", "password": f.MOT_DE_PASSE, "next": suite}
    reponse = Client().post("/connexion/", envoi)
    assert reponse.status_code == 302
    assert re.match(r"/(?![/\\])", reponse["Location"]), reponse["Location"]
    assert not re.search(r"[\t\n\r\\]", reponse["Location"])


def test_apres_la_connexion_on_arrive_ou_l_on_voulait_garde_levee(le_monde):
    from tests import fabriques as f

    envoi = {"login": "amina@maison.example", "password": f.MOT_DE_PASSE, "next": "/mon-compte/"}
    assert Client().post("/connexion/", envoi)["Location"] == "/mon-compte/"


def test_un_nom_d_hote_force_n_entre_ni_dans_la_page_ni_dans_le_courriel(le_monde):
    """T32 : hôte inconnu refusé ; `X-Forwarded-Host` ignoré."""
    from ensemblier.registre.models import Courriel

    force = {"x-forwarded-host": "pirate.example", "forwarded": "host=pirate.example"}
    assert Client().get("/connexion/", headers={"host": "pirate.example"}).status_code == 400
    page = Client().get("/appels/", headers=force)
    assert "pirate.example" not in page.content.decode()
    Client().post("/mot-de-passe/oublie/", {"email": "amina@maison.example"}, headers=force)
    recu = Courriel.objects.filter(destinataire="amina@maison.example").latest("pk")
    assert "/mot-de-passe/nouveau/" in recu.texte
    assert "pirate.example" not in recu.texte


@pytest.mark.parametrize("qui", [None, "benoit"])
def test_un_octet_nul_est_refuse_avant_toute_lecture(le_monde, comme_postgresql, qui):
    client = Client()
    if qui:
        client.force_login(le_monde.personnes[qui])
    for adresse in ("/instruction/?q=%00", "/appels/?%00=1", "/organismes/%00/", "/quartiers/%00/"):
        assert client.get(adresse).status_code == 400, adresse
    assert client.post("/quartiers/adresse/", {"adresse": "12 rue\0"}).status_code == 400


def test_un_octet_nul_casserait_la_lecture_garde_levee(le_monde, comme_postgresql, settings):
    from tests.attaques.conftest import RefuseParPostgresql

    settings.MIDDLEWARE = [m for m in reglages.MIDDLEWARE if not m.endswith("SaisieLisibleMiddleware")]
    with pytest.raises(RefuseParPostgresql):
        _benoit(le_monde).get("/organismes/%00/")
