"""Le calendrier des appels au format iCalendar (RFC 5545) : des journées, et l'heure où le dépôt ferme.

Une phase est une journée ou plusieurs, jamais une heure inventée ; une date annoncée (« fin juin ») est dite
indicative. La fin du dépôt, elle, a une heure (P16) : 23 h 59 à Paris, été comme hiver.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from ensemblier.appels.lecture import dates_en_clair
from ensemblier.appels.models import Appel
from ensemblier.interface.ics import echapper, ecrire, instant
from ensemblier.noyau.calendrier import Jalon, instant_limite

PARIS = (
    "BEGIN:VTIMEZONE", "TZID:Europe/Paris",
    "BEGIN:DAYLIGHT", "DTSTART:19960331T020000", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "TZNAME:CEST", "END:DAYLIGHT",
    "BEGIN:STANDARD", "DTSTART:19961027T030000", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "TZNAME:CET", "END:STANDARD",
    "END:VTIMEZONE",
)  # fmt: skip


def _bornes(phase: Jalon) -> tuple[date, date] | None:
    """Les jours de la phase ; seule la fin connue : ce jour-là ; aucune date : rien à inscrire."""
    du, au = phase.premier_jour, phase.dernier_jour
    if du is None or au is None:
        seul = au or du
        return (seul, seul) if seul else None
    return du, au


def _evenement(appel: Appel, suffixe: str, adresse: str, corps: Iterable[str]) -> list[str]:
    """Un événement : son nom ne change jamais, son rang suit les versions du règlement."""
    version = appel.reglement.version if appel.reglement else 1
    return [
        "BEGIN:VEVENT",
        f"UID:{appel.territoire.code}-{appel.code}-{suffixe}@ensemblier.example",
        f"DTSTAMP:{instant(appel.modifie_le)}",
        f"LAST-MODIFIED:{instant(appel.modifie_le)}",
        f"SEQUENCE:{version - 1}",
        *corps,
        f"URL:{adresse}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _journees(appel: Appel, phase: Jalon, du: date, au: date) -> list[str]:
    precise = phase.precision == "jour"
    titre = f"{appel.titre_court} : {phase.libelle}{'' if precise else ' (date indicative)'}"
    return [
        f"DTSTART;VALUE=DATE:{du:%Y%m%d}",
        f"DTEND;VALUE=DATE:{au + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{echapper(titre)}",
        f"DESCRIPTION:{echapper(f'{phase.libelle} : {dates_en_clair(phase)}.')}",
        f"STATUS:{'CONFIRMED' if precise else 'TENTATIVE'}",
    ]


def _fermeture(appel: Appel, jour: date) -> list[str]:
    """Les dernières minutes du dépôt, avec un rappel trois jours avant."""
    titre, fin = echapper(f"{appel.titre_court} : le dépôt ferme"), instant_limite(jour)
    heure = f"{fin.hour} h {fin.minute}".replace(" ", "\u00a0")
    return [
        f"DTSTART;TZID=Europe/Paris:{jour:%Y%m%d}T230000",
        f"DTEND;TZID=Europe/Paris:{jour:%Y%m%d}T{fin:%H%M}00",
        f"SUMMARY:{titre}",
        f"DESCRIPTION:{echapper(f'Dernière heure : le dépôt ferme à {heure}, heure de Paris.')}",
        "STATUS:CONFIRMED",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "TRIGGER:-P3D",
        f"DESCRIPTION:{titre} dans trois jours",
        "END:VALARM",
    ]


def _evenements(appel: Appel, adresse: str) -> tuple[list[str], list[str]]:
    """Les événements d'un appel, et ce qui n'a pas encore de date."""
    lignes, sans_date = [], []
    for phase in (j.phase() for j in appel.jalons.all()):
        bornes = _bornes(phase)
        if bornes is None:
            sans_date.append(f"{appel.titre_court} : {phase.libelle}, {dates_en_clair(phase)}")
            continue
        lignes += _evenement(appel, phase.code, adresse, _journees(appel, phase, *bornes))
        if phase.nature == "depot" and phase.dernier_jour and phase.precision == "jour":
            lignes += _evenement(appel, f"{phase.code}-fin", adresse, _fermeture(appel, phase.dernier_jour))
    return lignes, sans_date


def en_ics(appels: Iterable[tuple[Appel, str]], *, nom: str) -> str:
    """L'agenda de ces appels, chacun avec l'adresse de sa page ; ce qui n'a pas de date est dit en tête."""
    lignes, sans_date = [], []
    for appel, adresse in appels:
        siennes, autres = _evenements(appel, adresse)
        lignes += siennes
        sans_date += autres
    tete = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Ensemblier//Appels//FR", "CALSCALE:GREGORIAN",
            "METHOD:PUBLISH", f"X-WR-CALNAME:{echapper(nom)}", "X-WR-TIMEZONE:Europe/Paris"]  # fmt: skip
    if sans_date:
        tete.append(f"X-WR-CALDESC:{echapper('Pas encore daté. ' + ' ; '.join(sans_date) + '.')}")
    return ecrire([*tete, *PARIS, *lignes, "END:VCALENDAR"])
