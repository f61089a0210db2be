"""Intentions, courriels, fichiers : ce qui entre et ce qui sort."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core import mail
from django.db import connection
from django.template import engines
from hypothesis import given
from hypothesis import strategies as st

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
    (tmp_path / "essai.txt").write_text("Bonjour {{ nom }}")
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
def test_un_envoi_echoue_est_garde_avec_sa_cause_et_retente(gabarits, settings):
    _poster()
    settings.EMAIL_BACKEND = "tests.registre.panne.EnPanne"
    assert courriels.envoyer_en_attente(le=LE) == (0, 1)
    assert "en panne" in Courriel.objects.get().erreur
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert courriels.envoyer_en_attente(le=LE) == (1, 0)


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
