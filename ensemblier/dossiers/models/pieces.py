"""Les pièces jointes, et qui les lit."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ensemblier.dossiers.models.acces import aides
from ensemblier.dossiers.models.dossier import Dossier
from ensemblier.dossiers.models.personnes import co_portes
from ensemblier.noyau.calendrier import en_francais, jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.models import Fichier


class PieceQuerySet(models.QuerySet["Piece"]):
    def visibles_par(self, acteur: Acteur | None) -> PieceQuerySet:
        """Celles des dossiers lisibles ; un RIB ne l'est que du porteur, du pilote et des finances (§C.2).

        Une aide invitée, un co-porteur ne lisent jamais le RIB, quel que soit leur métier.
        """
        visibles = self.filter(dossier__in=Dossier.objects.visibles_par(acteur))
        if aidees := aides(acteur):
            visibles = visibles.exclude(code=Piece.RIB, dossier__in=aidees)
        if (portes := co_portes(acteur)) is not None:
            visibles = visibles.exclude(code=Piece.RIB, dossier__in=portes)
        if acteur is None or acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.FINANCES):
            return visibles
        siens = {d.organisme for d in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)}
        return visibles.exclude(Q(code=Piece.RIB) & ~Q(dossier__organisme__in=siens))


class Piece(models.Model):
    """Une pièce jointe, de la liste du règlement ; son état est tenu par l'instruction."""

    RIB = "rib"

    class Etat(models.TextChoices):
        RECUE = "recue", "Reçue"
        VALIDE = "valide", "Valide"
        A_REMPLACER = "a_remplacer", "À remplacer"

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="pieces")
    code = models.SlugField()
    fichier = models.OneToOneField(Fichier, on_delete=models.PROTECT, related_name="+")
    statut = models.CharField(max_length=12, choices=Etat, default=Etat.RECUE)
    motif = models.TextField(blank=True)
    recue_le = models.DateTimeField()
    remplacee_le = models.DateTimeField(null=True)
    envoi = models.CharField(max_length=64, blank=True)
    reprise_de = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="reprises")
    objects = PieceQuerySet.as_manager()

    class Meta:
        ordering = ("code", "recue_le")
        constraints = (
            models.UniqueConstraint(
                fields=("dossier", "code"), condition=Q(remplacee_le=None), name="piece_courante_unique"
            ),
            models.UniqueConstraint(
                fields=("dossier", "envoi"), condition=~Q(envoi=""), name="piece_envoi_unique"
            ),
        )

    @property
    def premiere(self) -> Piece:
        """La pièce telle qu'elle a été envoyée, ou celle dont elle est reprise."""
        return self.reprise_de or self

    @property
    def origine(self) -> str:
        """« reçue le 21/10/2025 avec 25-0041 »."""
        jour = en_francais(jour_de(self.premiere.recue_le), "courte")
        return f"reçue le {jour} avec {self.premiere.dossier.numero}"
