"""Les mots d'un texte, sans accent ni casse, et ce qu'une recherche en demande."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

AU_PLUS = 24
"""Un mot plus long se coupe : un SIRET en a 14, « intergénérationnelles » 21."""
CHERCHES = 8
VIDES = frozenset((
    "au", "aux", "avec", "ce", "ces", "cette", "dans", "de", "des", "du", "elle", "elles", "en", "est",
    "et", "il", "ils", "je", "la", "le", "les", "leur", "leurs", "lors", "mais", "ne", "nos", "notre",
    "nous", "on", "ou", "par", "pas", "plus", "pour", "que", "qui", "sa", "sans", "se", "ses", "son",
    "sont", "sur", "un", "une", "vos", "votre", "vous",
))  # fmt: skip
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "Œ": "oe", "Æ": "ae"})
_MOT = re.compile(r"[a-z0-9]+")
_CHIFFRES_SEPARES = re.compile(r"(?<=\d)[\s.\u00a0\u202f]+(?=\d)")
_NUMERO = re.compile(r"\b(\d\d)-(\d{1,5})\b")
_SIRET = 14
_SIREN = 9


def plat(texte: str) -> str:
    """Le texte sans accent, sans casse, sans ligature."""
    nu = unicodedata.normalize("NFKD", texte.translate(_LIGATURES))
    return "".join(c for c in nu if not unicodedata.combining(c)).casefold()


def mots(texte: str) -> list[str]:
    """Les mots du texte, sans redite, dans leur ordre ; les mots vides et les lettres seules s'oublient."""
    lus = (m[:AU_PLUS] for m in _MOT.findall(plat(texte)))
    return [m for m in dict.fromkeys(lus) if m not in VIDES and (len(m) > 1 or m.isdigit())]


def se_ressemblent(un: str, autre: str) -> bool:
    """Deux intitulés proches : la moitié au moins de leurs mots réunis leur sont communs (P32)."""
    a, b = set(mots(un)), set(mots(autre))
    return bool(a & b) and 2 * len(a & b) >= len(a | b)


def mots_d_un_numero(numero: str) -> list[str]:
    """« 26-0041 » : entier (« 260041 »), et ses formes courtes (« 0041 », « 41 »)."""
    morceaux = _MOT.findall(plat(numero))
    courts = [m.lstrip("0") for m in morceaux if m.isdigit()]
    tous = ["".join(morceaux), *morceaux, *courts] if morceaux else []
    return [m for m in dict.fromkeys(tous) if m]


def cherches(texte: str) -> list[str]:
    """Les débuts de mots qu'une recherche demande, tous à la fois.

    « 26-41 » devient le numéro entier ; un SIRET, même espacé, cherche l'organisme par son SIREN. Une
    recherche de seuls mots vides les cherche quand même.
    """
    lu = plat(texte)
    entiers = _NUMERO.sub(lambda n: f"{n[1]}{n[2].zfill(4)}", lu)
    joints = _CHIFFRES_SEPARES.sub("", entiers)
    lu = joints if any(len(m) >= _SIREN and m.isdigit() for m in _MOT.findall(joints)) else entiers
    tous = [m[:_SIREN] if len(m) == _SIRET and m.isdigit() else m for m in _MOT.findall(lu)]
    pleins = [m for m in tous if m not in VIDES] or tous
    return [m[:AU_PLUS] for m in dict.fromkeys(pleins)][:CHERCHES]


def borne(debut: str) -> str | None:
    """Le premier mot après tous ceux qui commencent ainsi, dans l'ordre des chiffres puis des lettres."""
    for rang in range(len(debut) - 1, -1, -1):
        lettre = debut[rang]
        if lettre != "z":
            return debut[:rang] + ("a" if lettre == "9" else chr(ord(lettre) + 1))
    return None


def se_devine(mot: str) -> bool:
    """Vrai d'un mot dont une faute de frappe se devine : quatre lettres au moins, pas un numéro."""
    return len(mot) >= 4 and not mot.isdigit()


def voisins(mot: str, connus: Iterable[str]) -> list[str]:
    """Les mots connus à une faute de frappe de celui-ci, entier ou commencé."""
    return sorted({c for c in connus if _a_une_faute(mot, c)}) if se_devine(mot) else []


def _a_une_faute(ecrit: str, mot: str) -> bool:
    """Vrai si une lettre changée, de trop, oubliée ou échangée suffit à écrire le début du mot."""
    commun = 0
    while commun < min(len(ecrit), len(mot)) and ecrit[commun] == mot[commun]:
        commun += 1
    reste, attendu = ecrit[commun:], mot[commun:]
    changee = attendu[1:].startswith(reste[1:])
    de_trop = attendu.startswith(reste[1:])
    oubliee = attendu[1:].startswith(reste)
    echangee = attendu[:2] == reste[1::-1] and attendu[2:].startswith(reste[2:])
    return changee or de_trop or oubliee or echangee
