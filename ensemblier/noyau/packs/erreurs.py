"""Ce qu'un pack a de faux, dit d'un coup : fichier, clé, ligne quand on la sait, trouvé, attendu."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ensemblier.noyau.strict import attendu, trouve


@dataclass(frozen=True, slots=True)
class ErreurDePack:
    fichier: str
    cle: str
    ligne: int | None
    trouve: str
    attendu: str

    def __str__(self) -> str:
        ou = f"{self.fichier}, ligne {self.ligne}" if self.ligne else self.fichier
        return f"{ou}, {self.cle} : trouvé {self.trouve} ; attendu : {self.attendu}"


class PackInvalide(ValueError):
    """Le pack est refusé en entier ; `erreurs` les donne toutes."""

    def __init__(self, erreurs: Sequence[ErreurDePack]) -> None:
        self.erreurs = tuple(erreurs)
        super().__init__("\n".join(str(e) for e in self.erreurs))


_GENRES = re.compile(r"^[a-z_]+$")


def chemin(loc: Sequence[Any], donnees: Any) -> str:
    """La clé d'une faute, avec le code des éléments de liste : `regles[part-qpv].source`."""
    sortie, ici = "", donnees
    for pas in loc:
        if isinstance(pas, int):
            element = ici[pas] if isinstance(ici, list | tuple) and pas < len(ici) else None
            nom = element.get("code", pas + 1) if isinstance(element, dict) else pas + 1
            sortie, ici = f"{sortie}[{nom}]", element
            continue
        if isinstance(ici, dict) and pas not in ici and ici.get("genre") == pas:
            continue  # étiquette d'union ajoutée par pydantic
        sortie = f"{sortie}.{pas}" if sortie else str(pas)
        ici = ici.get(pas) if isinstance(ici, dict) else None
    return sortie or "(fichier)"


def ligne_de(source: str, cle: str) -> int | None:
    """La ligne d'une clé dans un TOML écrit comme les nôtres, ou celle de son bloc, ou rien."""
    if not source:
        return None
    parties = [p for p in re.split(r"[.\[\]]+", cle) if p]
    debut, trouvee = 0, None
    lignes = source.splitlines()
    for partie in parties:
        motif = re.compile(
            rf'^\s*(\[\[?([a-z_]+\.)*{re.escape(partie)}\]\]?|{re.escape(partie)}\s*=|code\s*=\s*"{re.escape(partie)}")'
        )
        for rang in range(debut, len(lignes)):
            if motif.match(lignes[rang]):
                debut, trouvee = rang, rang + 1
                break
    return trouvee


def fautes(fichier: str, refus: ValidationError, donnees: Any, source: str = "") -> list[ErreurDePack]:
    """Toutes les fautes de pydantic, en français."""
    sortie = []
    for faute in refus.errors():
        cle = chemin(faute["loc"], donnees)
        sortie.append(ErreurDePack(fichier, cle, ligne_de(source, cle), trouve(faute), attendu(faute)))
    return sortie
