"""La convocation dans l'agenda d'un membre (RFC 5545) : le même événement, dont la version monte."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from ensemblier.comptes.models import Utilisateur
from ensemblier.interface.ics import echapper, ecrire, instant
from ensemblier.programmation.etats import ANNULEE
from ensemblier.programmation.models import Seance


def en_ics(seance: Seance, personne: Utilisateur, *, le: datetime) -> str:
    """Ce que le membre ajoute à son agenda ; annulée, la séance en sort.

    Sans adresse du service, personne n'organise : l'agenda se publie au lieu d'inviter.
    """
    annulee, service = seance.etat == ANNULEE, seance.territoire.courriel
    methode = ("CANCEL" if annulee else "REQUEST") if service else "PUBLISH"
    invites = [
        f"ORGANIZER;CN={_nom(seance.territoire.service)}:mailto:{service}",
        f"ATTENDEE;CN={_nom(personne.nom_complet)};RSVP=FALSE:mailto:{personne.courriel}",
    ]
    return ecrire(
        [
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Ensemblier//Seances//FR", "CALSCALE:GREGORIAN",
            f"METHOD:{methode}",
            "BEGIN:VEVENT",
            f"UID:{seance.territoire.code}-seance-{seance.pk}@ensemblier.example",
            f"DTSTAMP:{instant(le)}",
            f"SEQUENCE:{seance.version}",
            f"DTSTART:{instant(seance.le)}",
            f"DTEND:{instant(seance.le + timedelta(minutes=seance.duree_minutes))}",
            f"SUMMARY:{echapper(seance.titre)}",
            *([f"LOCATION:{echapper(seance.lieu)}"] if seance.lieu else []),
            f"DESCRIPTION:{echapper(_description(seance))}",
            f"STATUS:{'CANCELLED' if annulee else 'CONFIRMED'}",
            *(invites if service else []),
            f"URL:{settings.ADRESSE_PUBLIQUE}{reverse('seance', args=[seance.pk])}",
            "END:VEVENT", "END:VCALENDAR",
        ]
    )  # fmt: skip


def _description(seance: Seance) -> str:
    if seance.annulee_car:
        return f"Séance annulée : {seance.annulee_car}"
    return f"{seance.get_type_display()}, {seance.appel.titre}. L'ordre du jour est sur la page de la séance."


def _nom(texte: str) -> str:
    """Une valeur de paramètre : entre guillemets, sans ceux du texte (RFC 5545, 3.1)."""
    return '"' + "".join(c for c in texte if c != '"' and c.isprintable()) + '"'
