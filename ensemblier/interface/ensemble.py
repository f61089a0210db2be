"""Plusieurs petites lectures en une requête : les lignes de modèles différents, rendues en instances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

from django.db import connection, models
from django.db.models import Expression, JSONField, QuerySet, Value
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive

INFIDELES = (models.DecimalField, models.FloatField, models.BinaryField)
"""Ce qu'un tableau JSON de la base ne rend pas tel quel."""
Champs = tuple["models.Field[Any, Any]", ...]


class _LigneEnJSON(Expression):
    """Les colonnes d'une ligne en un tableau JSON ; compilée d'un coup, cent `F` coûteraient 5 ms."""

    output_field = JSONField()
    fonctions = {"postgresql": "JSONB_BUILD_ARRAY", "sqlite": "JSON_ARRAY"}

    def __init__(self, modele: type[models.Model], champs: Champs) -> None:
        super().__init__()
        self.champs, self.alias = champs, modele._meta.db_table

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        nom = connection.ops.quote_name
        colonnes = (f"{nom(self.alias)}.{nom(c.column)}" for c in self.champs)
        return f"{self.fonctions[connection.vendor]}({', '.join(colonnes)})", []


def lire_ensemble(*lectures: QuerySet[Any]) -> list[list[Any]]:
    """Les instances que rend chaque lecture, par clé primaire ; une requête pour toutes.

    Chaque ligne voyage en tableau JSON, chaque valeur retrouve son type Python : date, instant, booléen,
    montant, JSON. Un champ différé (`defer`, `only`) le reste. Lève `TypeError` pour un champ lu que le JSON
    d'une base déforme (`INFIDELES`) : celui-là se diffère, ou se lit à part. Les liens ne sont pas suivis :
    `relier` et `rassembler` les posent.
    """
    lus = [_champs(lecture) for lecture in lectures]
    premiere, *autres = (
        lecture.order_by().values_list(Value(rang), _LigneEnJSON(lecture.model, lus[rang]))
        for rang, lecture in enumerate(lectures)
    )
    rendues: list[list[Any]] = [[] for _ in lectures]
    for rang, valeurs in premiere.union(*autres, all=True):
        rendues[rang].append(_instance(lectures[rang].model, lus[rang], valeurs))
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


def rassembler(lignes: Iterable[Any], lien: str, paires: Iterable[tuple[int, Any]]) -> None:
    """Pose sur chaque ligne ce que son lien à plusieurs désigne : des paires (clé de la ligne, objet)."""
    siens: dict[int, list[Any]] = {}
    for cle, objet in paires:
        siens.setdefault(cle, []).append(objet)
    for ligne in lignes:
        lus = getattr(ligne, lien).all()
        lus._result_cache, lus._prefetch_done = siens.get(ligne.pk, []), True
        ligne.__dict__.setdefault("_prefetched_objects_cache", {})[lien] = lus


def _champs(lecture: QuerySet[Any]) -> Champs:
    """Les colonnes que la lecture demande."""
    nommes, sauf = lecture.query.deferred_loading
    tous: Champs = lecture.model._meta.concrete_fields
    lus = tuple(c for c in tous if c.primary_key or bool({c.name, c.attname} & set(nommes)) != sauf)
    if infideles := [c.name for c in lus if isinstance(c, INFIDELES)]:
        raise TypeError(f"{lecture.model.__name__} : {', '.join(infideles)} ne se lit pas en JSON. À part.")
    return lus


def _instance(modele: type[models.Model], champs: Champs, valeurs: Sequence[Any]) -> models.Model:
    relues = [_relue(champ, valeur) for champ, valeur in zip(champs, valeurs, strict=True)]
    return modele.from_db("default", [champ.attname for champ in champs], relues)


def _relue(champ: models.Field[Any, Any], valeur: Any) -> Any:
    if valeur is None:
        return None
    if isinstance(champ, models.BooleanField):
        return bool(valeur)
    if isinstance(champ, models.JSONField):
        # SQLite rend le texte de la colonne ; PostgreSQL, la valeur elle-même, déjà lue avec la ligne.
        return champ.from_db_value(valeur, None, connection) if connection.vendor == "sqlite" else valeur
    if isinstance(champ, models.DateTimeField):
        lu = parse_datetime(valeur)
        return lu.replace(tzinfo=UTC) if lu and is_naive(lu) else lu
    if isinstance(champ, models.DateField):
        return parse_date(valeur)
    if hasattr(champ, "from_db_value"):
        return champ.from_db_value(valeur, None, connection)
    return valeur
