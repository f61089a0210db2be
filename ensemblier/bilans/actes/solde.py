"""Solder un volet après son dernier paiement, clore le dossier quand tous ses volets sont finis."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from ensemblier.comptes.droits import systeme
from ensemblier.conventions import actes as conventions
from ensemblier.conventions.etats import PAYE
from ensemblier.conventions.models import Tranche, Versement
from ensemblier.dossiers.actes import avancer_demande
from ensemblier.dossiers.etats import CLOS, DECIDE, JUSTIFIEE, TERMINEES
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau.machine import Acteur
from ensemblier.registre.actes import ActeBloque, avancer, verrouiller


@transaction.atomic
def payer_versement(
    versement: Versement, *, paye_le: date, reference: str, par: Acteur, le: datetime
) -> None:
    """Constate un paiement certifié ; le dernier d'un volet justifié le solde."""
    conventions.payer_versement(versement, paye_le=paye_le, reference=reference, par=par, le=le)
    _solder_si_paye(versement.tranche.demande, le=le)


@transaction.atomic
def constater_versement(
    tranche: Tranche, *, paye_le: date, reference: str, par: Acteur, le: datetime
) -> Versement:
    """Un financeur qui paie ailleurs dit la date et la référence ; le dernier paiement solde le volet."""
    versement = conventions.constater_versement(tranche, paye_le=paye_le, reference=reference, par=par, le=le)
    _solder_si_paye(tranche.demande, le=le)
    return versement


def _reste_a_payer(demande: Demande) -> bool:
    return Tranche.objects.filter(demande=demande, montant__gt=0).exclude(versements__etat=PAYE).exists()


def _solder_si_paye(demande: Demande, *, le: datetime) -> None:
    if demande.etat == JUSTIFIEE and not _reste_a_payer(demande):
        solder(demande, par=systeme(demande.dossier.territoire.code), le=le)


@transaction.atomic
def solder(demande: Demande, *, par: Acteur, le: datetime) -> None:
    """Termine un volet dont plus rien n'est dû ; clôt le dossier si c'était le dernier."""
    verrouiller(demande.racine())
    if _reste_a_payer(demande):
        raise ActeBloque("Un versement reste à faire sur ce volet. Payez-le avant de solder.")
    avancer_demande(demande, "solder", par=par, le=le, public=True)
    clore_si_termine(demande.dossier, le=le)


@transaction.atomic
def clore_si_termine(dossier: Dossier, *, le: datetime) -> bool:
    """Clôt un dossier décidé dont chaque volet est fini : soldé, reversé, refus notifié, abandonné."""
    verrouiller(dossier.racine())
    etat = Dossier.objects.values_list("etat", flat=True).get(pk=dossier.pk)
    if etat != DECIDE or Demande.objects.filter(dossier=dossier).exclude(etat__in=TERMINEES).exists():
        return False
    par = systeme(dossier.territoire.code)
    avancer(dossier, "clore", par=par, roles={d.role for d in par.droits}, le=le, etape=CLOS)
    return True
