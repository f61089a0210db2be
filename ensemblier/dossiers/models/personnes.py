"""Qui porte l'action avec l'organisme."""

from __future__ import annotations

import hashlib

from django.db import models
from django.db.models import Q

from ensemblier.comptes.models import Organisme
from ensemblier.dossiers.etats import CLOS, IRRECEVABLE, RETIRE
from ensemblier.noyau.machine import Acteur, Role


class CoPorteurQuerySet(models.QuerySet["CoPorteur"]):
    def de(self, acteur: Acteur | None, *qualites: Role) -> CoPorteurQuerySet:
        """Ceux que ces organismes sont, reconnus par leur numéro : le compte a pu naître après la demande."""
        siens = {d.organisme for d in acteur.perimetres(*qualites)} if acteur else set()
        if not siens:
            return self.none()
        miens = Organisme.objects.filter(pk__in=siens)
        return self.filter(
            Q(organisme__in=siens)
            | Q(numero__in=miens.exclude(siren="").values("siren"))
            | Q(numero__in=miens.exclude(rna="").values("rna")),
            dossier__territoire__code=acteur.territoire,
        )

    def a_repondre(self, acteur: Acteur | None) -> CoPorteurQuerySet:
        """Les questions posées à ses organismes, sans réponse, tant que le dossier s'examine."""
        posees = self.de(acteur, Role.SIGNATAIRE, Role.REDACTEUR).interroges().filter(confirme=None)
        return posees.exclude(dossier__etat__in=(IRRECEVABLE, RETIRE, CLOS)).select_related(
            "dossier__organisme", "dossier__appel"
        )

    def interroges(self) -> CoPorteurQuerySet:
        """À qui la question est posée, répondue ou non."""
        return self.filter(demande_le__isnull=False)


class CoPorteur(models.Model):
    """Un autre organisme qui porte l'action, et ce qu'il y fait (R29 c) ; l'argent va au seul porteur (B8).

    `organisme` : celui de la maison qui a ce numéro, s'il y est ; rien ici ne dit au porteur qu'il y est.
    `confirme` : ce qu'une personne signataire de cet organisme a répondu ; vide tant qu'elle n'a rien dit.
    """

    REPONDRE = "repondre_co_porteur"
    """Ce qu'ouvre le lien envoyé à l'adresse donnée par le porteur : lire la question, la décliner."""

    dossier = models.ForeignKey("Dossier", on_delete=models.CASCADE, related_name="co_porteurs")
    nom = models.CharField(max_length=200)
    numero = models.CharField(max_length=10)
    organisme = models.ForeignKey(Organisme, null=True, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=300)
    fonction = models.CharField(max_length=150, blank=True)
    courriel = models.EmailField(blank=True)
    ajoute_le = models.DateTimeField()
    ajoute_par = models.CharField(max_length=200)
    demande_le = models.DateTimeField(null=True)
    confirme = models.BooleanField(null=True)
    repondu_le = models.DateTimeField(null=True)
    repondu_par = models.CharField(max_length=200, blank=True)
    motif = models.CharField(max_length=500, blank=True)
    objects = CoPorteurQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("dossier", "numero"), name="co_porteur_unique"),
            models.CheckConstraint(
                condition=Q(confirme__isnull=True) | Q(repondu_le__isnull=False),
                name="co_porteur_reponse_datee",
            ),
        )

    def designation(self) -> str:
        return f"dossiers.CoPorteur:{self.pk}"

    def teneur(self) -> str:
        """L'empreinte de ce qui est demandé : le rôle changé, ni le lien ni la page ouverte ne valent."""
        return hashlib.sha256(f"{self.nom}|{self.numero}|{self.role}".encode()).hexdigest()

    @property
    def etat(self) -> str:
        """Où en est la réponse, en deux mots."""
        if self.confirme is not None:
            return "Confirmé" if self.confirme else "Décliné"
        return "Réponse attendue" if self.demande_le else "À demander"

    @property
    def ton(self) -> str:
        return {True: "ok", False: "non"}.get(self.confirme, "attention")


def co_portes(acteur: Acteur | None) -> models.QuerySet | None:
    """Les dossiers que ses organismes ont confirmé porter : à lire, jamais à juger (B10) ; rien sinon.

    Nommé sans avoir confirmé ne suffit ni à lire ni à écarter : un porteur qui nommerait l'organisme d'une
    jurée l'empêcherait de juger. C'est un morceau de requête : il ne coûte rien à qui n'a pas d'organisme.
    """
    siens = {d.organisme for d in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)} if acteur else set()
    return CoPorteur.objects.filter(organisme__in=siens, confirme=True).values("dossier") if siens else None
