"""Engendre `docs/regles.md` : les règles de chaque pack, leur source, ce que le texte ne dit pas."""

from __future__ import annotations

from pathlib import Path

from ensemblier.noyau.packs import Appel, Territoire, lire_appels, lire_territoire
from ensemblier.noyau.packs.regle import Regle, Source
from ensemblier.noyau.strict import typographie

RACINE = Path(__file__).resolve().parent.parent.parent
_ENTETE = """# Les règles

Page engendrée par `make docs` depuis les packs ; un essai refuse une page périmée.
Chaque règle répond sur chaque dossier par un constat, avec sa source. Sans source, le pack est refusé.
"""


def page(racine: Path = RACINE / "packs") -> str:
    """Le texte entier de la page, pack par pack."""
    morceaux = [_ENTETE]
    for fichier in sorted(racine.glob("*/territoire.toml")):
        territoire = lire_territoire(fichier.parent)
        morceaux.append(f"\n## {territoire.nom}\n")
        for appel in lire_appels(fichier.parent, territoire).values():
            morceaux.append(_appel(appel))
        morceaux.append(_parametres(territoire))
    return "".join(morceaux)


def _appel(appel: Appel) -> str:
    lignes = [
        f"\n### {appel.titre}\n",
        "| règle | ce qu'elle demande | elle arrête | volet | source | exigences, paramètres |",
        "|---|---|---|---|---|---|",
    ]
    for regle in appel.regles:
        arrete = ", ".join(regle.bloque) or "rien : elle signale"
        renvois = ", ".join((*regle.exigence, *regle.parametre))
        lignes.append(
            f"| `{regle.code}` | {_cellule(_demande(regle))} | {arrete} | {regle.financeur or 'tous'} "
            f"| {_cellule(_source(regle.source))} | {renvois} |"
        )
    silences = [f"- `{r.code}` : {r.le_texte_ne_dit_pas}" for r in appel.regles if r.le_texte_ne_dit_pas]
    if silences:
        lignes += ["", "Ce que le texte ne dit pas :", "", *silences]
    return typographie("\n".join(lignes)) + "\n"


_SEUILS = {"part": " % au moins", "minimum": " au moins", "cumul": " % au plus"}


def _demande(regle: Regle) -> str:
    seuil = getattr(regle, "seuil", None)
    precision = f" : {seuil}{_SEUILS.get(regle.genre, '')}" if seuil is not None else ""
    return f"{regle.titre}{precision}"


def _source(source: Source) -> str:
    citation = f"« {source.citation} »" if source.litterale else source.citation
    return f"{source.document}, {source.page} : {citation}"


def _cellule(texte: str) -> str:
    return texte.replace("|", "\\|")


def _parametres(territoire: Territoire) -> str:
    lignes = [
        "\n### Les questions laissées ouvertes\n",
        "| n° | question | réponse du territoire |",
        "|---|---|---|",
    ]
    for p in territoire.parametres:
        note = f" {p.note}" if p.note else ""
        lignes.append(f"| {p.code} | {_cellule(p.question)} | {_cellule(p.valeur)}.{_cellule(note)} |")
    return typographie("\n".join(lignes)) + "\n"


if __name__ == "__main__":
    (RACINE / "docs" / "regles.md").write_text(page(), encoding="utf-8")
    print("docs/regles.md récrite.")
