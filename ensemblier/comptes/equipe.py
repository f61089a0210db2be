"""L'équipe du service : qui tient quelle fonction du pack, et suit donc quels thèmes (R70)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ensemblier.comptes.models import Absence, Habilitation, Utilisateur
from ensemblier.noyau.machine import Role
from ensemblier.noyau.packs import Contact
from ensemblier.territoires.models import Territoire

PILOTE = (Role.INSTRUCTEUR, Role.RESPONSABLE)


@dataclass(frozen=True, slots=True)
class Poste:
    """Une fonction du pack, ses thèmes en clair, et la personne qui la tient s'il y en a une."""

    contact: Contact
    themes: tuple[str, ...]
    titulaire: Utilisateur | None


def habilitations(territoire: Territoire, jour: date):
    """Celles des personnes qui instruisent ce jour-là, comptes ouverts seulement."""
    lues = Habilitation.objects.en_vigueur(jour).filter(
        territoire=territoire, qualite__in=PILOTE, utilisateur__is_active=True
    )
    return lues.select_related("utilisateur").order_by("utilisateur__nom", "utilisateur__prenom", "pk")


def pilotes(territoire: Territoire, jour: date) -> list[Utilisateur]:
    """Les personnes qui instruisent ce jour-là, chacune une fois, par nom ; une requête."""
    return list(dict.fromkeys(h.utilisateur for h in habilitations(territoire, jour)))


def titulaire(territoire: Territoire, poste: str, jour: date) -> Utilisateur | None:
    """Qui tient cette fonction ce jour-là ; une requête, aucune sans fonction."""
    lues = habilitations(territoire, jour) if poste else ()
    return next((h.utilisateur for h in lues if poste in h.postes), None)


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


def absences(territoire: Territoire, jour: date) -> list[Absence]:
    """Celles en cours et à venir ; une requête."""
    return list(Absence.objects.a_venir(jour).filter(territoire=territoire))
