"""Qui agit pour l'autorité, et qui est lié à un organisme (B10)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction

from ensemblier.comptes.actes.commun import exiger_un_role
from ensemblier.comptes.models import (
    Habilitation,
    Interet,
    Organisme,
    Utilisateur,
)
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.actes import consigner, ouvrir
from ensemblier.territoires.models import Commune, Financeur, Territoire


def habiliter(
    *,
    utilisateur: Utilisateur,
    territoire: Territoire,
    qualite: str,
    fonction: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    financeur: Financeur | None = None,
    commune: Commune | None = None,
    au: date | None = None,
) -> Habilitation:
    """Donne un rôle d'agent ou d'élu sur un territoire ; sa chaîne dit qui l'a donné et quand."""
    exiger_un_role(roles, Role.RESPONSABLE, Role.SYSTEME, quoi="Habiliter une personne")
    habilitation = Habilitation(
        utilisateur=utilisateur,
        territoire=territoire,
        qualite=qualite,
        fonction=fonction,
        financeur=financeur,
        commune=commune,
        du=jour_de(le),
        au=au,
    )
    ouvrir(
        habilitation, par=par, le=le, libelle="Habilitation donnée", public=False,
        details={"personne": utilisateur.nom_complet, "qualite": qualite, "fonction": fonction,
                 "financeur": financeur and financeur.code, "commune": commune and commune.code},
    )  # fmt: skip
    return habilitation


@transaction.atomic
def retirer_l_habilitation(
    habilitation: Habilitation, *, motif: str, par: Acteur, roles: Iterable[Role], le: datetime
) -> None:
    """Met fin au rôle dès maintenant, avec son motif."""
    exiger_un_role(roles, Role.RESPONSABLE, Role.SYSTEME, quoi="Retirer une habilitation")
    consigner(
        habilitation, "retirer_l_habilitation", par=par, le=le, libelle="Habilitation retirée", motif=motif,
        public=False, au=jour_de(le) - timedelta(days=1),
    )  # fmt: skip


@transaction.atomic
def declarer_interet(
    organisme: Organisme,
    *,
    utilisateur: Utilisateur,
    nature: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Interet:
    """B10 : un lien avec un organisme, dit par la personne ou connu du service ; il vaut dès maintenant."""
    if par.utilisateur != utilisateur.pk:
        exiger_un_role(
            roles, Role.INSTRUCTEUR, Role.RESPONSABLE, Role.SYSTEME, quoi="Déclarer l'intérêt d'un tiers"
        )
    interet, _ = Interet.objects.update_or_create(
        utilisateur=utilisateur,
        organisme=organisme,
        nature=nature,
        defaults={"connu_le": jour_de(le), "leve_le": None},
    )
    consigner(
        organisme, "declarer_interet", par=par, le=le, libelle="Intérêt déclaré", public=False,
        details={"personne": utilisateur.nom_complet, "nature": nature},
    )  # fmt: skip
    return interet


@transaction.atomic
def lever_interet(interet: Interet, *, motif: str, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    """Le lien n'existe plus ; seul le responsable le dit, avec le motif."""
    exiger_un_role(roles, Role.RESPONSABLE, quoi="Lever un intérêt")
    interet.leve_le = jour_de(le)
    interet.save(update_fields=("leve_le",))
    consigner(
        interet.organisme, "lever_interet", par=par, le=le, libelle="Intérêt levé", motif=motif, public=False,
        details={"personne": interet.utilisateur.nom_complet, "nature": interet.nature},
    )  # fmt: skip
