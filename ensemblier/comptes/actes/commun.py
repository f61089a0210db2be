"""Ce que chaque acte demande d'abord."""

from __future__ import annotations

from collections.abc import Iterable

from ensemblier.noyau.machine import Role, RoleInsuffisant


def exiger_un_role(roles: Iterable[Role], *admis: Role, quoi: str) -> None:
    """Lève `RoleInsuffisant`, qui dit à qui l'acte revient."""
    if not set(roles) & set(admis):
        qui = " ou ".join(role.libelle for role in admis)
        raise RoleInsuffisant(f"« {quoi} » : cet acte revient à : {qui}.")
