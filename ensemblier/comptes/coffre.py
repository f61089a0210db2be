"""Le coffre : un IBAN est chiffré au repos, sa clé n'est pas dans la base (T30)."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet
from django.conf import settings


def _fernet() -> Fernet:
    cle = hashlib.sha256(settings.CLE_COFFRE.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(cle))


def fermer(clair: str) -> bytes:
    return _fernet().encrypt(clair.encode())


def ouvrir(chiffre: bytes) -> str:
    return _fernet().decrypt(bytes(chiffre)).decode()
