"""L'appel d'un pack : ce qui est demandé, quand, avec quelles règles. Publié, il se fige en JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cached_property
from math import ceil
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    ValidationError,
    model_serializer,
)

from ensemblier.noyau.calendrier import Jalon
from ensemblier.noyau.packs.erreurs import PackInvalide, fautes
from ensemblier.noyau.packs.guichets import NUMERO, SELECTION, VOLET, Guichet
from ensemblier.noyau.packs.regle import Phrase, Regle, Source, TypePorteur
from ensemblier.noyau.packs.territoire import Lien, Slug
from ensemblier.noyau.strict import Jour, Modele, Montant, Taux


class Depot(Modele):
    """Où le dossier se dépose : ici, ou ailleurs (P18, P35)."""

    ici: bool
    plateforme: Phrase
    texte: Phrase
    source: Source


class JalonEcrit(Modele):
    """Une phase, aux mêmes noms que `calendrier.Jalon` : `fin` vide, elle reste ouverte (R30, R64)."""

    code: Slug
    libelle: Phrase
    nature: Literal[
        "lancement", "reunion", "depot", "instruction", "programmation", "jury", "comite", "decision"
    ]
    debut: Jour | None = None
    fin: Jour | None = None
    precision: Literal["jour", "mois", "indicatif"] = "jour"
    texte: str = ""
    source: Source

    def jalon(self) -> Jalon:
        return Jalon(self.code, self.libelle, self.nature, self.debut, self.fin, self.precision, self.texte)


VALIDITES = {"statuts": 60, "dirigeants": 18, "recepisse": 120, "rib": 36}
"""Mois pendant lesquels une pièce déjà reçue se reprend sans la renvoyer, si l'appel n'en dit rien.

Une liste de dirigeants suit l'assemblée générale de l'année, avec de la marge ; toute autre pièce est propre
à son dossier et ne se reprend pas.
"""


class Piece(Modele):
    """Une pièce demandée ; `pour` vide : à tous ; `indispensable` : à l'instruction (P33).

    `declaration` : ce n'est pas un fichier, mais une case datée et signée (CER, attestation).
    `valable_mois` : ce que vaut une pièce reçue avec un dossier d'avant ; 0, elle est redemandée à chaque
    fois ; sans lui, `VALIDITES`.
    """

    code: Slug
    libelle: Phrase
    aide: Phrase | None = None
    pour: tuple[TypePorteur, ...] = ()
    indispensable: bool = False
    declaration: bool = False
    financeurs: tuple[str, ...] = ()
    parametre: tuple[str, ...] = ()
    valable_mois: Annotated[int, Field(ge=0, le=240)] | None = None
    source: Source

    @property
    def validite_mois(self) -> int:
        return VALIDITES.get(self.code, 0) if self.valable_mois is None else self.valable_mois

    @model_serializer(mode="wrap")
    def _sans_le_muet(self, ecrire: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Une durée non dite ne s'écrit pas : un règlement figé avant elle garde son empreinte."""
        ecrite: dict[str, Any] = ecrire(self)
        if self.valable_mois is None:
            ecrite.pop("valable_mois")
        return ecrite

    def demandee_a(self, type_porteur: str | None) -> bool:
        return not self.pour or type_porteur in self.pour


class Dispositif(Modele):
    """Ce qu'un financeur ouvre dans l'appel, et ce qu'il en attend ; une demande vise un dispositif.

    `depot_propre` : le financeur attend en plus son propre dépôt (R61). `plateforme_avant_vote` : une fois
    retenue, la demande s'y dépose, et rien ne se vote sans sa référence (R55). `acte` : sa délibération.
    """

    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
    financeur: str
    nom: Annotated[str, StringConstraints(min_length=1, max_length=150)]
    credits: Annotated[str, StringConstraints(max_length=60)] = ""
    aide: Phrase
    attendus: tuple[Phrase, ...] = ()
    etiquettes: tuple[Phrase, ...] = ()
    mentions: tuple[Phrase, ...] = ()
    objectifs: tuple[Phrase, ...] = ()
    gestionnaires: tuple[TypePorteur, ...] = ()
    depot_propre: bool = False
    plateforme_avant_vote: Phrase | None = None
    acte: Phrase | None = None
    liens: tuple[Lien, ...] = ()
    source: Source


class PilierDeLAppel(Modele):
    """Le pilier tel que cet appel le définit : la définition change d'un appel à l'autre (R82)."""

    code: str
    attendu: bool = True
    aide: Phrase


class CritereDeBonification(Modele):
    """Un critère qui ouvre la bonification ; `preuve` : ce que le dossier doit nommer pour l'appuyer."""

    code: Slug
    libelle: Phrase
    preuve: Literal["co_porteurs"] | None = None

    @model_serializer(mode="wrap")
    def _sans_le_muet(self, ecrire: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Une preuve non demandée ne s'écrit pas : un règlement figé avant elle garde son empreinte."""
        ecrit: dict[str, Any] = ecrire(self)
        if self.preuve is None:
            ecrit.pop("preuve")
        return ecrit


class Financement(Modele):
    """Le taux du financeur pilote (K4) ; `taux_base` vide : l'appel ne fixe pas de taux (P34)."""

    financeur: str
    taux_base: Taux | None = None
    taux_max: Taux | None = None
    criteres_requis: Annotated[int, Field(ge=1, le=10)] = 1
    criteres: tuple[CritereDeBonification, ...] = ()
    nature: Literal["droit_commun", "specifique"] = "specifique"
    parametre: tuple[str, ...] = ()
    source: Source


class VersementEcrit(Modele):
    """K7 : au-delà de `seuil` (strictement), une première part, puis le solde."""

    financeur: str
    seuil: Montant
    part: Taux
    condition_unique: Phrase
    condition_premier: Phrase
    condition_solde: Phrase
    parametre: tuple[str, ...] = ()
    source: Source


class CritereDeGrille(Modele):
    code: Slug
    libelle: Phrase
    poids: Annotated[int, Field(ge=0, le=100)]


class Grille(Modele):
    """La grille du jury (§C.6) : poids de somme 100, notes de 0 à `note_max`.

    `seuil` : la moyenne sur 100 sous laquelle retenir se justifie par écrit ; vide, il n'y en a pas.
    """

    note_max: Annotated[int, Field(ge=1, le=100)] = 4
    seuil: Annotated[int, Field(ge=1, le=100)] | None = None
    criteres: tuple[CritereDeGrille, ...]
    parametre: tuple[str, ...] = ()
    source: Source

    @model_serializer(mode="wrap")
    def _sans_le_muet(self, ecrire: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Un seuil non dit ne s'écrit pas : un règlement figé avant lui garde son empreinte."""
        ecrite: dict[str, Any] = ecrire(self)
        if self.seuil is None:
            ecrite.pop("seuil")
        return ecrite


class Quorum(Modele):
    """Combien de présents il faut pour décider en séance : une part des votants, ou un nombre (P17)."""

    part: Taux | None = None
    nombre: Annotated[int, Field(ge=1, le=200)] | None = None
    texte: Phrase
    parametre: tuple[str, ...] = ()
    source: Source

    def requis(self, votants: int) -> int:
        """La part des votants arrondie au-dessus, jamais sous un ; ou le nombre écrit."""
        return self.nombre or max(1, ceil((self.part or 0) * votants))


class DocumentDAppel(Modele):
    titre: Phrase
    type: Phrase
    poids: Phrase | None = None
    url: str | None = None


class ReglesDAvis(Modele):
    """Comment l'appel attend les avis demandés ; un appel muet suit ces défauts.

    `relances_jours` : les jours où l'on rappelle l'échéance, comptés depuis elle. `partages` : les financeurs
    lisent les avis les uns des autres. `requis` : sans eux, même en retard, rien ne se décide.
    """

    relances_jours: Annotated[tuple[Annotated[int, Field(ge=-60, le=60)], ...], Field(max_length=6)] = (
        -7,
        1,
        8,
    )
    partages: bool = True
    requis: bool = False


class Appel(Modele):
    """Un appel entier. `empreinte` est le SHA-256 de sa forme JSON canonique : c'est le nom du règlement."""

    slug: Slug
    type: Literal["AMI", "AAP", "AUTRE"]
    exercice: Annotated[int, Field(ge=2000, le=2200)]
    titre: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    titre_court: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    chapo: Phrase
    territoire: Slug
    financeurs: Annotated[tuple[str, ...], Field(min_length=1)]
    candidats: tuple[TypePorteur, ...] = ()
    candidats_texte: Phrase
    calendrier_texte: Phrase
    publie_le: Jour | None = None
    ordre: Literal["instruction_avant_programmation", "programmation_avant_instruction"]
    depot: Depot
    jalons: tuple[JalonEcrit, ...]
    piliers: tuple[PilierDeLAppel, ...]
    thematiques_attendues: tuple[str, ...] = ()
    demandes_entieres: bool = True
    delai_complement_jours: Annotated[int, Field(ge=1, le=365)] = 15
    avis: ReglesDAvis | None = None
    financement: Financement
    versements: tuple[VersementEcrit, ...] = ()
    pieces: tuple[Piece, ...] = ()
    dispositifs: tuple[Dispositif, ...] = ()
    guichets: tuple[Guichet, ...] = ()
    grille: Grille | None = None
    quorum: Quorum | None = None
    documents: tuple[DocumentDAppel, ...] = ()
    liens: tuple[Lien, ...] = ()
    contacts: tuple[str, ...] = ()
    regles: Annotated[tuple[Regle, ...], Field(min_length=1)]

    @model_serializer(mode="wrap")
    def _sans_le_muet(self, ecrire: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Ce que l'appel ne dit pas ne s'écrit pas : un règlement figé avant garde son empreinte."""
        ecrit: dict[str, Any] = ecrire(self)
        for muet in ("guichets", "avis", "quorum"):
            if not getattr(self, muet):
                ecrit.pop(muet)
        return ecrit

    @property
    def regles_d_avis(self) -> ReglesDAvis:
        return self.avis or ReglesDAvis()

    def en_json(self) -> dict[str, Any]:
        """La forme figée à la publication ; `Appel.depuis_json` la relit à l'identique."""
        return self.model_dump(mode="json")

    @classmethod
    def depuis_json(cls, donnees: dict[str, Any]) -> Appel:
        """Relit un règlement figé ; lève `PackInvalide` si la forme ne va pas."""
        try:
            return cls.model_validate(donnees)
        except ValidationError as refus:
            raise PackInvalide(fautes("reglement.json", refus, donnees)) from None

    def empreinte(self) -> str:
        return self._empreinte

    @cached_property
    def _empreinte(self) -> str:
        canonique = json.dumps(self.en_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonique.encode()).hexdigest()

    @cached_property
    def _pieces(self) -> dict[str, Piece]:
        return {p.code: p for p in self.pieces}

    @cached_property
    def guichets_attendus(self) -> tuple[Guichet, ...]:
        """Où déposer ailleurs qu'ici : ce que l'appel écrit, à défaut ce que ses règles supposent."""
        return self.guichets or _deduits(self.regles, self.dispositifs)

    def piece(self, code: str) -> Piece | None:
        return self._pieces.get(code)

    def jalon(self, code: str) -> JalonEcrit | None:
        return next((j for j in self.jalons if j.code == code), None)

    def regle(self, code: str) -> Regle | None:
        return next((r for r in self.regles if r.code == code), None)

    def dispositif(self, code: str) -> Dispositif | None:
        return next((d for d in self.dispositifs if d.code == code.lower()), None)

    def dispositifs_de(self, financeur: str) -> tuple[Dispositif, ...]:
        return tuple(d for d in self.dispositifs if d.financeur == financeur)

    def versement(self, financeur: str) -> VersementEcrit | None:
        return next((v for v in self.versements if v.financeur == financeur), None)

    def pieces_pour(self, type_porteur: str | None) -> tuple[Piece, ...]:
        """Les pièces demandées à ce type de porteur, déclarations comprises, dans l'ordre de l'appel."""
        return tuple(p for p in self.pieces if p.demandee_a(type_porteur))


def _deduits(regles: Iterable[Regle], dispositifs: Iterable[Dispositif]) -> tuple[Guichet, ...]:
    """Les guichets d'un règlement figé avant qu'un appel les écrive : ceux que ses règles supposent."""
    trouves: dict[str, Guichet] = {}
    for regle in regles:
        if regle.genre == NUMERO:
            trouves[regle.code] = Guichet(
                code=regle.code, nom=regle.plateforme, genre=NUMERO, source=regle.source,
                quoi="déposer la demande, puis recopier ici son numéro",
            )  # fmt: skip
    for d in dispositifs:
        code = f"depot-{d.financeur.lower().replace('*', '')}"
        if d.plateforme_avant_vote and code not in trouves:
            trouves[code] = Guichet(
                code=code, nom=d.plateforme_avant_vote, genre=VOLET, financeurs=(d.financeur,),
                quand=SELECTION, quoi="y déposer la demande", source=d.source,
            )  # fmt: skip
        elif d.depot_propre and code not in trouves:
            trouves[code] = Guichet(
                code=code, nom=f"Dépôt propre au financeur {d.financeur}", genre=VOLET,
                financeurs=(d.financeur,), source=d.source,
                quoi="déposer aussi le dossier auprès de ce financeur",
            )  # fmt: skip
    return tuple(trouves.values())
