"""De la recevabilité au vote : instruction, propositions, séance, délibérations."""

from __future__ import annotations

from datetime import timedelta

from ensemblier.demonstration.recit import Cas, Recit
from ensemblier.dossiers import actes as dossiers
from ensemblier.dossiers.corrections import Demandee
from ensemblier.dossiers.droits import roles
from ensemblier.instruction import actes as instruction
from ensemblier.noyau.machine import Role
from ensemblier.programmation import actes as programmation
from ensemblier.programmation.actes import Decision, Membre
from ensemblier.programmation.models import Inscription, Seance

PILOTE = {Role.INSTRUCTEUR}
SEANCE_DECIDE = ("attente", "refus")
REFUS = "L'action double un service existant du quartier."
DEMANDE = "Bonjour,\n\nLa banque édite le relevé lundi. Pouvons-nous l'envoyer mardi ?"
REPONSE = "Bonjour,\n\nMardi convient. Joignez-le dans « Pièces », puis envoyez votre réponse."
QUALIFICATIONS = {
    "habitants": "Deux habitants du quartier co-animent le comité de suivi.",
    "operateurs": "L'Étoile filante a confirmé sa part et mène un atelier sur deux.",
}
NOTES = {"ciblage": 4, "pilier": 3, "participation": 3}
BAISSES = {"attente": 5, "refus": 8}


def juger_la_recevabilite(recit: Recit) -> None:
    """Complétude puis recevabilité ; trois dossiers s'arrêtent là, chacun à sa façon."""
    par, le = recit.acteur("benoit", "recevable"), recit.le("recevable")
    for cas in recit.cas:
        if cas.issue == "a_completer":
            instruction.demander_complements(
                cas.dossier, pieces=["rib"], par=par, roles=PILOTE, le=le,
                message="Il manque le relevé d'identité bancaire au nom de l'association.",
                corrections=[Demandee("evaluation", "preciser", "Dites qui compte les présents, et quand.")],
            )  # fmt: skip
            _s_ecrire(recit, cas)
        elif cas.issue == "irrecevable":
            motif = "L'action est déjà payée par un marché public."
            instruction.declarer_irrecevable(cas.dossier, motif=motif, par=par, roles=PILOTE, le=le)
        elif cas.issue == "retire":
            porteur = recit.porteur(cas, "recevable")
            motif = "L'animatrice a quitté l'association."
            dossiers.retirer(cas.dossier, motif=motif, par=porteur, roles=roles(porteur, cas.dossier), le=le)
        elif cas.atteint("recevable"):
            for piece in cas.dossier.pieces.all():
                instruction.valider_piece(piece, par=par, roles=PILOTE, le=le)
            instruction.declarer_complet(cas.dossier, par=par, roles=PILOTE, le=le)
            instruction.declarer_recevable(cas.dossier, par=par, roles=PILOTE, le=le)
            for critere in cas.dossier.criteres.filter(est_declare=True):
                instruction.qualifier_critere(
                    critere, est_qualifie=True, par=par, roles=PILOTE, le=le,
                    qualification=QUALIFICATIONS[critere.code],
                )  # fmt: skip
            cas.dossier.refresh_from_db()


def _s_ecrire(recit: Recit, cas: Cas) -> None:
    """Le porteur demande du temps, le service répond : un fil déjà commencé."""
    porteur, service, le = (
        recit.porteur(cas, "recevable"),
        recit.acteur("benoit", "recevable"),
        recit.le("recevable"),
    )
    for rang, (par, texte) in enumerate(((porteur, DEMANDE), (service, REPONSE))):
        dossiers.ecrire_message(
            cas.dossier, texte=texte, cle=f"demonstration-{cas.dossier.numero}-{rang}", par=par,
            roles=roles(par, cas.dossier), le=le + timedelta(hours=1 + rang),
        )  # fmt: skip


def instruire_et_proposer(recit: Recit) -> None:
    """Chaque financeur écrit sa seule ligne : avis, puis montant."""
    le = recit.le("propose")
    for cas in recit.a("propose"):
        for demande in cas.dossier.demandes.select_related("financeur", "dossier__organisme"):
            par = recit.agent(demande.financeur.code, "propose")
            instruction.prendre_en_charge(demande, par=par, le=le)
            instruction.recevoir(demande, par=par, le=le)
            if not recit.est_multifinanceur:
                _donner_son_avis(recit, cas, demande, "propose")
            programmation.proposer(demande, montant=demande.demande, par=par, le=le)


def _donner_son_avis(recit: Recit, cas: Cas, demande, etape: str) -> None:
    instruction.rendre_avis(
        cas.dossier, demande.financeur, sens="favorable", par=recit.agent(demande.financeur.code, etape),
        motif="Action attendue dans le quartier, budget sobre.", le=recit.le(etape),
    )  # fmt: skip


def convoquer(recit: Recit, *, type_: str, titre: str, cas: list[Cas]) -> Seance:
    """Convoque la séance ; Henri, trésorier d'une association, y est déporté d'office (B10)."""
    convoquee_le = recit.le("propose", 18)
    membres = [
        Membre(recit.comptes["elise"], "conseillère communautaire, préside"),
        Membre(recit.comptes["henri"], "conseiller communautaire"),
    ]
    return programmation.convoquer(
        recit.appel, type=type_, titre=titre, seance_le=recit.le("programme", 14), lieu="Salle du Conseil",
        quorum=1, membres=membres, dossiers=[c.dossier for c in cas], par=recit.acteur("benoit", "propose"),
        roles=PILOTE, le=convoquee_le,
    )  # fmt: skip


def tenir_la_seance(recit: Recit, *, type_: str, titre: str) -> None:
    """Ouvre, pointe, note, décide et clôt : retenu, liste d'attente ou écarté."""
    inscrits = [c for c in recit.a("propose") if c.atteint("programme") or c.issue in SEANCE_DECIDE]
    seance = convoquer(recit, type_=type_, titre=titre, cas=inscrits)
    par, le = recit.acteur("benoit", "programme"), recit.le("programme", 14)
    programmation.ouvrir_la_seance(seance, par=par, roles=PILOTE, le=le)
    for membre in seance.participants.all():
        programmation.pointer(membre, est_present=True, par=par, roles=PILOTE, le=le)
    for rang, cas in enumerate(inscrits):
        inscription = seance.inscriptions.select_related("dossier", "seance").get(dossier=cas.dossier)
        noter(recit, inscription, BAISSES.get(cas.issue, rang % 4))
        _decider(recit, cas, inscription)
    programmation.clore_la_seance(seance, par=par, roles=PILOTE, le=recit.le("programme", 17))


def noter(recit: Recit, inscription: Inscription, baisse: int) -> None:
    """Élise note ; `baisse` : combien de critères perdent un point, pour un classement qui se lit."""
    grille = recit.appel.regles().grille
    if grille is None or inscription.seance.type != Seance.Type.JURY:
        return
    for rang, critere in enumerate(grille.criteres):
        valeur = NOTES.get(critere.code, 3) - (rang < baisse)
        programmation.noter(
            inscription, recit.comptes["elise"], critere=critere.code, valeur=valeur,
            par=recit.acteur("elise", "programme"), le=recit.le("programme", 15),
        )  # fmt: skip


def _decider(recit: Recit, cas: Cas, inscription: Inscription) -> None:
    par, le = recit.acteur("benoit", "programme"), recit.le("programme", 16)
    decision, motif = {
        "attente": ("liste_attente", "Action utile, crédits épuisés pour l'instant."),
        "refus": ("ecarte", REFUS),
    }.get(cas.issue, ("retenu", ""))
    programmation.decider(inscription, decision=decision, motif=motif, par=par, roles=PILOTE, le=le)


def voter(recit: Recit, *, numero: str) -> None:
    """Une délibération par financeur : elle vote, ou refuse avec le motif ; en AAP, après l'instruction."""
    decides = [c for c in recit.a("vote") if c.issue != "attente"]
    par_financeur: dict[str, list[Decision]] = {}
    financeurs = {}
    for cas in decides:
        for demande in cas.dossier.demandes.select_related(
            "financeur", "dossier__organisme", "dossier__appel"
        ):
            financeur = demande.financeur
            financeurs[financeur.code] = financeur
            if recit.est_multifinanceur:
                _donner_son_avis(recit, cas, demande, "vote")
            if financeur.code == "REGION":
                instruction.enregistrer_depot(
                    demande, reference=f"PAS-{demande.pk:06d}", depot_le=recit.jours["propose"],
                    par=recit.agent("REGION", "vote"), le=recit.le("vote", 8),
                )  # fmt: skip
            refus = "L'action double un service existant du quartier."
            decision = (
                Decision(demande, None, refus) if cas.issue == "refus" else Decision(demande, demande.propose)
            )
            par_financeur.setdefault(financeur.code, []).append(decision)
    for rang, (code, decisions) in enumerate(sorted(par_financeur.items())):
        programmation.enregistrer_deliberation(
            financeurs[code], recit.appel, numero=f"{numero}-{rang + 1:02d}", votee_le=recit.jours["vote"],
            decisions=decisions, par=recit.agent(code, "vote"), le=recit.le("vote", 18),
        )  # fmt: skip
    for cas in decides:
        cas.dossier.refresh_from_db()
