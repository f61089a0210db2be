"""Ce que l'instruction ajoute à un dossier : compléments demandés, avis des partenaires."""

from __future__ import annotations

from django.db import models

from ensemblier.dossiers.models import Dossier
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.territoires.models import Financeur


class ComplementQuerySet(models.QuerySet["Complement"]):
    def ouverts(self) -> ComplementQuerySet:
        """Les demandes auxquelles le porteur n'a pas encore répondu."""
        return self.filter(repondu_le=None)


class Complement(models.Model):
    """Une demande de pièces : lesquelles, avant quand ; elle suspend l'horloge (B15, P29).

    `pieces` : les codes des pièces du règlement.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="+")
    pieces = models.JSONField(default=list)
    message = models.TextField()
    demande_le = models.DateTimeField()
    demande_par = models.CharField(max_length=200)
    echeance = models.DateField()
    repondu_le = models.DateTimeField(null=True)
    objects = ComplementQuerySet.as_manager()

    class Meta:
        ordering = ("demande_le", "pk")


class AvisQuerySet(models.QuerySet["Avis"]):
    def visibles_par(self, acteur: Acteur | None) -> AvisQuerySet:
        """Jamais le porteur ; les autorités partagent leurs avis (défaut de §C.2).

        Un agent qui représente un porteur en est le porteur : ses dossiers lui restent fermés ici.
        """
        if acteur is None:
            return self.none()
        partage = (
            Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR, Role.AGENT_FINANCEUR, Role.REFERENT_COMMUNAL,
            Role.JURY,
        )  # fmt: skip
        if not acteur.a(*partage):
            return self.none()
        return self.filter(dossier__in=Dossier.objects.a_juger_par(acteur))


class Avis(models.Model):
    """L'avis d'un financeur (État, commune…) sur un dossier ; un seul en cours par financeur.

    `echeance` est celle qu'il avait en le rendant, `retard` le nombre de jours au-delà.
    """

    class Sens(models.TextChoices):
        FAVORABLE = "favorable", "Favorable"
        RESERVE = "reserve", "Réservé"
        DEFAVORABLE = "defavorable", "Défavorable"

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="+")
    financeur = models.ForeignKey(Financeur, on_delete=models.PROTECT, related_name="+")
    sens = models.CharField(max_length=12, choices=Sens)
    motif = models.TextField(blank=True)
    rendu_le = models.DateTimeField()
    rendu_par = models.CharField(max_length=200)
    echeance = models.DateField(null=True)
    retard = models.PositiveSmallIntegerField(default=0)
    objects = AvisQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("dossier", "financeur"), name="avis_unique"),
            models.CheckConstraint(
                condition=models.Q(sens="favorable") | ~models.Q(motif=""),
                name="avis_motive_si_pas_favorable",
            ),
        )
