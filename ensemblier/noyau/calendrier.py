"""Le temps d'un appel : jalons, échéances légales, heure de Paris (K11, P16, B4, B5, B14, B21).

Une échéance est un jour de Paris ; un instant porte toujours son fuseau. Un instant sans fuseau lève
`InstantNaif`. L'horloge n'est jamais lue ici : qui appelle donne l'instant.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from ensemblier.noyau.ecritures import INSECABLE

PARIS = ZoneInfo("Europe/Paris")

JOURS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
JOURS_COURTS = ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim.")
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


class InstantNaif(ValueError):
    """Un instant sans fuseau : on ne sait pas à quelle heure de Paris il correspond."""


def a_paris(instant: datetime) -> datetime:
    """L'instant à l'heure de Paris ; lève `InstantNaif` s'il est sans fuseau."""
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise InstantNaif(
            f"L'instant {instant.isoformat()} est sans fuseau. Ajoutez le décalage, par exemple +02:00."
        )
    return instant.astimezone(PARIS)


def jour_de(valeur: date | datetime) -> date:
    """Le jour de Paris d'un instant ; un jour se rend lui-même."""
    return a_paris(valeur).date() if isinstance(valeur, datetime) else valeur


def _debut(jour: date) -> datetime:
    """Minuit à Paris, en temps universel : deux heures de Paris ne se comparent pas au changement d'heure."""
    return datetime.combine(jour, time(), PARIS).astimezone(UTC)


def instant_limite(jour: date) -> datetime:
    """La dernière microseconde du jour, à Paris (P16)."""
    return datetime.combine(jour_de(jour), time.max, PARIS)


def est_dans_les_temps(depot: datetime, limite: date, derogation: date | None = None) -> bool:
    """P16 : tout instant avant minuit à la fin du jour limite, dérogation comprise (S19, S20, S21)."""
    dernier = max(limite, derogation) if derogation else limite
    return a_paris(depot).astimezone(UTC) < _debut(dernier + timedelta(days=1))


def ajouter_jours(jour: date, n: int) -> date:
    """K11 : jours calendaires, le jour de départ non compté."""
    return jour_de(jour) + timedelta(days=n)


def _dernier_du_mois(annee: int, mois: int) -> date:
    return date(annee, mois, monthrange(annee, mois)[1])


def ajouter_mois(jour: date, n: int) -> date:
    """K11 : même quantième, à défaut le dernier jour du mois."""
    depart = jour_de(jour)
    annee, rang = divmod(depart.year * 12 + depart.month - 1 + n, 12)
    dernier = _dernier_du_mois(annee, rang + 1)
    return dernier.replace(day=min(depart.day, dernier.day))


@dataclass(frozen=True, slots=True)
class Pas:
    """Une ligne du calcul d'une date : ce qui compte, comment, et le jour où l'on arrive."""

    libelle: str
    calcul: str
    jour: date | None


@dataclass(frozen=True, slots=True)
class Horloge:
    """Le silence qui vaut rejet (B14, B15) : son échéance, son calcul ; `arretee_le` si elle ne court pas."""

    lignes: tuple[Pas, ...]
    echeance: date | None
    arretee_le: date | None = None

    def reste(self, jour: date) -> int | None:
        """Les jours jusqu'à l'échéance, négatifs une fois passée ; `None` tant qu'elle est arrêtée."""
        return (self.echeance - jour).days if self.echeance else None


Suspensions = Sequence[tuple[date, date | None]]


def horloge(depot: datetime | date, suspensions: Suspensions = ()) -> Horloge:
    """B14 : deux mois de silence valent rejet (S61, S79) ; chaque jour de suspension recule la date d'autant.

    Une suspension `(du, au)` commencée après l'échéance ne compte pas ; deux qui se recouvrent comptent une
    fois. Une suspension ouverte (`au=None`) arrête tout : l'échéance est `None`.
    """
    debut = jour_de(depot)
    echeance, compte_jusqu_a = ajouter_mois(debut, 2), debut
    lignes = [
        Pas("Dépôt", "le jour du dépôt ne compte pas", debut),
        Pas("Deux mois de silence", "même quantième, à défaut le dernier jour du mois", echeance),
    ]
    for du, au in sorted(suspensions, key=lambda periode: periode[0]):
        if du > echeance:
            break
        if au is None:
            arret = Pas("Horloge arrêtée", f"depuis le {en_francais(du, 'courte')}, jusqu'à la réponse", None)
            return Horloge((*lignes, arret), None, du)
        if au < du:
            raise ValueError(f"La suspension du {en_francais(du, 'courte')} finit avant de commencer.")
        depart = max(du, compte_jusqu_a)
        if au > depart:
            echeance += au - depart
            compte_jusqu_a = au
            jours = (au - depart).days
            calcul = (
                f"du {en_francais(depart, 'courte')} au {en_francais(au, 'courte')}{INSECABLE}: "
                f"+ {jours}{INSECABLE}jour{'s' if jours > 1 else ''}"
            )
            lignes.append(Pas("Suspension", calcul, echeance))
    return Horloge(tuple(lignes), echeance)


def rejet_implicite(depot: datetime | date, suspensions: Suspensions = ()) -> date | None:
    """B14 : l'échéance de `horloge` ; `None` tant qu'une suspension ouverte court."""
    return horloge(depot, suspensions).echeance


@dataclass(frozen=True, slots=True)
class Etape:
    """Le temps entre deux faits : `au` nul, elle court ; `arretes` : ses jours suspendus, comptés à part."""

    libelle: str
    du: date
    au: date | None
    jours: int
    arretes: int


def delais_par_etape(
    faits: Sequence[tuple[str, date | None]], suspensions: Suspensions, jour: date, *, fini: bool = False
) -> tuple[Etape, ...]:
    """Le délai d'un fait au suivant, dans l'ordre des dates (R64 : programmer peut précéder instruire).

    Un fait sans date n'ouvre ni ne ferme rien ; celui qui suit le dernier daté nomme l'étape en cours,
    comptée jusqu'au jour donné, sauf si tout est `fini`. Jours calendaires, le départ non compté (K11).
    """
    dates = sorted(((nom, d) for nom, d in faits if d is not None), key=lambda x: x[1])
    if not dates:
        return ()
    etapes = [
        _etape(f"{avant} à {apres.lower()}", du, au, au, suspensions)
        for (avant, du), (apres, au) in pairwise(dates)
    ]
    rang = max(rang for rang, (_, d) in enumerate(faits) if d is not None)
    attendu = faits[rang + 1][0] if rang + 1 < len(faits) else ""
    if attendu and not fini:
        dernier, du = dates[-1]
        etapes.append(_etape(f"{dernier} à {attendu.lower()}", du, None, max(jour, du), suspensions))
    return tuple(etapes)


def _etape(libelle: str, du: date, au: date | None, fin: date, suspensions: Suspensions) -> Etape:
    arretes = {
        debut + timedelta(days=n)
        for debut, terme in suspensions
        for n in range((min(terme or fin, fin) - debut).days)
        if du <= debut + timedelta(days=n) < fin
    }
    return Etape(libelle, du, au, (fin - du).days, len(arretes))


def echeance_versement(notification: date, jours: int = 60) -> date:
    """B4 : soixante jours après la notification (S50)."""
    return ajouter_jours(notification, jours)


def echeance_compte_rendu(fin_exercice: date, mois: int = 6) -> date:
    """B5, K11 : six mois après la fin d'exercice ; d'une fin de mois à une fin de mois (S59)."""
    fin = jour_de(fin_exercice)
    echeance = ajouter_mois(fin, mois)
    if fin == _dernier_du_mois(fin.year, fin.month):
        return _dernier_du_mois(echeance.year, echeance.month)
    return echeance


def publication_scdl(signature: date) -> date:
    """B21 : les données essentielles paraissent dans les trois mois de la signature (S62)."""
    return ajouter_mois(signature, 3)


def echeance_complements(demande: date, jours: int = 15) -> date:
    """P29 : le dernier jour pour compléter, en jours calendaires."""
    return ajouter_jours(demande, jours)


def paques(annee: int) -> date:
    """Le dimanche de Pâques du calendrier grégorien (algorithme de Butcher et Meeus)."""
    a, b, c = annee % 19, annee // 100, annee % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    mois, jour = divmod(h + m - 7 * n + 114, 31)
    return date(annee, mois, jour + 1)


def jours_feries(annee: int) -> dict[date, str]:
    """Les onze jours fériés de métropole (code du travail, art. L3133-1), dans l'ordre de l'année."""
    dimanche = paques(annee)
    feries = {
        date(annee, 1, 1): "Jour de l'an",
        dimanche + timedelta(days=1): "Lundi de Pâques",
        date(annee, 5, 1): "Fête du travail",
        date(annee, 5, 8): "Victoire de 1945",
        dimanche + timedelta(days=39): "Ascension",
        dimanche + timedelta(days=50): "Lundi de Pentecôte",
        date(annee, 7, 14): "Fête nationale",
        date(annee, 8, 15): "Assomption",
        date(annee, 11, 1): "Toussaint",
        date(annee, 11, 11): "Armistice de 1918",
        date(annee, 12, 25): "Noël",
    }
    return dict(sorted(feries.items()))


@dataclass(frozen=True, slots=True)
class Jalon:
    """Une phase d'un appel (R30, R64). `fin` nulle : la phase reste ouverte.

    `precision` : `jour` ; `mois` (les bornes s'étendent au mois entier) ; `indicatif` (annoncée, jamais
    opposable : sans date, elle n'est jamais ouverte). `texte` est l'annonce telle que l'appel l'écrit.
    """

    code: str
    libelle: str
    nature: str
    debut: date | None = None
    fin: date | None = None
    precision: Literal["jour", "mois", "indicatif"] = "jour"
    texte: str = ""

    def __post_init__(self) -> None:
        if self.debut and self.fin and self.fin < self.debut:
            raise ValueError(f"Le jalon « {self.libelle} » finit avant de commencer.")

    @property
    def premier_jour(self) -> date | None:
        return self.debut.replace(day=1) if self.debut and self.precision == "mois" else self.debut

    @property
    def dernier_jour(self) -> date | None:
        if self.fin and self.precision == "mois":
            return _dernier_du_mois(self.fin.year, self.fin.month)
        return self.fin

    def est_ouvert(self, instant: datetime) -> bool:
        """Vrai du premier jour à minuit jusqu'à la fin du dernier, à Paris."""
        present = a_paris(instant).astimezone(UTC)
        premier, dernier = self.premier_jour, self.dernier_jour
        if premier is None and dernier is None:
            return False
        commence = premier is None or present >= _debut(premier)
        return commence and (dernier is None or present < _debut(dernier + timedelta(days=1)))


def phases_actives(jalons: Iterable[Jalon], instant: datetime) -> tuple[Jalon, ...]:
    """Les phases ouvertes, dans l'ordre donné ; elles peuvent se chevaucher (R64, S22)."""
    return tuple(jalon for jalon in jalons if jalon.est_ouvert(instant))


def decompte(instant: datetime, limite: date | datetime) -> str:
    """Le temps qui reste : « 12 jours », « 5 h 12 » le dernier jour, « 9 min », ou « délai passé »."""
    present = a_paris(instant)
    fin = a_paris(limite) if isinstance(limite, datetime) else instant_limite(limite)
    restant = fin.astimezone(UTC) - present.astimezone(UTC)
    if restant < timedelta(0):
        return "délai passé"
    jours = (fin.date() - present.date()).days
    if jours:
        return f"{jours}{INSECABLE}jour{'s' if jours > 1 else ''}"
    heures, minutes = divmod(int(restant.total_seconds()) // 60, 60)
    if heures:
        return f"{heures}{INSECABLE}h{INSECABLE}{minutes:02d}"
    return f"{minutes}{INSECABLE}min" if minutes else "moins d'une minute"


def en_francais(valeur: date | datetime, forme: Literal["longue", "courte", "lettre"] = "longue") -> str:
    """« dim. 25 mai 2025, 23 h 59 » (longue), « 25/05/2025 » (courte), « dimanche 25 mai 2025 » (lettre).

    Un instant ajoute son heure de Paris, sans les secondes ; un jour n'en a pas.
    """
    jour = jour_de(valeur)
    quantieme = "1er" if jour.day == 1 else str(jour.day)
    noms = JOURS if forme == "lettre" else JOURS_COURTS
    texte = f"{noms[jour.weekday()]} {quantieme}{INSECABLE}{MOIS[jour.month - 1]} {jour.year:04d}"
    if forme == "courte":
        texte = f"{jour.day:02d}/{jour.month:02d}/{jour.year:04d}"
    if isinstance(valeur, datetime):
        local = a_paris(valeur)
        texte += f", {local.hour}{INSECABLE}h{INSECABLE}{local.minute:02d}"
    return texte
