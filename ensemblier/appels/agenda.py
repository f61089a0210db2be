"""Le calendrier d'un appel au format iCalendar (RFC 5545) : des journées, jamais une heure inventée."""

from __future__ import annotations

from datetime import UTC, timedelta

from ensemblier.appels.models import Appel


def _echapper(texte: str) -> str:
    for brut, ecrit in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        texte = texte.replace(brut, ecrit)
    return texte


def _plier(ligne: str) -> str:
    """75 octets par ligne, la suite précédée d'une espace, sans couper un caractère."""
    morceaux, courant = [], ""
    for caractere in ligne:
        if len((courant + caractere).encode()) > 73:
            morceaux.append(courant)
            courant = ""
        courant += caractere
    return "\r\n ".join([*morceaux, courant])


def en_ics(appel: Appel, *, adresse: str) -> str:
    """Un événement par jalon daté ; `adresse` est celle de la page de l'appel."""
    estampille = appel.modifie_le.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    lignes = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Ensemblier//Appels//FR", "CALSCALE:GREGORIAN"]
    for phase in (j.phase() for j in appel.jalons.all()):
        du, au = phase.premier_jour or phase.dernier_jour, phase.dernier_jour or phase.premier_jour
        if not du or not au:
            continue
        if phase.premier_jour is None:
            du = au
        lignes += [
            "BEGIN:VEVENT",
            f"UID:{appel.territoire.code}-{appel.code}-{phase.code}@ensemblier.example",
            f"DTSTAMP:{estampille}",
            f"DTSTART;VALUE=DATE:{du:%Y%m%d}",
            f"DTEND;VALUE=DATE:{au + timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{_echapper(f'{appel.titre_court} : {phase.libelle}')}",
            f"DESCRIPTION:{_echapper(phase.texte or phase.libelle)}",
            f"URL:{adresse}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    return "\r\n".join(map(_plier, [*lignes, "END:VCALENDAR"])) + "\r\n"
