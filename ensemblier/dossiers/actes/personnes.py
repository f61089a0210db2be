"""Qui écrit avec l'organisme : une aide invitée sur ce seul dossier."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from ensemblier.comptes import actes_aides
from ensemblier.comptes.models import Aide, Rattachement, Utilisateur
from ensemblier.dossiers import courriels, personnes
from ensemblier.dossiers.actes.commun import exiger, exiger_le_brouillon, tenir
from ensemblier.dossiers.actes.pieces import OUVERTS
from ensemblier.dossiers.models import Dossier
from ensemblier.noyau.calendrier import en_francais, jour_de
from ensemblier.noyau.machine import Acteur, EtatInterdit, Role
from ensemblier.registre.actes import ActeBloque, consigner
from ensemblier.registre.models import Evenement


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


@transaction.atomic
def demander_la_signature(dossier: Dossier, *, par: Acteur, roles: Iterable[Role], le: datetime) -> int:
    """Prévient par courriel les personnes signataires que le dossier est prêt ; une fois par jour.

    Rend combien sont prévenues. Lève `ActeBloque` si personne ne peut déposer, ou si c'est déjà fait ce jour.
    """
    exiger(roles, Role.REDACTEUR, Role.AIDE, quoi="Demander la signature")
    tenu = tenir(dossier)
    exiger_le_brouillon(tenu, quoi="Demander la signature")
    prevenues = personnes.signataires(tenu, le=le)
    if not prevenues:
        raise ActeBloque(
            f"Aucune personne n'est signataire de {tenu.organisme.nom}. Écrivez au service : sans elle, "
            "le dossier ne se dépose pas."
        )
    deja = Evenement.objects.filter(chaine__racine=tenu.racine(), acte="demander_la_signature").last()
    if deja and jour_de(deja.le) == jour_de(le):
        raise ActeBloque("La signature est déjà demandée aujourd'hui. Vous pourrez la redemander demain.")
    consigner(tenu, "demander_la_signature", par=par, le=le, libelle="Signature demandée")
    courriels.demander_la_signature(tenu, prevenues, par=par, le=le)
    return len(prevenues)
