"""Les tâches périodiques de la maison et leur pas ; chacune se relance sans dommage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ensemblier.registre.actes import sceller
from ensemblier.registre.courriels import envoyer_en_attente


@dataclass(frozen=True, slots=True)
class Tache:
    nom: str
    secondes: int
    faire: Callable[[datetime], object]


TACHES = (
    Tache("envoyer les courriels en attente", 10, lambda le: envoyer_en_attente(le=le)),
    Tache("sceller les événements nouveaux", 60, lambda le: sceller(le=le)),
)
