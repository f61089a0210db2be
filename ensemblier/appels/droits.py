"""Ce qu'un acteur est pour un appel (domaine §C.2)."""

from __future__ import annotations

from ensemblier.appels.models import Appel
from ensemblier.noyau.machine import Acteur, Role


def roles(acteur: Acteur | None, appel: Appel) -> set[Role]:
    """Les rôles de l'acteur sur cet appel ; aucun s'il vient d'un autre territoire."""
    if acteur is None or acteur.territoire != appel.territoire.code:
        return set()
    return {droit.role for droit in acteur.droits}
