"""Les noms du registre : une chaîne par racine, ses événements, et ce qui sort de la maison."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from ensemblier.noyau.calendrier import en_francais, est_dans_les_temps, jour_de
from ensemblier.noyau.machine import Acteur, Machine, Role

ORIGINE = "0" * 64


class Chaine(models.Model):
    """Une chaîne par racine (« dossiers.Dossier:42 ») ; sa ligne est le verrou de la racine."""

    racine = models.CharField(max_length=80, unique=True)
    rang = models.PositiveIntegerField(default=0)
    tete = models.CharField(max_length=64, default=ORIGINE)


class Evenement(models.Model):
    """Un acte, nommé par du texte : il survit aux comptes et aux restaurations."""

    chaine = models.ForeignKey(Chaine, on_delete=models.PROTECT, related_name="evenements")
    rang = models.PositiveIntegerField()
    objet = models.CharField(max_length=80)
    acte = models.CharField(max_length=60)
    libelle = models.CharField(max_length=200)
    de = models.CharField(max_length=30, blank=True)
    vers = models.CharField(max_length=30, blank=True)
    auteur = models.BigIntegerField(null=True)
    auteur_nom = models.CharField(max_length=150)
    auteur_fonction = models.CharField(max_length=200)
    territoire = models.CharField(max_length=40)
    moyen = models.CharField(max_length=10)
    public = models.BooleanField(default=True)
    le = models.DateTimeField()
    enregistre_le = models.DateTimeField()
    details_empreinte = models.CharField(max_length=64)
    precedent = models.CharField(max_length=64)
    empreinte = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ("chaine", "rang")
        constraints = (
            models.UniqueConstraint(fields=("chaine", "rang"), name="evenement_rang_unique_par_chaine"),
        )


class Detail(models.Model):
    """Le motif et les valeurs d'un événement, à part : le visa des archives peut les effacer."""

    evenement = models.OneToOneField(Evenement, on_delete=models.PROTECT, related_name="detail")
    motif = models.TextField(blank=True)
    contenu = models.JSONField(default=dict)


class Sceau(models.Model):
    """La suite globale et numérotée des événements scellés."""

    numero = models.PositiveBigIntegerField(primary_key=True)
    evenement = models.OneToOneField(Evenement, on_delete=models.PROTECT, related_name="sceau")
    precedent = models.CharField(max_length=64)
    empreinte = models.CharField(max_length=64)
    scelle_le = models.DateTimeField()


class Trace(models.Model):
    """Journal non chaîné des consultations sensibles et des refus, gardé 12 mois."""

    class Nature(models.TextChoices):
        CONSULTATION = "consultation", "Consultation"
        REFUS = "refus", "Refus"

    nature = models.CharField(max_length=12, choices=Nature)
    le = models.DateTimeField(db_index=True)
    utilisateur = models.BigIntegerField(null=True)
    nom = models.CharField(max_length=150)
    fonction = models.CharField(max_length=200)
    territoire = models.CharField(max_length=40, blank=True)
    chemin = models.CharField(max_length=300)
    objet = models.CharField(max_length=80, blank=True)
    raison = models.TextField(blank=True)


def _cle() -> str:
    return secrets.token_hex(16)


def _chemin(fichier: Fichier, _nom: str) -> str:
    return f"{fichier.cle[:2]}/{fichier.cle}"


class Fichier(models.Model):
    """Un contenu conservé ; il a exactement un propriétaire, qui dit qui peut le lire.

    `efface_le` : le contenu n'est plus là, la ligne garde son nom, son empreinte, qui l'a déposé et quand.
    """

    cle = models.CharField(max_length=32, unique=True, default=_cle)
    nom = models.CharField(max_length=200)
    type_mime = models.CharField(max_length=100)
    taille = models.PositiveIntegerField()
    empreinte = models.CharField(max_length=64)
    contenu = models.FileField(upload_to=_chemin, max_length=120)
    depose_le = models.DateTimeField()
    depose_par = models.CharField(max_length=150)
    efface_le = models.DateTimeField(null=True)


class CourrielQuerySet(models.QuerySet["Courriel"]):
    def a_envoyer(self, le: datetime) -> CourrielQuerySet:
        """Ceux dont l'heure est venue, que personne n'est en train d'envoyer, le plus ancien d'abord."""
        return self.filter(
            Q(prochain_essai_le=None) | Q(prochain_essai_le__lte=le),
            Q(reserve_jusqu_au=None) | Q(reserve_jusqu_au__lte=le),
            envoye_le=None, abandonne_le=None, est_differe=False,
        ).order_by("pk")  # fmt: skip

    def a_recapituler(self) -> CourrielQuerySet:
        """Ceux qui attendent le récapitulatif de leur destinataire."""
        return self.filter(est_differe=True, recapitulatif=None, abandonne_le=None).order_by("pk")

    def abandonnes(self) -> CourrielQuerySet:
        """Ceux que l'exploitant doit regarder ; une nouvelle devenue illisible n'est pas une panne."""
        return self.filter(envoye_le=None, est_differe=False).exclude(abandonne_le=None).order_by("pk")


class Courriel(models.Model):
    """Un courriel à envoyer, écrit dans la transaction de l'acte ; une clé ne part qu'une fois.

    Il part seul, ou `est_differe` jusqu'au `recapitulatif` de son destinataire. `reserve_jusqu_au` : un
    envoi en cours. `abandonne_le` : plus aucun essai, l'exploitant le voit (`ensemblier courriels`).
    """

    cle = models.CharField(max_length=160, unique=True)
    genre = models.CharField(max_length=20, blank=True)
    objet = models.CharField(max_length=80, blank=True)
    destinataire = models.EmailField()
    sujet = models.CharField(max_length=200)
    texte = models.TextField()
    html = models.TextField(blank=True)
    agenda = models.TextField(blank=True)
    cree_le = models.DateTimeField()
    desabonnement = models.CharField(max_length=300, blank=True)
    est_differe = models.BooleanField(default=False)
    recapitulatif = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="repris")
    reserve_jusqu_au = models.DateTimeField(null=True)
    prochain_essai_le = models.DateTimeField(null=True)
    envoye_le = models.DateTimeField(null=True, db_index=True)
    abandonne_le = models.DateTimeField(null=True)
    tentatives = models.PositiveSmallIntegerField(default=0)
    erreur = models.TextField(blank=True)
    objects = CourrielQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(
                fields=("destinataire",),
                name="courriel_a_recapituler",
                condition=Q(est_differe=True, recapitulatif=None),
            ),
        )


class Intention(models.Model):
    """Ce qu'une personne a voulu faire, écrit à la porte : même clé, même réponse."""

    cle = models.CharField(max_length=64, unique=True)
    utilisateur = models.BigIntegerField(null=True)
    empreinte = models.CharField(max_length=64)
    recue_le = models.DateTimeField()
    reponse = models.JSONField(null=True)


def empreinte_du_jeton(jeton: str) -> str:
    """Ce que la base garde d'un jeton : qui la lit ne peut pas ouvrir le lien."""
    return hashlib.sha256(jeton.encode()).hexdigest()


class LienQuerySet(models.QuerySet["Lien"]):
    def de_jeton(self, jeton: str) -> LienQuerySet:
        return self.filter(empreinte=empreinte_du_jeton(jeton))

    def pour(self, acte: str, objets: Iterable[str]) -> LienQuerySet:
        """Les liens ouverts à cet acte sur ces objets, le plus ancien d'abord."""
        return self.filter(acte=acte, objet__in=list(objets)).order_by("cree_le", "pk")

    def vivants(self, *, le: datetime) -> LienQuerySet:
        return self.filter(utilise_le=None, revoque_le=None, jusqu_au__gte=jour_de(le))


class Lien(models.Model):
    """Un acte, sur un objet, jusqu'à une date, une fois : ce que peut qui n'a pas de compte.

    Le jeton ne se garde que haché. `teneur` est l'empreinte de ce qui est demandé : qui ouvre le lien la
    compare, et refuse si l'objet a changé depuis. Le lien va à une fonction, jamais à une personne.
    """

    empreinte = models.CharField(max_length=64, unique=True)
    acte = models.CharField(max_length=60)
    objet = models.CharField(max_length=80)
    teneur = models.CharField(max_length=64)
    territoire = models.CharField(max_length=40)
    fonction = models.CharField(max_length=150)
    organisation = models.CharField(max_length=200)
    cree_le = models.DateTimeField()
    jusqu_au = models.DateField()
    utilise_le = models.DateTimeField(null=True)
    revoque_le = models.DateTimeField(null=True)
    revoque_motif = models.CharField(max_length=200, blank=True)
    objects = LienQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=("acte", "objet"), name="lien_acte_objet"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(utilise_le__isnull=True) | Q(revoque_le__isnull=True),
                name="lien_utilise_ou_revoque",
            ),
        )

    def fermeture(self, *, le: datetime) -> str:
        """Pourquoi le lien lui-même ne vaut plus, en une phrase ; vide s'il vaut."""
        if self.utilise_le:
            return f"Une réponse est déjà notée, le {en_francais(jour_de(self.utilise_le), 'lettre')}."
        if self.revoque_le:
            return self.revoque_motif
        if not est_dans_les_temps(le, self.jusqu_au):
            return f"Ce lien valait jusqu'au {en_francais(self.jusqu_au, 'lettre')}."
        return ""


class TravailQuerySet(models.QuerySet["Travail"]):
    def visibles_par(self, acteur: Acteur | None) -> TravailQuerySet:
        """Les siens ; le responsable voit tous ceux de son territoire."""
        if acteur is None or acteur.utilisateur is None:
            return self.none()
        siens = Q(territoire=acteur.territoire)
        if not acteur.a(Role.RESPONSABLE):
            siens &= Q(demande_par=acteur.utilisateur)
        return self.filter(siens)

    def a_faire(self, genres: Iterable[str], *, le: datetime) -> TravailQuerySet:
        """Ceux que personne ne tient, ou dont le bail est passé ; le plus ancien d'abord."""
        libres = Q(reserve_jusqu_au=None) | Q(reserve_jusqu_au__lte=le)
        return self.filter(libres, genre__in=list(genres), fini_le=None).order_by("pk")


class Travail(models.Model):
    """Un travail long qu'une personne attend : ce qu'elle a demandé, où il en est, ce qu'il a donné.

    Écrit dans la transaction de l'acte qui le demande (`travaux.demander`), fait par le rythme. `bail`
    nomme le processus qui le tient jusqu'à `reserve_jusqu_au` ; passé cette heure un autre le reprend, et
    le premier ne peut plus rien y écrire. `total` vide : la longueur n'est pas encore connue.
    """

    cle = models.CharField(max_length=64, unique=True)
    genre = models.CharField(max_length=60)
    titre = models.CharField(max_length=200)
    parametres = models.JSONField(default=dict)
    territoire = models.CharField(max_length=40)
    demande_par = models.BigIntegerField()
    demande_par_nom = models.CharField(max_length=200)
    demande_le = models.DateTimeField()
    retour = models.CharField(max_length=2000, blank=True)
    total = models.PositiveIntegerField(null=True)
    fait = models.PositiveIntegerField(default=0)
    refuses = models.PositiveIntegerField(default=0)
    etape = models.CharField(max_length=200, blank=True)
    bail = models.CharField(max_length=32, blank=True)
    reserve_jusqu_au = models.DateTimeField(null=True)
    tentatives = models.PositiveSmallIntegerField(default=0)
    commence_le = models.DateTimeField(null=True)
    annule_le = models.DateTimeField(null=True)
    annule_par = models.CharField(max_length=200, blank=True)
    fini_le = models.DateTimeField(null=True)
    raison = models.TextField(blank=True)
    phrase = models.TextField(blank=True)
    adresse = models.CharField(max_length=300, blank=True)
    resultat = models.JSONField(default=dict)
    objects = TravailQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=("genre",), name="travail_a_faire", condition=Q(fini_le=None)),
            models.Index(fields=("territoire", "demande_par"), name="travail_de"),
        )

    @property
    def situation(self) -> tuple[str, str]:
        """Le mot et le ton de la pastille."""
        if self.raison:
            return ("Arrêté", "non")
        if self.annule_le:
            return ("Annulé", "sans-objet") if self.fini_le else ("Annulation demandée", "attention")
        if self.fini_le:
            return ("Fini", "attention" if self.refuses else "ok")
        return ("En cours", "encours") if self.commence_le else ("En attente", "neutre")


class LigneDeTravail(models.Model):
    """Un dossier d'un acte en lot, ou une ligne d'un compte rendu : ce qui lui est arrivé, en une phrase."""

    class Issue(models.TextChoices):
        A_FAIRE = "", "Non traité"
        FAIT = "fait", "Fait"
        REFUSE = "refuse", "Refusé"

    travail = models.ForeignKey(Travail, on_delete=models.CASCADE, related_name="lignes")
    rang = models.PositiveIntegerField()
    objet = models.CharField(max_length=80, blank=True)
    libelle = models.CharField(max_length=300)
    adresse = models.CharField(max_length=300, blank=True)
    issue = models.CharField(max_length=8, choices=Issue, blank=True)
    phrase = models.TextField(blank=True)
    le = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("travail", "rang"), name="ligne_de_travail_rang"),)


class Suivi(models.Model):
    """Un objet dont l'état ne change que par `registre.actes.avancer`."""

    machine: ClassVar[Machine]
    etat = models.CharField(max_length=30)

    class Meta:
        abstract = True

    def racine(self) -> str:
        """La racine dont la chaîne porte les événements de l'objet."""
        return self.designation()

    def designation(self) -> str:
        return f"{self._meta.app_label}.{self._meta.object_name}:{self.pk}"

    @property
    def etat_porteur(self) -> str:
        return self.machine.libelle(self.etat, porteur=True)

    @property
    def etat_agent(self) -> str:
        return self.machine.libelle(self.etat)
