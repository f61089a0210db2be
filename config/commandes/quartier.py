"""`ensemblier quartier` : un point, ou un CSV de points, face aux contours d'un pack (R20, S67)."""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

from ensemblier.noyau.geographie import MENTION, Quartiers
from ensemblier.noyau.packs import PackInvalide, Territoire, lire_territoire

AJOUTS = ("verdict", "quartier", "nom_quartier", "distance_m")


def executer(args: argparse.Namespace) -> int:
    """0 si chaque point a sa réponse, 1 si le pack ou le CSV est refusé, 2 si la commande est incomplète."""
    if (args.csv is None) == (args.lon is None or args.lat is None):
        print("Donnez --lon et --lat, ou bien --csv FICHIER.", file=sys.stderr)
        return 2
    if args.csv and not Path(args.csv).is_file():
        print(f"« {args.csv} » n'existe pas. Vérifiez le chemin.", file=sys.stderr)
        return 2
    try:
        territoire = _territoire(args.pack)
    except PackInvalide as refus:
        print(refus, file=sys.stderr)
        return 1
    if territoire is None:
        print("Aucun pack trouvé. Donnez --pack DOSSIER.", file=sys.stderr)
        return 2
    quartiers = Quartiers.depuis_geojson(territoire.contours)
    if args.csv:
        return _fichier(args, quartiers)
    reponse = situer(quartiers, args.lon, args.lat)
    if args.json:
        print(json.dumps(reponse, ensure_ascii=False, indent=2))
    else:
        print(reponse["phrase"])
    return 0


def _territoire(pack: str | None) -> Territoire | None:
    if pack:
        return lire_territoire(pack)
    racine = os.environ.get("ENSEMBLIER_PACKS") or Path(__file__).resolve().parent.parent.parent / "packs"
    for fichier in sorted(Path(racine).glob("*/territoire.toml")):
        territoire = lire_territoire(fichier.parent)
        if not territoire.fictif:
            return territoire
    return None


def situer(quartiers: Quartiers, lon: float | None, lat: float | None) -> dict[str, Any]:
    """La réponse pour un point, prête pour JSON."""
    r = quartiers.situer(lon, lat)
    return {
        "verdict": r.verdict,
        "quartier": r.code or None,
        "nom_quartier": r.nom or None,
        "distance_m": None if r.distance_m is None else round(r.distance_m, 1),
        "phrase": r.phrase,
        "mention": MENTION,
    }


def _nombre(texte: str | None) -> float | None:
    try:
        return float((texte or "").replace(",", "."))
    except ValueError:
        return None


def _fichier(args: argparse.Namespace, quartiers: Quartiers) -> int:
    try:
        with open(args.csv, encoding="utf-8-sig", newline="") as flux:
            entete = flux.readline()
            flux.seek(0)
            lecteur = csv.DictReader(flux, delimiter=";" if entete.count(";") > entete.count(",") else ",")
            colonnes = list(lecteur.fieldnames or [])
            if "lon" not in colonnes or "lat" not in colonnes:
                print(f"Colonnes lues : {', '.join(colonnes)}. Il faut « lon » et « lat ».", file=sys.stderr)
                return 1
            lignes = [
                (ligne, situer(quartiers, _nombre(ligne["lon"]), _nombre(ligne["lat"]))) for ligne in lecteur
            ]
    except UnicodeDecodeError:
        print("Ce fichier n'est pas un texte UTF-8. Enregistrez-le en CSV UTF-8.", file=sys.stderr)
        return 1
    if args.json:
        sortie = [{**{c: ligne.get(c) for c in colonnes}, **reponse} for ligne, reponse in lignes]
        print(json.dumps(sortie, ensure_ascii=False, indent=2))
        return 0
    redacteur = csv.writer(sys.stdout, lineterminator="\n")
    redacteur.writerow([*colonnes, *AJOUTS])
    for ligne, reponse in lignes:
        valeurs = ["" if reponse[a] is None else reponse[a] for a in AJOUTS]
        redacteur.writerow([*(ligne.get(c) or "" for c in colonnes), *valeurs])
    return 0
