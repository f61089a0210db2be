"""Les formulaires des suites : ils valident, un acte enregistre."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from ensemblier.interface.champs import EurosFormField
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


class AvenantSigneForm(ExemplaireForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["exemplaire"].label = "Avenant signé"


class MotifForm(Formulaire):
    motif = forms.CharField(label="Motif", widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)


class RenoncementForm(Formulaire):
    """Ce que l'aide devient, et pourquoi ; un agent joint la lettre de l'organisme."""

    montant = EurosFormField(label="Nouveau montant de l'aide")
    motif = forms.CharField(
        label="Raison",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=1000,
        help_text="Elle est écrite dans la décision.",
    )
    ecrit = forms.FileField(
        label="Lettre de l'organisme", required=False, help_text="Un PDF ou une photo, 20 Mo au plus."
    )

    def __init__(self, *args: Any, avec_lettre: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not avec_lettre:
            del self.fields["ecrit"]
