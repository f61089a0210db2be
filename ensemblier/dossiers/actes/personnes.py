"""Qui écrit avec l'organisme : une aide invitée sur ce seul dossier."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from ensemblier.comptes import actes_aides
from ensemblier.comptes.models import Aide, Rattachement, Utilisateur
from ensemblier.dossiers import courriels
from ensemblier.dossiers.actes.commun import exiger, tenir
from ensemblier.dossiers.actes.pieces import OUVERTS
from ensemblier.dossiers.models import Dossier
from ensemblier.noyau.calendrier import en_francais, jour_de
from ensemblier.noyau.machine import Acteur, EtatInterdit, Role
from ensemblier.registre.actes import ActeBloque, consigner


@transaction.atomic
def inviter_une_aide(
    dossier: Dossier, *, courriel: str, au: date, par: Acteur, roles: Iterable[Role], le: datetime
) -> Aide:
    """Invite une personne du dehors à écrire ce seul dossier, jusqu'au jour dit ; elle reçoit un message."""
    exiger(roles, Role.SIGNATAIRE, quoi="Inviter une aide")
    tenu = tenir(dossier)
    if tenu.etat not in OUVERTS:
        raise EtatInterdit(
            f"« Inviter une aide » : le dossier est « {tenu.etat_porteur} », il ne s'écrit plus."
        )
    siens = Rattachement.objects.en_vigueur(jour_de(le)).filter(organisme=tenu.organisme_id)
    if siens.filter(utilisateur__courriel=courriel.lower()).exists():
        raise ActeBloque("Cette personne est déjà de l'organisme : elle écrit tous ses dossiers.")
    aide = actes_aides.attendre(
        tenu.organisme, objet=tenu.designation(), courriel=courriel, au=au, par=par, le=le
    )
    consigner(
        tenu, "inviter_une_aide", par=par, le=le, libelle="Aide invitée à écrire ce dossier",
        details={"aide": aide.pk, "au": au},
    )  # fmt: skip
    courriels.inviter_l_aide(tenu, aide, le=le)
    return aide


@transaction.atomic
def accepter_l_aide(aide: Aide, *, utilisateur: Utilisateur, par: Acteur, le: datetime) -> Dossier:
    """La personne invitée accepte : elle écrit, elle ne dépose pas ; rend le dossier."""
    tenu = tenir(Dossier.objects.get(pk=aide.objet.partition(":")[2]))
    actes_aides.admettre(aide, utilisateur=utilisateur, par=par, le=le)
    consigner(
        tenu, "accepter_l_aide", par=par, le=le, libelle=f"Aide acceptée, jusqu'au {en_francais(aide.au)}",
        details={"aide": aide.pk, "au": aide.au},
    )  # fmt: skip
    return tenu


@transaction.atomic
def retirer_l_aide(dossier: Dossier, aide: Aide, *, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    """Met fin à l'aide, acceptée ou non, dès maintenant."""
    exiger(roles, Role.SIGNATAIRE, quoi="Retirer une aide")
    tenu = tenir(dossier)
    actes_aides.remercier(aide, le=le)
    consigner(tenu, "retirer_l_aide", par=par, le=le, libelle="Aide retirée", details={"aide": aide.pk})
