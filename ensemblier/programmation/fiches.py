"""Les fiches action d'un appel : une page par action programmée, toutes en un PDF.

Le plan de financement dit ce qui est voté, et ce qui n'est encore que programmé. Ni coordonnées, ni note, ni
relevé d'identité bancaire. Un dossier dont la personne est hors n'y est pas (B10).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from ensemblier.appels.models import Appel
from ensemblier.dossiers.etats import ACCORDS, PROGRAMMEE
from ensemblier.dossiers.models import Demande, Dossier, LigneDeBudget
from ensemblier.interface.pdf import ecrire_pdf
from ensemblier.noyau import cerfa
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation.calculs import ZERO
from ensemblier.programmation.documents import lieux_de
from ensemblier.programmation.models import Attribution

SUBVENTIONS = "74"


@dataclass(frozen=True, slots=True)
class Financement:
    """Une ligne du plan : qui, combien, et par quel acte ; sans acte, ce n'est que programmé (R60)."""

    nom: str
    montant: Decimal
    acte: str = ""
    est_vote: bool = False


@dataclass(frozen=True, slots=True)
class FicheAction:
    dossier: Dossier
    lieux: str
    volets: list[Financement]
    autres: list[Financement]

    @property
    def total(self) -> Decimal:
        return sum((x.montant for x in (*self.volets, *self.autres)), ZERO)

    @property
    def ecart(self) -> Decimal:
        """Ce qui manque au coût de l'action une fois tout compté ; négatif s'il y a trop."""
        return self.dossier.cout_total - self.total

    @property
    def est_votee(self) -> bool:
        return all(v.est_vote for v in self.volets)


def programmees(appel: Appel, acteur: Acteur) -> QuerySet[Dossier]:
    """Les dossiers de l'appel dont un volet au moins est programmé ou voté, que la personne peut lire."""
    volets = Demande.objects.filter(dossier__appel=appel, etat__in=(PROGRAMMEE, *ACCORDS))
    return Dossier.objects.a_juger_par(acteur).filter(appel=appel, pk__in=volets.values("dossier"))


def fiches_action(dossiers: Collection[Dossier]) -> list[FicheAction]:
    """Une fiche par action, dans l'ordre donné ; six requêtes, quel que soit leur nombre."""
    cles = [d.pk for d in dossiers]
    lieux, volets, autres = lieux_de(cles), _volets(cles), _autres(cles)
    return [FicheAction(d, lieux.get(d.pk, ""), volets.get(d.pk, []), autres.get(d.pk, [])) for d in dossiers]


def _volets(cles: Collection[int]) -> dict[int, list[Financement]]:
    courantes = {
        a.demande_id: a.deliberation
        for a in Attribution.objects.filter(
            demande__dossier__in=cles, remplacee_le=None, montant__gt=0
        ).select_related("deliberation")
    }
    rendus: dict[int, list[Financement]] = {}
    lus = Demande.objects.filter(dossier__in=cles, etat__in=(PROGRAMMEE, *ACCORDS))
    for volet in lus.select_related("financeur").order_by("financeur__rang", "pk"):
        acte = courantes.get(volet.pk)
        est_vote = acte is not None and volet.vote is not None
        montant = volet.vote if est_vote else volet.propose
        dit = (
            f"acte {acte.numero} du {acte.le:%d/%m/%Y}" if acte and est_vote else "programmé, pas encore voté"
        )
        rendus.setdefault(volet.dossier_id, []).append(
            Financement(volet.financeur.nom, montant or ZERO, dit, est_vote)
        )
    return rendus


def _autres(cles: Collection[int]) -> dict[int, list[Financement]]:
    """Les ressources du budget qui ne viennent pas d'un volet : fonds propres, usagers, autres aides."""
    demandes = set(Demande.objects.filter(dossier__in=cles).values_list("dossier_id", "financeur_id"))
    rendues: dict[int, list[Financement]] = {}
    lignes = LigneDeBudget.objects.filter(dossier__in=cles, sens=LigneDeBudget.Sens.PRODUIT, montant__gt=0)
    for ligne in lignes.select_related("financeur").order_by("compte", "pk"):
        if ligne.compte == cerfa.VOLONTAIRES.code or (ligne.dossier_id, ligne.financeur_id) in demandes:
            continue
        nom = ligne.financeur.nom if ligne.financeur else cerfa.libelle(ligne.compte)
        rendues.setdefault(ligne.dossier_id, []).append(Financement(nom, ligne.montant, "prévu au budget"))
    return rendues


def en_pdf(appel: Appel, dossiers: Collection[Dossier], *, date_document: Any) -> bytes:
    """Les fiches de ces actions, une par page."""
    return ecrire_pdf(
        "programmation/pdf/fiches_action.html",
        {
            "appel": appel, "fiches": fiches_action(dossiers), "territoire": appel.territoire,
            "emetteur": appel.territoire.nom, "date_document": date_document,
            "reference_document": f"Fiches action, {appel.titre_court}",
        },
        identifiant=f"fiches-action-{appel.code}-{date_document}-{len(dossiers)}",
        titre=f"Fiches action, {appel.titre_court}",
    )  # fmt: skip
