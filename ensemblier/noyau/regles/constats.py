"""Le constat : ce qu'une règle répond à un dossier. Le rapport : tous les constats, et l'argent calculé."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from ensemblier.noyau.packs.regle import RegleDeBase, Source
from ensemblier.noyau.strict import typographie

MOTEUR = "1"
"""La version du moteur de règles : elle change quand un verdict peut changer."""


class Verdict(StrEnum):
    RESPECTEE = "respectee"
    NON_RESPECTEE = "non_respectee"
    A_VERIFIER = "a_verifier"
    A_RENSEIGNER = "a_renseigner"
    SANS_OBJET = "sans_objet"


ARRETENT_LE_DEPOT = frozenset({Verdict.NON_RESPECTEE, Verdict.A_RENSEIGNER})
ARRETENT_LA_SUITE = ARRETENT_LE_DEPOT | {Verdict.A_VERIFIER}


@dataclass(frozen=True, slots=True)
class Mesure:
    """De quoi dessiner : `seuil` (barre), `calcul` (lignes), `presence` (liste), `egalite` (deux barres).

    `donnees` ne porte que des textes, des entiers et des listes de paires.
    """

    genre: str
    donnees: Mapping[str, Any]

    def en_json(self) -> dict[str, Any]:
        return {"genre": self.genre, **self.donnees}


@dataclass(frozen=True, slots=True)
class Jugement:
    """Ce qu'un juge rend, avant d'être habillé en constat."""

    verdict: Verdict
    phrase: str
    remede: str | None = None
    valeurs: Mapping[str, Any] = field(default_factory=dict)
    mesure: Mesure | None = None
    champs: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Constat:
    """Une règle écrite et ce qu'elle répond ; `volet` : le financeur qu'elle vise, comme on le lit."""

    ecrite: RegleDeBase
    jugement: Jugement
    volet: str = ""

    @property
    def regle(self) -> str:
        return self.ecrite.code

    @property
    def titre(self) -> str:
        return self.ecrite.titre

    @property
    def verdict(self) -> Verdict:
        return self.jugement.verdict

    @property
    def bloquante(self) -> bool:
        return self.ecrite.bloquante

    @property
    def bloque(self) -> tuple[str, ...]:
        return self.ecrite.bloque

    @property
    def financeur(self) -> str | None:
        return self.ecrite.financeur

    @property
    def phrase(self) -> str:
        return typographie(self.jugement.phrase)

    @property
    def remede(self) -> str | None:
        return typographie(self.jugement.remede) if self.jugement.remede else None

    @property
    def valeurs(self) -> Mapping[str, Any]:
        return self.jugement.valeurs

    @property
    def mesure(self) -> Mesure | None:
        return self.jugement.mesure

    @property
    def champs(self) -> tuple[str, ...]:
        return self.ecrite.champs if self.jugement.champs is None else self.jugement.champs

    @property
    def source(self) -> Source:
        return self.ecrite.source

    @property
    def aussi(self) -> Source | None:
        return self.ecrite.aussi

    @property
    def note(self) -> str | None:
        return self.ecrite.le_texte_ne_dit_pas

    @property
    def parametre(self) -> tuple[str, ...]:
        return self.ecrite.parametre

    @property
    def derogeable(self) -> bool:
        return self.ecrite.derogeable

    def arrete(self, acte: str) -> bool:
        """Ce constat arrête-t-il cet acte ? « À vérifier » laisse déposer, arrête la suite (K2bis, S10)."""
        if acte not in self.bloque:
            return False
        return self.verdict in (ARRETENT_LE_DEPOT if acte == "deposer" else ARRETENT_LA_SUITE)

    def en_json(self) -> dict[str, Any]:
        return {
            "regle": self.regle,
            "titre": self.titre,
            "verdict": str(self.verdict),
            "bloquante": self.bloquante,
            "bloque": list(self.bloque),
            "financeur": self.financeur,
            "phrase": self.phrase,
            "valeurs": dict(self.valeurs),
            "source": _source(self.source),
            "aussi": _source(self.aussi) if self.aussi else None,
            "remede": self.remede,
            "champs": list(self.champs),
            "mesure": self.mesure.en_json() if self.mesure else None,
            "note": self.note,
            "parametre": list(self.parametre),
            "derogeable": self.derogeable,
        }


def _source(source: Source) -> dict[str, Any]:
    return {
        "document": source.document,
        "page": source.page,
        "citation": source.citation,
        "litterale": source.litterale,
    }


@dataclass(frozen=True, slots=True)
class LigneDeCalcul:
    libelle: str
    calcul: str
    montant: Decimal

    def en_json(self) -> dict[str, str]:
        return {"libelle": self.libelle, "calcul": self.calcul, "montant": f"{self.montant:f}"}


@dataclass(frozen=True, slots=True)
class FinancementCalcule:
    """K3 à K6 pour le financeur pilote ; `taux` et `plafond` sont nuls si l'appel n'en fixe pas (P34)."""

    financeur: str
    assiette: Decimal
    taux: Decimal | None
    plafond: Decimal | None
    demande: Decimal | None
    attribuable: Decimal | None
    raison_du_taux: str | None
    lignes: tuple[LigneDeCalcul, ...]

    def en_json(self) -> dict[str, Any]:
        def texte(montant: Decimal | None) -> str | None:
            return None if montant is None else f"{montant:f}"

        return {
            "financeur": self.financeur,
            "assiette": texte(self.assiette),
            "taux": texte(self.taux),
            "plafond": texte(self.plafond),
            "demande": texte(self.demande),
            "attribuable": texte(self.attribuable),
            "raison_du_taux": self.raison_du_taux,
            "lignes": [ligne.en_json() for ligne in self.lignes],
        }


@dataclass(frozen=True, slots=True)
class TranchePrevue:
    rang: int
    montant: Decimal
    condition: str
    libelle: str

    def en_json(self) -> dict[str, Any]:
        return {
            "rang": self.rang,
            "montant": f"{self.montant:f}",
            "condition": self.condition,
            "libelle": self.libelle,
        }


@dataclass(frozen=True, slots=True)
class Rapport:
    """Tous les constats, dans l'ordre de l'appel, et ce que le règlement en déduit."""

    constats: tuple[Constat, ...]
    deposable: bool
    financement: FinancementCalcule
    echeancier: tuple[TranchePrevue, ...]
    reglement: str
    moteur: str = MOTEUR

    def bloquants(self, acte: str, financeur: str | None = None) -> tuple[Constat, ...]:
        """Ce qui arrête l'acte : pour tout le dossier, et aussi pour le volet nommé."""
        return tuple(c for c in self.constats if c.financeur in (None, financeur) and c.arrete(acte))

    def constat(self, regle: str) -> Constat:
        """Le constat d'une règle, par son code ; `KeyError` si l'appel ne l'a pas."""
        for trouve in self.constats:
            if trouve.regle == regle:
                return trouve
        raise KeyError(regle)

    def en_json(self) -> dict[str, Any]:
        return {
            "constats": [c.en_json() for c in self.constats],
            "deposable": self.deposable,
            "financement": self.financement.en_json(),
            "echeancier": [t.en_json() for t in self.echeancier],
            "reglement": self.reglement,
            "moteur": self.moteur,
        }
