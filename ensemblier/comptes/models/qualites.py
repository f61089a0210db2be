"""Ce que les personnes sont pour les organismes et pour le territoire, et jusqu'à quand."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import models
from django.db.models import F, Q

from ensemblier.comptes.etats import HABILITATION
from ensemblier.comptes.models.organismes import Organisme
from ensemblier.comptes.models.personnes import Utilisateur
from ensemblier.noyau.machine import Role
from ensemblier.registre.models import Fichier, Suivi
from ensemblier.territoires.models import Commune, Financeur, Territoire


class DansLeTempsQuerySet(models.QuerySet):
    def en_vigueur(self, jour: date) -> DansLeTempsQuerySet:
        return self.filter(Q(du=None) | Q(du__lte=jour), Q(au=None) | Q(au__gte=jour))


class DansLeTemps(models.Model):
    """Une qualité datée : elle vaut du jour `du` au jour `au` compris."""

    du = models.DateField(null=True, blank=True)
    au = models.DateField(null=True, blank=True)
    objects = DansLeTempsQuerySet.as_manager()

    class Meta:
        abstract = True

    def vaut_le(self, jour: date) -> bool:
        return (self.du is None or self.du <= jour) and (self.au is None or self.au >= jour)


class Rattachement(DansLeTemps):
    """Ce qu'une personne est dans un organisme : rédacteur, ou signataire avec son mandat."""

    class Qualite(models.TextChoices):
        REDACTEUR = Role.REDACTEUR.value, "Rédacteur"
        SIGNATAIRE = Role.SIGNATAIRE.value, "Signataire"

    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="rattachements")
    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="rattachements")
    qualite = models.CharField(max_length=12, choices=Qualite)
    fonction = models.CharField(max_length=120)
    mandat = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("utilisateur", "organisme", "qualite"), name="rattachement_unique"
            ),
        )


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def ouvertes(self, le: datetime) -> InvitationQuerySet:
        """Ni acceptées, ni retirées, ni vieilles de plus d'un mois."""
        return self.filter(acceptee_le=None, retiree_le=None, envoyee_le__gte=le - Invitation.DUREE)

    def pour(self, utilisateur: Utilisateur, le: datetime) -> InvitationQuerySet:
        """Celles d'une adresse que la personne a prouvée sienne : une adresse écrite ne suffit pas."""
        return self.ouvertes(le).filter(courriel__in=utilisateur.adresses_prouvees())


class Invitation(models.Model):
    """Une personne attendue dans un organisme ; elle accepte elle-même, si elle a cette adresse.

    L'organisme lit la même chose, que l'adresse ait un compte ou non : nul n'apprend qui est inscrit.
    """

    DUREE = timedelta(days=30)

    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="invitations")
    courriel = models.EmailField()
    qualite = models.CharField(max_length=12, choices=Rattachement.Qualite)
    fonction = models.CharField(max_length=120)
    mandat = models.CharField(max_length=200, blank=True)
    envoyee_le = models.DateTimeField()
    envoyee_par = models.CharField(max_length=150)
    acceptee_le = models.DateTimeField(null=True)
    retiree_le = models.DateTimeField(null=True)
    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ("courriel", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("organisme", "courriel", "qualite"),
                condition=Q(acceptee_le=None, retiree_le=None),
                name="invitation_ouverte_unique",
            ),
        )


class MandatQuerySet(DansLeTempsQuerySet):
    def en_vigueur(self, jour: date) -> MandatQuerySet:
        """Du jour de début au jour de fin compris, et pas retirés."""
        return super().en_vigueur(jour).filter(retire_le=None)

    def pour(self, portee: str) -> MandatQuerySet:
        """Ceux dont la portée comprend celle-ci."""
        return self.filter(portee__in=(Mandat.Portee.TOUT, portee))


class Mandat(DansLeTemps):
    """La délégation de signature d'une personne : sa pièce, ses dates, ce qu'elle permet.

    Sans elle, seule la personne que l'organisme dit représentante légale dépose, signe et rend le bilan.
    """

    class Portee(models.TextChoices):
        TOUT = "tout", "Déposer, signer les conventions et les bilans"
        DEPOT = "depot", "Déposer les demandes"
        SUITES = "suites", "Signer les conventions et les bilans"

    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="mandats")
    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="mandats")
    portee = models.CharField(max_length=8, choices=Portee)
    fichier = models.OneToOneField(Fichier, on_delete=models.PROTECT, related_name="+")
    ajoute_le = models.DateTimeField()
    ajoute_par = models.CharField(max_length=200)
    retire_le = models.DateTimeField(null=True)
    objects = MandatQuerySet.as_manager()

    class Meta:
        ordering = ("-du", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(du__isnull=False) & (Q(au__isnull=True) | Q(au__gte=F("du"))),
                name="mandat_dates_en_ordre",
                violation_error_message="La fin de la délégation précède son début.",
            ),
        )


class AideQuerySet(DansLeTempsQuerySet):
    def en_vigueur(self, jour: date) -> AideQuerySet:
        """Acceptées, pas retirées, et le jour de fin n'est pas passé."""
        return super().en_vigueur(jour).filter(utilisateur__isnull=False, retiree_le=None)

    def attendues(self, jour: date) -> AideQuerySet:
        """Invitées, sans réponse, et encore utiles ce jour-là."""
        return self.filter(utilisateur=None, retiree_le=None, au__gte=jour)

    def pour(self, utilisateur: Utilisateur, jour: date) -> AideQuerySet:
        """Celles d'une adresse que la personne a prouvée sienne."""
        return self.attendues(jour).filter(courriel__in=utilisateur.adresses_prouvees())


class Aide(DansLeTemps):
    """Une personne du dehors, invitée à écrire un seul objet (« dossiers.Dossier:42 »), jusqu'au jour `au`.

    Elle n'entre pas dans l'organisme : ni ses autres dossiers, ni son compte bancaire, ni ses messages.
    """

    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="aides")
    objet = models.CharField(max_length=80)
    courriel = models.EmailField()
    utilisateur = models.ForeignKey(Utilisateur, null=True, on_delete=models.PROTECT, related_name="aides")
    invitee_le = models.DateTimeField()
    invitee_par = models.CharField(max_length=200)
    acceptee_le = models.DateTimeField(null=True)
    retiree_le = models.DateTimeField(null=True)
    objects = AideQuerySet.as_manager()

    class Meta:
        ordering = ("courriel", "pk")
        indexes = (models.Index(fields=("objet",), name="aide_objet"),)
        constraints = (
            models.UniqueConstraint(
                fields=("objet", "courriel"), condition=Q(retiree_le=None), name="aide_en_cours_unique"
            ),
            models.CheckConstraint(condition=Q(au__isnull=False), name="aide_a_une_fin"),
        )


class Habilitation(DansLeTemps, Suivi):
    """Le rôle d'un agent ou d'un élu, sur un territoire, pour un financeur ou une commune.

    `postes` : les codes des fonctions du pack que la personne tient ; elles disent ses thèmes (R70).
    """

    machine = HABILITATION

    class Qualite(models.TextChoices):
        INSTRUCTEUR = Role.INSTRUCTEUR.value, "Chargé de mission"
        RESPONSABLE = Role.RESPONSABLE.value, "Responsable du territoire"
        FINANCES = Role.FINANCES.value, "Finances"
        AGENT_FINANCEUR = Role.AGENT_FINANCEUR.value, "Agent d'un financeur"
        REFERENT_COMMUNAL = Role.REFERENT_COMMUNAL.value, "Référent communal"
        JURY = Role.JURY.value, "Élu, jury"
        AUDITEUR = Role.AUDITEUR.value, "Auditeur"

    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="habilitations")
    territoire = models.ForeignKey(Territoire, on_delete=models.PROTECT, related_name="+")
    qualite = models.CharField(max_length=20, choices=Qualite)
    fonction = models.CharField(max_length=150)
    financeur = models.ForeignKey(
        Financeur, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    commune = models.ForeignKey(Commune, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    postes = models.JSONField(default=list)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~Q(qualite="agent_financeur") | Q(financeur__isnull=False),
                name="agent_financeur_a_un_financeur",
            ),
            models.CheckConstraint(
                condition=~Q(qualite="referent_communal") | Q(commune__isnull=False),
                name="referent_communal_a_une_commune",
            ),
        )


class AbsenceQuerySet(DansLeTempsQuerySet):
    def en_vigueur(self, jour: date) -> AbsenceQuerySet:
        return super().en_vigueur(jour).filter(annulee_le=None)

    def pendant(self, du: date, au: date) -> AbsenceQuerySet:
        """Celles qui tombent, ne serait-ce qu'un jour, entre ces dates comprises."""
        return self.filter(du__lte=au, au__gte=du, annulee_le=None)

    def a_venir(self, jour: date) -> AbsenceQuerySet:
        """Celles en cours et les suivantes."""
        return self.filter(au__gte=jour, annulee_le=None).select_related("utilisateur", "remplacant")


class Absence(DansLeTemps):
    """Les jours où une personne n'instruit pas, et qui répond pour elle ; aucune affectation ne change.

    Le dernier jour passé, tout lui revient sans un acte. Sans remplaçant, ses dossiers attendent l'équipe.
    """

    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="absences")
    territoire = models.ForeignKey(Territoire, on_delete=models.PROTECT, related_name="+")
    remplacant = models.ForeignKey(Utilisateur, null=True, on_delete=models.PROTECT, related_name="+")
    declaree_le = models.DateTimeField()
    declaree_par = models.CharField(max_length=200)
    annulee_le = models.DateTimeField(null=True)
    objects = AbsenceQuerySet.as_manager()

    class Meta:
        ordering = ("du", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(du__isnull=False, au__isnull=False, au__gte=F("du")),
                name="absence_dates_en_ordre",
                violation_error_message="La fin de l'absence précède son début.",
            ),
            models.CheckConstraint(
                condition=Q(remplacant__isnull=True) | ~Q(remplacant=F("utilisateur")),
                name="absence_jamais_soi_meme",
                violation_error_message="Nul ne se remplace soi-même.",
            ),
        )


class InteretQuerySet(models.QuerySet["Interet"]):
    def en_cours(self, utilisateur: int) -> InteretQuerySet:
        return self.filter(utilisateur_id=utilisateur, leve_le=None)


class Interet(models.Model):
    """Un lien entre une personne et un organisme : il la tient hors du dossier, déclaré ou non (B10)."""

    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="interets")
    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="interets")
    nature = models.CharField(max_length=150)
    connu_le = models.DateField()
    leve_le = models.DateField(null=True, blank=True)
    objects = InteretQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("utilisateur", "organisme", "nature"), name="interet_unique"),
        )
