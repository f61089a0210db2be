"""`ensemblier verifier-pack` : les fautes d'un pack, ses contradictions, et ses cas rejoués."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ensemblier.noyau.packs import (
    Appel,
    ErreurDePack,
    PackInvalide,
    Territoire,
    controler,
    lire_appels,
    lire_territoire,
)
from ensemblier.noyau.packs.cas import lire_cas
from ensemblier.noyau.regles.cas import jouer


def executer(args: argparse.Namespace) -> int:
    """0 si le pack se lit et si ses cas concordent, 1 sinon, 2 si le dossier n'existe pas."""
    racine = Path(args.pack)
    if not racine.is_dir():
        print(f"« {racine} » n'est pas un dossier. Donnez le dossier d'un pack.", file=sys.stderr)
        return 2
    rapport = relire(racine)
    if args.json:
        print(json.dumps(rapport, ensure_ascii=False, indent=2))
    else:
        _dire(rapport)
    return 1 if rapport["erreurs"] or rapport["cas"]["ecarts"] else 0


def relire(racine: Path) -> dict[str, Any]:
    """Le compte rendu de la relecture, prêt pour JSON."""
    erreurs: list[ErreurDePack] = []
    territoire: Territoire | None = None
    appels: dict[str, Appel] = {}
    ecarts: list[str] = []
    joues = 0
    try:
        territoire = lire_territoire(racine)
        appels = lire_appels(racine, territoire)
    except PackInvalide as refus:
        erreurs += refus.erreurs
    try:
        cas = lire_cas(racine)
    except PackInvalide as refus:
        erreurs += refus.erreurs
        cas = []
    if territoire is not None and not erreurs:
        for fichier, un_cas, base in cas:
            joues += len(un_cas.essais)
            ecarts += [f"{fichier} : {e}" for e in jouer(un_cas, base, appels=appels, territoire=territoire)]
    return {
        "pack": racine.name,
        "erreurs": [
            {"fichier": e.fichier, "cle": e.cle, "ligne": e.ligne, "trouve": e.trouve, "attendu": e.attendu}
            for e in erreurs
        ],
        "appels": [
            {"slug": a.slug, "reglement": a.empreinte(), "regles": len(a.regles)} for a in appels.values()
        ],
        "contradictions": [c.en_json() for c in controler(territoire)] if territoire else [],
        "cas": {"joues": joues, "ecarts": ecarts},
    }


def _dire(rapport: dict[str, Any]) -> None:
    for e in rapport["erreurs"]:
        ou = f"{e['fichier']}, ligne {e['ligne']}" if e["ligne"] else e["fichier"]
        print(f"⬣ {ou}, {e['cle']} : trouvé {e['trouve']} ; attendu : {e['attendu']}")
    if rapport["erreurs"]:
        print(f"Pack refusé en entier : {len(rapport['erreurs'])} faute(s).")
    for ecart in rapport["cas"]["ecarts"]:
        print(f"⬣ {ecart}")
    for appel in rapport["appels"]:
        print(f"▣ {appel['slug']} : {appel['regles']} règles, règlement {appel['reglement'][:12]}")
    if rapport["cas"]["joues"]:
        print(f"▣ {rapport['cas']['joues']} cas joués, {len(rapport['cas']['ecarts'])} écart(s)")
    for c in rapport["contradictions"]:
        print(f"▲ {c['phrase']}  ({c['source']})")
    if rapport["contradictions"]:
        print(f"{len(rapport['contradictions'])} contradictions à lire ; elles n'empêchent rien.")
