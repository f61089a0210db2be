"""Où : les quartiers visés, leurs communes, le contact pris avec chaque ville."""

from __future__ import annotations

import hashlib

from django.db import models

from ensemblier.territoires.models import Commune, Quartier


class Ciblage(models.Model):
    """Un quartier visé, et les communes de ce quartier où l'action a lieu (R17)."""

    dossier = models.ForeignKey("Dossier", on_delete=models.CASCADE, related_name="ciblages")
    quartier = models.ForeignKey(Quartier, on_delete=models.PROTECT, related_name="+")
    communes = models.ManyToManyField(Commune, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("dossier", "quartier"), name="ciblage_unique"),)


class CommuneVisee(models.Model):
    """Une commune où l'action a lieu, tous quartiers réunis : les ciblages d'un seul saut, pour les listes.

    Écrite par `ecriture.poser_quartiers`, avec eux ; jamais seule.
    """

    dossier = models.ForeignKey("Dossier", on_delete=models.CASCADE, related_name="+", db_index=False)
    commune = models.ForeignKey(Commune, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("dossier", "commune"), name="commune_visee_unique"),)
        indexes = (models.Index(fields=("commune", "dossier"), name="commune_visee_par_commune"),)


class ContactCommune(models.Model):
    """La trace d'un contact pris avec une ville avant le dépôt (R40, P20)."""

    CONFIRMER = "confirmer_contact"
    """L'acte d'instruction qu'un lien sans compte ouvre au référent."""

    class Mode(models.TextChoices):
        REUNION = "reunion", "Réunion"
        TELEPHONE = "telephone", "Téléphone"
        COURRIEL = "courriel", "Courriel"

    dossier = models.ForeignKey("Dossier", on_delete=models.CASCADE, related_name="contacts_communes")
    commune = models.ForeignKey(Commune, on_delete=models.PROTECT, related_name="+")
    le = models.DateField()
    mode = models.CharField(max_length=10, choices=Mode)
    note = models.CharField(max_length=200, blank=True)
    confirme = models.BooleanField(null=True)
    confirme_le = models.DateTimeField(null=True)
    confirme_par = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("dossier", "commune"), name="contact_commune_unique"),)

    def designation(self) -> str:
        return f"dossiers.ContactCommune:{self.pk}"

    def teneur(self) -> str:
        """L'empreinte de ce qui est dit au référent : changée, un lien déjà parti ne vaut plus."""
        return hashlib.sha256(f"{self.le}|{self.mode}|{self.note}".encode()).hexdigest()
