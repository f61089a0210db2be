"""Qui suit un dossier : la personne affectée, la fonction de ses thèmes, à défaut le service (R69, R70)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import BigIntegerField, Q, Value
from django.db.models.functions import Cast, Substr

from ensemblier.comptes.droits import acteur_de
from ensemblier.comptes.equipe import absence_de, habilitations, pilotes
from ensemblier.comptes.models import Absence, Aide, Interet, Mandat, Rattachement, Utilisateur
from ensemblier.dossiers.models import CoPorteur, Deport, Dossier
from ensemblier.interface.ecrites import ecrite
from ensemblier.interface.ensemble import lire_ensemble
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.packs import Routage
from ensemblier.territoires.models import Territoire

OBJET = "dossiers.Dossier:"
"""Le début de ce qu'une aide invitée nomme (`comptes.Aide.objet`)."""


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
class Entourage:
    """Ceux que le dossier regarde un jour donné, lus ensemble.

    `destinataires` : les adresses de l'organisme ; `mandats` : qui peut le déposer pour lui ; `postes` : qui
    tient quelle fonction du pack ; `ecartes` : qui ne peut pas le juger (B10).
    """

    destinataires: list[str]
    mandats: list[Mandat]
    postes: dict[str, Utilisateur]
    ecartes: set[int]

    def titulaire(self, poste: str) -> Utilisateur | None:
        """Qui tient la fonction et peut juger le dossier ; ce que dit `peut_suivre`, sans requête."""
        qui = self.postes.get(poste)
        return None if qui is None or qui.pk in self.ecartes else qui


def entourage(dossier: Dossier, jour: date) -> Entourage:
    """Les personnes de l'organisme, l'équipe et ses liens avec ce dossier ; une requête."""
    equipe = habilitations(dossier.territoire, jour).select_related(None)
    eux = equipe.order_by().values("utilisateur")
    portes = dossier.co_porteurs.filter(confirme=True).order_by().values("organisme")
    rattaches = Rattachement.objects.en_vigueur(jour).filter(
        Q(organisme=dossier.organisme_id) | Q(organisme__in=portes)
    )
    personnes = Utilisateur.objects.filter(
        Q(pk__in=eux) | Q(pk__in=rattaches.order_by().values("utilisateur")), is_active=True
    )
    membres, siens, connus, mandats, interets, deports, aides = lire_ensemble(
        equipe,
        rattaches,
        personnes.only("courriel", "nom", "prenom"),
        dossier.organisme.mandats.en_vigueur(jour).pour(Mandat.Portee.DEPOT),
        Interet.objects.filter(organisme=dossier.organisme_id, leve_le=None, utilisateur__in=eux),
        Deport.objects.filter(dossier=dossier.pk, leve_le=None, utilisateur__in=eux),
        Aide.objects.en_vigueur(jour).filter(objet=dossier.designation(), utilisateur__in=eux),
    )
    par_cle = {p.pk: p for p in connus}
    postes: dict[str, Utilisateur] = {}
    for membre in sorted(membres, key=lambda h: _rang_de(par_cle[h.utilisateur_id], h.pk)):
        for poste in membre.postes:
            postes.setdefault(poste, par_cle[membre.utilisateur_id])
    adresses = {
        par_cle[r.utilisateur_id].courriel
        for r in siens
        if r.organisme_id == dossier.organisme_id and r.utilisateur_id in par_cle
    }
    lies = (*siens, *interets, *deports, *aides)
    mandats.sort(key=lambda m: (m.du, m.pk), reverse=True)
    return Entourage(sorted(adresses), mandats, postes, {lien.utilisateur_id for lien in lies})


def _rang_de(personne: Utilisateur, cle: int) -> tuple[str, str, int]:
    return personne.nom, personne.prenom, cle


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
    equipe = pilotes(dossier.territoire, jour)
    if charge not in equipe:
        return None
    absence = absence_de(charge, dossier.territoire, jour)
    qui = absence.remplacant if absence else charge
    if qui is None or qui not in equipe or not peut_suivre(qui, dossier, jour):
        return None
    return Suiveur(qui, absence)


def adresse_du_suivi(dossier: Dossier, *, le: datetime) -> str:
    """Où écrire au service : qui répond du dossier, sinon la fonction de ses thèmes, sinon le repli (R69)."""
    if qui := suiveur(dossier, jour_de(le)):
        return qui.personne.courriel
    contact = routage_de(dossier).contact
    return (contact.courriel if contact else None) or dossier.territoire.courriel


def tenus_par_d_autres(acteur: Acteur, equipe: Equipe) -> Q:
    """Les dossiers dont une autre personne répond, affectée ou remplaçante ; le reste attend l'acteur.

    Qui est parti, absent sans remplaçant, ou ne peut juger un dossier, n'en répond plus : il revient à
    toute l'équipe. L'acteur absent garde les siens sous les yeux. La condition ne cite que des clés : une
    liste la répète sans coût.
    """
    moi, libres, tenus = acteur.utilisateur, [], Q(pk__in=[])
    for charge in equipe.membres:
        repond = equipe.remplacants.get(charge, charge)
        if repond not in equipe.membres or moi in (charge, repond):
            continue
        if repond not in equipe.liens:
            libres.append(charge)
            continue
        organismes, dossiers = equipe.liens[repond]
        tenus |= Q(charge_de_mission=charge) & ~Q(organisme__in=organismes) & ~Q(pk__in=dossiers)
    return tenus | Q(charge_de_mission__in=libres)


@dataclass(frozen=True, slots=True)
class Equipe:
    """L'équipe d'un jour, par leurs clés : qui en est, qui remplace qui, ce que chacun ne peut juger (B10).

    `liens` : ses organismes, puis ses dossiers. `remplacants` : toute absence du jour, d'un partenaire aussi.
    """

    membres: list[int]
    remplacants: dict[int, int | None]
    liens: dict[int, tuple[list[int], list[int]]]

    def est_touche(self, qui: int | None) -> bool:
        """Absent ce jour-là, ou remplaçant."""
        return qui in self.remplacants or qui in self.remplacants.values()


def equipe_du(territoire: Territoire, jour: date) -> Equipe:
    """Une requête."""
    membres: set[int] = set()
    lue = Equipe([], {}, {})
    for genre, qui, quoi in _dits_de_l_equipe(territoire.pk, jour):
        if genre == "membre":
            membres.add(qui)
        elif genre == "absence":
            lue.remplacants[qui] = quoi
        else:
            lue.liens.setdefault(qui, ([], []))[genre == "dossier"].append(quoi)
    lue.membres.extend(sorted(membres))
    return lue


@ecrite
def _dits_de_l_equipe(territoire: int, jour: date):
    """Le genre de ce qui est dit, de qui, et la clé de quoi."""
    membres = habilitations(territoire, jour).select_related(None).order_by()
    eux = membres.values("utilisateur")
    absences = Absence.objects.en_vigueur(jour).filter(territoire=territoire)
    interets = Interet.objects.filter(utilisateur__in=eux, leve_le=None)
    siens = Rattachement.objects.en_vigueur(jour).filter(utilisateur__in=eux)
    deports = Deport.objects.filter(utilisateur__in=eux, leve_le=None)
    aides = Aide.objects.en_vigueur(jour).filter(utilisateur__in=eux, objet__startswith=OBJET)
    portes = CoPorteur.objects.filter(
        Q(organisme__rattachements__du=None) | Q(organisme__rattachements__du__lte=jour),
        Q(organisme__rattachements__au=None) | Q(organisme__rattachements__au__gte=jour),
        organisme__rattachements__utilisateur__in=eux, confirme=True,
    )  # fmt: skip
    aide = Cast(Substr("objet", len(OBJET) + 1), BigIntegerField())
    return membres.values_list(Value("membre"), "utilisateur_id", Value(0)).union(
        absences.order_by().values_list(Value("absence"), "utilisateur_id", "remplacant_id"),
        interets.values_list(Value("organisme"), "utilisateur_id", "organisme_id"),
        siens.order_by().values_list(Value("organisme"), "utilisateur_id", "organisme_id"),
        deports.values_list(Value("dossier"), "utilisateur_id", "dossier_id"),
        aides.order_by().values_list(Value("dossier"), "utilisateur_id", aide),
        portes.order_by().values_list(
            Value("dossier"), "organisme__rattachements__utilisateur_id", "dossier_id"
        ),
    )
