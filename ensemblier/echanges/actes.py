"""Les actes des échanges : ce qui sort se note avant de sortir, ce qui entre s'essaie d'abord."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.urls import reverse

from ensemblier.dossiers.accuse import empreinte
from ensemblier.dossiers.actes.commun import PILOTE, tenir
from ensemblier.dossiers.droits import roles_sur_financeur
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.echanges.importer import extractions_de
from ensemblier.echanges.models import Importation
from ensemblier.echanges.remises import Archive, fiche_remise, pieces_remises
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque, consigner
from ensemblier.registre.fichiers import conserver, phrase_de_l_effacement
from ensemblier.registre.models import Travail
from ensemblier.registre.travaux import demander
from ensemblier.territoires.models import Financeur, Territoire

IMPORT = "importer-une-extraction"

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


@transaction.atomic
def recevoir_une_extraction(
    territoire: Territoire,
    *,
    fichier: UploadedFile,
    exercice: int | None,
    cle: str,
    par: Acteur,
    le: datetime,
) -> Travail:
    """Garde le fichier et met son essai à blanc en file ; rien d'autre n'est écrit."""
    if not extractions_de(territoire, par):
        raise RoleInsuffisant("« Importer » : aucune extraction décrite par ce territoire n'est la vôtre.")
    garde = conserver(
        fichier, nom=fichier.name or "extraction", type_mime="application/octet-stream", par=par, le=le
    )
    importation = Importation.objects.create(
        territoire=territoire, exercice=exercice, fichier=garde, demandee_par=par.signature, demandee_le=le,
        financeur=_financeur(territoire, par),
    )  # fmt: skip
    return _mettre_en_file(importation, f"Essai à blanc : {garde.nom}", cle=cle, par=par, le=le)


@transaction.atomic
def appliquer_une_extraction(
    importation: Importation, *, les_autres: bool, cle: str, par: Acteur, le: datetime
) -> Travail:
    """Met l'import en file, après un essai à blanc ; `les_autres` laisse de côté les lignes refusées."""
    tenue = (
        Importation.objects.select_for_update(of=("self",)).select_related("fichier").get(pk=importation.pk)
    )
    if dit := phrase_de_l_effacement(tenue.fichier):
        raise ActeBloque(f"{dit} Refaites une extraction, puis déposez-la.")
    if tenue.essayee_le is None:
        raise ActeBloque("L'essai à blanc n'est pas fini. Attendez son rapport, puis recommencez.")
    if tenue.appliquee_le is not None:
        raise ActeBloque("Ce fichier est déjà importé. Refaites une extraction pour importer du neuf.")
    return _mettre_en_file(
        tenue, f"Import : {tenue.fichier.nom}", cle=cle, par=par, le=le, ecrit=True, les_autres=les_autres
    )


def _financeur(territoire: Territoire, par: Acteur) -> str:
    """Le financeur dont c'est la ligne, pour que ses agents relisent leurs imports."""
    return extractions_de(territoire, par)[0].financeur


def _mettre_en_file(
    importation: Importation, titre: str, *, cle: str, par: Acteur, le: datetime, **options: bool
) -> Travail:
    return demander(
        cle=cle, genre=IMPORT, titre=titre, par=par, le=le, retour=reverse("imports"),
        parametres={"importation": importation.pk, **options},
    )  # fmt: skip
