"""Les tables d'une convention et d'un versement."""

from ensemblier.noyau.machine import Machine, Role, Transition

A_SIGNER, SIGNEE_PORTEUR, SIGNEE = "a_signer", "signee_porteur", "signee"
EN_VIGUEUR = "en_vigueur"
PREPARE, CERTIFIE, PAYE, ANNULE = "prepare", "certifie", "paye", "annule"
_AGENT = frozenset({Role.AGENT_FINANCEUR})
_FINANCES = frozenset({Role.FINANCES})

CONVENTION = Machine(
    nom="convention",
    initial=A_SIGNER,
    etats={
        A_SIGNER: ("Convention à signer", "À signer par le porteur"),
        SIGNEE_PORTEUR: ("Signée par vous, en attente de l'autre partie", "À signer par le financeur"),
        SIGNEE: ("Convention signée", "Signée des deux parties"),
    },
    transitions=(
        Transition(
            "signer_porteur",
            (A_SIGNER,),
            SIGNEE_PORTEUR,
            frozenset({Role.SIGNATAIRE}),
            "Signer la convention",
            "conventions",
            fait="Convention signée par le porteur",
        ),
        Transition(
            "signer_financeur",
            (SIGNEE_PORTEUR,),
            SIGNEE,
            _AGENT,
            "Contresigner la convention",
            "conventions",
            fait="Convention signée par le financeur",
        ),
    ),
)

AVENANT = Machine(
    nom="avenant",
    initial=A_SIGNER,
    etats={
        A_SIGNER: ("Avenant à signer", "À signer par le porteur"),
        SIGNEE_PORTEUR: ("Signé par vous, en attente de l'autre partie", "À signer par le financeur"),
        EN_VIGUEUR: ("Avenant en vigueur", "En vigueur"),
    },
    transitions=(
        Transition(
            "prendre_effet",
            (A_SIGNER,),
            EN_VIGUEUR,
            _AGENT,
            "Sans convention signée, la lettre suffit",
            "conventions",
        ),
        Transition(
            "signer_porteur",
            (A_SIGNER,),
            SIGNEE_PORTEUR,
            frozenset({Role.SIGNATAIRE}),
            "Signer l'avenant",
            "conventions",
            fait="Avenant signé par le porteur",
        ),
        Transition(
            "signer_financeur",
            (SIGNEE_PORTEUR,),
            EN_VIGUEUR,
            _AGENT,
            "Contresigner l'avenant",
            "conventions",
            fait="Avenant signé par le financeur",
        ),
    ),
)

VERSEMENT = Machine(
    nom="versement",
    initial=PREPARE,
    etats={
        PREPARE: ("Paiement en préparation", "À certifier"),
        CERTIFIE: ("Paiement en préparation", "Certifié"),
        PAYE: ("Versé", "Payé"),
        ANNULE: ("Annulé", "Annulé"),
    },
    transitions=(
        Transition(
            "certifier",
            (PREPARE,),
            CERTIFIE,
            _FINANCES,
            "Certifier le service fait",
            "conventions",
            fait="Service fait certifié",
        ),
        Transition(
            "payer",
            (CERTIFIE,),
            PAYE,
            _FINANCES,
            "Constater le paiement",
            "conventions",
            fait="Paiement constaté",
        ),
        Transition(
            "constater",
            (PREPARE,),
            PAYE,
            _FINANCES,
            "Constater un paiement fait ailleurs",
            "conventions",
            fait="Paiement fait ailleurs constaté",
        ),
        Transition(
            "annuler",
            (PREPARE, CERTIFIE),
            ANNULE,
            _FINANCES,
            "Annuler le versement",
            "conventions",
            True,
            fait="Versement annulé",
        ),
    ),
)
