"""Inviter une aide, nommer un co-porteur : qui, jusqu'à quand, pour quoi faire."""

from __future__ import annotations

from datetime import date, timedelta

from django import forms
from django.core.exceptions import ValidationError

from ensemblier.interface.formats import date_longue
from ensemblier.interface.formulaires import ChampDate, Formulaire
from ensemblier.noyau import identifiants

AU_PLUS = timedelta(days=366)


class AideForm(Formulaire):
    """Une adresse et un jour de fin ; une aide sans fin n'existe pas."""

    courriel = forms.EmailField(
        label="Son adresse électronique", help_text="Celle avec laquelle elle se connecte, ou se connectera."
    )
    au = ChampDate(label="Jusqu'au", help_text="Ce jour compris. Vous pouvez y mettre fin avant.")

    def __init__(self, *args: object, jour: date, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.jour = jour

    def clean_au(self) -> date:
        fin = self.cleaned_data["au"]
        if not self.jour <= fin <= self.jour + AU_PLUS:
            raise ValidationError(
                f"La fin est entre aujourd'hui et le {date_longue(self.jour + AU_PLUS)}. Corrigez le jour."
            )
        return fin


class CoPorteurForm(Formulaire):
    """Un autre organisme et son rôle ; son SIRET se range en SIREN."""

    nom = forms.CharField(label="Son nom", max_length=200)
    numero = forms.CharField(
        label="Son SIRET, son SIREN ou son numéro RNA", max_length=30,
        help_text="14 ou 9 chiffres, ou W et neuf caractères.",
    )  # fmt: skip
    role = forms.CharField(
        label="Ce qu'il fait dans l'action", max_length=300, widget=forms.Textarea({"rows": 3}),
        help_text="Par exemple : anime les ateliers du mercredi, prête la salle et deux bénévoles.",
    )  # fmt: skip
    courriel = forms.EmailField(
        label="L'adresse électronique d'un contact chez lui", required=False,
        help_text="La question y part aussitôt, avec un lien. Vide, vous la poserez plus tard.",
    )  # fmt: skip
    fonction = forms.CharField(
        label="La fonction de ce contact", max_length=150, required=False,
        help_text="Par exemple : présidente, directeur. Sans son nom.",
    )  # fmt: skip

    def clean_numero(self) -> str:
        lu = "".join(self.cleaned_data["numero"].split()).upper()
        try:
            if lu.startswith("W"):
                return identifiants.rna(lu).valeur
            if len(lu) == 9:
                return identifiants.siren(lu).valeur
            return identifiants.siret(lu).valeur[:9]
        except identifiants.IdentifiantInvalide as refus:
            raise ValidationError(str(refus), code="identifiant") from refus


class DemandeForm(Formulaire):
    """À qui poser la question."""

    courriel = forms.EmailField(label="L'adresse électronique du contact")
    fonction = forms.CharField(label="Sa fonction", max_length=150, required=False)


class MotifForm(Formulaire):
    """Décliner dit pourquoi."""

    motif = forms.CharField(
        label="Pourquoi vous ne portez pas cette action", max_length=500,
        widget=forms.Textarea({"rows": 3}), help_text="Le porteur et le service liront cette phrase.",
    )  # fmt: skip
