"""Le service d'un agent : ceux avec qui il partage ses vues."""

from __future__ import annotations

from ensemblier.noyau.machine import Acteur, Role

PILOTE = "pilote"


def services(acteur: Acteur) -> list[str]:
    """Les services de l'acteur : le pilote, ses financeurs, ses villes, les finances, le jury."""
    lus = [PILOTE] if acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR) else []
    lus += [f"financeur:{d.financeur}" for d in acteur.perimetres(Role.AGENT_FINANCEUR)]
    lus += [f"commune:{d.commune}" for d in acteur.perimetres(Role.REFERENT_COMMUNAL)]
    lus += [role.value for role in (Role.FINANCES, Role.JURY) if acteur.a(role)]
    return list(dict.fromkeys(lus))
