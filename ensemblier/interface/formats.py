"""Écrire les nombres et les dates en français : espaces insécables, signe moins, heure de Paris.

Un montant est un `Decimal` ou un entier d'euros ; un flottant est refusé (K1). L'espace est toujours
U+00A0 : la police du texte n'a pas U+202F.
"""

from __future__ import annotations

import datetime
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from ensemblier.noyau.calendrier import instant_limite

INSECABLE = "\u00a0"
MOINS = "\u2212"
ABSENT = "\u2014"
PARIS = ZoneInfo("Europe/Paris")

JOURS = ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim.")
JOURS_LONGS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MOIS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)


def decimal(valeur: Decimal | int | str) -> Decimal:
    """Rend un `Decimal` ; un flottant est refusé parce qu'il a déjà perdu des centimes."""
    if isinstance(valeur, float | bool):
        raise TypeError(f"Un montant s'écrit en Decimal, pas en {type(valeur).__name__}.")
    return Decimal(valeur)


def nombre(valeur: Decimal | int | str, decimales: int = 0) -> str:
    """« 12 400 », « −3,5 » : groupes de trois chiffres, virgule, arrondi à la demie vers le haut."""
    arrondi = decimal(valeur).quantize(Decimal(1).scaleb(-decimales), rounding=ROUND_HALF_UP)
    texte = f"{abs(arrondi):,.{decimales}f}".replace(",", INSECABLE).replace(".", ",")
    return f"{MOINS}{texte}" if arrondi < 0 else texte


def euros(valeur: Decimal | int | str | None) -> str:
    """« 9 000,00 € » : accordé, dû, payé. Rien de dit : « — »."""
    return ABSENT if valeur in (None, "") else f"{nombre(valeur, 2)}{INSECABLE}€"


def euros_ronds(valeur: Decimal | int | str | None) -> str:
    """« 9 000 € » : demandé, en euros entiers (P31) ; des centimes présents restent écrits."""
    if valeur in (None, ""):
        return ABSENT
    montant = decimal(valeur)
    return f"{nombre(montant, 0 if montant == montant.to_integral_value() else 2)}{INSECABLE}€"


def pourcent(fraction: Decimal | None, seuil: Decimal | None = None) -> str:
    """« 59,9 % » pour 0,599 ; ajoute des décimales tant que l'arrondi contredirait le seuil (S03)."""
    if fraction is None:
        return ABSENT
    exact = decimal(fraction) * 100
    for decimales in range(1, 10):
        arrondi = exact.quantize(Decimal(1).scaleb(-decimales), rounding=ROUND_HALF_UP)
        if seuil is None or _meme_cote(exact, arrondi, decimal(seuil) * 100):
            break
    return f"{nombre(exact, decimales)}{INSECABLE}%"


def _meme_cote(exact: Decimal, arrondi: Decimal, seuil: Decimal) -> bool:
    return (exact >= seuil) == (arrondi >= seuil) and (exact <= seuil) == (arrondi <= seuil)


def taux(fraction: Decimal | None) -> str:
    """« 50 % », « 33,33 % » : un taux fixé par une règle, sans décimale inutile."""
    if fraction is None:
        return ABSENT
    exact = (decimal(fraction) * 100).normalize()
    return f"{nombre(exact, max(0, -int(exact.as_tuple().exponent)))}{INSECABLE}%"


def a_paris(moment: datetime.date | datetime.datetime) -> datetime.date | datetime.datetime:
    """Rend l'heure de Paris d'un instant daté ; une date ou une heure sans fuseau reste telle quelle."""
    if isinstance(moment, datetime.datetime) and moment.tzinfo is not None:
        return moment.astimezone(PARIS)
    return moment


def _jour(moment: datetime.date) -> str:
    quantieme = "1er" if moment.day == 1 else str(moment.day)
    return f"{quantieme}{INSECABLE}{MOIS[moment.month - 1]} {moment.year}"


def date_longue(moment: datetime.date | None) -> str:
    """« mardi 20 mai 2025 »."""
    if not moment:
        return ABSENT
    local = a_paris(moment)
    return f"{JOURS_LONGS[local.weekday()]} {_jour(local)}"


def date_courte(moment: datetime.date | None) -> str:
    """« 25/05/2025 », dans les tableaux."""
    return a_paris(moment).strftime("%d/%m/%Y") if moment else ABSENT


def heure(moment: datetime.datetime | None) -> str:
    """« 23 h 59 », ou « 9 h » à l'heure pile."""
    if not moment:
        return ABSENT
    local = a_paris(moment)
    minutes = f"{INSECABLE}{local.minute:02d}" if local.minute else ""
    return f"{local.hour}{INSECABLE}h{minutes}"


def heure_serveur(moment: datetime.datetime | None) -> str:
    """« 10:00:00 » : la preuve horodatée, jamais une échéance."""
    return a_paris(moment).strftime("%H:%M:%S") if moment else ABSENT


def echeance(moment: datetime.date | datetime.datetime | None) -> str:
    """« dim. 25 mai 2025, 23 h 59 » ; une date seule n'a pas d'heure."""
    if not moment:
        return ABSENT
    local = a_paris(moment)
    texte = f"{JOURS[local.weekday()]}{INSECABLE}{_jour(local)}"
    return f"{texte}, {heure(local)}" if isinstance(local, datetime.datetime) else texte


def limite(jour: datetime.date | None) -> str:
    """« dimanche 25 mai 2025, 23 h 59 » : le dernier instant d'un jour, à Paris (P16)."""
    return f"{date_longue(jour)}, {heure(instant_limite(jour))}" if jour else ABSENT


def telephone(numero: str | None) -> str:
    """« 03 21 79 05 30 » : par paires ; ce qui n'a pas dix chiffres français reste tel que saisi."""
    if not numero:
        return ABSENT
    chiffres = "".join(c for c in numero if c.isdigit() or c == "+")
    if chiffres.startswith("+33"):
        chiffres = "0" + chiffres[3:]
    if len(chiffres) != 10 or not chiffres.startswith("0") or "+" in chiffres:
        return numero
    return INSECABLE.join(chiffres[i : i + 2] for i in range(0, 10, 2))


def siret(numero: str | None) -> str:
    """« 123 456 789 00012 » (SIRET) ou « 123 456 789 » (SIREN) ; le reste tel quel."""
    if not numero:
        return ABSENT
    chiffres = "".join(numero.split())
    if not chiffres.isdigit() or len(chiffres) not in (9, 14):
        return numero
    groupes = [chiffres[0:3], chiffres[3:6], chiffres[6:9], chiffres[9:]]
    return INSECABLE.join(g for g in groupes if g)


def ordre(nom: str) -> str:
    """La clé de l'ordre alphabétique : « Éleu » se range à E, une minuscule avec sa majuscule."""
    plat = unicodedata.normalize("NFKD", nom)
    return "".join(c for c in plat if not unicodedata.combining(c)).casefold()


def poids(octets: int | None) -> str:
    """« 272 Ko », « 1,4 Mo » : le poids d'un fichier, en milliers d'octets."""
    if octets is None:
        return ABSENT
    if octets < 1_000_000:
        return f"{max(1, round(octets / 1000))}{INSECABLE}Ko"
    return f"{nombre(Decimal(octets) / 1_000_000, 1)}{INSECABLE}Mo"


def duree(jours: int) -> str:
    """« 1 jour », « 45 jours », « 10 mois », « 2 ans » : une ancienneté se lit, elle ne se compte pas."""
    mois = jours * 12 // 365
    if mois >= 24:
        return accord(mois // 12, "an")
    return f"{mois}{INSECABLE}mois" if mois >= 2 else accord(jours, "jour")


def dans(jours: int) -> str:
    """« aujourd'hui », « demain », « dans 9 jours » : une échéance qui vient."""
    proches = {0: "aujourd'hui", 1: "demain"}
    return proches.get(jours) or f"dans {accord(jours, 'jour')}"


def accord(nombre_de: int, singulier: str, pluriel: str = "") -> str:
    """« 1 dossier », « 12 dossiers », « 0 dossier » : le compte et son nom, accordés."""
    nom = singulier if abs(nombre_de) < 2 else (pluriel or f"{singulier}s")
    return f"{nombre(nombre_de)}{INSECABLE}{nom}"
