"""Les éditions de démonstration : mêmes règles, dates glissées pour que le dépôt soit ouvert ce jour."""

from __future__ import annotations

from datetime import date, timedelta

from ensemblier.noyau.packs import Appel, JalonEcrit

RESTE = timedelta(days=24)


def edition_du_jour(pack: Appel, *, code: str, titre: str, jour: date) -> Appel:
    """Le même appel, dont le dépôt ferme dans 24 jours ; l'ordre et les durées des phases sont gardés."""
    depot = next(j for j in pack.jalons if j.nature == "depot")
    if depot.fin is None:
        raise ValueError(f"{pack.slug} : la phase de dépôt n'a pas de fin")
    ecart = jour + RESTE - depot.fin
    jalons = tuple(_glisser(jalon, ecart, jour) for jalon in pack.jalons)
    return pack.model_copy(
        update={
            "slug": code,
            "titre": titre,
            "titre_court": titre,
            "exercice": jour.year,
            "jalons": jalons,
            "publie_le": jour - timedelta(days=30),
            "calendrier_texte": "Édition de démonstration : dates glissées, règles inchangées.",
        }
    )


def _glisser(jalon: JalonEcrit, ecart: timedelta, jour: date) -> JalonEcrit:
    debut = jalon.debut + ecart if jalon.debut else None
    if jalon.nature == "depot" and debut is not None:
        debut = min(debut, jour - timedelta(days=7))
    return jalon.model_copy(
        update={"debut": debut, "fin": jalon.fin + ecart if jalon.fin else None, "texte": ""}
    )


def edition_passee(pack: Appel, *, code: str, titre: str, exercice: int) -> Appel:
    """Le même appel, reculé d'autant d'années qu'il faut : tout y est déjà fermé."""
    recul = pack.exercice - exercice
    jalons = tuple(
        j.model_copy(
            update={
                "debut": _reculer(j.debut, recul),
                "fin": _reculer(j.fin or _cloture(j.debut), recul),
                "texte": "",
            }
        )
        for j in pack.jalons
    )
    return pack.model_copy(
        update={
            "slug": code,
            "titre": titre,
            "titre_court": titre,
            "exercice": exercice,
            "jalons": jalons,
            "publie_le": None,
            "calendrier_texte": "Année fictive, entièrement close.",
        }
    )


def _reculer(jour: date | None, annees: int) -> date | None:
    return jour.replace(year=jour.year - annees, day=min(jour.day, 28)) if jour else None


def _cloture(debut: date | None) -> date | None:
    """Une phase sans fin écrite se ferme ici deux mois après son début : l'année est close."""
    return debut + timedelta(days=60) if debut else None
