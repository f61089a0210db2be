"""Ce que coûte le tableau de programmation en tableur : l'exporter, le relire à blanc, l'appliquer.

Une démonstration est construite, puis les dossiers recevables de l'AAP 2026 y sont recopiés jusqu'à la taille
voulue ; chacun a une case à écrire. Le fichier exporté reçoit un montant à centimes dans chacune, est relu,
essayé, appliqué ; puis la base est relue : chaque centime doit y être. Chaque pas est un processus neuf,
sa mémoire de crête est la sienne.

Commande : python benchmarks/classeur.py [--base sqlite|postgresql] [--lignes 2000]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from grille import APPEL, preparer
from liste import _construire, base_jetable

QUI = "benoit@call.example"
FEUILLE = "xl/worksheets/sheet1.xml"
Pas = Callable[[Path], dict[str, Any]]


def _acteur() -> Any:
    from django.utils import timezone

    from ensemblier.comptes.droits import acteur_de
    from ensemblier.comptes.models import Utilisateur
    from ensemblier.territoires.models import Territoire

    return acteur_de(Utilisateur.objects.get(courriel=QUI), Territoire.objects.get(), le=timezone.localdate())


def _appel() -> Any:
    from ensemblier.appels.models import Appel

    return Appel.objects.select_related("reglement", "territoire").get(code=APPEL)


def exporter(fichier: Path) -> dict[str, Any]:
    from django.http import QueryDict
    from django.utils import timezone

    from ensemblier.programmation import classeur
    from ensemblier.programmation.grille import Grille

    grille = Grille(_acteur(), _appel(), QueryDict(), le=timezone.now())
    fichier.write_bytes(classeur.ecrire(grille).read())
    return {"dit": f"{fichier.stat().st_size / 1024:.0f} Ko"}


def relire(fichier: Path) -> dict[str, Any]:
    from ensemblier.programmation import retour

    appel = _appel()
    cases = retour.relire(fichier.read_bytes(), territoire=appel.territoire.code, appel=appel.code)
    return {"dit": f"{len(cases)} cases changées"}


def essayer(fichier: Path) -> dict[str, Any]:
    from django.utils import timezone

    from ensemblier.programmation import retour

    le, par = timezone.now(), _acteur()
    recu = retour.recevoir(
        _appel(), octets=fichier.read_bytes(), nom=fichier.name, cle="banc", par=par, le=le
    )
    retour.essayer(recu, par=par, le=le)
    return {"dit": retour.phrase_de_l_essai(recu)}


def appliquer(_fichier: Path) -> dict[str, Any]:
    from django.utils import timezone

    from ensemblier.programmation import retour
    from ensemblier.programmation.models import Retour

    recu = Retour.objects.select_related("fichier").latest("pk")
    recu.appel = _appel()
    combien = retour.appliquer(recu, essai=recu.essais, par=_acteur(), le=timezone.now())
    return {"dit": f"{combien} cases écrites"}


PAS: dict[str, Pas] = {
    "export": exporter, "relecture seule": relire, "essai à blanc": essayer, "application": appliquer,
}  # fmt: skip


def mesurer(pas: str, fichier: Path) -> dict[str, Any]:
    """Un processus neuf : ses secondes (sans le démarrage), son processeur, sa mémoire de crête."""
    commande = [sys.executable, __file__, "--pas", pas, "--fichier", str(fichier)]
    with tempfile.TemporaryFile("w+") as sortie:
        enfant = subprocess.Popen(commande, stdout=sortie)
        _, etat, usage = os.wait4(enfant.pid, 0)
        if etat:
            raise SystemExit(f"« {pas} » a échoué.")
        sortie.seek(0)
        return {**json.loads(sortie.read()), "processeur": usage.ru_utime + usage.ru_stime}


def crete() -> int:
    """La mémoire de crête de ce processus, en Mo ; celle de `wait4` serait celle de son parent."""
    lue = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(lue[1]) // 1024 if lue else 0


def retoucher(fichier: Path) -> dict[str, Decimal]:
    """Un montant à centimes dans chaque case vide de la colonne CALL ; rend ce qui fut écrit, par numéro."""
    from python_calamine import CalamineWorkbook
    from xlsxwriter.utility import xl_col_to_name

    octets = fichier.read_bytes()
    lignes = CalamineWorkbook.from_filelike(io.BytesIO(octets)).get_sheet_by_index(0).to_python()
    colonne = xl_col_to_name(lignes[0].index("accorde-CALL"))
    ecrits: dict[str, Decimal] = {}

    def remplir(lue: re.Match[str]) -> str:
        rang = int(lue[1])
        montant = ecrits[str(lignes[rang - 1][0])] = Decimal(10_000 + rang * 7) / 100
        return f'<c r="{colonne}{rang}"{lue[2]}><v>{montant}</v></c>'

    sortie = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(octets)) as avant,
        zipfile.ZipFile(sortie, "w", zipfile.ZIP_DEFLATED) as apres,
    ):
        for nom in avant.namelist():
            contenu = avant.read(nom)
            if nom == FEUILLE:
                contenu = re.sub(rf'<c r="{colonne}(\d+)"([^>]*)/>', remplir, contenu.decode()).encode()
            apres.writestr(nom, contenu)
    fichier.write_bytes(sortie.getvalue())
    return ecrits


def ecarts(ecrits: dict[str, Decimal]) -> int:
    """Les cases dont la base ne dit pas le montant écrit dans le fichier, au centime."""
    from ensemblier.dossiers.models import Demande

    lus = dict(
        Demande.objects.filter(dossier__appel__code=APPEL, financeur__code="CALL").values_list(
            "dossier__numero", "propose"
        )
    )
    return sum(lus.get(numero) != montant for numero, montant in ecrits.items())


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--base", choices=("postgresql", "sqlite"), default="sqlite")
    options.add_argument("--lignes", type=int, default=2000)
    options.add_argument("--pas", choices=PAS, help=argparse.SUPPRESS)
    options.add_argument("--fichier", type=Path, help=argparse.SUPPRESS)
    dits = options.parse_args()
    import django

    if dits.pas:
        django.setup()
        avant = time.perf_counter()
        rendu = PAS[dits.pas](dits.fichier)
        print(json.dumps({**rendu, "secondes": time.perf_counter() - avant, "crete": crete()}))
        return
    with tempfile.TemporaryDirectory() as dossier, base_jetable(dits.base, Path(dossier) / "var"):
        django.setup()
        _construire()
        lignes, fichier = preparer(dits.lignes), Path(dossier) / "tableau.xlsx"
        from django.db import connections

        connections.close_all()
        charge = os.getloadavg()[0]
        machine = f"{platform.machine()}, {os.cpu_count()} cœurs, {dits.base}"
        print(f"{machine}, {lignes} lignes, charge {charge:.1f}")
        ecrits: dict[str, Decimal] = {}
        for pas in PAS:
            lu = mesurer(pas, fichier)
            temps = f"{lu['secondes']:6.1f} s ({lu['processeur']:.1f} s de processeur, démarrage compris)"
            print(f"{pas:16} {temps}   crête {lu['crete']:4.0f} Mo   {lu['dit']}")
            ecrits = ecrits or retoucher(fichier)
        relus = f"{len(ecrits)} montants relus dans la base, {ecarts(ecrits)} faux"
        print(f"{relus} ; charge {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
