"""La table d'un appel."""

from ensemblier.noyau.machine import Machine, Role, Transition

BROUILLON, PUBLIE, CLOS = "brouillon", "publie", "clos"
_RESPONSABLE = frozenset({Role.RESPONSABLE})

APPEL = Machine(
    nom="appel",
    initial=BROUILLON,
    etats={
        BROUILLON: ("En préparation", "Brouillon"),
        PUBLIE: ("Publié", "Publié"),
        CLOS: ("Clos", "Clos"),
    },
    transitions=(
        Transition(
            "publier", (BROUILLON,), PUBLIE, _RESPONSABLE, "Publier l'appel", "appels", fait="Appel publié"
        ),
        Transition(
            "rectifier",
            (PUBLIE,),
            PUBLIE,
            _RESPONSABLE,
            "Publier une rectification",
            "appels",
            motif_requis=True,
            fait="Rectification publiée",
        ),
        Transition(
            "clore",
            (PUBLIE,),
            CLOS,
            _RESPONSABLE,
            "Clore l'appel",
            "appels",
            motif_requis=True,
            fait="Appel clos",
        ),
    ),
)
