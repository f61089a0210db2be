"""Combien : les lignes du plan de financement, et la demande faite à chaque financeur."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q

from ensemblier.appels.models import Dispositif
from ensemblier.dossiers.etats import BROUILLON, DEMANDE
from ensemblier.interface.champs import EurosField
from ensemblier.registre.models import Fichier, Suivi
from ensemblier.territoires.models import Financeur


class LigneDeBudget(models.Model):
    """Un compte de charges ou de produits ; une ligne 74 nomme son financeur (Cerfa 12156).

    Une subvention hors des financeurs du territoire (Europe, aides privées) porte son code : « 74:EUROPE ».
    """

    class Sens(models.TextChoices):
        CHARGE = "charge", "Dépense"
        PRODUIT = "produit", "Ressource"

    dossier = models.ForeignKey("Dossier", on_delete=models.CASCADE, related_name="lignes_de_budget")
    sens = models.CharField(max_length=8, choices=Sens)
    compte = models.CharField(max_length=90)
    financeur = models.ForeignKey(Financeur, null=True, on_delete=models.PROTECT, related_name="+")
    montant = EurosField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("dossier", "sens", "compte"),
                condition=Q(financeur=None),
                name="ligne_de_budget_unique",
            ),
            models.UniqueConstraint(
                fields=("dossier", "sens", "compte", "financeur"),
                condition=Q(financeur__isnull=False),
                name="ligne_de_budget_unique_par_financeur",
            ),
            models.CheckConstraint(condition=Q(montant__gte=0), name="ligne_de_budget_positive"),
        )


class DemandeQuerySet(models.QuerySet["Demande"]):
    def deposees(self) -> DemandeQuerySet:
        return self.exclude(dossier__etat=BROUILLON)


class Demande(Suivi):
    """Le volet d'un financeur : ce qui lui est demandé, ce qu'il propose, vote et paie."""

    machine = DEMANDE
    dossier = models.ForeignKey("Dossier", on_delete=models.CASCADE, related_name="demandes")
    financeur = models.ForeignKey(Financeur, on_delete=models.PROTECT, related_name="+")
    dispositif = models.ForeignKey(Dispositif, on_delete=models.PROTECT, related_name="+")
    demande = EurosField(default=Decimal(0))
    propose = EurosField(null=True)
    vote = EurosField(null=True)
    verse = EurosField(default=Decimal(0))
    reference_decision = models.CharField(max_length=60, blank=True)
    reference_depot = models.CharField(max_length=60, blank=True)
    depot_le = models.DateField(null=True, blank=True)
    motif = models.TextField(blank=True)
    votee_le = models.DateField(null=True)
    notifiee_le = models.DateField(null=True)
    version = models.PositiveIntegerField(default=0)
    """Un de plus à chaque acte sur le volet : qui écrit dit celle qu'il a lue."""
    change_le = models.DateTimeField(null=True, db_index=True)
    """L'heure du dernier acte au registre : ce qu'une page ouverte relit depuis sa dernière fois."""
    objects = DemandeQuerySet.as_manager()

    class Meta:
        ordering = ("financeur__rang",)
        constraints = (
            models.UniqueConstraint(fields=("dossier", "financeur", "dispositif"), name="demande_unique"),
            models.CheckConstraint(
                condition=Q(demande__gte=0) & Q(verse__gte=0) & (Q(vote__isnull=True) | Q(vote__gte=0)),
                name="demande_montants_positifs",
            ),
        )

    def racine(self) -> str:
        return f"dossiers.Dossier:{self.dossier_id}"


class RenoncementQuerySet(models.QuerySet["Renoncement"]):
    def ouverts(self) -> RenoncementQuerySet:
        """Ceux qu'aucun acte n'a encore suivis, et que l'organisme n'a pas repris."""
        return self.filter(clos_le=None)


class Renoncement(models.Model):
    """L'organisme accepte qu'une aide notifiée baisse ; une décision qui a créé des droits ne se réduit pas
    sans lui (code des relations entre le public et l'administration, art. L242-4).

    `montant` : celui que l'aide devient ; `ecrit` : sa lettre, quand un agent la note à sa place.
    """

    demande = models.ForeignKey(Demande, on_delete=models.PROTECT, related_name="renoncements")
    montant = EurosField()
    motif = models.TextField()
    dit_le = models.DateTimeField()
    dit_par = models.CharField(max_length=200)
    ecrit = models.OneToOneField(Fichier, null=True, on_delete=models.PROTECT, related_name="+")
    clos_le = models.DateTimeField(null=True)
    objects = RenoncementQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("demande",), condition=Q(clos_le=None), name="renoncement_ouvert_unique"
            ),
            models.CheckConstraint(condition=Q(montant__gt=0), name="renoncement_au_dessus_de_zero"),
        )
