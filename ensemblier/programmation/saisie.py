"""Écrire une case du tableau : lire ce qui est tapé, proposer ou vider, dire le refus en une phrase."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError

from ensemblier.dossiers.droits import roles_sur_financeur
from ensemblier.dossiers.models import Demande, DossierQuerySet
from ensemblier.interface.champs import EurosFormField
from ensemblier.noyau.machine import Acteur, Role, TransitionRefusee
from ensemblier.noyau.montants import en_francais
from ensemblier.programmation import actes
from ensemblier.programmation.actes import CasesTenues
from ensemblier.registre.actes import ActeBloque

INCHANGEE = "Rien n'a changé."


class CaseRefusee(Exception):
    """La case garde sa valeur ; le texte dit pourquoi. `en_conflit` : un autre l'a écrite entre-temps."""

    def __init__(self, phrase: str, *, en_conflit: bool = False) -> None:
        super().__init__(phrase)
        self.en_conflit = en_conflit


def volets_a_ecrire(dossiers: DossierQuerySet, cles: Iterable[int]) -> dict[int, Demande]:
    """Les volets de ces dossiers, avec ce que leurs règles lisent ; un autre n'existe pas ici."""
    lus = Demande.objects.filter(pk__in=list(cles)).select_related(
        "financeur__commune", "dispositif", "dossier__appel__reglement", "dossier__reglement"
    ).defer(
        "dossier__appel__projet", "dossier__appel__reglement__contenu",
        "dossier__reglement__contenu", "dossier__fiche_figee", "dossier__rapport_fige",
        "dossier__accuse_contenu",
    )  # fmt: skip
    # Deux requêtes courtes : le filtre des droits, dans la même, relirait tous les dossiers de l'appel.
    permis = set(dossiers.filter(pk__in={v.dossier_id for v in lus}).values_list("pk", flat=True))
    return {v.pk: v for v in lus if v.dossier_id in permis}


def exiger_sa_colonne(volet: Demande, acteur: Acteur) -> None:
    """Lève `CaseRefusee` si la personne n'écrit pas pour ce financeur."""
    if Role.AGENT_FINANCEUR not in roles_sur_financeur(acteur, volet.financeur):
        raise CaseRefusee(
            f"Cette colonne est celle de « {volet.financeur.nom} », vous n'écrivez que la vôtre. {INCHANGEE}"
        )


def lire(saisie: str) -> Decimal | None:
    """Le montant tapé (« 9 000,50 € », ou rien) ; un texte, un négatif, un millième se refusent (K1)."""
    try:
        montant: Decimal | None = EurosFormField(required=False).clean(saisie.strip())
    except ValidationError as erreur:
        raise CaseRefusee(f"{' '.join(erreur.messages)} {INCHANGEE}") from erreur
    return montant


def ecrire(
    volet: Demande,
    saisie: str,
    *,
    version: int | None,
    par: Acteur,
    le: datetime,
    tenues: CasesTenues | None = None,
) -> bool:
    """Propose le montant tapé, ou vide la case ; rend vrai si elle a changé, lève `CaseRefusee` sinon."""
    return ecrire_le_montant(volet, lire(saisie), version=version, par=par, le=le, tenues=tenues)


def ecrire_le_montant(
    volet: Demande,
    montant: Decimal | None,
    *,
    version: int | None,
    par: Acteur,
    le: datetime,
    motif: str = "",
    tenues: CasesTenues | None = None,
) -> bool:
    """Le même acte, d'un montant déjà lu ; `motif` : d'où il vient, s'il ne vient pas de l'écran.

    `tenues` : les cases que l'appelant écrira ensemble ; un refus n'y laisse rien.
    """
    if montant == volet.propose and version in (None, volet.version):
        return False
    if version is None:
        raise CaseRefusee(f"La page ne dit pas la version lue de cette case. Rechargez-la. {INCHANGEE}")
    try:
        if montant is None:
            actes.retirer_la_proposition(volet, par=par, le=le, version=version, tenues=tenues)
        else:
            actes.proposer(
                volet, montant=montant, motif=motif, par=par, le=le, version=version, tenues=tenues
            )
    except actes.CaseChangee as refus:
        if refus.demande.propose == montant:
            return False
        vous = "vide" if montant is None else en_francais(montant)
        raise CaseRefusee(f"{refus} Vous : {vous}. {INCHANGEE}", en_conflit=True) from refus
    except (ActeBloque, TransitionRefusee) as refus:
        raise CaseRefusee(f"{refus} {INCHANGEE}") from refus
    return True
