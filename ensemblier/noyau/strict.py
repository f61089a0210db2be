"""Lecture stricte : ce qui entre est figé, sans clé inconnue ; toutes les fautes d'un coup, en français."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer
from pydantic_core import ErrorDetails, PydanticCustomError

MONTANT_MAX = Decimal("9999999999.99")
_MONTANT = re.compile(r"-?\d+(\.\d+)?")


class Modele(BaseModel):
    """Base de toute donnée lue : immuable, et une clé inconnue y est une faute."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _decimal(valeur: Any, attendu: str, *, flottant: bool = False) -> Decimal:
    refus = PydanticCustomError("decimal", "{attendu}", {"attendu": attendu})
    admis = (int, str, float, Decimal) if flottant else (int, str, Decimal)
    if isinstance(valeur, bool) or not isinstance(valeur, admis):
        raise refus
    if isinstance(valeur, Decimal):
        if not valeur.is_finite():
            raise refus
        return valeur
    ecrit = str(valeur).strip()
    if len(ecrit) > 40 or not _MONTANT.fullmatch(ecrit):
        raise refus
    return Decimal(ecrit)


def _montant(valeur: Any) -> Decimal:
    attendu = 'un montant positif en euros, écrit entre guillemets avec deux décimales au plus : "9000.00"'
    nombre = _decimal(valeur, attendu)
    if nombre < 0 or nombre > MONTANT_MAX or nombre != nombre.quantize(Decimal("0.01")):
        raise PydanticCustomError("montant", "{attendu}", {"attendu": attendu})
    return nombre.quantize(Decimal("0.01"))


def _taux(valeur: Any) -> Decimal:
    attendu = 'un taux entre 0 et 1, écrit entre guillemets : "0.80"'
    nombre = _decimal(valeur, attendu)
    if not 0 <= nombre <= 1:
        raise PydanticCustomError("taux", "{attendu}", {"attendu": attendu})
    return nombre if nombre.as_tuple().exponent in range(-40, -1) else nombre.quantize(Decimal("0.01"))


def _heures(valeur: Any) -> Decimal:
    attendu = "un nombre d'heures positif ou nul : 12.5"
    nombre = _decimal(valeur, attendu, flottant=True)
    if not 0 <= nombre <= 1_000_000:
        raise PydanticCustomError("heures", "{attendu}", {"attendu": attendu})
    return nombre


def _pourcentage(valeur: Any) -> Decimal:
    attendu = 'un pourcentage entre 0 et 100, écrit entre guillemets : "60"'
    nombre = _decimal(valeur, attendu)
    if not 0 <= nombre <= 100:
        raise PydanticCustomError("pourcentage", "{attendu}", {"attendu": attendu})
    return nombre


_JOUR = re.compile(r"\d{4}-\d{2}-\d{2}")


def _jour(valeur: Any) -> dt.date:
    lu = valeur
    if isinstance(valeur, str) and _JOUR.fullmatch(valeur):
        try:
            lu = dt.date.fromisoformat(valeur)
        except ValueError:
            lu = None
    if not isinstance(lu, dt.date) or isinstance(lu, dt.datetime) or not 1900 <= lu.year <= 2200:
        raise PydanticCustomError("jour", "{attendu}", {"attendu": "une date AAAA-MM-JJ, de 1900 à 2200"})
    return lu


def _instant(valeur: Any) -> dt.datetime:
    lu = valeur
    if isinstance(valeur, str) and _JOUR.match(valeur) and "T" in valeur:
        try:
            lu = dt.datetime.fromisoformat(valeur)
        except ValueError:
            lu = None
    if not isinstance(lu, dt.datetime) or lu.utcoffset() is None or not 1900 <= lu.year <= 2200:
        voulu = 'une date et une heure avec leur décalage : "2025-05-20T10:00:00+02:00"'
        raise PydanticCustomError("instant", "{attendu}", {"attendu": voulu})
    return lu


Jour = Annotated[dt.date, BeforeValidator(_jour)]
Instant = Annotated[dt.datetime, BeforeValidator(_instant)]
"""Date et heure avec leur décalage : une heure sans fuseau est refusée."""

_en_texte = PlainSerializer(lambda n: format(n, "f"), return_type=str, when_used="json")

Montant = Annotated[Decimal, BeforeValidator(_montant), _en_texte]
"""Euros, centimes exacts, jamais négatif (K1)."""
Taux = Annotated[Decimal, BeforeValidator(_taux), _en_texte]
"""Part de 0 à 1."""
Pourcentage = Annotated[Decimal, BeforeValidator(_pourcentage), _en_texte]
Heures = Annotated[Decimal, BeforeValidator(_heures), _en_texte]

_ATTENDUS = {
    "missing": "cette clé est requise",
    "extra_forbidden": "cette clé n'existe pas : corrigez son nom ou ôtez-la",
    "string_type": "un texte entre guillemets",
    "int_type": "un nombre entier",
    "int_parsing": "un nombre entier",
    "int_from_float": "un nombre entier",
    "bool_type": "true ou false",
    "bool_parsing": "true ou false",
    "tuple_type": "une liste entre crochets",
    "list_type": "une liste entre crochets",
    "dict_type": "une table de clés et de valeurs",
    "model_type": "une table de clés et de valeurs",
    "model_attributes_type": "une table de clés et de valeurs",
    "union_tag_not_found": "la clé « genre », qui dit de quel genre est la règle",
}


_FORMES = {
    r"^(6\d{1,3}|86\d?|indirectes)$": "un compte de charges : 60 à 69, indirectes ou 86",
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "un code en minuscules, chiffres et tirets : emploi-insertion",
    r"^[A-Z0-9']+([-_][A-Z0-9']+)*$": "un code en capitales sans accent : VAL-D-OMBRE",
    r"^(\d{5}|2[AB]\d{3})$": "un code Insee de cinq caractères",
    r"^Q[NP][0-9A-Z]{6}$": "un code de quartier prioritaire : huit caractères, QN ou QP d'abord",
    r"^\d{9}$": "un SIREN de neuf chiffres",
    r"^\d{14}$": "un SIRET de quatorze chiffres",
    r"^#[0-9A-Fa-f]{6}$": "une couleur : #0B5563",
    r"^\+\d{8,15}$": "un téléphone au format international : +33353010100",
    r"^[^@\s]+@[^@\s]+\.[^@\s]+$": "une adresse de courriel",
    r"^P\d{2}$": "un numéro de paramètre : P01",
    r"^\d(\.\d[a-z]?)?$": "un code de la nomenclature de l'État : 1.5a",
    r"^https?://\S+$": "une adresse commençant par https://",
    r"^[a-z0-9.-]+$": "un nom d'hôte en minuscules",
}


def attendu(faute: ErrorDetails) -> str:
    """Ce que la place demande, en français, pour une faute relevée par pydantic."""
    sorte, contexte = faute["type"], faute.get("ctx", {})
    if sorte in _ATTENDUS:
        return _ATTENDUS[sorte]
    if "attendu" in contexte:
        return str(contexte["attendu"])
    if sorte in ("literal_error", "enum"):
        liste = str(contexte["expected"]).replace("' or '", "', '").replace("'", "")
        return f"l'une de ces valeurs : {liste}"
    if sorte == "union_tag_invalid":
        return f"un genre connu : {str(contexte['expected_tags']).replace(chr(39), '')}"
    if sorte == "string_pattern_mismatch":
        return _FORMES.get(str(contexte["pattern"]), f"un texte de la forme {contexte['pattern']}")
    if sorte in ("string_too_short", "too_short"):
        return f"au moins {contexte['min_length']} (caractère ou élément)"
    if sorte in ("string_too_long", "too_long"):
        return f"au plus {contexte['max_length']} (caractères ou éléments)"
    bornes = {
        "greater_than_equal": ("ge", "au moins"),
        "less_than_equal": ("le", "au plus"),
        "greater_than": ("gt", "plus de"),
        "less_than": ("lt", "moins de"),
    }
    if sorte in bornes:
        cle, mots = bornes[sorte]
        return f"un nombre : {mots} {contexte[cle]}"
    return "une valeur d'une autre forme"


def trouve(faute: ErrorDetails) -> str:
    """Ce qui a été lu, court, pour être reconnu."""
    if faute["type"] in ("missing", "union_tag_not_found"):
        return "rien"
    valeur = faute.get("input")
    if isinstance(valeur, bool):
        return "true" if valeur else "false"
    if isinstance(valeur, dict | list | tuple):
        return "une table" if isinstance(valeur, dict) else "une liste"
    texte = "null" if valeur is None else str(valeur)
    return texte if len(texte) <= 60 else texte[:57] + "..."


_LIGATURES = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "\u2019": "'"})


def cle(nom: str) -> str:
    """Un nom de commune en capitales sans accent : « Vendin-le-Vieil » devient « VENDIN-LE-VIEIL »."""
    if nom.isascii() and nom.isupper() and " " not in nom:
        return nom
    plat = unicodedata.normalize("NFKD", nom.translate(_LIGATURES)).encode("ascii", "ignore").decode()
    return re.sub(r"[\s\-]+", "-", plat.strip()).upper()


_INSECABLES = (*((f" {signe}", f"\u00a0{signe}") for signe in ":;?!%€»"), ("« ", "«\u00a0"))


@lru_cache(maxsize=4096)
def typographie(texte: str) -> str:
    """Les espaces insécables du français, devant `: ; ? ! % € »` et après `«`."""
    for ecrit, voulu in _INSECABLES:
        texte = texte.replace(ecrit, voulu)
    return texte
