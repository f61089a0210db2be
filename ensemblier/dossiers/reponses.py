"""Les réponses d'un dossier, lues une fois : la page, les règles et l'accusé lisent les mêmes lignes."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from ensemblier.comptes.models import EngagementRepublicain
from ensemblier.dossiers.models import (
    Attestation,
    Ciblage,
    ContactCommune,
    CoPorteur,
    Critere,
    Demande,
    Derogation,
    Dossier,
    LigneDeBudget,
    Obligation,
    Piece,
    Saisie,
    Suspension,
)
from ensemblier.interface.ensemble import lire_ensemble, relier
from ensemblier.territoires.models import Commune, Financeur, Thematique

CER = "cer"


class _Ensemble(NamedTuple):
    contacts: list[ContactCommune]
    communes: list[Commune]
    lignes_de_budget: list[LigneDeBudget]
    financeurs: list[Financeur]
    criteres: list[Critere]
    co_porteurs: list[CoPorteur]
    thematiques: list[Thematique]
    attestations: list[Attestation]
    engagements: list[EngagementRepublicain]
    derogations: list[Derogation]
    obligations: list[Obligation]
    suspensions: list[Suspension]


class Reponses:
    """Chaque liste se lit à sa première demande et ne se relit pas ; les plus petites toutes ensemble.

    Une requête pour les demandes, deux pour les quartiers, une pour les pièces, une pour tout le reste.

    Elle vit le temps d'une page ou d'un calcul : après une écriture, prenez-en une autre.
    """

    def __init__(self, dossier: Dossier) -> None:
        self.dossier = dossier

    @cached_property
    def demandes(self) -> list[Demande]:
        siennes = self.dossier.demandes.select_related("financeur__commune", "dispositif")
        return list(siennes.order_by("financeur__rang", "pk"))

    @cached_property
    def ciblages(self) -> list[Ciblage]:
        siens = self.dossier.ciblages.select_related("quartier").defer("quartier__contour")
        return list(siens.prefetch_related("communes").order_by("quartier__code"))

    @cached_property
    def communes_visees(self) -> set[str]:
        return {commune.code for c in self.ciblages for commune in c.communes.all()}

    @cached_property
    def _ensemble(self) -> _Ensemble:
        """Ce qui tient en peu de lignes ; une requête."""
        dossier, organisme = self.dossier, self.dossier.organisme_id
        lues = _Ensemble(
            *lire_ensemble(
                dossier.contacts_communes.all(),
                Commune.objects.filter(pk__in=dossier.contacts_communes.order_by().values("commune")),
                dossier.lignes_de_budget.all(),
                Financeur.objects.filter(pk__in=dossier.lignes_de_budget.order_by().values("financeur")),
                dossier.criteres.all(),
                dossier.co_porteurs.all(),
                dossier.thematiques.all(),
                dossier.attestations.all(),
                dossier.organisme.engagements.all(),
                Derogation.objects.filter(organisme=organisme, appel=dossier.appel_id),
                Obligation.objects.filter(organisme=organisme, territoire=dossier.territoire_id),
                dossier.suspensions.all(),
            )
        )
        relier(lues.contacts, "commune", lues.communes)
        relier(lues.lignes_de_budget, "financeur", lues.financeurs)
        return lues

    @cached_property
    def contacts(self) -> list[ContactCommune]:
        return sorted(self._ensemble.contacts, key=lambda c: c.commune.code)

    @cached_property
    def lignes_de_budget(self) -> list[LigneDeBudget]:
        def place(ligne: LigneDeBudget) -> tuple[str, str, int]:
            return ligne.sens, ligne.compte, ligne.financeur.rang if ligne.financeur else -1

        return sorted(self._ensemble.lignes_de_budget, key=place)

    @cached_property
    def criteres(self) -> list[Critere]:
        return sorted(self._ensemble.criteres, key=lambda c: c.code)

    @property
    def co_porteurs(self) -> list[CoPorteur]:
        return self._ensemble.co_porteurs

    @cached_property
    def thematiques(self) -> list[Thematique]:
        return sorted(self._ensemble.thematiques, key=lambda t: t.rang)

    @property
    def suspensions(self) -> list[Suspension]:
        return self._ensemble.suspensions

    @cached_property
    def pieces(self) -> dict[str, Piece]:
        """Les pièces courantes, par code."""
        siennes = self.dossier.pieces.select_related("fichier", "reprise_de__dossier")
        return {p.code: p for p in siennes.filter(remplacee_le=None)}

    @cached_property
    def saisies(self) -> dict[tuple[str, str], Saisie]:
        """La dernière saisie de chaque réponse, par étape et boîte."""
        return {(s.etape, s.champ): s for s in self.dossier.saisies.defer("avant").order_by("rang")}

    @cached_property
    def attestations(self) -> list[dict[str, str]]:
        """Ce que le dépôt a fait attester, mot pour mot, par code."""
        siennes = sorted(self._ensemble.attestations, key=lambda a: a.code)
        return [{"code": a.code, "texte": a.texte, "version": a.version} for a in siennes]

    @cached_property
    def atteste(self) -> set[str]:
        """Ce qui est attesté au dépôt, et le contrat d'engagement de l'organisme."""
        souscrit = {CER} if self._ensemble.engagements else set()
        return souscrit | {a.code for a in self._ensemble.attestations}

    @cached_property
    def derogations(self) -> dict[str, Derogation]:
        """Les exceptions accordées à cet organisme dans cet appel, par règle."""
        return {d.regle: d for d in self._ensemble.derogations}

    @cached_property
    def obligations(self) -> list[Obligation]:
        """Les comptes rendus dus à ce territoire, le plus ancien d'abord."""
        return sorted(self._ensemble.obligations, key=lambda o: (o.echeance, o.pk))
