"""Plusieurs petites lectures en une requête : les lignes de modèles différents, rendues en instances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

from django.db import connection, models
from django.db.models import Expression, JSONField, QuerySet, Value
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive

INFIDELES = (models.JSONField, models.DecimalField, models.FloatField, models.BinaryField)
"""Ce qu'un tableau JSON de la base ne rend pas tel quel."""


class _LigneEnJSON(Expression):
    """Toutes les colonnes d'une ligne en un tableau JSON ; compilée d'un coup, cent `F` coûteraient 5 ms."""

    output_field = JSONField()
    fonctions = {"postgresql": "JSONB_BUILD_ARRAY", "sqlite": "JSON_ARRAY"}

    def __init__(self, modele: type[models.Model]) -> None:
        super().__init__()
        self.modele, self.alias = modele, modele._meta.db_table

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        nom = connection.ops.quote_name
        colonnes = (f"{nom(self.alias)}.{nom(c.column)}" for c in self.modele._meta.concrete_fields)
        return f"{self.fonctions[connection.vendor]}({', '.join(colonnes)})", []


def lire_ensemble(*lectures: QuerySet[Any]) -> list[list[Any]]:
    """Les instances que rend chaque lecture, par clé primaire ; une requête pour toutes.

    Chaque ligne voyage en tableau JSON, chaque valeur retrouve son type Python : date, instant, booléen,
    montant. Lève `TypeError` pour un champ que le JSON d'une base déforme (`INFIDELES`) : celui-là se lit à
    part. Les liens ne sont pas suivis : `relier` les pose.
    """
    premiere, *autres = (_en_tableaux(rang, lecture) for rang, lecture in enumerate(lectures))
    rendues: list[list[Any]] = [[] for _ in lectures]
    for rang, valeurs in premiere.union(*autres, all=True):
        rendues[rang].append(_instance(lectures[rang].model, valeurs))
    for lues in rendues:
        lues.sort(key=lambda ligne: ligne.pk)
    return rendues


def relier(lignes: Iterable[Any], lien: str, parmi: Iterable[Any]) -> None:
    """Pose sur chaque ligne l'objet que son lien désigne, parmi ceux déjà lus ; un lien vide le reste."""
    connus: Mapping[Any, Any] = {objet.pk: objet for objet in parmi}
    for ligne in lignes:
        cle = getattr(ligne, ligne._meta.get_field(lien).attname)
        if cle is None or cle in connus:
            setattr(ligne, lien, connus.get(cle))


def _en_tableaux(rang: int, lecture: QuerySet[Any]) -> QuerySet[Any, Any]:
    champs = lecture.model._meta.concrete_fields
    if infideles := [c.name for c in champs if isinstance(c, INFIDELES)]:
        raise TypeError(f"{lecture.model.__name__} : {', '.join(infideles)} ne se lit pas en JSON. À part.")
    return lecture.order_by().values_list(Value(rang), _LigneEnJSON(lecture.model))


def _instance(modele: type[models.Model], valeurs: Sequence[Any]) -> models.Model:
    champs = modele._meta.concrete_fields
    relues = [_relue(champ, valeur) for champ, valeur in zip(champs, valeurs, strict=True)]
    return modele.from_db("default", [champ.attname for champ in champs], relues)


def _relue(champ: models.Field[Any, Any], valeur: Any) -> Any:
    if valeur is None:
        return None
    if isinstance(champ, models.BooleanField):
        return bool(valeur)
    if isinstance(champ, models.DateTimeField):
        lu = parse_datetime(valeur)
        return lu.replace(tzinfo=UTC) if lu and is_naive(lu) else lu
    if isinstance(champ, models.DateField):
        return parse_date(valeur)
    if hasattr(champ, "from_db_value"):
        return champ.from_db_value(valeur, None, connection)
    return valeur
