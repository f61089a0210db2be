"""Retoucher un classeur exporté comme le ferait une personne : une case, une ligne, une feuille, une clé."""

import io
import re
import zipfile
from html import escape

from python_calamine import CalamineWorkbook
from xlsxwriter.utility import xl_col_to_name

FEUILLE, ORIGINE = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"


def lire(octets, feuille=0):
    return CalamineWorkbook.from_filelike(io.BytesIO(octets)).get_sheet_by_index(feuille).to_python()


def parties(octets):
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        return {nom: archive.read(nom) for nom in archive.namelist()}


def assembler(contenus):
    sortie = io.BytesIO()
    with zipfile.ZipFile(sortie, "w", zipfile.ZIP_DEFLATED) as archive:
        for nom, contenu in contenus.items():
            archive.writestr(nom, contenu)
    return sortie.getvalue()


def changer(octets, remplacer, partie=FEUILLE):
    """`remplacer(xml)` sur une partie du classeur ; lève si rien n'y a changé."""
    contenus = parties(octets)
    avant = contenus[partie].decode()
    apres = remplacer(avant)
    assert apres != avant, "la retouche n'a rien touché"
    contenus[partie] = apres.encode()
    return assembler(contenus)


def lieu(octets, numero, cle):
    """« F3 » : la case de cette colonne, sur la ligne de ce numéro (« cles » : la ligne cachée)."""
    lignes = lire(octets)
    rang = 0 if numero == "cles" else [x[0] for x in lignes].index(numero)
    return f"{xl_col_to_name(lignes[0].index(cle))}{rang + 1}"


def case(ou, valeur):
    """Le XML d'une case ; « = » ouvre une formule, dont la valeur n'est gardée qu'après « | »."""
    if isinstance(valeur, str) and valeur.startswith("="):
        formule, barre, gardee = valeur[1:].partition("|")
        return f'<c r="{ou}"><f>{formule}</f>{f"<v>{gardee}</v>" if barre else ""}</c>'
    if isinstance(valeur, str):
        return (
            f'<c r="{ou}" t="inlineStr"><is><t>{escape(valeur)}</t></is></c>' if valeur else f'<c r="{ou}"/>'
        )
    return f'<c r="{ou}"><v>{valeur!r}</v></c>'


def poser(octets, ou, valeur, partie=FEUILLE):
    motif = rf'<c r="{ou}"(?: [^>]*)?(?:/>|>.*?</c>)'
    return changer(octets, lambda xml: re.sub(motif, lambda _: case(ou, valeur), xml, count=1), partie)


def ecrire(octets, numero, valeur, cle="accorde-CALL"):
    """Écrit un nombre, un texte ou une formule dans la case d'un dossier."""
    return poser(octets, lieu(octets, numero, cle), valeur)


def ajouter(octets, numero, valeur, cle):
    """Écrit dans une case que l'export avait laissée vide : elle n'a pas de balise, on la crée."""
    ou = lieu(octets, numero, cle)
    colonne, rang = re.fullmatch(r"([A-Z]+)(\d+)", ou).groups()

    def poser_dans_la_ligne(xml):
        debut, ligne, suite = re.search(rf'(.*<row r="{rang}"[^>]*>)(.*?)(</row>.*)', xml, re.S).groups()
        cases = re.findall(r"<c r=\"[A-Z]+\d+\"(?: [^>]*)?(?:/>|>.*?</c>)", ligne, re.S)
        place = sum(_rang(re.match(r'<c r="([A-Z]+)', c)[1]) < _rang(colonne) for c in cases)
        return debut + "".join([*cases[:place], case(ou, valeur), *cases[place:]]) + suite

    return changer(octets, poser_dans_la_ligne)


def _rang(lettres):
    return (len(lettres), lettres)


def oter_la_ligne(octets, numero):
    rang = [x[0] for x in lire(octets)].index(numero) + 1
    return changer(octets, lambda xml: re.sub(rf'<row r="{rang}".*?</row>', "", xml, flags=re.S))


def doubler_la_ligne(octets, numero):
    """La même ligne, recopiée sous le tableau."""
    lignes = lire(octets)
    rang, fin = [x[0] for x in lignes].index(numero) + 1, len(lignes) + 1

    def copier(xml):
        ligne = re.search(rf'<row r="{rang}".*?</row>', xml, re.S)[0]
        copie = re.sub(rf'r="([A-Z]*){rang}"', rf'r="\g<1>{fin}"', ligne)
        return xml.replace("</sheetData>", f"{copie}</sheetData>")

    return changer(octets, copier)


def intervertir(octets, un, autre):
    """Deux lignes échangées : un tri fait dans le tableur."""
    numeros = [x[0] for x in lire(octets)]
    a, b = numeros.index(un) + 1, numeros.index(autre) + 1

    def echanger(xml):
        lignes = {r: re.search(rf'<row r="{r}".*?</row>', xml, re.S)[0] for r in (a, b)}

        def porter(de, vers):
            return re.sub(rf'r="([A-Z]*){de}"', rf'r="\g<1>{vers}"', lignes[de])

        haut, bas = sorted((a, b))
        return (
            xml.replace(lignes[haut], "@haut")
            .replace(lignes[bas], porter(haut, bas))
            .replace("@haut", porter(bas, haut))
        )

    return changer(octets, echanger)


def sans_origine(octets):
    """Le classeur sans sa feuille cachée."""
    contenus = parties(octets)
    classeur = contenus["xl/workbook.xml"].decode()
    contenus["xl/workbook.xml"] = re.sub(r'<sheet name="Origine"[^>]*/>', "", classeur).encode()
    return assembler(contenus)


def origine(octets, cle, valeur):
    """Une valeur changée dans la feuille cachée."""
    rang = [x[0] for x in lire(octets, 1)].index(cle) + 1
    return poser(octets, f"B{rang}", valeur, ORIGINE)
