"""Un dossier : une action, ses publics, ses quartiers, son budget ; une demande par financeur."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery

from ensemblier.appels.models import Appel, Reglement
from ensemblier.comptes.models import Interet, Organisme, Utilisateur
from ensemblier.dossiers.etats import BROUILLON, DOSSIER
from ensemblier.dossiers.models.acces import Acces, Deport
from ensemblier.dossiers.models.acces import aides as aides_de
from ensemblier.dossiers.models.budget import Demande
from ensemblier.dossiers.models.personnes import co_portes
from ensemblier.dossiers.models.quartiers import CommuneVisee
from ensemblier.interface.champs import EurosField
from ensemblier.interface.index import IndexDeListe
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.models import Fichier, Suivi
from ensemblier.territoires.models import Commune, Financeur, Pilier, Territoire, Thematique


class DossierQuerySet(models.QuerySet["Dossier"]):
    def deposes(self) -> DossierQuerySet:
        return self.exclude(etat=BROUILLON)

    def a_reprendre(self, acteur: Acteur | None, appel: Appel) -> DossierQuerySet:
        """Les dossiers déposés des organismes de l'acteur, dans d'autres appels : l'action peut continuer."""
        siens = {d.organisme for d in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)} if acteur else set()
        deposes = self.visibles_par(acteur).filter(organisme__in=siens, depose_le__isnull=False)
        return deposes.exclude(appel=appel).select_related("appel", "organisme").order_by("-depose_le")

    def avec_ses_regles(self, *liens: str) -> DossierQuerySet:
        """Avec ce qui le juge et ceux qui le lisent, sans relire les packs : 190 000 caractères de JSON.

        `Territoire.pack` et `Reglement.regles` les gardent par empreinte ; qui veut le texte brut le demande.
        """
        return self.select_related(
            "territoire", "organisme", "appel__reglement", "reglement", "pilier", *liens
        ).defer("territoire__cadre", "appel__projet", "appel__reglement__contenu", "reglement__contenu")

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
        siens = Q(organisme_id__in=porteurs) if porteurs else Q()
        if aides := aides_de(acteur):
            siens |= Q(pk__in=aides)
        if (portes := co_portes(acteur)) is not None:
            siens |= Q(pk__in=portes)
        autorite = self._cote_autorite(acteur)
        if autorite is None:
            return base.filter(siens) if siens else base.none()
        autorite &= ~Q(etat=BROUILLON)
        if acteur.utilisateur is not None:
            autorite &= ~Q(pk__in=Deport.objects.en_cours(acteur.utilisateur).values("dossier"))
            autorite &= ~Q(organisme_id__in=Interet.objects.en_cours(acteur.utilisateur).values("organisme"))
        return base.filter(autorite | siens) if siens else base.filter(autorite)

    def a_juger_par(self, acteur: Acteur | None) -> DossierQuerySet:
        """Ce que l'acteur voit et peut juger : jamais ce qu'il porte, co-porte ou aide à écrire (B10)."""
        visibles = self.visibles_par(acteur)
        siens = {d.organisme for d in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)} if acteur else set()
        aides = aides_de(acteur)
        if (portes := co_portes(acteur)) is not None:
            visibles = visibles.exclude(pk__in=portes)
        return visibles.exclude(Q(organisme__in=siens) | Q(pk__in=aides)) if siens or aides else visibles

    @staticmethod
    def _cote_autorite(acteur: Acteur) -> Q | None:
        if acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR):
            return Q()
        branches: list[Q] = []
        if acteur.a(Role.FINANCES):
            branches.append(Q(decide_le__isnull=False))
        agents = acteur.perimetres(Role.AGENT_FINANCEUR)
        if any(d.partout for d in agents):
            return Q()
        if financeurs := {d.financeur for d in agents}:
            siens = Financeur.objects.filter(code__in=financeurs)
            demandes = Demande.objects.filter(dossier=OuterRef("pk"), financeur__in=siens)
            branches.append(Q(Exists(demandes)))
        communes = {d.commune for d in acteur.perimetres(Role.REFERENT_COMMUNAL)}
        if communes := communes | {d.commune for d in agents if d.commune}:
            vues = Commune.objects.filter(code__in=communes)
            visees = CommuneVisee.objects.filter(dossier=OuterRef("pk"), commune__in=vues)
            branches.append(Q(Exists(visees)))
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
    """Ce qu'un porteur demande, dans un appel ; les réponses qu'une règle lit sont des colonnes.

    `rejet_le` : le jour où le silence vaut rejet (B14), tenu à jour à chaque arrêt de l'horloge ; vide tant
    qu'elle est arrêtée (B15).
    """

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
    rejet_le = models.DateField(null=True, db_index=True)
    charge_de_mission = models.ForeignKey(
        Utilisateur, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    objects = DossierQuerySet.as_manager()

    class Meta:
        ordering = ("-numero",)
        indexes = (
            models.Index(fields=("territoire", "etat"), name="dossier_territoire_etat"),
            models.Index(fields=("territoire", "-demande_totale", "-id"), name="dossier_par_demande"),
            IndexDeListe(
                "territoire", F("depose_le").desc(nulls_last=True), F("id").desc(), name="dossier_par_depot"
            ),
        )
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

    @property
    def reponse_avant(self) -> date | None:
        """Le jour avant lequel le porteur doit répondre au service ; rien s'il n'attend rien."""
        ouverte = self.suspensions.filter(au=None, echeance__isnull=False).order_by("-du").first()
        return ouverte.echeance if ouverte else None

    def __str__(self) -> str:
        return f"{self.numero} {self.intitule}".strip()


class Numerotation(models.Model):
    """Le dernier numéro donné par territoire et année d'appel ; sa ligne est le verrou."""

    territoire = models.ForeignKey(Territoire, on_delete=models.CASCADE, related_name="+")
    annee = models.PositiveSmallIntegerField()
    dernier = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("territoire", "annee"), name="numerotation_unique"),)
