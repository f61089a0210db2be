"""Ce qui se dépose ailleurs qu'ici, par guichet : à faire, plus tard, ou fait (R55, R61, S71).

Le règlement dit les guichets ; le dossier et ses volets gardent les références : rien ne se tient deux fois.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from ensemblier.dossiers.etats import (
    CLOS,
    EN_ATTENTE,
    IRRECEVABLE,
    PERDUS,
    PRISE_EN_CHARGE,
    RETIRE,
    SOLLICITEE,
    VOLET_RECEVABLE,
)
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.packs import Appel, Guichet
from ensemblier.noyau.packs.guichets import NUMERO, PIECE, SELECTION

FAIT, A_FAIRE, PLUS_TARD = "fait", "a_faire", "plus_tard"
AVANT_SELECTION = (SOLLICITEE, PRISE_EN_CHARGE, VOLET_RECEVABLE, EN_ATTENTE)
"""Un volet que son financeur n'a pas encore retenu ; proposé, il l'est (R55, domaine §C.4)."""
FINIS = (CLOS, IRRECEVABLE, RETIRE)
"""Un dossier où plus rien ne se dépose : seul ce qui est fait se lit encore."""


@dataclass(frozen=True, slots=True)
class Depot:
    """Un dépôt attendu à un guichet ; `demande` : le volet qui en garde la référence, `pour` : son nom."""

    guichet: Guichet
    etat: str
    reference: str = ""
    le: date | None = None
    pour: str = ""
    demande: int | None = None

    @property
    def ou(self) -> str:
        return self.guichet.nom

    @property
    def quoi(self) -> str:
        """Ce qu'il faut y faire, à l'infinitif ; « après la sélection » quand c'est alors."""
        return (
            f"après la sélection, {self.guichet.quoi}"
            if self.guichet.quand == SELECTION
            else self.guichet.quoi
        )

    @property
    def est_fait(self) -> bool:
        return self.etat == FAIT

    @property
    def est_a_faire(self) -> bool:
        return self.etat == A_FAIRE

    @property
    def se_note(self) -> bool:
        """Une référence s'y recopie ; un courrier joint ici n'en a pas."""
        return self.guichet.genre != PIECE


def depots(
    dossier: Dossier,
    reglement: Appel,
    *,
    demandes: Iterable[Demande],
    pieces: Mapping[str, date],
) -> list[Depot]:
    """Les dépôts attendus de ce dossier, dans l'ordre de l'appel ; aucune requête.

    `demandes` : ses volets, avec leur financeur et leur dispositif ; `pieces` : le jour de chaque pièce
    courante, par code. Un volet perdu, un dossier fini n'attendent plus rien ; une référence notée reste.
    """
    volets = [d for d in demandes if d.etat not in PERDUS or d.reference_depot]
    attendus: list[Depot] = []
    for guichet in reglement.guichets_attendus:
        siens = [d for d in volets if d.financeur.code in guichet.financeurs]
        if guichet.genre == NUMERO:
            etat = FAIT if dossier.numero_dauphin else A_FAIRE
            attendus.append(Depot(guichet, etat, dossier.numero_dauphin, dossier.depose_dauphin_le))
        elif guichet.genre == PIECE:
            if any(d.etat not in PERDUS for d in siens):
                jour = pieces.get(guichet.piece or "")
                attendus.append(Depot(guichet, FAIT if jour else A_FAIRE, le=jour))
        else:
            attendus += [_du_volet(guichet, d) for d in siens]
    return [d for d in attendus if d.est_fait or dossier.etat not in FINIS]


def _du_volet(guichet: Guichet, demande: Demande) -> Depot:
    if demande.reference_depot:
        etat = FAIT
    elif guichet.quand == SELECTION and demande.etat in AVANT_SELECTION:
        etat = PLUS_TARD
    else:
        etat = A_FAIRE
    return Depot(guichet, etat, demande.reference_depot, demande.depot_le, demande.dispositif.nom, demande.pk)


def depots_de(lues: Reponses, reglement: Appel) -> list[Depot]:
    """Les dépôts d'un dossier dont la page a lu les réponses."""
    pieces = {code: jour_de(p.recue_le) for code, p in lues.pieces.items()}
    return depots(lues.dossier, reglement, demandes=lues.demandes, pieces=pieces)


def depots_ailleurs(lues: Reponses, reglement: Appel) -> list[Depot]:
    """Les mêmes, sans le courrier joint ici : la liste des pièces le dit déjà, et ne se relit pas."""
    attendus = depots(lues.dossier, reglement, demandes=lues.demandes, pieces={})
    return [d for d in attendus if d.se_note]
