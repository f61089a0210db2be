"""Intentions, courriels, fichiers : ce qui entre et ce qui sort."""

import json
import os
import smtplib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction
from django.template import engines
from hypothesis import given
from hypothesis import strategies as st

from config.cli import main
from ensemblier.noyau.machine import Acteur
from ensemblier.registre import courriels, intentions
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.fichiers import conserver, nom_sur, servir
from ensemblier.registre.models import Courriel, Intention
from tests.fabriques import contenu

LE = datetime(2025, 5, 20, 8, tzinfo=UTC)
AMINA = Acteur("Amina", "présidente", "essai", 7)


@pytest.mark.django_db
def test_la_meme_cle_rend_la_meme_intention_et_sa_reponse():
    une = intentions.recevoir(cle="k", par=AMINA, corps={"a": 1}, le=LE)
    intentions.repondre(une, {"numero": "25-0041"})
    deux = intentions.recevoir(cle="k", par=AMINA, corps={"a": 1}, le=datetime(2026, 1, 1, tzinfo=UTC))
    assert (deux.pk, deux.recue_le, deux.reponse) == (une.pk, LE, {"numero": "25-0041"})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("par", "corps"), [(AMINA, {"a": 2}), (Acteur("David", "étranger", "essai", 8), {"a": 1})]
)
def test_la_meme_cle_pour_autre_chose_est_refusee(par, corps):
    intentions.recevoir(cle="k", par=AMINA, corps={"a": 1}, le=LE)
    with pytest.raises(ActeBloque, match="déjà servi"):
        intentions.recevoir(cle="k", par=par, corps=corps, le=LE)
    assert Intention.objects.count() == 1


@pytest.fixture
def gabarits(tmp_path, settings):
    (tmp_path / "essai.html").write_text(
        '{% extends "interface/courriel.html" %}{% block corps %}<h1 class="reponse">Bonjour {{ nom }}</h1>'
        '{% bouton_de_courriel "Voir" adresse_publique "/a/" %}{% endblock %}'
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    engines._templates = None
    engines._engines = {}


def _poster(cle="c1", a="amina@essai.example"):
    return courriels.poster(
        cle=cle, a=a, sujet="25-0041 · Votre\ndossier", gabarit="essai", contexte={"nom": "Amina"}, le=LE
    )


@pytest.mark.django_db
def test_une_cle_de_courriel_ne_part_qu_une_fois(gabarits):
    assert _poster() is not None
    assert _poster() is None
    assert courriels.envoyer_en_attente(le=LE) == (1, 0)
    assert courriels.envoyer_en_attente(le=LE) == (0, 0)
    assert [m.subject for m in mail.outbox] == ["25-0041 · Votre dossier"]


@pytest.mark.django_db
def test_le_meme_courriel_a_plusieurs_s_ecrit_une_fois_et_chaque_cle_une_fois(gabarits):
    seul = _poster(a="ines@essai.example")
    cles = {"ines@essai.example": "c1", "amina@essai.example": "c2", "pas une adresse": "c3"}
    for _ in range(2):
        courriels.poster_a_chacun(
            cles=cles, sujet=seul.sujet, gabarit="essai", contexte={"nom": "Amina"}, le=LE, genre="accuse"
        )
    premier, deuxieme, faux = Courriel.objects.order_by("cle")
    assert (premier.pk, deuxieme.html, deuxieme.texte) == (seul.pk, seul.html, seul.texte)
    assert (faux.abandonne_le, "n'en est pas une" in faux.erreur) == (LE, True)
    assert courriels.envoyer_en_attente(le=LE) == (2, 0)


MINUTE = timedelta(minutes=1)


@pytest.mark.django_db
def test_un_envoi_echoue_garde_sa_cause_attend_puis_repart(gabarits, settings):
    """Une minute, puis deux, puis quatre : un serveur en panne n'est pas assailli."""
    _poster()
    settings.EMAIL_BACKEND = "tests.registre.panne.EnPanne"
    assert courriels.envoyer_en_attente(le=LE) == (0, 1)
    assert "en panne" in Courriel.objects.get().erreur
    assert courriels.envoyer_en_attente(le=LE + MINUTE / 2) == (0, 0)
    assert courriels.envoyer_en_attente(le=LE + MINUTE) == (0, 1)
    assert Courriel.objects.get().prochain_essai_le == LE + 3 * MINUTE
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert courriels.envoyer_en_attente(le=LE + 3 * MINUTE) == (1, 0)
    assert Courriel.objects.get().erreur == ""


@pytest.mark.django_db
def test_une_panne_de_trois_jours_ne_perd_rien_puis_l_exploitant_relance(gabarits, settings, capsys):
    _poster()
    settings.EMAIL_BACKEND = "tests.registre.panne.EnPanne"
    le = LE
    while Courriel.objects.get().abandonne_le is None:
        courriels.envoyer_en_attente(le=le)
        le = Courriel.objects.get().prochain_essai_le
    assert le - LE > timedelta(days=3)
    assert main(["courriels"]) == 1
    assert "Abandonnés : 1" in (dit := capsys.readouterr().out)
    assert "en panne" in dit
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert main(["courriels", "--relancer", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["relances"] == 1
    assert courriels.envoyer_en_attente(le=datetime.now(UTC)) == (1, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(("code", "abandonne"), [(550, True), (450, False)])
def test_une_boite_qui_n_existe_pas_ne_s_essaie_pas_trois_jours(gabarits, monkeypatch, code, abandonne):
    def refuser(*_):
        raise smtplib.SMTPRecipientsRefused({"amina@essai.example": (code, b"non")})

    _poster()
    monkeypatch.setattr(EmailBackend, "send_messages", refuser)
    courriels.envoyer_en_attente(le=LE)
    assert (Courriel.objects.get().abandonne_le is not None) is abandonne


@pytest.mark.django_db
@pytest.mark.parametrize(
    "adresse", ["a@essai.example\nBcc: tous@pirate.example", "a@essai.example, b@pirate.example", "rien", ""]
)
def test_une_adresse_piegee_ne_part_pas_et_se_voit(gabarits, adresse):  # T33
    _poster(a=adresse)
    assert courriels.envoyer_en_attente(le=LE) == (0, 0)
    assert not mail.outbox
    assert Courriel.objects.abandonnes().count() == 1
    assert courriels.relancer(le=LE) == 0


@pytest.mark.django_db
def test_un_double_apres_panne_porte_la_meme_identite_et_l_autre_rythme_attend(gabarits, monkeypatch):
    """Mort entre l'envoi et sa marque : il repart, une fois le bail fini, sous le même `Message-ID`."""
    _poster()

    def mourir(*_, **__):
        raise KeyboardInterrupt

    marquer = courriels._marquer
    monkeypatch.setattr(courriels, "_marquer", mourir)
    with pytest.raises(KeyboardInterrupt):
        courriels.envoyer_en_attente(le=LE)
    monkeypatch.setattr(courriels, "_marquer", marquer)
    assert courriels.envoyer_en_attente(le=LE + MINUTE) == (0, 0), "le bail court encore"
    assert courriels.envoyer_en_attente(le=LE + courriels.BAIL) == (1, 0)
    assert len({m.extra_headers["Message-ID"] for m in mail.outbox}) == 1
    assert len(mail.outbox) == 2


@pytest.mark.django_db
def test_deux_rythmes_n_envoient_pas_deux_fois(gabarits):
    """Le second a lu la liste avant que le premier ne réserve : il ne gagne pas la réservation."""
    _poster()
    pk = Courriel.objects.get().pk
    assert courriels._reserver(pk, le=LE) is not None
    assert courriels._reserver(pk, le=LE) is None


def _profondeurs(monkeypatch):
    """Combien de transactions sont ouvertes quand le serveur de courriels répond."""
    vues = []

    def envoyer(_soi, messages):
        vues.append(len(connection.atomic_blocks))
        return len(messages)

    monkeypatch.setattr(EmailBackend, "send_messages", envoyer)
    return vues


@pytest.mark.django_db
def test_aucune_transaction_n_attend_le_serveur_de_courriels(gabarits, monkeypatch):
    _poster()
    vues, dehors = _profondeurs(monkeypatch), len(connection.atomic_blocks)
    courriels.envoyer_en_attente(le=LE)
    assert vues == [dehors]


@pytest.mark.django_db
def test_un_envoi_sous_transaction_serait_vu_garde_levee(gabarits, monkeypatch):
    _poster()
    vues, dehors = _profondeurs(monkeypatch), len(connection.atomic_blocks)
    with transaction.atomic():
        courriels.envoyer_en_attente(le=LE)
    assert vues == [dehors + 1]


@pytest.mark.django_db
def test_un_contenu_est_servi_en_piece_jointe_sans_rien_executer():
    fichier = conserver(b"<script>1</script>", nom="../été.html", type_mime="text/html", par=AMINA, le=LE)
    response = servir(fichier)
    assert response["Content-Disposition"].startswith("attachment; filename=")
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert contenu(response) == b"<script>1</script>"
    assert fichier.nom == "été.html"


def _ordre_des_ecritures(monkeypatch):
    """Ce qui atteint le disque en conservant un contenu, dans l'ordre : les `fsync`, puis la ligne."""
    ordre = []

    def fsync(descripteur):
        ordre.append(os.readlink(f"/proc/self/fd/{descripteur}"))

    def ecrire(execute, sql, *reste):
        if sql.startswith("INSERT"):
            ordre.append("la ligne")
        return execute(sql, *reste)

    monkeypatch.setattr(os, "fsync", fsync)
    with connection.execute_wrapper(ecrire):
        fichier = conserver(b"%PDF-1.7", nom="rib.pdf", type_mime="application/pdf", par=AMINA, le=LE)
    return ordre, Path(fichier.contenu.path)


@pytest.mark.django_db
def test_le_disque_confirme_le_contenu_et_ses_dossiers_avant_la_ligne(monkeypatch, settings, tmp_path):
    """Une coupure de courant après « enregistré » ne laisse jamais une ligne sans son fichier."""
    settings.MEDIA_ROOT = tmp_path / "fichiers"
    ordre, chemin = _ordre_des_ecritures(monkeypatch)
    assert ordre == [str(chemin), str(chemin.parent), str(tmp_path / "fichiers"), str(tmp_path), "la ligne"]


@pytest.mark.django_db
def test_un_stockage_ordinaire_ne_confirme_rien_garde_levee(monkeypatch, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    }
    assert _ordre_des_ecritures(monkeypatch)[0] == ["la ligne"]


@given(st.text(max_size=400))
def test_un_nom_de_fichier_n_a_ni_chemin_ni_controle_ni_longueur(nom):
    propre = nom_sur(nom)
    assert 0 < len(propre) <= 120
    assert not set(propre) & set("/\\\0\n\r\u202e")
