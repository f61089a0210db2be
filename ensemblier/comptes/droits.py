"""Qui est cette personne, ici, maintenant : ses droits, lus une fois par requête."""

from __future__ import annotations

from datetime import date

from ensemblier.comptes.models import DansLeTemps, Habilitation, Organisme, Rattachement, Utilisateur
from ensemblier.noyau.machine import Acteur, Droit, Moyen, Role, RoleInsuffisant
from ensemblier.territoires.models import Territoire

NOM_AU_PLUS, FONCTION_AU_PLUS = 150, 200
"""Ce que le registre garde d'un nom et d'une fonction : un nom d'organisme très long n'arrête aucun acte."""


def acteur_de(utilisateur: Utilisateur, territoire: Territoire, *, le: date) -> Acteur:
    """L'acteur et ses droits au jour `le` ; deux requêtes."""
    rattachements = list(
        Rattachement.objects.en_vigueur(le).filter(utilisateur=utilisateur).select_related("organisme")
    )
    habilitations = list(
        Habilitation.objects.en_vigueur(le)
        .filter(utilisateur=utilisateur, territoire=territoire)
        .select_related("financeur", "commune")
        .order_by("pk")
    )
    droits = tuple(Droit(Role(r.qualite), organisme=r.organisme_id) for r in rattachements) + tuple(
        Droit(
            Role(h.qualite),
            financeur=h.financeur.code if h.financeur else "",
            commune=h.commune.code if h.commune else "",
        )
        for h in habilitations
    )
    return Acteur(
        nom=utilisateur.nom_complet[:NOM_AU_PLUS],
        fonction=_fonction(habilitations or rattachements)[:FONCTION_AU_PLUS],
        territoire=territoire.code,
        utilisateur=utilisateur.pk,
        droits=droits,
    )


def _fonction(qualites: list[DansLeTemps]) -> str:
    if not qualites:
        return "sans rattachement"
    premiere = qualites[0]
    organisme = getattr(premiere, "organisme", None)
    return f"{premiere.fonction}, {organisme.nom}" if organisme else premiere.fonction


def systeme(territoire: str, nom: str = "Ensemblier") -> Acteur:
    """L'acteur des tâches de fond."""
    return Acteur(
        nom=nom, fonction="tâche automatique", territoire=territoire, moyen=Moyen.TACHE,
        droits=(Droit(Role.SYSTEME),),
    )  # fmt: skip


def exiger(acteur: Acteur | None, *roles: Role) -> Acteur:
    """L'acteur, s'il a l'un des rôles ; sinon un refus qui dit à qui la page est ouverte (403)."""
    if acteur is None or not acteur.a(*roles):
        qui = " ou ".join(sorted(role.libelle for role in roles))
        raise RoleInsuffisant(f"Cette page est ouverte à : {qui}.")
    return acteur


def roles_sur_organisme(acteur: Acteur | None, organisme: Organisme) -> set[Role]:
    """Les rôles de l'acteur sur cet organisme : les siens s'il y est rattaché, et ceux de l'autorité."""
    if acteur is None:
        return set()
    return {
        droit.role
        for droit in acteur.droits
        if droit.role not in (Role.REDACTEUR, Role.SIGNATAIRE) or droit.organisme == organisme.pk
    }


def exiger_sur(roles: set[Role], *admis: Role) -> None:
    """Refuse la page d'un acte à qui ne peut pas le faire (403), au lieu de montrer un formulaire vain."""
    if not roles & set(admis):
        qui = " ou ".join(role.libelle for role in admis)
        raise RoleInsuffisant(f"Cette page est ouverte à : {qui}.")
