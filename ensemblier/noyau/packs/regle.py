"""Les règles écrites : un genre, ses paramètres, sa source. Ce sont des données ; `noyau.regles` les juge."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from ensemblier.noyau.strict import Modele, Pourcentage

CodeDeRegle = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Phrase = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Acte = Literal[
    "deposer", "declarer_recevable", "programmer", "attribuer", "conventionner", "verser", "valider_bilan"
]
Champ = Literal[
    "depose_le",
    "porteur.type",
    "porteur.siren",
    "porteur.siret",
    "porteur.commune_siege",
    "porteur.cer_repute_souscrit",
    "porteur.obligations",
    "action.intitule",
    "action.pilier",
    "action.thematiques",
    "action.dispositifs",
    "action.gestionnaire",
    "action.experimentale",
    "action.experimentale_justification",
    "action.tolerance_validee",
    "action.numerique",
    "action.coherence_numerique",
    "action.droit_commun",
    "action.cibles_couvertes",
    "action.mobilisation_qpv",
    "action.comite_de_suivi",
    "action.numero_dauphin",
    "action.quartiers",
    "action.contacts_communes",
    "action.agent_departement",
    "action.heures_departement",
    "action.contact_departement_le",
    "publics.total",
    "publics.qpv",
    "budget",
    "budget.charges",
    "budget.produits",
    "bonification",
    "bonification.taux_jury",
    "pieces",
    "demande",
    "depots",
    "reste_enveloppe",
]
MOTS_MAX = 15


class TypePorteur(StrEnum):
    """La forme de l'organisme qui demande (domaine R13)."""

    ASSOCIATION = "association"
    FONDATION = "fondation"
    COMMUNE = "commune"
    EPCI = "epci"
    CCAS = "ccas"
    DEPARTEMENT = "departement"
    REGION = "region"
    ETAT = "etat"
    ETABLISSEMENT_PUBLIC = "etablissement_public"
    BAILLEUR = "bailleur"
    COOPERATIVE = "cooperative"
    ENTREPRISE = "entreprise"
    AUTRE = "autre"

    @property
    def libelle(self) -> str:
        return _LIBELLES[self]


_LIBELLES = {
    TypePorteur.ASSOCIATION: "association",
    TypePorteur.FONDATION: "fondation",
    TypePorteur.COMMUNE: "commune",
    TypePorteur.EPCI: "intercommunalité",
    TypePorteur.CCAS: "CCAS",
    TypePorteur.DEPARTEMENT: "Département",
    TypePorteur.REGION: "Région",
    TypePorteur.ETAT: "service de l'État",
    TypePorteur.ETABLISSEMENT_PUBLIC: "établissement public",
    TypePorteur.BAILLEUR: "bailleur social",
    TypePorteur.COOPERATIVE: "coopérative",
    TypePorteur.ENTREPRISE: "entreprise",
    TypePorteur.AUTRE: "autre organisme",
}


class Source(Modele):
    """D'où vient la règle : document, page ou section, et une courte citation.

    `litterale` est faux quand la phrase résume un texte au lieu de le citer : elle s'affiche sans guillemets.
    """

    document: Phrase
    page: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    citation: Phrase
    litterale: bool = True

    @model_validator(mode="after")
    def _courte(self) -> Source:
        if self.litterale and len(self.citation.split()) > MOTS_MAX:
            raise PydanticCustomError(
                "citation", "{attendu}", {"attendu": f"une citation de {MOTS_MAX} mots au plus"}
            )
        return self


class Condition(Modele):
    """Quand la règle s'applique ; sinon elle est sans objet, et `sinon` dit pourquoi."""

    porteurs: tuple[TypePorteur, ...] = ()
    thematiques: tuple[str, ...] = ()
    hors_thematiques: tuple[str, ...] = ()
    dispositifs: tuple[str, ...] = ()
    financeur_sollicite: str | None = None
    vrai: Champ | None = None
    sinon: Phrase


class RegleDeBase(Modele):
    code: CodeDeRegle
    titre: Phrase
    bloque: tuple[Acte, ...] = ()
    financeur: str | None = None
    champs: tuple[Champ, ...] = ()
    source: Source
    aussi: Source | None = None
    exigence: tuple[str, ...] = ()
    parametre: tuple[str, ...] = ()
    le_texte_ne_dit_pas: Phrase | None = None
    derogeable: bool = False
    condition: Condition | None = None

    @property
    def bloquante(self) -> bool:
        """Vrai si la règle arrête le dépôt."""
        return "deposer" in self.bloque


class ReglePart(RegleDeBase):
    """Part du public (K2) : conforme si et seulement si `100 × partie >= seuil × total`."""

    genre: Literal["part"]
    seuil: Annotated[Pourcentage, Field(gt=0)]
    unite: Phrase
    unites: Phrase


class RegleMinimum(RegleDeBase):
    """Effectif minimal (K2bis) ; `tolerance` : l'expérimentation justifiée passe le dépôt, puis se valide."""

    genre: Literal["minimum"]
    champ: Literal["publics.total", "publics.qpv"]
    seuil: Annotated[int, Field(ge=1, le=1_000_000)]
    unite: Phrase
    unites: Phrase
    tolerance: bool = False


class RegleCoherence(RegleDeBase):
    """La partie ne dépasse pas le tout (S06)."""

    genre: Literal["coherence"]
    unites: Phrase


class ReglePresence(RegleDeBase):
    """Une réponse est donnée ; `a_juger` : une personne en apprécie ensuite le contenu."""

    genre: Literal["presence"]
    champ: Champ
    manque: Phrase
    remede: Phrase
    a_juger: Phrase | None = None


class RegleChoix(RegleDeBase):
    """La réponse est l'une de celles que l'appel attend."""

    genre: Literal["choix"]
    champ: Literal["action.pilier", "porteur.type", "action.thematiques"]
    parmi: Annotated[tuple[str, ...], Field(min_length=1)]
    hors_liste: Phrase
    remede: Phrase


class RegleContactCommunal(RegleDeBase):
    """Un contact daté par commune concernée du territoire, au plus tard le jour du dépôt (R40)."""

    genre: Literal["contact_communal"]


class RegleEquilibre(RegleDeBase):
    """K10 : charges = produits, et 86 = 87."""

    genre: Literal["equilibre"]


class RegleDateLimite(RegleDeBase):
    """Le dépôt tombe dans la phase nommée (P16)."""

    genre: Literal["date_limite"]
    jalon: str


class ReglePieces(RegleDeBase):
    """Complétude des pièces demandées à ce type de porteur (R63, P33)."""

    genre: Literal["pieces"]
    niveau: Literal["indispensables", "autres"]
    sauf: tuple[str, ...] = ()


class ReglePiece(RegleDeBase):
    """Une pièce ou une déclaration précise, exigée avant l'acte ; `sauf_si` : un champ vrai en dispense."""

    genre: Literal["piece"]
    piece: str
    sauf_si: Literal["porteur.cer_repute_souscrit"] | None = None


class RegleObligation(RegleDeBase):
    """Les comptes rendus échus du porteur sont rendus (S60)."""

    genre: Literal["obligation"]


class RegleDemande(RegleDeBase):
    """Un montant est demandé à au moins un financeur de l'appel."""

    genre: Literal["demande"]


class ReglePlafond(RegleDeBase):
    """La demande au financeur tient dans le plafond (K5, S33)."""

    genre: Literal["plafond"]


class RegleCumul(RegleDeBase):
    """Financements du plan rapportés à l'assiette (K10, P25) : `tous` ou seulement les aides publiques."""

    genre: Literal["cumul"]
    compte: Literal["tous", "aides_publiques"]
    seuil: Annotated[int, Field(ge=1, le=100)]


class RegleHeures(RegleDeBase):
    """Un nombre d'heures, par pas de quart d'heure, plus grand que zéro (R59, P22)."""

    genre: Literal["heures"]
    pas: Literal["0.25", "0.5", "1"] = "0.25"


class RegleNumero(RegleDeBase):
    """Le numéro de la plateforme, avec sa forme (P18)."""

    genre: Literal["numero"]
    exemple: Phrase
    plateforme: Phrase


class RegleSiege(RegleDeBase):
    """Siège du porteur hors du territoire : admis, signalé (P37)."""

    genre: Literal["siege"]


class RegleQuartiers(RegleDeBase):
    """Au moins un quartier du territoire est visé, et ses communes sont les siennes."""

    genre: Literal["quartiers"]


class RegleCommunesHorsEpci(RegleDeBase):
    """Une commune du quartier relève d'un autre EPCI : signalé, contact non exigé (P07)."""

    genre: Literal["communes_hors_epci"]


class RegleGestionnaire(RegleDeBase):
    """Le dispositif est géré par un organisme d'un de ces types (R53)."""

    genre: Literal["gestionnaire"]
    types: Annotated[tuple[TypePorteur, ...], Field(min_length=1)]


class RegleDepotPropre(RegleDeBase):
    """Le financeur attend son propre dépôt (R61)."""

    genre: Literal["depot_propre"]


class RegleVigilance(RegleDeBase):
    """Des réponses qui appellent l'attention sans être interdites (R37)."""

    genre: Literal["vigilance"]
    libelles: dict[str, Phrase]
    remede: Phrase


class RegleBonification(RegleDeBase):
    """Le taux du jury reste dans les bornes de l'appel (K4, S39, S40)."""

    genre: Literal["bonification"]


class RegleCoPorteurs(RegleDeBase):
    """Chaque co-porteur nommé a répondu (R29 c) ; par défaut (`bloque` vide), le dépôt ne l'attend pas."""

    genre: Literal["co_porteurs"]


class RegleFinanceurs(RegleDeBase):
    """Chaque ligne de subvention nomme un financeur connu (B.2 : une ligne 74 = un financeur nommé)."""

    genre: Literal["financeurs"]


Regle = Annotated[
    ReglePart
    | RegleMinimum
    | RegleCoherence
    | ReglePresence
    | RegleChoix
    | RegleContactCommunal
    | RegleEquilibre
    | RegleDateLimite
    | ReglePieces
    | ReglePiece
    | RegleObligation
    | RegleDemande
    | ReglePlafond
    | RegleCumul
    | RegleHeures
    | RegleNumero
    | RegleSiege
    | RegleQuartiers
    | RegleCommunesHorsEpci
    | RegleGestionnaire
    | RegleDepotPropre
    | RegleVigilance
    | RegleBonification
    | RegleCoPorteurs
    | RegleFinanceurs,
    Field(discriminator="genre"),
]
