"""Ce qu'une séance change d'un dossier avant de le décider, et les voix qu'elle compte en décidant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from ensemblier.dossiers.models import Demande
from ensemblier.instruction.droits import PILOTE, exiger_role
from ensemblier.interface.formats import INSECABLE, accord
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.noyau.montants import en_francais, euros
from ensemblier.programmation.actes.propositions import proposer
from ensemblier.programmation.actes.seances import RAISON, exiger_ouverte
from ensemblier.programmation.models import Amendement, Inscription
from ensemblier.registre.actes import ActeBloque, verrouiller


@dataclass(frozen=True, slots=True)
class Voix:
    """Les voix comptées sur une décision, à main levée ; qui n'y est pas n'a pas pris part au vote."""

    pour: int
    contre: int = 0
    abstentions: int = 0

    @property
    def total(self) -> int:
        return self.pour + self.contre + self.abstentions


def fautes_du_vote(voix: Voix, *, votants: int, motif: str) -> Iterator[str]:
    """Ce qui empêche de décider sur ces voix ; `votants` : les présents qui votent, déports ôtés (B10)."""
    if min(voix.pour, voix.contre, voix.abstentions) < 0:
        yield "Une voix ne se compte pas en négatif. Corrigez le vote."
    if voix.total > votants:
        yield (
            f"Le vote compte {accord(voix.total, 'voix', 'voix')}, pour "
            f"{accord(votants, 'présent qui vote', 'présents qui votent')} sur ce dossier, déports ôtés. "
            "Recomptez, ou notez les présents."
        )
    if not voix.total:
        yield "Le vote n'a aucune voix. Comptez-les, ou laissez le vote vide s'il n'y en a pas eu."
    elif voix.contre > voix.pour:
        yield (
            f"{voix.contre} contre, {voix.pour} pour{INSECABLE}: cette décision n'est pas adoptée. "
            "Enregistrez celle que la séance a prise."
        )
    elif voix.contre == voix.pour and not motif.strip():
        yield (
            f"Les voix sont partagées, {voix.pour} contre {voix.contre}{INSECABLE}: écrivez en motif ce qui "
            "départage, par exemple la voix prépondérante de la présidence."
        )


@transaction.atomic
def amender(
    inscription: Inscription,
    demande: Demande,
    *,
    montant: Decimal,
    motif: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> None:
    """La séance change le montant proposé d'un volet, au plus l'attribuable (K6) ; la raison va au PV.

    Le même montant, renvoyé, n'écrit rien (T09).
    """
    exiger_role(roles, PILOTE, "Changer un montant en séance")
    exiger_amendable(inscription)
    if demande.dossier_id != inscription.dossier_id:
        raise ActeBloque("Ce volet n'est pas du dossier examiné. Rechargez la page.")
    demande.refresh_from_db(fields=("propose", "etat"))
    avant, apres = demande.propose, euros(montant)
    if avant == apres:
        return
    raison = exiger_la_raison(motif)
    proposer(demande, montant=apres, motif=raison, par=par, le=le)
    ecrire(
        inscription, objet=demande.financeur.sigle, avant=en_francais(avant) if avant is not None else "rien",
        apres=en_francais(apres), motif=raison, par=par, le=le,
    )  # fmt: skip


def exiger_amendable(inscription: Inscription) -> None:
    """Prend les verrous, séance puis dossier ; la séance est ouverte, et le dossier pas encore décidé."""
    verrouiller(inscription.seance.racine())
    verrouiller(inscription.dossier.racine())
    exiger_ouverte(inscription.seance)
    inscription.refresh_from_db(fields=("decision",))
    if inscription.decision:
        raise ActeBloque("Ce dossier est déjà décidé dans cette séance. Une autre séance peut y revenir.")


def exiger_la_raison(motif: str) -> str:
    if not motif.strip():
        raise ActeBloque("La raison du changement manque : elle va au procès-verbal. Écrivez-la.")
    return motif.strip()[:RAISON]


def ecrire(
    inscription: Inscription, *, objet: str, avant: str, apres: str, motif: str, par: Acteur, le: datetime
) -> None:
    Amendement.objects.create(
        inscription=inscription, objet=objet[:80], avant=avant[:40], apres=apres[:40], motif=motif,
        par=par.signature[:200], le=le,
    )  # fmt: skip
