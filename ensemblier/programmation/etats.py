"""La table d'une séance ; une enveloppe n'a qu'un état, ses montants se consignent."""

from ensemblier.noyau.machine import Machine, Role, Transition

CONVOQUEE, OUVERTE, CLOSE, ANNULEE = "convoquee", "ouverte", "close", "annulee"
_PILOTE = frozenset({Role.INSTRUCTEUR, Role.RESPONSABLE})

SEANCE = Machine(
    nom="seance",
    initial=CONVOQUEE,
    etats={
        CONVOQUEE: ("Convoquée", "Convoquée"),
        OUVERTE: ("Ouverte", "Ouverte"),
        CLOSE: ("Close", "Close"),
        ANNULEE: ("Annulée", "Annulée"),
    },
    transitions=(
        Transition(
            "ouvrir_la_seance",
            (CONVOQUEE,),
            OUVERTE,
            _PILOTE,
            "Ouvrir la séance",
            "programmation",
            fait="Séance ouverte",
        ),
        Transition(
            "clore_la_seance",
            (OUVERTE,),
            CLOSE,
            _PILOTE,
            "Clore la séance",
            "programmation",
            fait="Séance close",
        ),
        Transition(
            "annuler_la_seance",
            (CONVOQUEE,),
            ANNULEE,
            _PILOTE,
            "Annuler la convocation",
            "programmation",
            True,
            fait="Convocation annulée",
        ),
    ),
)

PRIVE, PARTAGE, RETENU = "prive", "partage", "retenu"
_FINANCEURS = frozenset({Role.AGENT_FINANCEUR, Role.REFERENT_COMMUNAL})

SCENARIO = Machine(
    nom="scenario",
    initial=PRIVE,
    etats={PRIVE: ("Privé", "Privé"), PARTAGE: ("Partagé", "Partagé"), RETENU: ("Retenu", "Retenu")},
    transitions=(
        Transition(
            "partager_le_scenario",
            (PRIVE,),
            PARTAGE,
            _PILOTE | _FINANCEURS,
            "Partager le scénario",
            "programmation",
            fait="Scénario partagé",
        ),
        Transition(
            "rendre_prive",
            (PARTAGE,),
            PRIVE,
            _PILOTE | _FINANCEURS,
            "Ne plus partager le scénario",
            "programmation",
            fait="Scénario redevenu privé",
        ),
        Transition(
            "retenir_le_scenario",
            (PRIVE, PARTAGE),
            RETENU,
            _PILOTE,
            "Retenir le scénario",
            "programmation",
            fait="Scénario retenu",
        ),
        Transition(
            "remplacer_le_scenario",
            (RETENU,),
            PARTAGE,
            _PILOTE,
            "Remplacer le scénario retenu",
            "programmation",
            fait="Remplacé par un autre scénario",
        ),
    ),
)

EN_VIGUEUR = "en_vigueur"

ENVELOPPE = Machine(
    nom="enveloppe", initial=EN_VIGUEUR, etats={EN_VIGUEUR: ("En vigueur", "En vigueur")}, transitions=()
)
