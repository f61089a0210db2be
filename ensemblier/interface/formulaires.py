"""La base des formulaires : messages qui disent quoi, pourquoi, que faire ; groupes ; valeur tapée gardée."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms

from .champs import EurosFormField

_REQUIS = {
    forms.FileField: "Aucun fichier n'est joint. Choisissez un fichier, puis envoyez-le.",
    forms.ChoiceField: "Aucun choix n'est fait. Choisissez une réponse.",
    forms.ModelChoiceField: "Aucun choix n'est fait. Choisissez une réponse.",
    forms.BooleanField: "Cette case n'est pas cochée. Lisez la phrase, puis cochez-la pour continuer.",
    forms.DateField: "Aucune date n'est écrite. Écrivez le jour, le mois et l'année, par exemple 25/05/2025.",
}
_INVALIDES = {
    forms.EmailField: (
        "Ce n'est pas une adresse de courriel complète. Écrivez par exemple prenom@association.example."
    ),
    forms.DecimalField: "Ce n'est pas un nombre. Écrivez par exemple 65 ou 65,5.",
    forms.IntegerField: "Ce n'est pas un nombre entier. Écrivez des chiffres seulement, par exemple 600.",
    forms.DateField: "Cette date n'existe pas. Écrivez le jour, le mois et l'année, par exemple 25/05/2025.",
    forms.URLField: "Ce n'est pas une adresse de site. Copiez-la depuis le navigateur, avec https:// devant.",
}
_AUTRES = {
    "max_length": "Ce texte a %(show_value)d caractères, la limite est %(limit_value)d. Raccourcissez-le.",
    "min_length": "Ce texte a %(show_value)d caractères, il en faut %(limit_value)d. Complétez-le.",
    "min_value": "Ce nombre est trop petit. Écrivez au moins %(limit_value)s.",
    "max_value": "Ce nombre est trop grand. Écrivez au plus %(limit_value)s.",
    "invalid_choice": "Ce choix n'existe plus. Rechargez la page et choisissez dans la liste.",
}
REQUIS = "Ce champ est vide. Écrivez une réponse."


class SaisieDate(forms.DateInput):
    """Une boîte de texte JJ/MM/AAAA : lisible à voix haute, sans calendrier à manœuvrer."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        base = {
            "inputmode": "numeric",
            "autocomplete": "off",
            "class": "saisie-date",
            "placeholder": "JJ/MM/AAAA",
        }
        super().__init__({**base, **(attrs or {})}, format="%d/%m/%Y")


class ChampDate(forms.DateField):
    """Une date écrite en texte : « 25/05/2025 », « 25-05-2025 », « 25.05.2025 » ou « 2025-05-25 »."""

    widget = SaisieDate

    def __init__(self, **kwargs: Any) -> None:
        formats = ["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %m %Y", "%Y-%m-%d"]
        super().__init__(**{"input_formats": formats, **kwargs})


class TroisCases(forms.MultiWidget):
    """Jour, mois, année en trois cases nommées ; la valeur est une date."""

    template_name = "interface/composants/trois_cases.html"
    use_fieldset = True
    NOMS = (("jour", "Jour", 2), ("mois", "Mois", 2), ("annee", "Année", 4))

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        cases = {
            nom: forms.TextInput({"inputmode": "numeric", "maxlength": taille, "data-libelle": libelle})
            for nom, libelle, taille in self.NOMS
        }
        super().__init__(cases, attrs)

    def decompress(self, value: datetime.date | str | None) -> list[Any]:
        if isinstance(value, datetime.date):
            return [f"{value.day:02d}", f"{value.month:02d}", value.year]
        return [None, None, None]


class ChampTroisCases(forms.MultiValueField):
    """Une date en trois cases ; un jour qui n'existe pas est refusé, les cases gardées."""

    widget = TroisCases

    def __init__(self, **kwargs: Any) -> None:
        cases = tuple(forms.CharField(max_length=taille, required=False) for _, _, taille in TroisCases.NOMS)
        super().__init__(cases, require_all_fields=False, **kwargs)

    def compress(self, data_list: list[str]) -> datetime.date | None:
        if not any(data_list):
            return None
        try:
            jour, mois, annee = (int(x) for x in data_list)
            return datetime.date(annee, mois, jour)
        except (ValueError, TypeError) as erreur:
            raise forms.ValidationError(_INVALIDES[forms.DateField], code="invalid") from erreur


class MessagesFrancais:
    """Remplace les messages par défaut de chaque champ, sauf ceux que le formulaire a écrits lui-même."""

    use_required_attribute = False
    fields: dict[str, forms.Field]
    groupes: tuple[tuple[Any, ...], ...] = ()
    """(légende, (noms des champs), aide facultative) : un `<fieldset>` par groupe."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for champ in self.fields.values():
            franciser(champ)
            if isinstance(champ.widget, forms.Textarea) and champ.widget.attrs.get("rows") == "10":
                champ.widget.attrs["rows"] = "5"


def franciser(champ: forms.Field) -> None:
    """Écrit en français ce que le champ dit quand il refuse ; un message propre au champ est gardé."""
    propres = getattr(champ, "messages_propres", ())
    if isinstance(champ, forms.DecimalField):
        champ.localize = True  # « 80,01 » se lit comme « 80.01 »
    if not isinstance(champ, EurosFormField) and "required" not in propres:
        champ.error_messages["required"] = _de(champ, _REQUIS, REQUIS)
    invalide = _de(champ, _INVALIDES, "")
    if invalide and "invalid" not in propres:
        champ.error_messages["invalid"] = invalide
    for cle in _AUTRES.keys() & champ.error_messages.keys():
        if cle not in propres:
            champ.error_messages[cle] = _AUTRES[cle]
    for validateur in champ.validators:
        code = getattr(validateur, "code", "")
        if code in _AUTRES and hasattr(validateur, "limit_value"):
            validateur.message = _AUTRES[code]


def _de(champ: forms.Field, table: dict[type, str], defaut: str) -> str:
    return next((texte for genre, texte in table.items() if isinstance(champ, genre)), defaut)


class Formulaire(MessagesFrancais, forms.Form):
    """Le formulaire de la maison : `{% formulaire form %}` le dessine."""


class FormulaireModele(MessagesFrancais, forms.ModelForm):
    """Le formulaire d'un modèle : il valide, un acte enregistre."""
