"""Qui suit un dossier : la personne affectée, la fonction de ses thèmes, à défaut le service (R69, R70)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q

from ensemblier.comptes.droits import acteur_de
from ensemblier.comptes.equipe import absence_de, habilitations, pilotes
from ensemblier.comptes.models import Absence, Interet, Rattachement, Utilisateur
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


@dataclass(frozen=True, slots=True)
class Suiveur:
    """Qui répond d'un dossier : la personne affectée, ou son remplaçant (`absence` dit jusqu'à quand)."""

    personne: Utilisateur
    absence: Absence | None = None


def suiveur(dossier: Dossier, jour: date) -> Suiveur | None:
    """Qui répond du dossier ce jour-là, s'il instruit encore et peut le juger ; sinon toute l'équipe."""
    charge = dossier.charge_de_mission
    if charge is None:
        return None
    absence = absence_de(charge, dossier.territoire, jour)
    qui = absence.remplacant if absence else charge
    if qui is None or qui not in pilotes(dossier.territoire, jour) or not peut_suivre(qui, dossier, jour):
        return None
    return Suiveur(qui, absence)


def adresse_du_suivi(dossier: Dossier, *, le: datetime) -> str:
    """Où écrire au service : qui répond du dossier, sinon la fonction de ses thèmes, sinon le repli (R69)."""
    if qui := suiveur(dossier, jour_de(le)):
        return qui.personne.courriel
    contact = routage_de(dossier).contact
    return (contact.courriel if contact else None) or dossier.territoire.courriel


def tenus_par_d_autres(acteur: Acteur, territoire: Territoire, jour: date) -> Q:
    """Les dossiers dont une autre personne répond, affectée ou remplaçante ; le reste attend l'acteur.

    Qui est parti, absent sans remplaçant, ou ne peut juger un dossier, n'en répond plus : il revient à
    toute l'équipe. L'acteur absent garde les siens sous les yeux.
    """
    autres = habilitations(territoire, jour).order_by().exclude(utilisateur=acteur.utilisateur)
    absences = Absence.objects.en_vigueur(jour).filter(territoire=territoire).order_by()
    presents = autres.exclude(utilisateur__in=absences.values("utilisateur"))
    affectes = Q(charge_de_mission__in=presents.values("utilisateur"))
    charge = OuterRef("charge_de_mission")
    remplaces = absences.filter(
        ~_empeche(OuterRef("remplacant"), lambda nom: OuterRef(OuterRef(nom)), jour),
        utilisateur=charge, remplacant__in=autres.values("utilisateur"),
    ).exclude(utilisateur=acteur.utilisateur)  # fmt: skip
    return affectes & ~_empeche(charge, OuterRef, jour) | Q(Exists(remplaces))


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
