"""Lire un pack : le dossier est accepté en entier, ou refusé en entier avec toutes ses fautes.

C'est le seul endroit du noyau qui ouvre des fichiers.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ensemblier.noyau.packs.appel import Appel
from ensemblier.noyau.packs.coherence import fautes_de_l_appel, fautes_du_territoire
from ensemblier.noyau.packs.erreurs import ErreurDePack, PackInvalide, chemin, fautes, ligne_de
from ensemblier.noyau.packs.territoire import Territoire
from ensemblier.noyau.strict import attendu, cle, trouve

TAILLE_MAX = 8_000_000
"""Octets : au-delà, un fichier de pack n'est pas lu (fiabilité T42)."""

_COLONNES = {
    "communes.csv": (
        "code",
        "insee",
        "nom",
        "membre",
        "siren",
        "codes_postaux",
        "population",
        "epci",
        "lon",
        "lat",
    ),
    "quartiers.csv": (
        "code",
        "code_ancien",
        "nom",
        "communes",
        "surface_ha",
        "lon",
        "lat",
        "centroide_dedans",
        "part_epci",
    ),
    "tableau-imprime.csv": ("code", "nom", "communes"),
}
_LISTES = {"communes": "communes.csv", "quartiers": "quartiers.csv", "tableau_imprime": "tableau-imprime.csv"}
_PLURIELS = frozenset({"communes", "codes_postaux"})
_OUI_NON = {"oui": True, "non": False}


def _texte(fichier: Path, erreurs: list[ErreurDePack]) -> str | None:
    try:
        octets = fichier.read_bytes()
        if len(octets) > TAILLE_MAX:
            raise OSError
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        erreurs.append(
            ErreurDePack(fichier.name, "(fichier)", None, "des octets illisibles", "un texte UTF-8")
        )
    except OSError:
        lu = "un fichier trop gros" if fichier.exists() else "rien"
        erreurs.append(
            ErreurDePack(
                fichier.name, "(fichier)", None, lu, f"un fichier lisible de {TAILLE_MAX:,} octets au plus"
            )
        )
    return None


def _toml(fichier: Path, erreurs: list[ErreurDePack]) -> tuple[dict[str, Any], str] | None:
    texte = _texte(fichier, erreurs)
    if texte is None:
        return None
    try:
        return tomllib.loads(texte), texte
    except (tomllib.TOMLDecodeError, RecursionError) as refus:
        ou = re.search(r"line (\d+)", str(refus))
        ligne = int(ou[1]) if ou else None
        erreurs.append(
            ErreurDePack(fichier.name, "(fichier)", ligne, "une écriture illisible", "du TOML valide")
        )
        return None


def _cellule(colonne: str, lue: str) -> Any:
    if colonne in _PLURIELS:
        return tuple(p.strip() for p in lue.split(";") if p.strip())
    if colonne in ("membre", "centroide_dedans"):
        return _OUI_NON.get(lue, lue)
    return lue or None


def _csv(fichier: Path, erreurs: list[ErreurDePack]) -> list[dict[str, Any]]:
    texte = _texte(fichier, erreurs)
    if texte is None:
        return []
    voulues = _COLONNES[fichier.name]
    lecteur = csv.DictReader(io.StringIO(texte, newline=""))
    lues = tuple(lecteur.fieldnames or ())
    if lues != voulues:
        erreurs.append(
            ErreurDePack(
                fichier.name, "(colonnes)", 1, ", ".join(map(str, lues)) or "rien", ", ".join(voulues)
            )
        )
        return []
    rangees = []
    for rang, ligne in enumerate(lecteur, start=2):
        if None in ligne or None in ligne.values():
            erreurs.append(
                ErreurDePack(
                    fichier.name,
                    f"ligne {rang}",
                    rang,
                    "trop ou pas assez de colonnes",
                    f"{len(voulues)} colonnes",
                )
            )
            continue
        rangees.append({c: _cellule(c, str(v).strip()) for c, v in ligne.items()})
    return rangees


def _geojson(fichier: Path, erreurs: list[ErreurDePack]) -> dict[str, Any]:
    texte = _texte(fichier, erreurs)
    if texte is None:
        return {}
    try:
        donnees = json.loads(texte)
    except (ValueError, RecursionError) as refus:
        ligne = getattr(refus, "lineno", None)
        erreurs.append(ErreurDePack(fichier.name, "(fichier)", ligne, "une écriture illisible", "du GeoJSON"))
        return {}
    if not isinstance(donnees, dict):
        erreurs.append(ErreurDePack(fichier.name, "(fichier)", None, "autre chose", "une FeatureCollection"))
        return {}
    return donnees


def _ou(loc: tuple[Any, ...], fichier: str, donnees: Any, source: str) -> tuple[str, str, int | None]:
    """Le fichier, la clé et la ligne d'une faute : un CSV a ses lignes, le TOML ses clés."""
    if loc and loc[0] in _LISTES and len(loc) > 1 and isinstance(loc[1], int):
        colonne = ".".join(str(p) for p in loc[2:]) or "(ligne)"
        return _LISTES[str(loc[0])], colonne, loc[1] + 2
    nom = chemin(loc, donnees)
    return fichier, nom, ligne_de(source, nom)


def _elaguer(donnees: dict[str, Any], refus: ValidationError) -> dict[str, Any] | None:
    """Les mêmes données sans ce qui est faux, pour relire le reste ; rien si on ne peut pas."""
    copie = json.loads(json.dumps(donnees, default=str))
    a_oter: dict[tuple[Any, ...], None] = {}
    for faute in refus.errors():
        loc = faute["loc"]
        rangs = [i for i, pas in enumerate(loc) if isinstance(pas, int)]
        if rangs:
            a_oter[tuple(loc[: rangs[0] + 1])] = None
        elif faute["type"] == "extra_forbidden":
            a_oter[tuple(loc)] = None
        else:
            return None
    for loc in sorted(a_oter, key=lambda pas: (len(pas), str(pas[:-1]), pas[-1]), reverse=True):
        ici = copie
        for pas in loc[:-1]:
            ici = ici[pas]
        del ici[loc[-1]]
    return copie if isinstance(copie, dict) else None


def lire_territoire(racine: Path | str) -> Territoire:
    """Lit `packs/<territoire>/` ; lève `PackInvalide` avec toutes les fautes de tous les fichiers."""
    racine = Path(racine)
    erreurs: list[ErreurDePack] = []
    lu = _toml(racine / "territoire.toml", erreurs)
    donnees, source = lu if lu else ({}, "")
    reserves = [c for c in (*_LISTES, "contours") if c in donnees]
    for reserve in reserves:
        erreurs.append(
            ErreurDePack(
                "territoire.toml", reserve, ligne_de(source, reserve), "une clé", "un fichier à part"
            )
        )
    donnees = {c: v for c, v in donnees.items() if c not in reserves}
    donnees["communes"] = _csv(racine / "communes.csv", erreurs)
    donnees["quartiers"] = _csv(racine / "quartiers.csv", erreurs)
    tableau = racine / "tableau-imprime.csv"
    donnees["tableau_imprime"] = _csv(tableau, erreurs) if tableau.exists() else []
    donnees["contours"] = _geojson(racine / "quartiers.geojson", erreurs)
    for rangee in (*donnees["quartiers"], *donnees["tableau_imprime"]):
        rangee["communes"] = tuple(cle(c) for c in rangee["communes"])
    if lu is None:
        raise PackInvalide(erreurs)
    territoire: Territoire | None = None
    try:
        territoire = Territoire.model_validate(donnees)
    except ValidationError as refus:
        for faute in refus.errors():
            fichier, nom, ligne = _ou(faute["loc"], "territoire.toml", donnees, source)
            erreurs.append(ErreurDePack(fichier, nom, ligne, trouve(faute), attendu(faute)))
        reste = _elaguer(donnees, refus)
        territoire = _tenter(Territoire, reste)
    if territoire is not None:
        erreurs.extend(fautes_du_territoire(territoire, donnees, source))
    if erreurs or territoire is None:
        raise PackInvalide(erreurs)
    return territoire


def _tenter(modele: Any, donnees: dict[str, Any] | None) -> Any:
    try:
        return None if donnees is None else modele.model_validate(donnees)
    except ValidationError:
        return None


def _deplier(donnees: dict[str, Any], territoire: Territoire) -> None:
    """« *communes » vaut pour chaque commune du territoire qui finance, avec un dispositif chacune."""
    financeurs = donnees.get("financeurs")
    if not isinstance(financeurs, list) or "*communes" not in financeurs:
        return
    communes = [f for f in territoire.financeurs if f.type == "commune"]
    rang = financeurs.index("*communes")
    donnees["financeurs"] = [*financeurs[:rang], *(f.code for f in communes), *financeurs[rang + 1 :]]
    for guichet in donnees.get("guichets") or ():
        if isinstance(guichet, dict) and guichet.get("financeurs") == ["*communes"]:
            guichet["financeurs"] = [f.code for f in communes]
    dispositifs = donnees.get("dispositifs")
    modeles = [d for d in dispositifs or [] if isinstance(d, dict) and d.get("financeur") == "*communes"]
    if not isinstance(dispositifs, list) or len(modeles) != 1:
        return
    modele, place = modeles[0], dispositifs.index(modeles[0])
    prefixe = modele.get("code")
    par_commune = [
        {
            **modele,
            "financeur": f.code,
            "code": f"{prefixe}-{f.code.lower().replace(chr(39), '-')}",
            "nom": f"{modele.get('nom')} : {f.nom}",
        }
        for f in communes
    ]
    donnees["dispositifs"] = [*dispositifs[:place], *par_commune, *dispositifs[place + 1 :]]


def lire_appel(fichier: Path | str, territoire: Territoire) -> Appel:
    """Lit `appels/<slug>.toml` ; lève `PackInvalide` avec toutes les fautes."""
    fichier = Path(fichier)
    erreurs: list[ErreurDePack] = []
    lu = _toml(fichier, erreurs)
    if lu is None:
        raise PackInvalide(erreurs)
    donnees, source = lu
    _deplier(donnees, territoire)
    appel: Appel | None = None
    try:
        appel = Appel.model_validate(donnees)
    except ValidationError as refus:
        erreurs.extend(fautes(fichier.name, refus, donnees, source))
        appel = _tenter(Appel, _elaguer(donnees, refus))
    if appel is not None:
        erreurs.extend(fautes_de_l_appel(appel, territoire, donnees, fichier.name, source))
    if erreurs or appel is None:
        raise PackInvalide(erreurs)
    return appel


def lire_appels(racine: Path | str, territoire: Territoire) -> dict[str, Appel]:
    """Tous les appels d'un pack, par slug ; lève `PackInvalide` avec les fautes de tous les fichiers."""
    appels: dict[str, Appel] = {}
    erreurs: list[ErreurDePack] = []
    for fichier in sorted((Path(racine) / "appels").glob("*.toml")):
        try:
            appel = lire_appel(fichier, territoire)
        except PackInvalide as refus:
            erreurs.extend(refus.erreurs)
        else:
            appels[appel.slug] = appel
    if erreurs:
        raise PackInvalide(erreurs)
    return appels
