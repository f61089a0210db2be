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

EN_VIGUEUR = "en_vigueur"

ENVELOPPE = Machine(
    nom="enveloppe", initial=EN_VIGUEUR, etats={EN_VIGUEUR: ("En vigueur", "En vigueur")}, transitions=()
)
