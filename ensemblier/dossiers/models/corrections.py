"""Les réponses que le service fait reprendre."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ensemblier.dossiers.models.dossier import Dossier


class CorrectionQuerySet(models.QuerySet["Correction"]):
    def ouvertes(self) -> CorrectionQuerySet:
        """Celles que le porteur peut encore écrire : sa réponse n'est pas partie."""
        return self.filter(close_le=None)


class Correction(models.Model):
    """Une réponse à reprendre : laquelle, pourquoi, ce qu'elle disait, ce qu'elle dit ; la fiche figée reste.

    `avant` et `apres` sont les mots montrés ; `repondue_le` suit chaque enregistrement, `close_le` l'envoi.
    """

    class Genre(models.TextChoices):
        PRECISER = "preciser", "À préciser"
        COMPLETER = "completer", "Incomplet"
        ACCORDER = "accorder", "Ne s'accorde pas avec le reste"

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="corrections")
    champ = models.SlugField(max_length=40)
    question = models.CharField(max_length=200)
    genre = models.CharField(max_length=10, choices=Genre)
    raison = models.TextField()
    avant = models.TextField(blank=True)
    apres = models.TextField(blank=True)
    demandee_le = models.DateTimeField()
    demandee_par = models.CharField(max_length=200)
    repondue_le = models.DateTimeField(null=True)
    close_le = models.DateTimeField(null=True)
    objects = CorrectionQuerySet.as_manager()

    class Meta:
        ordering = ("demandee_le", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("dossier", "champ"), condition=Q(close_le=None), name="correction_ouverte_unique"
            ),
        )
