"""Un appel, ses jalons, ses dispositifs ; son règlement est figé à la publication."""

from __future__ import annotations

from functools import lru_cache

from django.db import models

from ensemblier.appels.etats import APPEL, BROUILLON, PUBLIE
from ensemblier.noyau import calendrier, packs
from ensemblier.registre.models import Suivi
from ensemblier.territoires.models import Financeur, Territoire


class AppelQuerySet(models.QuerySet["Appel"]):
    def publies(self) -> AppelQuerySet:
        """Ce que tout le monde peut lire : publiés et clos."""
        return self.exclude(etat=BROUILLON)


class Appel(Suivi):
    """Une campagne : AMI, AAP ou autre type, pour un exercice (R21, R35)."""

    machine = APPEL
    territoire = models.ForeignKey(Territoire, on_delete=models.PROTECT, related_name="+")
    code = models.SlugField()
    type = models.CharField(max_length=30)
    exercice = models.PositiveSmallIntegerField()
    titre = models.CharField(max_length=200)
    titre_court = models.CharField(max_length=60)
    chapo = models.TextField()
    projet = models.JSONField(null=True)
    reglement = models.ForeignKey("Reglement", null=True, on_delete=models.PROTECT, related_name="+")
    modifie_le = models.DateTimeField()
    objects = AppelQuerySet.as_manager()

    class Meta:
        ordering = ("-exercice", "code")
        constraints = (models.UniqueConstraint(fields=("territoire", "code"), name="appel_unique"),)

    def __str__(self) -> str:
        return self.titre_court

    @property
    def est_publie(self) -> bool:
        return self.etat == PUBLIE

    def regles(self) -> packs.Appel:
        """Le règlement en vigueur ; celui du projet tant que l'appel n'est pas publié."""
        if self.reglement is None:
            return packs.Appel.depuis_json(self.projet)
        return self.reglement.regles()


class Reglement(models.Model):
    """Une version figée de l'appel : règles, pièces, jalons, en JSON canonique et SHA-256."""

    appel = models.ForeignKey(Appel, on_delete=models.PROTECT, related_name="reglements")
    version = models.PositiveSmallIntegerField()
    contenu = models.JSONField()
    empreinte = models.CharField(max_length=64)
    publie_le = models.DateTimeField()
    motif = models.TextField(blank=True)

    class Meta:
        ordering = ("appel", "version")
        constraints = (models.UniqueConstraint(fields=("appel", "version"), name="reglement_unique"),)

    def regles(self) -> packs.Appel:
        """Les règles de cette version, relues une fois par empreinte."""
        return _regles(self.empreinte, self.pk)


@lru_cache(maxsize=64)
def _regles(empreinte: str, reglement: int) -> packs.Appel:
    return packs.Appel.depuis_json(Reglement.objects.values_list("contenu", flat=True).get(pk=reglement))


class Jalon(models.Model):
    """Une phase datée, en heure locale ; précise au jour, ou floue avec son texte (R30, R64)."""

    appel = models.ForeignKey(Appel, on_delete=models.CASCADE, related_name="jalons")
    code = models.SlugField()
    libelle = models.CharField(max_length=150)
    nature = models.CharField(max_length=30)
    debut = models.DateField(null=True)
    fin = models.DateField(null=True)
    precision = models.CharField(max_length=12)
    texte = models.CharField(max_length=150, blank=True)
    rang = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("rang",)

    def phase(self) -> calendrier.Jalon:
        """Le jalon du noyau, qui sait s'il est ouvert."""
        return calendrier.Jalon(
            self.code, self.libelle, self.nature, self.debut, self.fin, self.precision, self.texte
        )


class Dispositif(models.Model):
    """Ce qu'un financeur ouvre dans l'appel ; une demande vise un dispositif."""

    appel = models.ForeignKey(Appel, on_delete=models.PROTECT, related_name="dispositifs")
    financeur = models.ForeignKey(Financeur, on_delete=models.PROTECT, related_name="+")
    code = models.SlugField(max_length=80)
    nom = models.CharField(max_length=150)
    credits = models.CharField(max_length=60, blank=True)
    rang = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("rang",)
        constraints = (models.UniqueConstraint(fields=("appel", "code"), name="dispositif_unique"),)
