"""Qui est cette personne, ici, maintenant : ses droits, lus une fois par requête."""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from ensemblier.comptes.models import DansLeTemps, Habilitation, Rattachement, Utilisateur
from ensemblier.noyau.machine import Acteur, Droit, Moyen, Role, RoleInsuffisant
from ensemblier.territoires.models import Territoire


def _en_vigueur(jour: date) -> Q:
    return (Q(du=None) | Q(du__lte=jour)) & (Q(au=None) | Q(au__gte=jour))


def acteur_de(utilisateur: Utilisateur, territoire: Territoire, *, le: date) -> Acteur:
    """L'acteur et ses droits au jour `le` ; deux requêtes."""
    rattachements = list(
        Rattachement.objects.filter(_en_vigueur(le), utilisateur=utilisateur).select_related("organisme")
    )
    habilitations = list(
        Habilitation.objects.filter(_en_vigueur(le), utilisateur=utilisateur, territoire=territoire)
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
        nom=utilisateur.nom_complet,
        fonction=_fonction(habilitations or rattachements),
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
