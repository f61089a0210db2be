"""Un tableau revenu d'un tableur : le fichier reçu, et chaque case que son dernier essai y a lue."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q

from ensemblier.appels.models import Appel
from ensemblier.comptes.models import Utilisateur
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.interface.champs import EurosField
from ensemblier.noyau.machine import Acteur
from ensemblier.registre.models import Fichier
from ensemblier.territoires.models import Financeur


class RetourQuerySet(models.QuerySet["Retour"]):
    def visibles_par(self, acteur: Acteur | None) -> RetourQuerySet:
        """Les siens : un tableau relu n'est l'affaire de personne d'autre tant qu'il n'est pas appliqué."""
        if acteur is None or acteur.utilisateur is None:
            return self.none()
        return self.filter(utilisateur=acteur.utilisateur, appel__territoire__code=acteur.territoire)


class Retour(models.Model):
    """Un tableau reçu d'une personne, essayé à blanc, puis appliqué ou non.

    `essais` compte les essais : on n'applique que celui qu'on a lu. `cle` : celle du formulaire, envoyé deux
    fois il ne reçoit qu'un tableau. `colonnes` : ce que la personne a dit d'un tableau venu d'ailleurs.
    """

    appel = models.ForeignKey(Appel, on_delete=models.PROTECT, related_name="+")
    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="+")
    fichier = models.OneToOneField(Fichier, on_delete=models.PROTECT, related_name="+")
    cle = models.CharField(max_length=64, unique=True)
    colonnes = models.JSONField(default=dict)
    recu_le = models.DateTimeField()
    essais = models.PositiveIntegerField(default=0)
    essaye_le = models.DateTimeField(null=True)
    applique_le = models.DateTimeField(null=True)
    objects = RetourQuerySet.as_manager()

    class Meta:
        ordering = ("-recu_le", "-pk")

    @property
    def attend_ses_colonnes(self) -> bool:
        """Venu d'ailleurs, et la personne n'a pas encore dit ce que sont ses colonnes."""
        return "a_dire" in self.colonnes


class CaseRelueQuerySet(models.QuerySet["CaseRelue"]):
    def visibles_par(self, acteur: Acteur | None) -> CaseRelueQuerySet:
        """Jamais sur un dossier dont la personne est hors depuis (B10)."""
        lus = Dossier.objects.a_juger_par(acteur).values("pk")
        return self.filter(Q(demande=None) | Q(demande__dossier__in=lus))


class CaseRelue(models.Model):
    """Une case changée dans le fichier : ce qu'elle dit ici, ce qu'elle dit là-bas, ce qu'il en advient.

    `version` : celle du volet que le fichier a lue ; `saisie` : ce que la case porte, tel quel.
    """

    class Issue(models.TextChoices):
        CONFLIT = "conflit", "En conflit"
        REFUSEE = "refusee", "Refusée"
        BONNE = "bonne", "À appliquer"
        PAREILLE = "pareille", "Déjà ainsi"

    retour = models.ForeignKey(Retour, on_delete=models.CASCADE, related_name="cases")
    rang = models.PositiveIntegerField()
    lieu = models.CharField(max_length=20)
    numero = models.CharField(max_length=60, blank=True)
    demande = models.ForeignKey(Demande, null=True, on_delete=models.CASCADE, related_name="+")
    financeur = models.ForeignKey(Financeur, null=True, on_delete=models.CASCADE, related_name="+")
    version = models.PositiveIntegerField(null=True)
    avant = EurosField(null=True)
    apres = EurosField(null=True)
    saisie = models.CharField(max_length=60, blank=True)
    issue = models.CharField(max_length=8, choices=Issue)
    phrase = models.TextField(blank=True)
    objects = CaseRelueQuerySet.as_manager()

    class Meta:
        ordering = ("rang",)
        constraints = (models.UniqueConstraint(fields=("retour", "rang"), name="case_relue_rang"),)

    @property
    def ecart(self) -> Decimal:
        """Ce que la case ajoute ou retire ; vide vaut zéro."""
        return (self.apres or Decimal(0)) - (self.avant or Decimal(0))

    @property
    def perte(self) -> Decimal:
        return -self.ecart
