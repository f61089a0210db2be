"""Lire une extraction Dauphin ou GISPRO : trouver ses colonnes, rendre des lignes sûres (§B.1, §C.3).

Aucune base, aucune écriture : un fichier entre, des lignes sortent, chaque faute à sa ligne.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from ensemblier.interface.controles import FichierRefuse
from ensemblier.interface.tableur import SANS_VALEUR, Bornes, parcourir
from ensemblier.noyau import identifiants
from ensemblier.noyau.mots import plat
from ensemblier.noyau.packs.extractions import Extraction

BORNES = Bornes(poids=20 * 1024 * 1024, lignes=100_001, colonnes=120)
EN_TETE_AU_PLUS = 15
"""Lignes de titre tolérées avant les en-têtes."""
_EPOQUE_DU_TABLEUR = date(1899, 12, 30)
_SCIENTIFIQUE = re.compile(r"^[+-]?\d+([.,]\d+)?[eE][+-]?\d+$")
_MONTANT = re.compile(r"^\d{1,3}(?:[ \u00a0\u202f]?\d{3})*(?:[.,]\d{1,2})?$|^\d+(?:[.,]\d{1,2})?$")
_FORMES_DE_DATE = (
    (re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{4})(?: \d{1,2}:\d{2}(?::\d{2})?)?$"), (3, 2, 1)),
    (re.compile(r"^(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?$"), (1, 2, 3)),
)


class ValeurRefusee(ValueError):
    """Une case qu'on ne devine pas, et pourquoi."""


@dataclass(frozen=True, slots=True)
class Ligne:
    """Une ligne du fichier, normalisée ; `fautes` : ce qu'on n'a pas su y lire, et pourquoi."""

    rang: int
    numero: str = ""
    siret: str = ""
    exercice: int | None = None
    intitule: str = ""
    etat: str = ""
    demande: Decimal | None = None
    vote: Decimal | None = None
    vote_le: date | None = None
    decision: str = ""
    depose_le: date | None = None
    motif: str = ""
    contrat: str = ""
    fautes: tuple[str, ...] = ()

    def empreinte(self, extraction: str) -> str:
        """Ce que dit la ligne, sans son rang : la même ligne d'un autre fichier est la même."""
        dits = [str(getattr(self, nom)) for nom in self.__slots__ if nom not in ("rang", "fautes")]
        return hashlib.sha256(json.dumps([extraction, *dits]).encode()).hexdigest()

    @property
    def libelle(self) -> str:
        return " · ".join(x for x in (f"Ligne {self.rang}", self.numero, self.intitule) if x)[:300]


@dataclass(frozen=True, slots=True)
class Lecture:
    """Ce qu'un fichier est : son extraction, et ses lignes à lire une fois, dans l'ordre."""

    extraction: Extraction
    lignes: Iterator[Ligne]


def lire(octets: bytes, extractions: Sequence[Extraction], *, exercice: int | None = None) -> Lecture:
    """Reconnaît l'extraction à ses en-têtes ; lève `FichierRefuse` si aucune ne convient.

    `exercice` : l'année dite à la main, quand le fichier ne la porte pas.
    """
    rangees = parcourir(octets, BORNES)
    debut = list(islice(rangees, EN_TETE_AU_PLUS))
    if not any(_pleine(r) for r in debut):
        raise FichierRefuse("Ce fichier est vide : aucune ligne n'y est écrite. Refaites l'extraction.")
    if any("\ufffd" in str(v) for r in debut for v in r):
        raise FichierRefuse(
            "Les accents de ce fichier sont illisibles : il n'est ni en UTF-8 ni en Windows-1252. "
            "Enregistrez-le de nouveau en « CSV UTF-8 », puis importez-le."
        )
    extraction, rang = _reconnaitre(debut, extractions)
    colonnes = _colonnes(debut[rang], extraction)
    if exercice is not None and exercice not in extraction.exercices:
        raise FichierRefuse(_autre_annee(extraction, exercice))

    def lignes() -> Iterator[Ligne]:
        premiers = enumerate(debut[rang + 1 :], start=rang + 2)
        suite = enumerate(rangees, start=len(debut) + 1)
        for source in (premiers, suite):
            for numero, cases in source:
                if _pleine(cases):
                    yield _ligne(numero, cases, colonnes, extraction, exercice)

    return Lecture(extraction, lignes())


def _pleine(cases: Sequence[Any]) -> bool:
    return any(v is SANS_VALEUR or str(v).strip() for v in cases)


def _nom(texte: Any) -> str:
    """Un en-tête sans accent, casse ni ponctuation : « N° d'action » et « n action » se valent."""
    return " ".join(re.findall(r"[a-z0-9]+", plat(str(texte))))


def _reconnaitre(debut: Sequence[Sequence[Any]], extractions: Sequence[Extraction]) -> tuple[Extraction, int]:
    """L'extraction et la ligne d'en-têtes qui se ressemblent le plus ; refuse s'il y manque une colonne."""
    if not extractions:
        raise FichierRefuse("Ce territoire n'a décrit aucune extraction que vous puissiez importer.")
    meilleur = (-1, extractions[0], 0)
    for rang, cases in enumerate(debut):
        noms = {_nom(v) for v in cases}
        for extraction in extractions:
            trouvees = sum(any(_nom(a) in noms for a in alias) for alias in extraction.colonnes.values())
            if trouvees > meilleur[0]:
                meilleur = (trouvees, extraction, rang)
    trouvees, extraction, rang = meilleur
    noms = {_nom(v) for v in debut[rang]}
    absentes = [c for c in extraction.exigees if not any(_nom(a) in noms for a in extraction.colonnes[c])]
    if trouvees == 0 or absentes:
        raise FichierRefuse(_colonne_absente(debut[rang], extraction, absentes or extraction.exigees))
    return extraction, rang


def _colonne_absente(cases: Sequence[Any], extraction: Extraction, absentes: Sequence[str]) -> str:
    lues = [str(v).strip()[:40] for v in cases if str(v).strip()]
    manque = " ; ".join(" ou ".join(f"« {a} »" for a in extraction.colonnes[c]) for c in absentes)
    seule = (
        " Le séparateur attendu est le point-virgule, la tabulation ou la virgule." if len(lues) == 1 else ""
    )
    return (
        f"Il manque une colonne pour lire ce fichier comme « {extraction.nom} » : {manque}. "
        f"Colonnes lues : {', '.join(lues[:12]) or 'aucune'}.{seule} Vérifiez l'extraction, "
        "ou ajoutez ces en-têtes au pack du territoire."
    )


def _colonnes(cases: Sequence[Any], extraction: Extraction) -> dict[str, int]:
    """La place de chaque champ ; deux colonnes pour un champ ne se départagent pas."""
    places: dict[str, list[int]] = {}
    for champ, alias in extraction.colonnes.items():
        connus = {_nom(a) for a in alias}
        places[champ] = [i for i, v in enumerate(cases) if _nom(v) in connus]
    doubles = [
        " et ".join(f"« {str(cases[i]).strip()} » ({lettre(i)})" for i in ou)
        for ou in places.values()
        if len(ou) > 1
    ]
    if doubles:
        raise FichierRefuse(
            f"Deux colonnes disent la même chose : {' ; '.join(doubles)}. Gardez celle qui fait foi, "
            "puis recommencez."
        )
    return {champ: ou[0] for champ, ou in places.items() if ou}


def lettre(colonne: int) -> str:
    """La lettre d'une colonne de tableur : 0 → A, 26 → AA."""
    nom = ""
    rang = colonne + 1
    while rang:
        rang, reste = divmod(rang - 1, 26)
        nom = chr(65 + reste) + nom
    return nom


def _autre_annee(extraction: Extraction, exercice: int) -> str:
    annees = ", ".join(map(str, extraction.exercices))
    return (
        f"Ces en-têtes sont ceux de « {extraction.nom} » ({annees}), pas de l'exercice {exercice}. "
        "Vérifiez l'année de l'extraction."
    )


def _ligne(
    rang: int, cases: Sequence[Any], colonnes: dict[str, int], extraction: Extraction, exercice: int | None
) -> Ligne:
    dits: dict[str, Any] = {}
    fautes: list[str] = []
    for champ, place in colonnes.items():
        valeur = cases[place] if place < len(cases) else ""
        try:
            dits[champ] = LECTEURS[champ](valeur)
        except (ValeurRefusee, identifiants.IdentifiantInvalide) as refus:
            fautes.append(f"{lettre(place)}{rang} : {refus}")
    dits["exercice"] = dits.get("exercice") or exercice
    if dits["exercice"] is not None and dits["exercice"] not in extraction.exercices:
        fautes.append(_autre_annee(extraction, dits["exercice"]))
    if etat := dits.get("etat"):
        connus = {_nom(e): sens for e, sens in extraction.etats.items()}
        dits["etat"] = connus.get(_nom(etat), "")
        if not dits["etat"]:
            fautes.append(f"L'état « {etat[:40]} » n'est pas décrit. Ajoutez-le au pack, ou corrigez-le.")
    return Ligne(rang, **dits, fautes=tuple(fautes))


def _texte(valeur: Any) -> str:
    """Le texte d'une case ; un entier que le tableur a gardé en nombre perd son « .0 » (§B.1)."""
    if valeur is SANS_VALEUR:
        raise ValeurRefusee(
            "cette formule n'a pas de valeur gardée. Ouvrez le fichier, enregistrez-le, puis recommencez."
        )
    if isinstance(valeur, float) and valeur.is_integer() and abs(valeur) < 2**53:
        return str(int(valeur))
    if isinstance(valeur, datetime | date):
        return valeur.isoformat()
    return " ".join(str(valeur).split())


def _sans_exposant(texte: str) -> str:
    if _SCIENTIFIQUE.match(texte):
        raise ValeurRefusee(
            f"« {texte[:30]} » est en notation scientifique : le tableur a perdu des chiffres. "
            "Mettez la colonne au format texte, puis refaites l'extraction."
        )
    return texte


def _siret(valeur: Any) -> str:
    texte = _sans_exposant(_texte(valeur))
    return identifiants.siret(identifiants.reparer_tableur(texte, 14)).valeur if texte else ""


def _numero(valeur: Any) -> str:
    """Un code d'action, toujours écrit avec « DA » ; les zéros de tête perdus reviennent (§B.1)."""
    texte = _sans_exposant(_texte(valeur)).upper().replace(" ", "")
    if not texte:
        return ""
    if re.fullmatch(r"\d+(\.0+)?", texte):
        texte = identifiants.reparer_tableur(texte, 8, minimum=4)
    lu = identifiants.numero_dauphin(texte).valeur
    return lu if lu.startswith("DA") else f"DA{lu}"


def _exercice(valeur: Any) -> int | None:
    texte = _texte(valeur)
    if not texte:
        return None
    if not re.fullmatch(r"20\d\d", texte):
        raise ValeurRefusee(f"« {texte[:20]} » n'est pas une année. Écrivez-la sur quatre chiffres.")
    return int(texte)


def _montant(valeur: Any) -> Decimal | None:
    """Des euros et centimes ; un nombre du tableur s'arrondit au centime s'il n'en est qu'à un cheveu."""
    if isinstance(valeur, int | float) and not isinstance(valeur, bool):
        exact = Decimal(repr(valeur))
        rond = exact.quantize(Decimal("0.01"))
        if abs(exact - rond) > Decimal("0.000001") or rond < 0:
            raise ValeurRefusee(f"« {valeur} » n'est pas un montant en euros et centimes.")
        return rond
    texte = _sans_exposant(_texte(valeur)).removesuffix("€").strip()
    if not texte:
        return None
    if not _MONTANT.match(texte):
        raise ValeurRefusee(f"« {texte[:30]} » n'est pas un montant. Écrivez par exemple 8000,50.")
    try:
        nu = re.sub(r"[ \u00a0\u202f]", "", texte).replace(",", ".")
        return Decimal(nu).quantize(Decimal("0.01"))
    except InvalidOperation as erreur:
        raise ValeurRefusee(f"« {texte[:30]} » n'est pas un montant.") from erreur


def _jour(valeur: Any) -> date | None:
    """Un jour : vraie date, nombre d'Excel (45 992 → 01/12/2025), « 14/03/2026 » ou « 2026-03-14 »."""
    if isinstance(valeur, datetime):
        return valeur.date()
    if isinstance(valeur, date):
        return valeur
    texte = _texte(valeur)
    if not texte:
        return None
    if re.fullmatch(r"\d{5}(\.\d+)?", texte):
        return _EPOQUE_DU_TABLEUR + timedelta(days=int(float(texte)))
    for forme, ordre in _FORMES_DE_DATE:
        if lu := forme.match(texte):
            try:
                return date(*(int(lu[i]) for i in ordre))
            except ValueError:
                break
    raise ValeurRefusee(f"« {texte[:20]} » n'est pas une date. Écrivez par exemple 14/03/2026.")


def _decision(valeur: Any) -> str:
    return _sans_exposant(_texte(valeur))[:40]


LECTEURS: dict[str, Any] = {
    "numero": _numero,
    "siret": _siret,
    "exercice": _exercice,
    "intitule": _texte,
    "etat": _texte,
    "demande": _montant,
    "vote": _montant,
    "vote_le": _jour,
    "decision": _decision,
    "depose_le": _jour,
    "motif": _texte,
    "contrat": _texte,
}
