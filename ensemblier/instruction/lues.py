"""Ce que l'instruction garde d'un dossier, lu une fois par page : avis, demandes, réponses, échéance."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import NamedTuple

from django.db.models import Q

from ensemblier.appels.models import Jalon
from ensemblier.dossiers.models import Dossier
from ensemblier.instruction.examen import INSTRUCTION
from ensemblier.instruction.models import Avis, DemandeDAvis, Verification
from ensemblier.interface.ensemble import lire_ensemble, relier
from ensemblier.territoires.models import Commune, Financeur


class _Ensemble(NamedTuple):
    avis: list[Avis]
    demandes: list[DemandeDAvis]
    verifications: list[Verification]
    jalons: list[Jalon]
    financeurs: list[Financeur]
    communes: list[Commune]


class Instruite:
    """Un dossier vu par ceux qui l'instruisent ; une requête, à la première demande."""

    def __init__(self, dossier: Dossier) -> None:
        self.dossier = dossier

    @cached_property
    def _ensemble(self) -> _Ensemble:
        avis = Avis.objects.filter(dossier=self.dossier)
        demandes = DemandeDAvis.objects.filter(dossier=self.dossier)
        ici = Q(pk__in=avis.values("financeur")) | Q(pk__in=demandes.values("financeur"))
        financeurs = Financeur.objects.filter(ici)
        lues = _Ensemble(
            *lire_ensemble(
                avis,
                demandes,
                Verification.objects.filter(dossier=self.dossier),
                Jalon.objects.filter(appel=self.dossier.appel_id, nature=INSTRUCTION, fin__isnull=False),
                financeurs,
                Commune.objects.filter(pk__in=financeurs.order_by().values("commune")),
            )
        )
        relier(lues.financeurs, "commune", lues.communes)
        relier(lues.avis, "financeur", lues.financeurs)
        relier(lues.demandes, "financeur", lues.financeurs)
        return lues

    @property
    def avis(self) -> list[Avis]:
        return self._ensemble.avis

    @property
    def demandes_d_avis(self) -> list[DemandeDAvis]:
        return self._ensemble.demandes

    @property
    def verifications(self) -> list[Verification]:
        return self._ensemble.verifications

    @property
    def fin(self) -> date | None:
        """Le dernier jour pour rendre un avis : la fin de la phase d'instruction de l'appel."""
        return max(self._ensemble.jalons, key=lambda j: j.rang).fin if self._ensemble.jalons else None
