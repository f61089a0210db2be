"""Les règles : la fiche qu'elles lisent, le constat qu'elles rendent, et `evaluer` qui les appelle toutes."""

from ensemblier.noyau.packs.regle import Condition, Regle, RegleDeBase, Source, TypePorteur
from ensemblier.noyau.regles.constats import MOTEUR, Constat, Mesure, Rapport, Verdict
from ensemblier.noyau.regles.evaluation import evaluer, taux_et_raison
from ensemblier.noyau.regles.fiche import Fiche, FicheInvalide

__all__ = [
    "MOTEUR",
    "Condition",
    "Constat",
    "Fiche",
    "FicheInvalide",
    "Mesure",
    "Rapport",
    "Regle",
    "RegleDeBase",
    "Source",
    "TypePorteur",
    "Verdict",
    "evaluer",
    "taux_et_raison",
]
