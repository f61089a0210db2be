"""Les cas d'un pack : ce qu'une chargée de mission attend des règles, écrit sans code."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from ensemblier.noyau.packs.erreurs import ErreurDePack, PackInvalide, fautes
from ensemblier.noyau.packs.regle import Acte, Phrase
from ensemblier.noyau.packs.territoire import Slug
from ensemblier.noyau.strict import Modele


class Attendu(Modele):
    """Ce que le rapport doit dire ; ce qui n'est pas écrit n'est pas vérifié.

    `bloquants` : pour un acte, exactement ces règles. `phrases` et `remedes` : un morceau de la phrase.
    """

    deposable: bool | None = None
    verdicts: dict[str, str] = Field(default_factory=dict)
    bloquants: dict[Acte, tuple[str, ...]] = Field(default_factory=dict)
    volet: str | None = None
    phrases: dict[str, str] = Field(default_factory=dict)
    remedes: dict[str, str] = Field(default_factory=dict)
    financement: dict[str, str] = Field(default_factory=dict)
    echeancier: tuple[str, ...] | None = None


class Essai(Modele):
    """Une fiche de base, ce qu'on y change, ce qu'on y ôte, et ce qu'on attend."""

    quand: Phrase
    fiche: dict[str, Any] = Field(default_factory=dict)
    oter: tuple[str, ...] = ()
    attendu: Attendu


class Cas(Modele):
    scenario: Phrase
    titre: Phrase
    appel: Slug
    base: Slug
    essais: tuple[Essai, ...] = Field(min_length=1)


def _fondre(base: dict[str, Any], ajouts: dict[str, Any]) -> dict[str, Any]:
    for nom, valeur in ajouts.items():
        if isinstance(valeur, dict) and isinstance(base.get(nom), dict):
            _fondre(base[nom], valeur)
        else:
            base[nom] = valeur
    return base


def fiche_de(essai: Essai, base: dict[str, Any]) -> dict[str, Any]:
    """La fiche de l'essai : la base, moins `oter`, plus `fiche`."""
    donnees = copy.deepcopy(base)
    for chemin in essai.oter:
        *avant, dernier = chemin.split(".")
        ici = donnees
        for pas in avant:
            ici = ici.get(pas, {})
        ici.pop(dernier, None)
    return _fondre(donnees, essai.fiche)


def lire_cas(racine: Path | str) -> list[tuple[str, Cas, dict[str, Any]]]:
    """Tous les cas d'un pack : (fichier, cas, fiche de base) ; lève `PackInvalide` avec toutes les fautes."""
    dossier = Path(racine) / "cas"
    lus: list[tuple[str, Cas, dict[str, Any]]] = []
    erreurs: list[ErreurDePack] = []
    for fichier in sorted(dossier.glob("*.toml")):
        source = fichier.read_text(encoding="utf-8")
        try:
            donnees = tomllib.loads(source)
            cas = Cas.model_validate(donnees)
        except tomllib.TOMLDecodeError:
            erreurs.append(
                ErreurDePack(fichier.name, "(fichier)", None, "une écriture illisible", "du TOML valide")
            )
            continue
        except ValidationError as refus:
            erreurs.extend(fautes(fichier.name, refus, donnees, source))
            continue
        base = dossier / "bases" / f"{cas.base}.toml"
        if not base.is_file():
            erreurs.append(ErreurDePack(fichier.name, "base", None, cas.base, "un fichier de cas/bases"))
            continue
        lus.append((fichier.name, cas, tomllib.loads(base.read_text(encoding="utf-8"))))
    if erreurs:
        raise PackInvalide(erreurs)
    return lus
