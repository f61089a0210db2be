"""L'argent dans les modèles et les formulaires : `Decimal` en Python, centimes entiers dans la base (K1).

Sur SQLite un `DecimalField` est un flottant : un CHECK sur une enveloppe remplie au centime s'y trompe.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.db.models import lookups
from django.db.models.expressions import Combinable, Expression, register_combinable_fields

from ensemblier.noyau import ecritures

from .formats import euros, nombre

PLAFOND = Decimal("9999999999999.99")
AMBIGU = "ambigu"


def en_centimes(valeur: Any) -> int:
    """Rend le nombre exact de centimes ; `TypeError` pour un flottant, `ValueError` sous le centime."""
    if isinstance(valeur, float | bool):
        raise TypeError(f"Un montant s'écrit en Decimal, pas en {type(valeur).__name__} : {valeur!r}.")
    return ecritures.en_centimes(ecritures.euros(valeur))


class EurosField(models.Field):
    """Un montant en euros, exact au centime ; `entier` dans la base, `Decimal` partout ailleurs.

    N'hérite pas d'`IntegerField`, exprès : `F("vote") + Decimal("1")` passerait pour un centime. Ici Django
    refuse (`FieldError`). Deux `EurosField` s'ajoutent et se retranchent ; la somme se lit par `somme`.
    """

    description = "Montant en euros, gardé en centimes"

    def get_internal_type(self) -> str:
        return "BigIntegerField"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Decimal | None:
        if value is None:
            return None
        return ecritures.de_centimes(int(value))

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or value == "":
            return None
        try:
            return ecritures.de_centimes(en_centimes(value))
        except (TypeError, ValueError) as erreur:
            raise ValidationError(str(erreur), code="invalid") from erreur

    def get_prep_value(self, value: Any) -> int | None:
        value = super().get_prep_value(value)
        return None if value is None else en_centimes(value)

    def get_placeholder(self, value: Any, compiler: Any, connection: Any) -> str:
        verifier_unite(value)
        return "%s"

    def value_to_string(self, obj: Any) -> str:
        valeur = self.value_from_object(obj)
        return "" if valeur is None else str(valeur)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": EurosFormField, **kwargs})


def verifier_unite(valeur: Any) -> None:
    """Lève `FieldError` si une expression SQL mêle des centimes et autre chose."""
    if hasattr(valeur, "as_sql") and not isinstance(valeur.output_field, EurosField):
        genre = type(valeur.output_field).__name__
        raise FieldError(f"Une expression en {genre} ne peut pas remplir des centimes : ajoutez en Python.")


class _Comparaison(lookups.Lookup):
    """Compare des centimes à des centimes, y compris face à une expression."""

    def get_prep_lookup(self) -> Any:
        verifier_unite(self.rhs)
        return super().get_prep_lookup()


for _base in (
    lookups.Exact,
    lookups.GreaterThan,
    lookups.GreaterThanOrEqual,
    lookups.LessThan,
    lookups.LessThanOrEqual,
):
    EurosField.register_lookup(type(f"Euros{_base.__name__}", (_Comparaison, _base), {}))

for _operation in (Combinable.ADD, Combinable.SUB):
    register_combinable_fields(EurosField, _operation, EurosField, EurosField)


def somme(champ: str, *, filter: models.Q | None = None) -> Expression:
    """Rend l'agrégat `Decimal` d'un `EurosField`, zéro sans ligne : `qs.aggregate(total=somme("vote"))`."""
    return models.Sum(champ, filter=filter, default=Decimal(0))


class SaisieEuros(forms.TextInput):
    """La boîte d'un montant : texte, clavier décimal, « € » à côté, valeur tapée gardée telle quelle."""

    suffixe = "€"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        base = {"inputmode": "decimal", "autocomplete": "off", "class": "saisie-montant", "data-montant": ""}
        super().__init__({**base, **(attrs or {})})

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, Decimal | int):
            decimales = 0 if value == int(value) else 2
            return nombre(value, decimales)
        return super().format_value(value)


def lectures(boite: forms.BoundField) -> list[str]:
    """Les deux montants que peut vouloir dire une boîte refusée pour « 12,345 » : « 12 345 », « 12,35 »."""
    ambigus = (e for e in boite.errors.as_data() if e.code == AMBIGU)
    lus = next((e.params["lectures"] for e in ambigus), ())
    return [str(SaisieEuros().format_value(lu)) for lu in lus]


class EurosFormField(forms.Field):
    """Lit ce qu'une personne écrit (« 1 234,50 € ») ; refuse l'ambigu (« 12,345 ») en le disant (K1)."""

    widget = SaisieEuros
    default_error_messages = {
        "required": "Aucun montant n'est écrit. Écrivez un montant en euros, par exemple 9 000.",
        "minimum": "%(saisi)s est trop bas. Le montant est d'au moins %(limite)s.",
        "maximum": "%(saisi)s est trop haut. Le montant est d'au plus %(limite)s.",
    }

    def __init__(
        self, *, minimum: Decimal | None = Decimal(0), maximum: Decimal | None = PLAFOND, **kwargs: Any
    ) -> None:
        self.minimum, self.maximum = minimum, maximum
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Decimal | None:
        if value in self.empty_values:
            return None
        if isinstance(value, Decimal):
            return value
        try:
            return ecritures.analyser_saisie(str(value))
        except ecritures.MontantAmbigu as erreur:
            raise ValidationError(str(erreur), AMBIGU, {"lectures": erreur.lectures}) from erreur
        except ecritures.MontantInvalide as erreur:
            raise ValidationError(str(erreur), code="invalid") from erreur

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is None:
            return
        for code, limite, hors in (
            ("minimum", self.minimum, self.minimum is not None and value < self.minimum),
            ("maximum", self.maximum, self.maximum is not None and value > self.maximum),
        ):
            if hors:
                raise ValidationError(
                    self.error_messages[code],
                    code=code,
                    params={"saisi": euros(value), "limite": euros(limite)},
                )

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True
