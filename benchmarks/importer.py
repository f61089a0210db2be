"""Ce que coûte l'import de 50 000 lignes : secondes et mémoire de crête, essai à blanc puis import.

Une démonstration est construite ; ses dossiers ouverts de l'AAP perdent leur numéro Dauphin, et l'extraction
les décrit tous, parmi des lignes d'autres organismes. Chaque mesure est un processus neuf de la console.

Commande : python benchmarks/importer.py [--lignes 50000] [--var DOSSIER]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RACINE = Path(__file__).resolve().parent.parent
ENTETES = (
    "Code action", "Code SIRET", "Exercice", "Intitulé de l'action", "Statut", "Montant demandé",
    "Montant voté", "Date de décision", "EJ (Chorus)", "Date de transmission",
)  # fmt: skip
SIRET_D_AILLEURS = "73282932000074"


def construire(var: Path) -> None:
    commande = [sys.executable, "-m", "config.cli", "demo", "--sans-serveur", "--json"]
    environnement = os.environ | {"ENSEMBLIER_VAR": str(var)}
    subprocess.run(commande, cwd=RACINE, env=environnement, check=True, stdout=subprocess.DEVNULL)


def preparer() -> list[tuple[str, ...]]:
    """Les lignes des dossiers connus, dont les numéros sont ôtés de la base."""
    import django

    django.setup()
    from ensemblier.dossiers.models import Dossier

    aap = {"territoire__code": "lens-lievin", "appel__type": "AAP", "appel__exercice__gte": 2024}
    connus = Dossier.objects.filter(**aap).exclude(numero_dauphin="").exclude(etat="brouillon")
    lignes = [
        (d.numero_dauphin, d.organisme.siret, str(d.appel.exercice), d.intitule, "Transmise", *[""] * 5)
        for d in connus.select_related("organisme", "appel")
        if d.organisme.siret
    ]
    connus.exclude(etat__in=("clos", "irrecevable", "retire")).update(numero_dauphin="")
    return lignes


def ecrire_les_fichiers(dossier: Path, connues: list[tuple[str, ...]], combien: int) -> dict[str, Path]:
    from xlsxwriter import Workbook

    autres = [
        (f"DA{70000000 + n:08d}", SIRET_D_AILLEURS, "2026", f"Action d'ailleurs n° {n}", "Votée", "8000",
         "7000", "14/03/2026", f"EJ{n:09d}", "14/11/2025")
        for n in range(combien - len(connues))
    ]  # fmt: skip
    lignes = [*autres[: len(autres) // 2], *connues, *autres[len(autres) // 2 :]]
    en_csv, en_xlsx = dossier / "extraction.csv", dossier / "extraction.xlsx"
    with en_csv.open("w", encoding="utf-8-sig", newline="") as sortie:
        csv.writer(sortie, delimiter=";").writerows([ENTETES, *lignes])
    with Workbook(en_xlsx, {"constant_memory": True}) as classeur:
        page = classeur.add_worksheet()
        for rang, ligne in enumerate([ENTETES, *lignes]):
            page.write_row(rang, 0, ligne)
    return {"CSV": en_csv, "XLSX": en_xlsx}


def mesurer(fichier: Path, var: Path, *options: str) -> dict[str, object]:
    """Un processus neuf : ses secondes, sa mémoire de crête, ce qu'il a trouvé."""
    commande = [sys.executable, "-m", "config.cli", "importer", "dauphin", str(fichier), "--json", *options]
    commande += ["--territoire", "lens-lievin"]
    environnement = os.environ | {"ENSEMBLIER_VAR": str(var), "ENSEMBLIER_DEMONSTRATION": "1"}
    with tempfile.TemporaryFile("w+") as sortie, tempfile.TemporaryFile("w+") as erreurs:
        avant = time.perf_counter()
        enfant = subprocess.Popen(commande, cwd=RACINE, env=environnement, stdout=sortie, stderr=erreurs)
        _, _, usage = os.wait4(enfant.pid, 0)
        secondes = time.perf_counter() - avant
        sortie.seek(0)
        erreurs.seek(0)
        rendu = sortie.read()
        if not rendu:
            raise SystemExit(erreurs.read()[-2000:])
    cout = {
        "secondes": secondes,
        "processeur": usage.ru_utime + usage.ru_stime,
        "crete": usage.ru_maxrss / 1024,
    }
    return {**cout, **json.loads(rendu)}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lignes", type=int, default=50_000)
    options.add_argument("--var", default="", help="une démonstration déjà construite, qui sera changée")
    dits = options.parse_args()
    with tempfile.TemporaryDirectory() as temporaire:
        var = Path(dits.var) if dits.var else Path(temporaire) / "var"
        if not dits.var:
            construire(var)
        os.environ |= {"ENSEMBLIER_VAR": str(var), "ENSEMBLIER_DEMONSTRATION": "1"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        sys.path.insert(0, str(RACINE))
        connues = preparer()
        fichiers = ecrire_les_fichiers(Path(temporaire), connues, dits.lignes)
        sys.stdout.write(f"{dits.lignes} lignes, dont {len(connues)} de dossiers connus.\n")
        for quoi, fichier, *plus in (
            ("CSV, essai à blanc", "CSV"), ("XLSX, essai à blanc", "XLSX"),
            ("CSV, import", "CSV", "--appliquer", "--les-autres"),
            ("CSV, le même encore", "CSV", "--appliquer", "--les-autres"),
        ):  # fmt: skip
            lu = mesurer(fichiers[fichier], var, *plus)
            comptes = ", ".join(f"{n} {mot}" for mot, n in lu["comptes"].items())
            temps = f"{lu['secondes']:6.1f} s ({lu['processeur']:.1f} s de processeur)"
            sys.stdout.write(f"{quoi:22} {temps}   crête {lu['crete']:5.0f} Mo   {comptes}\n")


if __name__ == "__main__":
    main()
