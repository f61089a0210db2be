"""Écrire une longue liste en tableur, au fil de l'eau : la mémoire ne grandit pas avec les lignes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import IO, Any

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse

FORMULES = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Un tableur exécuterait un texte qui commence ainsi : l'apostrophe le garde texte."""
CSV, XLSX = "csv", "xlsx"
TYPES = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class _Echo:
    """Rend ce que `csv` croit écrire."""

    def write(self, texte: str) -> str:
        return texte


def en_csv(entetes: Sequence[str], lignes: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Un CSV que le tableur français ouvre d'un clic : point-virgule, virgule décimale, UTF-8 marqué."""
    plume = csv.writer(_Echo(), delimiter=";")
    yield b"\xef\xbb\xbf" + plume.writerow([_en_texte(e) for e in entetes]).encode()
    for ligne in lignes:
        yield plume.writerow([_en_texte(v) for v in ligne]).encode()


def _en_texte(valeur: Any) -> str:
    if valeur is None:
        return ""
    if isinstance(valeur, Decimal):
        return str(valeur).replace(".", ",")
    if isinstance(valeur, date):
        return valeur.strftime("%d/%m/%Y")
    texte = str(valeur)
    return f"'{texte}" if texte.startswith(FORMULES) and not isinstance(valeur, int) else texte


def en_xlsx(feuille: str, entetes: Sequence[str], lignes: Iterable[Sequence[Any]]) -> IO[bytes]:
    """Un .xlsx, ouvert au début ; ses lignes attendent sur le disque. « =1+1 » reste un texte."""
    from xlsxwriter import Workbook

    sortie = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(sortie, options) as classeur:
        page = classeur.add_worksheet(feuille)
        gras = classeur.add_format({"bold": True, "quote_prefix": True})
        formats = {
            str: classeur.add_format({"quote_prefix": True}),
            Decimal: classeur.add_format({"num_format": "#,##0.00"}),
            date: classeur.add_format({"num_format": "dd/mm/yyyy"}),
        }
        page.set_column(0, len(entetes) - 1, 18)
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, 0, len(entetes) - 1)
        for colonne, entete in enumerate(entetes):
            page.write_string(0, colonne, entete, gras)
        for rang, ligne in enumerate(lignes, start=1):
            for colonne, valeur in enumerate(ligne):
                _ecrire_la_case(page, rang, colonne, valeur, formats)
    sortie.seek(0)
    return sortie


def _ecrire_la_case(page: Any, rang: int, colonne: int, valeur: Any, formats: dict[type, Any]) -> None:
    if valeur is None:
        return
    if isinstance(valeur, Decimal):
        page.write_number(rang, colonne, float(valeur), formats[Decimal])
    elif isinstance(valeur, date):
        page.write_datetime(rang, colonne, valeur, formats[date])
    elif isinstance(valeur, int):
        page.write_number(rang, colonne, valeur)
    else:
        page.write_string(rang, colonne, str(valeur), formats[str])


def en_reponse(
    nom: str, format: str, *, feuille: str, entetes: Sequence[str], lignes: Iterable[Sequence[Any]]
) -> HttpResponseBase:
    """La réponse qui télécharge `nom.format` ; un CSV part au fil de l'eau."""
    if format == XLSX:
        fichier = en_xlsx(feuille, entetes, lignes)
        return FileResponse(fichier, as_attachment=True, filename=f"{nom}.{format}", content_type=TYPES[XLSX])
    reponse = StreamingHttpResponse(en_csv(entetes, lignes), content_type=TYPES[CSV])
    reponse["Content-Disposition"] = f'attachment; filename="{nom}.{format}"'
    return reponse
