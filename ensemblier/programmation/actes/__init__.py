"""Les actes de la programmation : enveloppes, propositions, séances, délibérations."""

from ensemblier.programmation.actes.accords import prendre_effet
from ensemblier.programmation.actes.amendements import Voix, amender
from ensemblier.programmation.actes.colonnes import garder_les_colonnes
from ensemblier.programmation.actes.convocations import (
    Membre,
    annuler_la_seance,
    convoquer,
    deplacer_la_seance,
    inscrire,
)
from ensemblier.programmation.actes.deliberations import (
    Decision,
    annexer,
    enregistrer_deliberation,
    joindre_l_acte_signe,
)
from ensemblier.programmation.actes.enveloppes import modifier_enveloppe, ouvrir_enveloppe
from ensemblier.programmation.actes.jury import (
    decider,
    noter,
    presents_votants,
    quorum_perdu,
    retenir_taux,
    valider_critere,
    verifier_le_taux,
)
from ensemblier.programmation.actes.parts import Objet, repartir, virer
from ensemblier.programmation.actes.propositions import (
    CaseChangee,
    CasesTenues,
    proposer,
    retirer_la_proposition,
)
from ensemblier.programmation.actes.reprises import DecisionReprise, reprendre_une_decision
from ensemblier.programmation.actes.scenarios import (
    ecrire_les_montants,
    ouvrir_un_scenario,
    ouvrir_un_scenario_propose,
    partager,
    rendre_prive,
    retenir,
)
from ensemblier.programmation.actes.seances import (
    clore_la_seance,
    declarer_deport,
    est_avant_son_jour,
    ouvrir_la_seance,
    pointer,
    produire_le_proces_verbal,
)

__all__ = [
    "CaseChangee",
    "CasesTenues",
    "Decision",
    "DecisionReprise",
    "Membre",
    "Objet",
    "Voix",
    "amender",
    "annexer",
    "annuler_la_seance",
    "clore_la_seance",
    "convoquer",
    "decider",
    "declarer_deport",
    "deplacer_la_seance",
    "ecrire_les_montants",
    "enregistrer_deliberation",
    "est_avant_son_jour",
    "garder_les_colonnes",
    "inscrire",
    "joindre_l_acte_signe",
    "modifier_enveloppe",
    "noter",
    "ouvrir_enveloppe",
    "ouvrir_la_seance",
    "ouvrir_un_scenario",
    "ouvrir_un_scenario_propose",
    "partager",
    "pointer",
    "prendre_effet",
    "presents_votants",
    "produire_le_proces_verbal",
    "proposer",
    "quorum_perdu",
    "rendre_prive",
    "repartir",
    "reprendre_une_decision",
    "retenir",
    "retenir_taux",
    "retirer_la_proposition",
    "valider_critere",
    "verifier_le_taux",
    "virer",
]
