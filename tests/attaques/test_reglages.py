"""En production, un réglage dangereux empêche de démarrer, et se nomme (T45)."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

BONS = {
    "ENSEMBLIER_PRODUCTION": "1",
    "ENSEMBLIER_CLE_SECRETE": "s" * 40,
    "ENSEMBLIER_CLE_COFFRE": "c" * 40,
    "ENSEMBLIER_HOTES": "guichet.example",
    "ENSEMBLIER_ADRESSE": "https://guichet.example",
}
MAUVAIS = (
    ("ENSEMBLIER_CLE_SECRETE", ""),
    ("ENSEMBLIER_CLE_SECRETE", settings.CLE_D_ESSAI),
    ("ENSEMBLIER_CLE_COFFRE", "courte"),
    ("ENSEMBLIER_CLE_COFFRE", settings.CLE_D_ESSAI),
    ("ENSEMBLIER_CLE_COFFRE", "s" * 40),
    ("ENSEMBLIER_DEBUG", "1"),
    ("ENSEMBLIER_DEMONSTRATION", "1"),
    ("ENSEMBLIER_HOTES", "guichet.example,*"),
    ("ENSEMBLIER_ADRESSE", "http://guichet.example"),
)
LIRE = "from config.settings import *; print(SESSION_COOKIE_NAME, SESSION_COOKIE_SECURE, CSRF_COOKIE_NAME)"


def _demarrer(tmp_path, **change):
    propre = {nom: v for nom, v in os.environ.items() if not nom.startswith("ENSEMBLIER_")}
    return subprocess.run(
        [sys.executable, "-c", LIRE], cwd=settings.RACINE, capture_output=True, text=True, check=False,
        env={**propre, "ENSEMBLIER_VAR": str(tmp_path), **BONS, **change},
    )  # fmt: skip


def test_de_bons_reglages_demarrent_avec_des_temoins_proteges(tmp_path):
    fait = _demarrer(tmp_path)
    assert fait.returncode == 0, fait.stderr
    assert fait.stdout.split() == ["__Host-session", "True", "__Host-csrf"]


@pytest.mark.parametrize(("nom", "valeur"), MAUVAIS)
def test_un_reglage_dangereux_empeche_de_demarrer_et_se_nomme(tmp_path, nom, valeur):
    fait = _demarrer(tmp_path, **{nom: valeur})
    assert fait.returncode != 0
    assert f"- {nom}" in fait.stderr


def test_les_memes_reglages_passent_hors_production_garde_levee(tmp_path):
    fait = _demarrer(tmp_path, **dict(MAUVAIS), ENSEMBLIER_PRODUCTION="0")
    assert "à corriger" not in fait.stderr
