"""`ensemblier` : la console. Django ne démarre que pour les commandes qui lisent une base.

Sortie 0 : fait ; 1 : une règle ou une donnée refuse ; 2 : la commande est mal écrite.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

_FRANCAIS = {
    "usage: ": "usage : ",
    "positional arguments": "arguments",
    "options": "options",
    "show this help message and exit": "montre cette aide",
    "the following arguments are required: %s": "il manque : %s",
    "unrecognized arguments: %s": "arguments inconnus : %s",
    "argument %(argument_name)s: %(message)s": "%(argument_name)s : %(message)s",
    "invalid choice: %(value)r (choose from %(choices)s)": "%(value)r n'existe pas : %(choices)s",
    "invalid %(type)s value: %(value)r": "%(value)r n'est pas un nombre",
    "not allowed with argument %s": "ne va pas avec %s",
    "expected one argument": "une valeur est attendue",
    "%(prog)s: error: %(message)s\n": "%(prog)s : %(message)s\n",
    "one of the arguments %s is required": "il faut l'un de : %s",
}
vars(argparse)["_"] = lambda texte: _FRANCAIS.get(texte, texte)


@dataclass(frozen=True, slots=True)
class Commande:
    """Une sous-commande : où elle vit (`module:fonction`), ce qu'elle accepte, si elle veut Django.

    La fonction reçoit les arguments lus et rend le code de sortie. Un module qui veut Django peut offrir
    `preparer(args)`, appelée avant les réglages.
    """

    aide: str
    cible: str
    arguments: Callable[[argparse.ArgumentParser], None]
    django: bool = True


def _verifier_pack(p: argparse.ArgumentParser) -> None:
    p.add_argument("pack", metavar="PACK", help="le dossier du pack, par exemple packs/mon-territoire")


def _evaluer(p: argparse.ArgumentParser) -> None:
    p.add_argument("appel", metavar="APPEL.toml", help="l'appel, dans le dossier appels/ de son pack")
    p.add_argument("fiche", metavar="FICHE.json", help="la fiche du dossier, ou - pour l'entrée standard")


def _quartier(p: argparse.ArgumentParser) -> None:
    p.add_argument("--lon", type=float, help="longitude, en degrés (WGS84)")
    p.add_argument("--lat", type=float, help="latitude, en degrés (WGS84)")
    p.add_argument("--csv", metavar="FICHIER", help="un CSV avec les colonnes lon et lat")
    p.add_argument("--pack", metavar="PACK", help="le dossier du pack ; à défaut, le premier territoire réel")


def _demo(p: argparse.ArgumentParser) -> None:
    p.add_argument("--port", type=int, default=8000, help="le port du serveur (8000)")
    p.add_argument("--sans-serveur", action="store_true", help="construit, montre les comptes, et s'arrête")


def _rythme(p: argparse.ArgumentParser) -> None:
    p.add_argument("--une-fois", action="store_true", help="chaque tâche une fois, puis fin")


def _courriels(p: argparse.ArgumentParser) -> None:
    p.add_argument("--relancer", action="store_true", help="les abandonnés repartent, la panne réparée")


def _sauvegarder(p: argparse.ArgumentParser) -> None:
    p.add_argument("archive", metavar="ARCHIVE", help="le fichier à écrire")


def _restaurer(p: argparse.ArgumentParser) -> None:
    p.add_argument("archive", metavar="ARCHIVE", help="le fichier à relire")
    p.add_argument("--remplacer", action="store_true", help="remplace une base qui contient déjà des données")


def _mettre_a_jour(p: argparse.ArgumentParser) -> None:
    p.add_argument("archive", metavar="ARCHIVE", help="la sauvegarde à écrire avant de rien changer")


def _verifier_registre(p: argparse.ArgumentParser) -> None:
    p.add_argument("--tete", default="", help="la tête de registre gardée hors de la maison")


def _installer(p: argparse.ArgumentParser) -> None:
    p.add_argument("pack", metavar="PACK", help="le dossier du pack")
    p.add_argument("--hote", default=None, help="le nom d'hôte du territoire ; à défaut, celui du pack")
    p.add_argument("--responsable", metavar="COURRIEL", default="", help="la première personne habilitée")
    p.add_argument("--publier", metavar="APPEL", nargs="*", default=[], help="les appels à publier aussitôt")


def _importer(p: argparse.ArgumentParser) -> None:
    p.add_argument("format", choices=["dauphin"], help="d'où vient le fichier")
    p.add_argument("fichier", metavar="FICHIER", help="l'extraction : .csv, .xlsx ou .ods")
    p.add_argument("--territoire", default="", help="son code ; à défaut, le seul installé")
    p.add_argument("--exercice", type=int, default=None, help="l'année, si le fichier ne la dit pas")
    p.add_argument("--appliquer", action="store_true", help="écrit ; sans lui, tout est essayé à blanc")
    p.add_argument("--les-autres", action="store_true", help="écrit les bonnes lignes malgré les refusées")


COMMANDES: dict[str, Commande] = {
    "demo": Commande("construit l'année fictive et la sert", "config.commandes.demo:executer", _demo),
    "verifier-pack": Commande(
        "relit un pack : fautes, contradictions, cas",
        "config.commandes.pack:executer",
        _verifier_pack,
        django=False,
    ),
    "evaluer": Commande(
        "juge une fiche selon un appel, sans base",
        "config.commandes.evaluer:executer",
        _evaluer,
        django=False,
    ),
    "quartier": Commande(
        "dit si un point est dans un quartier", "config.commandes.quartier:executer", _quartier, django=False
    ),
    "installer": Commande(
        "installe un territoire depuis son pack", "config.commandes.territoire:executer", _installer
    ),
    "importer": Commande(
        "importe une extraction Dauphin ou GISPRO, essayée à blanc d'abord",
        "config.commandes.importer:executer",
        _importer,
    ),
    "rythme": Commande("fait tourner les tâches périodiques", "config.commandes.rythme:executer", _rythme),
    "courriels": Commande(
        "montre la boîte d'envoi et ce qu'elle a abandonné", "config.commandes.courriels:executer", _courriels
    ),
    "sauvegarder": Commande(
        "écrit la base et les fichiers dans une archive",
        "config.commandes.sauvegarde:sauvegarder",
        _sauvegarder,
    ),
    "restaurer": Commande("remet une archive en place", "config.commandes.sauvegarde:restaurer", _restaurer),
    "mettre-a-jour": Commande(
        "sauvegarde, puis met la base à la version installée",
        "config.commandes.mise_a_jour:executer",
        _mettre_a_jour,
    ),
    "verifier-registre": Commande(
        "relit toutes les chaînes et tous les sceaux",
        "config.commandes.registre:executer",
        _verifier_registre,
    ),
}


def analyseur() -> argparse.ArgumentParser:
    """L'analyseur complet ; chaque commande accepte `--json`."""
    racine = argparse.ArgumentParser(prog="ensemblier", description="Le guichet ouvert du contrat de ville.")
    sous = racine.add_subparsers(dest="commande", metavar="COMMANDE", required=True)
    for nom, commande in COMMANDES.items():
        parseur = sous.add_parser(nom, help=commande.aide, description=f"{commande.aide.capitalize()}.")
        commande.arguments(parseur)
        parseur.add_argument("--json", action="store_true", help="écrit du JSON")
    return racine


def main(argv: Sequence[str] | None = None) -> int:
    """Lit les arguments, démarre Django s'il le faut, appelle la commande, rend son code."""
    args = analyseur().parse_args(argv)
    commande = COMMANDES[args.commande]
    nom_du_module, fonction = commande.cible.split(":")
    module = import_module(nom_du_module)
    if commande.django:
        if hasattr(module, "preparer"):
            module.preparer(args)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
    return int(getattr(module, fonction)(args))


if __name__ == "__main__":
    sys.exit(main())
