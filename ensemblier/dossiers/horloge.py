"""L'horloge d'un dossier : quand le silence vaut rejet (B14), arrêtée pendant les compléments (B15)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.db.models import Q

from ensemblier.dossiers.etats import A_COMPLETER, DEPOSE, RECEVABLE
from ensemblier.dossiers.models import Dossier, Suspension
from ensemblier.noyau import calendrier

OUVERTS = (DEPOSE, A_COMPLETER, RECEVABLE)
"""Tant que rien n'est décidé, le silence compte."""
PROCHE = 15
"""En jours : à partir d'ici, un rejet implicite s'annonce dans la liste."""


def horloge_de(
    dossier: Dossier, suspensions: Sequence[Suspension] | None = None
) -> calendrier.Horloge | None:
    """L'horloge et son calcul ; aucune hors des états où le silence compte.

    `suspensions` : les siennes, déjà lues ; une requête sinon.
    """
    if dossier.depose_le is None or dossier.etat not in OUVERTS:
        return None
    siennes = dossier.suspensions.all() if suspensions is None else suspensions
    return calendrier.horloge(dossier.depose_le, [(s.du, s.au) for s in siennes])


def remettre_a_l_heure(dossier: Dossier) -> None:
    """Recalcule la colonne que la liste lit ; à appeler sous le verrou, après tout arrêt ou reprise."""
    lue = horloge_de(dossier)
    dossier.rejet_le = lue.echeance if lue else None
    Dossier.objects.filter(pk=dossier.pk).update(rejet_le=dossier.rejet_le)


def rejet_proche(jour: date) -> Q:
    """Les dossiers que le silence va rejeter sous `PROCHE` jours."""
    return Q(etat__in=OUVERTS, rejet_le__range=(jour, jour + timedelta(days=PROCHE)))


def jours_avant_rejet(dossier: Dossier, jour: date) -> int | None:
    """Les jours qui restent, s'il y en a `PROCHE` au plus ; rien sinon."""
    if dossier.rejet_le is None or dossier.etat not in OUVERTS:
        return None
    reste = (dossier.rejet_le - jour).days
    return reste if 0 <= reste <= PROCHE else None


def rejet_passe(jour: date) -> Q:
    """Ceux que le silence a déjà rejetés ; une décision expresse reste possible (B14)."""
    return Q(etat__in=OUVERTS, rejet_le__lt=jour)
