"""Cinquante lignes à la fois : la page suivante repart après la dernière, sans recompter ce qui précède."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Q, QuerySet

PAR_PAGE = 50
COMPTE = "(SELECT COUNT(*) FROM (lecture) AS lues)"


def _cles_entieres(cles: Sequence[str]) -> tuple[str, ...]:
    return (*cles, "-pk" if cles and cles[-1][0] == "-" else "pk")


def _ordre(lignes: QuerySet[Any], cles: Sequence[str]) -> list[Any]:
    """Une case vide se range à la fin ; une colonne toujours remplie n'en dit rien, et suit son index."""
    meta = lignes.model._meta
    pleines = {"pk", *(c.name for c in meta.concrete_fields if not c.null)}
    champs = ((F(nom := cle.lstrip("-")), cle[0] == "-", None if nom in pleines else True) for cle in cles)
    return [c.desc(nulls_last=fin) if baisse else c.asc(nulls_last=fin) for c, baisse, fin in champs]


def rangees(lignes: QuerySet[Any], *cles: str, annotees: Mapping[str, Any] | None = None) -> QuerySet[Any]:
    """Toutes les lignes dans l'ordre des pages : ce qu'un export écrit."""
    return lignes.annotate(**dict(annotees or {})).order_by(*_ordre(lignes, _cles_entieres(cles)))


def compter(lectures: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """Combien de lignes rend chaque lecture ; une requête pour toutes, chacune par son propre index.

    Une lecture tranchée (`[: n]`) ne compte pas au-delà de `n` ; une lecture impossible compte zéro.
    """
    comptes, morceaux, valeurs = dict.fromkeys(lectures, 0), [], []
    for nom, lecture in lectures.items():
        try:
            sql, siennes = lecture.values("pk").query.sql_with_params()
        except EmptyResultSet:
            continue
        morceaux.append((nom, COMPTE.replace("lecture", sql, 1)))
        valeurs += siennes
    if morceaux:
        with connection.cursor() as curseur:
            curseur.execute("SELECT " + ", ".join(compte for _, compte in morceaux), valeurs)
            comptes |= zip((nom for nom, _ in morceaux), curseur.fetchone(), strict=True)
    return comptes


class Page:
    """Une page d'une liste triée par `cles` (« -depose_le », « echeance »…), la clé primaire en dernier.

    `apres` est la clé primaire de la dernière ligne de la page d'avant ; une autre valeur ouvre la première.
    Une ligne qui a quitté la liste entre-temps (payée, signée) garde sa place de repère ; une case vide se
    range à la fin. `annotees` : les clés qui ne sont pas des colonnes, et leur expression.

    `remplies` : où la première clé peut être remplie, dit par des index. Ces lignes se lisent alors d'abord ;
    les autres, dont la première clé est vide, seulement si elles manquent à la page : une requête de plus.
    """

    def __init__(
        self,
        lignes: QuerySet[Any],
        *cles: str,
        apres: str = "",
        annotees: Mapping[str, Any] | None = None,
        remplies: Q | None = None,
    ) -> None:
        self._annotees = dict(annotees or {})
        self._toutes = lignes.annotate(**self._annotees)
        self._cles = _cles_entieres(cles)
        repere = self._repere(apres)
        self.est_la_premiere = repere is None
        lues = self._lire(Q(), repere, self._cles) if remplies is None else self._par_parts(remplies, repere)
        self.lignes = lues[:PAR_PAGE]
        self.suivant = str(self.lignes[-1].pk) if len(lues) > PAR_PAGE else ""

    def __iter__(self) -> Iterator[Any]:
        return iter(self.lignes)

    def __len__(self) -> int:
        return len(self.lignes)

    @cached_property
    def total(self) -> int:
        """Combien de lignes en tout ; une requête, et aucune si la page les montre toutes."""
        if self.est_la_premiere and not self.suivant:
            return len(self.lignes)
        return self._toutes.order_by().count()

    def _lire(self, ou: Q, repere: tuple[Any, ...] | None, cles: Sequence[str], deja: int = 0) -> list[Any]:
        lignes = self._toutes.filter(ou) if ou else self._toutes
        suite = lignes if repere is None else lignes.filter(self._apres(repere))
        return list(suite.order_by(*_ordre(lignes, cles))[: PAR_PAGE + 1 - deja])

    def _par_parts(self, remplies: Q, repere: tuple[Any, ...] | None) -> list[Any]:
        cle = self._cles[0].lstrip("-")
        vide = Q(**{f"{cle}__isnull": True})
        est_au_dela = repere is not None and repere[0] is None
        lues = [] if est_au_dela else self._lire(remplies, repere, self._cles)
        # Les vides, rangés à la fin, s'ôtent ici : la base calculerait la clé une fois de plus par ligne.
        lues = [ligne for ligne in lues if getattr(ligne, cle) is not None]
        if len(lues) > PAR_PAGE:
            return lues
        return lues + self._lire(vide, repere if est_au_dela else None, self._cles[1:], len(lues))

    def _repere(self, apres: str) -> tuple[Any, ...] | None:
        if not (apres.isascii() and apres.isdecimal() and len(apres) < 19):
            return None
        lus = self._toutes.model._base_manager.filter(pk=int(apres)).annotate(**self._annotees)
        return lus.values_list(*(cle.lstrip("-") for cle in self._cles)).first()

    def _apres(self, repere: tuple[Any, ...]) -> Q:
        """Ce qui vient après le repère : plus loin sur une clé, égal sur les précédentes."""
        suite, egal = Q(pk__in=[]), Q()
        for cle, valeur in zip(self._cles, repere, strict=True):
            champ = cle.lstrip("-")
            vide = Q(**{f"{champ}__isnull": True})
            if valeur is None:
                egal &= vide
                continue
            plus_loin = Q(**{f"{champ}__{'lt' if cle[0] == '-' else 'gt'}": valeur})
            suite |= egal & (plus_loin | vide)
            egal &= Q(**{champ: valeur})
        return suite
