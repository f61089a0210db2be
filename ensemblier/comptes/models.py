"""Qui : les personnes, les organismes, et ce que les unes sont pour les autres."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from ensemblier.comptes.etats import HABILITATION, ORGANISME
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.noyau.mots import mots
from ensemblier.registre.models import Fichier, Suivi
from ensemblier.territoires.models import Commune, Financeur, Territoire

DEJA_CONNU = (
    "Cet organisme a déjà un compte. Pour en faire partie, demandez à sa ou son signataire de vous "
    "rattacher. Vous ne savez pas qui c'est : écrivez au service, qui fera le lien."
)


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
        if update_fields is None or {"nom", "sigle", "siren", "siret", "rna"} & set(update_fields):
            self.mots = self.ses_mots()
            update_fields = None if update_fields is None else {*update_fields, "mots"}
        super().save(*args, update_fields=update_fields, **kwargs)

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
