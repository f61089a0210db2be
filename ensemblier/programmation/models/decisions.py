"""Qui reçoit combien : enveloppes, séances et leurs décisions, délibérations, attributions."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from ensemblier.appels.models import Appel, Dispositif
from ensemblier.comptes.models import Utilisateur
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.interface.champs import EurosField
from ensemblier.interface.formats import accord
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.programmation.etats import ENVELOPPE, SEANCE
from ensemblier.registre.models import Fichier, Suivi
from ensemblier.territoires.models import Financeur, Territoire


class Enveloppe(Suivi):
    """Les crédits d'un financeur pour un appel ; `engage` (voté) n'en dépasse jamais le montant.

    `reparti` : ce que ses sous-enveloppes en ont pris ; `version` : un de plus à chaque acte.
    """

    machine = ENVELOPPE
    appel = models.ForeignKey(Appel, on_delete=models.PROTECT, related_name="+")
    financeur = models.ForeignKey(Financeur, on_delete=models.PROTECT, related_name="+")
    montant = EurosField()
    engage = EurosField(default=Decimal(0))
    reparti = EurosField(default=Decimal(0))
    version = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("appel", "financeur"), name="enveloppe_unique"),
            models.CheckConstraint(
                condition=Q(reparti__gte=0) & Q(reparti__lte=F("montant")),
                name="enveloppe_repartie",
                violation_error_message="Les sous-enveloppes dépasseraient l'enveloppe.",
            ),
            models.CheckConstraint(
                condition=Q(engage__gte=0) & Q(engage__lte=F("montant")),
                name="enveloppe_jamais_depassee",
                violation_error_message="L'enveloppe serait dépassée.",
            ),
        )

    @property
    def reste(self) -> Decimal:
        return self.montant - self.engage

    @property
    def libre(self) -> Decimal:
        """Ni réparti, ni voté hors des sous-enveloppes ; une requête."""
        dans_les_parts = sum(self.parts.values_list("engage", flat=True), Decimal(0))
        return self.montant - self.reparti - (self.engage - dans_les_parts)


class SousEnveloppe(Suivi):
    """Une part d'enveloppe : exercice, nature de crédits, dispositif, et qui la tient par délégation."""

    machine = ENVELOPPE
    enveloppe = models.ForeignKey(Enveloppe, on_delete=models.PROTECT, related_name="parts")
    exercice = models.PositiveSmallIntegerField()
    nature = models.CharField(max_length=60, blank=True)
    dispositif = models.ForeignKey(Dispositif, null=True, on_delete=models.PROTECT, related_name="+")
    delegataire = models.CharField(max_length=100, blank=True)
    montant = EurosField()
    engage = EurosField(default=Decimal(0))

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("enveloppe", "exercice", "nature", "dispositif", "delegataire"),
                name="sous_enveloppe_unique",
            ),
            models.UniqueConstraint(
                fields=("enveloppe", "exercice", "nature", "delegataire"),
                condition=Q(dispositif=None),
                name="sous_enveloppe_unique_sans_dispositif",
            ),
            models.CheckConstraint(
                condition=Q(engage__gte=0) & Q(engage__lte=F("montant")),
                name="sous_enveloppe_jamais_depassee",
                violation_error_message="La sous-enveloppe serait dépassée.",
            ),
        )

    def racine(self) -> str:
        return f"programmation.Enveloppe:{self.enveloppe_id}"

    @property
    def reste(self) -> Decimal:
        return self.montant - self.engage

    @property
    def nom(self) -> str:
        """« 2026, BOP 147, Cité éducative, déléguée à : Ville de Lens »."""
        dispositif = self.dispositif.nom if self.dispositif else ""
        dits = [str(self.exercice), self.nature, dispositif]
        dits += [f"déléguée à : {self.delegataire}"] if self.delegataire else []
        return ", ".join(d for d in dits if d)


class SeanceQuerySet(models.QuerySet["Seance"]):
    def visibles_par(self, acteur: Acteur | None) -> SeanceQuerySet:
        if acteur is None:
            return self.none()
        du_territoire = self.filter(territoire__code=acteur.territoire)
        if acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR):
            return du_territoire
        return du_territoire.filter(
            pk__in=Participant.objects.filter(utilisateur_id=acteur.utilisateur).values("seance")
        )


class Seance(Suivi):
    """Un jury, un comité : un ordre du jour, des présents, des décisions motivées.

    `version` : le rang de la convocation dans l'agenda, de plus en plus haut (RFC 5545).
    `annulee_car`, `ouverte_avant` (son jour), `sans_quorum` (close) : pourquoi ; vide si rien de tel.
    """

    class Type(models.TextChoices):
        JURY = "jury", "Jury"
        COMITE_TECHNIQUE = "comite_technique", "Comité technique"
        COMITE_DES_FINANCEURS = "comite_des_financeurs", "Comité des financeurs"
        COMITE_DE_PILOTAGE = "comite_de_pilotage", "Comité de pilotage"

    machine = SEANCE
    territoire = models.ForeignKey(Territoire, on_delete=models.PROTECT, related_name="+")
    appel = models.ForeignKey(Appel, on_delete=models.PROTECT, related_name="+")
    type = models.CharField(max_length=24, choices=Type)
    titre = models.CharField(max_length=150)
    le = models.DateTimeField()
    lieu = models.CharField(max_length=200, blank=True)
    duree_minutes = models.PositiveSmallIntegerField(default=120)
    version = models.PositiveSmallIntegerField(default=0)
    annulee_car = models.CharField(max_length=300, blank=True)
    quorum = models.PositiveSmallIntegerField(default=1)
    ouverte_avant = models.CharField(max_length=300, blank=True)
    sans_quorum = models.CharField(max_length=300, blank=True)
    proces_verbal = models.OneToOneField(Fichier, null=True, on_delete=models.PROTECT, related_name="+")
    objects = SeanceQuerySet.as_manager()

    class Meta:
        ordering = ("-le",)


class Participant(models.Model):
    """Une personne convoquée ; sa présence est pointée en séance."""

    seance = models.ForeignKey(Seance, on_delete=models.CASCADE, related_name="participants")
    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="+")
    fonction = models.CharField(max_length=150)
    a_voix = models.BooleanField(default=True)
    est_present = models.BooleanField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("seance", "utilisateur"), name="participant_unique"),)


class Inscription(models.Model):
    """Un dossier à l'ordre du jour d'une séance, et ce qu'elle en décide."""

    class Decision(models.TextChoices):
        RETENU = "retenu", "Retenu"
        LISTE_ATTENTE = "liste_attente", "Liste d'attente"
        AJOURNE = "ajourne", "Ajourné"
        ECARTE = "ecarte", "Écarté"

    seance = models.ForeignKey(Seance, on_delete=models.CASCADE, related_name="inscriptions")
    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="+")
    rang = models.PositiveSmallIntegerField()
    decision = models.CharField(max_length=14, choices=Decision, blank=True)
    motif = models.TextField(blank=True)
    decidee_le = models.DateTimeField(null=True)
    pour = models.PositiveSmallIntegerField(null=True)
    contre = models.PositiveSmallIntegerField(null=True)
    abstentions = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ("rang",)
        constraints = (
            models.CheckConstraint(
                condition=Q(pour__isnull=True, contre__isnull=True, abstentions__isnull=True)
                | Q(pour__isnull=False, contre__isnull=False, abstentions__isnull=False),
                name="inscription_vote_entier",
            ),
            models.UniqueConstraint(fields=("seance", "dossier"), name="inscription_unique"),
            models.CheckConstraint(
                condition=Q(decision__in=("", "retenu")) | ~Q(motif=""), name="inscription_motivee"
            ),
        )

    @property
    def vote_en_clair(self) -> str:
        """« 4 pour, 1 contre, 0 abstention » ; vide si la décision s'est prise sans vote."""
        if self.pour is None or self.contre is None or self.abstentions is None:
            return ""
        return f"{self.pour} pour, {self.contre} contre, {accord(self.abstentions, 'abstention')}"


class Amendement(models.Model):
    """Ce que la séance change d'un dossier avant de décider : un montant ou le taux, et pourquoi."""

    inscription = models.ForeignKey(Inscription, on_delete=models.CASCADE, related_name="amendements")
    objet = models.CharField(max_length=80)
    avant = models.CharField(max_length=40)
    apres = models.CharField(max_length=40)
    motif = models.CharField(max_length=300)
    par = models.CharField(max_length=200)
    le = models.DateTimeField()

    class Meta:
        ordering = ("le", "pk")
        constraints = (models.CheckConstraint(condition=~Q(motif=""), name="amendement_motive"),)


class Note(models.Model):
    """La note d'un membre sur un critère de la grille, de 0 au maximum que l'appel écrit (§C.6)."""

    inscription = models.ForeignKey(Inscription, on_delete=models.CASCADE, related_name="notes")
    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="+")
    critere = models.SlugField()
    valeur = models.PositiveSmallIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("inscription", "utilisateur", "critere"), name="note_unique"),
            models.CheckConstraint(condition=Q(valeur__lte=100), name="note_de_0_a_100"),
        )


class DeliberationQuerySet(models.QuerySet["Deliberation"]):
    def visibles_par(self, acteur: Acteur | None) -> DeliberationQuerySet:
        """Le service et l'audit les lisent toutes, un financeur les siennes."""
        if acteur is None:
            return self.none()
        du_territoire = self.filter(territoire__code=acteur.territoire)
        if acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR, Role.FINANCES):
            return du_territoire
        codes = {d.financeur for d in acteur.perimetres(Role.AGENT_FINANCEUR)}
        communes = {d.commune for d in acteur.perimetres(Role.REFERENT_COMMUNAL)}
        return du_territoire.filter(Q(financeur__code__in=codes) | Q(financeur__commune__code__in=communes))


class Deliberation(models.Model):
    """L'acte qui crée les droits : numéro, date, financeur ; rien n'est accordé sans lui (R60)."""

    territoire = models.ForeignKey(Territoire, on_delete=models.PROTECT, related_name="+")
    appel = models.ForeignKey(Appel, on_delete=models.PROTECT, related_name="+")
    financeur = models.ForeignKey(Financeur, on_delete=models.PROTECT, related_name="+")
    numero = models.CharField(max_length=40)
    le = models.DateField()
    acte_signe = models.OneToOneField(Fichier, null=True, on_delete=models.PROTECT, related_name="+")
    annexe = models.OneToOneField(Fichier, null=True, on_delete=models.PROTECT, related_name="+")
    enregistree_le = models.DateTimeField()
    enregistree_par = models.CharField(max_length=200)
    objects = DeliberationQuerySet.as_manager()

    class Meta:
        ordering = ("-le", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("financeur", "numero"), name="deliberation_unique"),
            models.CheckConstraint(condition=~Q(numero=""), name="deliberation_numerotee"),
        )


class AttributionQuerySet(models.QuerySet["Attribution"]):
    def avenants_en_attente(self) -> AttributionQuerySet:
        """Un montant voté après la lettre, qui n'a pas encore pris effet ; une au plus par volet."""
        return self.filter(est_avenant=True, effet_le=None, remplacee_le=None)


class Attribution(models.Model):
    """Le montant accordé (ou refusé, à zéro) par une délibération sur une demande, avec son calcul.

    `part` : celle qui l'a engagé, la même d'un acte modificatif à l'autre ; vide : hors des parts.
    `est_avenant` : prise après la lettre, elle change une aide notifiée ; `effet_le` : le jour où elle la
    change, vide tant que l'avenant n'est pas notifié, et signé s'il y a une convention ; `de` : l'aide en
    vigueur à ce vote, en euros.
    """

    demande = models.ForeignKey(Demande, on_delete=models.PROTECT, related_name="+")
    deliberation = models.ForeignKey(Deliberation, on_delete=models.PROTECT, related_name="attributions")
    montant = EurosField()
    motif = models.TextField(blank=True)
    lignes = models.JSONField(default=list)
    remplacee_le = models.DateTimeField(null=True)
    remplace = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="remplacante")
    part = models.ForeignKey(SousEnveloppe, null=True, on_delete=models.PROTECT, related_name="+")
    est_avenant = models.BooleanField(default=False)
    effet_le = models.DateField(null=True)
    de = EurosField(null=True)
    objects = AttributionQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("demande",), condition=Q(remplacee_le=None), name="attribution_courante_unique"
            ),
        )


class Edition(models.Model):
    """Un long PDF fait pour une personne : les fiches action d'un appel, ou son dossier d'une séance.

    `dossiers` : ceux qu'il montre ; qui en est mis hors depuis ne le rouvre plus (B10).
    """

    appel = models.ForeignKey(Appel, on_delete=models.PROTECT, related_name="+")
    seance = models.ForeignKey(Seance, null=True, on_delete=models.PROTECT, related_name="+")
    utilisateur = models.ForeignKey(Utilisateur, on_delete=models.PROTECT, related_name="+")
    dossiers = models.JSONField(default=list)
    fichier = models.OneToOneField(Fichier, on_delete=models.PROTECT, related_name="+")
    faite_le = models.DateTimeField()

    class Meta:
        ordering = ("-faite_le",)
