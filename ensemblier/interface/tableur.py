"""Lire et écrire un petit tableur (.xlsx, .ods, .csv) : des cases, jamais une formule à exécuter.

La lecture rend la valeur que le tableur a calculée et gardée ; une formule sans valeur gardée, ou en
erreur, devient `SANS_VALEUR` : le lecteur (calamine) la rendrait vide, et un montant se perdrait en silence.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final
from xml.parsers import expat

from python_calamine import CalamineWorkbook

from .controles import ODS, XLSX, FichierRefuse, controler

POIDS = 1024 * 1024
LIGNES = 500
COLONNES = 50
_ENREGISTRER = "Ouvrez-le, enregistrez-le en .xlsx sous un autre nom, puis importez-le."
_ILLISIBLE = f"Ce tableur est abîmé ou écrit autrement que nous ne savons lire. {_ENREGISTRER}"
_ANCIEN = b"\xd0\xcf\x11\xe0"


class _SansValeur:
    """Une formule dont le résultat n'est pas dans le fichier, ou une erreur de calcul."""

    def __repr__(self) -> str:
        return "SANS_VALEUR"


SANS_VALEUR: Final = _SansValeur()


# --- Lire -------------------------------------------------------------------------------------------


def lire(octets: bytes) -> list[list[Any]]:
    """Les lignes de la première feuille, la ligne 1 du tableur à l'indice 0 ; lève `FichierRefuse`."""
    if not octets:
        raise FichierRefuse("Ce fichier est vide. Vérifiez qu'il s'ouvre chez vous, puis importez-le.")
    if len(octets) > POIDS:
        raise FichierRefuse("Ce fichier dépasse 1 Mo. Gardez la seule feuille à importer, puis recommencez.")
    if octets.startswith(_ANCIEN):
        raise FichierRefuse(
            f"Ce fichier est un ancien tableur (.xls) ou un tableur protégé par mot de passe. {_ENREGISTRER}"
        )
    if octets.startswith(b"PK\x03\x04"):
        return _lire_archive(octets)
    return _lire_csv(octets)


def _lire_archive(octets: bytes) -> list[list[Any]]:
    if not any(signe in octets for signe in (b"xl/workbook.xml", ODS.encode())):
        raise FichierRefuse("Ce fichier n'est pas un tableur. Importez un fichier .xlsx, .ods ou .csv.")
    try:
        genre = controler(octets, acceptes=(XLSX, ODS))
    except FichierRefuse as refus:
        quoi = str(refus).partition(". ")[0].partition(" : ")[0]
        raise FichierRefuse(f"{quoi}. {_ENREGISTRER}") from refus
    try:
        with zipfile.ZipFile(io.BytesIO(octets)) as archive:
            muettes = _releve_xlsx(archive) if genre == XLSX else _releve_ods(archive)
        with CalamineWorkbook.from_filelike(io.BytesIO(octets)) as classeur:
            lignes = classeur.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except FichierRefuse:
        raise
    except Exception as erreur:  # celles de calamine, d'expat, de zipfile : toutes veulent dire « illisible »
        raise FichierRefuse(_ILLISIBLE) from erreur
    return _marquer([list(ligne) for ligne in lignes], muettes)


def _marquer(lignes: list[list[Any]], muettes: Iterable[tuple[int, int]]) -> list[list[Any]]:
    """Rend sa place à chaque formule muette, même après la dernière case que calamine a vue."""
    for rang, colonne in muettes:
        lignes.extend([] for _ in range(rang - len(lignes)))
        ligne = lignes[rang - 1]
        ligne.extend("" for _ in range(colonne - len(ligne)))
        ligne[colonne - 1] = SANS_VALEUR
    return lignes


def _lire_csv(octets: bytes) -> list[list[Any]]:
    try:
        texte = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        texte = octets.decode("cp1252", errors="replace")
    if "\0" in texte or texte.startswith("%PDF"):
        raise FichierRefuse("Ce fichier n'est pas un tableur. Importez un fichier .xlsx, .ods ou .csv.")
    premiere = next((ligne for ligne in texte.splitlines() if ligne.strip()), "")
    separateur = max(";\t,", key=premiere.count)
    try:
        lignes = [list(ligne) for ligne in csv.reader(io.StringIO(texte, newline=""), delimiter=separateur)]
    except csv.Error as erreur:
        raise FichierRefuse(_ILLISIBLE) from erreur
    if len(lignes) > LIGNES or max(map(len, lignes), default=0) > COLONNES:
        raise _trop_grand()
    return lignes


def _trop_grand() -> FichierRefuse:
    return FichierRefuse(
        f"Ce tableur va au-delà de {LIGNES} lignes ou de {COLONNES} colonnes. "
        "Gardez la seule feuille à importer, puis recommencez."
    )


# --- Écrire -----------------------------------------------------------------------------------------


def ecrire(
    feuille: str, entetes: Sequence[str], lignes: Iterable[Sequence[Any]], *, largeurs: Sequence[int]
) -> bytes:
    """Un .xlsx d'une feuille : un texte reste un texte, même « =1+1 » ; un `Decimal` est un montant.

    Une ligne d'un seul texte est un titre ; `None` est une case de montant à remplir.
    """
    from xlsxwriter import Workbook

    sortie = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(sortie, options) as classeur:
        page = classeur.add_worksheet(feuille)
        gras = classeur.add_format({"bold": True, "quote_prefix": True})
        # L'apostrophe d'Excel : la case reste un texte même si on la modifie, ou la recopie ailleurs.
        texte = classeur.add_format({"quote_prefix": True, "text_wrap": True, "valign": "top"})
        montant = classeur.add_format({"num_format": "#,##0.00", "valign": "top"})
        for colonne, (entete, largeur) in enumerate(zip(entetes, largeurs, strict=True)):
            page.set_column(colonne, colonne, largeur)
            page.write_string(0, colonne, entete, gras)
        for rang, ligne in enumerate(lignes, start=1):
            for colonne, valeur in enumerate(ligne):
                if valeur is None:
                    page.write_blank(rang, colonne, None, montant)
                elif isinstance(valeur, Decimal):
                    page.write_number(rang, colonne, float(valeur), montant)
                else:
                    page.write_string(rang, colonne, valeur, gras if len(ligne) == 1 else texte)
        page.freeze_panes(1, 0)
        page.repeat_rows(0)
        page.set_paper(9)
        page.fit_to_pages(1, 0)
    return sortie.getvalue()


# --- Relever, avant calamine ------------------------------------------------------------------------
# Calamine réserve le rectangle entier des cases : une case en XFD1048576 prendrait toute la mémoire.


class _Releve:
    """Parcourt le XML d'une feuille : borne ses cases, retient celles dont la formule n'a pas de valeur."""

    def __init__(self) -> None:
        self.muettes: set[tuple[int, int]] = set()
        self.ligne = self.colonne = 0

    def parcourir(self, xml: bytes) -> set[tuple[int, int]]:
        lecteur = expat.ParserCreate(namespace_separator=" ")
        lecteur.StartDoctypeDeclHandler = self._doctype
        lecteur.StartElementHandler = lambda nom, attributs: self.ouvrir(_nu(nom), _attributs(attributs))
        lecteur.EndElementHandler = lambda nom: self.fermer(_nu(nom))
        lecteur.CharacterDataHandler = self.texte
        lecteur.Parse(xml, True)
        return self.muettes

    @staticmethod
    def _doctype(*_: Any) -> None:
        raise FichierRefuse(_ILLISIBLE)

    def ouvrir(self, nom: str, attributs: dict[str, str]) -> None: ...

    def fermer(self, nom: str) -> None: ...

    def texte(self, texte: str) -> None: ...

    def _borner(self, ligne: int, colonne: int) -> None:
        if ligne > LIGNES or colonne > COLONNES:
            raise _trop_grand()


def _nu(nom: str) -> str:
    return nom.rpartition(" ")[2]


def _attributs(attributs: dict[str, str]) -> dict[str, str]:
    """Sans leur espace de noms ; deux du même nom se joignent (« string error » dans un .ods)."""
    nus: dict[str, str] = {}
    for nom, valeur in attributs.items():
        nus[_nu(nom)] = f"{nus[_nu(nom)]} {valeur}" if _nu(nom) in nus else valeur
    return nus


class _ReleveXlsx(_Releve):
    """`<c r="C5" t="e"><f>…</f><v>…</v></c>` : une formule, son résultat gardé, ou une erreur."""

    def __init__(self) -> None:
        super().__init__()
        self.type = self.valeur = ""
        self.formule = self.dans_valeur = False

    def ouvrir(self, nom: str, attributs: dict[str, str]) -> None:
        if nom == "row":
            self.ligne, self.colonne = int(attributs.get("r") or self.ligne + 1), 0
        elif nom == "c":
            self.colonne = _colonne(attributs.get("r", "")) or self.colonne + 1
            self.type, self.valeur, self.formule = attributs.get("t", ""), "", False
            self._borner(self.ligne, self.colonne)
        elif nom == "f":
            self.formule = True
        self.dans_valeur = nom == "v"

    def texte(self, texte: str) -> None:
        if self.dans_valeur:
            self.valeur += texte

    def fermer(self, nom: str) -> None:
        self.dans_valeur = False
        if nom == "c" and (self.type == "e" or (self.formule and not self.valeur.strip())):
            self.muettes.add((self.ligne, self.colonne))


def _colonne(reference: str) -> int:
    """« C5 » : 3 ; sans référence : 0."""
    rang = 0
    for lettre in reference:
        if not lettre.isalpha():
            break
        rang = rang * 26 + ord(lettre.upper()) - ord("A") + 1
    return rang


def _releve_xlsx(archive: zipfile.ZipFile) -> set[tuple[int, int]]:
    """Le relevé de la première feuille, trouvée comme calamine la trouve : le classeur, puis ses liens."""
    feuilles, liens = _Classeur(), _Classeur()
    feuilles.parcourir(archive.read("xl/workbook.xml"))
    liens.parcourir(archive.read("xl/_rels/workbook.xml.rels"))
    cible = liens.cibles[feuilles.feuilles[0]]
    chemin = cible.lstrip("/") if cible.startswith("/") else f"xl/{cible}"
    return _ReleveXlsx().parcourir(archive.read(chemin))


class _Classeur(_Releve):
    def __init__(self) -> None:
        super().__init__()
        self.feuilles: list[str] = []
        self.cibles: dict[str, str] = {}

    def ouvrir(self, nom: str, attributs: dict[str, str]) -> None:
        if nom == "sheet":
            self.feuilles.append(attributs["id"])
        elif nom == "Relationship":
            self.cibles[attributs["Id"]] = attributs["Target"]


class _ReleveOds(_Releve):
    """Une ligne ou une case peut se répéter : vide, elle ne compte pas ; pleine, autant de fois."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = self.repetee = 0

    def ouvrir(self, nom: str, attributs: dict[str, str]) -> None:
        if nom == "table":
            self.tables += 1
        if self.tables != 1:
            return
        if nom == "table-row":
            self.ligne, self.colonne = self.ligne + 1, 0
            self.repetee = int(attributs.get("number-rows-repeated", 1))
        elif nom in ("table-cell", "covered-table-cell"):
            self._case(attributs)

    def _case(self, attributs: dict[str, str]) -> None:
        fois = int(attributs.get("number-columns-repeated", 1))
        genre = attributs.get("value-type", "")
        if genre or "formula" in attributs:
            self._borner(self.ligne + self.repetee - 1, self.colonne + fois)
        if "formula" in attributs and (not genre or "error" in genre.split()):
            self.muettes |= {(self.ligne, self.colonne + n + 1) for n in range(fois)}
        self.colonne += fois

    def fermer(self, nom: str) -> None:
        if nom == "table-row" and self.tables == 1:
            self.ligne += self.repetee - 1


def _releve_ods(archive: zipfile.ZipFile) -> set[tuple[int, int]]:
    return _ReleveOds().parcourir(archive.read("content.xml"))
