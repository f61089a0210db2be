"""Où en est un appel : ouvert, à venir, fermé ; ses phases ; ce que chaque financeur y ouvre."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Prefetch, QuerySet

from ensemblier.appels.etats import CLOS
from ensemblier.appels.models import Appel, Jalon
from ensemblier.noyau import calendrier
from ensemblier.territoires.models import Territoire

OUVERT, A_VENIR, FERME, SANS_DATE = "ouvert", "a_venir", "ferme", "sans_date"


@dataclass(frozen=True, slots=True)
class Ouverture:
    """Le dépôt d'un appel à un instant ; `reste` : « 12 jours », « 5 h 12 » le dernier jour.

    `presse` : moins d'un jour reste, la page se relit chaque minute.
    `phases` : tout ce qui est en cours, dépôt compris ; deux phases peuvent se chevaucher (S22).
    """

    statut: str
    ouvre_le: date | None = None
    ferme_le: date | None = None
    reste: str = ""
    presse: bool = False
    phases: tuple[calendrier.Jalon, ...] = field(default=())

    @property
    def limite(self) -> datetime | None:
        """La dernière seconde du dépôt, à Paris (P16)."""
        return calendrier.instant_limite(self.ferme_le) if self.ferme_le else None


def ouverture(appel: Appel, *, le: datetime) -> Ouverture:
    """Lit les jalons de l'appel (préchargés dans une liste) à l'instant `le`."""
    phases = [j.phase() for j in appel.jalons.all()]
    en_cours = calendrier.phases_actives(phases, le)
    depots = [p for p in phases if p.nature == "depot"]
    if appel.etat == CLOS:
        return Ouverture(FERME, ferme_le=depots[-1].dernier_jour if depots else None, phases=en_cours)
    ouvert = next((p for p in depots if p.est_ouvert(le)), None)
    if ouvert:
        reste = calendrier.decompte(le, ouvert.dernier_jour) if ouvert.dernier_jour else ""
        presse = bool(ouvert.dernier_jour) and calendrier.jour_de(le) == ouvert.dernier_jour
        return Ouverture(OUVERT, ouvert.premier_jour, ouvert.dernier_jour, reste, presse, en_cours)
    jour = calendrier.jour_de(le)
    futur = next((p for p in depots if p.premier_jour and p.premier_jour > jour), None)
    if futur:
        reste = calendrier.decompte(le, futur.premier_jour) if futur.premier_jour else ""
        return Ouverture(A_VENIR, futur.premier_jour, futur.dernier_jour, reste, phases=en_cours)
    passe = next((p for p in reversed(depots) if p.dernier_jour), None)
    if passe:
        return Ouverture(FERME, passe.premier_jour, passe.dernier_jour, phases=en_cours)
    return Ouverture(SANS_DATE, phases=en_cours)


def publies(territoire: Territoire | None) -> QuerySet[Appel]:
    """Les appels que tout le monde peut lire, leurs jalons avec eux : deux requêtes."""
    jalons = Prefetch("jalons", queryset=Jalon.objects.order_by("rang"))
    visibles = Appel.objects.publies().filter(territoire=territoire)
    return visibles.defer("projet").select_related("reglement", "territoire").prefetch_related(jalons)


_ORDRE = {OUVERT: 0, A_VENIR: 1, SANS_DATE: 2, FERME: 3}


def ranges(appels: Iterable[Appel], *, le: datetime) -> list[tuple[Appel, Ouverture]]:
    """Les ouverts d'abord, le plus pressé en tête ; puis ceux qui viennent ; les fermés récents avant."""
    couples = [(appel, ouverture(appel, le=le)) for appel in appels]

    def cle(couple: tuple[Appel, Ouverture]) -> tuple[int, int]:
        o = couple[1]
        jour = {OUVERT: o.ferme_le, A_VENIR: o.ouvre_le, FERME: o.ferme_le}.get(o.statut) or date.max
        rang = jour.toordinal()
        return (_ORDRE[o.statut], -rang if o.statut == FERME else rang)

    return sorted(couples, key=cle)


def dates_en_clair(phase: calendrier.Jalon) -> str:
    """« du 20 octobre au 7 novembre 2025 », « jusqu'au 25 mai 2025 », ou l'annonce de l'appel."""
    if phase.texte:
        return phase.texte
    du, au = phase.debut, phase.fin
    if du and au and du == au:
        return _jour(du)
    if du and au:
        return f"du {_jour(du, sans_annee=du.year == au.year)} au {_jour(au)}"
    if au:
        return f"jusqu'au {_jour(au)}"
    return f"à partir du {_jour(du)}" if du else "date pas encore connue"


def _jour(jour: date, *, sans_annee: bool = False) -> str:
    quantieme = "1er" if jour.day == 1 else str(jour.day)
    texte = f"{quantieme}\u00a0{calendrier.MOIS[jour.month - 1]}"
    return texte if sans_annee else f"{texte} {jour.year}"


def frise(appel: Appel, *, le: datetime) -> list[dict[str, Any]]:
    """Les segments de la frise : fait, maintenant, à venir, ou flou quand la date n'est qu'annoncée."""
    jour = calendrier.jour_de(le)
    segments = []
    for phase in (j.phase() for j in appel.jalons.all()):
        if phase.dernier_jour and phase.dernier_jour < jour:
            etat = "fait"
        elif phase.est_ouvert(le):
            etat = "maintenant"
        else:
            etat = "flou" if phase.precision != "jour" else "a_venir"
        segments.append({"libelle": phase.libelle, "etat": etat, "date": dates_en_clair(phase)})
    return segments
