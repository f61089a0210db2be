"""La table d'une séance."""

from ensemblier.noyau.machine import Machine, Role, Transition

CONVOQUEE, OUVERTE, CLOSE = "convoquee", "ouverte", "close"
_PILOTE = frozenset({Role.INSTRUCTEUR, Role.RESPONSABLE})

SEANCE = Machine(
    nom="seance",
    initial=CONVOQUEE,
    etats={
        CONVOQUEE: ("Convoquée", "Convoquée"),
        OUVERTE: ("Ouverte", "Ouverte"),
        CLOSE: ("Close", "Close"),
    },
    transitions=(
        Transition("ouvrir_la_seance", (CONVOQUEE,), OUVERTE, _PILOTE, "Ouvrir la séance", "programmation"),
        Transition("clore_la_seance", (OUVERTE,), CLOSE, _PILOTE, "Clore la séance", "programmation"),
    ),
)
