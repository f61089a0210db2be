"""Les tâches des bilans : ouvrir ceux qui sont attendus, rappeler les échéances (B5). Sûres deux fois."""

from __future__ import annotations

from datetime import datetime, timedelta

from ensemblier.bilans import courriels
from ensemblier.bilans.actes import ouvrir_bilan
from ensemblier.bilans.etats import A_CORRIGER, ATTENDU
from ensemblier.bilans.models import Bilan
from ensemblier.comptes.droits import systeme
from ensemblier.dossiers.models import Dossier, Obligation
from ensemblier.noyau import calendrier

RAPPELS = (60, 15, -1)


def ouvrir_les_bilans(*, le: datetime) -> int:
    """Ouvre le bilan de chaque dossier dont une aide est notifiée ; rend leur nombre."""
    attendus = Obligation.objects.filter(dossier__isnull=False).values("dossier")
    sans_bilan = Dossier.objects.filter(pk__in=attendus).exclude(pk__in=Bilan.objects.values("dossier"))
    ouverts = 0
    for dossier in sans_bilan.select_related("territoire"):
        ouvrir_bilan(dossier, par=systeme(dossier.territoire.code), le=le)
        ouverts += 1
    return ouverts


def rappeler_les_bilans(*, le: datetime) -> int:
    """Écrit à qui doit un bilan : J-60, J-15, J+1. La clé du courriel empêche un second envoi."""
    jour = calendrier.jour_de(le)
    rappeles = 0
    for jours in RAPPELS:
        bilans = Bilan.objects.filter(
            etat__in=(ATTENDU, A_CORRIGER), echeance=jour + timedelta(days=jours)
        ).select_related("dossier__organisme", "dossier__territoire")
        for bilan in bilans:
            courriels.rappeler(bilan, jours=jours, le=le)
            rappeles += 1
    return rappeles
