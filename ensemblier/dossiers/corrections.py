"""Les réponses qu'un agent peut faire reprendre, leurs mots, et ce qui a changé de l'une à l'autre."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from django import forms

from ensemblier.dossiers.forms import ActionForm, PublicsForm
from ensemblier.dossiers.models import Correction, Dossier
from ensemblier.interface.formats import date_courte, nombre
from ensemblier.interface.formulaires import Formulaire

CORRIGEABLES = (
    "intitule", "resume", "description", "objectifs", "parcours", "partenaires", "moyens", "du", "au",
    "evaluation", "experimentale_justification", "numerique_coherence", "droit_commun", "comite_de_suivi",
    "publics_total", "publics_qpv", "publics_description", "mobilisation_qpv",
)  # fmt: skip
"""Des réponses écrites ; le budget, les quartiers et les demandes changeraient qui paie et qui instruit."""

_CHAMPS: Mapping[str, forms.Field] = ActionForm.base_fields | PublicsForm.base_fields


@dataclass(frozen=True, slots=True)
class Demandee:
    """Ce qu'un agent demande de reprendre : la réponse, le genre de raison, et la raison."""

    champ: str
    genre: str
    raison: str


def question(champ: str) -> str:
    return str(_CHAMPS[champ].label)


def en_mots(valeur: Any) -> str:
    """Une réponse telle que l'écran la montre."""
    if isinstance(valeur, date):
        return date_courte(valeur)
    return nombre(valeur) if isinstance(valeur, int) else str(valeur or "")


class CorrectionsForm(Formulaire):
    """Les seules réponses demandées, telles que l'éditeur les pose, avec leur raison."""

    def __init__(self, *args: Any, dossier: Dossier, demandees: list[Correction], **kwargs: Any) -> None:
        depart = {c.champ: getattr(dossier, c.champ) for c in demandees}
        super().__init__(*args, initial=depart, **kwargs)
        for c in demandees:
            self.fields[c.champ] = deepcopy(_CHAMPS[c.champ])
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
