"""Où dorment les contenus : un fichier confirmé est sur le disque, pas seulement dans la mémoire du noyau."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage


class StockageDurable(FileSystemStorage):
    """Le disque confirme le contenu, puis les noms qui y mènent, avant que la transaction n'écrive sa ligne.

    Sans cela, une coupure de courant peut garder la ligne (la base, elle, confirme) et perdre le fichier.
    """

    def _save(self, name: str, content: File) -> str:
        range_en: str = super()._save(name, content)
        contenu, racine = Path(self.path(range_en)), Path(self.location)
        _confirmer(contenu)
        for dossier in contenu.parents:
            _confirmer(dossier)
            if dossier == racine.parent:
                break
        return range_en


def _confirmer(chemin: Path) -> None:
    descripteur = os.open(chemin, os.O_RDONLY)
    try:
        os.fsync(descripteur)
    finally:
        os.close(descripteur)
