"""Le budget prévisionnel d'un organisme, par exercice (Cerfa 12156*06, rubrique 5)."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q

from ensemblier.comptes.models.organismes import Organisme
from ensemblier.interface.champs import EurosField


class BudgetAnnuel(models.Model):
    """Ce que l'organisme prévoit de dépenser et de recevoir un exercice, dit une fois pour ses dossiers."""

    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="budgets")
    exercice = models.PositiveSmallIntegerField()
    total = EurosField(default=Decimal(0))
    """Le total des dépenses, égal à celui des ressources ; sans le bénévolat ni les dons en nature."""
    dit_le = models.DateField()
    dit_par = models.CharField(max_length=200)

    class Meta:
        ordering = ("-exercice",)
        constraints = (
            models.UniqueConstraint(fields=("organisme", "exercice"), name="budget_annuel_unique"),
        )


class LigneAnnuelle(models.Model):
    """Un compte du budget de l'organisme : le code de `noyau.cerfa`, son montant."""

    class Sens(models.TextChoices):
        CHARGE = "charge", "Dépense"
        PRODUIT = "produit", "Ressource"

    budget = models.ForeignKey(BudgetAnnuel, on_delete=models.CASCADE, related_name="lignes")
    sens = models.CharField(max_length=8, choices=Sens)
    compte = models.CharField(max_length=24)
    montant = EurosField()

    class Meta:
        ordering = ("sens", "compte")
        constraints = (
            models.UniqueConstraint(fields=("budget", "sens", "compte"), name="ligne_annuelle_unique"),
            models.CheckConstraint(condition=Q(montant__gt=0), name="ligne_annuelle_positive"),
        )
