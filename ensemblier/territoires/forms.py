"""La question d'une habitante : une adresse, rien d'autre."""

from __future__ import annotations

from django import forms

from ensemblier.interface.formulaires import Formulaire


class AdresseForm(Formulaire):
    adresse = forms.CharField(
        label="Votre adresse",
        max_length=200,
        help_text="Le numéro, la rue et la commune. L'adresse n'est pas enregistrée.",
        widget=forms.TextInput({"autocomplete": "street-address"}),
    )


class PointForm(forms.Form):
    """Un point en degrés, dans l'adresse de la page."""

    lon = forms.FloatField(min_value=-180, max_value=180)
    lat = forms.FloatField(min_value=-90, max_value=90)
