"""La base refuse elle-même de changer ou d'effacer un maillon, sur SQLite comme sur PostgreSQL (T36).

SQLite refait une table pour la modifier et y perd ses déclencheurs : une migration de ces tables finit
par `poser`.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = ("registre_evenement", "registre_sceau")
_PHRASE = "Le registre ne se modifie pas"


def poser(connection: BaseDatabaseWrapper) -> None:
    """Installe les refus de UPDATE, DELETE (et TRUNCATE sur PostgreSQL)."""
    with connection.cursor() as curseur:
        if connection.vendor == "sqlite":
            for table in TABLES:
                for acte in ("UPDATE", "DELETE"):
                    curseur.execute(
                        f"CREATE TRIGGER IF NOT EXISTS {table}_{acte.lower()} BEFORE {acte} ON {table} "
                        f"BEGIN SELECT RAISE(ABORT, '{_PHRASE}'); END"
                    )
        elif connection.vendor == "postgresql":
            curseur.execute(
                "CREATE OR REPLACE FUNCTION registre_refuser() RETURNS trigger AS $$ "
                f"BEGIN RAISE EXCEPTION '{_PHRASE}'; END; $$ LANGUAGE plpgsql"
            )
            for table in TABLES:
                curseur.execute(
                    f"CREATE OR REPLACE TRIGGER {table}_fige BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                    "FOR EACH STATEMENT EXECUTE FUNCTION registre_refuser()"
                )


def lever(connection: BaseDatabaseWrapper) -> None:
    """Retire les refus : pour le visa des archives, et pour prouver que la relecture voit la fraude."""
    with connection.cursor() as curseur:
        for table in TABLES:
            if connection.vendor == "sqlite":
                curseur.execute(f"DROP TRIGGER IF EXISTS {table}_update")
                curseur.execute(f"DROP TRIGGER IF EXISTS {table}_delete")
            elif connection.vendor == "postgresql":
                curseur.execute(f"DROP TRIGGER IF EXISTS {table}_fige ON {table}")
