"""Le formulaire des moyens d'un organisme (Cerfa 12156*06, rubriques 2 à 4)."""

from __future__ import annotations

from typing import Any

from django import forms

from ensemblier.comptes.models import Organisme
from ensemblier.interface.formulaires import FormulaireModele


def _oui_non(label: str, aide: str = "") -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, required=False, help_text=aide, widget=forms.RadioSelect,
        choices=[("True", "Oui"), ("False", "Non")], coerce=lambda v: v in (True, "True"), empty_value=None,
    )  # fmt: skip


class MoyensForm(FormulaireModele):
    """Ce que le Cerfa demande de l'organisme hors de son identité ; rien n'est obligatoire (§B.2, 2 à 4)."""

    salaries_etp = forms.DecimalField(
        label="Salariés, en équivalent temps plein", required=False, min_value=0, max_digits=7,
        decimal_places=2, localize=True, help_text="Deux mi-temps font 1. Par exemple 1,5.",
        widget=forms.TextInput({"inputmode": "decimal", "class": "saisie-courte"}),
    )  # fmt: skip
    est_d_utilite_publique = _oui_non("Est-il reconnu d'utilité publique ?")
    paie_les_impots_commerciaux = _oui_non(
        "Paie-t-il les impôts commerciaux ?",
        "TVA, impôt sur les sociétés. Pour une association, le plus souvent non.",
    )
    groupes = (
        (
            "Les personnes",
            ("benevoles", "adherents", "volontaires", "salaries", "salaries_etp", "emplois_aides"),
            "Au dernier exercice. Zéro se dit « 0 » ; ce que vous ne savez pas reste vide.",
        ),
        (
            "Agréments et réseau",
            ("agrements", "federation", "est_d_utilite_publique", "paie_les_impots_commerciaux"),
        ),
    )

    class Meta:
        model = Organisme
        fields = (
            "benevoles", "adherents", "volontaires", "salaries", "salaries_etp", "emplois_aides", "agrements",
            "federation", "est_d_utilite_publique", "paie_les_impots_commerciaux",
        )  # fmt: skip
        labels = {
            "benevoles": "Bénévoles", "adherents": "Adhérents", "volontaires": "Volontaires",
            "salaries": "Salariés", "emplois_aides": "Dont emplois aidés", "agrements": "Agréments",
            "federation": "Fédération, union ou réseau",
        }  # fmt: skip
        help_texts = {
            "volontaires": "En service civique, par exemple.",
            "agrements": "Jeunesse et éducation populaire, sport… et leur date.",
            "federation": "Le réseau dont l'organisme est membre.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for nom in ("benevoles", "adherents", "volontaires", "salaries", "emplois_aides"):
            self.fields[nom].widget = forms.TextInput({"inputmode": "numeric", "class": "saisie-courte"})

    def clean(self) -> dict[str, Any]:
        dits = super().clean() or {}
        aides, salaries = dits.get("emplois_aides"), dits.get("salaries")
        if aides is not None and salaries is not None and aides > salaries:
            self.add_error(
                "emplois_aides",
                f"Il y a plus d'emplois aidés ({aides}) que de salariés ({salaries}). "
                "Les emplois aidés comptent parmi les salariés : corrigez l'un ou l'autre.",
            )
        return dits
