"""Lire et écrire un montant : au centime exact, comme un humain l'écrit, en lettres (K1, P26).

Un montant est un `Decimal` à deux décimales. Rien ne passe par un flottant.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import floor

INSECABLE = "\u00a0"
MOINS = "\u2212"
_MAXIMUM_CENTIMES = 10**15 - 1
_EXACT = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?")
_MONNAIE = re.compile(r"\s*(€|euros?|eur)$", re.IGNORECASE)
_ESPACES = "\u00a0\u202f\u2009\u2007 \t"


class MontantInvalide(ValueError):
    """Le texte ou la valeur n'est pas un montant en euros ; le message est une phrase pour la personne."""


class MontantAmbigu(MontantInvalide):
    """Le texte se lit de deux façons ; `lectures` les donne, la personne choisit."""

    def __init__(self, texte: str, lectures: tuple[Decimal, Decimal]) -> None:
        self.lectures = lectures
        grand, petit = (en_francais(lecture) for lecture in lectures)
        super().__init__(
            f"« {texte} » se lit de deux façons{INSECABLE}: {grand} ou {petit}. "
            "Écrivez les centimes avec deux chiffres après la virgule."
        )


@lru_cache(maxsize=4096)
def de_centimes(centimes: int) -> Decimal:
    """Le montant exact en euros, deux décimales, quel que soit le contexte décimal."""
    signe = "-" if centimes < 0 else ""
    entier, reste = divmod(abs(centimes), 100)
    return Decimal(f"{signe}{entier}.{reste:02d}")


def en_centimes(montant: Decimal) -> int:
    """Le nombre entier de centimes ; lève `MontantInvalide` si le montant en porte une fraction."""
    if not montant.is_finite():
        raise MontantInvalide("Ce n'est pas un nombre. Écrivez un montant en euros, par exemple 1234.50.")
    numerateur, denominateur = montant.as_integer_ratio()
    centimes, fraction = divmod(numerateur * 100, denominateur)
    if fraction:
        raise MontantInvalide(f"« {montant} » a plus de deux décimales. Un montant s'arrête au centime.")
    if abs(centimes) > _MAXIMUM_CENTIMES:
        raise MontantInvalide(
            "Ce montant dépasse dix mille milliards d'euros. Vérifiez le nombre de chiffres."
        )
    return centimes


def euros(valeur: str | int | Decimal) -> Decimal:
    """Lecture exacte (K1) de « 1234.5 », 1234 ou `Decimal` ; ni flottant, ni exposant, ni millième."""
    return de_centimes(lire_centimes(valeur))


def lire_centimes(valeur: str | int | Decimal) -> int:
    """La même lecture que `euros`, en centimes : ce qu'il faut pour sommer."""
    if isinstance(valeur, bool) or not isinstance(valeur, str | int | Decimal):
        raise MontantInvalide(
            f"Un montant s'écrit en texte ou en entier, pas en {type(valeur).__name__} : "
            "un nombre à virgule flottante perd des centimes."
        )
    if isinstance(valeur, str):
        if len(valeur) > 20 or not _EXACT.fullmatch(valeur):
            raise MontantInvalide(
                f"« {valeur[:30]} » n'est pas un montant. Écrivez des chiffres, un point et au plus deux "
                "décimales, par exemple 1234.50."
            )
        valeur = Decimal(valeur)
    return en_centimes(Decimal(valeur))


def arrondir(valeur: Decimal | Fraction) -> Decimal:
    """Au centime le plus proche, le demi-centime vers le haut (P26 : acompte, montant dû, retrait)."""
    numerateur, denominateur = valeur.as_integer_ratio()
    return de_centimes((200 * numerateur + denominateur) // (2 * denominateur))


def tronquer(valeur: Decimal | Fraction) -> Decimal:
    """Au centime inférieur (P26 : plafond)."""
    numerateur, denominateur = valeur.as_integer_ratio()
    return de_centimes(100 * numerateur // denominateur)


def _groupe(chiffres: str) -> str:
    return f"{int(chiffres):,}".replace(",", INSECABLE)


def nombre_en_francais(valeur: Decimal, *, decimales: int | None = None) -> str:
    """« 1 234,5 » : virgule décimale, milliers séparés d'une espace insécable ; décimales telles quelles."""
    texte = f"{abs(valeur):f}" if decimales is None else f"{abs(valeur):.{decimales}f}"
    entier, _, fraction = texte.partition(".")
    signe = MOINS if valeur < 0 else ""
    return f"{signe}{_groupe(entier)}" + (f",{fraction}" if fraction else "")


@lru_cache(maxsize=4096)
def en_francais(montant: Decimal, centimes: bool = True) -> str:
    """« 1 234,50 € », espaces insécables. `centimes=False` arrondit à l'euro, pour l'affichage seul."""
    if centimes:
        numerateur, denominateur = montant.as_integer_ratio()
        entier, reste = divmod(abs((200 * numerateur + denominateur) // (2 * denominateur)), 100)
        signe = MOINS if montant < 0 and (entier or reste) else ""
        texte = f"{signe}{entier:,}".replace(",", INSECABLE) + f",{reste:02d}"
    else:
        texte = nombre_en_francais(Decimal(floor(Fraction(montant) + Fraction(1, 2))))
    return f"{texte}{INSECABLE}€"


@lru_cache(maxsize=1024)
def pourcent(taux: Decimal | Fraction) -> str:
    """« 50 % », « 80,01 % » : le taux sans zéro inutile, au plus quatre décimales pour un quotient."""
    exact = Fraction(taux) * 100
    dix_milliemes = floor(exact * 10_000 + Fraction(1, 2))
    texte = nombre_en_francais(Decimal(dix_milliemes) / 10_000, decimales=4)
    entier, _, fraction = texte.partition(",")
    fraction = fraction.rstrip("0")
    return entier + (f",{fraction}" if fraction else "") + f"{INSECABLE}%"


def _entier_groupe(texte: str, separateurs: str) -> str | None:
    """Les chiffres d'un entier, nus ou séparés par milliers d'un seul et même séparateur ; sinon rien."""
    if re.fullmatch(r"[0-9]+", texte):
        return texte
    for separateur in separateurs:
        if re.fullmatch(rf"[0-9]{{1,3}}({re.escape(separateur)}[0-9]{{3}})+", texte):
            return texte.replace(separateur, "")
    return None


def _refus(texte: str) -> MontantInvalide:
    return MontantInvalide(
        f"« {texte[:30]} » n'est pas un montant en euros. Écrivez des chiffres et, s'il y a des centimes, "
        f"une virgule et deux chiffres{INSECABLE}: 1{INSECABLE}234,50."
    )


def analyser_saisie(texte: str) -> Decimal:
    """Ce qu'une personne écrit : « 1 234,50 € », « 1.234,50 », « 1234.5 ».

    Lève `MontantAmbigu` pour « 12,345 » et « 12.345 » (douze mille, ou douze euros ?).
    """
    saisie = texte.strip()
    nu = _MONNAIE.sub("", saisie).strip()
    for espace in _ESPACES:
        nu = nu.replace(espace, " ")
    signe = ""
    if nu[:1] in {"-", MOINS}:
        signe, nu = "-", nu[1:].strip()
    if len(nu) > 30:
        raise _refus(saisie)
    marques = [c for c in nu if c in ".,"]
    if not marques or (len(marques) > 1 and len(set(marques)) == 1):
        entier = _entier_groupe(nu, " .,")
        if entier is None:
            raise _refus(saisie)
        return euros(signe + entier)
    marque = marques[-1]
    if marques.count(marque) > 1:
        raise _refus(saisie)
    gauche, _, droite = nu.rpartition(marque)
    entier = _entier_groupe(gauche, " .,".replace(marque, ""))
    if entier is None or not re.fullmatch(r"[0-9]+", droite):
        raise _refus(saisie)
    if len(droite) == 3 and re.fullmatch(r"[1-9][0-9]{0,2}", gauche):
        milliers, decimal = Decimal(f"{signe}{gauche}{droite}"), Decimal(f"{signe}{gauche}.{droite}")
        raise MontantAmbigu(saisie, (euros(milliers), arrondir(decimal)))
    if len(droite) > 2:
        raise MontantInvalide(
            f"« {saisie[:30]} » a plus de deux chiffres après la virgule. Un montant s'arrête au centime."
        )
    return euros(f"{signe}{entier}.{droite}")


_UNITES = [
    "zéro",
    "un",
    "deux",
    "trois",
    "quatre",
    "cinq",
    "six",
    "sept",
    "huit",
    "neuf",
    "dix",
    "onze",
    "douze",
    "treize",
    "quatorze",
    "quinze",
    "seize",
    "dix-sept",
    "dix-huit",
    "dix-neuf",
]
_DIZAINES = ["", "", "vingt", "trente", "quarante", "cinquante", "soixante", "soixante", "quatre-vingt"]


def _moins_de_cent(n: int, *, accorde: bool) -> str:
    if n < 20:
        return _UNITES[n]
    dizaine, reste = divmod(n, 10)
    if dizaine in {7, 9}:
        dizaine, reste = dizaine - 1, reste + 10
    if n == 80:
        return "quatre-vingts" if accorde else "quatre-vingt"
    if reste == 0:
        return _DIZAINES[dizaine]
    liaison = " et " if reste in {1, 11} and dizaine < 8 else "-"
    return f"{_DIZAINES[dizaine]}{liaison}{_UNITES[reste]}"


def _moins_de_mille(n: int, *, accorde: bool) -> str:
    """`accorde` : « cents » et « vingts » prennent leur s (pas devant « mille »)."""
    centaines, reste = divmod(n, 100)
    if not centaines:
        return _moins_de_cent(reste, accorde=accorde)
    cent = "cent" if centaines == 1 else f"{_UNITES[centaines]} cent"
    if not reste:
        return cent + ("s" if centaines > 1 and accorde else "")
    return f"{cent} {_moins_de_cent(reste, accorde=accorde)}"


def _entier_en_lettres(n: int) -> str:
    millions, reste = divmod(n, 1_000_000)
    milliers, unites = divmod(reste, 1000)
    mots: list[str] = []
    if millions:
        mots.append(f"{_moins_de_mille(millions, accorde=True)} million{'s' if millions > 1 else ''}")
    if milliers:
        mots.append("mille" if milliers == 1 else f"{_moins_de_mille(milliers, accorde=False)} mille")
    if unites or not mots:
        mots.append(_moins_de_mille(unites, accorde=True))
    return " ".join(mots)


def en_lettres(montant: Decimal) -> str:
    """Le montant en lettres (orthographe classique), de 0 à 999 999 999,99 ; lève `MontantInvalide`."""
    centimes = en_centimes(montant)
    if not 0 <= centimes <= 99_999_999_999:
        raise MontantInvalide("Un montant s'écrit en lettres de zéro à 999\u00a0999\u00a0999,99\u00a0€.")
    entier, fraction = divmod(centimes, 100)
    mots: list[str] = []
    if entier or not fraction:
        liaison = "d'" if entier and entier % 1_000_000 == 0 else ""
        mots.append(f"{_entier_en_lettres(entier)} {liaison}euro{'s' if entier > 1 else ''}")
    if fraction:
        mots.append(f"{_entier_en_lettres(fraction)} centime{'s' if fraction > 1 else ''}")
    return " et ".join(mots)
