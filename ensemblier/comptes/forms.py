"""Les formulaires du compte et de l'organisme : ils valident, les actes enregistrent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from allauth.account import forms as allauth
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from ensemblier.comptes.models import Genre, Mandat, Organisme, Rattachement, RythmeDeCourriel, Utilisateur
from ensemblier.interface.controles import JPEG, PDF, PNG, FichierRefuse, controler
from ensemblier.interface.formulaires import ChampDate, Formulaire, FormulaireModele, MessagesFrancais
from ensemblier.noyau import identifiants

BISSEXTILE = 2000
AIDE_MOT_DE_PASSE = "14 caractères au moins. Quatre mots sans rapport se retiennent bien."
_LIBELLES = {
    "login": "Adresse électronique",
    "email": "Adresse électronique",
    "password": "Mot de passe",
    "oldpassword": "Mot de passe actuel",
    "password1": "Nouveau mot de passe",
    "password2": "Le même mot de passe, une seconde fois",
}


class _Sobre(MessagesFrancais):
    """Les formulaires d'allauth avec nos étiquettes, sans texte dans les boîtes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for nom, champ in self.fields.items():
            champ.widget.attrs.pop("placeholder", None)
            champ.label = _LIBELLES.get(nom, champ.label)
            if nom == "password1":
                champ.help_text = AIDE_MOT_DE_PASSE
            elif nom in _LIBELLES:
                champ.help_text = ""


class ConnexionForm(_Sobre, allauth.LoginForm):
    """Se connecter."""


class InscriptionForm(_Sobre, allauth.SignupForm):
    """Créer un compte : qui l'on est, une adresse à confirmer, un mot de passe."""

    prenom = forms.CharField(
        label="Prénom", max_length=80, widget=forms.TextInput({"autocomplete": "given-name"})
    )
    nom = forms.CharField(label="Nom", max_length=80, widget=forms.TextInput({"autocomplete": "family-name"}))
    field_order = ("prenom", "nom", "email", "password1", "password2")

    def custom_signup(self, request: Any, user: Utilisateur) -> None:
        """Le nom de la personne, tel qu'elle l'écrit."""
        user.prenom, user.nom = self.cleaned_data["prenom"], self.cleaned_data["nom"]
        user.save(update_fields=("prenom", "nom"))


class MotDePasseOublieForm(_Sobre, allauth.ResetPasswordForm):
    """Demander un lien pour changer de mot de passe."""


class NouveauMotDePasseForm(_Sobre, allauth.ResetPasswordKeyForm):
    """Choisir un nouveau mot de passe, par le lien reçu."""


class ChangerMotDePasseForm(_Sobre, allauth.ChangePasswordForm):
    """Changer de mot de passe en étant connecté."""


class CompteForm(FormulaireModele):
    class Meta:
        model = Utilisateur
        fields = ("prenom", "nom")
        labels = {"prenom": "Prénom", "nom": "Nom"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["prenom"].required = self.fields["nom"].required = True


class MesCourrielsForm(Formulaire):
    """Pour chaque genre libre : tout de suite, dans le récapitulatif ou jamais ; et l'heure de celui-ci."""

    heure = forms.TypedChoiceField(
        label="Heure du récapitulatif", coerce=int, choices=[(h, f"{h} h") for h in range(5, 23)],
        help_text="Heure de Paris. Un seul courriel par jour, et aucun s'il n'y a rien à dire.",
    )  # fmt: skip

    def __init__(self, *args: Any, genres: tuple[Genre, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        heure = self.fields.pop("heure")
        for genre in genres:
            self.fields[genre.value] = forms.ChoiceField(
                label=genre.label, choices=RythmeDeCourriel.choices, widget=forms.RadioSelect
            )
        self.fields["heure"] = heure

    def rythmes(self) -> dict[str, str]:
        return {nom: valeur for nom, valeur in self.cleaned_data.items() if nom != "heure"}


def _numero(valeur: str, lire: Callable[[str], identifiants.Identifiant]) -> str:
    """La forme conservée d'un numéro, ou l'erreur du noyau telle quelle ; vide reste vide."""
    if not valeur.strip():
        return ""
    try:
        return lire(valeur).valeur
    except identifiants.IdentifiantInvalide as refus:
        raise ValidationError(str(refus), code="identifiant") from refus


class OrganismeForm(FormulaireModele):
    """L'identité d'un organisme ; SIREN, SIRET et RNA sont contrôlés par leur clé (S25-S27)."""

    siret = forms.CharField(
        label="SIRET",
        required=False,
        max_length=30,
        help_text="14 chiffres, sur votre avis de situation Insee.",
    )
    rna = forms.CharField(
        label="Numéro RNA",
        required=False,
        max_length=20,
        help_text="Pour une association : W et neuf caractères.",
    )
    site = forms.URLField(
        label="Site web", required=False, assume_scheme="https", max_length=200,
        help_text="Par exemple www.mon-association.example.",
    )  # fmt: skip
    groupes = (
        ("Qui est-ce ?", ("nom", "sigle", "type", "siret", "rna")),
        (
            "Où et comment le joindre",
            ("adresse", "code_postal", "commune", "correspondance", "courriel", "telephone", "site"),
        ),
        ("Qui le représente", ("representant_nom", "representant_fonction", "fin_d_exercice")),
    )

    class Meta:
        model = Organisme
        fields = (
            "nom", "sigle", "type", "siret", "rna", "adresse", "code_postal", "commune", "courriel",
            "correspondance", "telephone", "site", "representant_nom", "representant_fonction",
            "fin_d_exercice",
        )  # fmt: skip
        labels = {
            "nom": "Nom",
            "type": "Forme",
            "code_postal": "Code postal",
            "telephone": "Téléphone",
            "correspondance": "Adresse où lui écrire",
            "courriel": "Adresse électronique",
            "representant_nom": "Représentant légal",
            "representant_fonction": "Sa fonction",
            "fin_d_exercice": "Fin de l'exercice comptable",
        }
        help_texts = {
            "fin_d_exercice": "Mois et jour, par exemple 12-31.",
            "correspondance": "Seulement si le courrier ne va pas au siège. Rue, code postal, ville.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["type"].choices = [("", "Choisissez une forme"), *Organisme.Type.choices]
        for nom in ("adresse", "code_postal", "commune", "representant_nom", "representant_fonction"):
            self.fields[nom].required = True

    def clean_siret(self) -> str:
        return _numero(self.cleaned_data["siret"], identifiants.siret)

    def clean_rna(self) -> str:
        return _numero(self.cleaned_data["rna"], identifiants.rna)

    def clean_telephone(self) -> str:
        return _numero(self.cleaned_data["telephone"], identifiants.telephone)

    def clean_fin_d_exercice(self) -> str:
        valeur = self.cleaned_data["fin_d_exercice"]
        mois, _, jour = valeur.partition("-")
        try:
            return f"{date(BISSEXTILE, int(mois), int(jour)):%m-%d}"
        except ValueError as refus:
            raise ValidationError(
                "Cette date n'existe pas. Écrivez le mois et le jour, par exemple 12-31."
            ) from refus

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or {}
        if not self.errors and not donnees.get("siret") and not donnees.get("rna"):
            self.add_error(
                "siret",
                "Aucun numéro ne désigne l'organisme. Écrivez son SIRET, ou son RNA s'il n'a pas de SIRET.",
            )
        return donnees

    def avertissement(self) -> str:
        """Ce qu'il faut savoir d'un RNA valide que le format public refuse (S27)."""
        rna = self.cleaned_data.get("rna", "")
        return identifiants.rna(rna).avertissement if rna else ""

    def champs(self) -> dict[str, Any]:
        """Les valeurs à enregistrer ; le SIREN vient du SIRET."""
        return {**self.cleaned_data, "siren": self.cleaned_data["siret"][:9] or self.instance.siren}


class AnnuaireForm(Formulaire):
    """Le numéro qui suffit à trouver l'identité d'un organisme : SIRET, SIREN ou RNA, contrôlé par sa clé."""

    numero = forms.CharField(
        label="Son SIRET ou son numéro RNA", max_length=30,
        help_text="14 chiffres, ou W et neuf caractères. L'annuaire national remplit le reste.",
    )  # fmt: skip

    def clean_numero(self) -> str:
        lu = "".join(self.cleaned_data["numero"].split()).upper()
        if lu.startswith("W"):
            return _numero(lu, identifiants.rna)
        return _numero(lu, identifiants.siren if len(lu) == 9 else identifiants.siret)


class CreationForm(OrganismeForm):
    """Un organisme et le mandat de qui le crée : il en devient signataire."""

    fonction = forms.CharField(
        label="Votre fonction", max_length=120, help_text="Par exemple : présidente, trésorier, directrice."
    )
    mandat = forms.CharField(
        label="Ce qui vous permet de signer", max_length=200,
        help_text="Par exemple : représentante légale, ou pouvoir signé du 12 janvier 2025.",
    )  # fmt: skip
    atteste = forms.BooleanField(label="J'atteste pouvoir engager cet organisme.")
    groupes = (*OrganismeForm.groupes, ("Vous", ("fonction", "mandat", "atteste")))

    def champs(self) -> dict[str, Any]:
        return {n: v for n, v in super().champs().items() if n not in ("fonction", "mandat", "atteste")}


def _piece(fichier: Any) -> Any:
    """Le fichier, avec son type lu de son contenu."""
    try:
        fichier.type_mime = controler(fichier, acceptes=(PDF, PNG, JPEG))
    except FichierRefuse as refus:
        raise ValidationError(str(refus), code="fichier") from refus
    return fichier


class RibForm(Formulaire):
    """Un compte bancaire et sa pièce ; l'IBAN est contrôlé par ses deux clés (S28), jamais réaffiché."""

    titulaire = forms.CharField(
        label="Titulaire du compte", max_length=200, help_text="Tel qu'il est écrit sur le RIB."
    )
    iban = forms.CharField(
        label="IBAN", max_length=45, help_text="27 caractères pour un compte français. Il est chiffré.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    fichier = forms.FileField(label="Le RIB", help_text="PDF ou photo, 20 Mo au plus.")

    def clean_iban(self) -> str:
        return _numero(self.cleaned_data["iban"], identifiants.iban)

    def clean_fichier(self) -> Any:
        return _piece(self.cleaned_data["fichier"])


class MandatForm(Formulaire):
    """La délégation écrite par la personne représentante : à qui, pour quoi, de quand à quand."""

    rattachement = forms.ModelChoiceField(
        label="La personne qui reçoit la délégation", queryset=Rattachement.objects.none(), empty_label=None,
        widget=forms.RadioSelect,
    )  # fmt: skip
    portee = forms.ChoiceField(
        label="Ce que la délégation permet", choices=Mandat.Portee.choices, widget=forms.RadioSelect
    )
    du = ChampDate(label="À partir du")
    au = ChampDate(label="Jusqu'au", required=False, help_text="Vide si le document ne dit pas de fin.")
    fichier = forms.FileField(
        label="La délégation signée",
        help_text="PDF ou photo, 20 Mo au plus, signée par la personne qui délègue.",
    )

    def __init__(self, *args: Any, signataires: QuerySet[Rattachement], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rattachement"].queryset = signataires
        self.fields["rattachement"].label_from_instance = lambda r: (
            f"{r.utilisateur.nom_complet}, {r.fonction}"
        )

    def clean_fichier(self) -> Any:
        return _piece(self.cleaned_data["fichier"])

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or {}
        debut, fin = donnees.get("du"), donnees.get("au")
        if debut and fin and fin < debut:
            self.add_error("au", "La fin précède le début. Vérifiez les deux dates.")
        return donnees


class EngagementForm(Formulaire):
    """B7 : sept engagements lus, une case, une date."""

    engagement = forms.BooleanField(
        label="L'organisme souscrit ces sept engagements et en informe ses membres."
    )


class InvitationForm(Formulaire):
    """Inviter une personne, qu'elle ait déjà un compte ou non."""

    courriel = forms.EmailField(
        label="Son adresse électronique", help_text="Celle avec laquelle elle se connecte, ou se connectera."
    )
    qualite = forms.ChoiceField(
        label="Ce qu'elle pourra faire",
        choices=(
            (Rattachement.Qualite.REDACTEUR, "Rédiger et joindre des pièces"),
            (Rattachement.Qualite.SIGNATAIRE, "Rédiger, déposer et signer"),
        ),
        widget=forms.RadioSelect,
    )
    fonction = forms.CharField(label="Sa fonction", max_length=120)
    mandat = forms.CharField(
        label="Son mandat de signature", max_length=200, required=False, help_text="Requis si elle signe."
    )

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or {}
        if donnees.get("qualite") == Rattachement.Qualite.SIGNATAIRE and not donnees.get("mandat"):
            self.add_error(
                "mandat", "Aucun mandat n'est écrit. Dites ce qui permet à cette personne de signer."
            )
        return donnees
