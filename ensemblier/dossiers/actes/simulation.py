"""Garder un essai sans savoir de qui il est : un lien, des réponses, une date d'effacement."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ensemblier.appels.models import Appel
from ensemblier.dossiers.models import Simulation
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import empreinte_du_jeton

GARDE = timedelta(days=90)
PAR_HEURE = 300
"""Au plus, pour un territoire : garder un essai ne demande pas de compte, il faut une borne."""


def garder_simulation(*, appel: Appel, reponses: Mapping[str, Any], le: datetime) -> tuple[Simulation, str]:
    """Garde un essai quatre-vingt-dix jours ; rend aussi le jeton, que la base ne connaît que haché."""
    recents = Simulation.objects.filter(
        appel__territoire=appel.territoire_id, gardee_le__gt=le - timedelta(hours=1)
    )
    if recents.count() >= PAR_HEURE:
        raise ActeBloque(
            "Trop de résultats viennent d'être gardés : le vôtre ne l'est pas. Réessayez dans une heure, "
            "ou imprimez cette page."
        )
    if appel.reglement is None:
        raise ActeBloque(f"L'appel « {appel.titre_court} » n'est pas publié : rien ne se garde encore.")
    jeton = secrets.token_urlsafe(24)
    simulation = Simulation.objects.create(
        empreinte=empreinte_du_jeton(jeton), appel=appel, reglement=appel.reglement,
        reponses=dict(reponses), gardee_le=le, expire_le=le + GARDE,
    )  # fmt: skip
    return simulation, jeton


def effacer_les_simulations(*, le: datetime) -> int:
    """Efface les essais échus ; rend leur nombre. Sûr deux fois."""
    return Simulation.objects.filter(expire_le__lte=le).delete()[0]
