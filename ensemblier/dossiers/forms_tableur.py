"""Importer un budget : un fichier, lu en entier ou refusé avec ses lignes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ensemblier.dossiers import tableur
from ensemblier.dossiers.forms_budget import BudgetForm
from ensemblier.interface.controles import FichierRefuse
from ensemblier.interface.formats import accord
from ensemblier.interface.formulaires import Formulaire
from ensemblier.interface.tableur import POIDS


class TableurForm(Formulaire):
    """Le fichier appartient au formulaire de l'étape (attribut `form`) : un envoi, les mêmes versions."""

    fichier = forms.FileField(
        label="Importer un tableur", allow_empty_file=True,
        help_text="Le fichier exporté, rempli : .xlsx, .ods ou .csv, 1 Mo au plus.",
        widget=forms.FileInput({"accept": ".xlsx,.ods,.csv", "form": "saisie"}),
    )  # fmt: skip

    def __init__(self, *args: Any, budget: BudgetForm, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="tableur_%s", **kwargs)
        self.budget = budget

    def clean_fichier(self) -> dict[str, list[str]]:
        try:
            return tableur.lire(self.cleaned_data["fichier"].read(POIDS + 1), self.budget)
        except tableur.TableurRefuse as refus:
            raise ValidationError([ValidationError(raison) for raison in refus.raisons]) from refus
        except FichierRefuse as refus:
            raise ValidationError(str(refus)) from refus

    def lues(self) -> dict[str, list[str]]:
        """Les réponses lues, par boîte de l'étape."""
        lues: dict[str, list[str]] = self.cleaned_data["fichier"]
        return lues

    def fait(self) -> str:
        combien = accord(sum(1 for valeurs in self.lues().values() if valeurs), "montant lu", "montants lus")
        return f"Budget importé : {combien} dans « {self.files['fichier'].name} »."
