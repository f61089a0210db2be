"""Les réponses d'un dossier, lues une fois : la page, les règles et l'accusé lisent les mêmes lignes."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from ensemblier.appels.models import Appel, Dispositif
from ensemblier.comptes.models import BudgetAnnuel, EngagementRepublicain, LigneAnnuelle
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
from ensemblier.interface.ensemble import lire_ensemble, rassembler, relier
from ensemblier.registre.models import Fichier
from ensemblier.territoires.models import Commune, Financeur, Quartier, Thematique

CER = "cer"


def place_au_budget(ligne: LigneDeBudget) -> tuple[str, str, int]:
    """L'ordre des lignes d'un budget : le sens, le compte, puis le rang du financeur."""
    return ligne.sens, ligne.compte, ligne.financeur.rang if ligne.financeur else -1


class _Ensemble(NamedTuple):
    demandes: list[Demande]
    dispositifs: list[Dispositif]
    ciblages: list[Ciblage]
    quartiers: list[Quartier]
    villes_visees: list[Any]
    contacts: list[ContactCommune]
    communes: list[Commune]
    lignes_de_budget: list[LigneDeBudget]
    financeurs: list[Financeur]
    criteres: list[Critere]
    co_porteurs: list[CoPorteur]
    thematiques: list[Thematique]
    pieces: list[Piece]
    fichiers: list[Fichier]
    origines: list[Piece]
    dossiers_d_origine: list[Dossier]
    saisies: list[Saisie]
    attestations: list[Attestation]
    engagements: list[EngagementRepublicain]
    derogations: list[Derogation]
    obligations: list[Obligation]
    suspensions: list[Suspension]
    budgets_annuels: list[BudgetAnnuel]
    lignes_annuelles: list[LigneAnnuelle]


class Reponses:
    """Chaque liste se lit à sa première demande et ne se relit pas : toutes ensemble, en une requête.

    Elle vit le temps d'une page ou d'un calcul : après une écriture, prenez-en une autre.
    """

    def __init__(self, dossier: Dossier) -> None:
        self.dossier = dossier

    @cached_property
    def _ensemble(self) -> _Ensemble:
        """Tout ce que le dossier répond, ses liens posés ; une requête."""
        lues = _Ensemble(*lire_ensemble(*_lectures(self.dossier)))
        communes = {c.pk: c for c in sorted(lues.communes, key=lambda c: c.nom)}
        relier(lues.financeurs, "commune", lues.communes)
        for lignes in (lues.demandes, lues.lignes_de_budget):
            relier(lignes, "financeur", lues.financeurs)
        for lignes in (lues.demandes, lues.ciblages, lues.pieces, lues.saisies):
            relier(lignes, "dossier", [self.dossier])
        relier(lues.demandes, "dispositif", lues.dispositifs)
        relier(lues.ciblages, "quartier", lues.quartiers)
        visees = sorted(lues.villes_visees, key=lambda v: list(communes).index(v.commune_id))
        rassembler(lues.ciblages, "communes", ((v.ciblage_id, communes[v.commune_id]) for v in visees))
        relier(lues.contacts, "commune", lues.communes)
        relier(lues.origines, "dossier", lues.dossiers_d_origine)
        relier(lues.pieces, "fichier", lues.fichiers)
        relier(lues.pieces, "reprise_de", lues.origines)
        return lues

    @cached_property
    def demandes(self) -> list[Demande]:
        return sorted(self._ensemble.demandes, key=lambda d: (d.financeur.rang, d.pk))

    @cached_property
    def ciblages(self) -> list[Ciblage]:
        return sorted(self._ensemble.ciblages, key=lambda c: c.quartier.code)

    @cached_property
    def communes_visees(self) -> set[str]:
        return {commune.code for c in self.ciblages for commune in c.communes.all()}

    @cached_property
    def contacts(self) -> list[ContactCommune]:
        return sorted(self._ensemble.contacts, key=lambda c: c.commune.code)

    @cached_property
    def lignes_de_budget(self) -> list[LigneDeBudget]:
        return sorted(self._ensemble.lignes_de_budget, key=place_au_budget)

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
        return {p.code: p for p in sorted(self._ensemble.pieces, key=lambda p: (p.code, p.recue_le))}

    @cached_property
    def saisies(self) -> dict[tuple[str, str], Saisie]:
        """La dernière saisie de chaque réponse, par étape et boîte."""
        return {(s.etape, s.champ): s for s in sorted(self._ensemble.saisies, key=lambda s: s.rang)}

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

    def noter_attestees(self, nouvelles: list[Attestation]) -> None:
        """Ce qui vient d'être attesté remplace ce qui était lu, sans le relire."""
        codes = {a.code for a in nouvelles}
        tenues = [a for a in self._ensemble.attestations if a.code not in codes]
        self._ensemble.attestations[:] = tenues + nouvelles

    @property
    def engagements(self) -> list[EngagementRepublicain]:
        """Les contrats d'engagement républicain que l'organisme a souscrits."""
        return self._ensemble.engagements

    @property
    def budget_annuel(self) -> BudgetAnnuel | None:
        """Celui de l'organisme, pour l'exercice de l'appel, s'il l'a dit."""
        return next(iter(self._ensemble.budgets_annuels), None)

    @property
    def lignes_annuelles(self) -> list[LigneAnnuelle]:
        return self._ensemble.lignes_annuelles

    @cached_property
    def derogations(self) -> dict[str, Derogation]:
        """Les exceptions accordées à cet organisme dans cet appel, par règle."""
        return {d.regle: d for d in self._ensemble.derogations}

    @cached_property
    def obligations(self) -> list[Obligation]:
        """Les comptes rendus dus à ce territoire, le plus ancien d'abord."""
        return sorted(self._ensemble.obligations, key=lambda o: (o.echeance, o.pk))


def _lectures(dossier: Dossier) -> tuple[QuerySet[Any], ...]:
    """Une lecture par liste de `_Ensemble`, dans le même ordre."""
    organisme, pk = dossier.organisme_id, dossier.pk
    demandes, ciblages = Demande.objects.filter(dossier=pk), Ciblage.objects.filter(dossier=pk)
    contacts, budget = dossier.contacts_communes.order_by(), dossier.lignes_de_budget.order_by()
    pieces = dossier.pieces.filter(remplacee_le=None).order_by()
    origines = Piece.objects.filter(pk__in=pieces.values("reprise_de")).order_by()
    visees = Ciblage.communes.through.objects.filter(ciblage__dossier=pk)
    financeurs = Financeur.objects.filter(
        Q(pk__in=budget.values("financeur")) | Q(pk__in=demandes.order_by().values("financeur"))
    )
    communes = Commune.objects.filter(
        Q(pk__in=contacts.values("commune"))
        | Q(pk__in=visees.values("commune"))
        | Q(pk__in=financeurs.order_by().values("commune"))
    )
    annuels = BudgetAnnuel.objects.filter(
        organisme=organisme, exercice__in=Appel.objects.filter(pk=dossier.appel_id).values("exercice")
    )
    return (
        demandes,
        Dispositif.objects.filter(pk__in=demandes.order_by().values("dispositif")),
        ciblages,
        Quartier.objects.filter(pk__in=ciblages.values("quartier")).defer("contour", "lon", "lat"),
        visees,
        contacts,
        communes,
        budget,
        financeurs,
        dossier.criteres.all(),
        dossier.co_porteurs.all(),
        dossier.thematiques.all(),
        pieces,
        Fichier.objects.filter(pk__in=pieces.values("fichier")),
        origines,
        Dossier.objects.filter(pk__in=origines.values("dossier")).only("numero"),
        dossier.saisies.defer("avant"),
        dossier.attestations.all(),
        EngagementRepublicain.objects.filter(organisme=organisme),
        Derogation.objects.filter(organisme=organisme, appel=dossier.appel_id),
        Obligation.objects.filter(organisme=organisme, territoire=dossier.territoire_id),
        dossier.suspensions.all(),
        annuels,
        LigneAnnuelle.objects.filter(budget__in=annuels.order_by().values("pk")),
    )
