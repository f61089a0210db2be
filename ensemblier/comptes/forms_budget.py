"""Le formulaire du budget d'un organisme (Cerfa 12156*06, rubrique 5)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ensemblier.comptes.actes_budget import desequilibres
from ensemblier.comptes.models import BudgetAnnuel
from ensemblier.interface.champs import EurosFormField
from ensemblier.interface.formulaires import Formulaire, franciser
from ensemblier.noyau import cerfa

CHARGES = (*cerfa.CHARGES_DE_L_ORGANISME, cerfa.EMPLOIS_VOLONTAIRES)
PRODUITS = (*cerfa.PRODUITS, *cerfa.ORIGINES, cerfa.VOLONTAIRES)
MAXIMUM = Decimal("99999999999.99")


class BudgetAnnuelForm(Formulaire):
    """Une boîte par compte ; une boîte vide vaut zéro."""

    def __init__(self, *args: Any, budget: BudgetAnnuel | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dits = {(x.sens, x.compte): x.montant for x in budget.lignes.all()} if budget else {}
        for sens, comptes in (("charge", CHARGES), ("produit", PRODUITS)):
            for compte in comptes:
                champ = EurosFormField(
                    label=compte.libelle, required=False, initial=dits.get((sens, compte.code)),
                    maximum=MAXIMUM, help_text=_aide(compte),
                )  # fmt: skip
                franciser(champ)
                self.fields[_nom(sens, compte)] = champ

    groupes = (
        ("Dépenses", tuple(f"charge_{c.code}" for c in cerfa.CHARGES_DE_L_ORGANISME)),
        ("Subventions", tuple(f"produit_{c.code}" for c in cerfa.ORIGINES)),
        ("Autres ressources", tuple(f"produit_{c.code}" for c in cerfa.PRODUITS)),
        (
            "Bénévolat et dons en nature",
            (f"charge_{cerfa.EMPLOIS_VOLONTAIRES.code}", f"produit_{cerfa.VOLONTAIRES.code}"),
            "Les deux montants sont égaux.",
        ),
    )

    def _cote(self, sens: str, comptes: tuple[cerfa.Compte, ...]) -> dict[str, Decimal]:
        dits = {c.code: self.cleaned_data.get(_nom(sens, c)) for c in comptes}
        return {code: montant for code, montant in dits.items() if montant}

    def charges(self) -> dict[str, Decimal]:
        return self._cote("charge", CHARGES)

    def produits(self) -> dict[str, Decimal]:
        return self._cote("produit", PRODUITS)

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or {}
        for raison in () if self.errors else desequilibres(self.charges(), self.produits()):
            self.add_error(None, raison)
        return donnees


def _aide(compte: cerfa.Compte) -> str:
    """L'exemple d'une origine ; ceux des autres comptes parlent d'une action, non de l'organisme entier."""
    if compte == cerfa.FONDS_PROPRES:
        return "Ce qui est pris sur les réserves."
    return f"{compte.exemple[:1].upper()}{compte.exemple[1:]}." if compte in cerfa.ORIGINES else ""


def _nom(sens: str, compte: cerfa.Compte) -> str:
    return f"{sens}_{compte.code}"
