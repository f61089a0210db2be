"""Un index dans l'ordre des listes : les cases vides à la fin, sur les deux bases."""

from __future__ import annotations

from typing import Any

from django.db import models


class IndexDeListe(models.Index):
    """Comme `models.Index`, où `F("le").desc(nulls_last=True)` suit l'ordre d'une `Page`.

    SQLite range déjà les vides à la fin d'un ordre décroissant, et refuse qu'un index le dise.
    """

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        sql = super().create_sql(model, schema_editor, using=using, **kwargs)
        if schema_editor.connection.vendor == "sqlite":
            return str(sql).replace(" NULLS LAST", "")
        return sql
