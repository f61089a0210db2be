"""Les personnes, et les courriels que chacune veut."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class UtilisateurManager(BaseUserManager):
    def create_user(self, courriel: str, password: str | None = None, **champs: object) -> Utilisateur:
        utilisateur = self.model(courriel=self.normalize_email(courriel).lower(), **champs)
        utilisateur.set_password(password)
        utilisateur.save(using=self._db)
        return utilisateur


class Utilisateur(AbstractBaseUser):
    """Une personne ; ce qu'elle peut faire vient de ses rattachements et habilitations."""

    courriel = models.EmailField(unique=True)
    prenom = models.CharField(max_length=80, blank=True)
    nom = models.CharField(max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
    heure_du_recapitulatif = models.PositiveSmallIntegerField(default=7)
    cree_le = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "courriel"
    EMAIL_FIELD = "courriel"
    objects = UtilisateurManager()

    def __str__(self) -> str:
        return self.nom_complet

    def rythmes(self) -> dict[str, str]:
        """Pour chaque genre libre, comment cette personne le reçoit."""
        regles = dict(self.reglages_de_courriel.values_list("genre", "rythme"))
        return {g.value: regles.get(g.value, PAR_DEFAUT.get(g, RythmeDeCourriel.IMMEDIAT)) for g in LIBRES}

    @property
    def nom_complet(self) -> str:
        return f"{self.prenom} {self.nom}".strip() or self.courriel

    def adresses_prouvees(self) -> models.QuerySet:
        """Les adresses que la personne a confirmées ; une adresse écrite ne suffit pas."""
        return self.emailaddress_set.filter(verified=True).values_list(Lower("email"), flat=True)


class Genre(models.TextChoices):
    """Ce qu'un courriel annonce ; hors `LIBRES`, il part toujours : il fait courir un délai ou protège."""

    COMPTE = "compte", "Votre compte, votre mot de passe, une invitation"
    RIB = "rib", "Un compte bancaire ajouté ou changé"
    ACCUSE = "accuse", "L'accusé de réception d'un dépôt ou d'un retrait"
    CORRECTION = "correction", "Une pièce ou une correction demandée"
    ECHEANCE = "echeance", "Une échéance qui approche"
    DECISION = "decision", "Une décision : accord, refus, somme à rendre"
    SEANCE = "seance", "Une séance : convocation, changement, annulation"
    CONFIRMATION = "confirmation", "Une question posée à une ville ou à un co-porteur, et sa réponse"
    MESSAGE = "message", "Le service vous a écrit"
    SUITE = "suite", "La convention, un versement, un bilan accepté"
    TRAVAIL = "travail", "Un porteur a écrit ou complété son dossier"
    MENTION = "mention", "Un collègue vous écrit sur un dossier"
    RECAPITULATIF = "recapitulatif", "Le récapitulatif du jour"

    @property
    def est_oblige(self) -> bool:
        return self not in LIBRES and self is not Genre.RECAPITULATIF


LIBRES = (Genre.MESSAGE, Genre.SUITE, Genre.TRAVAIL, Genre.MENTION)
"""Ce que chacun règle dans « Mes courriels »."""

DES_AGENTS = frozenset((Genre.TRAVAIL, Genre.MENTION))
"""Ceux qu'aucun porteur ne reçoit."""


class RythmeDeCourriel(models.TextChoices):
    IMMEDIAT = "immediat", "Tout de suite"
    RECAPITULATIF = "recapitulatif", "Dans le récapitulatif du jour"
    JAMAIS = "jamais", "Jamais"


PAR_DEFAUT = {Genre.TRAVAIL: RythmeDeCourriel.RECAPITULATIF}
"""Un agent reçoit cent nouvelles par semaine ; un porteur, deux par mois."""


class ReglageDeCourriel(models.Model):
    """Comment une personne veut recevoir un genre de courriels ; sans ligne, `PAR_DEFAUT`."""

    utilisateur = models.ForeignKey(
        "comptes.Utilisateur", on_delete=models.CASCADE, related_name="reglages_de_courriel"
    )
    genre = models.CharField(max_length=20, choices=[(g.value, g.label) for g in LIBRES])
    rythme = models.CharField(max_length=14, choices=RythmeDeCourriel)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("utilisateur", "genre"), name="reglage_de_courriel_unique"),
            models.CheckConstraint(
                condition=Q(genre__in=[g.value for g in LIBRES]), name="reglage_d_un_genre_libre"
            ),
        )
