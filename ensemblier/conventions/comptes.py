"""Les comptes d'un budget et de son compte rendu, nommés (Cerfa 12156 et 15059)."""

from __future__ import annotations

CHARGES = {
    "60": "Achats",
    "61": "Services extérieurs",
    "62": "Autres services extérieurs",
    "63": "Impôts et taxes",
    "64": "Charges de personnel",
    "65": "Autres charges de gestion courante",
    "66": "Charges financières",
    "67": "Charges exceptionnelles",
    "68": "Dotations aux amortissements",
    "69": "Impôt sur les bénéfices",
    "indirectes": "Charges indirectes",
    "86": "Contributions volontaires",
}
PRODUITS = {
    "70": "Ventes et prestations",
    "73": "Dotations et tarification",
    "74": "Subventions",
    "75": "Autres produits de gestion",
    "76": "Produits financiers",
    "77": "Produits exceptionnels",
    "78": "Reprises et reports",
    "79": "Transfert de charges",
    "autofinancement": "Fonds propres",
    "87": "Contributions volontaires",
}


def nom(compte: str) -> str:
    """« Achats (60) » ; un compte détaillé prend le nom de sa classe."""
    noms = CHARGES | PRODUITS
    libelle = noms.get(compte) or noms.get(compte[:2], "Autre compte")
    return f"{libelle} ({compte})" if compte[0].isdigit() else libelle
