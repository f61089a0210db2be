"""Ce qui change d'une version du règlement à la suivante, en phrases : la date, la règle, la pièce."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ensemblier.appels import clair
from ensemblier.appels.lecture import dates_en_clair
from ensemblier.noyau import packs


def changements(avant: packs.Appel, apres: packs.Appel, territoire: packs.Territoire) -> list[str]:
    """Une phrase par différence qu'un porteur doit connaître ; vide si rien de cela ne change."""

    def phrase(regle: Any) -> str:
        lue = clair.en_clair(regle, territoire)
        return f"{lue.phrase} {lue.consequence[:1].upper()}{lue.consequence[1:]}."

    phrases = [
        *_listes("Date", "libelle", avant.jalons, apres.jalons, lambda j: f"{dates_en_clair(j.jalon())}."),
        *_listes("Règle", "titre", avant.regles, apres.regles, phrase),
        *_listes("Pièce", "libelle", avant.pieces, apres.pieces, _piece),
        *_listes("Dispositif", "nom", avant.dispositifs, apres.dispositifs, lambda d: d.aide),
    ]
    for quoi, mots in (
        ("Qui peut demander", lambda a: a.candidats_texte),
        ("Combien", clair.combien),
        ("Où déposer", lambda a: a.depot.texte),
    ):
        if mots(avant) != mots(apres):
            phrases.append(f"{quoi} : {mots(apres)} Avant : {mots(avant)}")
    return phrases


def _piece(piece: Any) -> str:
    return "Indispensable à l'examen." if piece.indispensable else "Elle peut venir plus tard."


def _listes(
    quoi: str, nom: str, avant: Iterable[Any], apres: Iterable[Any], mots: Callable[[Any], str]
) -> Iterator[str]:
    """Ajouts, retraits et différences de deux listes nommées par leur code."""
    anciens, neufs = {x.code: x for x in avant}, {x.code: x for x in apres}
    for code, neuf in neufs.items():
        titre = f"{quoi} « {getattr(neuf, nom)} »"
        if code not in anciens:
            yield f"{titre}, en plus : {mots(neuf)}"
        elif mots(neuf) != mots(anciens[code]):
            yield f"{titre} : {mots(neuf)} Avant : {mots(anciens[code])}"
        elif neuf != anciens[code]:
            yield f"{titre} : précisée, sans changer ce qu'elle demande."
    for code, ancien in anciens.items():
        if code not in neufs:
            yield f"{quoi} « {getattr(ancien, nom)} » : retirée."
