"""Écrire un petit tableur .xlsx : des textes et des montants, jamais une formule."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any


def ecrire(
    feuille: str, entetes: Sequence[str], lignes: Iterable[Sequence[Any]], *, largeurs: Sequence[int]
) -> bytes:
    """Un .xlsx d'une feuille : un texte reste un texte, même « =1+1 » ; un `Decimal` est un montant.

    Une ligne d'un seul texte est un titre ; `None` est une case de montant à remplir.
    """
    from xlsxwriter import Workbook

    sortie = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(sortie, options) as classeur:
        page = classeur.add_worksheet(feuille)
        gras = classeur.add_format({"bold": True, "quote_prefix": True})
        # L'apostrophe d'Excel : la case reste un texte même si on la modifie, ou la recopie ailleurs.
        texte = classeur.add_format({"quote_prefix": True, "text_wrap": True, "valign": "top"})
        montant = classeur.add_format({"num_format": "#,##0.00", "valign": "top"})
        for colonne, (entete, largeur) in enumerate(zip(entetes, largeurs, strict=True)):
            page.set_column(colonne, colonne, largeur)
            page.write_string(0, colonne, entete, gras)
        for rang, ligne in enumerate(lignes, start=1):
            for colonne, valeur in enumerate(ligne):
                if valeur is None:
                    page.write_blank(rang, colonne, None, montant)
                elif isinstance(valeur, Decimal):
                    page.write_number(rang, colonne, float(valeur), montant)
                else:
                    page.write_string(rang, colonne, valeur, gras if len(ligne) == 1 else texte)
        page.freeze_panes(1, 0)
        page.repeat_rows(0)
        page.set_paper(9)
        page.fit_to_pages(1, 0)
    return sortie.getvalue()
