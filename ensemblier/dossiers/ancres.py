"""Ce qu'un agent peut faire reprendre après le dépôt : une réponse, les quartiers, un compte, une demande.

Une ancre dit sa question, ce que le dossier en dit, la boîte qui la repose, et comment la réponse se range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from ensemblier.dossiers import ecriture
from ensemblier.dossiers.etats import PRISE_EN_CHARGE, SOLLICITEE
from ensemblier.dossiers.forms import ActionForm, PublicsForm
from ensemblier.dossiers.models import Demande, Dossier, LigneDeBudget
from ensemblier.dossiers.reponses import Reponses
from ensemblier.interface.champs import EurosFormField
from ensemblier.interface.formats import date_courte, euros, nombre
from ensemblier.noyau import cerfa, montants
from ensemblier.registre.actes import ActeBloque

COLONNES = (
    "intitule", "resume", "description", "objectifs", "parcours", "partenaires", "moyens", "du", "au",
    "evaluation", "experimentale_justification", "numerique_coherence", "droit_commun", "comite_de_suivi",
    "publics_total", "publics_qpv", "publics_description", "mobilisation_qpv",
)  # fmt: skip
_CHAMPS: Mapping[str, forms.Field] = ActionForm.base_fields | PublicsForm.base_fields
QUARTIERS = "quartiers"
CHARGE, PRODUIT = LigneDeBudget.Sens.CHARGE.value, LigneDeBudget.Sens.PRODUIT.value
A_EXAMINER = (SOLLICITEE, PRISE_EN_CHARGE)
"""Un volet déjà jugé, proposé ou voté ne change plus de montant."""


@dataclass(frozen=True, slots=True)
class Ancre:
    """Une réponse à reprendre ; `groupe` la range dans la liste que l'agent lit."""

    code: str
    groupe: str
    question: str

    def valeur(self, dossier: Dossier) -> Any:
        return getattr(dossier, self.code)

    def champ(self, dossier: Dossier) -> forms.Field:
        return deepcopy(_CHAMPS[self.code])

    def en_mots(self, dossier: Dossier, valeur: Any) -> str:
        """La réponse telle que l'écran la montre."""
        if isinstance(valeur, date):
            return date_courte(valeur)
        return nombre(valeur) if isinstance(valeur, int) else str(valeur or "")

    def ranger(self, dossier: Dossier, valeur: Any) -> None:
        """Pose la réponse sur le dossier tenu ; l'acte l'enregistre."""
        setattr(dossier, self.code, valeur)


@dataclass(frozen=True, slots=True)
class AncreDeQuartiers(Ancre):
    """Les couples quartier-commune (R17) : les changer change aussi quelles villes lisent le dossier."""

    def _couples(self, dossier: Dossier) -> dict[str, tuple[Any, Any]]:
        siens = dossier.territoire.quartiers.defer("contour").prefetch_related("communes").order_by("nom")
        return {f"{q.code}-{v.code}": (q, v) for q in siens for v in q.communes.all()}

    def valeur(self, dossier: Dossier) -> list[str]:
        vises = dossier.ciblages.select_related("quartier").prefetch_related("communes")
        return sorted(f"{c.quartier.code}-{v.code}" for c in vises for v in c.communes.all())

    def champ(self, dossier: Dossier) -> forms.Field:
        choix = [(cle, f"{q.nom} ({v.nom})") for cle, (q, v) in self._couples(dossier).items()]
        return forms.MultipleChoiceField(
            label=self.question, choices=choix, widget=forms.CheckboxSelectMultiple
        )

    def en_mots(self, dossier: Dossier, valeur: list[str]) -> str:
        connus = self._couples(dossier)
        return "\n".join(f"{connus[c][0].nom} ({connus[c][1].nom})" for c in sorted(valeur) if c in connus)

    def ranger(self, dossier: Dossier, valeur: list[str]) -> None:
        connus, vises = self._couples(dossier), {}
        for cle in valeur:
            quartier, commune = connus[cle]
            vises.setdefault(quartier, []).append(commune)
        ecriture.poser_quartiers(dossier, vises)


@dataclass(frozen=True, slots=True)
class AncreDeMontant(Ancre):
    """Une ligne du budget, par son compte ; le coût de l'action suit (K3)."""

    sens: str = CHARGE
    compte: str = ""
    financeur: int | None = None

    def _lignes(self, dossier: Dossier) -> Any:
        return dossier.lignes_de_budget.filter(sens=self.sens, compte=self.compte, financeur=self.financeur)

    def valeur(self, dossier: Dossier) -> Decimal:
        ligne = self._lignes(dossier).first()
        return ligne.montant if ligne else Decimal("0.00")

    def champ(self, dossier: Dossier) -> forms.Field:
        return EurosFormField(label=self.question)

    def en_mots(self, dossier: Dossier, valeur: Decimal) -> str:
        return euros(valeur)

    def ranger(self, dossier: Dossier, valeur: Decimal) -> None:
        self._lignes(dossier).delete()
        if valeur:
            LigneDeBudget.objects.create(
                dossier=dossier, sens=self.sens, compte=self.compte, financeur_id=self.financeur,
                montant=valeur,
            )  # fmt: skip
        charges = {x.compte: x.montant for x in dossier.lignes_de_budget.filter(sens=CHARGE)}
        dossier.cout_total = montants.assiette(charges=charges)


@dataclass(frozen=True, slots=True)
class AncreDeDemande(Ancre):
    """Le montant demandé à un financeur, tant qu'il n'a rien jugé ni proposé."""

    demande: int = 0

    def _volet(self, dossier: Dossier) -> Demande:
        return dossier.demandes.get(pk=self.demande)

    def valeur(self, dossier: Dossier) -> Decimal:
        return self._volet(dossier).demande

    def champ(self, dossier: Dossier) -> forms.Field:
        return EurosFormField(label=self.question, minimum=Decimal(1))

    def en_mots(self, dossier: Dossier, valeur: Decimal) -> str:
        return euros(valeur)

    def ranger(self, dossier: Dossier, valeur: Decimal) -> None:
        if dossier.appel.regles().demandes_entieres and valeur != valeur.to_integral_value():
            raise ActeBloque("Une demande se fait en euros entiers. Arrondissez le montant.")
        volet = self._volet(dossier)
        volet.demande = valeur
        volet.save(update_fields=("demande",))
        dossier.demande_totale = montants.de_centimes(
            sum(montants.en_centimes(d.demande) for d in dossier.demandes.all())
        )


def ancres(lues: Reponses) -> dict[str, Ancre]:
    """Tout ce qui se reprend sur ce dossier, dans l'ordre de l'éditeur."""
    return {a.code: a for a in _ancres(lues)}


def _ancres(lues: Reponses) -> Iterator[Ancre]:
    for code in COLONNES:
        groupe = "Publics et quartiers" if code in PublicsForm.base_fields else "Action"
        yield Ancre(code, groupe, str(_CHAMPS[code].label))
    yield AncreDeQuartiers(QUARTIERS, "Publics et quartiers", "Les quartiers de l'action")
    yield from _du_budget(lues)
    for d in lues.demandes:
        if d.etat in A_EXAMINER:
            question = f"Montant demandé : {d.financeur.nom}, {d.dispositif.nom}"
            yield AncreDeDemande(f"demande-{d.pk}", "Demandes", question, demande=d.pk)


def _du_budget(lues: Reponses) -> Iterator[AncreDeMontant]:
    """Les comptes du formulaire, et les lignes 74 que le dossier a écrites, avec leurs comptes détaillés."""
    ecrites = lues.lignes_de_budget
    for sens, mot, codes in (
        (CHARGE, "Dépense", cerfa.CODES_DE_CHARGES),
        (PRODUIT, "Ressource", (*(c.code for c in cerfa.PRODUITS), cerfa.VOLONTAIRES.code)),
    ):
        detailles = [x.compte for x in ecrites if x.sens == sens and x.compte.isdigit() and x.compte != "74"]
        for compte in dict.fromkeys((*codes, *detailles)):
            nom = f"{mot} : {cerfa.libelle(compte)}"
            yield AncreDeMontant(f"budget-{sens}-{compte}", "Budget", nom, sens=sens, compte=compte)
    pack = lues.dossier.territoire.pack()
    for x in ecrites:
        if not x.financeur and not x.compte.startswith("74:"):
            continue
        autre = pack.autre_ressource(x.compte.partition(":")[2])
        nom = x.financeur.nom if x.financeur else autre.nom if autre else x.compte
        yield AncreDeMontant(
            f"budget-74-{x.financeur_id or x.compte[3:33]}", "Budget", f"Ressource : subvention, {nom}",
            sens=PRODUIT, compte=x.compte, financeur=x.financeur_id,
        )  # fmt: skip
