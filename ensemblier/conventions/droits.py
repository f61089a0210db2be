"""Qui lit les suites d'un dossier : son porteur, ceux qui instruisent, financent, paient ou contrôlent."""

from __future__ import annotations

from django.urls import reverse

from ensemblier.dossiers.droits import roles, roles_sur_demande
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.instruction.droits import exiger_role
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant

PORTEUR = frozenset({Role.REDACTEUR, Role.SIGNATAIRE})
AUTORITES = (
    Role.INSTRUCTEUR,
    Role.RESPONSABLE,
    Role.FINANCES,
    Role.AGENT_FINANCEUR,
    Role.AUDITEUR,
)


def exiger_lecteur(acteur: Acteur | None, dossier: Dossier) -> set[Role]:
    """Les rôles de l'acteur sur le dossier, s'il peut en lire les suites ; sinon un refus (403)."""
    siens = roles(acteur, dossier)
    if not siens & (PORTEUR | set(AUTORITES)):
        raise RoleInsuffisant(
            "Les conventions et les versements se lisent par le porteur, les financeurs et les finances."
        )
    return siens


def exiger_sur_volet(acteur: Acteur | None, demande: Demande, *admis: Role, quoi: str) -> None:
    """Refuse d'emblée (403) la page d'un acte à qui ne peut pas le faire sur ce volet."""
    exiger_role(roles_sur_demande(acteur, demande), admis, quoi)


def fil_des_suites(acteur: Acteur, numero: str, page: str = "") -> list[tuple[str, str]]:
    """Le fil d'Ariane : par les listes pour une autorité, par ses dossiers pour un porteur."""
    if acteur.a(*AUTORITES):
        debut = ("Suites", reverse("suites"))
    else:
        debut = ("Mes dossiers", reverse("mes_dossiers"))
    if not page:
        return [debut, (numero, "")]
    return [debut, (numero, reverse("suite", args=[numero])), (page, "")]
