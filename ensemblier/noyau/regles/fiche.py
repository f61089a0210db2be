"""La fiche : ce qu'un porteur dit de son action, sous la forme qu'une règle sait lire.

C'est aussi la forme de l'API et du rejeu. Un compte omis vaut zéro ; toute autre clé omise n'est pas dite.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError

from ensemblier.noyau.packs.regle import TypePorteur
from ensemblier.noyau.strict import Heures, Instant, Jour, Modele, Montant, Taux, attendu, trouve

Texte = Annotated[str, StringConstraints(max_length=20_000)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Effectif = Annotated[int, Field(ge=0, le=100_000_000, strict=True)]
Booleen = Annotated[bool, Field(strict=True)]
Compte = Annotated[str, StringConstraints(pattern=r"^(6\d{1,3}|86\d?|indirectes)$")]

LISTE_MAX = 300
"""Aucune liste d'une fiche n'est plus longue : une fiche décrit une action."""


class Obligation(Modele):
    """Un compte rendu dû par le porteur (S60) ; `dispense_le` : le responsable en a dispensé, avec motif."""

    exercice: Annotated[int, Field(ge=1900, le=2200)]
    echeance: Jour
    satisfaite_le: Jour | None = None
    dispense_le: Jour | None = None


class Porteur(Modele):
    type: TypePorteur | None = None
    nom: Texte | None = None
    siren: Code | None = None
    siret: Code | None = None
    rna: Code | None = None
    commune_siege: Code | None = None
    cer_repute_souscrit: Booleen | None = None
    obligations: tuple[Obligation, ...] | None = Field(default=None, max_length=LISTE_MAX)


class QuartierVise(Modele):
    code: Code
    communes: tuple[Code, ...] = Field(default=(), max_length=LISTE_MAX)


class ContactCommunal(Modele):
    commune: Code
    le: Jour | None = None


class CoPorteur(Modele):
    """Un autre organisme qui porte l'action, et ce qu'il y fait (R29 c) ; `confirme` : ce qu'il a répondu."""

    nom: Texte
    numero: Code | None = None
    role: Texte | None = None
    confirme: Booleen | None = None


class Action(Modele):
    intitule: Texte | None = None
    pilier: Code | None = None
    thematiques: tuple[Code, ...] | None = Field(default=None, max_length=LISTE_MAX)
    dispositifs: tuple[Code, ...] | None = Field(default=None, max_length=LISTE_MAX)
    gestionnaire: TypePorteur | None = None
    experimentale: Booleen | None = None
    experimentale_justification: Texte | None = None
    tolerance_validee: Booleen | None = None
    numerique: Booleen | None = None
    coherence_numerique: Texte | None = None
    droit_commun: Texte | None = None
    cibles_couvertes: tuple[Code, ...] | None = Field(default=None, max_length=LISTE_MAX)
    mobilisation_qpv: Texte | None = None
    comite_de_suivi: Texte | None = None
    numero_dauphin: Texte | None = None
    depose_dauphin_le: Jour | None = None
    quartiers: tuple[QuartierVise, ...] | None = Field(default=None, max_length=LISTE_MAX)
    contacts_communes: tuple[ContactCommunal, ...] | None = Field(default=None, max_length=LISTE_MAX)
    agent_departement: Booleen | None = None
    heures_departement: Heures | None = None
    contact_departement_le: Jour | None = None
    co_porteurs: tuple[CoPorteur, ...] | None = Field(default=None, max_length=LISTE_MAX)


class Publics(Modele):
    total: Effectif | None = None
    qpv: Effectif | None = None


class Produits(Modele):
    """Ressources par compte ; au compte 74, une ligne par financeur nommé."""

    c70: Montant = Field(default=Decimal("0.00"), alias="70")
    c71: Montant = Field(default=Decimal("0.00"), alias="71")
    c72: Montant = Field(default=Decimal("0.00"), alias="72")
    c73: Montant = Field(default=Decimal("0.00"), alias="73")
    c74: dict[Code, Montant] = Field(default_factory=dict, alias="74", max_length=LISTE_MAX)
    c75: Montant = Field(default=Decimal("0.00"), alias="75")
    c76: Montant = Field(default=Decimal("0.00"), alias="76")
    c77: Montant = Field(default=Decimal("0.00"), alias="77")
    c78: Montant = Field(default=Decimal("0.00"), alias="78")
    c79: Montant = Field(default=Decimal("0.00"), alias="79")
    autofinancement: Montant = Decimal("0.00")
    c87: Montant = Field(default=Decimal("0.00"), alias="87")

    def par_compte(self) -> dict[str, Decimal]:
        """Les produits hors 74 et hors 87, sous leur numéro de compte."""
        return {
            "70": self.c70,
            "71": self.c71,
            "72": self.c72,
            "73": self.c73,
            "75": self.c75,
            "76": self.c76,
            "77": self.c77,
            "78": self.c78,
            "79": self.c79,
            "autofinancement": self.autofinancement,
        }


class Budget(Modele):
    charges: dict[Compte, Montant] = Field(default_factory=dict, max_length=LISTE_MAX)
    produits: Produits = Field(default_factory=Produits)

    def assiette(self) -> Decimal:
        """K3 : comptes 60 à 69 (604 compte dans 60) et charges indirectes, hors 86."""
        return sum((m for c, m in self.charges.items() if not c.startswith("86")), Decimal("0.00"))


class CritereDeclare(Modele):
    declare: Booleen | None = None
    valide: Booleen | None = None


class Bonification(Modele):
    """Les critères portent le code de l'appel (R29) ; `taux_jury` est une part de 0 à 1 (K4).

    Un appel qui nomme ses critères autrement les trouve dans `autres`.
    """

    habitants: CritereDeclare = Field(default_factory=CritereDeclare)
    innovation: CritereDeclare = Field(default_factory=CritereDeclare)
    operateurs: CritereDeclare = Field(default_factory=CritereDeclare)
    autres: dict[Code, CritereDeclare] = Field(default_factory=dict)
    taux_jury: Taux | None = None

    def criteres(self) -> dict[str, CritereDeclare]:
        nommes = {"habitants": self.habitants, "innovation": self.innovation, "operateurs": self.operateurs}
        return {**nommes, **self.autres}


class FicheInvalide(ValueError):
    """La fiche n'a pas la forme attendue ; `erreurs` les donne toutes : (chemin, trouvé, attendu)."""

    def __init__(self, erreurs: list[tuple[str, str, str]]) -> None:
        self.erreurs = erreurs
        super().__init__(
            "; ".join(f"{chemin} : trouvé {lu} ; attendu : {voulu}" for chemin, lu, voulu in erreurs)
        )


class Fiche(Modele):
    depose_le: Instant | None = None
    derogation_jusqu_au: Jour | None = None
    porteur: Porteur = Field(default_factory=Porteur)
    action: Action = Field(default_factory=Action)
    publics: Publics = Field(default_factory=Publics)
    budget: Budget | None = None
    bonification: Bonification = Field(default_factory=Bonification)
    pieces: tuple[Code, ...] | None = Field(default=None, max_length=LISTE_MAX)
    demande: dict[Code, Montant] | None = Field(default=None, max_length=LISTE_MAX)
    depots: dict[Code, Jour] | None = None
    reste_enveloppe: Montant | None = None

    @classmethod
    def lire(cls, donnees: Mapping[str, Any]) -> Fiche:
        """Lit le dictionnaire d'un FICHE.json ; `FicheInvalide` donne toutes les fautes d'un coup."""
        if not isinstance(donnees, Mapping):
            raise FicheInvalide([("(fiche)", type(donnees).__name__, "un objet JSON entre accolades")])
        try:
            return cls.model_validate(dict(donnees))
        except ValidationError as refus:
            raise FicheInvalide(
                [
                    (".".join(str(p) for p in f["loc"] if p != "[key]") or "(fiche)", trouve(f), attendu(f))
                    for f in refus.errors()
                ]
            ) from None

    def en_json(self) -> dict[str, Any]:
        """La forme canonique : montants en texte, ce qui n'est pas dit est omis."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
