"""Les formulaires de l'instruction : ils valident, les actes enregistrent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django import forms

from ensemblier.appels.models import Appel
from ensemblier.comptes.models import Organisme, Utilisateur
from ensemblier.dossiers.corrections import Demandee, choix
from ensemblier.dossiers.models import Correction
from ensemblier.dossiers.reponses import Reponses
from ensemblier.instruction.examen import Completude
from ensemblier.instruction.models import Echange
from ensemblier.interface.formulaires import ChampDate, Formulaire, franciser
from ensemblier.territoires.models import Territoire

COURT = forms.Textarea({"rows": 3})


REPRISES = 3
"""Combien de réponses une demande fait reprendre : au-delà, un rendez-vous sert mieux le porteur."""


class ComplementsForm(Formulaire):
    """Les pièces à demander (les manquantes sont cochées), les réponses à reprendre, le message.

    Une pièce déjà reçue se redemande avec sa raison à elle ; à défaut, le message en tient lieu.
    """

    pieces = forms.MultipleChoiceField(
        label="Pièces à demander", widget=forms.CheckboxSelectMultiple, required=False
    )
    message = forms.CharField(
        label="Message au porteur", widget=COURT, max_length=2000, required=False,
        help_text="Il le lit tel quel, avec la liste de ce que vous demandez.",
    )  # fmt: skip

    def __init__(self, *args: Any, bilan: Completude, lues: Reponses, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"pieces": [p.code for p in bilan.manquantes]})
        super().__init__(*args, **kwargs)
        self.fields["pieces"].choices = [(p.code, p.libelle) for p in bilan.lignes]
        self.recues = tuple(p.code for p in bilan.lignes if p.recue is not None)
        for code in self.recues:
            self.fields[f"motif_{code}"] = forms.CharField(
                label="Ce qui ne va pas dans cette pièce", max_length=500, required=False
            )
        questions = [("", "Aucune"), *choix(lues)]
        for rang in range(1, REPRISES + 1):
            self.fields[f"champ_{rang}"] = forms.ChoiceField(
                label="Réponse à reprendre", choices=questions, required=False
            )
            self.fields[f"genre_{rang}"] = forms.ChoiceField(
                label="Ce qui ne va pas", choices=Correction.Genre.choices, required=False
            )
            self.fields[f"raison_{rang}"] = forms.CharField(
                label="Pourquoi, et quoi écrire ?", widget=forms.Textarea({"rows": 2}), max_length=500,
                required=False,
            )  # fmt: skip
        for nom, boite in self.fields.items():
            boite.exige_au_depot = (
                nom != "message"
            )  # cochée ou choisie, une ligne se dit : « facultatif » tromperait

    def lignes_de_pieces(self) -> list[tuple[Any, Any]]:
        """Chaque case, et la boîte de sa raison si la pièce est déjà reçue."""
        cases = list(self["pieces"])
        codes = [code for code, _ in self.fields["pieces"].choices]
        return [
            (case, self[f"motif_{code}"] if code in self.recues else None)
            for code, case in zip(codes, cases, strict=True)
        ]

    def reprises(self) -> list[dict[str, Any]]:
        """Les boîtes de chaque réponse à reprendre ; repliées tant que rien n'y est écrit."""
        rendues = []
        for rang in range(1, REPRISES + 1):
            boites = [self[f"{nom}_{rang}"] for nom in ("champ", "genre", "raison")]
            ouverte = any(b.errors for b in boites) or bool(boites[0].value())
            rendues.append({"rang": rang, "boites": boites, "ouverte": ouverte})
        return rendues

    def clean(self) -> dict[str, Any]:
        for code in self.recues:
            coche = code in self.cleaned_data.get("pieces", ())
            if coche and not (self.cleaned_data.get(f"motif_{code}") or self.cleaned_data.get("message")):
                self.add_error(f"motif_{code}", "La raison manque : le porteur doit savoir quoi corriger.")
        for rang in range(1, REPRISES + 1):
            champ, raison = (self.cleaned_data.get(f"{nom}_{rang}") for nom in ("champ", "raison"))
            if champ and not raison:
                self.add_error(f"raison_{rang}", "La raison manque : le porteur doit savoir quoi reprendre.")
            if raison and not champ:
                self.add_error(f"champ_{rang}", "La réponse à reprendre n'est pas choisie. Choisissez-la.")
        return self.cleaned_data

    def demande(self) -> dict[str, Any]:
        """Ce que l'acte attend."""
        dits = self.cleaned_data
        corrections = [
            Demandee(dits[f"champ_{r}"], dits[f"genre_{r}"] or Correction.Genre.PRECISER, dits[f"raison_{r}"])
            for r in range(1, REPRISES + 1)
            if dits.get(f"champ_{r}")
        ]
        raisons = {c: dits[f"motif_{c}"] for c in self.recues if c in dits["pieces"] and dits[f"motif_{c}"]}
        return {
            "pieces": dits["pieces"], "message": dits["message"], "corrections": corrections,
            "raisons": raisons,
        }  # fmt: skip


class MotifForm(Formulaire):
    motif = forms.CharField(label="Motif", widget=COURT, max_length=2000)


class JugementForm(Formulaire):
    """Oui ou non, et pourquoi : une tolérance, un critère."""

    reponse = forms.ChoiceField(
        label="Votre réponse", widget=forms.RadioSelect, choices=[("oui", "Oui"), ("non", "Non")]
    )
    motif = forms.CharField(label="Pourquoi ?", widget=COURT, max_length=2000)


class DepotForm(Formulaire):
    reference = forms.CharField(label="Référence du dépôt", max_length=60)
    depot_le = ChampDate(label="Date du dépôt")


class DauphinForm(Formulaire):
    numero = forms.CharField(label="Numéro Dauphin", max_length=20, help_text="Par exemple DA01234567.")


class _ChoixDePersonne(Formulaire):
    """Une personne de l'équipe, ou personne."""

    a = forms.ChoiceField(label="Qui", required=False)

    def __init__(self, *args: Any, personnes: Sequence[Utilisateur], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._personnes = {str(p.pk): p for p in personnes}
        noms = [(cle, p.nom_complet) for cle, p in self._personnes.items()]
        self.fields["a"].choices = [("", "Personne : toute l'équipe"), *noms]
        self.fields["a"].exige_au_depot = True  # « facultatif » tromperait : « personne » est un choix

    def personne(self) -> Utilisateur | None:
        return self._personnes.get(self.cleaned_data["a"])


class AffectationForm(_ChoixDePersonne):
    """À qui confier le dossier, et pourquoi."""

    motif = forms.CharField(
        label="Pourquoi ?", widget=COURT, max_length=1000,
        help_text="Lu par l'équipe et gardé dans l'historique ; jamais par le porteur.",
    )  # fmt: skip

    def __init__(self, *args: Any, actuelle: Utilisateur | None, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"a": str(actuelle.pk) if actuelle else ""})
        super().__init__(*args, **kwargs)
        self.fields["a"].label = "Qui suit ce dossier"

    def choix(self) -> dict[str, Any]:
        return {"a": self.personne(), "motif": self.cleaned_data["motif"]}


class PosteForm(_ChoixDePersonne):
    """Quelle fonction du territoire, tenue par qui."""

    poste = forms.ChoiceField(label="Fonction")
    field_order = ("poste", "a")

    def __init__(self, *args: Any, territoire: Territoire, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pack = territoire.pack()
        noms = {t.code: t.libelle for t in pack.thematiques}
        self.fields["a"].label = "Tenue par"
        self.fields["poste"].choices = [
            (c.code, f"{c.fonction} : {', '.join(noms[t] for t in c.thematiques)}") for c in pack.postes
        ]

    def choix(self) -> dict[str, Any]:
        return {"poste": self.cleaned_data["poste"], "a": self.personne()}


class AbsenceForm(_ChoixDePersonne):
    """De quand à quand, et qui répond ; le responsable dit aussi de qui il s'agit."""

    du = ChampDate(label="Du")
    au = ChampDate(label="Au", help_text="Le dernier jour d'absence.")
    field_order = ("de", "du", "au", "a")

    def __init__(self, *args: Any, moi: int, pour_tous: bool, du_service: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["a"].label = "Qui répond pendant ce temps"
        if not du_service:
            autres = [(cle, nom) for cle, nom in self.fields["a"].choices if cle not in ("", str(moi))]
            self.fields["a"].choices = [("", "Tous mes collègues" if autres else "Personne"), *autres]
        self._moi = str(moi)
        if pour_tous:
            noms = [(cle, p.nom_complet) for cle, p in self._personnes.items()]
            self.fields["de"] = forms.ChoiceField(label="Qui s'absente", choices=noms, initial=self._moi)
            self.order_fields(self.field_order)
            franciser(self.fields["de"])

    def choix(self) -> dict[str, Any]:
        lus = self.cleaned_data
        return {
            "de": self._personnes[lus.get("de") or self._moi], "du": lus["du"], "au": lus["au"],
            "remplacant": self.personne(),
        }  # fmt: skip


class EchangeForm(Formulaire):
    """Un message interne, qui le lit, et les collègues à prévenir, choisis dans une liste."""

    cle = forms.CharField(widget=forms.HiddenInput, max_length=64)
    texte = forms.CharField(label="Votre message", widget=forms.Textarea({"rows": 4}), max_length=4000)
    partage = forms.ChoiceField(
        label="Qui le lit", widget=forms.RadioSelect, choices=Echange.Partage.choices,
        initial=Echange.Partage.SERVICE,
    )  # fmt: skip
    mentions = forms.MultipleChoiceField(
        label="Prévenir", widget=forms.CheckboxSelectMultiple, required=False,
        help_text="Chacun reçoit un courriel, et ce message l'attend jusqu'à ce qu'il le lise.",
    )  # fmt: skip

    def __init__(
        self, *args: Any, collegues: Sequence[tuple[Utilisateur, str]], du_service: bool, **kwargs: Any
    ) -> None:
        kwargs["initial"] = {"cle": uuid4().hex} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        self._collegues = {str(qui.pk): qui for qui, _ in collegues}
        noms = [(str(qui.pk), f"{qui.nom_complet}, {fonction}") for qui, fonction in collegues]
        self.fields["mentions"].choices = noms
        if not du_service:
            del self.fields["partage"]
        if not noms:
            del self.fields["mentions"]

    def choix(self) -> dict[str, Any]:
        lus = self.cleaned_data
        return {
            "cle": lus["cle"], "texte": lus["texte"],
            "partage": lus.get("partage") or Echange.Partage.FINANCEURS,
            "mentions": [self._collegues[cle] for cle in lus.get("mentions", ())],
        }  # fmt: skip


class ProlongationForm(Formulaire):
    """Jusqu'à quel jour, et pourquoi ce porteur-là."""

    jusqu_au = ChampDate(label="Nouveau dernier jour")
    motif = forms.CharField(
        label="Pourquoi ce délai ?", widget=forms.Textarea({"rows": 2}), max_length=500,
        help_text="Le porteur le lit ; l'historique le garde.",
    )  # fmt: skip


class DerogationForm(Formulaire):
    """Quel appel, quel organisme, jusqu'à quel jour, et pourquoi lui."""

    appel = forms.ModelChoiceField(Appel.objects.none(), label="Appel", empty_label=None)
    numero = forms.CharField(label="SIREN, SIRET ou numéro RNA de l'organisme", max_length=20)
    jusqu_au = ChampDate(label="Dépôt admis jusqu'au")
    motif = forms.CharField(
        label="Pourquoi lui ?", widget=COURT, max_length=1000,
        help_text="Écrit à l'organisme, et gardé dans l'historique de l'appel.",
    )  # fmt: skip

    def __init__(self, *args: Any, territoire: Territoire, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["appel"].queryset = Appel.objects.filter(territoire=territoire).publies()
        self.fields["appel"].label_from_instance = lambda appel: appel.titre_court

    def clean_numero(self) -> Organisme:
        """L'organisme qui a ce numéro, s'il a un compte."""
        ecrit = "".join(self.cleaned_data["numero"].split()).upper()
        trouve = Organisme.objects.de_numero(ecrit[:9] if len(ecrit) == 14 else ecrit).first()
        if trouve is None:
            raise forms.ValidationError(
                "Aucun organisme d'ici n'a ce numéro. Vérifiez-le, ou demandez-lui de créer son compte."
            )
        return trouve
