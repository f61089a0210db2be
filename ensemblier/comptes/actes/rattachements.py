"""Qui agit pour un organisme : rattacher, inviter, détacher."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction

from ensemblier.comptes import courriels
from ensemblier.comptes.actes.commun import exiger_un_role
from ensemblier.comptes.models import (
    Invitation,
    Organisme,
    Rattachement,
    Utilisateur,
)
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.actes import ActeBloque, consigner, verrouiller


@transaction.atomic
def rattacher(
    organisme: Organisme,
    *,
    utilisateur: Utilisateur,
    qualite: str,
    fonction: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    mandat: str = "",
    au: date | None = None,
) -> Rattachement:
    """Une personne de plus dans l'organisme, par sa ou son signataire, ou par le responsable."""
    exiger_un_role(roles, Role.SIGNATAIRE, Role.RESPONSABLE, Role.SYSTEME, quoi="Rattacher une personne")
    return _rattacher(
        organisme, utilisateur, qualite=qualite, fonction=fonction, mandat=mandat, au=au, par=par, le=le
    )


def _rattacher(
    organisme: Organisme,
    utilisateur: Utilisateur,
    *,
    qualite: str,
    fonction: str,
    mandat: str,
    au: date | None,
    par: Acteur,
    le: datetime,
) -> Rattachement:
    rattachement, nouveau = Rattachement.objects.update_or_create(
        utilisateur=utilisateur,
        organisme=organisme,
        qualite=qualite,
        defaults={"fonction": fonction, "mandat": mandat, "du": jour_de(le), "au": au},
    )
    consigner(
        organisme, "rattacher", par=par, le=le,
        libelle="Personne rattachée" if nouveau else "Rattachement mis à jour",
        details={"personne": utilisateur.nom_complet, "qualite": qualite, "fonction": fonction,
                 "mandat": mandat, "au": au},
    )  # fmt: skip
    return rattachement


@transaction.atomic
def inviter(
    organisme: Organisme,
    *,
    courriel: str,
    qualite: str,
    fonction: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    mandat: str = "",
) -> Invitation:
    """Attend une personne par son adresse, et lui écrit ; rien ici ne dit si cette adresse a un compte."""
    exiger_un_role(roles, Role.SIGNATAIRE, Role.RESPONSABLE, quoi="Inviter une personne")
    verrouiller(organisme.racine())
    invitation, _ = Invitation.objects.update_or_create(
        organisme=organisme, courriel=courriel.lower(), qualite=qualite, acceptee_le=None, retiree_le=None,
        defaults={"fonction": fonction, "mandat": mandat, "envoyee_le": le, "envoyee_par": par.nom[:150]},
    )  # fmt: skip
    consigner(
        organisme, "inviter", par=par, le=le, libelle="Personne invitée",
        details={"qualite": qualite, "fonction": fonction, "mandat": mandat},
    )  # fmt: skip
    courriels.inviter(invitation, le=le)
    return invitation


@transaction.atomic
def accepter_l_invitation(
    invitation: Invitation, *, utilisateur: Utilisateur, par: Acteur, le: datetime
) -> Rattachement:
    """La personne entre dans l'organisme, avec la qualité qu'on lui a donnée ; une fois, et elle seule."""
    organisme = invitation.organisme
    verrouiller(organisme.racine())
    if not Invitation.objects.pour(utilisateur, le).filter(pk=invitation.pk).exists():
        raise ActeBloque(
            "Cette invitation n'est plus ouverte. Demandez à l'organisme de vous inviter de nouveau."
        )
    invitation.acceptee_le = le
    invitation.save(update_fields=("acceptee_le",))
    return _rattacher(
        organisme, utilisateur, qualite=invitation.qualite, fonction=invitation.fonction,
        mandat=invitation.mandat, au=None, par=par, le=le,
    )  # fmt: skip


@transaction.atomic
def retirer_l_invitation(invitation: Invitation, *, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    exiger_un_role(roles, Role.SIGNATAIRE, Role.RESPONSABLE, quoi="Retirer une invitation")
    verrouiller(invitation.organisme.racine())
    invitation.retiree_le = le
    invitation.save(update_fields=("retiree_le",))
    consigner(
        invitation.organisme, "retirer_l_invitation", par=par, le=le, libelle="Invitation retirée",
        details={"qualite": invitation.qualite},
    )  # fmt: skip


@transaction.atomic
def detacher(rattachement: Rattachement, *, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    """Met fin au rattachement dès maintenant ; un organisme garde au moins une ou un signataire."""
    exiger_un_role(roles, Role.SIGNATAIRE, Role.RESPONSABLE, quoi="Retirer une personne")
    organisme, jour = rattachement.organisme, jour_de(le)
    verrouiller(organisme.racine())
    if rattachement.qualite == Rattachement.Qualite.SIGNATAIRE:
        autres = organisme.rattachements.en_vigueur(jour).filter(qualite=rattachement.qualite)
        if not autres.exclude(pk=rattachement.pk).exists():
            raise ActeBloque(
                "C'est la dernière personne qui peut signer. Rattachez d'abord une ou un autre signataire."
            )
    rattachement.au = jour - timedelta(days=1)
    rattachement.save(update_fields=("au",))
    consigner(
        organisme, "detacher", par=par, le=le, libelle="Personne retirée",
        details={"personne": rattachement.utilisateur.nom_complet, "qualite": rattachement.qualite},
    )  # fmt: skip
