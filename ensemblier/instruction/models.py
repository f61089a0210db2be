"""Ce que l'instruction ajoute à un dossier : compléments demandés, avis des partenaires."""

from __future__ import annotations

from dataclasses import replace

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from ensemblier.comptes.models import Utilisateur
from ensemblier.dossiers.models import Dossier, DossierQuerySet
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.territoires.models import Financeur


class ComplementQuerySet(models.QuerySet["Complement"]):
    def ouverts(self) -> ComplementQuerySet:
        """Les demandes auxquelles le porteur n'a pas encore répondu."""
        return self.filter(repondu_le=None)


class Complement(models.Model):
    """Une demande de pièces : lesquelles, avant quand ; elle suspend l'horloge (B15, P29).

    `pieces` : les codes des pièces du règlement.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="+")
    pieces = models.JSONField(default=list)
    message = models.TextField()
    demande_le = models.DateTimeField()
    demande_par = models.CharField(max_length=200)
    echeance = models.DateField()
    repondu_le = models.DateTimeField(null=True)
    objects = ComplementQuerySet.as_manager()

    class Meta:
        ordering = ("demande_le", "pk")


class AvisQuerySet(models.QuerySet["Avis"]):
    def visibles_par(self, acteur: Acteur | None) -> AvisQuerySet:
        """Jamais le porteur ; les autorités partagent leurs avis (défaut de §C.2).

        Un agent qui représente un porteur en est le porteur : ses dossiers lui restent fermés ici.
        """
        if acteur is None:
            return self.none()
        partage = (
            Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR, Role.AGENT_FINANCEUR, Role.REFERENT_COMMUNAL,
            Role.JURY,
        )  # fmt: skip
        if not acteur.a(*partage):
            return self.none()
        lisibles = self.filter(dossier__in=Dossier.objects.a_juger_par(acteur))
        if acteur.a(*LECTEURS_DE_TOUT_AVIS):
            return lisibles
        codes = {d.financeur for d in acteur.perimetres(Role.AGENT_FINANCEUR)}
        communes = {d.commune for d in acteur.perimetres(Role.REFERENT_COMMUNAL)}
        siens = Q(financeur__code__in=codes) | Q(financeur__commune__code__in=communes)
        return lisibles.filter(Q(est_partage=True) | siens)


LECTEURS_DE_TOUT_AVIS = (Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR, Role.JURY)
"""Ceux qui lisent aussi un avis que l'appel ne partage pas entre financeurs."""


class Avis(models.Model):
    """L'avis d'un financeur (État, commune…) sur un dossier ; un seul en cours par financeur.

    `echeance` est celle qu'il avait en le rendant, `retard` le nombre de jours au-delà. `est_partage` : les
    autres financeurs le lisent, si l'appel le veut (`ReglesDAvis.partages`).
    """

    class Sens(models.TextChoices):
        FAVORABLE = "favorable", "Favorable"
        RESERVE = "reserve", "Réservé"
        DEFAVORABLE = "defavorable", "Défavorable"

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="+")
    financeur = models.ForeignKey(Financeur, on_delete=models.PROTECT, related_name="+")
    sens = models.CharField(max_length=12, choices=Sens)
    motif = models.TextField(blank=True)
    rendu_le = models.DateTimeField()
    rendu_par = models.CharField(max_length=200)
    echeance = models.DateField(null=True)
    retard = models.PositiveSmallIntegerField(default=0)
    est_partage = models.BooleanField(default=True)
    objects = AvisQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("dossier", "financeur"), name="avis_unique"),
            models.CheckConstraint(
                condition=Q(sens="favorable") | ~Q(motif=""),
                name="avis_motive_si_pas_favorable",
            ),
        )


class DemandeDAvisQuerySet(models.QuerySet["DemandeDAvis"]):
    def sans_reponse(self) -> DemandeDAvisQuerySet:
        rendus = Avis.objects.filter(dossier=OuterRef("dossier"), financeur=OuterRef("financeur"))
        return self.filter(~Exists(rendus))


class DemandeDAvis(models.Model):
    """L'avis demandé à un financeur sur un dossier, avant un jour ; il l'emporte sur la fin de l'instruction.

    `relance` : le dernier rappel envoyé, en jours depuis l'échéance (`ReglesDAvis.relances_jours`).
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="+")
    financeur = models.ForeignKey(Financeur, on_delete=models.PROTECT, related_name="+")
    echeance = models.DateField()
    demande_le = models.DateTimeField()
    demande_par = models.CharField(max_length=200)
    relance = models.SmallIntegerField(null=True)
    objects = DemandeDAvisQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=("echeance",), name="demande_d_avis_echeance"),)
        constraints = (
            models.UniqueConstraint(fields=("dossier", "financeur"), name="demande_d_avis_unique"),
        )


SERVICE = (Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR)
PARTENAIRES = (Role.AGENT_FINANCEUR, Role.REFERENT_COMMUNAL)


def dossiers_du_fil_interne(acteur: Acteur | None) -> DossierQuerySet:
    """Ceux dont l'acteur lit le fil interne : comme service ou partenaire, jamais comme juré ni porteur.

    L'agent d'un financeur, sur les dossiers qui le sollicitent, non sur ceux qu'il lit par son périmètre.
    """
    if acteur is None or not acteur.a(*SERVICE, *PARTENAIRES):
        return Dossier.objects.none()
    autres = (Role.JURY, Role.FINANCES)
    gardes = tuple(
        replace(d, commune="", partout=False) if d.role == Role.AGENT_FINANCEUR else d
        for d in acteur.droits
        if d.role not in autres
    )
    return Dossier.objects.a_juger_par(replace(acteur, droits=gardes)).deposes()


class EchangeQuerySet(models.QuerySet["Echange"]):
    def visibles_par(self, acteur: Acteur | None) -> EchangeQuerySet:
        """Le service lit tout ; un financeur ou une ville, ce qui leur est partagé, sur leurs dossiers.

        Jamais le porteur, un co-porteur, une aide invitée, le jury ni les finances.
        """
        siens = self.filter(dossier__in=dossiers_du_fil_interne(acteur))
        if acteur is None or acteur.a(*SERVICE):
            return siens
        return siens.filter(partage=Echange.Partage.FINANCEURS)


class Echange(models.Model):
    """Un message entre agents sur un dossier ; `partage` dit qui, hors du service, le lit.

    `cle` est celle du formulaire : renvoyé, le même message ne s'écrit pas deux fois (T09).
    """

    class Partage(models.TextChoices):
        SERVICE = "service", "Le service seulement"
        FINANCEURS = "financeurs", "Le service, les financeurs et les villes du dossier"

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="+")
    cle = models.CharField(max_length=64, unique=True)
    auteur = models.BigIntegerField(null=True)
    auteur_nom = models.CharField(max_length=150)
    auteur_fonction = models.CharField(max_length=200)
    texte = models.TextField()
    partage = models.CharField(max_length=10, choices=Partage)
    envoye_le = models.DateTimeField()
    objects = EchangeQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)


class MentionQuerySet(models.QuerySet["Mention"]):
    def a_lire_par(self, utilisateur: int | None) -> MentionQuerySet:
        """Celles qui attendent cette personne."""
        return self.filter(utilisateur=utilisateur, lu_le=None)

    def comptees_par_dossier(self, utilisateur: int | None) -> Coalesce:
        """De quoi annoter des dossiers : ce qui y attend cette personne."""
        siennes: QuerySet = self.a_lire_par(utilisateur).filter(echange__dossier=OuterRef("pk")).order_by()
        comptees = siennes.values("echange__dossier").annotate(n=Count("pk")).values("n")
        return Coalesce(Subquery(comptees), Value(0))


class Mention(models.Model):
    """Un collègue prévenu d'un message interne ; il l'attend jusqu'à ce qu'il le lise."""

    echange = models.ForeignKey(Echange, on_delete=models.CASCADE, related_name="mentions")
    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="+")
    lu_le = models.DateTimeField(null=True)
    objects = MentionQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("echange", "utilisateur"), name="mention_unique"),)
        indexes = (
            models.Index(fields=("utilisateur",), condition=models.Q(lu_le=None), name="mention_a_lire"),
        )


class Verification(models.Model):
    """La réponse du service à une question de fond (`questions.ECRITES`) ; le registre garde les autres."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=30)
    reponse = models.BooleanField()
    motif = models.TextField()
    donnee_le = models.DateTimeField()
    donnee_par = models.CharField(max_length=200)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("dossier", "code"), name="verification_unique"),
            models.CheckConstraint(condition=~Q(motif=""), name="verification_motivee"),
        )
