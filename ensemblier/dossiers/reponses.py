"""Les réponses d'un dossier, lues une fois : la page, les règles et l'accusé lisent les mêmes lignes."""

from __future__ import annotations

from functools import cached_property

from django.db.models import Value

from ensemblier.dossiers.models import (
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
)
from ensemblier.territoires.models import Thematique

CER = "cer"


class Reponses:
    """Chaque liste se lit à sa première demande, en une requête (les quartiers en deux), et ne se relit pas.

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
    def contacts(self) -> list[ContactCommune]:
        return list(self.dossier.contacts_communes.select_related("commune").order_by("commune__code"))

    @cached_property
    def lignes_de_budget(self) -> list[LigneDeBudget]:
        siennes = self.dossier.lignes_de_budget.select_related("financeur")
        return list(siennes.order_by("sens", "compte", "financeur__rang"))

    @cached_property
    def criteres(self) -> list[Critere]:
        return list(self.dossier.criteres.order_by("code"))

    @cached_property
    def co_porteurs(self) -> list[CoPorteur]:
        return list(self.dossier.co_porteurs.all())

    @cached_property
    def thematiques(self) -> list[Thematique]:
        return list(self.dossier.thematiques.all())

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
    def _engagees(self) -> list[tuple[str, str, str, bool]]:
        """(code, texte, version, du dossier) : ses attestations, et le CER de l'organisme ; une requête."""
        rien = Value("")
        souscrits = self.dossier.organisme.engagements.order_by().values_list(
            Value(CER), rien, rien, Value(False)
        )
        siennes = self.dossier.attestations.order_by().values_list("code", "texte", "version", Value(True))
        return sorted(siennes.union(souscrits))

    @cached_property
    def attestations(self) -> list[dict[str, str]]:
        """Ce que le dépôt a fait attester, mot pour mot, par code."""
        return [
            {"code": code, "texte": texte, "version": version}
            for code, texte, version, du_dossier in self._engagees
            if du_dossier
        ]

    @cached_property
    def atteste(self) -> set[str]:
        """Ce qui est attesté au dépôt, et le contrat d'engagement de l'organisme."""
        return {code for code, *_ in self._engagees}

    @cached_property
    def derogations(self) -> dict[str, Derogation]:
        """Les exceptions accordées à cet organisme dans cet appel, par règle."""
        siennes = Derogation.objects.filter(organisme=self.dossier.organisme_id, appel=self.dossier.appel_id)
        return {d.regle: d for d in siennes}

    @cached_property
    def obligations(self) -> list[Obligation]:
        """Les comptes rendus dus à ce territoire, le plus ancien d'abord."""
        dues = Obligation.objects.filter(
            organisme=self.dossier.organisme_id, territoire=self.dossier.territoire_id
        )
        return list(dues.order_by("echeance", "pk"))
