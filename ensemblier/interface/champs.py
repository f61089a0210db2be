"""Les euros dans la base et dans les formulaires : des centimes entiers, jamais de flottant (K1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Sum

CENT = Decimal(100)


class EurosField(models.BigIntegerField):
    """Un montant `Decimal` en Python, des centimes entiers dans la base.

    Jamais `F(champ) + montant` : un Decimal nu y passerait pour des centimes. On additionne en Python,
    sous le verrou.
    """

    description = "Montant en euros"

    def from_db_value(self, valeur: int | None, *_: object) -> Decimal | None:
        return None if valeur is None else Decimal(valeur) / CENT

    def to_python(self, valeur: Any) -> Decimal | None:
        if valeur is None or isinstance(valeur, Decimal):
            return valeur
        if isinstance(valeur, float):
            raise ValidationError("Un montant ne se donne pas en virgule flottante.")
        return Decimal(str(valeur))

    def get_prep_value(self, valeur: Any) -> int | None:
        if valeur is None or hasattr(valeur, "resolve_expression"):
            return valeur
        if isinstance(valeur, float):
            raise TypeError("Un montant ne se donne pas en virgule flottante.")
        centimes = Decimal(valeur) * CENT
        if centimes != centimes.to_integral_value():
            raise ValueError(f"Un montant a deux décimales au plus : {valeur}")
        return int(centimes)


def somme(champ: str, **options: Any) -> Sum:
    """`Sum` d'un `EurosField`, rendue en `Decimal`."""
    return Sum(champ, output_field=EurosField(), **options)
