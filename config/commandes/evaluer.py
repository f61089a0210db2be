"""`ensemblier evaluer` : une fiche, un appel, tous les constats ; sans base ni réseau."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ensemblier.noyau.ecritures import en_francais
from ensemblier.noyau.packs import PackInvalide, lire_appel, lire_territoire
from ensemblier.noyau.regles import Fiche, FicheInvalide, Rapport, Verdict, evaluer

SIGNES = {
    Verdict.RESPECTEE: "▣",
    Verdict.NON_RESPECTEE: "⬣",
    Verdict.A_VERIFIER: "◎",
    Verdict.A_RENSEIGNER: "○",
    Verdict.SANS_OBJET: "–",
}
TAILLE_MAX = 2_000_000
"""Caractères : une fiche décrit une action, pas un annuaire."""


def executer(args: argparse.Namespace) -> int:
    """0 si le dossier peut être déposé, 1 si une règle ou la fiche refuse, 2 si un fichier manque."""
    appel = Path(args.appel)
    for fichier in (appel, Path(args.fiche)):
        if str(fichier) != "-" and not fichier.is_file():
            print(f"« {fichier} » n'existe pas. Vérifiez le chemin.", file=sys.stderr)
            return 2
    try:
        territoire = lire_territoire(appel.resolve().parent.parent)
        reglement = lire_appel(appel, territoire)
        fiche = Fiche.lire(_donnees(args.fiche))
    except PackInvalide as refus:
        return _refuser(args, [str(e) for e in refus.erreurs], "Le pack est refusé")
    except FicheInvalide as refus:
        lignes = [f"{chemin} : trouvé {lu} ; attendu : {voulu}" for chemin, lu, voulu in refus.erreurs]
        return _refuser(args, lignes, "La fiche est refusée")
    rapport = evaluer(reglement, fiche, territoire=territoire)
    if args.json:
        print(json.dumps(rapport.en_json(), ensure_ascii=False, indent=2))
    else:
        _dire(rapport)
    return 0 if rapport.deposable else 1


def _donnees(fiche: str) -> Any:
    brut = sys.stdin.read(TAILLE_MAX + 1) if fiche == "-" else _lire(Path(fiche))
    if len(brut) > TAILLE_MAX:
        raise FicheInvalide([("(fichier)", "un fichier trop gros", f"au plus {TAILLE_MAX} caractères")])
    try:
        return json.loads(brut)
    except (ValueError, RecursionError):
        raise FicheInvalide([("(fichier)", "une écriture illisible", "du JSON")]) from None


def _lire(fiche: Path) -> str:
    try:
        with fiche.open(encoding="utf-8") as flux:
            return flux.read(TAILLE_MAX + 1)
    except UnicodeDecodeError:
        raise FicheInvalide([("(fichier)", "des octets illisibles", "un texte UTF-8")]) from None


def _refuser(args: argparse.Namespace, erreurs: list[str], titre: str) -> int:
    if args.json:
        print(json.dumps({"erreurs": erreurs}, ensure_ascii=False, indent=2))
    else:
        print(f"{titre} : {len(erreurs)} faute(s).")
        for erreur in erreurs:
            print(f"⬣ {erreur}")
    return 1


def _dire(rapport: Rapport) -> None:
    for constat in rapport.constats:
        suite = f"  → {constat.remede}" if constat.remede else ""
        print(f"{SIGNES[constat.verdict]} {constat.titre} : {constat.phrase}{suite}")
    print()
    for ligne in rapport.financement.lignes:
        print(f"  {ligne.libelle} : {ligne.calcul}")
    for tranche in rapport.echeancier:
        print(f"  Versement {tranche.rang} : {en_francais(tranche.montant)}, {tranche.libelle}")
    arrets = [c.titre for c in rapport.constats if c.arrete("deposer")]
    verdict = "Le dossier peut être déposé." if rapport.deposable else "Le dossier ne peut pas être déposé."
    print(f"\n{verdict}" + (f" À revoir : {', '.join(arrets)}." if arrets else ""))
