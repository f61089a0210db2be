"""Le formulaire du bilan, bâti sur le budget et les quartiers du dossier, et ceux de ses suites."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms

from ensemblier.bilans.calculs import CHARGE, PRODUIT
from ensemblier.bilans.controles import veut_un_comite
from ensemblier.bilans.models import Bilan
from ensemblier.dossiers.models import Ciblage, Dossier, LigneDeBudget
from ensemblier.interface.champs import EurosFormField
from ensemblier.interface.formulaires import ChampDate, Formulaire, FormulaireModele
from ensemblier.noyau import cerfa

_AGES = {
    "0-5": "0 à 5 ans",
    "6-10": "6 à 10 ans",
    "11-15": "11 à 15 ans",
    "16-17": "16 et 17 ans",
    "18-25": "18 à 25 ans",
    "26-59": "26 à 59 ans",
    "60+": "60 ans et plus",
    "non_renseigne": "Âge non renseigné",
}
_TEXTES = ("deroule", "resultats", "participation", "comite_de_suivi", "difficultes", "suites")
_EFFECTIFS = ("participants", "participants_qpv", "femmes", "hommes", "sexe_non_renseigne")


class BilanForm(FormulaireModele):
    """Promis en face de chaque champ ; rien n'est obligatoire pour enregistrer, l'envoi vérifie (§C.8)."""

    class Meta:
        model = Bilan
        fields = (
            "realisation",
            *_EFFECTIFS,
            "seances",
            "benevoles",
            "heures_departement",
            *_TEXTES,
            "explication_des_ecarts",
        )
        labels = {
            "realisation": "L'action",
            "deroule": "Ce qui s'est passé",
            "resultats": "Les résultats, face aux objectifs",
            "participation": "La part prise par les habitants",
            "comite_de_suivi": "Le comité de suivi : dates et comptes rendus",
            "difficultes": "Les difficultés",
            "suites": "Et après",
            "participants": "Participants",
            "participants_qpv": "Dont habitants de quartier prioritaire",
            "sexe_non_renseigne": "Sexe non renseigné",
            "seances": "Séances tenues",
            "benevoles": "Bénévoles",
            "heures_departement": "Heures d'agents du Département",
            "explication_des_ecarts": "Pourquoi ces écarts",
        }
        help_texts = {"explication_des_ecarts": "À remplir si une ligne s'écarte de plus de 10 % du prévu."}
        widgets = {
            "realisation": forms.RadioSelect,
            **{t: forms.Textarea(attrs={"rows": 4}) for t in _TEXTES},
        }

    def __init__(self, *args: Any, dossier: Dossier, **kwargs: Any) -> None:
        self.dossier = dossier
        super().__init__(*args, **kwargs)
        self.fields["realisation"].choices = Bilan.Realisation.choices
        self.fields["participants"].help_text = _promis(dossier.publics_total)
        self.fields["participants_qpv"].help_text = _promis(dossier.publics_qpv)
        self._ajouter_les_ages()
        self._ajouter_les_quartiers()
        self._ajouter_les_comptes()
        for champ in self.fields.values():
            champ.required = False
            if isinstance(champ, forms.IntegerField | forms.DecimalField):
                champ.widget.attrs.setdefault("class", "saisie-courte")

    def dire_l_attendu(self) -> None:
        """Pour l'affichage seul : ce que l'envoi exigera ne se dit pas « facultatif »."""
        attendus = ["realisation", *_EFFECTIFS, "deroule", "resultats"]
        if veut_un_comite(self.dossier):
            attendus.append("comite_de_suivi")
        for nom in attendus:
            self.fields[nom].required = True

    def _ajouter_les_ages(self) -> None:
        for cle, libelle in _AGES.items():
            self._entier(f"age_{cle}", libelle, self.instance.ages.get(cle))

    def _ajouter_les_quartiers(self) -> None:
        cibles = (
            Ciblage.objects.filter(dossier=self.dossier).select_related("quartier").order_by("quartier__nom")
        )
        self.quartiers = {c.quartier.code: c.quartier.nom for c in cibles}
        for code, nom in self.quartiers.items():
            self._entier(f"quartier_{code}", nom, self.instance.par_quartier.get(code))

    def _entier(self, nom: str, libelle: str, valeur: int | None) -> None:
        self.fields[nom] = forms.IntegerField(label=libelle, min_value=0, initial=valeur)

    def _ajouter_les_comptes(self) -> None:
        """Les comptes du budget d'abord ; les autres restent possibles : une dépense imprévue se dit."""
        lignes = LigneDeBudget.objects.filter(dossier=self.dossier).order_by("compte")
        self.prevu: dict[str, dict[str, Decimal]] = {CHARGE: {}, PRODUIT: {}}
        for ligne in lignes:
            cote = self.prevu[ligne.sens]
            cote[ligne.compte] = cote.get(ligne.compte, Decimal(0)) + ligne.montant
        realise = {}
        if self.instance.pk:
            realise = {(x.sens, x.compte): x.montant for x in self.instance.lignes.all()}
        for sens, connus in ((CHARGE, cerfa.CODES_DE_CHARGES), (PRODUIT, cerfa.CODES_DE_PRODUITS)):
            for compte in dict.fromkeys([*self.prevu[sens], *_imprevus(connus, self.prevu[sens])]):
                self.fields[f"{sens}_{compte}"] = EurosFormField(
                    label=cerfa.libelle(compte), initial=realise.get((sens, compte))
                )

    def montants(self, sens: str) -> dict[str, Decimal]:
        """Le réalisé saisi et lisible, par compte ; ce qui est vide ou illisible n'y est pas."""
        valeurs = getattr(self, "cleaned_data", {})
        debut = f"{sens}_"
        return {n.removeprefix(debut): v for n, v in valeurs.items() if n.startswith(debut) and v is not None}

    def champs(self) -> dict[str, Any]:
        """Ce que `bilans.actes.enregistrer_bilan` enregistre."""
        lus = {nom: self.cleaned_data.get(nom) for nom in self.Meta.fields}
        for nom in (*_TEXTES, "explication_des_ecarts", "realisation"):
            lus[nom] = lus[nom] or ""
        return lus | {"ages": self._repartition("age_"), "par_quartier": self._repartition("quartier_")}

    def _repartition(self, debut: str) -> dict[str, int]:
        valeurs = self.cleaned_data.items()
        return {n.removeprefix(debut): v for n, v in valeurs if n.startswith(debut) and v is not None}

    def lignes(self, sens: str) -> list[dict[str, Any]]:
        """Les champs d'un côté du budget, avec leur prévu ; d'abord ceux du budget."""
        debut = f"{sens}_"
        return [
            {
                "champ": self[nom],
                "compte": nom.removeprefix(debut),
                "prevu": self.prevu[sens].get(nom.removeprefix(debut)),
            }
            for nom in self.fields
            if nom.startswith(debut)
        ]

    def groupe(self, debut: str) -> list[forms.BoundField]:
        return [self[nom] for nom in self.fields if nom.startswith(debut)]


def _promis(nombre: int | None) -> str:
    return f"Promis\u00a0: {nombre}" if nombre is not None else ""


def _imprevus(connus: Iterable[str], prevus: Iterable[str]) -> list[str]:
    classes = {compte[:2] if compte[0].isdigit() else compte for compte in prevus}
    return [compte for compte in connus if compte not in classes]


class CorrectionForm(Formulaire):
    motif = forms.CharField(
        label="Ce qui est à corriger",
        help_text="Le porteur lit ce texte en haut de son bilan.",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
    )


class PaiementForm(Formulaire):
    paye_le = ChampDate(label="Date du paiement")
    reference = forms.CharField(
        label="Référence", help_text="Le numéro du mandat ou du virement.", max_length=60
    )


class EncaissementForm(Formulaire):
    encaisse_le = ChampDate(label="Date de l'encaissement")
    reference = forms.CharField(label="Référence", help_text="Le numéro du titre de recettes.", max_length=60)


class ObservationsForm(Formulaire):
    observations = forms.CharField(
        label="Vos observations",
        help_text="Le financeur les lit avant de décider.",
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=5000,
    )


class MotifForm(Formulaire):
    motif = forms.CharField(
        label="Motif",
        help_text="Écrit au porteur.",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
    )
