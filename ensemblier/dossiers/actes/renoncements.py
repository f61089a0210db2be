"""Renoncer à une partie d'une aide notifiée : l'accord de l'organisme, sans lequel elle ne baisse pas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from ensemblier.comptes import mandats
from ensemblier.comptes.models import Mandat
from ensemblier.dossiers import courriels
from ensemblier.dossiers.actes.commun import exiger, tenir
from ensemblier.dossiers.etats import APRES_LETTRE
from ensemblier.dossiers.models import Demande, Renoncement
from ensemblier.interface.controles import FichierRefuse, controler
from ensemblier.noyau.machine import Acteur, EtatInterdit, Role
from ensemblier.noyau.montants import en_francais, euros
from ensemblier.registre.actes import ActeBloque, consigner
from ensemblier.registre.fichiers import conserver
from ensemblier.registre.models import Fichier

QUOI = "Renoncer à une partie de l'aide"
QUI = (Role.SIGNATAIRE, Role.AGENT_FINANCEUR)


@transaction.atomic
def renoncer(
    demande: Demande,
    *,
    montant: Decimal,
    motif: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    ecrit: UploadedFile | None = None,
) -> Renoncement:
    """L'aide notifiée peut baisser jusqu'à `montant` (euros), que le financeur vote ensuite (CRPA L242-4).

    La personne signataire le dit d'ici, sous son pouvoir ; un agent joint la lettre de l'organisme. Un second
    renoncement remplace le premier. Lève `ActeBloque`, toutes les raisons d'un coup.
    """
    exiger(roles, *QUI, quoi=QUOI)
    tenir(demande.dossier)
    _exiger_l_aide_notifiee(demande)
    est_porteur = Role.SIGNATAIRE in set(roles)
    fautes = [*_fautes(demande, montant, motif)]
    if est_porteur and (empeche := mandats.empechement(
        demande.dossier.organisme, par, le=le, pour=Mandat.Portee.SUITES
    )):  # fmt: skip
        fautes.append(empeche)
    if not est_porteur and ecrit is None:
        fautes.append(
            "La lettre de l'organisme manque : sans son accord écrit, une aide notifiée ne baisse pas. "
            "Joignez-la."
        )
    if fautes:
        raise ActeBloque(*fautes)
    garde = _conserver(ecrit, par=par, le=le) if ecrit is not None else None
    demande.renoncements.ouverts().update(clos_le=le)
    renoncement = Renoncement.objects.create(
        demande=demande, montant=euros(montant), motif=motif.strip(), dit_le=le, dit_par=par.signature[:200],
        ecrit=garde,
    )  # fmt: skip
    consigner(
        demande, "renoncer", par=par, le=le, motif=motif.strip(),
        libelle=f"Renoncement à {en_francais((demande.vote or Decimal(0)) - renoncement.montant)}"[:200],
        details={"de": str(demande.vote), "vers": str(renoncement.montant),
                 "empreinte": garde.empreinte if garde else ""},
    )  # fmt: skip
    courriels.annoncer_le_renoncement(renoncement, le=le)
    return renoncement


@transaction.atomic
def reprendre_le_renoncement(
    renoncement: Renoncement, *, par: Acteur, roles: Iterable[Role], le: datetime
) -> None:
    """Tant qu'aucun acte ne l'a suivi, l'organisme le retire, ou l'agent qui l'a noté de sa lettre."""
    admis = QUI if renoncement.ecrit_id else (Role.SIGNATAIRE,)
    exiger(roles, *admis, quoi="Retirer le renoncement")
    tenir(renoncement.demande.dossier)
    renoncement.refresh_from_db(fields=("clos_le",))
    if renoncement.clos_le is not None:
        raise ActeBloque("Ce renoncement est déjà suivi d'un acte, ou retiré. Rechargez la page.")
    renoncement.clos_le = le
    renoncement.save(update_fields=("clos_le",))
    consigner(renoncement.demande, "reprendre_le_renoncement", par=par, le=le, libelle="Renoncement retiré")


def _exiger_l_aide_notifiee(demande: Demande) -> None:
    demande.refresh_from_db(fields=("etat", "vote", "verse"))
    if demande.etat not in APRES_LETTRE:
        raise EtatInterdit(
            f"« {QUOI} » : cette aide est « {demande.etat_porteur} ». Il faut une aide notifiée, dont le "
            "bilan n'est pas encore accepté."
        )


def _fautes(demande: Demande, montant: Decimal, motif: str) -> Iterator[str]:
    voulu, vote = euros(montant), demande.vote or Decimal(0)
    if voulu <= 0:
        yield (
            "Le nouveau montant est au-dessus de zéro. Pour renoncer à toute l'aide, rendez le bilan "
            "en disant que l'action n'a pas eu lieu."
        )
    elif voulu >= vote:
        yield f"L'aide est de {en_francais(vote)} : écrivez un montant plus petit."
    elif voulu < demande.verse:
        yield (
            f"{en_francais(demande.verse)} sont déjà versés : l'aide ne descend pas en dessous. Ce qui ne "
            "servira pas se rend au vu du bilan."
        )
    if not motif.strip():
        yield "La raison manque : elle est écrite dans la décision qui baissera l'aide."


def _conserver(ecrit: UploadedFile, *, par: Acteur, le: datetime) -> Fichier:
    try:
        type_mime = controler(ecrit.file)
    except FichierRefuse as refus:
        raise ActeBloque(str(refus)) from refus
    return conserver(ecrit, nom=ecrit.name or "lettre", type_mime=type_mime, par=par, le=le)
