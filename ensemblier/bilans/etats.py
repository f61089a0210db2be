"""Les tables d'un bilan et d'un reversement."""

from ensemblier.noyau.machine import Machine, Role, Transition

ATTENDU, DEPOSE, A_CORRIGER, VALIDE = "attendu", "depose", "a_corriger", "valide"
PROJET, DECIDE, ENCAISSE, ABANDONNE = "projet", "decide", "encaisse", "abandonne"
_SIGNATAIRE = frozenset({Role.SIGNATAIRE})
_PILOTE = frozenset({Role.INSTRUCTEUR, Role.RESPONSABLE})
_AGENT = frozenset({Role.AGENT_FINANCEUR})

BILAN = Machine(
    nom="bilan",
    initial=ATTENDU,
    etats={
        ATTENDU: ("Bilan à faire", "Bilan attendu"),
        DEPOSE: ("Bilan envoyé", "Bilan à valider"),
        A_CORRIGER: ("Bilan à corriger", "Bilan à corriger"),
        VALIDE: ("Bilan accepté", "Bilan validé"),
    },
    transitions=(
        Transition(
            "deposer_bilan",
            (ATTENDU, A_CORRIGER),
            DEPOSE,
            _SIGNATAIRE,
            "Envoyer le bilan",
            "bilans",
            fait="Bilan envoyé",
        ),
        Transition(
            "faire_corriger",
            (DEPOSE,),
            A_CORRIGER,
            _PILOTE,
            "Demander une correction",
            "bilans",
            True,
            fait="Correction du bilan demandée",
        ),
        Transition("valider", (DEPOSE,), VALIDE, _PILOTE, "Valider le bilan", "bilans", fait="Bilan validé"),
    ),
)

REVERSEMENT = Machine(
    nom="reversement",
    initial=PROJET,
    etats={
        PROJET: ("Projet de reversement : vous pouvez répondre", "Contradictoire en cours"),
        DECIDE: ("Somme à rendre", "Titre à émettre"),
        ENCAISSE: ("Somme rendue", "Encaissé"),
        ABANDONNE: ("Reversement abandonné", "Abandonné"),
    },
    transitions=(
        Transition(
            "decider_reversement",
            (PROJET,),
            DECIDE,
            _AGENT,
            "Décider le reversement",
            "bilans",
            True,
            fait="Reversement décidé",
        ),
        Transition(
            "abandonner_reversement",
            (PROJET,),
            ABANDONNE,
            _AGENT,
            "Abandonner le reversement",
            "bilans",
            True,
            fait="Reversement abandonné",
        ),
        Transition(
            "encaisser_reversement",
            (DECIDE,),
            ENCAISSE,
            frozenset({Role.FINANCES}),
            "Constater l'encaissement",
            "bilans",
            fait="Reversement encaissé",
        ),
    ),
)
