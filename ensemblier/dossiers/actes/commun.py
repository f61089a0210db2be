"""Ce que tous les actes d'un dossier partagent : le verrou, l'état relu, le rôle exigé."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ensemblier.dossiers.etats import BROUILLON
from ensemblier.dossiers.models import Dossier, Piece
from ensemblier.noyau.machine import Acteur, EtatInterdit, Role, RoleInsuffisant
from ensemblier.registre.actes import consigner, verrouiller
from ensemblier.registre.models import Chaine

PORTEUR = (Role.REDACTEUR, Role.SIGNATAIRE)
ECRIVAINS = (*PORTEUR, Role.AIDE)
"""Qui écrit le brouillon ; seul le porteur dépose, répond au service et lit le compte bancaire."""
LECTEURS = (*ECRIVAINS, Role.CO_PORTEUR)
"""Qui lit le dossier par les pages du porteur ; un co-porteur confirmé n'écrit rien."""
PILOTE = (Role.INSTRUCTEUR, Role.RESPONSABLE)


def exiger(roles: Iterable[Role], *admis: Role, quoi: str) -> None:
    """Lève le refus qui dit à qui revient l'acte."""
    if not set(roles) & set(admis):
        qui = " ou ".join(role.libelle for role in admis)
        raise RoleInsuffisant(f"« {quoi} » : cet acte revient à : {qui}.")


def tenir(dossier: Dossier) -> Dossier:
    """Prend le verrou du dossier et le relit : l'état lu avant le verrou ne compte pas (T13)."""
    return tenir_avec_sa_chaine(dossier)[0]


def tenir_avec_sa_chaine(dossier: Dossier) -> tuple[Dossier, Chaine]:
    """Comme `tenir`, avec la chaîne verrouillée : l'acte qui suit n'a pas à la relire (`avancer`)."""
    chaine = verrouiller(dossier.racine())
    tenu = Dossier.objects.select_for_update(of=("self",)).avec_ses_regles().get(pk=dossier.pk)
    return tenu, chaine


def tenir_le_brouillon(dossier: Dossier, roles: Iterable[Role], *, quoi: str) -> Dossier:
    """Le brouillon sous son verrou ; un dossier déposé ne se modifie plus."""
    exiger(roles, *ECRIVAINS, Role.SYSTEME, quoi=quoi)
    tenu = tenir(dossier)
    exiger_le_brouillon(tenu, quoi=quoi)
    return tenu


def noter_l_aide(
    dossier: Dossier, quoi: str, *, par: Acteur, roles: Iterable[Role], le: datetime, **details: str
) -> None:
    """Tout ce qu'une aide invitée écrit est au registre, même dans un brouillon ; le porteur le relit."""
    if Role.AIDE in roles:
        consigner(
            dossier, "aider", par=par, le=le, libelle=f"Aide invitée : {quoi}"[:200], details=details,
            public=False,
        )  # fmt: skip


def refuser_le_rib(code: str, roles: Iterable[Role]) -> None:
    """Le compte bancaire est l'affaire de l'organisme : une aide ne le lit ni ne le change."""
    if code == Piece.RIB and not set(roles) & {*PORTEUR, Role.SYSTEME}:
        raise RoleInsuffisant("« RIB » : cette pièce revient aux personnes de l'organisme.")


def exiger_le_brouillon(dossier: Dossier, *, quoi: str) -> None:
    """Lève le refus d'un dossier qui n'est plus un brouillon."""
    if dossier.etat != BROUILLON:
        raise EtatInterdit(
            f"« {quoi} » : le dossier est « {dossier.etat_porteur} », il ne se modifie plus. "
            "Pour changer quelque chose, écrivez au service."
        )
