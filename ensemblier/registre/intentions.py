"""L'intention : ce qu'on a voulu faire est écrit à la porte, avant tout travail (T09, T10)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from ensemblier.noyau.machine import Acteur
from ensemblier.registre.actes import ActeBloque, canonique
from ensemblier.registre.models import Intention


def recevoir(*, cle: str, par: Acteur, corps: dict[str, Any], le: datetime) -> Intention:
    """Enregistre l'intention et la valide aussitôt ; la même clé rend la même ligne, et sa réponse.

    L'heure d'un dépôt est celle de son intention : une panne entre les deux ne la change pas.
    """
    empreinte = hashlib.sha256(canonique(corps).encode()).hexdigest()
    try:
        with transaction.atomic(durable=True):
            intention = Intention.objects.create(
                cle=cle, utilisateur=par.utilisateur, empreinte=empreinte, recue_le=le
            )
    except IntegrityError:
        intention = Intention.objects.get(cle=cle)
    if intention.empreinte != empreinte or intention.utilisateur != par.utilisateur:
        raise ActeBloque(
            "Ce formulaire a déjà servi pour autre chose : rien n'a été enregistré.",
            "Rechargez la page, puis recommencez.",
        )
    return intention


def repondre(intention: Intention, reponse: dict[str, Any]) -> None:
    """Garde la réponse rendue : une reprise de la même clé la rend telle quelle."""
    intention.reponse = reponse
    intention.save(update_fields=("reponse",))
