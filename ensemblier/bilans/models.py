"""Ce qui a été fait de l'argent : bilan, compte rendu financier, reversement."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ensemblier.bilans.etats import BILAN, REVERSEMENT
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.interface.champs import EurosField
from ensemblier.registre.models import Suivi
from ensemblier.territoires.models import Financeur


class Bilan(Suivi):
    """Le compte rendu d'une action : qualitatif, effectifs, réalisé ; échéance B5.

    `ages` et `par_quartier` : effectif par tranche d'âge, par code de quartier (§C.8).
    """

    class Realisation(models.TextChoices):
        COMPLETE = "complete", "Réalisée"
        PARTIELLE = "partielle", "Réalisée en partie"
        NULLE = "nulle", "Pas réalisée"

    TRANCHES_D_AGE = ("0-5", "6-10", "11-15", "16-17", "18-25", "26-59", "60+", "non_renseigne")

    machine = BILAN
    dossier = models.OneToOneField(Dossier, on_delete=models.PROTECT, related_name="+")
    echeance = models.DateField()
    realisation = models.CharField(max_length=10, choices=Realisation, blank=True)
    deroule = models.TextField(blank=True)
    resultats = models.TextField(blank=True)
    participation = models.TextField(blank=True)
    comite_de_suivi = models.TextField(blank=True)
    difficultes = models.TextField(blank=True)
    suites = models.TextField(blank=True)
    explication_des_ecarts = models.TextField(blank=True)
    participants = models.PositiveIntegerField(null=True, blank=True)
    participants_qpv = models.PositiveIntegerField(null=True, blank=True)
    femmes = models.PositiveIntegerField(null=True, blank=True)
    hommes = models.PositiveIntegerField(null=True, blank=True)
    sexe_non_renseigne = models.PositiveIntegerField(null=True, blank=True)
    ages = models.JSONField(default=dict, blank=True)
    par_quartier = models.JSONField(default=dict, blank=True)
    seances = models.PositiveIntegerField(null=True, blank=True)
    benevoles = models.PositiveIntegerField(null=True, blank=True)
    heures_departement = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    correction_demandee = models.TextField(blank=True)
    modifie_le = models.DateTimeField(null=True)
    depose_le = models.DateTimeField(null=True)
    valide_le = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(participants_qpv__isnull=True)
                | Q(participants__isnull=True)
                | Q(participants_qpv__lte=models.F("participants")),
                name="bilan_qpv_au_plus_total",
                violation_error_message=(
                    "Les habitants de quartier prioritaire dépassent le total des participants."
                ),
            ),
        )

    def racine(self) -> str:
        return f"dossiers.Dossier:{self.dossier_id}"


class LigneRealisee(models.Model):
    """Un compte réalisé, en face du prévu (Cerfa 15059*02)."""

    bilan = models.ForeignKey(Bilan, on_delete=models.CASCADE, related_name="lignes")
    sens = models.CharField(max_length=8)
    compte = models.CharField(max_length=90)
    financeur = models.ForeignKey(Financeur, null=True, on_delete=models.PROTECT, related_name="+")
    montant = EurosField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("bilan", "sens", "compte"), condition=Q(financeur=None), name="ligne_realisee_unique"
            ),
            models.UniqueConstraint(
                fields=("bilan", "sens", "compte", "financeur"),
                condition=Q(financeur__isnull=False),
                name="ligne_realisee_unique_par_financeur",
            ),
            models.CheckConstraint(condition=Q(montant__gte=0), name="ligne_realisee_positive"),
        )


class Decompte(models.Model):
    """Le calcul du dû d'une demande au vu du bilan (K9), gardé ligne à ligne."""

    demande = models.OneToOneField(Demande, on_delete=models.PROTECT, related_name="+")
    cout_reel = EurosField()
    du = EurosField()
    reste = EurosField()
    trop_percu = EurosField()
    lignes = models.JSONField(default=list)
    etabli_le = models.DateTimeField()


class Reversement(Suivi):
    """Un trop-perçu à rendre, après procédure contradictoire (B17)."""

    machine = REVERSEMENT
    demande = models.OneToOneField(Demande, on_delete=models.PROTECT, related_name="+")
    montant = EurosField()
    motif = models.TextField()
    notifie_le = models.DateField()
    reponse_avant_le = models.DateField()
    observations = models.TextField(blank=True)
    observations_le = models.DateTimeField(null=True)
    encaisse_le = models.DateField(null=True)
    reference = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(montant__gt=0), name="reversement_positif"),)

    def racine(self) -> str:
        return f"dossiers.Dossier:{self.demande.dossier_id}"
