"""Ce qu'une personne garde de son bureau : ses vues de la liste de travail."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ensemblier.comptes.models import Utilisateur
from ensemblier.espaces.services import services
from ensemblier.noyau.machine import Acteur
from ensemblier.territoires.models import Territoire


class VueQuerySet(models.QuerySet["Vue"]):
    def visibles_par(self, acteur: Acteur | None) -> VueQuerySet:
        """Les siennes, et celles que quelqu'un partage dans l'un de ses services."""
        if acteur is None or acteur.utilisateur is None:
            return self.none()
        siennes = Q(utilisateur=acteur.utilisateur)
        return self.filter(
            siennes | Q(service__in=services(acteur)), territoire__code=acteur.territoire
        ).order_by("nom", "pk")

    def de(self, acteur: Acteur) -> VueQuerySet:
        """Les siennes seules : nul ne change la vue d'un autre."""
        return self.filter(utilisateur=acteur.utilisateur, territoire__code=acteur.territoire)


class Vue(models.Model):
    """Une liste nommée : ses filtres, ses colonnes et son tri, dits par son adresse.

    `service` : à qui elle se montre ; vide, à son auteur seul. Elle ne donne aucun droit : chacun y lit ses
    dossiers à lui.
    """

    territoire = models.ForeignKey(Territoire, on_delete=models.CASCADE, related_name="+")
    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.CASCADE, related_name="+")
    nom = models.CharField(max_length=60)
    adresse = models.TextField()
    service = models.CharField(max_length=60, blank=True)
    est_par_defaut = models.BooleanField(default=False)
    objects = VueQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("territoire", "utilisateur", "nom"), name="vue_nom_unique",
                violation_error_message="Une de vos vues porte déjà ce nom. Choisissez-en un autre.",
            ),
            models.UniqueConstraint(
                fields=("territoire", "utilisateur"), condition=Q(est_par_defaut=True),
                name="vue_une_par_defaut",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.nom
