"""Qui est admis sur un dossier, ou tenu dehors, par un acte."""

from __future__ import annotations

from django.db import models

from ensemblier.comptes.models import Utilisateur
from ensemblier.noyau.machine import Acteur, Role


def aides(acteur: Acteur | None) -> set[int]:
    """Les dossiers que la personne aide à écrire, sans être de l'organisme (`comptes.Aide`)."""
    if acteur is None:
        return set()
    objets = (d.objet.partition("dossiers.Dossier:")[2] for d in acteur.perimetres(Role.AIDE))
    return {int(pk) for pk in objets if pk.isdecimal()}


class Acces(models.Model):
    """Une personne admise sur un dossier par un acte : membre d'une séance, invité."""

    dossier = models.ForeignKey("Dossier", on_delete=models.CASCADE, related_name="acces")
    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="+")
    raison = models.CharField(max_length=150)
    accorde_le = models.DateTimeField()
    retire_le = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("dossier", "utilisateur", "raison"), name="acces_unique"),
        )


class DeportQuerySet(models.QuerySet):
    def en_cours(self, utilisateur: int) -> DeportQuerySet:
        return self.filter(utilisateur_id=utilisateur, leve_le=None)


class Deport(models.Model):
    """Une personne tenue hors d'un dossier, du dépôt au paiement (B10)."""

    dossier = models.ForeignKey("Dossier", on_delete=models.CASCADE, related_name="deports")
    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="+")
    motif = models.CharField(max_length=200)
    declare_le = models.DateTimeField()
    leve_le = models.DateTimeField(null=True)
    objects = DeportQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("dossier", "utilisateur"), name="deport_unique"),)
