"""Les courriels d'un bilan : rappels (B5), correction demandée, décompte, reversement (B17)."""

from __future__ import annotations

from datetime import datetime

from ensemblier.bilans.models import Bilan, Reversement
from ensemblier.comptes.models import Genre
from ensemblier.conventions.courriels import ecrire
from ensemblier.noyau import calendrier


def demander_la_correction(bilan: Bilan, *, motif: str, le: datetime) -> None:
    ecrire(
        Genre.CORRECTION,
        bilan.dossier,
        cle=f"bilan-a-corriger:{bilan.pk}:{calendrier.a_paris(le):%Y%m%d%H%M}",
        sujet="Votre bilan est à corriger",
        gabarit="bilans/courriels/a_corriger",
        contexte={"motif": motif},
        le=le,
    )


def annoncer_la_validation(bilan: Bilan, *, le: datetime) -> None:
    ecrire(
        Genre.SUITE,
        bilan.dossier,
        cle=f"bilan-valide:{bilan.pk}",
        sujet="Votre bilan est accepté",
        gabarit="bilans/courriels/valide",
        contexte={},
        le=le,
    )


def annoncer_le_reversement(reversement: Reversement, *, etape: str, le: datetime) -> None:
    """`etape` : « projet » ou « decision »."""
    demande = reversement.demande
    jour = calendrier.en_francais(reversement.reponse_avant_le, "courte")
    sujet = f"Somme à rendre : répondez avant le {jour}" if etape == "projet" else "Décision de reversement"
    ecrire(
        Genre.DECISION,
        demande.dossier,
        cle=f"reversement-{etape}:{reversement.pk}",
        sujet=sujet,
        gabarit="bilans/courriels/reversement",
        contexte={"demande": demande, "reversement": reversement, "etape": etape},
        le=le,
    )


def rappeler(bilan: Bilan, *, jours: int, le: datetime) -> None:
    """B5 : soixante jours avant, quinze jours avant, le lendemain ; chaque rappel part une fois."""
    jour = calendrier.en_francais(bilan.echeance, "courte")
    sujet = f"Bilan en retard depuis le {jour}" if jours < 0 else f"Bilan à rendre avant le {jour}"
    ecrire(
        Genre.ECHEANCE,
        bilan.dossier,
        cle=f"bilan-rappel:{bilan.pk}:{jours}",
        sujet=sujet,
        gabarit="bilans/courriels/rappel",
        contexte={"bilan": bilan, "jours": jours},
        le=le,
    )
