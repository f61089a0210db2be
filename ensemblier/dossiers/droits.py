"""Ce qu'un acteur est pour un dossier, ou pour le volet d'un financeur (domaine §C.2)."""

from __future__ import annotations

from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau.machine import Acteur, Role

EPCI = "epci"
_GLOBAUX = (Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR, Role.JURY, Role.SYSTEME)


def roles(acteur: Acteur | None, dossier: Dossier) -> set[Role]:
    """Les rôles de l'acteur sur le dossier ; l'appelant l'a lu par `visibles_par`."""
    if acteur is None:
        return set()
    siens = {
        droit.role
        for droit in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)
        if droit.organisme == dossier.organisme_id
    }
    siens |= {role for role in _GLOBAUX if acteur.a(role)}
    if acteur.a(Role.AGENT_FINANCEUR):
        siens.add(Role.AGENT_FINANCEUR)
    if acteur.a(Role.REFERENT_COMMUNAL):
        siens.add(Role.REFERENT_COMMUNAL)
    if acteur.a(Role.FINANCES):
        siens.add(Role.FINANCES)
    return siens


def roles_sur_demande(acteur: Acteur | None, demande: Demande) -> set[Role]:
    """Les rôles sur un volet : chacun n'écrit que sa ligne.

    L'EPCI instruit la sienne par ses chargés de mission et la paie par ses finances ; un autre financeur
    a ses agents, qui constatent aussi ses paiements.
    """
    siens = roles(acteur, demande.dossier) - {Role.AGENT_FINANCEUR, Role.FINANCES}
    if acteur is None:
        return siens
    if demande.financeur.type == EPCI:
        if acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE):
            siens.add(Role.AGENT_FINANCEUR)
        if acteur.a(Role.FINANCES):
            siens.add(Role.FINANCES)
    if any(d.financeur == demande.financeur.code for d in acteur.perimetres(Role.AGENT_FINANCEUR)):
        siens |= {Role.AGENT_FINANCEUR}
        if demande.financeur.type != EPCI:
            siens.add(Role.FINANCES)
    return siens
