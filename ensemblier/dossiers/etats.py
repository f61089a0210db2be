"""Deux tables : le dossier, qui lie le porteur ; la demande, volet de chaque financeur (§C.4)."""

from collections.abc import Iterable

from ensemblier.noyau.machine import Machine, Role, Transition

BROUILLON, DEPOSE, A_COMPLETER = "brouillon", "depose", "a_completer"
RECEVABLE, IRRECEVABLE = "recevable", "irrecevable"
DECIDE, CLOS, RETIRE = "decide", "clos", "retire"

_SIGNATAIRE = frozenset({Role.SIGNATAIRE})
_PORTEUR = frozenset({Role.REDACTEUR, Role.SIGNATAIRE})
_PILOTE = frozenset({Role.INSTRUCTEUR, Role.RESPONSABLE})
_SYSTEME = frozenset({Role.SYSTEME})

DOSSIER = Machine(
    nom="dossier",
    initial=BROUILLON,
    etats={
        BROUILLON: ("À terminer", "Brouillon"),
        DEPOSE: ("Déposé", "À vérifier"),
        A_COMPLETER: ("À compléter", "Incomplet"),
        RECEVABLE: ("En cours d'examen", "Recevable"),
        IRRECEVABLE: ("Ne peut pas être examiné", "Irrecevable"),
        DECIDE: ("Décision rendue", "Décidé"),
        CLOS: ("Terminé", "Clos"),
        RETIRE: ("Retiré", "Retiré"),
    },
    transitions=(
        Transition(
            "deposer",
            (BROUILLON,),
            DEPOSE,
            _SIGNATAIRE,
            "Déposer le dossier",
            "dossiers",
            fait="Dossier déposé",
        ),
        Transition(
            "demander_complements",
            (DEPOSE,),
            A_COMPLETER,
            _PILOTE,
            "Demander des pièces",
            "instruction",
            True,
            fait="Pièces ou réponses demandées",
        ),
        Transition(
            "completer",
            (A_COMPLETER,),
            DEPOSE,
            _PORTEUR,
            "Envoyer les pièces demandées",
            "instruction",
            fait="Réponse envoyée au service",
        ),
        Transition(
            "declarer_recevable",
            (DEPOSE, A_COMPLETER),
            RECEVABLE,
            _PILOTE,
            "Déclarer recevable",
            "instruction",
            fait="Dossier recevable",
        ),
        Transition(
            "declarer_irrecevable",
            (DEPOSE, A_COMPLETER),
            IRRECEVABLE,
            _PILOTE,
            "Déclarer irrecevable",
            "instruction",
            True,
            fait="Dossier irrecevable",
        ),
        Transition(
            "decider", (RECEVABLE,), DECIDE, _SYSTEME, "Tous les volets sont décidés", "programmation"
        ),
        Transition(
            "clore",
            (DECIDE, IRRECEVABLE, RETIRE),
            CLOS,
            _PILOTE | _SYSTEME,
            "Clore le dossier",
            "bilans",
            fait="Dossier clos",
        ),
        Transition(
            "retirer",
            (BROUILLON, DEPOSE, A_COMPLETER, RECEVABLE),
            RETIRE,
            _SIGNATAIRE,
            "Retirer le dossier",
            "dossiers",
            True,
            fait="Dossier retiré",
        ),
    ),
)

SOLLICITEE, PRISE_EN_CHARGE = "sollicitee", "prise_en_charge"
VOLET_RECEVABLE, NON_RECEVABLE = "recevable", "non_recevable"
PROPOSEE, PROGRAMMEE, EN_ATTENTE, ECARTEE = "proposee", "programmee", "en_attente", "ecartee"
VOTEE, REFUSEE, NOTIFIEE, REFUS_NOTIFIE = "votee", "refusee", "notifiee", "refus_notifie"
CONVENTIONNEE, ACOMPTE_VERSE, VERSEE = "conventionnee", "acompte_verse", "versee"
JUSTIFIEE, SOLDEE, A_REVERSER, REVERSEE = "justifiee", "soldee", "a_reverser", "reversee"
ABANDONNEE = "abandonnee"

_AGENT = frozenset({Role.AGENT_FINANCEUR})
_COMITE = frozenset({Role.INSTRUCTEUR, Role.RESPONSABLE})
_FINANCES = frozenset({Role.FINANCES})
_AVANT_VOTE = (
    SOLLICITEE,
    PRISE_EN_CHARGE,
    VOLET_RECEVABLE,
    NON_RECEVABLE,
    PROPOSEE,
    PROGRAMMEE,
    EN_ATTENTE,
    ECARTEE,
)

DEMANDE = Machine(
    nom="demande",
    initial=SOLLICITEE,
    etats={
        SOLLICITEE: ("Demandé", "Demandé"),
        PRISE_EN_CHARGE: ("En cours d'examen", "Pris en charge"),
        VOLET_RECEVABLE: ("En cours d'examen", "Recevable"),
        NON_RECEVABLE: ("En cours d'examen", "Non recevable"),
        PROPOSEE: ("En cours d'examen", "Proposé"),
        PROGRAMMEE: ("En cours d'examen", "Programmé"),
        EN_ATTENTE: ("En cours d'examen", "Liste d'attente"),
        ECARTEE: ("En cours d'examen", "Écarté"),
        VOTEE: ("Aide accordée, lettre à venir", "Voté"),
        REFUSEE: ("Non retenu, lettre à venir", "Refusé"),
        NOTIFIEE: ("Aide accordée, lettre envoyée", "Notifié"),
        REFUS_NOTIFIE: ("Non retenu, avec le motif", "Refus notifié"),
        CONVENTIONNEE: ("Convention signée", "Conventionné"),
        ACOMPTE_VERSE: ("1er versement fait", "Acompte versé"),
        VERSEE: ("Aide versée", "Versé"),
        JUSTIFIEE: ("Bilan accepté", "Justifié"),
        SOLDEE: ("Terminé", "Soldé"),
        A_REVERSER: ("Somme à rendre, échanges en cours", "Reversement"),
        REVERSEE: ("Terminé, somme rendue", "Reversé"),
        ABANDONNEE: ("Retirée", "Abandonné"),
    },
    transitions=(
        Transition(
            "prendre_en_charge",
            (SOLLICITEE,),
            PRISE_EN_CHARGE,
            _AGENT,
            "Prendre en charge",
            "instruction",
            fait="Volet pris en charge",
        ),
        Transition(
            "recevoir",
            (SOLLICITEE, PRISE_EN_CHARGE),
            VOLET_RECEVABLE,
            _AGENT,
            "Juger le volet recevable",
            "instruction",
            fait="Volet recevable",
        ),
        Transition(
            "ne_pas_recevoir",
            (SOLLICITEE, PRISE_EN_CHARGE),
            NON_RECEVABLE,
            _AGENT,
            "Juger le volet non recevable",
            "instruction",
            True,
            fait="Volet non recevable",
        ),
        Transition(
            "proposer",
            (SOLLICITEE, PRISE_EN_CHARGE, VOLET_RECEVABLE, PROPOSEE, EN_ATTENTE),
            PROPOSEE,
            _AGENT | _COMITE,
            "Proposer un montant",
            "programmation",
            fait="Montant proposé",
        ),
        Transition(
            "retirer_la_proposition",
            (PROPOSEE,),
            PRISE_EN_CHARGE,
            _AGENT,
            "Retirer la proposition",
            "programmation",
            fait="Proposition retirée",
        ),
        Transition(
            "programmer",
            (PROPOSEE, EN_ATTENTE),
            PROGRAMMEE,
            _COMITE,
            "Retenir en séance",
            "programmation",
            fait="Retenu en séance",
        ),
        Transition(
            "mettre_en_attente",
            (PROPOSEE,),
            EN_ATTENTE,
            _COMITE,
            "Mettre en liste d'attente",
            "programmation",
            True,
            fait="Mis en liste d'attente",
        ),
        Transition(
            "ecarter",
            (SOLLICITEE, PRISE_EN_CHARGE, VOLET_RECEVABLE, PROPOSEE, EN_ATTENTE),
            ECARTEE,
            _COMITE,
            "Écarter en séance",
            "programmation",
            True,
            fait="Écarté en séance",
        ),
        Transition(
            "voter",
            (PROGRAMMEE,),
            VOTEE,
            _AGENT,
            "Enregistrer l'accord voté",
            "programmation",
            fait="Accord voté",
        ),
        Transition(
            "refuser",
            (PROGRAMMEE, ECARTEE, EN_ATTENTE, NON_RECEVABLE),
            REFUSEE,
            _AGENT,
            "Enregistrer le refus",
            "programmation",
            True,
            fait="Refus voté",
        ),
        Transition(
            "notifier", (VOTEE,), NOTIFIEE, _AGENT, "Notifier l'accord", "conventions", fait="Accord notifié"
        ),
        Transition(
            "notifier_refus",
            (REFUSEE,),
            REFUS_NOTIFIE,
            _AGENT,
            "Notifier le refus",
            "conventions",
            fait="Refus notifié",
        ),
        Transition("conventionner", (NOTIFIEE,), CONVENTIONNEE, _AGENT, "Convention signée", "conventions"),
        Transition(
            "verser_acompte",
            (NOTIFIEE, CONVENTIONNEE),
            ACOMPTE_VERSE,
            _FINANCES,
            "Verser l'acompte",
            "conventions",
            fait="Acompte versé",
        ),
        Transition(
            "verser_en_une_fois",
            (NOTIFIEE, CONVENTIONNEE),
            VERSEE,
            _FINANCES,
            "Verser en une fois",
            "conventions",
            fait="Versement fait en une fois",
        ),
        Transition(
            "justifier",
            (NOTIFIEE, CONVENTIONNEE, ACOMPTE_VERSE, VERSEE),
            JUSTIFIEE,
            _COMITE,
            "Accepter le bilan",
            "bilans",
            fait="Bilan accepté",
        ),
        Transition(
            "solder",
            (JUSTIFIEE, A_REVERSER),
            SOLDEE,
            _FINANCES | frozenset({Role.SYSTEME}),
            "Solder",
            "bilans",
            fait="Aide soldée",
        ),
        Transition(
            "reclamer",
            (JUSTIFIEE,),
            A_REVERSER,
            _AGENT,
            "Demander un reversement",
            "bilans",
            fait="Reversement demandé",
        ),
        Transition(
            "encaisser",
            (A_REVERSER,),
            REVERSEE,
            _FINANCES,
            "Constater le reversement",
            "bilans",
            fait="Reversement reçu",
        ),
        Transition(
            "abandonner",
            _AVANT_VOTE,
            ABANDONNEE,
            _SIGNATAIRE,
            "Abandonner la demande",
            "dossiers",
            True,
            fait="Demande abandonnée",
        ),
    ),
)

DECISIONS = (
    REFUSEE,
    VOTEE,
    NOTIFIEE,
    REFUS_NOTIFIE,
    CONVENTIONNEE,
    ACOMPTE_VERSE,
    VERSEE,
    JUSTIFIEE,
    SOLDEE,
    A_REVERSER,
    REVERSEE,
)
ACCORDS = tuple(etat for etat in DECISIONS if etat not in (REFUSEE, REFUS_NOTIFIE))
APRES_LETTRE = (NOTIFIEE, CONVENTIONNEE, ACOMPTE_VERSE, VERSEE)
"""Un accord qui a créé des droits, avant le bilan jugé : un avenant peut en changer le montant."""
PERDUS = (ABANDONNEE, ECARTEE, NON_RECEVABLE, REFUSEE, REFUS_NOTIFIE)
"""Les volets qui ne financeront pas l'action."""
TERMINEES = (REFUS_NOTIFIE, SOLDEE, REVERSEE, ABANDONNEE)

_RANG = {etat: rang for rang, etat in enumerate(DEMANDE.etats)}


def etape(etat: str, volets: Iterable[str]) -> str:
    """Le résumé d'un dossier : son état, puis, une fois jugé recevable, son volet le moins avancé.

    Un volet abandonné ne compte pas ; un refus ne compte que si tous les volets sont refusés (§C.4).
    """
    if etat not in (RECEVABLE, DECIDE):
        return etat
    vivants = [v for v in volets if v != ABANDONNEE]
    accords = [v for v in vivants if v not in (REFUSEE, REFUS_NOTIFIE)]
    return min(accords or vivants, key=_RANG.__getitem__, default=etat)
