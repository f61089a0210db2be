"""Les colonnes des listes de l'agent, déclarées une fois : la page les montre, un export les reprendra."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colonne:
    """`cle` est le champ de la ligne ; `genre` dit comment l'écrire : texte, montant, etat, date."""

    cle: str
    titre: str
    genre: str = "texte"


A_INSTRUIRE = (
    Colonne("numero", "N°"),
    Colonne("porteur", "Porteur · action"),
    Colonne("appel", "Appel"),
    Colonne("etat", "État", "etat"),
    Colonne("attente", "Ce qui attend"),
    Colonne("echeance", "Échéance", "date"),
    Colonne("demande", "Demandé", "montant"),
    Colonne("avis", "Avis"),
)
