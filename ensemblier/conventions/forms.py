"""Les formulaires des suites : ils valident, un acte enregistre."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from ensemblier.interface.controles import PDF, FichierRefuse, controler
from ensemblier.interface.formulaires import Formulaire


class ExemplaireForm(Formulaire):
    """Le PDF signé, contrôlé par son contenu."""

    exemplaire = forms.FileField(
        label="Convention signée",
        help_text="Un seul PDF, 20 Mo au plus. Toutes les pages, signature comprise.",
    )

    def clean_exemplaire(self) -> UploadedFile:
        fichier: Any = self.cleaned_data["exemplaire"]
        try:
            controler(fichier, acceptes=(PDF,))
        except FichierRefuse as refus:
            raise forms.ValidationError(str(refus)) from refus
        return fichier


class MotifForm(Formulaire):
    motif = forms.CharField(label="Motif", widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
