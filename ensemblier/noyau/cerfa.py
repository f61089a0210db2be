"""Les comptes du budget d'une action (Cerfa 12156*06, domaine §B.2) : les mots d'abord, le numéro ensuite.

La liste ne dépend d'aucun territoire ; les lignes du compte 74 viennent des financeurs de l'appel.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Compte:
    """Un compte : son code dans la fiche, ses mots, un exemple ; `courant` : montré d'abord."""

    code: str
    nom: str
    exemple: str
    courant: bool = False

    @property
    def libelle(self) -> str:
        return f"{self.nom} ({self.code})" if self.code.isdigit() else self.nom


CHARGES = (
    Compte("60", "Achats", "farine, petit matériel, fournitures, prestation d'un intervenant", True),
    Compte(
        "61", "Locations, entretien, assurance", "salle, véhicule, réparation, assurance de l'action", True
    ),
    Compte(
        "62",
        "Honoraires, déplacements, communication",
        "animatrice extérieure, train, affiches, timbres",
        True,
    ),
    Compte("63", "Impôts et taxes", "taxe sur les salaires"),
    Compte("64", "Personnel", "salaire et cotisations des personnes salariées, au temps passé", True),
    Compte("65", "Autres frais de gestion", "droits d'auteur, cotisation à une fédération"),
    Compte("66", "Frais financiers", "intérêts, frais bancaires d'un emprunt"),
    Compte("67", "Dépenses exceptionnelles", "une dépense imprévisible, hors de l'activité courante"),
    Compte("68", "Amortissements et provisions", "part annuelle d'un matériel acheté pour plusieurs années"),
    Compte("69", "Impôt sur les sociétés, participation", "rarement concerné pour une association"),
    Compte(
        "indirectes", "Frais généraux de l'organisme", "part de loyer, d'énergie ou de gestion due à l'action"
    ),
)
FONDS_PROPRES = Compte("autofinancement", "Nos fonds propres", "ce que l'organisme met lui-même", True)
PRODUITS = (
    Compte(
        "70", "Ventes et participations des habitants", "entrées, petite participation, vente de repas", True
    ),
    Compte("71", "Production stockée", "rarement concerné pour une association"),
    Compte("72", "Production immobilisée", "rarement concerné pour une association"),
    Compte("73", "Dotations et tarifs", "prix de journée, dotation globale"),
    Compte("75", "Cotisations, dons, mécénat", "cotisations des membres, dons, cagnotte", True),
    Compte("76", "Produits financiers", "intérêts du livret"),
    Compte("77", "Ressources exceptionnelles", "une recette hors de l'activité courante"),
    Compte("78", "Reports et reprises", "argent reçu l'an dernier et gardé pour cette action"),
    Compte("79", "Transferts de charges", "remboursement d'une formation"),
    FONDS_PROPRES,
)
EMPLOIS_VOLONTAIRES = Compte(
    "86", "Bénévolat et dons utilisés", "heures des bénévoles, salle prêtée, dons en nature"
)
VOLONTAIRES = Compte("87", "Bénévolat et dons reçus", "la même valeur, de l'autre côté : les deux sont égaux")

ORIGINES = (
    Compte("74-etat", "État (74)", "préfecture, ministère, agence"),
    Compte("74-region", "Région (74)", "tous ses services ensemble"),
    Compte("74-departement", "Département (74)", "tous ses services ensemble"),
    Compte("74-epci", "Intercommunalité (74)", "communauté d'agglomération ou de communes"),
    Compte("74-commune", "Communes (74)", "toutes les villes ensemble"),
    Compte("74-social", "Organismes sociaux (74)", "CAF, MSA, assurance maladie"),
    Compte("74-europe", "Fonds européens (74)", "FSE, FEDER"),
    Compte("74-emploi", "Emplois aidés (74)", "ce que verse l'agence de services et de paiement"),
    Compte("74-public", "Autres établissements publics (74)", "bailleur, office, université"),
    Compte("74-prive", "Aides privées (74)", "fondation, mécène"),
)
"""Le compte 74 du budget d'un organisme, par origine : celui d'une action nomme chaque financeur."""
CHARGES_DE_L_ORGANISME = tuple(c for c in CHARGES if c.code.isdigit())
"""Celles d'un organisme entier : il n'a pas de part de frais généraux, ce sont les siens."""
SUBVENTIONS = Compte("74", "Subventions", "une ligne par financeur")
CODES_DE_CHARGES = tuple(c.code for c in (*CHARGES, EMPLOIS_VOLONTAIRES))
CODES_DE_PRODUITS = tuple(c.code for c in (*PRODUITS, SUBVENTIONS, VOLONTAIRES))
_LIBELLES = {
    c.code: c.libelle for c in (*CHARGES, EMPLOIS_VOLONTAIRES, *PRODUITS, SUBVENTIONS, *ORIGINES, VOLONTAIRES)
}


def libelle(code: str) -> str:
    """Les mots d'un compte, les mêmes de la demande au bilan ; un compte détaillé prend ceux du sien."""
    return _LIBELLES.get(code) or _LIBELLES.get(familles(code)) or f"Autre compte ({code})"


def familles(code: str) -> str:
    """Le compte à deux chiffres d'un compte détaillé : « 604 » se range sous « 60 »."""
    return code[:2] if code.isdigit() else code
