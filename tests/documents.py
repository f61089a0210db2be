"""Un document rendu en HTML à la place du PDF : ce qu'il dit se lit, et l'essai est rapide.

Chaque PDF se rend pour de vrai dans l'essai de sa pièce, et sous les saisies hostiles.
"""

import pytest
from django.template.loader import render_to_string

DOSSIERS, CONVENTIONS, PROGRAMMATION = "dossiers.pdf", "conventions.documents", "programmation.documents"
TOUS = (
    DOSSIERS, CONVENTIONS, PROGRAMMATION, "programmation.fiches", "programmation.cahier",
    "observatoire.programme",
)  # fmt: skip
"""Chaque module de la maison qui écrit un PDF."""


def en_html(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    for module in modules:
        monkeypatch.setattr(f"ensemblier.{module}.ecrire_pdf", html_en_guise_de_pdf)


def html_en_guise_de_pdf(gabarit, contexte, *, identifiant, titre):
    return render_to_string(gabarit, {**contexte, "titre_document": titre, "pour_pdf": True}).encode()
