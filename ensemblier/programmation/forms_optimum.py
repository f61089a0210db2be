"""Le formulaire de l'aide à la programmation : l'objectif, le temps, les souhaits d'équité."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from ensemblier.interface.champs import EurosFormField
from ensemblier.interface.formulaires import Formulaire
from ensemblier.noyau.optimum import Objectif
from ensemblier.programmation.models import Scenario
from ensemblier.programmation.optimum import Reglages, Voeu

SOUHAITS = 6
LIMITES = (("10", "10 secondes"), ("30", "30 secondes"), ("60", "1 minute"), ("300", "5 minutes"))


class PropositionForm(Formulaire):
    """Ce que la personne choisit ; les souhaits tiennent en six lignes, vides si l'on n'en veut pas."""

    titre = forms.CharField(
        label="Titre du scénario", max_length=120, help_text="Par exemple : Proposition, équité par quartier."
    )
    depuis = forms.ChoiceField(
        label="Garder les cases fixées de", required=False,
        help_text="Les cases « fixée » d'un scénario ne bougent pas ; toutes les autres sont à trouver.",
    )  # fmt: skip
    objectif = forms.ChoiceField(
        label="Ce que la proposition cherche", widget=forms.RadioSelect, initial=Objectif.DOSSIERS.value,
        choices=[(o.value, o.phrase) for o in (Objectif.DOSSIERS, Objectif.EUROS)],
    )  # fmt: skip
    part_minimale = forms.DecimalField(
        label="Au moins, pour un dossier servi", initial=Decimal(60),
        min_value=Decimal(0), max_value=Decimal(100),
        decimal_places=2, help_text="En pour cent de ce qu'il peut recevoir. En dessous, il ne reçoit rien.",
    )  # fmt: skip
    note_par_defaut = forms.DecimalField(
        label="Note d'un dossier sans note", initial=Decimal(50),
        min_value=Decimal(0), max_value=Decimal(100),
        decimal_places=2, help_text="Sur 100. Les notes du jury sont prises quand elles existent.",
    )  # fmt: skip
    limite = forms.ChoiceField(label="Temps de calcul, au plus", choices=LIMITES, initial="30")

    def __init__(
        self,
        *args: Any,
        scenarios: Any,
        etiquettes: list[tuple[str, list[tuple[str, str]]]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.scenarios = {str(s.pk): s for s in scenarios}
        self.fields["depuis"].choices = [
            ("", "Aucun : tout est à trouver"), *((cle, s.titre) for cle, s in self.scenarios.items()),
        ]  # fmt: skip
        for rang in range(1, SOUHAITS + 1):
            self.fields[f"cible_{rang}"] = forms.ChoiceField(
                label=f"Souhait {rang}", required=False, choices=[("", "Aucun"), *etiquettes]
            )
            self.fields[f"montant_{rang}"] = EurosFormField(
                label=f"Souhait {rang} : au moins", required=False
            )
            self.fields[f"part_{rang}"] = forms.DecimalField(
                label=f"Souhait {rang} : ou en %", required=False,
                min_value=Decimal(0), max_value=Decimal(100), decimal_places=2,
            )  # fmt: skip

    @property
    def groupes(self) -> tuple[tuple[Any, ...], ...]:
        souhaits = [
            nom
            for rang in range(1, SOUHAITS + 1)
            for nom in (f"cible_{rang}", f"montant_{rang}", f"part_{rang}")
        ]
        return (
            ("Le scénario", ("titre", "depuis", "objectif", "part_minimale", "note_par_defaut", "limite")),
            (
                "Les souhaits d'équité", tuple(souhaits),
                "Pour chacun : qui, et au moins combien d'euros, ou quelle part du total. S'ils se "
                "contredisent, vous saurez lesquels.",
            ),
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        dits = super().clean() or self.cleaned_data
        for rang in range(1, SOUHAITS + 1):
            cible, montant, part = (dits.get(f"{nom}_{rang}") for nom in ("cible", "montant", "part"))
            if self.errors.keys() & {f"montant_{rang}", f"part_{rang}"}:
                continue
            if cible and (montant is None) == (part is None):
                self.add_error(f"montant_{rang}", "Écrivez un montant ou une part, l'un des deux.")
            if not cible and (montant is not None or part is not None):
                self.add_error(f"cible_{rang}", "Choisissez pour qui, ou videz ce souhait.")
        return dits

    def depart(self) -> Scenario | None:
        return self.scenarios.get(self.cleaned_data["depuis"])

    def reglages(self) -> Reglages:
        """Les parts en fractions : 60 vaut 0,60."""
        dits = self.cleaned_data
        voeux = []
        for rang in range(1, SOUHAITS + 1):
            if cible := dits[f"cible_{rang}"]:
                part = dits[f"part_{rang}"]
                voeux.append(Voeu(cible, dits[f"montant_{rang}"], None if part is None else part / 100))
        return Reglages(
            Objectif(dits["objectif"]), dits["part_minimale"] / 100, dits["note_par_defaut"], tuple(voeux)
        )
