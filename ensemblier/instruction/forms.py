"""Les formulaires de l'instruction : ils valident, les actes enregistrent."""

from __future__ import annotations

from typing import Any

from django import forms

from ensemblier.instruction.examen import Completude
from ensemblier.interface.formulaires import ChampDate, Formulaire

COURT = forms.Textarea({"rows": 3})


class ComplementsForm(Formulaire):
    """Les pièces à demander (les manquantes sont cochées) et le message au porteur."""

    pieces = forms.MultipleChoiceField(
        label="Pièces à demander", widget=forms.CheckboxSelectMultiple, required=False
    )
    message = forms.CharField(
        label="Message au porteur", widget=COURT, max_length=2000, help_text="Il le lit tel quel."
    )

    def __init__(self, *args: Any, bilan: Completude, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"pieces": [p.code for p in bilan.manquantes]})
        super().__init__(*args, **kwargs)
        self.fields["pieces"].choices = [(p.code, p.libelle) for p in bilan.lignes]


class MotifForm(Formulaire):
    motif = forms.CharField(label="Motif", widget=COURT, max_length=2000)


class JugementForm(Formulaire):
    """Oui ou non, et pourquoi : une tolérance, un critère."""

    reponse = forms.ChoiceField(
        label="Votre réponse", widget=forms.RadioSelect, choices=[("oui", "Oui"), ("non", "Non")]
    )
    motif = forms.CharField(label="Pourquoi ?", widget=COURT, max_length=2000)


class DepotForm(Formulaire):
    reference = forms.CharField(label="Référence du dépôt", max_length=60)
    depot_le = ChampDate(label="Date du dépôt")


class DauphinForm(Formulaire):
    numero = forms.CharField(label="Numéro Dauphin", max_length=20, help_text="Par exemple DA01234567.")
