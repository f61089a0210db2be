"""`ensemblier sauvegarder` et `restaurer` : un fichier, la base et les contenus, relus par empreinte."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import zlib
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MANIFESTE, BASE, FICHIERS = "manifeste.json", "base", "fichiers"


class SauvegardeRefusee(Exception):
    """La sauvegarde est incomplète, altérée, ou la place est prise : rien n'a été écrit."""


def sauvegarder(args: argparse.Namespace) -> int:
    """Écrit l'archive ; la base d'abord, d'un seul instant, puis les contenus qu'elle nomme."""
    try:
        manifeste = ecrire(Path(args.archive))
    except SauvegardeRefusee as refus:
        print(f"Sauvegarde refusée : {refus}", file=sys.stderr)
        return 1
    _dire(args, manifeste, f"Sauvegarde écrite : {args.archive}, {len(manifeste['empreintes'])} fichiers.")
    return 0


def restaurer(args: argparse.Namespace) -> int:
    """Relit toutes les empreintes avant d'écrire ; refuse une base qui contient déjà des données."""
    try:
        manifeste = relire(Path(args.archive), remplacer=args.remplacer)
    except SauvegardeRefusee as refus:
        print(f"Restauration refusée : {refus}", file=sys.stderr)
        return 1
    _dire(args, manifeste, f"Restauration faite, {len(manifeste['empreintes'])} fichiers relus.")
    return 0


def _dire(args: argparse.Namespace, manifeste: dict[str, Any], phrase: str) -> None:
    resume = {cle: manifeste[cle] for cle in ("fait_le", "moteur", "version", "tete_du_registre")}
    print(json.dumps(resume, ensure_ascii=False, indent=2) if args.json else phrase)


def _empreinte(chemin: Path) -> str:
    with chemin.open("rb") as flux:
        return hashlib.file_digest(flux, "sha256").hexdigest()


def ecrire(archive: Path, tete: str = "") -> dict[str, Any]:
    """Écrit l'archive et rend son manifeste ; `tete` : celle du registre, s'il vient d'être relu."""
    from django.conf import settings
    from django.db import connection

    from ensemblier.registre.verification import verifier

    with tempfile.TemporaryDirectory(prefix="sauvegarde-") as dossier:
        racine = Path(dossier)
        tete = tete or verifier().tete  # avant la copie, qui contient alors au moins ce sceau
        _copier_la_base(racine / BASE)
        source = Path(settings.MEDIA_ROOT)
        if source.exists():
            shutil.copytree(source, racine / FICHIERS)
        contenus = sorted(p for p in racine.rglob("*") if p.is_file())
        manifeste = {
            "fait_le": datetime.now(UTC).isoformat(),
            "moteur": connection.vendor,
            "version": _version(),
            "tete_du_registre": tete,
            "empreintes": {str(p.relative_to(racine)): _empreinte(p) for p in contenus},
        }
        (racine / MANIFESTE).write_text(json.dumps(manifeste, ensure_ascii=False, indent=1))
        archive.parent.mkdir(parents=True, exist_ok=True)
        provisoire = archive.with_suffix(archive.suffix + ".partiel")
        with tarfile.open(provisoire, "w:gz", compresslevel=3) as tar:
            tar.add(racine, arcname=".")
        provisoire.replace(archive)
    return manifeste


def relire(archive: Path, *, remplacer: bool) -> dict[str, Any]:
    from django.conf import settings

    with tempfile.TemporaryDirectory(prefix="restauration-") as dossier:
        racine = Path(dossier)
        try:
            with tarfile.open(archive) as tar:
                deballer(tar, racine)
            manifeste: dict[str, Any] = json.loads((racine / MANIFESTE).read_text())
        except (OSError, tarfile.TarError, zlib.error, EOFError, ValueError, KeyError) as erreur:
            raise SauvegardeRefusee(f"« {archive} » ne se lit pas ({erreur}).") from erreur
        _controler(racine, manifeste)
        if not remplacer and _base_occupee():
            raise SauvegardeRefusee(
                "la base contient déjà des données. Videz-la, ou relancez avec --remplacer."
            )
        _remettre_la_base(racine / BASE, moteur=manifeste["moteur"])
        destination = Path(settings.MEDIA_ROOT)
        if destination.exists():
            shutil.rmtree(destination)
        if (racine / FICHIERS).exists():
            shutil.copytree(racine / FICHIERS, destination)
    return manifeste


def deballer(tar: tarfile.TarFile, racine: Path) -> None:
    """Déballe sous `racine` les fichiers de l'archive ; un lien, ou un chemin qui en sort, la fait refuser.

    Le Python 3.11.2 de Debian 12 n'a pas encore le filtre « data » de tarfile.
    """
    for membre in tar:
        chemin = (racine / membre.name).resolve()
        if not chemin.is_relative_to(racine.resolve()) or not (membre.isdir() or membre.isfile()):
            raise tarfile.TarError(f"« {membre.name} » n'est pas un fichier de la sauvegarde")
        contenu = tar.extractfile(membre)
        (chemin if contenu is None else chemin.parent).mkdir(parents=True, exist_ok=True)
        if contenu is not None:
            with contenu, chemin.open("wb") as ecrit:
                shutil.copyfileobj(contenu, ecrit)


def _controler(racine: Path, manifeste: dict[str, Any]) -> None:
    presents = {str(p.relative_to(racine)) for p in racine.rglob("*") if p.is_file()} - {MANIFESTE}
    attendus = set(manifeste["empreintes"])
    if ecart := presents ^ attendus:
        raise SauvegardeRefusee(f"fichiers en trop ou manquants : {', '.join(sorted(ecart)[:5])}.")
    for nom, empreinte in manifeste["empreintes"].items():
        if _empreinte(racine / nom) != empreinte:
            raise SauvegardeRefusee(f"« {nom} » n'est plus le fichier sauvegardé.")


def _version() -> str:
    from importlib.metadata import version

    return version("ensemblier")


def _base_occupee() -> bool:
    from django.db import connection

    return "registre_evenement" in connection.introspection.table_names() and _a_des_evenements()


def _a_des_evenements() -> bool:
    from ensemblier.registre.models import Evenement

    return Evenement.objects.exists()


def _copier_la_base(cible: Path) -> None:
    from django.db import connection

    if connection.vendor == "sqlite":
        with connection.cursor() as curseur:
            curseur.execute("VACUUM INTO %s", [str(cible)])
    else:
        _lancer("pg_dump", *_liaison(), "--format=custom", "--no-owner", f"--file={cible}")


def _remettre_la_base(source: Path, *, moteur: str) -> None:
    from django.db import connection

    if connection.vendor != moteur:
        raise SauvegardeRefusee(f"l'archive est de {moteur}, la base d'ici est {connection.vendor}.")
    if moteur == "sqlite":
        _eprouver(source)
        connection.close()
        base = Path(connection.settings_dict["NAME"])
        base.parent.mkdir(parents=True, exist_ok=True)
        for reste in (base.with_name(base.name + "-wal"), base.with_name(base.name + "-shm")):
            reste.unlink(missing_ok=True)
        shutil.copyfile(source, base)
    else:
        with tempfile.TemporaryDirectory(prefix="remise-") as dossier:
            _remettre_sur_postgresql(source, Path(dossier))


def _remettre_sur_postgresql(source: Path, dossier: Path) -> None:
    """Tout ou rien, en une transaction : l'archive peut être d'une version qui avait moins de tables."""
    from django.db import connection

    vider, remettre = dossier / "vider.sql", dossier / "remettre.sql"
    _lancer("pg_restore", "--clean", "--if-exists", "--no-owner", f"--file={remettre}", str(source))
    noms = ('"' + nom.replace('"', '""') + '"' for nom in connection.introspection.table_names())
    vider.write_text("".join(f"DROP TABLE IF EXISTS {nom} CASCADE;\n" for nom in noms))
    _lancer(
        "psql", *_liaison(), "--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1",
        f"--file={vider}", f"--file={remettre}",
    )  # fmt: skip


def _eprouver(copie: Path) -> None:
    """Une base SQLite se relit avant de prendre la place d'une autre ; PostgreSQL défait tout s'il échoue."""
    with closing(sqlite3.connect(f"{copie.as_uri()}?mode=ro", uri=True)) as base:
        try:
            (etat,) = base.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as erreur:
            etat = str(erreur)
    if etat != "ok":
        raise SauvegardeRefusee(f"la base sauvegardée ne se relit pas ({etat}). Prenez une autre archive.")


def _liaison() -> list[str]:
    """L'adresse de la base de la maison ; le mot de passe n'y est pas, il passe par l'environnement."""
    from django.db import connection

    connection.ensure_connection()
    adresse = connection.connection.info.dsn
    connection.close()
    return [f"--dbname={adresse}"]


def _lancer(programme: str, *arguments: str) -> None:
    """pg_dump, pg_restore ou psql ; un échec est une `SauvegardeRefusee`."""
    from django.conf import settings
    from django.db import connection

    chemin = shutil.which(programme, path=settings.OUTILS_POSTGRESQL or None)
    if chemin is None:
        raise SauvegardeRefusee(
            f"{programme} est introuvable. Installez postgresql-client, de la version du serveur ou plus "
            "récente, ou dites son dossier par ENSEMBLIER_PG_BIN."
        )
    secret = connection.settings_dict["PASSWORD"]
    fin = subprocess.run(
        [chemin, *arguments],
        env=os.environ | ({"PGPASSWORD": secret} if secret else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if fin.returncode:
        raise SauvegardeRefusee(f"{programme} a échoué : {fin.stderr.strip()[-300:]}")
