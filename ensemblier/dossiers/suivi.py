"""Qui suit un dossier : la personne affectée, la fonction de ses thèmes, à défaut le service (R69, R70)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q

from ensemblier.comptes.droits import acteur_de
from ensemblier.comptes.equipe import habilitations, pilotes
from ensemblier.comptes.models import Interet, Rattachement, Utilisateur
from ensemblier.dossiers.models import CoPorteur, Deport, Dossier
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.packs import Routage
from ensemblier.territoires.models import Territoire


def routage_de(dossier: Dossier, themes: Iterable[str] | None = None) -> Routage:
    """Où ses thèmes le mènent ; `themes`, s'ils sont déjà lus."""
    if themes is None:
        themes = dossier.thematiques.values_list("code", flat=True)
    return dossier.territoire.pack().routage(themes)


def peut_suivre(personne: Utilisateur, dossier: Dossier, jour: date) -> bool:
    """La personne voit ce dossier et peut le juger : ni intérêt, ni déport, ni son propre organisme (B10)."""
    acteur = acteur_de(personne, dossier.territoire, le=jour)
    return Dossier.objects.a_juger_par(acteur).filter(pk=dossier.pk).exists()


def suiveur(dossier: Dossier, jour: date) -> Utilisateur | None:
    """Qui répond du dossier ce jour-là : la personne affectée, si elle instruit encore et peut le juger."""
    charge = dossier.charge_de_mission
    if charge is None or charge not in pilotes(dossier.territoire, jour):
        return None
    return charge if peut_suivre(charge, dossier, jour) else None


def adresse_du_suivi(dossier: Dossier, *, le: datetime) -> str:
    """Où écrire au service : la personne qui suit, sinon la fonction de ses thèmes, sinon le repli (R69)."""
    if qui := suiveur(dossier, jour_de(le)):
        return qui.courriel
    contact = routage_de(dossier).contact
    return (contact.courriel if contact else None) or dossier.territoire.courriel


def tenus_par_d_autres(acteur: Acteur, territoire: Territoire, jour: date) -> Q:
    """Les dossiers qu'une autre personne de l'équipe suit et peut suivre ; le reste attend l'acteur.

    Qui est parti, ou ne peut plus juger un dossier, ne le tient plus : il revient à toute l'équipe.
    """
    autres = habilitations(territoire, jour).order_by().exclude(utilisateur=acteur.utilisateur)
    tenus = Q(charge_de_mission__in=autres.values("utilisateur"))
    return tenus & ~_empeche(OuterRef("charge_de_mission"), OuterRef, jour)


def _empeche(qui: OuterRef, dehors: Callable[[str], OuterRef], jour: date) -> Q:
    """La personne `qui` ne peut pas juger le dossier (B10) ; `dehors` nomme un champ du dossier."""
    organisme, dossier = dehors("organisme"), dehors("pk")
    siens = Rattachement.objects.en_vigueur(jour)
    de_son_organisme = siens.filter(utilisateur=OuterRef(qui)).values("organisme")
    return (
        Q(Exists(Interet.objects.filter(utilisateur=qui, organisme=organisme, leve_le=None)))
        | Q(Exists(Deport.objects.filter(utilisateur=qui, dossier=dossier, leve_le=None)))
        | Q(Exists(siens.filter(utilisateur=qui, organisme=organisme)))
        | Q(Exists(CoPorteur.objects.filter(dossier=dossier, confirme=True, organisme__in=de_son_organisme)))
    )
