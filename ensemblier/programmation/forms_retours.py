"""Les formulaires d'un tableau qui revient : le fichier, et ce que disent les colonnes d'un autre."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from ensemblier.interface.formulaires import Formulaire, franciser
from ensemblier.programmation.retour import Colonnes
from ensemblier.territoires.models import Financeur

VIDE = {"empty": "Ce fichier est vide. Vérifiez qu'il s'ouvre chez vous, puis déposez-le."}


class RetourForm(Formulaire):
    """Un tableau exporté, retouché, qui revient."""

    fichier = forms.FileField(
        label="Tableau retouché", error_messages=VIDE,
        help_text="Le classeur exporté d'ici, enregistré en .xlsx. 10 Mo au plus.",
    )  # fmt: skip


class AutreTableauForm(Formulaire):
    """Un tableau que le service tenait ailleurs."""

    fichier = forms.FileField(
        label="Votre tableau", error_messages=VIDE,
        help_text="Un .xlsx, .ods ou .csv, ses montants sur la première feuille. 10 Mo au plus.",
    )  # fmt: skip


class ColonnesForm(Formulaire):
    """Quelle colonne dit le dossier, et laquelle le montant de chaque financeur de la personne."""

    ligne = forms.ChoiceField(label="Ligne des en-têtes", help_text="Les lignes au-dessus ne sont pas lues.")
    dossier = forms.ChoiceField(
        label="Colonne du dossier", help_text="Son numéro, son numéro Dauphin, ou son titre exact."
    )

    def __init__(
        self,
        *args: Any,
        lignes: Sequence[tuple[str, str]],
        colonnes: Sequence[tuple[str, str]],
        financeurs: Sequence[Financeur],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ligne"].choices = lignes
        self.fields["dossier"].choices = [("", "Choisissez"), *colonnes]
        self.codes = {f"montant_{f.code}": f.code for f in financeurs}
        for f in financeurs:
            champ = forms.ChoiceField(
                label=f"Montant proposé : {f.nom}", required=False, choices=[("", "Aucune"), *colonnes]
            )
            franciser(champ)
            self.fields[f"montant_{f.code}"] = champ

    def clean(self) -> dict[str, Any]:
        dits = super().clean() or self.cleaned_data
        choisies = [dits[nom] for nom in self.codes if dits.get(nom)]
        if not choisies and not self.errors:
            raise forms.ValidationError("Aucune colonne de montant n'est dite. Dites-en une au moins.")
        if len({*choisies, dits.get("dossier")}) < len(choisies) + 1:
            raise forms.ValidationError("Une même colonne est dite deux fois. Chacune ne dit qu'une chose.")
        return dits

    def correspondance(self) -> Colonnes:
        """Ce que la personne a dit, en rangs de lignes et de colonnes."""
        dits = self.cleaned_data
        montants = {code: int(dits[nom]) for nom, code in self.codes.items() if dits[nom]}
        return Colonnes(int(dits["ligne"]), int(dits["dossier"]), montants)
