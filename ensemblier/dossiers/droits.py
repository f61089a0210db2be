"""Ce qu'un acteur est pour un dossier, ou pour le volet d'un financeur (domaine §C.2)."""

from __future__ import annotations

from ensemblier.dossiers.models import Demande, Dossier, Message, aides, co_portes
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.territoires.models import Financeur

EPCI = "epci"
_GLOBAUX = (Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR, Role.JURY, Role.SYSTEME)
_DU_PORTEUR = {Role.REDACTEUR, Role.SIGNATAIRE, Role.AIDE, Role.CO_PORTEUR}


def roles(acteur: Acteur | None, dossier: Dossier) -> set[Role]:
    """Les rôles de l'acteur sur le dossier ; l'appelant l'a lu par `visibles_par`.

    Qui représente le porteur, l'aide à écrire ou co-porte l'action n'a aucun rôle d'autorité sur ses
    dossiers (B10) : nul n'est juge et partie. L'agent d'un financeur n'a le sien que sur un dossier qui le
    sollicite : celui qui touche seulement son périmètre se lit, sans plus (§C.2).
    """
    siens = _hors_ligne(acteur, dossier)
    if acteur is None or siens & _DU_PORTEUR or not acteur.a(Role.AGENT_FINANCEUR):
        return siens
    return siens | {Role.AGENT_FINANCEUR} if est_sollicite(acteur, dossier) else siens


def est_sollicite(acteur: Acteur, dossier: Dossier) -> bool:
    """L'un des financeurs de l'agent a une ligne dans ce dossier ; une requête, pour qui lit au-delà."""
    agents = acteur.perimetres(Role.AGENT_FINANCEUR)
    if not any(d.partout or d.commune for d in agents):
        return True
    return dossier.demandes.filter(financeur__code__in={d.financeur for d in agents}).exists()


def _hors_ligne(acteur: Acteur | None, dossier: Dossier) -> set[Role]:
    """Ses rôles, sans ceux que seule la ligne d'un financeur donne."""
    if acteur is None:
        return set()
    porteur = {
        droit.role
        for droit in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)
        if droit.organisme == dossier.organisme_id
    }
    if porteur:
        return porteur
    if dossier.pk in aides(acteur):
        return {Role.AIDE}
    if (portes := co_portes(acteur)) is not None and portes.filter(dossier=dossier.pk).exists():
        return {Role.CO_PORTEUR}
    siens = {role for role in _GLOBAUX if acteur.a(role)}
    if acteur.a(Role.REFERENT_COMMUNAL):
        siens.add(Role.REFERENT_COMMUNAL)
    if acteur.a(Role.FINANCES):
        siens.add(Role.FINANCES)
    return siens


def cote_du_fil(roles: set[Role]) -> str:
    """De quel côté du fil ces rôles écrivent : « porteur », « service », ou aucun."""
    if roles & {Role.REDACTEUR, Role.SIGNATAIRE}:
        return Message.Cote.PORTEUR
    return Message.Cote.SERVICE if roles & {Role.INSTRUCTEUR, Role.RESPONSABLE} else ""


def roles_sur_financeur(acteur: Acteur | None, financeur: Financeur) -> set[Role]:
    """Ce que l'acteur est pour un financeur, hors de tout dossier : une enveloppe, une délibération.

    L'EPCI instruit sa ligne par ses chargés de mission et la paie par ses finances ; un autre financeur a
    ses agents, qui constatent aussi ses paiements ; une commune a son référent (domaine §C.2).
    """
    if acteur is None:
        return set()
    agents = {d.financeur for d in acteur.perimetres(Role.AGENT_FINANCEUR)}
    if financeur.type == EPCI:
        pilote = acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE) or financeur.code in agents
        siens = {Role.AGENT_FINANCEUR} if pilote else set()
        return siens | ({Role.FINANCES} if acteur.a(Role.FINANCES) else set())
    communes = {d.commune for d in acteur.perimetres(Role.REFERENT_COMMUNAL)}
    if financeur.code in agents or (financeur.commune and financeur.commune.code in communes):
        return {Role.AGENT_FINANCEUR, Role.FINANCES}
    return set()


def roles_sur_demande(acteur: Acteur | None, demande: Demande) -> set[Role]:
    """Les rôles sur un volet : chacun n'écrit que sa ligne (`roles_sur_financeur`)."""
    siens = _hors_ligne(acteur, demande.dossier) - {Role.FINANCES}
    if siens & _DU_PORTEUR:
        return siens
    return siens | roles_sur_financeur(acteur, demande.financeur)
