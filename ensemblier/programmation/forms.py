"""Les formulaires de la programmation : ils valident, les actes enregistrent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from ensemblier.appels.models import Dispositif
from ensemblier.comptes.models import Habilitation, Utilisateur
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.instruction.droits import PILOTE
from ensemblier.interface.champs import EurosFormField
from ensemblier.interface.formats import euros
from ensemblier.interface.formulaires import ChampDate, Formulaire
from ensemblier.noyau.machine import Role
from ensemblier.noyau.packs import Quorum
from ensemblier.programmation.actes.amendements import Voix
from ensemblier.programmation.actes.convocations import jour_passe
from ensemblier.programmation.models import Inscription, Seance, SousEnveloppe

MEMBRES = ("membres", "sans_voix")
COURT = forms.Textarea({"rows": 3})
MOTIF_MANQUANT = "Choisissez un motif : il sera écrit dans la lettre."
CONVOCABLES = (Role.JURY, Role.AGENT_FINANCEUR, Role.REFERENT_COMMUNAL, *PILOTE)


class EnveloppeForm(Formulaire):
    """Ouvrir une enveloppe ; le motif n'est demandé que pour la modifier."""

    montant = EurosFormField(label="Crédits disponibles")
    motif = forms.CharField(label="Pourquoi ce changement ?", widget=COURT, max_length=500)

    def __init__(self, *args: Any, est_ouverte: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not est_ouverte:
            del self.fields["motif"]


class PartForm(Formulaire):
    """Prendre une part de l'enveloppe pour un objet, et dire qui la tient."""

    exercice = forms.IntegerField(label="Exercice", min_value=2000, max_value=2100)
    nature = forms.CharField(
        label="Nature des crédits", max_length=60, required=False, help_text="Par exemple BOP 147."
    )
    dispositif = forms.ModelChoiceField(
        label="Dispositif", queryset=Dispositif.objects.none(), required=False, empty_label="Tous"
    )
    delegataire = forms.CharField(label="Déléguée à", max_length=100, required=False)
    montant = EurosFormField(label="Montant de la part")

    def __init__(self, *args: Any, dispositifs: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["dispositif"].queryset = dispositifs
        self.fields["dispositif"].label_from_instance = lambda d: d.nom


class VirementForm(Formulaire):
    """Passer des crédits d'une part à une autre."""

    de = forms.ModelChoiceField(label="De", queryset=SousEnveloppe.objects.none())
    vers = forms.ModelChoiceField(label="Vers", queryset=SousEnveloppe.objects.none())
    montant = EurosFormField(label="Montant viré")
    motif = forms.CharField(label="Pourquoi ce virement ?", widget=COURT, max_length=500)

    def __init__(self, *args: Any, parts: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for nom in ("de", "vers"):
            self.fields[nom].queryset = parts
            self.fields[nom].label_from_instance = lambda p: p.nom


def _heure() -> forms.TimeField:
    return forms.TimeField(
        label="Heure", input_formats=["%H:%M", "%Hh%M", "%H h %M", "%Hh"], help_text="Par exemple 14:00."
    )


class ConvocationForm(Formulaire):
    """Qui se réunit, quand, sur quels dossiers, avec quel quorum."""

    groupes = (
        ("La séance", ("type", "titre", "jour", "heure", "duree_minutes", "lieu", "quorum")),
        (
            "Les membres",
            ("membres", "sans_voix"),
            "Un lien avec le porteur d'un dossier vaut déport.",
        ),
        ("L'ordre du jour", ("dossiers",)),
    )
    type = forms.ChoiceField(label="Instance", choices=Seance.Type.choices)
    titre = forms.CharField(label="Titre", max_length=150, help_text="Par exemple : Jury du 1er juillet.")
    jour = ChampDate(label="Jour")
    heure = _heure()
    duree_minutes = forms.IntegerField(
        label="Durée prévue, en minutes", min_value=15, max_value=720, required=False,
        help_text="Pour l'agenda des membres. Vide : deux heures.",
    )  # fmt: skip
    lieu = forms.CharField(label="Lieu", max_length=200, required=False)
    quorum = forms.IntegerField(label="Quorum", min_value=1, max_value=200, required=False)
    membres = forms.MultipleChoiceField(label="Membres votants", widget=forms.CheckboxSelectMultiple)
    sans_voix = forms.MultipleChoiceField(
        label="Membres sans voix", widget=forms.CheckboxSelectMultiple, required=False,
        help_text="Ils siègent et lisent les dossiers, sans noter, sans voter ni faire le quorum.",
    )  # fmt: skip
    dossiers = forms.MultipleChoiceField(label="Dossiers recevables", widget=forms.CheckboxSelectMultiple)

    def __init__(
        self,
        *args: Any,
        habilitations: Iterable[Habilitation],
        dossiers: Iterable[Dossier],
        quorum: Quorum | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["quorum"].help_text = (
            f"Vide : celui de l'appel, {quorum.texte}." if quorum else "Vide : un présent qui vote."
        )
        self.habilitations: dict[str, list[Habilitation]] = {}
        for h in habilitations:
            self.habilitations.setdefault(str(h.utilisateur_id), []).append(h)
        self.candidats = {str(d.pk): d for d in dossiers}
        for nom in MEMBRES:
            self.fields[nom].choices = [(cle, _membre(lues)) for cle, lues in self.habilitations.items()]
        self.fields["dossiers"].choices = [(cle, nom_a_cocher(d)) for cle, d in self.candidats.items()]

    def clean(self) -> dict[str, Any]:
        """Chaque membre l'est au jour de la séance : un mandat fini d'ici là se dit à côté de la case."""
        dits = super().clean() or self.cleaned_data
        jour = dits.get("jour")
        for nom in MEMBRES if jour else ():
            for cle in dits.get(nom, ()):
                if self.habilitation_de(cle) is None:
                    self.add_error(nom, _hors_mandat(self.habilitations[cle][0], jour))
        for cle in set(dits.get("membres", ())) & set(dits.get("sans_voix", ())):
            qui = self.habilitations[cle][0].utilisateur.nom_complet
            self.add_error("sans_voix", f"{qui} est déjà parmi les membres votants. Gardez une seule case.")
        if jour and (passe := jour_passe(jour, timezone.localdate())):
            self.add_error("jour", passe)
        return dits

    def habilitation_de(self, cle: str) -> Habilitation | None:
        """Celle en vigueur au jour de la séance, celle de jury d'abord."""
        jour: date = self.cleaned_data["jour"]
        return next((h for h in self.habilitations[cle] if h.vaut_le(jour)), None)

    def instant(self) -> datetime:
        return _instant(self.cleaned_data)


def _instant(dits: dict[str, Any]) -> datetime:
    jour: date = dits["jour"]
    heure: time = dits["heure"]
    return timezone.make_aware(datetime.combine(jour, heure))


class DeplacementForm(Formulaire):
    """Une autre date ou un autre lieu, et pourquoi."""

    jour = ChampDate(label="Jour")
    heure = _heure()
    lieu = forms.CharField(label="Lieu", max_length=200, required=False)
    motif = forms.CharField(
        label="Pourquoi ce changement ?", max_length=300, help_text="Chaque membre le lit dans son courriel."
    )

    def instant(self) -> datetime:
        return _instant(self.cleaned_data)


class OrdreDuJourForm(Formulaire):
    """Les dossiers ajoutés à une séance déjà convoquée, et pourquoi."""

    dossiers = forms.MultipleChoiceField(label="Dossiers recevables", widget=forms.CheckboxSelectMultiple)
    motif = forms.CharField(
        label="Pourquoi les ajouter ?", max_length=300, help_text="Chaque membre le lit dans son courriel."
    )

    def __init__(self, *args: Any, dossiers: Iterable[Dossier], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.candidats = {str(d.pk): d for d in dossiers}
        self.fields["dossiers"].choices = [(cle, nom_a_cocher(d)) for cle, d in self.candidats.items()]


def nom_a_cocher(dossier: Dossier) -> str:
    return f"{dossier.numero} · {dossier.organisme.nom} · {dossier.intitule}"


def _membre(habilitations: list[Habilitation]) -> str:
    premiere = habilitations[0]
    a_venir = premiere.du is not None and premiere.du > timezone.localdate()
    mandat = f", {_mandat(premiere)}" if premiere.au or a_venir else ""
    return f"{premiere.utilisateur.nom_complet}, {premiere.fonction}{mandat}"


def _mandat(habilitation: Habilitation) -> str:
    du, au = habilitation.du, habilitation.au
    if du and au:
        return f"du {du:%d/%m/%Y} au {au:%d/%m/%Y}"
    return f"jusqu'au {au:%d/%m/%Y}" if au else f"à partir du {du:%d/%m/%Y}"


def _hors_mandat(habilitation: Habilitation, jour: date) -> str:
    return (
        f"{habilitation.utilisateur.nom_complet} n'est pas en fonction le {jour:%d/%m/%Y} : son mandat va "
        f"{_mandat(habilitation)}. Retirez cette personne, ou changez la date."
    )


class DecisionForm(Formulaire):
    decision = forms.ChoiceField(
        label="Décision", widget=forms.RadioSelect, choices=Inscription.Decision.choices
    )
    motif = forms.CharField(
        label="Motif", widget=COURT, max_length=1000, required=False,
        help_text="Obligatoire sauf si le dossier est retenu : il est écrit dans la lettre.",
    )  # fmt: skip

    pour = forms.IntegerField(label="Voix pour", min_value=0, max_value=999, required=False)
    contre = forms.IntegerField(label="Voix contre", min_value=0, max_value=999, required=False)
    abstentions = forms.IntegerField(label="Abstentions", min_value=0, max_value=999, required=False)
    groupes = (
        ("Ce que la séance décide", ("decision", "motif")),
        (
            "Le vote", ("pour", "contre", "abstentions"),
            "À main levée, sans les personnes déportées. Vide si la séance décide sans voter.",
        ),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="decision_%s", **kwargs)
        self.fields[
            "motif"
        ].exige_au_depot = True  # obligatoire selon la décision : « facultatif » tromperait

    def voix(self) -> Voix | None:
        """Les voix écrites, une case vide valant zéro ; rien si les trois le sont."""
        dites = [self.cleaned_data[nom] for nom in ("pour", "contre", "abstentions")]
        return None if all(v is None for v in dites) else Voix(*(v or 0 for v in dites))

    def clean(self) -> dict[str, Any]:
        dits = super().clean() or self.cleaned_data
        decision = dits.get("decision")
        if decision and decision != Inscription.Decision.RETENU and not dits.get("motif", "").strip():
            self.add_error("motif", MOTIF_MANQUANT)
        return dits


class TauxForm(Formulaire):
    taux = forms.DecimalField(
        label="Taux retenu par le jury", max_digits=5, decimal_places=2, min_value=Decimal(0),
        max_value=Decimal(100), help_text="En pour cent, par exemple 65.", localize=True,
        widget=forms.TextInput({"inputmode": "decimal", "class": "saisie-courte"}),
    )  # fmt: skip

    motif = forms.CharField(
        label="Pourquoi le changer ?", max_length=300, required=False,
        help_text="Seulement si un taux est déjà fixé. Écrit au procès-verbal.",
    )  # fmt: skip

    def part(self) -> Decimal:
        """Le taux en fraction : 65 vaut 0,65."""
        return self.cleaned_data["taux"] / 100


class AmendementForm(Formulaire):
    """Le montant d'un volet, changé en séance, et pourquoi."""

    volet = forms.ChoiceField(label="Volet")
    montant = EurosFormField(label="Nouveau montant")
    motif = forms.CharField(label="Pourquoi ?", max_length=300, help_text="Écrit au procès-verbal.")

    def __init__(self, *args: Any, volets: Iterable[Demande], **kwargs: Any) -> None:
        super().__init__(*args, auto_id="amendement_%s", **kwargs)
        self.volets = {str(v.pk): v for v in volets}
        self.fields["volet"].choices = [
            (cle, f"{v.financeur.sigle}, {euros(v.propose)} proposés") for cle, v in self.volets.items()
        ]


class DeportForm(Formulaire):
    """Soi-même, ou un membre de la séance pour qui le service l'enregistre."""

    utilisateur = forms.ChoiceField(label="Qui se déporte")
    motif = forms.CharField(
        label="Pourquoi ?", max_length=200, help_text="Par exemple « trésorière ». Écrit au procès-verbal."
    )

    def __init__(self, *args: Any, membres: Iterable[Utilisateur], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.membres = {str(m.pk): m for m in membres}
        self.fields["utilisateur"].choices = [(cle, m.nom_complet) for cle, m in self.membres.items()]


class DeliberationForm(Formulaire):
    """L'acte : son numéro, sa date, et le fichier signé s'il est déjà là."""

    numero = forms.CharField(label="Numéro de l'acte", max_length=40, help_text="Par exemple 2025-118.")
    votee_le = ChampDate(label="Date du vote")
    acte_signe = forms.FileField(label="Acte signé", required=False, help_text="PDF, 20 Mo au plus.")


class ActeSigneForm(Formulaire):
    acte_signe = forms.FileField(label="Acte signé", help_text="PDF, 20 Mo au plus.")
