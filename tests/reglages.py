"""Réglages des essais : base jetable, empreintes rapides, aucun courriel dehors."""

import os
import tempfile

os.environ.setdefault("ENSEMBLIER_VAR", tempfile.mkdtemp(prefix="ensemblier-essais-"))

from config.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
