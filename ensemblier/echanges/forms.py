"""Le formulaire d'un import : un fichier, et l'année s'il ne la dit pas."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from ensemblier.echanges.importer.lecture import BORNES
from ensemblier.interface.formulaires import Formulaire

MO = 1024 * 1024


class ImportForm(Formulaire):
    fichier = forms.FileField(
        label="Fichier de l'extraction",
        help_text="Un .csv, .xlsx ou .ods, de 20 Mo et 100 000 lignes au plus.",
    )
    exercice = forms.IntegerField(
        label="Exercice", required=False, min_value=2000, max_value=2200,
        help_text="Seulement si le fichier ne le dit pas, par exemple 2026.",
    )  # fmt: skip

    def clean_fichier(self) -> UploadedFile:
        fichier: UploadedFile = self.cleaned_data["fichier"]
        if (fichier.size or 0) > BORNES.poids:
            raise forms.ValidationError(
                f"Ce fichier dépasse {BORNES.poids // MO} Mo. Gardez la seule feuille utile."
            )
        return fichier

    def demande(self) -> dict[str, Any]:
        return {"fichier": self.cleaned_data["fichier"], "exercice": self.cleaned_data["exercice"]}
