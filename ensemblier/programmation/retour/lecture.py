"""Relire le tableau exporté : est-ce bien lui, entier, et quelles cases y ont changé ?

Aucune base, aucune écriture : des octets entrent, des cases sortent. Ce qui fait douter du fichier le refuse
tout entier ; ce qui ne tient qu'à une case la refuse seule, avec sa phrase.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from xlsxwriter.utility import xl_rowcol_to_cell

from ensemblier.interface.champs import PLAFOND
from ensemblier.interface.controles import FichierRefuse
from ensemblier.interface.tableur import SANS_VALEUR, Bornes, FeuilleAbsente, parcourir
from ensemblier.programmation import classeur
from ensemblier.programmation.colonnes import ACCORDE
from ensemblier.programmation.saisie import INCHANGEE, CaseRefusee
from ensemblier.programmation.saisie import lire as lire_la_saisie

BORNES = Bornes(poids=10 * 1024 * 1024, lignes=6_000, colonnes=400)
UN_CHEVEU = Decimal("0.000001")
"""Ce qu'une formule du tableur laisse après le centime (0,1 + 0,2) ; au-delà, la case a trop de décimales."""
_CLE = re.compile(r"([0-9]{1,18}):([0-9]{1,9}):(.*)", re.DOTALL)
_ECRIT = re.compile(r"[0-9]{1,12}(?:[.][0-9]{1,2})?")
NUMERO_AU_PLUS = 60
A_REFAIRE = "Exportez le tableau de nouveau, reportez-y vos montants, puis recommencez. Rien n'est repris."


@dataclass(frozen=True, slots=True)
class CaseLue:
    """Une case qui ne dit plus ce que l'export y avait mis ; `faute` : pourquoi elle ne se lit pas.

    `volet` vide : aucune clé ne dit de quel volet il s'agit. `lieu` : « F12 », comme le tableur la nomme.
    """

    lieu: str
    titre: str
    numero: str
    saisie: str
    volet: int | None = None
    version: int | None = None
    montant: Decimal | None = None
    faute: str = ""


@dataclass(frozen=True, slots=True)
class _Colonnes:
    """Les places des colonnes par leur clé cachée, et leurs titres."""

    rangs: dict[str, int]
    titres: Sequence[str]

    def montants(self) -> Iterator[tuple[str, int, int]]:
        """Chaque colonne « proposé, voté » : son volet, sa place, celle de sa clé."""
        for cle, place in self.rangs.items():
            sorte, _, volet = cle.partition("-")
            if sorte == ACCORDE:
                yield volet, place, self.rangs[f"{classeur.CLE}-{volet}"]


def relire(octets: bytes, *, territoire: str, appel: str) -> list[CaseLue]:
    """Les cases changées depuis l'export, dans l'ordre du fichier.

    Lève `FichierRefuse` si ce n'est pas le tableau de cet appel, à cette version du format, avec toutes ses
    lignes et ses colonnes, chacune à sa place et chaque case avec sa valeur.
    """
    origine = _origine(octets)
    _exiger_le_bon(origine, territoire=territoire, appel=appel)
    try:
        rangees = parcourir(octets, BORNES, feuille=classeur.FEUILLE)
    except FeuilleAbsente as absente:
        raise FichierRefuse(
            f"La feuille « {classeur.FEUILLE} » n'est plus dans ce classeur, ou a changé de nom. {A_REFAIRE}"
        ) from absente
    colonnes = _colonnes(next(rangees, []), next(rangees, []))
    cases, cles = _parcourir(rangees, colonnes)
    _exiger_entier(cles, origine)
    return cases


def _origine(octets: bytes) -> dict[str, str]:
    try:
        lues = [*parcourir(octets, BORNES, feuille=classeur.ORIGINE)]
    except FeuilleAbsente as absente:
        raise FichierRefuse(
            "Ce fichier n'est pas un tableau exporté d'ici : la feuille cachée qui dit d'où il vient n'y est "
            "pas. Si vous l'avez exporté d'ici, enregistrez-le en .xlsx, toutes ses feuilles comprises. "
            "Rien n'est repris."
        ) from absente
    return {str(x[0]): str(x[1]).strip() for x in lues if len(x) > 1}


def _exiger_le_bon(origine: dict[str, str], *, territoire: str, appel: str) -> None:
    if origine.get("format") == classeur.FORMAT_DE_SCENARIO:
        raise FichierRefuse(
            "Ce classeur est la feuille d'un scénario : elle se lit, elle ne se relit pas. Écrivez ou collez "
            "ses montants dans la grille du scénario. Rien n'est repris."
        )
    if origine.get("format") != classeur.FORMAT:
        raise FichierRefuse(f"La feuille d'origine de ce classeur ne se lit pas. {A_REFAIRE}")
    if (lue := origine.get("version", "")) != str(classeur.VERSION):
        raise FichierRefuse(
            f"Ce tableau est écrit selon la version {lue[:10] or 'inconnue'} du format, et la maison lit la "
            f"version {classeur.VERSION}. {A_REFAIRE}"
        )
    if (origine.get("territoire"), origine.get("appel")) != (territoire, appel):
        raise FichierRefuse(
            f"Ce tableau est celui d'un autre appel : « {origine.get('nom', '')[:80]} ». Relisez-le depuis "
            "la programmation de cet appel. Rien n'est repris."
        )


def _colonnes(cles: Sequence[Any], titres: Sequence[Any]) -> _Colonnes:
    """Lève `FichierRefuse` si une colonne manque à l'appel ou y répond deux fois."""
    lues = [str(c) if isinstance(c, str) else "" for c in cles]
    doubles = [c for c, fois in Counter(x for x in lues if x).items() if fois > 1]
    rangs = {c: place for place, c in enumerate(lues) if c}
    attendues = {classeur.NUMERO, f"{classeur.CLE}-{classeur.NUMERO}"}
    for cle in rangs:
        sorte, _, volet = cle.partition("-")
        if sorte == ACCORDE:
            attendues.add(f"{classeur.CLE}-{volet}")
        elif sorte == classeur.CLE and volet != classeur.NUMERO:
            attendues.add(f"{ACCORDE}-{volet}")
    if doubles or attendues - rangs.keys():
        raise FichierRefuse(
            "La première ligne, cachée, nomme les colonnes : elle a été effacée ou changée, ou une colonne a "
            f"été ôtée ou copiée. {A_REFAIRE}"
        )
    return _Colonnes(rangs, [*map(str, titres), *([""] * max(0, len(lues) - len(titres)))])


def _parcourir(
    rangees: Iterator[list[Any]], colonnes: _Colonnes
) -> tuple[list[CaseLue], list[tuple[str, str, str]]]:
    """Les cases changées, et toutes les clés lues : (numéro, colonne, volet)."""
    visible, cachee = colonnes.rangs[classeur.NUMERO], colonnes.rangs[f"{classeur.CLE}-{classeur.NUMERO}"]
    cases: list[CaseLue] = []
    cles: list[tuple[str, str, str]] = []
    vus: set[str] = set()
    for rang, ligne in enumerate(rangees, start=classeur.PREMIERE):
        lue = _Ligne(rang, ligne, colonnes)
        numero, montre = lue.texte(cachee), lue.texte(visible)
        if not numero:
            cases += lue.sans_cle(montre)
            continue
        if numero in vus:
            raise FichierRefuse(f"La ligne du dossier {numero[:40]} est en double. {A_REFAIRE}")
        if montre != numero:
            raise FichierRefuse(
                f"Ligne {rang + 1}, le numéro montré est « {montre[:40]} » et la clé cachée dit "
                f"« {numero[:40]} » : des cases ont changé de ligne. {A_REFAIRE}"
            )
        vus.add(numero)
        for case, cle in lue.cases(numero):
            if cle:
                cles.append(cle)
            if case:
                cases.append(case)
    return cases, cles


@dataclass(frozen=True, slots=True)
class _Ligne:
    rang: int
    valeurs: list[Any]
    colonnes: _Colonnes

    def lieu(self, place: int) -> str:
        return str(xl_rowcol_to_cell(self.rang, place))

    def valeur(self, place: int) -> Any:
        """Lève `FichierRefuse` sur une formule dont le résultat n'est pas dans le fichier."""
        lue = self.valeurs[place] if place < len(self.valeurs) else ""
        if lue is SANS_VALEUR:
            raise FichierRefuse(
                f"La case {self.lieu(place)} est une formule dont le résultat n'est pas dans le fichier, ou "
                "une erreur de calcul. Ouvrez-le dans un tableur, écrivez le montant, enregistrez, puis "
                "recommencez. Rien n'est repris."
            )
        return lue

    def texte(self, place: int) -> str:
        return str(self.valeur(place)).strip()

    def sans_cle(self, montre: str) -> Iterator[CaseLue]:
        """La ligne des totaux se passe ; un montant écrit ailleurs sous le tableau se dit."""
        if montre == "Total" or not any(x not in ("", SANS_VALEUR) for x in self.valeurs):
            return
        for _, place, _ in self.colonnes.montants():
            if dit := self.texte(place):
                yield CaseLue(
                    self.lieu(place), self.colonnes.titres[place], montre[:40], dit[:60],
                    faute=f"Cette ligne n'est pas du tableau exporté : rien ne dit son dossier. {INCHANGEE}",
                )  # fmt: skip

    def cases(self, numero: str) -> Iterator[tuple[CaseLue | None, tuple[str, str, str] | None]]:
        """Chaque case de financeur : ce qui y a changé, s'il y a lieu, et sa clé, si elle en a une."""
        for nom, place, cle in self.colonnes.montants():
            lue, dite = self.valeur(place), self.texte(cle)
            ou = {
                "lieu": self.lieu(place), "titre": self.colonnes.titres[place],
                "numero": numero[:NUMERO_AU_PLUS],
            }  # fmt: skip
            if not dite:
                yield self._sans_volet(lue, ou), None
                continue
            yield _changee(lue, dite, ou), (numero, f"{classeur.CLE}-{nom}", dite)

    @staticmethod
    def _sans_volet(lue: Any, ou: dict[str, str]) -> CaseLue | None:
        if not (dit := str(lue).strip()):
            return None
        faute = f"Ce dossier ne demande rien à ce financeur : la case était vide. {INCHANGEE}"
        return CaseLue(**ou, saisie=dit[:60], faute=faute)


def _changee(lue: Any, cle: str, ou: dict[str, str]) -> CaseLue | None:
    """La case, si elle ne dit plus ce que sa clé dit que l'export y avait mis."""
    dit, tenue = str(lue).strip(), _CLE.fullmatch(cle)
    if tenue is None:
        return None  # une clé illisible a changé l'empreinte : tout le fichier est refusé
    volet, version, avant = tenue.groups()
    if dit == avant:
        return None
    saisie = dit if isinstance(lue, str) else dit.replace(".", ",")
    ici = {**ou, "volet": int(volet), "version": int(version), "saisie": saisie[:60]}
    try:
        montant = en_montant(lue)
    except CaseRefusee as refus:
        return CaseLue(**ici, faute=str(refus))
    ancien = _decimal(avant)
    return None if montant == ancien else CaseLue(**ici, montant=montant)


def _decimal(avant: str) -> Decimal | None:
    """Le montant que l'export avait écrit ; un mot (« attendu », « refusé ») n'en est pas un."""
    return Decimal(avant) if _ECRIT.fullmatch(avant) else None


def en_montant(valeur: Any) -> Decimal | None:
    """Un montant exact au centime d'une case de tableur ; lève `CaseRefusee` avec la phrase.

    Un nombre se lit par son écriture la plus courte (1234.5 → 1 234,50), jamais par son développement
    binaire ; un texte se lit comme ce qu'on tape dans la grille.
    """
    if isinstance(valeur, bool) or not isinstance(valeur, int | float | str):
        raise CaseRefusee(f"« {str(valeur)[:30]} » n'est pas un montant en euros. {INCHANGEE}")
    if isinstance(valeur, str):
        return lire_la_saisie(valeur)
    if not math.isfinite(valeur) or abs(valeur) > PLAFOND:
        raise CaseRefusee(f"« {valeur} » n'est pas un montant en euros. {INCHANGEE}")
    exact = Decimal(repr(valeur))
    rond = round(exact, 2)
    if abs(exact - rond) > UN_CHEVEU:
        raise CaseRefusee(
            f"« {str(valeur).replace('.', ',')} » a plus de deux décimales. Un montant s'arrête au centime : "
            f"arrondissez-le. {INCHANGEE}"
        )
    return lire_la_saisie(f"{rond:.2f}".replace(".", ","))


def _exiger_entier(cles: list[tuple[str, str, str]], origine: dict[str, str]) -> None:
    """Toutes les clés de l'export, et elles seules ; trier le tableau n'y change rien."""
    if classeur.empreinte(cles) != origine.get("empreinte"):
        raise FichierRefuse(
            "Ce tableau n'a plus toutes ses lignes : des clés cachées ont été effacées ou changées, par "
            f"exemple par une ligne supprimée. {A_REFAIRE}"
        )
