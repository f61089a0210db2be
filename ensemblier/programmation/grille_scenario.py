"""La grille d'un scénario : les lignes, colonnes, filtres et groupes du tableau, avec ses montants à lui."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.http import QueryDict

from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation import lecture, scenarios
from ensemblier.programmation.grille import EN_VOL, Grille, empreinte
from ensemblier.programmation.models import Scenario
from ensemblier.registre.models import Evenement


class GrilleDeScenario(Grille):
    """Ce qu'une personne lit d'un scénario ; ce qui est voté ou retenu en séance y reste tel quel."""

    mot = "scénario"

    def __init__(
        self,
        acteur: Acteur,
        scenario: Scenario,
        dits: QueryDict,
        *,
        le: datetime,
        gardees: Iterable[str] = (),
    ) -> None:
        super().__init__(acteur, scenario.appel, dits, le=le, gardees=gardees)
        self.scenario = scenario

    @cached_property
    def montants(self) -> dict[int, Decimal]:
        return scenarios.montants_de(self.appel, self.scenario)

    @cached_property
    def sommes(self) -> dict[str, lecture.Somme]:
        return scenarios.sommes_du_scenario(self.tous, self.montants)

    @cached_property
    def jauges(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        return lecture.en_bandeau(
            scenarios.jauges_du_scenario(self.scenario, self.sommes if self.poses else None)
        )

    def _lire(self, dossiers: list[Dossier]) -> list[lecture.Ligne]:
        return scenarios.lignes_du_scenario(self.acteur, self.scenario, dossiers)

    def changes(self, depuis: datetime) -> tuple[list[int], str]:
        """Les dossiers lisibles dont une case du scénario, ou le volet, a bougé ; trois requêtes au plus.

        Une case vidée ne laisse pas de ligne : c'est l'acte, au registre, qui dit lesquelles ont changé.
        """
        actes = Evenement.objects.filter(
            chaine__racine=self.scenario.racine(),
            acte="ecrire_les_montants",
            enregistre_le__gte=depuis - EN_VOL,
        ).order_by("rang")
        ecrits: dict[int, int] = {}
        for rang, cases in actes.values_list("rang", "detail__contenu__cases"):
            ecrits |= dict.fromkeys(map(int, cases or ()), rang)
        bouges = Demande.objects.filter(dossier__in=self.lisibles.values("pk")).order_by("pk")
        siens = bouges.filter(pk__in=ecrits) | bouges.filter(change_le__gte=depuis - EN_VOL)
        lus = [*siens.values_list("dossier", "pk", "version")]
        marques = ((pk, v * 1_000_000 + ecrits.get(pk, 0)) for _, pk, v in lus)
        return sorted({d for d, _, _ in lus}), empreinte(marques)
