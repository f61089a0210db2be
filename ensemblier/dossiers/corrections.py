"""Les réponses qu'un agent peut faire reprendre, leurs mots, et ce qui a changé de l'une à l'autre."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from ensemblier.dossiers.ancres import ancres
from ensemblier.dossiers.models import Correction, Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.interface.formulaires import Formulaire, franciser


@dataclass(frozen=True, slots=True)
class Demandee:
    """Ce qu'un agent demande de reprendre : la réponse, le genre de raison, et la raison."""

    champ: str
    genre: str
    raison: str


def choix(lues: Reponses) -> list[tuple[str, list[tuple[str, str]]]]:
    """Ce que l'agent peut faire reprendre, par étape de l'éditeur."""
    groupes: dict[str, list[tuple[str, str]]] = {}
    for ancre in ancres(lues).values():
        groupes.setdefault(ancre.groupe, []).append((ancre.code, ancre.question))
    return list(groupes.items())


class CorrectionsForm(Formulaire):
    """Les seules réponses demandées, telles que l'éditeur les pose, avec leur raison."""

    def __init__(self, *args: Any, dossier: Dossier, demandees: list[Correction], **kwargs: Any) -> None:
        connues = ancres(Reponses(dossier)) if demandees else {}
        suivies = [c for c in demandees if c.champ in connues]
        depart = {c.champ: connues[c.champ].valeur(dossier) for c in suivies}
        super().__init__(*args, initial=depart, **kwargs)
        for c in suivies:
            self.fields[c.champ] = connues[c.champ].champ(dossier)
            franciser(self.fields[c.champ])
            self.fields[c.champ].help_text = f"{c.get_genre_display()} : {c.raison}"
            self.fields[c.champ].required = True


_MOTS = re.compile(r"\s+|\w+|[^\w\s]")


def ecarts(avant: str, apres: str) -> Iterator[tuple[str, str]]:
    """Le texte en morceaux : (« garde », « ote » ou « ajoute », mots)."""
    a, b = _MOTS.findall(avant), _MOTS.findall(apres)
    for genre, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if genre == "equal":
            yield "garde", "".join(a[i:j])
            continue
        if i < j:
            yield "ote", "".join(a[i:j])
        if k < m:
            yield "ajoute", "".join(b[k:m])


def a_lire(corrections: list[Correction]) -> list[dict[str, Any]]:
    """Chaque réponse reprise, avec ce qui en a changé."""
    return [
        {
            "correction": c, "inchangee": c.repondue_le is not None and c.avant == c.apres,
            "ecarts": list(ecarts(c.avant, c.apres)) if c.repondue_le else [],
        }
        for c in corrections
    ]  # fmt: skip
