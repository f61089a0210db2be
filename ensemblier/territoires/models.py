"""Les lieux et les institutions d'un territoire, chargés d'un pack (`territoires.actes.charger`)."""

from __future__ import annotations

from functools import lru_cache

from django.db import models

from ensemblier.noyau import packs


class Territoire(models.Model):
    """Un EPCI pilote et son service ; le nom d'hôte de la requête le désigne."""

    code = models.SlugField(unique=True)
    nom = models.CharField(max_length=150)
    nom_court = models.CharField(max_length=60)
    siren = models.CharField(max_length=9)
    hote = models.CharField(max_length=150, blank=True)
    service = models.CharField(max_length=150)
    adresse = models.TextField(blank=True)
    courriel = models.EmailField()
    telephone = models.CharField(max_length=20, blank=True)
    attribution = models.TextField(blank=True)
    cadre = models.JSONField(default=dict)
    empreinte_du_pack = models.CharField(max_length=64)
    charge_le = models.DateTimeField(null=True)

    def pack(self) -> packs.Territoire:
        """Le pack chargé, sans ses contours (ils sont dans les quartiers) ; relu une fois par empreinte."""
        return _pack(self.pk, self.empreinte_du_pack)


@lru_cache(maxsize=16)
def _pack(territoire: int, empreinte: str) -> packs.Territoire:
    return packs.Territoire.model_validate(
        Territoire.objects.values_list("cadre", flat=True).get(pk=territoire)
    )


class Commune(models.Model):
    territoire = models.ForeignKey(Territoire, on_delete=models.CASCADE, related_name="communes")
    code_insee = models.CharField(max_length=5)
    code = models.CharField(max_length=60)
    nom = models.CharField(max_length=100)
    siren = models.CharField(max_length=9, blank=True)
    epci = models.CharField(max_length=150, blank=True)
    est_membre = models.BooleanField()

    class Meta:
        ordering = ("nom",)
        constraints = (
            models.UniqueConstraint(fields=("territoire", "code_insee"), name="commune_unique"),
            models.UniqueConstraint(fields=("territoire", "code"), name="commune_code_unique"),
        )


class Quartier(models.Model):
    """Un QPV de la génération en vigueur ; l'ancien code est gardé pour la correspondance (R19)."""

    territoire = models.ForeignKey(Territoire, on_delete=models.CASCADE, related_name="quartiers")
    code = models.CharField(max_length=8)
    code_2015 = models.CharField(max_length=8, blank=True)
    nom = models.CharField(max_length=150)
    communes = models.ManyToManyField(Commune, related_name="quartiers")
    contour = models.JSONField()
    lon = models.FloatField()
    lat = models.FloatField()

    class Meta:
        ordering = ("nom",)
        constraints = (models.UniqueConstraint(fields=("territoire", "code"), name="quartier_unique"),)


class Pilier(models.Model):
    territoire = models.ForeignKey(Territoire, on_delete=models.CASCADE, related_name="piliers")
    code = models.SlugField()
    nom = models.CharField(max_length=150)
    rang = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("rang",)
        constraints = (models.UniqueConstraint(fields=("territoire", "code"), name="pilier_unique"),)


class Thematique(models.Model):
    territoire = models.ForeignKey(Territoire, on_delete=models.CASCADE, related_name="thematiques")
    code = models.SlugField()
    nom = models.CharField(max_length=150)
    code_etat = models.CharField(max_length=10, blank=True)
    rang = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("rang",)
        constraints = (models.UniqueConstraint(fields=("territoire", "code"), name="thematique_unique"),)


class Financeur(models.Model):
    """Qui peut aider : une ligne par institution, une par commune ; jamais une colonne."""

    class Paiement(models.TextChoices):
        PREPARE = "prepare", "préparé et certifié ici"
        CONSTATE = "constate", "payé ailleurs, constaté ici"

    territoire = models.ForeignKey(Territoire, on_delete=models.CASCADE, related_name="financeurs")
    code = models.CharField(max_length=60)
    nom = models.CharField(max_length=150)
    sigle = models.CharField(max_length=40)
    type = models.CharField(max_length=20)
    couleur = models.CharField(max_length=7)
    siren = models.CharField(max_length=9, blank=True)
    commune = models.ForeignKey(Commune, null=True, on_delete=models.PROTECT, related_name="+")
    paiement = models.CharField(max_length=10, choices=Paiement)
    rang = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("rang",)
        constraints = (models.UniqueConstraint(fields=("territoire", "code"), name="financeur_unique"),)


class Contact(models.Model):
    """Une fonction à joindre, jamais une personne (R66, R67, R69) ; téléphones au format E.164."""

    territoire = models.ForeignKey(Territoire, on_delete=models.CASCADE, related_name="contacts")
    code = models.SlugField(max_length=60)
    organisation = models.CharField(max_length=150)
    financeur = models.ForeignKey(Financeur, null=True, on_delete=models.CASCADE, related_name="contacts")
    fonction = models.CharField(max_length=200)
    perimetre = models.CharField(max_length=300, blank=True)
    themes = models.JSONField(default=list)
    commune = models.ForeignKey(Commune, null=True, on_delete=models.CASCADE, related_name="contacts")
    courriel = models.EmailField(blank=True)
    telephone = models.CharField(max_length=20, blank=True)
    telephone_2 = models.CharField(max_length=20, blank=True)
    est_repli = models.BooleanField(default=False)
    rang = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("rang",)
