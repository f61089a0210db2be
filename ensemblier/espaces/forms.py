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
from ensemblier.noyau.montants import Attribuable
from ensemblier.programmation.actes.propositions import exiger_attribuable
from ensemblier.registre.actes import ActeBloque

BORNES = {
    "demande": "",
    "plafond": ", le plafond de l'appel",
    "enveloppe": ", ce qui reste de l'enveloppe",
    "ressources": ", ce qui reste à financer",
}


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
        self, *args: Any, volets: Mapping[Demande, Attribuable], rendu: Avis | None = None, **kwargs: Any
    ) -> None:
        """`volets` : chaque volet où l'on peut proposer, avec le montant attribuable au plus (K6)."""
        initiales: dict[str, Any] = {"sens": rendu.sens, "motif": rendu.motif} if rendu else {}
        initiales |= {self.cle(v): v.propose for v in volets if v.propose is not None}
        super().__init__(*args, initial=initiales, **kwargs)
        self.fields["motif"].exige_au_depot = True  # obligatoire selon l'avis : « facultatif » tromperait
        self.volets = volets
        for volet, calcul in volets.items():
            libelle = "Montant proposé" if len(volets) == 1 else f"Montant proposé, {volet.dispositif.nom}"
            aide = (
                f"Demandé : {euros(volet.demande)}. Au plus {euros(calcul.montant)}{BORNES[calcul.limite]}."
            )
            self.fields[self.cle(volet)] = EurosFormField(label=libelle, help_text=aide, required=False)

    def clean(self) -> dict[str, Any]:
        dits = super().clean() or self.cleaned_data
        if dits.get("sens") not in (None, Avis.Sens.FAVORABLE) and not dits.get("motif", "").strip():
            self.add_error("motif", "Un avis réservé ou défavorable est motivé. Écrivez pourquoi.")
        for volet, calcul in self.volets.items():
            if (montant := dits.get(self.cle(volet))) is not None:
                self._borner(self.cle(volet), montant, calcul)
        return dits

    def _borner(self, cle: str, montant: Decimal, calcul: Attribuable) -> None:
        """Ce que l'acte refuserait se dit à côté du montant."""
        try:
            exiger_attribuable(montant, calcul)
        except ActeBloque as refus:
            self.add_error(cle, str(refus))

    @staticmethod
    def cle(volet: Demande) -> str:
        return f"montant_{volet.pk}"

    def propositions(self) -> dict[Demande, Decimal]:
        """Les montants écrits qui changent quelque chose."""
        dits = {v: self.cleaned_data.get(self.cle(v)) for v in self.volets}
        return {v: m for v, m in dits.items() if m is not None and m != v.propose}
