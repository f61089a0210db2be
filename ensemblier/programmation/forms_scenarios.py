"""Les formulaires des scénarios : en ouvrir un, en comparer deux."""

from __future__ import annotations

from typing import Any

from django import forms

from ensemblier.interface.formulaires import Formulaire
from ensemblier.programmation.models import Scenario


class ScenarioForm(Formulaire):
    """Un titre, et d'où partent les montants : le tableau d'aujourd'hui, ou un autre scénario."""

    titre = forms.CharField(
        label="Titre du scénario", max_length=120, help_text="Par exemple : Priorité à Agir."
    )
    depuis = forms.ChoiceField(label="Partir de", required=False)

    def __init__(self, *args: Any, scenarios: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scenarios = {str(s.pk): s for s in scenarios}
        self.fields["depuis"].choices = [
            ("", "Le tableau d'aujourd'hui"),
            *((cle, s.titre) for cle, s in self.scenarios.items()),
        ]

    def origine(self) -> Scenario | None:
        return self.scenarios.get(self.cleaned_data["depuis"])


class ComparaisonForm(Formulaire):
    """Deux scénarios, ou le tableau d'aujourd'hui."""

    avant = forms.ChoiceField(label="De")
    apres = forms.ChoiceField(label="À")

    def __init__(self, *args: Any, choix: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for nom in ("avant", "apres"):
            self.fields[nom].choices = choix
        if len(choix) > 1:
            self.fields["apres"].initial = choix[1][0]
