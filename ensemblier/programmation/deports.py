"""Qui est hors d'un dossier en séance : déport écrit, intérêt connu, ou rattachement au porteur (B10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ensemblier.comptes.models import Interet, Rattachement, Utilisateur
from ensemblier.dossiers.models import Deport, Dossier
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation.models import Inscription, Seance


def interesses(
    seance: Seance, inscriptions: Iterable[Inscription]
) -> Iterator[tuple[Inscription, Utilisateur, str]]:
    """Chaque membre lié au porteur d'un dossier, et par quoi : cela vaut déport. Deux requêtes."""
    par_porteur: dict[int, list[Inscription]] = {}
    for inscription in inscriptions:
        par_porteur.setdefault(inscription.dossier.organisme_id, []).append(inscription)
    lies = {"utilisateur__in": seance.participants.values("utilisateur"), "organisme__in": par_porteur}
    interets = Interet.objects.filter(**lies, leve_le=None)
    rattachements = Rattachement.objects.en_vigueur(jour_de(seance.le)).filter(**lies)
    for lien in (*interets.select_related("utilisateur"), *rattachements.select_related("utilisateur")):
        motif = lien.nature if isinstance(lien, Interet) else lien.fonction
        for inscription in par_porteur[lien.organisme_id]:
            yield inscription, lien.utilisateur, motif


def ecartes(seance: Seance, inscriptions: Iterable[Inscription]) -> dict[int, dict[int, str]]:
    """Par dossier, chaque personne écartée et pourquoi ; trois requêtes, quel que soit l'ordre du jour."""
    lues = list(inscriptions)
    rendus: dict[int, dict[int, str]] = {}
    ecrits = Deport.objects.filter(dossier__in=[i.dossier_id for i in lues], leve_le=None)
    for d in ecrits.select_related("utilisateur"):
        rendus.setdefault(d.dossier_id, {})[d.utilisateur_id] = f"{d.utilisateur.nom_complet} ({d.motif})"
    for inscription, personne, motif in interesses(seance, lues):
        rendus.setdefault(inscription.dossier_id, {}).setdefault(
            personne.pk, f"{personne.nom_complet} ({motif})"
        )
    return rendus


def lisibles_par(acteur: Acteur | None, seance: Seance) -> set[int]:
    """Les dossiers de l'ordre du jour que la personne lit ; elle est hors des autres (B10). Une requête."""
    siens = Dossier.objects.a_juger_par(acteur).filter(pk__in=seance.inscriptions.values("dossier"))
    return set(siens.values_list("pk", flat=True))
