"""Le fil entre le porteur et le service."""

from __future__ import annotations

from django.db import models
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from ensemblier.dossiers.models.dossier import Dossier
from ensemblier.dossiers.models.personnes import co_portes
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.models import Fichier


class MessageQuerySet(models.QuerySet["Message"]):
    def visibles_par(self, acteur: Acteur | None) -> MessageQuerySet:
        """Ceux des dossiers lisibles, pour les deux côtés du fil : le porteur, et le service qui instruit.

        Ni les financeurs, ni les communes, ni le jury, ni les finances, ni un co-porteur, même du service ;
        l'auditeur lit, il n'écrit pas.
        """
        visibles = self.filter(dossier__in=Dossier.objects.visibles_par(acteur))
        if (portes := co_portes(acteur)) is not None:
            visibles = visibles.exclude(dossier__in=portes)
        if acteur is None or acteur.a(*LECTEURS_DU_FIL):
            return visibles
        siens = {d.organisme for d in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)}
        return visibles.filter(dossier__organisme__in=siens)

    def a_lire_par(self, cote: str) -> MessageQuerySet:
        """Ce que l'autre côté a écrit, et que personne de celui-ci n'a encore lu."""
        return self.exclude(cote=cote).filter(lu_le=None)

    def comptes_par_dossier(self, cote: str) -> Coalesce:
        """De quoi annoter des dossiers : ce que l'autre côté a écrit et que celui-ci n'a pas lu."""
        attendent = self.a_lire_par(cote).filter(dossier=OuterRef("pk")).order_by()
        return Coalesce(Subquery(attendent.values("dossier").annotate(n=Count("pk")).values("n")), Value(0))

    def derniers(self) -> MessageQuerySet:
        """Le dernier message de chaque fil."""
        suivants: QuerySet[Message] = Message.objects.filter(dossier=OuterRef("dossier"))
        return self.filter(pk=Subquery(suivants.order_by("-pk").values("pk")[:1]))


LECTEURS_DU_FIL = (Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR)


class Message(models.Model):
    """Un message entre le porteur et le service ; le premier lecteur d'en face le date.

    `cle` est celle du formulaire : renvoyé, le même message ne s'écrit pas deux fois (T09).
    """

    class Cote(models.TextChoices):
        PORTEUR = "porteur", "Le porteur"
        SERVICE = "service", "Le service"

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="messages")
    cle = models.CharField(max_length=64, unique=True)
    cote = models.CharField(max_length=8, choices=Cote)
    auteur = models.BigIntegerField(null=True)
    auteur_nom = models.CharField(max_length=150)
    auteur_fonction = models.CharField(max_length=200)
    texte = models.TextField()
    fichier = models.OneToOneField(Fichier, null=True, on_delete=models.PROTECT, related_name="+")
    envoye_le = models.DateTimeField()
    lu_le = models.DateTimeField(null=True)
    lu_par = models.CharField(max_length=150, blank=True)
    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=("dossier", "cote"), condition=Q(lu_le=None), name="message_a_lire"),)
