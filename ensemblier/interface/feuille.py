"""La feuille de style de la maison : des fichiers courts à relire, un seul à charger."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage

NOM = "interface/ensemblier.css"
MORCEAUX = ("jetons", "base", "cadre", "formulaires", "composants", "constats", "argent", "tableaux")
_SOURCES = Path(__file__).parent / "static/interface"
_RENVOI_DE_SOURCE = re.compile(r"/\*# sourceMappingURL=.*?\*/")


def assembler() -> str:
    """Rend la base de Bootstrap, nos feuilles dans l'ordre, puis l'impression sous `@media print`."""
    base = settings.NODE / "bootstrap/dist/css/bootstrap-reboot.min.css"
    textes = [_RENVOI_DE_SOURCE.sub("", base.read_text("utf-8"))]
    textes += [(_SOURCES / f"{nom}.css").read_text("utf-8") for nom in MORCEAUX]
    textes.append(f"@media print {{\n{(_SOURCES / 'impression.css').read_text('utf-8')}}}\n")
    return "\n".join(textes)


class FeuilleUnique(finders.BaseFinder):
    """Donne `interface/ensemblier.css` au service des fichiers et à `collectstatic`, toujours à jour."""

    def __init__(self, app_names: Any = None, *args: Any, **kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=settings.VAR / "feuille")
        super().__init__(*args, **kwargs)

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if path != NOM:
            return []
        trouve = self._ecrire()
        return [trouve] if find_all else trouve

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        self._ecrire()
        yield NOM, self.storage

    def _ecrire(self) -> str:
        """Écrit si le texte a changé, d'un coup : deux serveurs peuvent démarrer ensemble."""
        chemin = Path(self.storage.path(NOM))
        texte = assembler()
        if not chemin.exists() or chemin.read_text("utf-8") != texte:
            chemin.parent.mkdir(parents=True, exist_ok=True)
            provisoire = chemin.with_suffix(f".{os.getpid()}")
            provisoire.write_text(texte, "utf-8")
            provisoire.replace(chemin)
        return str(chemin)
