"""Ce que les échanges gardent : les fichiers importés, et les lignes déjà reprises."""

from __future__ import annotations

from django.db import models

from ensemblier.dossiers.models import Dossier
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.models import Fichier
from ensemblier.territoires.models import Territoire


class ImportationQuerySet(models.QuerySet["Importation"]):
    def visibles_par(self, acteur: Acteur | None) -> ImportationQuerySet:
        """Celles du territoire pour le service ; celles de son financeur pour un agent."""
        if acteur is None:
            return self.none()
        siennes = self.filter(territoire__code=acteur.territoire)
        if acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE):
            return siennes
        codes = {d.financeur for d in acteur.perimetres(Role.AGENT_FINANCEUR)}
        return siennes.filter(financeur__in=codes)


class Importation(models.Model):
    """Un fichier reçu, essayé à blanc, puis appliqué ou non ; `resume` : le compte de chaque issue."""

    territoire = models.ForeignKey(Territoire, on_delete=models.PROTECT, related_name="+")
    extraction = models.CharField(max_length=60)
    financeur = models.CharField(max_length=60)
    exercice = models.PositiveSmallIntegerField(null=True)
    fichier = models.OneToOneField(Fichier, on_delete=models.PROTECT, related_name="+")
    demandee_par = models.CharField(max_length=200)
    demandee_le = models.DateTimeField()
    essayee_le = models.DateTimeField(null=True)
    appliquee_le = models.DateTimeField(null=True)
    resume = models.JSONField(default=dict)
    objects = ImportationQuerySet.as_manager()

    class Meta:
        ordering = ("-demandee_le",)


class LigneReprise(models.Model):
    """Une ligne d'extraction déjà reprise : la même, dans un autre fichier, ne l'est pas deux fois."""

    territoire = models.ForeignKey(Territoire, on_delete=models.CASCADE, related_name="+")
    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="+")
    empreinte = models.CharField(max_length=64)
    le = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("territoire", "empreinte"), name="ligne_reprise_unique"),
        )
