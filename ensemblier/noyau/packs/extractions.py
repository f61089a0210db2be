"""Les extractions qu'un territoire sait relire : noms des colonnes selon l'année, sens des états (§C.3)."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from ensemblier.noyau.packs.regle import Phrase, Source
from ensemblier.noyau.strict import Modele

Champ = Literal[
    "numero", "siret", "exercice", "intitule", "etat", "demande", "vote", "vote_le", "decision", "depose_le",
    "motif", "contrat",
]  # fmt: skip
Sens = Literal["en_saisie", "sollicitee", "prise_en_charge", "recevable", "non_recevable", "votee", "refusee"]
EN_SAISIE: Final = "en_saisie"


class Extraction(Modele):
    """Un tableur venu d'ailleurs : `colonnes` donne, par champ, les en-têtes qu'on lui a vus.

    `exercices` : les années où ces en-têtes valent ; `exigees` : sans elles, le fichier est refusé ;
    `etats` : ce que chaque état d'en face veut dire pour le volet de `financeur`. `hypothese` : ce que le
    pack suppose de ce fichier et qui reste à confirmer ; qui importe le lit.
    """

    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    nom: Phrase
    financeur: str
    exercices: Annotated[tuple[Annotated[int, Field(ge=2000, le=2200)], ...], Field(min_length=1)]
    colonnes: dict[Champ, Annotated[tuple[Phrase, ...], Field(min_length=1)]]
    exigees: tuple[Champ, ...] = ()
    etats: dict[Phrase, Sens] = Field(default_factory=dict)
    hypothese: Phrase | None = None
    source: Source
