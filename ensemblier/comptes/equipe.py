"""L'équipe du service : qui tient quelle fonction du pack, et suit donc quels thèmes (R70)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ensemblier.comptes.models import Absence, Habilitation, Utilisateur
from ensemblier.noyau.machine import Role
from ensemblier.noyau.packs import Contact
from ensemblier.territoires.models import Territoire

PILOTE = (Role.INSTRUCTEUR, Role.RESPONSABLE)
PARTENAIRES = (Role.AGENT_FINANCEUR, Role.REFERENT_COMMUNAL)
"""Ceux qui rendent l'avis d'un financeur ou d'une commune, et peuvent s'en absenter."""


@dataclass(frozen=True, slots=True)
class Poste:
    """Une fonction du pack, ses thèmes en clair, et la personne qui la tient s'il y en a une."""

    contact: Contact
    themes: tuple[str, ...]
    titulaire: Utilisateur | None


def habilitations(territoire: Territoire, jour: date, qualites: Sequence[Role] = PILOTE):
    """Celles des personnes qui instruisent ce jour-là, ou ont ces qualités ; comptes ouverts seulement."""
    lues = Habilitation.objects.en_vigueur(jour).filter(
        territoire=territoire, qualite__in=qualites, utilisateur__is_active=True
    )
    return lues.select_related("utilisateur").order_by("utilisateur__nom", "utilisateur__prenom", "pk")


def pilotes(territoire: Territoire, jour: date) -> list[Utilisateur]:
    """Les personnes qui instruisent ce jour-là, chacune une fois, par nom ; une requête."""
    return list(dict.fromkeys(h.utilisateur for h in habilitations(territoire, jour)))


def titulaire(territoire: Territoire, poste: str, jour: date) -> Utilisateur | None:
    """Qui tient cette fonction ce jour-là ; une requête, aucune sans fonction."""
    lues = habilitations(territoire, jour) if poste else ()
    return next((h.utilisateur for h in lues if poste in h.postes), None)


def remplacants(de: Utilisateur, territoire: Territoire, jour: date) -> list[Utilisateur]:
    """Qui répond d'une même chose ce jour-là : le service, la ligne d'un financeur, une ville ; une requête.

    Remplacer ne donne donc aucun droit : chacun d'eux a déjà les siens.
    """
    lues = list(habilitations(territoire, jour, (*PILOTE, *PARTENAIRES)).select_related("financeur"))
    siennes = {_dont_il_repond(h) for h in lues if h.utilisateur_id == de.pk}
    autres = (h for h in lues if h.utilisateur_id != de.pk and _dont_il_repond(h) in siennes)
    return list(dict.fromkeys(h.utilisateur for h in autres))


def _dont_il_repond(habilitation: Habilitation) -> tuple[str, int | None]:
    """L'agent d'une ville et son référent rendent le même avis."""
    if habilitation.qualite in PILOTE:
        return "service", None
    commune = habilitation.commune_id or habilitation.financeur.commune_id
    return ("commune", commune) if commune else ("financeur", habilitation.financeur_id)


def postes(territoire: Territoire, jour: date) -> list[Poste]:
    """Les fonctions du pack et qui les tient ; une requête."""
    pack = territoire.pack()
    noms = {t.code: t.libelle for t in pack.thematiques}
    tenus = {code: h.utilisateur for h in habilitations(territoire, jour) for code in h.postes}
    return [Poste(c, tuple(noms[t] for t in c.thematiques), tenus.get(c.code)) for c in pack.postes]


def absence_de(personne: Utilisateur, territoire: Territoire, jour: date) -> Absence | None:
    """Son absence ce jour-là, avec qui la remplace ; une requête."""
    siennes = Absence.objects.en_vigueur(jour).filter(utilisateur=personne, territoire=territoire)
    return siennes.select_related("remplacant").first()


def presents(personnes: Sequence[Utilisateur], territoire: int, jour: date) -> list[Utilisateur]:
    """Ceux qui ne sont pas absents ce jour-là ; tous, s'ils le sont tous : rien ne se perd. Une requête."""
    absents = Absence.objects.en_vigueur(jour).filter(territoire=territoire, utilisateur__in=personnes)
    tus = set(absents.order_by().values_list("utilisateur", flat=True))
    return [p for p in personnes if p.pk not in tus] or list(personnes)


def absences(territoire: Territoire, jour: date) -> list[Absence]:
    """Celles en cours et à venir ; une requête."""
    return list(Absence.objects.a_venir(jour).filter(territoire=territoire))
