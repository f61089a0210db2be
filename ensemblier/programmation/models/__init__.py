"""Les noms de la pièce : qui reçoit combien, qui l'a décidé, ce qui s'essaie, ce qui revient d'un tableur."""

from ensemblier.programmation.models.decisions import (
    Amendement,
    Attribution,
    AttributionQuerySet,
    Deliberation,
    DeliberationQuerySet,
    Edition,
    Enveloppe,
    Inscription,
    Note,
    Participant,
    Seance,
    SeanceQuerySet,
    SousEnveloppe,
)
from ensemblier.programmation.models.retours import CaseRelue, CaseRelueQuerySet, Retour, RetourQuerySet
from ensemblier.programmation.models.scenarios import (
    ColonnesGardees,
    ColonnesGardeesQuerySet,
    Explication,
    ExplicationQuerySet,
    Proposition,
    Scenario,
    ScenarioQuerySet,
)

__all__ = [
    "Amendement",
    "Attribution",
    "AttributionQuerySet",
    "CaseRelue",
    "CaseRelueQuerySet",
    "ColonnesGardees",
    "ColonnesGardeesQuerySet",
    "Deliberation",
    "DeliberationQuerySet",
    "Edition",
    "Enveloppe",
    "Explication",
    "ExplicationQuerySet",
    "Inscription",
    "Note",
    "Participant",
    "Proposition",
    "Retour",
    "RetourQuerySet",
    "Scenario",
    "ScenarioQuerySet",
    "Seance",
    "SeanceQuerySet",
    "SousEnveloppe",
]
