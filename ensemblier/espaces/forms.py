"""Les formulaires des bureaux : un avis et ses montants tiennent en un seul envoi."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms

from ensemblier.dossiers.models import Demande
from ensemblier.instruction.models import Avis
from ensemblier.interface.champs import EurosFormField
from ensemblier.interface.formats import euros
from ensemblier.interface.formulaires import Formulaire


class AvisForm(Formulaire):
    """L'avis d'un financeur et, s'il le veut, le montant proposé sur chacun de ses volets."""

    sens = forms.ChoiceField(label="Votre avis", widget=forms.RadioSelect, choices=Avis.Sens.choices)
    motif = forms.CharField(
        label="Pourquoi ?",
        widget=forms.Textarea({"rows": 4}),
        required=False,
        max_length=4000,
        help_text="Obligatoire pour un avis réservé ou défavorable. Lu par les autres financeurs, "
        "jamais par le porteur avant la décision.",
    )

    def __init__(
        self, *args: Any, volets: Mapping[Demande, Decimal], rendu: Avis | None = None, **kwargs: Any
    ) -> None:
        """`volets` : chaque volet où l'on peut proposer, avec le montant attribuable au plus (K6)."""
        initiales: dict[str, Any] = {"sens": rendu.sens, "motif": rendu.motif} if rendu else {}
        initiales |= {self.cle(v): v.propose for v in volets if v.propose is not None}
        super().__init__(*args, initial=initiales, **kwargs)
        self.volets = volets
        for volet, maximum in volets.items():
            libelle = "Montant proposé" if len(volets) == 1 else f"Montant proposé, {volet.dispositif.nom}"
            aide = f"Demandé : {euros(volet.demande)}. Au plus {euros(maximum)}."
            self.fields[self.cle(volet)] = EurosFormField(label=libelle, help_text=aide, required=False)

    @staticmethod
    def cle(volet: Demande) -> str:
        return f"montant_{volet.pk}"

    def propositions(self) -> dict[Demande, Decimal]:
        """Les montants écrits qui changent quelque chose."""
        dits = {v: self.cleaned_data.get(self.cle(v)) for v in self.volets}
        return {v: m for v, m in dits.items() if m is not None and m != v.propose}
