"""Les scénarios : des montants qui n'engagent personne, et ce que l'aide en dit."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, F, Q, Value, When

from ensemblier.appels.models import Appel
from ensemblier.comptes.models import Utilisateur
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.interface.champs import EurosField
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.programmation.etats import PARTAGE, RETENU, SCENARIO
from ensemblier.registre.models import Suivi
from ensemblier.territoires.models import Territoire


class ScenarioQuerySet(models.QuerySet["Scenario"]):
    def visibles_par(self, acteur: Acteur | None) -> ScenarioQuerySet:
        """Les siens, et ceux qui sont partagés ou retenus, pour qui lit la programmation."""
        if acteur is None or not acteur.a(
            Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR, Role.AGENT_FINANCEUR, Role.REFERENT_COMMUNAL
        ):
            return self.none()
        ouverts = Q(etat__in=(PARTAGE, RETENU)) | Q(auteur=acteur.utilisateur)
        return self.filter(ouverts, territoire__code=acteur.territoire)

    def avec_leur_origine(self, acteur: Acteur) -> ScenarioQuerySet:
        """`titre_d_origine` : celui du scénario copié, si l'acteur le lit encore ; vide sinon."""
        lu = Q(origine__etat__in=(PARTAGE, RETENU)) | Q(origine__auteur=acteur.utilisateur)
        return self.annotate(titre_d_origine=Case(When(lu, then=F("origine__titre")), default=Value("")))


class Scenario(Suivi):
    """Une hypothèse de programmation : des montants par volet, qui n'engagent personne avant d'être retenus.

    `version` compte les écritures. Un seul est retenu par appel ; l'histoire est au registre.
    """

    machine = SCENARIO
    territoire = models.ForeignKey(Territoire, on_delete=models.PROTECT, related_name="+")
    appel = models.ForeignKey(Appel, on_delete=models.PROTECT, related_name="+")
    titre = models.CharField(max_length=120)
    auteur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="+")
    origine = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="copies"
    )
    version = models.PositiveIntegerField(default=0)
    cree_le = models.DateTimeField()
    modifie_le = models.DateTimeField()
    retenu_le = models.DateTimeField(null=True)
    objects = ScenarioQuerySet.as_manager()

    class Meta:
        ordering = ("-modifie_le", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("appel",), condition=Q(etat=RETENU), name="scenario_retenu_unique"
            ),
            models.CheckConstraint(condition=~Q(titre=""), name="scenario_titre"),
        )


class Proposition(models.Model):
    """Le montant d'un volet dans un scénario ; `est_verrouillee` : fixé à la main, l'aide le garde."""

    scenario = models.ForeignKey(Scenario, on_delete=models.CASCADE, related_name="propositions")
    demande = models.ForeignKey(Demande, on_delete=models.CASCADE, related_name="+")
    montant = EurosField()
    est_verrouillee = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    modifiee_par = models.CharField(max_length=200)
    modifiee_le = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("scenario", "demande"), name="proposition_unique"),
            models.CheckConstraint(condition=Q(montant__gte=0), name="proposition_positive"),
        )


class ExplicationQuerySet(models.QuerySet["Explication"]):
    def visibles_par(self, acteur: Acteur | None) -> ExplicationQuerySet:
        """Elles citent les notes : pour qui les lit toutes, jamais sur un dossier dont il est hors (B10)."""
        if acteur is None or not acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR):
            return self.none()
        lus = Dossier.objects.a_juger_par(acteur).values("pk")
        return self.filter(Q(dossier=None) | Q(dossier__in=lus))


class Explication(models.Model):
    """Ce que l'aide dit d'un scénario qu'elle a rempli, une phrase par ligne."""

    class Genre(models.TextChoices):
        BILAN = "bilan", "Ce qui est proposé"
        REFUS = "refus", "Ce qui arrête chaque dossier sans argent"
        MARGE = "marge", "Ce que 1 000 € de plus financeraient"

    scenario = models.ForeignKey(Scenario, on_delete=models.CASCADE, related_name="explications")
    rang = models.PositiveIntegerField()
    genre = models.CharField(max_length=8, choices=Genre)
    dossier = models.ForeignKey(Dossier, null=True, on_delete=models.CASCADE, related_name="+")
    phrase = models.TextField()
    objects = ExplicationQuerySet.as_manager()

    class Meta:
        ordering = ("rang",)
        constraints = (models.UniqueConstraint(fields=("scenario", "rang"), name="explication_rang"),)


class ColonnesGardeesQuerySet(models.QuerySet["ColonnesGardees"]):
    def de(self, acteur: Acteur) -> list[str]:
        """Celles de la personne, vide si elle n'a rien choisi."""
        return self.filter(utilisateur=acteur.utilisateur).values_list("cles", flat=True).first() or []


class ColonnesGardees(models.Model):
    """Les colonnes qu'une personne a choisi de voir dans le tableau, d'une connexion à l'autre."""

    utilisateur = models.OneToOneField(Utilisateur, on_delete=models.CASCADE, related_name="+")
    cles = models.JSONField(default=list)
    objects = ColonnesGardeesQuerySet.as_manager()
