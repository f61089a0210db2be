"""Lire et écrire un petit tableur (.xlsx, .ods, .csv) : des cases, jamais une formule à exécuter.

La lecture rend la valeur que le tableur a calculée et gardée ; une formule sans valeur gardée, ou en
erreur, devient `SANS_VALEUR` : le lecteur (calamine) la rendrait vide, et un montant se perdrait en silence.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.parsers import expat

from python_calamine import CalamineWorkbook

from .controles import ODS, XLSX, FichierRefuse, controler
from .tableur_ecrit import ecrire

__all__ = [
    "COLONNES",
    "LIGNES",
    "PETIT",
    "POIDS",
    "SANS_VALEUR",
    "Bornes",
    "FeuilleAbsente",
    "FichierRefuse",
    "ecrire",
    "lire",
    "parcourir",
]

POIDS = 1024 * 1024
LIGNES = 500
COLONNES = 50
_ENREGISTRER = "Ouvrez-le, enregistrez-le en .xlsx sous un autre nom, puis importez-le."
_ILLISIBLE = f"Ce tableur est abîmé ou écrit autrement que nous ne savons lire. {_ENREGISTRER}"
_REFERENCE = re.compile(r"([A-Za-z]{0,3})([0-9]{0,7})")
AUTRES = 1_000_000
"""Cases des feuilles d'un .ods qu'on ne lit pas : calamine les ouvre toutes."""
_ANCIEN = b"\xd0\xcf\x11\xe0"


class _SansValeur:
    """Une formule dont le résultat n'est pas dans le fichier, ou une erreur de calcul."""

    def __repr__(self) -> str:
        return "SANS_VALEUR"


SANS_VALEUR: Final = _SansValeur()


class FeuilleAbsente(FichierRefuse):
    """Le classeur se lit, mais n'a pas de feuille de ce nom ; un .csv n'en a aucune."""


@dataclass(frozen=True, slots=True)
class Bornes:
    """Ce qu'on accepte de lire : octets, lignes, colonnes."""

    poids: int = POIDS
    lignes: int = LIGNES
    colonnes: int = COLONNES

    def refuser(self) -> FichierRefuse:
        return FichierRefuse(
            f"Ce tableur va au-delà de {self.lignes} lignes ou de {self.colonnes} colonnes. "
            "Gardez la seule feuille à importer, puis recommencez."
        )


PETIT = Bornes()


# --- Lire -------------------------------------------------------------------------------------------


def lire(octets: bytes, bornes: Bornes = PETIT) -> list[list[Any]]:
    """Les lignes de la première feuille, la ligne 1 du tableur à l'indice 0 ; lève `FichierRefuse`."""
    return list(parcourir(octets, bornes))


def parcourir(octets: bytes, bornes: Bornes = PETIT, *, feuille: str = "") -> Iterator[list[Any]]:
    """Les mêmes lignes, une à une ; tout ce qui refuse le fichier le fait avant la première.

    `feuille` : une autre que la première, par son nom ; lève `FeuilleAbsente` si le fichier ne l'a pas.
    """
    if not octets:
        raise FichierRefuse("Ce fichier est vide. Vérifiez qu'il s'ouvre chez vous, puis importez-le.")
    if len(octets) > bornes.poids:
        raise FichierRefuse(
            f"Ce fichier dépasse {bornes.poids // (1024 * 1024)} Mo. Gardez la seule feuille à importer, "
            "puis recommencez."
        )
    if octets.startswith(_ANCIEN):
        raise FichierRefuse(
            f"Ce fichier est un ancien tableur (.xls) ou un tableur protégé par mot de passe. {_ENREGISTRER}"
        )
    if octets.startswith(b"PK\x03\x04"):
        return _lire_archive(octets, bornes, feuille)
    lignes = _lire_csv(octets, bornes)
    if feuille:
        raise FeuilleAbsente(f"Ce fichier n'est pas un classeur : il n'a pas de feuille « {feuille} ».")
    return lignes


def _lire_archive(octets: bytes, bornes: Bornes, nom: str) -> Iterator[list[Any]]:
    if not any(signe in octets for signe in (b"xl/workbook.xml", ODS.encode())):
        raise FichierRefuse("Ce fichier n'est pas un tableur. Importez un fichier .xlsx, .ods ou .csv.")
    try:
        genre = controler(octets, acceptes=(XLSX, ODS))
    except FichierRefuse as refus:
        quoi = str(refus).partition(". ")[0].partition(" : ")[0]
        raise FichierRefuse(f"{quoi}. {_ENREGISTRER}") from refus
    try:
        with zipfile.ZipFile(io.BytesIO(octets)) as archive:
            releve = _releve_xlsx if genre == XLSX else _releve_ods
            muettes = releve(archive, bornes, nom)
        classeur = CalamineWorkbook.from_filelike(io.BytesIO(octets))
        feuille = classeur.get_sheet_by_name(nom) if nom else classeur.get_sheet_by_index(0)
    except FichierRefuse:
        raise
    except Exception as erreur:  # celles de calamine, d'expat, de zipfile : toutes veulent dire « illisible »
        raise FichierRefuse(_ILLISIBLE) from erreur
    return _marquer(_cases(feuille), muettes)


def _cases(feuille: Any) -> Iterator[list[Any]]:
    """Les lignes depuis A1 : calamine les rend depuis la première case pleine."""
    haut, gauche = feuille.start or (0, 0)
    yield from ([] for _ in range(haut))
    for ligne in feuille.iter_rows():
        yield [*([""] * gauche), *map(_sans_nul, ligne)]


def _sans_nul(valeur: Any) -> Any:
    """« _x0000_ » s'écrit dans un .xlsx : l'octet nul qu'il dit, PostgreSQL ne le garde pas."""
    return valeur.replace("\0", "") if isinstance(valeur, str) else valeur


def _marquer(lignes: Iterable[list[Any]], muettes: Iterable[tuple[int, int]]) -> Iterator[list[Any]]:
    """Rend sa place à chaque formule muette, même après la dernière case que calamine a vue."""
    par_ligne: dict[int, list[int]] = {}
    for rang, colonne in muettes:
        par_ligne.setdefault(rang, []).append(colonne)
    rang = 0
    for rang, ligne in enumerate(lignes, start=1):
        yield _poser(ligne, par_ligne.pop(rang, ()))
    for suivant in range(rang + 1, max(par_ligne, default=0) + 1):
        yield _poser([], par_ligne.get(suivant, ()))


def _poser(ligne: list[Any], colonnes: Iterable[int]) -> list[Any]:
    for colonne in colonnes:
        ligne.extend("" for _ in range(colonne - len(ligne)))
        ligne[colonne - 1] = SANS_VALEUR
    return ligne


_MARQUES_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _texte_du_csv(octets: bytes) -> str:
    """UTF-8, à défaut Windows-1252 ; UTF-16 s'il se marque : le « Texte Unicode » d'Excel."""
    if octets.startswith(_MARQUES_UTF16):
        try:
            return octets.decode("utf-16")
        except UnicodeDecodeError as erreur:
            raise FichierRefuse(
                "Ce fichier se dit en UTF-16 et s'arrête au milieu d'un caractère : il est incomplet. "
                "Enregistrez-le de nouveau en « CSV UTF-8 », puis importez-le."
            ) from erreur
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("cp1252", errors="replace")


def _lire_csv(octets: bytes, bornes: Bornes) -> Iterator[list[Any]]:
    texte = _texte_du_csv(octets).lstrip("\ufeff")
    if "\0" in texte or texte.startswith("%PDF"):
        raise FichierRefuse("Ce fichier n'est pas un tableur. Importez un fichier .xlsx, .ods ou .csv.")
    premiere = next((ligne for ligne in texte.splitlines() if ligne.strip()), "")
    separateur = max(";\t,", key=premiere.count)
    lignes = 0
    try:
        for ligne in csv.reader(io.StringIO(texte, newline=""), delimiter=separateur):
            lignes += 1
            if lignes > bornes.lignes or len(ligne) > bornes.colonnes:
                raise bornes.refuser()
    except csv.Error as erreur:
        raise FichierRefuse(_ILLISIBLE) from erreur
    return iter(csv.reader(io.StringIO(texte, newline=""), delimiter=separateur))


# --- Relever, avant calamine ------------------------------------------------------------------------
# Calamine réserve le rectangle entier des cases : une case en XFD1048576 prendrait toute la mémoire.


class _Releve:
    """Parcourt le XML d'une feuille : borne ses cases, retient celles dont la formule n'a pas de valeur."""

    def __init__(self, bornes: Bornes = PETIT) -> None:
        self.bornes = bornes
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
        if ligne > self.bornes.lignes or colonne > self.bornes.colonnes:
            raise self.bornes.refuser()


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

    def __init__(self, bornes: Bornes = PETIT) -> None:
        super().__init__(bornes)
        self.type = self.valeur = ""
        self.rangee = 0
        self.formule = self.dans_valeur = False

    def ouvrir(self, nom: str, attributs: dict[str, str]) -> None:
        if nom == "row":
            self.rangee, self.colonne = int(attributs.get("r") or self.rangee + 1), 0
        elif nom == "c":
            ligne, colonne = _place(attributs.get("r", ""))
            self.ligne, self.colonne = ligne or self.rangee, colonne or self.colonne + 1
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


def _place(reference: str) -> tuple[int, int]:
    """« C5 » : (5, 3) ; sans référence : (0, 0). Calamine la croit contre sa rangée, la borne aussi."""
    lue, colonne = _REFERENCE.fullmatch(reference), 0
    if lue is None:
        raise FichierRefuse(_ILLISIBLE)
    for lettre in lue[1]:
        colonne = colonne * 26 + ord(lettre.upper()) - ord("A") + 1
    return int(lue[2] or 0), colonne


def _releve_xlsx(archive: zipfile.ZipFile, bornes: Bornes, nom: str) -> set[tuple[int, int]]:
    """Le relevé d'une feuille, trouvée comme calamine la trouve : le classeur, puis ses liens."""
    if len({membre.lower() for membre in archive.namelist()}) < len(archive.namelist()):
        raise FichierRefuse(_ILLISIBLE)  # calamine trouve un membre sans regarder la casse
    feuilles, liens = _Classeur(), _Classeur()
    feuilles.parcourir(archive.read("xl/workbook.xml"))
    liens.parcourir(archive.read("xl/_rels/workbook.xml.rels"))
    cible = liens.cibles[feuilles.feuilles[_choisir(nom, [*feuilles.feuilles])]]
    chemin = cible.lstrip("/") if cible.startswith("/") else f"xl/{cible}"
    return _ReleveXlsx(bornes).parcourir(archive.read(chemin))


def _choisir(nom: str, noms: Sequence[str]) -> str:
    if nom and nom not in noms:
        raise FeuilleAbsente(f"Ce tableur n'a pas de feuille « {nom} ».")
    return nom or noms[0]


class _Classeur(_Releve):
    """Les feuilles d'un .xlsx, dans l'ordre, et où elles sont."""

    def __init__(self) -> None:
        super().__init__()
        self.feuilles: dict[str, str] = {}
        self.cibles: dict[str, str] = {}

    def ouvrir(self, nom: str, attributs: dict[str, str]) -> None:
        if nom == "sheet":
            self._noter(self.feuilles, attributs["name"], attributs["id"])
        elif nom == "Relationship":
            self._noter(self.cibles, attributs["Id"], attributs["Target"])

    @staticmethod
    def _noter(ou: dict[str, str], nom: str, valeur: str) -> None:
        """Deux du même nom : calamine pourrait lire l'une, et le relevé l'autre."""
        if nom in ou:
            raise FichierRefuse(_ILLISIBLE)
        ou[nom] = valeur


class _ReleveOds(_Releve):
    """Une ligne ou une case peut se répéter : vide, elle ne compte pas ; pleine, autant de fois."""

    def __init__(self, bornes: Bornes, feuille: str) -> None:
        super().__init__(bornes)
        self.feuille, self.repetee = feuille, 0
        self.tables: list[str] = []
        self.dans_une_table = False
        self.haut = self.large = self.autres = 0

    @property
    def est_la_bonne(self) -> bool:
        """Dans la feuille cherchée : celle de ce nom, à défaut la première."""
        return bool(self.tables) and self.tables[-1] == (self.feuille or self.tables[0])

    def ouvrir(self, nom: str, attributs: dict[str, str]) -> None:
        if nom == "table":
            if self.dans_une_table:
                raise FichierRefuse(_ILLISIBLE)  # ce qui suit la feuille imbriquée ne se compterait plus
            self.tables.append(attributs.get("name", ""))
            self.dans_une_table, self.ligne, self.haut, self.large = True, 0, 0, 0
        elif nom == "table-row":
            self.ligne, self.colonne = self.ligne + 1, 0
            self.repetee = int(attributs.get("number-rows-repeated", 1))
        elif nom in ("table-cell", "covered-table-cell"):
            self._case(attributs)

    def _case(self, attributs: dict[str, str]) -> None:
        fois = int(attributs.get("number-columns-repeated", 1))
        genre = attributs.get("value-type", "")
        if genre or "formula" in attributs:
            self._compter(self.ligne + self.repetee - 1, self.colonne + fois)
        if self.est_la_bonne and "formula" in attributs and (not genre or "error" in genre.split()):
            self.muettes |= {(self.ligne, self.colonne + n + 1) for n in range(fois)}
        self.colonne += fois

    def fermer(self, nom: str) -> None:
        if nom == "table-row":
            self.ligne += self.repetee - 1
        elif nom == "table":
            self.dans_une_table = False
            self.autres += self.haut * self.large

    def _compter(self, ligne: int, colonne: int) -> None:
        """La feuille lue tient dans les bornes ; toutes les autres ensemble, dans `AUTRES` cases."""
        if self.est_la_bonne:
            self._borner(ligne, colonne)
        self.haut, self.large = max(self.haut, ligne), max(self.large, colonne)
        if self.autres + self.haut * self.large > AUTRES + self.bornes.lignes * self.bornes.colonnes:
            raise self.bornes.refuser()


def _releve_ods(archive: zipfile.ZipFile, bornes: Bornes, nom: str) -> set[tuple[int, int]]:
    releve = _ReleveOds(bornes, nom)
    muettes = releve.parcourir(archive.read("content.xml"))
    _choisir(nom, releve.tables)
    return muettes
