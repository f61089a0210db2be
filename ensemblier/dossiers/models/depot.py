"""Ce que le dépôt engage : attestations, critères déclarés, exceptions accordées, comptes rendus dus."""

from __future__ import annotations

from django.db import models

from ensemblier.appels.models import Appel
from ensemblier.comptes.models import Organisme
from ensemblier.dossiers.models.dossier import Dossier
from ensemblier.territoires.models import Territoire


class Attestation(models.Model):
    """Ce que la personne signataire a attesté au dépôt, avec le texte exact qu'elle a lu (B7)."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="attestations")
    code = models.SlugField()
    texte = models.TextField()
    version = models.CharField(max_length=60, blank=True)
    donnee_le = models.DateTimeField()
    donnee_par = models.CharField(max_length=200)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("dossier", "code"), name="attestation_unique"),)


class Critere(models.Model):
    """Un critère de bonification : déclaré, qualifié par l'instructeur, validé par le jury (R29)."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="criteres")
    code = models.SlugField()
    est_declare = models.BooleanField(default=False)
    justification = models.TextField(blank=True)
    est_qualifie = models.BooleanField(null=True)
    qualification = models.TextField(blank=True)
    est_valide = models.BooleanField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("dossier", "code"), name="critere_unique"),)


class Derogation(models.Model):
    """Une exception individuelle, motivée, à une règle du règlement (P16, S21, S60)."""

    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="+")
    appel = models.ForeignKey(Appel, on_delete=models.PROTECT, related_name="+")
    regle = models.CharField(max_length=60)
    jusqu_au = models.DateField(null=True, blank=True)
    motif = models.TextField()
    accordee_le = models.DateTimeField()
    accordee_par = models.CharField(max_length=200)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("organisme", "appel", "regle"), name="derogation_unique"),
        )


class Suspension(models.Model):
    """Un arrêt daté de l'horloge d'un dossier : pièces attendues, contentieux (B15) ; l'état reste.

    `echeance` : le jour avant lequel le porteur doit répondre, s'il y en a un.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="suspensions")
    motif = models.TextField()
    du = models.DateField()
    au = models.DateField(null=True)
    echeance = models.DateField(null=True)
    arrete_tout = models.BooleanField(default=False)


class Obligation(models.Model):
    """Un compte rendu dû par un organisme à un territoire ; échu et non rendu, il bloque (S60, B5)."""

    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="+")
    territoire = models.ForeignKey(Territoire, on_delete=models.PROTECT, related_name="+")
    dossier = models.ForeignKey(Dossier, null=True, on_delete=models.PROTECT, related_name="obligations")
    exercice = models.PositiveSmallIntegerField()
    libelle = models.CharField(max_length=200)
    echeance = models.DateField()
    satisfaite_le = models.DateField(null=True)
    dispensee_le = models.DateField(null=True)
    dispense_motif = models.TextField(blank=True)
