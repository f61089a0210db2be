"""Ce qui est dû et payé : notification, convention, tranches, versements."""

from __future__ import annotations

from django.db import models
from django.db.models import OuterRef, Q, Subquery

from ensemblier.conventions.etats import AVENANT, CONVENTION, EN_VIGUEUR, VERSEMENT
from ensemblier.dossiers.models import Demande
from ensemblier.interface.champs import EurosField
from ensemblier.programmation.models import Attribution, AttributionQuerySet
from ensemblier.registre.models import Fichier, Suivi


class Notification(models.Model):
    """La lettre qui porte la décision au porteur ; sa date fait courir les 60 jours (B4)."""

    demande = models.OneToOneField(Demande, on_delete=models.PROTECT, related_name="+")
    est_accord = models.BooleanField()
    le = models.DateField()
    lettre = models.OneToOneField(Fichier, on_delete=models.PROTECT, related_name="+")
    notifiee_par = models.CharField(max_length=200)


class Convention(Suivi):
    """L'acte signé des deux parties, quand la loi (B3) ou le territoire (P28) le demande."""

    machine = CONVENTION
    demande = models.OneToOneField(Demande, on_delete=models.PROTECT, related_name="+")
    est_legale = models.BooleanField()
    est_locale = models.BooleanField()
    projet = models.OneToOneField(Fichier, on_delete=models.PROTECT, related_name="+")
    signee_porteur_le = models.DateField(null=True)
    exemplaire_porteur = models.OneToOneField(Fichier, null=True, on_delete=models.PROTECT, related_name="+")
    signee_financeur_le = models.DateField(null=True)
    exemplaire_signe = models.OneToOneField(Fichier, null=True, on_delete=models.PROTECT, related_name="+")
    lignes = models.JSONField(default=list)

    def racine(self) -> str:
        return f"dossiers.Dossier:{self.demande.dossier_id}"


class AvenantQuerySet(models.QuerySet["Avenant"]):
    def a_signer(self) -> AvenantQuerySet:
        """Ceux qu'une signature attend ; un avenant remplacé n'en attend plus."""
        return self.filter(attribution__remplacee_le=None).exclude(etat=EN_VIGUEUR)

    def attendus(self) -> AttributionQuerySet:
        """Les montants votés après la lettre, pas encore en vigueur, avec l'état de leur avenant ; vide : à
        notifier."""
        siens = self.filter(attribution=OuterRef("pk"))
        return Attribution.objects.avenants_en_attente().annotate(suivi=Subquery(siens.values("etat")[:1]))


class Avenant(Suivi):
    """Le changement d'une aide notifiée, dit par une lettre ; signé des deux parties s'il y a une convention.

    `de`, `vers` : l'aide avant et après, en euros. `projet` est vide quand la lettre suffit.
    """

    machine = AVENANT
    demande = models.ForeignKey(Demande, on_delete=models.PROTECT, related_name="+")
    attribution = models.OneToOneField(Attribution, on_delete=models.PROTECT, related_name="+")
    rang = models.PositiveSmallIntegerField()
    de = EurosField()
    vers = EurosField()
    notifie_le = models.DateField()
    notifie_par = models.CharField(max_length=200)
    lettre = models.OneToOneField(Fichier, on_delete=models.PROTECT, related_name="+")
    projet = models.OneToOneField(Fichier, null=True, on_delete=models.PROTECT, related_name="+")
    signe_porteur_le = models.DateField(null=True)
    exemplaire_porteur = models.OneToOneField(Fichier, null=True, on_delete=models.PROTECT, related_name="+")
    signe_financeur_le = models.DateField(null=True)
    exemplaire_signe = models.OneToOneField(Fichier, null=True, on_delete=models.PROTECT, related_name="+")
    objects = AvenantQuerySet.as_manager()

    class Meta:
        ordering = ("rang",)
        constraints = (models.UniqueConstraint(fields=("demande", "rang"), name="avenant_unique"),)

    @property
    def est_caduc(self) -> bool:
        """Un autre acte l'a remplacé avant qu'il prenne effet ; lit `attribution`."""
        return self.etat != EN_VIGUEUR and self.attribution.remplacee_le is not None

    def racine(self) -> str:
        return f"dossiers.Dossier:{self.demande.dossier_id}"


class Tranche(models.Model):
    """Une part due sous condition (K7) : notification, convention signée, ou bilan validé."""

    demande = models.ForeignKey(Demande, on_delete=models.PROTECT, related_name="+")
    rang = models.PositiveSmallIntegerField()
    montant = EurosField()
    part = models.DecimalField(max_digits=5, decimal_places=4)
    condition = models.CharField(max_length=20)
    exigible_le = models.DateField(null=True)
    echeance = models.DateField(null=True)
    lignes = models.JSONField(default=list)

    class Meta:
        ordering = ("rang",)
        constraints = (
            models.UniqueConstraint(fields=("demande", "rang"), name="tranche_unique"),
            models.CheckConstraint(condition=Q(montant__gte=0), name="tranche_positive"),
        )


class Versement(Suivi):
    """Un paiement d'une tranche : qui le prépare ne le certifie pas."""

    machine = VERSEMENT
    tranche = models.ForeignKey(Tranche, on_delete=models.PROTECT, related_name="versements")
    montant = EurosField()
    prepare_par = models.BigIntegerField(null=True)
    prepare_par_nom = models.CharField(max_length=200)
    prepare_le = models.DateTimeField()
    certifie_par = models.BigIntegerField(null=True)
    certifie_par_nom = models.CharField(max_length=200, blank=True)
    paye_le = models.DateField(null=True)
    reference = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("tranche",), condition=~Q(etat="annule"), name="versement_unique_par_tranche"
            ),
            models.CheckConstraint(
                condition=Q(certifie_par__isnull=True)
                | Q(prepare_par__isnull=True)
                | ~Q(certifie_par=models.F("prepare_par")),
                name="versement_deux_personnes",
                violation_error_message="Vous avez préparé ce versement : une autre personne le certifie.",
            ),
        )

    def racine(self) -> str:
        return f"dossiers.Dossier:{self.tranche.demande.dossier_id}"
