"""Un dossier : une action, ses publics, ses quartiers, son budget ; une demande par financeur."""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal

from django.db import models
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from ensemblier.appels.models import Appel, Dispositif, Reglement
from ensemblier.comptes.models import Interet, Organisme, Utilisateur
from ensemblier.dossiers.etats import BROUILLON, DEMANDE, DOSSIER
from ensemblier.interface.champs import EurosField
from ensemblier.noyau.calendrier import en_francais, jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.models import Fichier, Suivi, empreinte_du_jeton
from ensemblier.territoires.models import Commune, Financeur, Pilier, Quartier, Territoire, Thematique


class DossierQuerySet(models.QuerySet["Dossier"]):
    def deposes(self) -> DossierQuerySet:
        return self.exclude(etat=BROUILLON)

    def a_reprendre(self, acteur: Acteur | None, appel: Appel) -> DossierQuerySet:
        """Les dossiers déposés des organismes de l'acteur, dans d'autres appels : l'action peut continuer."""
        siens = {d.organisme for d in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)} if acteur else set()
        deposes = self.visibles_par(acteur).filter(organisme__in=siens, depose_le__isnull=False)
        return deposes.exclude(appel=appel).select_related("appel", "organisme").order_by("-depose_le")

    def avec_la_suite(self) -> DossierQuerySet:
        """Ajoute `continue_dans` : le numéro du dernier dossier qui continue l'action."""
        suites = Dossier.objects.filter(suite_de=OuterRef("pk")).order_by("-cree_le")
        return self.annotate(continue_dans=Subquery(suites.values("numero")[:1]))

    def visibles_par(self, acteur: Acteur | None) -> DossierQuerySet:
        """Ce que l'acteur peut lire (domaine §C.2) : ses droits d'abord, puis les seules branches utiles.

        Un intérêt ou un déport ferme l'accès de toute personne qui n'est pas du porteur (B10).
        """
        if acteur is None:
            return self.none()
        base = self.filter(territoire__code=acteur.territoire)
        porteurs = {d.organisme for d in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)}
        autorite = self._cote_autorite(acteur)
        if autorite is None:
            return base.filter(organisme_id__in=porteurs) if porteurs else base.none()
        autorite &= ~Q(etat=BROUILLON)
        if acteur.utilisateur is not None:
            autorite &= ~Q(pk__in=Deport.objects.en_cours(acteur.utilisateur).values("dossier"))
            autorite &= ~Q(organisme_id__in=Interet.objects.en_cours(acteur.utilisateur).values("organisme"))
        return base.filter(autorite | Q(organisme_id__in=porteurs)) if porteurs else base.filter(autorite)

    def a_juger_par(self, acteur: Acteur | None) -> DossierQuerySet:
        """Ce que l'acteur voit et peut juger : jamais un dossier d'un organisme qu'il représente (B10)."""
        visibles = self.visibles_par(acteur)
        siens = {d.organisme for d in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)} if acteur else set()
        return visibles.exclude(organisme__in=siens) if siens else visibles

    def avec_les_messages(self, cote: str) -> DossierQuerySet:
        """Ajoute `messages_a_lire` : ce que l'autre côté a écrit et que celui-ci n'a pas lu."""
        attendent = Message.objects.a_lire_par(cote).filter(dossier=OuterRef("pk")).order_by()
        compte = attendent.values("dossier").annotate(n=Count("pk")).values("n")
        return self.annotate(messages_a_lire=Coalesce(Subquery(compte), Value(0)))

    @staticmethod
    def _cote_autorite(acteur: Acteur) -> Q | None:
        if acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR):
            return Q()
        branches: list[Q] = []
        if acteur.a(Role.FINANCES):
            branches.append(Q(decide_le__isnull=False))
        if financeurs := {d.financeur for d in acteur.perimetres(Role.AGENT_FINANCEUR)}:
            demandes = Demande.objects.filter(financeur__code__in=financeurs)
            branches.append(Q(pk__in=demandes.values("dossier")))
        if communes := {d.commune for d in acteur.perimetres(Role.REFERENT_COMMUNAL)}:
            cibles = Ciblage.objects.filter(communes__code__in=communes)
            branches.append(Q(pk__in=cibles.values("dossier")))
        if acteur.a(Role.JURY):
            acces = Acces.objects.filter(utilisateur_id=acteur.utilisateur, retire_le=None)
            branches.append(Q(pk__in=acces.values("dossier")))
        if not branches:
            return None
        total = branches[0]
        for branche in branches[1:]:
            total |= branche
        return total


class Dossier(Suivi):
    """Ce qu'un porteur demande, dans un appel ; les réponses qu'une règle lit sont des colonnes."""

    machine = DOSSIER
    numero = models.CharField(max_length=12)
    territoire = models.ForeignKey(Territoire, on_delete=models.PROTECT, related_name="+")
    appel = models.ForeignKey(Appel, on_delete=models.PROTECT, related_name="+")
    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="+")
    cree_par = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="+")
    cree_le = models.DateTimeField()
    modifie_le = models.DateTimeField()
    etape = models.CharField(max_length=30, blank=True)
    suite_de = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="suites"
    )

    intitule = models.CharField(max_length=256, blank=True)
    resume = models.TextField(blank=True)
    description = models.TextField(blank=True)
    objectifs = models.TextField(blank=True)
    parcours = models.TextField(blank=True)
    partenaires = models.TextField(blank=True)
    moyens = models.TextField(blank=True)
    evaluation = models.TextField(blank=True)
    du = models.DateField(null=True, blank=True)
    au = models.DateField(null=True, blank=True)
    pilier = models.ForeignKey(Pilier, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    thematiques = models.ManyToManyField(Thematique, related_name="+", blank=True)
    est_experimentale = models.BooleanField(null=True, blank=True)
    experimentale_justification = models.TextField(blank=True)
    tolerance_validee = models.BooleanField(null=True)
    est_numerique = models.BooleanField(null=True, blank=True)
    numerique_coherence = models.TextField(blank=True)
    droit_commun = models.TextField(blank=True)
    comite_de_suivi = models.TextField(blank=True)
    cibles_couvertes = models.JSONField(null=True, blank=True)
    gestionnaire = models.CharField(max_length=24, blank=True)
    numero_dauphin = models.CharField(max_length=20, blank=True)
    depose_dauphin_le = models.DateField(null=True, blank=True)
    contact_departement_le = models.DateField(null=True, blank=True)
    a_agent_departement = models.BooleanField(null=True, blank=True)
    heures_departement = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)

    publics_total = models.PositiveIntegerField(null=True, blank=True)
    publics_qpv = models.PositiveIntegerField(null=True, blank=True)
    publics_description = models.TextField(blank=True)
    mobilisation_qpv = models.TextField(blank=True)

    cout_total = EurosField(default=Decimal(0))
    demande_totale = EurosField(default=Decimal(0))
    taux_retenu = models.DecimalField(max_digits=5, decimal_places=4, null=True)

    reglement = models.ForeignKey(Reglement, null=True, on_delete=models.PROTECT, related_name="+")
    fiche_figee = models.JSONField(null=True)
    rapport_fige = models.JSONField(null=True)
    depose_le = models.DateTimeField(null=True, db_index=True)
    depose_par = models.CharField(max_length=200, blank=True)
    accuse_contenu = models.JSONField(null=True)
    accuse_empreinte = models.CharField(max_length=64, blank=True)
    accuse = models.OneToOneField(Fichier, null=True, on_delete=models.PROTECT, related_name="+")
    complet_le = models.DateTimeField(null=True)
    decide_le = models.DateTimeField(null=True)
    charge_de_mission = models.ForeignKey(
        Utilisateur, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    objects = DossierQuerySet.as_manager()

    class Meta:
        ordering = ("-numero",)
        constraints = (
            models.UniqueConstraint(fields=("territoire", "numero"), name="dossier_numero_unique"),
            models.CheckConstraint(
                condition=Q(publics_qpv__isnull=True)
                | Q(publics_total__isnull=True)
                | Q(publics_qpv__lte=F("publics_total")),
                name="dossier_publics_qpv_au_plus_total",
                violation_error_message="Les habitants de quartier prioritaire dépassent le total (S06).",
            ),
            models.CheckConstraint(
                condition=Q(du__isnull=True) | Q(au__isnull=True) | Q(du__lte=F("au")),
                name="dossier_dates_en_ordre",
                violation_error_message="La fin de l'action précède son début.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.numero} {self.intitule}".strip()


class SaisieQuerySet(models.QuerySet["Saisie"]):
    def en_attente(self) -> SaisieQuerySet:
        """Ce qui a été tapé et n'a pas été compris : gardé, montré, jamais rangé."""
        return self.exclude(erreur="")

    def valeur_au(self, etape: str, champ: str, rang: int, *, sinon: list[str]) -> list[str]:
        """Ce que montrait une page qui avait lu ce rang."""
        suivante = self.filter(etape=etape, champ=champ, rang=rang + 1).first()
        return list(suivante.avant) if suivante else sinon


class Saisie(models.Model):
    """Une réponse enregistrée d'elle-même : sa clé d'envoi, son rang, ce qui a été tapé et ce qu'il y avait.

    Le rang d'une réponse est sa version : une page qui en a lu un plus ancien n'écrase rien en silence.
    Les saisies d'un dossier s'effacent à son dépôt, qui fige la fiche.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="saisies")
    cle = models.CharField(max_length=64, unique=True)
    etape = models.SlugField(max_length=20)
    champ = models.CharField(max_length=120)
    rang = models.PositiveIntegerField()
    valeur = models.JSONField()
    avant = models.JSONField()
    erreur = models.TextField(blank=True)
    par = models.BigIntegerField(null=True)
    par_nom = models.CharField(max_length=150)
    le = models.DateTimeField()
    objects = SaisieQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("dossier", "etape", "champ", "rang"), name="saisie_rang_unique"),
        )


class Numerotation(models.Model):
    """Le dernier numéro donné par territoire et année d'appel ; sa ligne est le verrou."""

    territoire = models.ForeignKey(Territoire, on_delete=models.CASCADE, related_name="+")
    annee = models.PositiveSmallIntegerField()
    dernier = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("territoire", "annee"), name="numerotation_unique"),)


class Ciblage(models.Model):
    """Un quartier visé, et les communes de ce quartier où l'action a lieu (R17)."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="ciblages")
    quartier = models.ForeignKey(Quartier, on_delete=models.PROTECT, related_name="+")
    communes = models.ManyToManyField(Commune, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("dossier", "quartier"), name="ciblage_unique"),)


class ContactCommune(models.Model):
    """La trace d'un contact pris avec une ville avant le dépôt (R40, P20)."""

    CONFIRMER = "confirmer_contact"
    """L'acte d'instruction qu'un lien sans compte ouvre au référent."""

    class Mode(models.TextChoices):
        REUNION = "reunion", "Réunion"
        TELEPHONE = "telephone", "Téléphone"
        COURRIEL = "courriel", "Courriel"

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="contacts_communes")
    commune = models.ForeignKey(Commune, on_delete=models.PROTECT, related_name="+")
    le = models.DateField()
    mode = models.CharField(max_length=10, choices=Mode)
    note = models.CharField(max_length=200, blank=True)
    confirme = models.BooleanField(null=True)
    confirme_le = models.DateTimeField(null=True)
    confirme_par = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("dossier", "commune"), name="contact_commune_unique"),)

    def designation(self) -> str:
        return f"dossiers.ContactCommune:{self.pk}"

    def teneur(self) -> str:
        """L'empreinte de ce qui est dit au référent : changée, un lien déjà parti ne vaut plus."""
        return hashlib.sha256(f"{self.le}|{self.mode}|{self.note}".encode()).hexdigest()


class LigneDeBudget(models.Model):
    """Un compte de charges ou de produits ; une ligne 74 nomme son financeur (Cerfa 12156).

    Une subvention hors des financeurs du territoire (Europe, aides privées) porte son code : « 74:EUROPE ».
    """

    class Sens(models.TextChoices):
        CHARGE = "charge", "Dépense"
        PRODUIT = "produit", "Ressource"

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="lignes_de_budget")
    sens = models.CharField(max_length=8, choices=Sens)
    compte = models.CharField(max_length=90)
    financeur = models.ForeignKey(Financeur, null=True, on_delete=models.PROTECT, related_name="+")
    montant = EurosField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("dossier", "sens", "compte"),
                condition=Q(financeur=None),
                name="ligne_de_budget_unique",
            ),
            models.UniqueConstraint(
                fields=("dossier", "sens", "compte", "financeur"),
                condition=Q(financeur__isnull=False),
                name="ligne_de_budget_unique_par_financeur",
            ),
            models.CheckConstraint(condition=Q(montant__gte=0), name="ligne_de_budget_positive"),
        )


class DemandeQuerySet(models.QuerySet["Demande"]):
    def deposees(self) -> DemandeQuerySet:
        return self.exclude(dossier__etat=BROUILLON)


class Demande(Suivi):
    """Le volet d'un financeur : ce qui lui est demandé, ce qu'il propose, vote et paie."""

    machine = DEMANDE
    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="demandes")
    financeur = models.ForeignKey(Financeur, on_delete=models.PROTECT, related_name="+")
    dispositif = models.ForeignKey(Dispositif, on_delete=models.PROTECT, related_name="+")
    demande = EurosField(default=Decimal(0))
    propose = EurosField(null=True)
    vote = EurosField(null=True)
    verse = EurosField(default=Decimal(0))
    reference_decision = models.CharField(max_length=60, blank=True)
    reference_depot = models.CharField(max_length=60, blank=True)
    depot_le = models.DateField(null=True, blank=True)
    motif = models.TextField(blank=True)
    votee_le = models.DateField(null=True)
    notifiee_le = models.DateField(null=True)
    objects = DemandeQuerySet.as_manager()

    class Meta:
        ordering = ("financeur__rang",)
        constraints = (
            models.UniqueConstraint(fields=("dossier", "financeur", "dispositif"), name="demande_unique"),
            models.CheckConstraint(
                condition=Q(demande__gte=0) & Q(verse__gte=0) & (Q(vote__isnull=True) | Q(vote__gte=0)),
                name="demande_montants_positifs",
            ),
        )

    def racine(self) -> str:
        return f"dossiers.Dossier:{self.dossier_id}"


class PieceQuerySet(models.QuerySet["Piece"]):
    def visibles_par(self, acteur: Acteur | None) -> PieceQuerySet:
        """Celles des dossiers lisibles ; un RIB ne l'est que du porteur, du pilote et des finances (§C.2)."""
        visibles = self.filter(dossier__in=Dossier.objects.visibles_par(acteur))
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
    reprise_de = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="reprises")
    objects = PieceQuerySet.as_manager()

    class Meta:
        ordering = ("code", "recue_le")
        constraints = (
            models.UniqueConstraint(
                fields=("dossier", "code"), condition=Q(remplacee_le=None), name="piece_courante_unique"
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


class MessageQuerySet(models.QuerySet["Message"]):
    def visibles_par(self, acteur: Acteur | None) -> MessageQuerySet:
        """Ceux des dossiers lisibles, pour les deux côtés du fil : le porteur, et le service qui instruit.

        Ni les financeurs, ni les communes, ni le jury, ni les finances ; l'auditeur lit, il n'écrit pas.
        """
        visibles = self.filter(dossier__in=Dossier.objects.visibles_par(acteur))
        if acteur is None or acteur.a(*LECTEURS_DU_FIL):
            return visibles
        siens = {d.organisme for d in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)}
        return visibles.filter(dossier__organisme__in=siens)

    def a_lire_par(self, cote: str) -> MessageQuerySet:
        """Ce que l'autre côté a écrit, et que personne de celui-ci n'a encore lu."""
        return self.exclude(cote=cote).filter(lu_le=None)

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


class CorrectionQuerySet(models.QuerySet["Correction"]):
    def ouvertes(self) -> CorrectionQuerySet:
        """Celles que le porteur peut encore écrire : sa réponse n'est pas partie."""
        return self.filter(close_le=None)


class Correction(models.Model):
    """Une réponse à reprendre : laquelle, pourquoi, ce qu'elle disait, ce qu'elle dit ; la fiche figée reste.

    `avant` et `apres` sont les mots montrés ; `repondue_le` suit chaque enregistrement, `close_le` l'envoi.
    """

    class Genre(models.TextChoices):
        PRECISER = "preciser", "À préciser"
        COMPLETER = "completer", "Incomplet"
        ACCORDER = "accorder", "Ne s'accorde pas avec le reste"

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="corrections")
    champ = models.SlugField(max_length=40)
    question = models.CharField(max_length=200)
    genre = models.CharField(max_length=10, choices=Genre)
    raison = models.TextField()
    avant = models.TextField(blank=True)
    apres = models.TextField(blank=True)
    demandee_le = models.DateTimeField()
    demandee_par = models.CharField(max_length=200)
    repondue_le = models.DateTimeField(null=True)
    close_le = models.DateTimeField(null=True)
    objects = CorrectionQuerySet.as_manager()

    class Meta:
        ordering = ("demandee_le", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("dossier", "champ"), condition=Q(close_le=None), name="correction_ouverte_unique"
            ),
        )


class Attestation(models.Model):
    """Ce que la personne signataire a attesté au dépôt, avec le texte exact qu'elle a lu (B7)."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="attestations")
    code = models.SlugField()
    texte = models.TextField()
    version = models.CharField(max_length=60, blank=True)
    donnee_le = models.DateTimeField()
    donnee_par = models.CharField(max_length=200)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("dossier", "code"), name="attestation_unique"),)


class Critere(models.Model):
    """Un critère de bonification : déclaré, qualifié par l'instructeur, validé par le jury (R29)."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="criteres")
    code = models.SlugField()
    est_declare = models.BooleanField(default=False)
    justification = models.TextField(blank=True)
    est_qualifie = models.BooleanField(null=True)
    qualification = models.TextField(blank=True)
    est_valide = models.BooleanField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("dossier", "code"), name="critere_unique"),)


class Derogation(models.Model):
    """Une exception individuelle, motivée, à une règle du règlement (P16, S21, S60)."""

    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="+")
    appel = models.ForeignKey(Appel, on_delete=models.PROTECT, related_name="+")
    regle = models.CharField(max_length=60)
    jusqu_au = models.DateField(null=True, blank=True)
    motif = models.TextField()
    accordee_le = models.DateTimeField()
    accordee_par = models.CharField(max_length=200)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("organisme", "appel", "regle"), name="derogation_unique"),
        )


class Suspension(models.Model):
    """Un arrêt daté de l'horloge d'un dossier : pièces attendues, contentieux (B15) ; l'état reste."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="suspensions")
    motif = models.TextField()
    du = models.DateField()
    au = models.DateField(null=True)
    arrete_tout = models.BooleanField(default=False)


class Obligation(models.Model):
    """Un compte rendu dû par un organisme à un territoire ; échu et non rendu, il bloque (S60, B5)."""

    organisme = models.ForeignKey(Organisme, on_delete=models.PROTECT, related_name="+")
    territoire = models.ForeignKey(Territoire, on_delete=models.PROTECT, related_name="+")
    dossier = models.ForeignKey(Dossier, null=True, on_delete=models.PROTECT, related_name="obligations")
    exercice = models.PositiveSmallIntegerField()
    libelle = models.CharField(max_length=200)
    echeance = models.DateField()
    satisfaite_le = models.DateField(null=True)
    dispensee_le = models.DateField(null=True)
    dispense_motif = models.TextField(blank=True)


class DeportQuerySet(models.QuerySet):
    def en_cours(self, utilisateur: int) -> DeportQuerySet:
        return self.filter(utilisateur_id=utilisateur, leve_le=None)


class Acces(models.Model):
    """Une personne admise sur un dossier par un acte : membre d'une séance, invité."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="acces")
    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="+")
    raison = models.CharField(max_length=150)
    accorde_le = models.DateTimeField()
    retire_le = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("dossier", "utilisateur", "raison"), name="acces_unique"),
        )


class Deport(models.Model):
    """Une personne tenue hors d'un dossier, du dépôt au paiement (B10)."""

    dossier = models.ForeignKey(Dossier, on_delete=models.CASCADE, related_name="deports")
    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="+")
    motif = models.CharField(max_length=200)
    declare_le = models.DateTimeField()
    leve_le = models.DateTimeField(null=True)
    objects = DeportQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("dossier", "utilisateur"), name="deport_unique"),)


class SimulationQuerySet(models.QuerySet["Simulation"]):
    def de_jeton(self, jeton: str, *, le: datetime) -> SimulationQuerySet:
        """L'essai de ce lien, s'il n'est pas échu."""
        return self.filter(empreinte=empreinte_du_jeton(jeton), expire_le__gt=le)


class Simulation(models.Model):
    """Un essai gardé par quelqu'un qui n'a pas dit son nom : ses réponses, jugées par cette version (É3)."""

    empreinte = models.CharField(max_length=64, unique=True)
    appel = models.ForeignKey(Appel, on_delete=models.CASCADE, related_name="+")
    reglement = models.ForeignKey(Reglement, on_delete=models.PROTECT, related_name="+")
    reponses = models.JSONField()
    gardee_le = models.DateTimeField()
    expire_le = models.DateTimeField(db_index=True)
    objects = SimulationQuerySet.as_manager()
