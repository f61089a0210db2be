"""Qui porte l'action avec l'organisme."""

from __future__ import annotations

from django.db import models

from ensemblier.comptes.models import Organisme


class CoPorteur(models.Model):
    """Un autre organisme qui porte l'action, et ce qu'il y fait (R29 c) ; l'argent va au seul porteur (B8).

    `organisme` : celui de la maison qui a ce numéro, s'il y est ; rien ici ne dit au porteur qu'il y est.
    """

    dossier = models.ForeignKey("Dossier", on_delete=models.CASCADE, related_name="co_porteurs")
    nom = models.CharField(max_length=200)
    numero = models.CharField(max_length=10)
    organisme = models.ForeignKey(Organisme, null=True, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=300)
    ajoute_le = models.DateTimeField()
    ajoute_par = models.CharField(max_length=200)

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("dossier", "numero"), name="co_porteur_unique"),)
