"""LibreOffice Calc piloté sans fenêtre : ouvre SOURCE, écrit des cases, enregistre sous ARRIVEE.

Lancé par le Python du système, le seul qui connaisse `uno`. L'entrée standard dit `{"F4": 1234.5}` : un
nombre se tape en nombre, un texte qui commence par « = » en formule, tout autre en texte ; `null` vide la
case.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.lang import DisposedException

FILTRES = {".xlsx": "Calc MS Excel 2007 XML", ".ods": "calc8"}


def _dit(nom, valeur):
    propriete = PropertyValue()
    propriete.Name, propriete.Value = nom, valeur
    return propriete


@contextlib.contextmanager
def bureau():
    """Un LibreOffice à profil neuf, joint par un tube nommé, arrêté en partant quoi qu'il arrive."""
    with tempfile.TemporaryDirectory() as profil:
        tube = Path(profil).name
        lance = subprocess.Popen(
            ["soffice", "--headless", "--norestore", "--nologo", f"-env:UserInstallation=file://{profil}",
             f"--accept=pipe,name={tube};urp;"],
            start_new_session=True,
        )  # fmt: skip
        joint = None
        try:
            joint = _joindre(tube)
            yield joint
        finally:
            _arreter(lance, joint)


def _arreter(lance, joint):
    """Poliment, puis tout son groupe : « soffice » n'est qu'une enveloppe autour du vrai processus."""
    if joint is not None:
        with contextlib.suppress(DisposedException):
            joint.terminate()
    try:
        lance.wait(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(lance.pid, signal.SIGKILL)
        lance.wait()


def _joindre(tube):
    ici = uno.getComponentContext()
    resolveur = ici.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", ici)
    for _ in range(300):
        with contextlib.suppress(NoConnectException):
            la_bas = resolveur.resolve(f"uno:pipe,name={tube};urp;StarOffice.ComponentContext")
            return la_bas.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", la_bas)
        time.sleep(0.2)
    raise SystemExit("LibreOffice ne répond pas après une minute.")


def ecrire(feuille, lieu, valeur):
    """Comme au clavier : une case verrouillée refuse, au lieu de se laisser écrire par programme."""
    case = feuille.getCellRangeByName(lieu)
    if case.CellProtection.IsLocked and feuille.isProtected():
        raise SystemExit(f"La case {lieu} est protégée : LibreOffice ne laisserait personne l'écrire.")
    if valeur is None:
        case.setString("")
    elif isinstance(valeur, int | float):
        case.setValue(valeur)
    elif valeur.startswith("="):
        case.setFormula(valeur)
    else:
        case.setString(valeur)


def main():
    source, arrivee, cases = Path(sys.argv[1]), Path(sys.argv[2]), json.load(sys.stdin)
    with bureau() as joint:
        document = joint.loadComponentFromURL(source.as_uri(), "_blank", 0, (_dit("Hidden", True),))
        feuille = document.Sheets.getByIndex(0)
        for lieu, valeur in cases.items():
            ecrire(feuille, lieu, valeur)
        document.calculateAll()
        document.storeToURL(arrivee.as_uri(), (_dit("FilterName", FILTRES[arrivee.suffix]),))
        document.close(True)


main()
