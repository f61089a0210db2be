"""Les organismes : ce qu'ils disent une fois, leur engagement, leurs RIB."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q

from ensemblier.comptes.etats import ORGANISME
from ensemblier.comptes.models.mots import dire_les_mots
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.noyau.mots import mots
from ensemblier.registre.models import Fichier, Suivi

DEJA_CONNU = (
    "Cet organisme a déjà un compte. Pour en faire partie, demandez à sa ou son signataire de vous "
    "rattacher. Vous ne savez pas qui c'est : écrivez au service, qui fera le lien."
)


class OrganismeQuerySet(models.QuerySet["Organisme"]):
    def visibles_par(self, acteur: Acteur | None) -> OrganismeQuerySet:
        """Ses rattachés, et ceux qui instruisent ou paient (domaine §C.2)."""
        if acteur is None:
            return self.none()
        if acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.FINANCES, Role.AUDITEUR):
            return self.all()
        siens = {d.organisme for d in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)}
        return self.filter(pk__in=siens)

    def de_numero(self, cle: str) -> OrganismeQuerySet:
        """L'organisme de ce SIREN ou de ce RNA."""
        return self.filter(Q(siren=cle) | Q(rna=cle)) if cle else self.none()


class Organisme(Suivi):
    """Qui porte une action ; partagé entre territoires, reconnu par son SIREN ou son RNA.

    Il a sa chaîne : un compte bancaire changé, une personne rattachée s'y lisent.
    """

    machine = ORGANISME

    class Type(models.TextChoices):
        ASSOCIATION = "association", "Association"
        FONDATION = "fondation", "Fondation"
        COMMUNE = "commune", "Commune"
        EPCI = "epci", "Intercommunalité"
        CCAS = "ccas", "Centre communal d'action sociale"
        ETABLISSEMENT_PUBLIC = "etablissement_public", "Autre établissement public"
        BAILLEUR = "bailleur", "Bailleur social"
        ENTREPRISE = "entreprise", "Entreprise"

    nom = models.CharField(max_length=200)
    sigle = models.CharField(max_length=40, blank=True)
    type = models.CharField(max_length=24, choices=Type)
    siren = models.CharField(max_length=9, blank=True)
    siret = models.CharField(max_length=14, blank=True)
    rna = models.CharField(max_length=10, blank=True)
    adresse = models.CharField(max_length=200, blank=True)
    code_postal = models.CharField(max_length=5, blank=True)
    commune = models.CharField(max_length=100, blank=True)
    code_insee = models.CharField(max_length=5, blank=True)
    courriel = models.EmailField(blank=True)
    telephone = models.CharField(max_length=20, blank=True)
    site = models.URLField(blank=True)
    correspondance = models.CharField(max_length=300, blank=True)
    """L'adresse où lui écrire, si ce n'est pas son siège (Cerfa 12156*06, rubrique 1)."""
    representant_nom = models.CharField(max_length=150, blank=True)
    representant_fonction = models.CharField(max_length=100, blank=True)
    fin_d_exercice = models.CharField(max_length=5, default="12-31")
    cer_repute_souscrit = models.BooleanField(default=False)
    agrements = models.CharField(max_length=300, blank=True)
    est_d_utilite_publique = models.BooleanField(null=True, blank=True)
    paie_les_impots_commerciaux = models.BooleanField(null=True, blank=True)
    federation = models.CharField(max_length=200, blank=True)
    benevoles = models.PositiveIntegerField(null=True, blank=True)
    volontaires = models.PositiveIntegerField(null=True, blank=True)
    salaries = models.PositiveIntegerField(null=True, blank=True)
    salaries_etp = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    emplois_aides = models.PositiveIntegerField(null=True, blank=True)
    adherents = models.PositiveIntegerField(null=True, blank=True)
    moyens_le = models.DateField(null=True, blank=True)
    """Le jour où ses moyens ont été dits ou relus (Cerfa 12156*06, rubriques 2 à 4) ; rien : jamais."""
    mots = models.TextField(blank=True, editable=False)
    """Ce par quoi on le cherche, sans accent ni casse, chaque mot après une espace."""
    objects = OrganismeQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=("nom",), name="organisme_par_nom"),)
        constraints = (
            models.UniqueConstraint(
                fields=("siren",),
                condition=~Q(siren=""),
                name="organisme_siren_unique",
                violation_error_message=DEJA_CONNU,
            ),
            models.UniqueConstraint(
                fields=("rna",),
                condition=~Q(rna=""),
                name="organisme_rna_unique",
                violation_error_message=DEJA_CONNU,
            ),
        )

    def __str__(self) -> str:
        return self.nom

    def save(self, *args: Any, update_fields: Collection[str] | None = None, **kwargs: Any) -> None:
        """Les mots suivent le nom et les numéros, dans la même écriture."""
        if update_fields is not None and not {"nom", "sigle", "siren", "siret", "rna"} & set(update_fields):
            super().save(*args, update_fields=update_fields, **kwargs)
            return
        avant, self.mots = self.mots, self.ses_mots()
        update_fields = None if update_fields is None else {*update_fields, "mots"}
        with transaction.atomic():
            super().save(*args, update_fields=update_fields, **kwargs)
            if self.mots != avant:
                dire_les_mots(self.pk, self.mots.split())

    def ses_mots(self) -> str:
        numeros = dict.fromkeys(filter(None, (self.siret, self.siren, self.rna.casefold())))
        return "".join(f" {mot}" for mot in (*mots(self.nom), *mots(self.sigle), *numeros))

    @property
    def est_association(self) -> bool:
        return self.type == self.Type.ASSOCIATION

    @property
    def cle(self) -> str:
        """Ce qui le nomme dans une adresse : son SIREN, à défaut son RNA."""
        return self.siren or self.rna

    @property
    def doit_souscrire_le_cer(self) -> bool:
        """B7 : associations et fondations ; sans objet pour les personnes publiques (S84)."""
        return self.type in (self.Type.ASSOCIATION, self.Type.FONDATION)

    def rib_courant(self) -> Rib | None:
        """Le dernier compte ajouté ; il ne sert à payer qu'une fois contrôlé (`Rib.est_verifie`)."""
        return self.ribs.order_by("-ajoute_le", "-pk").first()

    def engagement_courant(self) -> EngagementRepublicain | None:
        return self.engagements.order_by("-souscrit_le", "-pk").first()


class EngagementRepublicain(models.Model):
    """La souscription datée du contrat d'engagement républicain (B7), avec la version du texte."""

    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="engagements")
    version = models.CharField(max_length=60)
    souscrit_le = models.DateField()
    signataire = models.CharField(max_length=150)


class Rib(models.Model):
    """Un compte bancaire : IBAN chiffré, montré aux seules finances, contrôlé par un agent."""

    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="ribs")
    titulaire = models.CharField(max_length=200)
    iban_chiffre = models.BinaryField()
    iban_fin = models.CharField(max_length=3)
    fichier = models.OneToOneField(Fichier, null=True, on_delete=models.PROTECT, related_name="+")
    ajoute_le = models.DateTimeField()
    ajoute_par = models.CharField(max_length=150)
    ajoute_par_id = models.BigIntegerField(null=True)
    verifie_le = models.DateTimeField(null=True)
    verifie_par = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("-ajoute_le", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(verifie_le=None) | Q(verifie_le__gt=F("ajoute_le")),
                name="rib_verifie_apres_ajout",
            ),
        )

    @property
    def est_verifie(self) -> bool:
        """Un agent des finances a rapproché ce compte de sa pièce ; sans cela, rien ne se paie."""
        return self.verifie_le is not None

    def payable_le(self, heures: int) -> date:
        """Le premier jour où un compte changé peut servir : `heures` entières ont passé depuis."""
        return jour_de(self.ajoute_le + timedelta(hours=heures)) + timedelta(days=1)

    @property
    def masque(self) -> str:
        """« FR•• •••• … 606 » : ce que voit qui n'est pas des finances."""
        return f"•••• •••• •••• •••• •••• •••• {self.iban_fin}"
