"""Les mondes les plus demandés, écrits une fois par processus, puis recopiés ligne à ligne (SQLite).

Un dossier déposé coûte cent requêtes, et deux essais sur trois commencent par lui. La recopie rend la même
base, lignes neuves, lignes changées et compteurs, et les mêmes contenus. Elle n'a lieu que dans une base que
l'essai n'a pas encore touchée, à l'heure vraie, sans rien qui observe les requêtes ; sinon la fabrique est
jouée. PostgreSQL les joue toutes.
"""

from __future__ import annotations

import functools
import inspect
import sqlite3
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import time_machine
from django.db import connection

Lignes = dict[str, dict[int, tuple]]
CONTENUS = "registre_fichier"

_fabriques: dict[Callable, list[tuple[str, ...]]] = {}
_pris: dict[tuple, Instantane] = {}
_depart: int | None = None
_base: sqlite3.Connection | None = None


@dataclass(frozen=True, slots=True)
class Instantane:
    """Ce qu'une fabrique ajoute à la base de départ, et ce qu'elle rend."""

    ordres: list[tuple[str, list[tuple]]]
    contenus: dict[str, bytes]
    rendu: Any

    def recopier(self) -> Any:
        for sql, lignes in self.ordres:
            connection.connection.executemany(sql, lignes)
        for nom, octets in self.contenus.items():
            chemin = _chemin(nom)
            if not chemin.is_file() or chemin.read_bytes() != octets:
                chemin.parent.mkdir(parents=True, exist_ok=True)
                chemin.write_bytes(octets)
        return deepcopy(self.rendu)


def recopiee(*appels: tuple[str, ...]) -> Callable[[Callable], Callable]:
    """Une fabrique dont ces appels-là, arguments positionnels, se prennent avant le premier essai."""

    def decorer(fabrique: Callable) -> Callable:
        _fabriques[fabrique] = list(appels)

        @functools.wraps(fabrique)
        def jouer_ou_recopier(*args: Any, **nommes: Any) -> Any:
            pris = _pris.get(_cle(fabrique, args, nommes)) if _est_intacte() else None
            return pris.recopier() if pris else fabrique(*args, **nommes)

        return jouer_ou_recopier

    return decorer


def prendre() -> None:
    """Joue chaque fabrique dans la base de départ, garde l'écart, puis remet la base, photographiée avant."""
    global _base
    if connection.vendor != "sqlite":
        return
    _base = sqlite3.connect(":memory:", check_same_thread=False)
    connection.connection.backup(_base)
    avant = _lire()
    for fabrique, appels in _fabriques.items():
        for args in appels:
            _pris[_cle(fabrique, args, {})] = _instantane(avant, fabrique(*args))
            remettre()


def remettre() -> bool:
    """Rend la base de départ, compteurs compris, après un essai à vraies transactions ; faux sans photo."""
    if _base is None:
        return False
    connection.ensure_connection()
    _base.backup(connection.connection)
    return True


def partir() -> None:
    """Un essai commence dans une base que rien n'a touchée."""
    global _depart
    _depart = connection.connection.total_changes if _pris else None


def _est_intacte() -> bool:
    """Rien d'écrit depuis le départ, dans une transaction que l'essai rendra, à l'heure vraie."""
    return bool(
        _pris
        and connection.in_atomic_block
        and connection.connection.total_changes == _depart
        and not connection.execute_wrappers
        and not time_machine.escape_hatch.is_travelling()
    )


def _cle(fabrique: Callable, args: tuple, nommes: dict[str, Any]) -> tuple | None:
    """Les arguments, défauts compris ; rien si l'un d'eux n'est pas un simple mot."""
    if not all(isinstance(valeur, str) for valeur in (*args, *nommes.values())):
        return None
    dits = inspect.signature(fabrique).bind(*args, **nommes)
    dits.apply_defaults()
    return (fabrique, repr(dits.arguments))


def _instantane(avant: Lignes, rendu: Any) -> Instantane:
    apres, ordres = _lire(), []
    for table, lignes in apres.items():
        connues = avant[table]
        assert not connues.keys() - lignes.keys(), f"une fabrique recopiée n'efface rien : {table}"
        neuves = [(rang, *ligne) for rang, ligne in lignes.items() if rang not in connues]
        changees = [(*x, r) for r, x in lignes.items() if r in connues and connues[r] != x]
        colonnes = _colonnes(table)
        trous = ", ".join("?" * (len(colonnes) + 1))
        poses = ", ".join(f"{colonne} = ?" for colonne in colonnes)
        if neuves:
            ordres.append((f"INSERT INTO {table} (rowid, {', '.join(colonnes)}) VALUES ({trous})", neuves))
        if changees:
            ordres.append((f"UPDATE {table} SET {poses} WHERE rowid = ?", changees))
    rang = _colonnes(CONTENUS).index('"contenu"')
    noms = [ligne[rang] for ligne in apres[CONTENUS].values()]
    contenus = {nom: _chemin(nom).read_bytes() for nom in noms}
    return Instantane(ordres, contenus, deepcopy(rendu))


def _lire() -> Lignes:
    """Toutes les lignes, telles que SQLite les garde : un « + » devant la colonne ôte la conversion."""
    lues: Lignes = {}
    for table in _tables():
        colonnes = ", ".join(f"+{colonne}" for colonne in _colonnes(table))
        lignes = connection.connection.execute(f"SELECT rowid, {colonnes} FROM {table}")
        lues[table] = {rang: tuple(ligne) for rang, *ligne in lignes}
    return lues


def _tables() -> Iterator[str]:
    for (nom,) in connection.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
        yield nom


def _colonnes(table: str) -> list[str]:
    return [f'"{x[1]}"' for x in connection.connection.execute(f"PRAGMA table_info({table})")]


def _chemin(nom: str) -> Path:
    from ensemblier.registre.models import Fichier

    return Path(Fichier._meta.get_field("contenu").storage.path(nom))
