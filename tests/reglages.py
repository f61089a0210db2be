"""Réglages des essais : base jetable, empreintes rapides, aucun courriel dehors."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Rien de jetable n'attend le disque : le dossier temporaire est en mémoire, s'il y reste 4 Go.
_MEMOIRE = Path("/dev", "shm")
if "TMPDIR" not in os.environ and os.access(_MEMOIRE, os.W_OK) and shutil.disk_usage(_MEMOIRE).free > 4 << 30:
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMOIRE)

if "ENSEMBLIER_VAR" not in os.environ:
    os.environ["ENSEMBLIER_VAR"] = tempfile.mkdtemp(prefix="ensemblier-essais-")
    atexit.register(shutil.rmtree, os.environ["ENSEMBLIER_VAR"], ignore_errors=True)

from config.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Chaque navigateur d'essai relirait sinon tous les fichiers statiques en naissant.
WHITENOISE_AUTOREFRESH = True
# Les essais comparent des phrases tapées au clavier ; `interface/test_typographie` remet celui-ci.
MIDDLEWARE = [m for m in MIDDLEWARE if not m.endswith(".TypographieMiddleware")]
