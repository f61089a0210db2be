"""Ce que l'accueil du porteur montre au-delà de ses dossiers, lu ensemble : une requête."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from ensemblier.appels.models import Appel, Jalon
from ensemblier.bilans.etats import A_CORRIGER, ATTENDU, PROJET
from ensemblier.bilans.models import Bilan, Reversement
from ensemblier.comptes.models import Aide, Organisme, Utilisateur
from ensemblier.conventions.etats import A_SIGNER
from ensemblier.conventions.models import Avenant, Convention, Tranche
from ensemblier.dossiers.etats import DECIDE
from ensemblier.dossiers.models import CoPorteur, Demande, Dossier
from ensemblier.instruction.models import Complement
from ensemblier.interface.ensemble import lire_ensemble, relier
from ensemblier.noyau.machine import Acteur
from ensemblier.territoires.models import Financeur, Territoire


class Accueil(NamedTuple):
    """`demandes` : celles de ses dossiers, abandonnées comprises ; `tranches` : dues, pas encore payées."""

    complements: list[Complement]
    conventions: list[Convention]
    avenants: list[Avenant]
    bilans: list[Bilan]
    reversements: list[Reversement]
    demandes: list[Demande]
    financeurs: list[Financeur]
    tranches: list[Tranche]
    appels: list[Appel]
    jalons: list[Jalon]
    aides: list[Aide]
    co_portages: list[CoPorteur]
    nommants: list[Dossier]
    organismes: list[Organisme]


def lire(
    dossiers: Iterable[Dossier],
    *,
    acteur: Acteur | None,
    utilisateur: Utilisateur,
    territoire: Territoire,
    jour: date,
) -> Accueil:
    """`dossiers` : ceux que son organisme porte ; les liens dont la page a besoin sont posés."""
    portes = list(dossiers)
    lus = Accueil(*lire_ensemble(*_lectures(portes, acteur, utilisateur, territoire, jour)))
    relier(lus.demandes, "dossier", portes)
    relier(lus.demandes, "financeur", lus.financeurs)
    for lignes in (lus.conventions, lus.avenants, lus.reversements, lus.tranches):
        relier(lignes, "demande", lus.demandes)
    relier([*lus.bilans, *lus.complements], "dossier", portes)
    relier(lus.nommants, "appel", lus.appels)
    relier([*lus.nommants, *lus.aides], "organisme", lus.organismes)
    relier(lus.co_portages, "dossier", lus.nommants)
    lus.aides.sort(key=lambda a: (a.courriel, a.pk))
    lus.appels.sort(key=lambda a: (-a.exercice, a.code))
    return lus


def _lectures(
    portes: list[Dossier], acteur: Acteur | None, utilisateur: Utilisateur, territoire: Territoire, jour: date
) -> tuple[QuerySet[Any], ...]:
    pks = [d.pk for d in portes]
    decides = [d.pk for d in portes if d.etat == DECIDE]
    demandes = Demande.objects.filter(dossier__in=pks)
    publies = Appel.objects.filter(territoire=territoire, etat="publie")
    aides = Aide.objects.pour(utilisateur, jour)
    co_portages = CoPorteur.objects.a_repondre(acteur).select_related(None)
    nommants = Dossier.objects.filter(pk__in=co_portages.order_by().values("dossier"))
    return (
        Complement.objects.ouverts().filter(dossier__in=pks).only("dossier", "echeance"),
        Convention.objects.filter(demande__dossier__in=decides, etat=A_SIGNER).only("demande"),
        Avenant.objects.a_signer().filter(demande__dossier__in=decides, etat=A_SIGNER).only("demande"),
        Bilan.objects.filter(dossier__in=pks, etat__in=(ATTENDU, A_CORRIGER)).only(
            "dossier", "etat", "echeance", "correction_demandee"
        ),
        Reversement.objects.filter(demande__dossier__in=decides, etat=PROJET, observations_le=None).only(
            "demande", "reponse_avant_le"
        ),
        demandes,
        Financeur.objects.filter(pk__in=demandes.order_by().values("financeur")),
        Tranche.objects.filter(demande__dossier__in=pks)
        .exclude(versements__paye_le__isnull=False)
        .only("demande", "montant", "condition", "echeance", "rang"),
        Appel.objects.filter(
            Q(pk__in=publies.order_by().values("pk")) | Q(pk__in=nommants.order_by().values("appel"))
        ).defer("projet"),
        Jalon.objects.filter(appel__in=publies.order_by().values("pk"), nature="depot"),
        aides,
        co_portages,
        nommants.only("numero", "intitule", "organisme", "appel"),
        Organisme.objects.filter(
            Q(pk__in=aides.order_by().values("organisme")) | Q(pk__in=nommants.order_by().values("organisme"))
        ).only("nom"),
    )
