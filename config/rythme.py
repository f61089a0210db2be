"""Les tâches périodiques de la maison et leur pas ; chacune se relance sans dommage."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ensemblier.bilans import taches as bilans
from ensemblier.dossiers import taches as dossiers
from ensemblier.dossiers.actes import effacer_les_simulations
from ensemblier.echanges import taches as echanges
from ensemblier.echanges.conservation import effacer_les_extractions
from ensemblier.espaces import taches as espaces
from ensemblier.espaces.lot import OUVRAGES as EN_LOT
from ensemblier.instruction import taches as instruction
from ensemblier.programmation import editions, retour
from ensemblier.programmation import taches as programmation
from ensemblier.programmation.conservation import effacer_les_fichiers_de_travail
from ensemblier.registre.actes import sceller
from ensemblier.registre.courriels import envoyer_en_attente
from ensemblier.registre.fichiers import balayer
from ensemblier.registre.travaux import Ouvrage, faire_les_travaux, oublier_les_travaux

ARRET = threading.Event()
"""Levé quand le rythme s'arrête : un travail rend la main entre deux lignes, un autre processus reprend."""

OUVRAGES: tuple[Ouvrage, ...] = (
    *editions.OUVRAGES, *programmation.OUVRAGES, *retour.OUVRAGES, *EN_LOT, echanges.IMPORTER,
)  # fmt: skip
"""Tout ce qu'un travail sait faire ; chaque pièce déclare les siens."""


@dataclass(frozen=True, slots=True)
class Tache:
    """`est_a_part` : elle peut durer, et se fait sans que les autres l'attendent."""

    nom: str
    secondes: int
    faire: Callable[[datetime], object]
    est_a_part: bool = False


def _travailler(*, longs: bool) -> int:
    return faire_les_travaux([o for o in OUVRAGES if o.est_long == longs], arret=ARRET.is_set)


TACHES = (
    Tache("envoyer les courriels en attente", 10, lambda le: envoyer_en_attente(le=le)),
    Tache("écrire aux villes après un dépôt", 60, lambda le: dossiers.interroger_les_villes(le=le)),
    Tache("écrire les récapitulatifs du jour", 60, lambda le: espaces.envoyer_les_recapitulatifs(le=le)),
    Tache("sceller les événements nouveaux", 60, lambda le: sceller(le=le)),
    Tache("faire les actes en lot", 2, lambda _le: _travailler(longs=False), est_a_part=True),
    Tache("faire les calculs et les imports", 2, lambda _le: _travailler(longs=True), est_a_part=True),
    Tache("effacer les essais du simulateur échus", 3600, lambda le: effacer_les_simulations(le=le)),
    Tache("ouvrir les bilans attendus", 3600, lambda le: bilans.ouvrir_les_bilans(le=le)),
    Tache("rappeler les bilans à rendre", 3600, lambda le: bilans.rappeler_les_bilans(le=le)),
    Tache("rappeler les avis attendus", 3600, lambda le: instruction.rappeler_les_avis(le=le)),
    Tache("ôter les contenus orphelins", 3600, lambda le: balayer(le=le)),
    Tache("effacer les extractions échues", 3600, lambda le: effacer_les_extractions(le=le)),
    Tache("effacer les fichiers de travail échus", 3600, lambda le: effacer_les_fichiers_de_travail(le=le)),
    Tache("oublier les travaux finis depuis six mois", 3600, lambda le: oublier_les_travaux(le=le)),
)
