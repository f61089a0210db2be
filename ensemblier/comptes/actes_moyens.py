"""Dire les moyens d'un organisme : une fois, puis relus chaque année (§B.2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from ensemblier.comptes.models import Organisme
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.registre.actes import consigner, verrouiller


@transaction.atomic
def decrire_les_moyens(
    organisme: Organisme, *, moyens: dict[str, Any], par: Acteur, roles: Iterable[Role], le: datetime
) -> None:
    """Réseau, bénévoles, salariés, adhérents (Cerfa 12156*06, 2 à 4) ; les relire suffit à les dater."""
    if not set(roles) & {Role.SIGNATAIRE, Role.REDACTEUR}:
        raise RoleInsuffisant("« Dire les moyens » : cela revient aux personnes de l'organisme.")
    verrouiller(organisme.racine())
    actuel = Organisme.objects.get(pk=organisme.pk)
    changes = {n: [getattr(actuel, n), v] for n, v in moyens.items() if getattr(actuel, n) != v}
    consigner(
        organisme, "decrire_les_moyens", par=par, le=le, libelle="Moyens de l'organisme dits",
        details=changes, moyens_le=jour_de(le), **{nom: moyens[nom] for nom in changes},
    )  # fmt: skip
