"""Les actes des échanges : ce qui sort de la maison se note avant de sortir."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from ensemblier.dossiers.accuse import empreinte
from ensemblier.dossiers.actes.commun import PILOTE, tenir
from ensemblier.dossiers.droits import roles_sur_financeur
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.echanges.remises import Archive, fiche_remise, pieces_remises
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque, consigner
from ensemblier.territoires.models import Financeur

AU_PLUS = 200
"""Dossiers par archive : chacun demande un PDF, une archive reste une attente de quelques minutes."""


REMETTENT = (*PILOTE, Role.AGENT_FINANCEUR, Role.REFERENT_COMMUNAL)
"""Qui tient une ligne de financeur, ou les tient toutes."""


def peut_remettre(acteur: Acteur | None, financeur: Financeur) -> bool:
    """Le service, pour tout financeur ; l'agent d'un financeur, pour le sien."""
    if acteur is None:
        return False
    return acteur.a(*PILOTE) or Role.AGENT_FINANCEUR in roles_sur_financeur(acteur, financeur)


def remettre(dossiers: Sequence[Dossier], *, financeur: Financeur, par: Acteur, le: datetime) -> Archive:
    """Note au registre ce qui est remis à ce financeur, dossier par dossier, et rend l'archive à écrire.

    `dossiers` : lus par `remises.remettables`. Lève `ActeBloque` si la liste est vide ou trop longue.
    """
    if not peut_remettre(par, financeur):
        raise RoleInsuffisant(
            f"« Remettre un dossier » : la remise à « {financeur.nom} » n'est pas la vôtre."
        )
    if not dossiers:
        raise ActeBloque("Aucun dossier n'est choisi. Cochez les dossiers à remettre, puis recommencez.")
    if len(dossiers) > AU_PLUS:
        raise ActeBloque(
            f"{len(dossiers)} dossiers sont choisis, une archive en contient {AU_PLUS} au plus. "
            "Choisissez un appel, ou remettez-les en plusieurs fois."
        )
    for dossier in dossiers:
        _noter(dossier, financeur=financeur, par=par, le=le)
    return Archive(financeur, par, dossiers)


@transaction.atomic
def _noter(dossier: Dossier, *, financeur: Financeur, par: Acteur, le: datetime) -> None:
    tenu = tenir(dossier)
    lues = Reponses(tenu)
    pieces = pieces_remises(lues, financeur, par)
    consigner(
        tenu, "remettre", par=par, le=le, libelle=f"Dossier remis à : {financeur.nom}"[:200], public=False,
        details={
            "financeur": financeur.code, "fiche": empreinte(fiche_remise(tenu, lues)),
            "reglement": reglement_de(tenu).empreinte(),
            "pieces": [{"code": p.code, "empreinte": p.fichier.empreinte} for p in pieces],
        },
    )  # fmt: skip
