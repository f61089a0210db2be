"""Le banc : joue une demande, la coupe à l'instant voulu comme un SIGKILL, et photographie ce qui reste.

Entre deux écritures la base et les fichiers ne changent pas : couper avant chaque écriture (SQL, fichier,
validation) et après chaque validation, c'est couper à chaque instant. La coupure annule au niveau du pilote
la transaction en cours, puis refuse tout SQL : ni `except`, ni `finally`, ni tâche d'après validation ne
rattrape quoi que ce soit, comme dans un processus mort.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import ForeignKey, Model

from ensemblier.registre.models import Evenement, Fichier, Suivi
from ensemblier.registre.verification import verifier

Etat = dict[str, list[tuple]]
ECRITURES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
PIECES = ("registre", "comptes", "dossiers", "instruction", "programmation", "conventions", "bilans")
AU_HASARD = {"registre.Fichier": {"cle", "contenu"}, "dossiers.Saisie": {"cle"}}
SANS_SUITE = {"registre.Trace"}
"""Le journal des refus n'est pas un effet : une demande refusée y laisse sa ligne."""


class Coupure(BaseException):
    """Le courant vient de manquer ; aucun `except Exception` ne doit la voir."""


@dataclass
class Banc:
    """Compte les instants d'une demande ; à l'instant `couper_a`, le processus meurt."""

    couper_a: int | None = None
    instants: list[str] = field(default_factory=list)
    etats: list[Etat] = field(default_factory=list)
    est_mort: bool = False

    def instant(self, nom: str) -> None:
        if self.est_mort:
            raise Coupure(nom)
        self.instants.append(nom)
        if len(self.instants) - 1 == self.couper_a:
            self.est_mort = True
            connection.connection.rollback()
            raise Coupure(nom)

    def meurt_ici(self) -> bool:
        return len(self.instants) == self.couper_a

    def valide(self) -> None:
        """Une validation : à la répétition, `etats` (le départ d'abord) garde ce qu'un redémarrage lirait."""
        if self.etats and self.etats[-1] != (lu := etat()):
            self.etats.append(lu)
        self.instant("après la validation")

    def __call__(self, execute: Callable, sql: str, params: Any, many: bool, context: dict) -> Any:
        if self.est_mort:
            raise Coupure(sql)
        ecrit = sql.lstrip().upper().startswith(ECRITURES)
        if ecrit:
            self.instant(sql.split("(")[0][:70])
        rendu = execute(sql, params, many, context)
        if ecrit and not connection.in_atomic_block:
            self.valide()
        return rendu


@contextlib.contextmanager
def branche(banc: Banc) -> Iterator[Banc]:
    """Pose le banc sur le SQL, les validations et les fichiers."""
    valider, ecrire = BaseDatabaseWrapper._commit, FileSystemStorage._save

    def _commit(self):
        banc.instant("avant la validation")
        rendu = valider(self)
        banc.valide()
        return rendu

    def _save(self, nom, contenu):
        banc.instant("avant le fichier")
        if banc.meurt_ici():
            moitie = Path(self.path(nom))
            moitie.parent.mkdir(parents=True, exist_ok=True)
            octets = contenu.read()
            moitie.write_bytes(octets[: len(octets) // 2])
        banc.instant("au milieu du fichier")
        rendu = ecrire(self, nom, contenu)
        banc.instant("fichier écrit")
        return rendu

    BaseDatabaseWrapper._commit, FileSystemStorage._save = _commit, _save
    try:
        with connection.execute_wrapper(banc):
            yield banc
    except Coupure:
        connection.run_on_commit = []
        assert not connection.in_atomic_block
    finally:
        BaseDatabaseWrapper._commit, FileSystemStorage._save = valider, ecrire


def photographier() -> sqlite3.Connection:
    copie = sqlite3.connect(":memory:")
    connection.ensure_connection()
    connection.connection.backup(copie)
    return copie


def remettre(copie: sqlite3.Connection) -> None:
    copie.backup(connection.connection)


# --- ce qu'un redémarrage retrouve ------------------------------------------------------------------------


def _modeles() -> list[type[Model]]:
    tous = apps.get_models(include_auto_created=True)
    return [m for m in tous if m._meta.app_label in PIECES and m._meta.label not in SANS_SUITE]


def etat() -> Etat:
    """Toutes les lignes, sans les clés tirées au hasard ; un identifiant vaut par son rang."""
    modeles = _modeles()
    with connection.cursor() as curseur:
        rangs, lues = {}, {}
        for modele in modeles:
            nom, pk = modele._meta.db_table, modele._meta.pk.column
            lues[modele] = curseur.execute(f'SELECT * FROM "{nom}" ORDER BY "{pk}"').fetchall()
            colonnes = [c[0] for c in curseur.description]
            ici = colonnes.index(pk)
            rangs[modele] = {ligne[ici]: rang for rang, ligne in enumerate(lues[modele])}
            lues[modele] = (colonnes, lues[modele])
    return {m._meta.label: _lignes(m, *lues[m], rangs) for m in modeles}


def _lignes(
    modele: type[Model], colonnes: list[str], lues: list[tuple], rangs: dict[type[Model], dict]
) -> list[tuple]:
    liens = {f.column: rangs.get(f.related_model) for f in modele._meta.fields if isinstance(f, ForeignKey)}
    liens[modele._meta.pk.column] = rangs[modele]
    hasard = AU_HASARD.get(modele._meta.label, ())
    tables = [(i, liens.get(c)) for i, c in enumerate(colonnes) if c not in hasard]
    return [
        tuple(ligne[i] if rang is None else rang.get(ligne[i], ligne[i]) for i, rang in tables)
        for ligne in lues
    ]


def difference(avant: Etat, apres: Etat) -> str:
    """Ce qui sépare deux états, table par table, pour lire un échec."""
    dites = []
    for table, lignes in avant.items():
        if lignes != apres[table]:
            partis = [x for x in lignes if x not in apres[table]]
            venus = [x for x in apres[table] if x not in lignes]
            dites.append(f"{table} : -{len(partis)} +{len(venus)} {str(venus or partis)[:300]}")
    return " ; ".join(dites)


def fichiers() -> set[str]:
    racine = Path(settings.MEDIA_ROOT)
    return {str(p.relative_to(racine)) for p in racine.rglob("*") if p.is_file()}


def defauts_des_fichiers() -> list[str]:
    """Une ligne sans son fichier, ou un fichier qui n'est plus celui de la ligne."""
    fautes = []
    for f in Fichier.objects.all():
        chemin = Path(f.contenu.path)
        if not chemin.is_file():
            fautes.append(f"« {f.nom} » : une ligne sans son fichier")
        elif hashlib.sha256(chemin.read_bytes()).hexdigest() != f.empreinte:
            fautes.append(f"« {f.nom} » : le fichier n'est pas celui de la ligne")
    return fautes


def defauts_du_registre() -> list[str]:
    """Une chaîne rompue, ou un objet dont l'état n'est pas celui de son dernier événement."""
    fautes = [f"{a.lieu} : {a.phrase}" for a in verifier().anomalies]
    derniers = dict(Evenement.objects.order_by("pk").values_list("objet", "vers"))
    for modele in apps.get_models():
        if issubclass(modele, Suivi):
            for objet in modele._base_manager.all():
                if derniers.get(objet.designation()) != objet.etat:
                    fautes.append(f"{objet.designation()} : « {objet.etat} » sans son événement")
    return fautes
