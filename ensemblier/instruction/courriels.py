"""Ce que l'instruction écrit au porteur et au service ; les destinataires sont lus au moment de l'acte."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q

from ensemblier.comptes.courriels import ecrire
from ensemblier.comptes.models import Genre, Rattachement
from ensemblier.dossiers.models import Dossier
from ensemblier.instruction.models import Complement
from ensemblier.noyau.calendrier import en_francais, jour_de


def adresses_du_porteur(dossier: Dossier, le: datetime) -> list[str]:
    """Les personnes rattachées à l'organisme ce jour-là."""
    jour = jour_de(le)
    en_vigueur = (Q(du=None) | Q(du__lte=jour)) & (Q(au=None) | Q(au__gte=jour))
    liens = Rattachement.objects.filter(
        en_vigueur, organisme=dossier.organisme_id, utilisateur__is_active=True
    )
    return sorted(set(liens.values_list("utilisateur__courriel", flat=True)))


def _poster(
    genre: Genre,
    dossier: Dossier,
    *,
    cle: str,
    vers: Iterable[str],
    sujet: str,
    gabarit: str,
    le: datetime,
    **contexte: Any,
) -> None:
    for adresse in vers:
        ecrire(
            genre,
            cle=f"{cle}:{adresse}",
            a=adresse,
            sujet=f"{dossier.numero} · {sujet}",
            gabarit=f"instruction/courriels/{gabarit}",
            contexte={"dossier": dossier, **contexte},
            le=le,
            objet=dossier.designation(),
        )


def complements_demandes(complement: Complement, *, noms: list[str], le: datetime) -> None:
    quoi = (
        noms[0].partition(" :")[0] if len(noms) == 1 else f"{len(noms)} choses" if noms else "une précision"
    )
    _poster(
        Genre.CORRECTION,
        complement.dossier,
        cle=f"complement:{complement.pk}",
        vers=adresses_du_porteur(complement.dossier, le),
        sujet=f"Ajoutez : {quoi}, avant le {en_francais(complement.echeance)}",
        gabarit="complements",
        le=le,
        complement=complement,
        noms=noms,
    )


def complements_recus(dossier: Dossier, *, le: datetime) -> None:
    _poster(
        Genre.TRAVAIL,
        dossier,
        cle=f"complete:{dossier.pk}:{le.isoformat()}",
        vers=[dossier.territoire.courriel],
        sujet="Le porteur a envoyé ce qui manquait",
        gabarit="complete",
        le=le,
    )


def irrecevable(dossier: Dossier, *, motif: str, le: datetime) -> None:
    _poster(
        Genre.DECISION,
        dossier,
        cle=f"irrecevable:{dossier.pk}",
        vers=adresses_du_porteur(dossier, le),
        sujet="Votre dossier ne peut pas être examiné",
        gabarit="irrecevable",
        le=le,
        motif=motif,
    )
