"""Les colonnes des listes de l'agent, déclarées une fois : la page, ses tris et le tableur les lisent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ensemblier.espaces.lignes import Ligne
from ensemblier.interface.formats import date_courte
from ensemblier.noyau.calendrier import jour_de


@dataclass(frozen=True, slots=True)
class Colonne:
    """`cle` la nomme dans l'adresse ; `genre` dit comment la page l'écrit.

    `champs` : l'en-tête et la valeur de chaque case de tableur que la colonne remplit ; un nombre y reste
    un nombre, une date une date. `tri` : la clé du tri qu'ouvre son en-tête.
    """

    cle: str
    titre: str
    champs: tuple[tuple[str, Callable[[Ligne], Any]], ...]
    genre: str = "texte"
    tri: str = ""
    d_office: bool = True


def _noms(nom: str) -> Callable[[Ligne], str]:
    return lambda ligne: ", ".join(getattr(ligne, nom))


A_INSTRUIRE = (
    Colonne("numero", "N°", (("N°", lambda x: x.dossier.numero),), "numero", "numero"),
    Colonne(
        "porteur",
        "Porteur · action",
        (("Porteur", lambda x: x.dossier.organisme.nom), ("Action", lambda x: x.dossier.intitule)),
        "porteur",
        "porteur",
    ),
    Colonne("appel", "Appel", (("Appel", lambda x: x.dossier.appel.titre_court),)),
    Colonne("etat", "État", (("État", lambda x: x.dossier.etat_agent),), "etat"),
    Colonne("attente", "Ce qui attend", (("Ce qui attend", lambda x: x.attente),)),
    Colonne(
        "echeance",
        "Échéance",
        (("Échéance", lambda x: x.echeance), ("Jours de retard", lambda x: x.retard or None)),
        "echeance",
        "echeance",
    ),
    Colonne("demande", "Demandé", (("Demandé (€)", lambda x: x.demande),), "montant", "demande"),
    Colonne(
        "avis",
        "Avis",
        (("Avis rendus", lambda x: x.avis_rendus), ("Avis attendus", lambda x: x.avis_attendus)),
        "avis",
    ),
    Colonne("suivi", "Suivi par", (("Suivi par", lambda x: x.suivi),), d_office=False),
    Colonne(
        "depot",
        "Déposé le",
        (("Déposé le", lambda x: jour_de(x.dossier.depose_le) if x.dossier.depose_le else None),),
        "date",
        "depot",
        d_office=False,
    ),
    Colonne(
        "pilier",
        "Pilier",
        (("Pilier", lambda x: x.dossier.pilier.nom if x.dossier.pilier else ""),),
        d_office=False,
    ),
    Colonne("thematiques", "Thématiques", (("Thématiques", _noms("thematiques")),), d_office=False),
    Colonne("quartiers", "Quartiers", (("Quartiers", _noms("quartiers")),), d_office=False),
    Colonne("communes", "Communes", (("Communes", _noms("communes")),), d_office=False),
    Colonne("dauphin", "N° Dauphin", (("N° Dauphin", lambda x: x.dossier.numero_dauphin),), d_office=False),
    Colonne("siret", "SIRET", (("SIRET", lambda x: x.dossier.organisme.siret),), d_office=False),
)
COLONNES = {c.cle: c for c in A_INSTRUIRE}
D_OFFICE = tuple(c.cle for c in A_INSTRUIRE if c.d_office)


def texte(colonne: Colonne, ligne: Ligne) -> str:
    """Ce que dit une case qui n'est qu'un texte."""
    if colonne.genre == "avis":
        return ligne.avis
    valeur = colonne.champs[0][1](ligne)
    return date_courte(valeur) if colonne.genre == "date" else str(valeur or "—")


def entetes(colonnes: Sequence[Colonne]) -> list[str]:
    """La première ligne du tableur."""
    return [entete for c in colonnes for entete, _ in c.champs]


def valeurs(ligne: Ligne, colonnes: Sequence[Colonne]) -> list[Any]:
    """Une ligne du tableur : les mêmes cases que la page, dans le même ordre."""
    return [valeur(ligne) for c in colonnes for _, valeur in c.champs]
