"""Ce qui s'enregistre de soi-même pendant qu'on écrit un brouillon, ou un essai sans compte."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from ensemblier.appels.models import Appel, Reglement
from ensemblier.dossiers.models.dossier import Dossier
from ensemblier.registre.models import empreinte_du_jeton


class SaisieQuerySet(models.QuerySet["Saisie"]):
    def en_attente(self) -> SaisieQuerySet:
        """Ce qui a été tapé et n'a pas été compris : gardé, montré, jamais rangé."""
        return self.exclude(erreur="")

    def valeur_au(self, etape: str, champ: str, rang: int, *, sinon: list[str]) -> list[str]:
        """Ce que montrait une page qui avait lu ce rang."""
        suivante = self.filter(etape=etape, champ=champ, rang=rang + 1).first()
        return list(suivante.avant) if suivante else sinon


class Saisie(models.Model):
    """Une réponse enregistrée d'elle-même : sa clé d'envoi, son rang, ce qui a été tapé et ce qu'il y avait.

    Le rang d'une réponse est sa version : une page qui en a lu un plus ancien n'écrase rien en silence.
    Les saisies d'un dossier s'effacent à son dépôt, qui fige la fiche.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="saisies")
    cle = models.CharField(max_length=64, unique=True)
    etape = models.SlugField(max_length=20)
    champ = models.CharField(max_length=120)
    rang = models.PositiveIntegerField()
    valeur = models.JSONField()
    avant = models.JSONField()
    erreur = models.TextField(blank=True)
    par = models.BigIntegerField(null=True)
    par_nom = models.CharField(max_length=150)
    le = models.DateTimeField()
    objects = SaisieQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("dossier", "etape", "champ", "rang"), name="saisie_rang_unique"),
        )


class SimulationQuerySet(models.QuerySet["Simulation"]):
    def de_jeton(self, jeton: str, *, le: datetime) -> SimulationQuerySet:
        """L'essai de ce lien, s'il n'est pas échu."""
        return self.filter(empreinte=empreinte_du_jeton(jeton), expire_le__gt=le)


class Simulation(models.Model):
    """Un essai gardé par quelqu'un qui n'a pas dit son nom : ses réponses, jugées par cette version (É3)."""

    empreinte = models.CharField(max_length=64, unique=True)
    appel = models.ForeignKey(Appel, on_delete=models.CASCADE, related_name="+")
    reglement = models.ForeignKey(Reglement, on_delete=models.PROTECT, related_name="+")
    reponses = models.JSONField()
    gardee_le = models.DateTimeField()
    expire_le = models.DateTimeField(db_index=True)
    objects = SimulationQuerySet.as_manager()
