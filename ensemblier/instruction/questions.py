"""Les questions de fond de l'instructeur (B1, R37, R39, R42) ; aucune ne bloque, chacune a son motif."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.instruction.lues import Instruite


@dataclass(frozen=True, slots=True)
class Ecrite:
    """Une question de la maison ; `dit` : ce que le porteur en écrit ; `regle` : la règle de l'appel.

    `alerte_si` : la réponse qui demande attention, et `alerte`, ce qu'elle entraîne.
    """

    code: str
    titre: str
    dit: Callable[[Dossier], str]
    alerte_si: bool
    alerte: str
    regle: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """Une question posée sur un dossier, et la réponse du service si elle est donnée."""

    code: str
    titre: str
    dit: str
    reponse: bool | None
    motif: str
    alerte: str


COMMANDE_PUBLIQUE = "commande-publique"
ECRITES = (
    Ecrite(
        COMMANDE_PUBLIQUE,
        "L'action répond-elle à un besoin de l'autorité, comme une prestation ?",
        lambda _: "", True, "C'est une commande, pas une subvention : la passer en marché.",
    ),
    Ecrite(
        "droit-commun", "L'action complète-t-elle le droit commun, sans le doubler ?",
        lambda d: d.droit_commun, False, "Elle double le droit commun.", "droit-commun",
    ),
    Ecrite(
        "numerique", "L'action suit-elle la feuille de route numérique ?",
        lambda d: d.numerique_coherence if d.est_numerique else "", False,
        "Elle ne suit pas la feuille de route.", "numerique",
    ),
    Ecrite(
        "comite-de-suivi", "Le comité de suivi prévu convient-il ?",
        lambda d: d.comite_de_suivi, False, "Le comité de suivi est à revoir.", "comite-de-suivi",
    ),
)  # fmt: skip
CODES = {e.code: e for e in ECRITES}


def posees(dossier: Dossier) -> list[Ecrite]:
    """La commande publique se pose toujours ; les autres si l'appel et le dossier en parlent."""
    regles = reglement_de(dossier)
    return [e for e in ECRITES if not e.regle or (regles.regle(e.regle) and e.dit(dossier))]


def questions_de(lues: Reponses, instruite: Instruite | None = None) -> list[Question]:
    """Les questions du dossier, avec leurs réponses ; une requête, aucune si la page les a lues."""
    donnees = {v.code: v for v in (instruite or Instruite(lues.dossier)).verifications}
    rendues = []
    for ecrite in posees(lues.dossier):
        lue = donnees.get(ecrite.code)
        alerte = ecrite.alerte if lue and lue.reponse == ecrite.alerte_si else ""
        rendues.append(
            Question(
                ecrite.code, ecrite.titre, ecrite.dit(lues.dossier), lue.reponse if lue else None,
                lue.motif if lue else "", alerte,
            )
        )  # fmt: skip
    return rendues
