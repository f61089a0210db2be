"""`ensemblier mettre-a-jour` : sauvegarder, migrer, réunir les fichiers servis, relire le registre."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from config.commandes.sauvegarde import SauvegardeRefusee, ecrire


class MiseAJourRefusee(Exception):
    """La mise à jour ne peut pas commencer, ou s'est arrêtée : la phrase dit comment revenir."""


def executer(args: argparse.Namespace) -> int:
    """0 : la base est à la version installée ; 1 : refusée ou arrêtée, avec la façon de revenir."""
    try:
        fait = mettre_a_jour(Path(args.archive))
    except (MiseAJourRefusee, SauvegardeRefusee) as refus:
        print(f"Mise à jour refusée : {refus}", file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(fait, ensure_ascii=False, indent=2))
        return 0
    nombre = len(fait["migrations"])
    print(f"Sauvegarde d'avant : {fait['archive']}.")
    print(f"{nombre} migrations faites." if nombre > 1 else f"{nombre} migration faite.")
    print("Registre intact. Redémarrez le serveur et « ensemblier rythme ».")
    return 0


def mettre_a_jour(archive: Path) -> dict[str, object]:
    """Rend `archive`, `migrations` (« pièce.nom », dans l'ordre) et `tete`, la tête du registre relu.

    Rien ne change avant que l'archive ne soit écrite. Chaque migration se fait entière ou pas du tout.
    """
    from django.core.management import call_command
    from django.db import DatabaseError

    if archive.exists():
        raise MiseAJourRefusee(
            f"« {archive} » existe déjà, et une sauvegarde ne s'écrase pas. Donnez un autre nom."
        )
    prevues = _a_faire()
    tete = _tete(relire=not any(nom.startswith("registre.") for nom in prevues))
    ecrire(archive, tete=tete)
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except (DatabaseError, ValueError, LookupError) as erreur:
        raise MiseAJourRefusee(
            f"une migration a échoué ({erreur}). Réinstallez la version d'avant, puis lancez "
            f"« ensemblier restaurer {archive} --remplacer »."
        ) from erreur
    call_command("collectstatic", interactive=False, verbosity=0)
    return {"archive": str(archive), "migrations": prevues, "tete": _tete(relire=True, connue=tete)}


def _a_faire() -> list[str]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executeur = MigrationExecutor(connection)
    plan = executeur.migration_plan(executeur.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _tete(*, relire: bool, connue: str = "") -> str:
    """La tête du registre ; relu en entier, sauf quand la version neuve va changer la forme de ses tables."""
    from ensemblier.registre.models import ORIGINE, Sceau
    from ensemblier.registre.verification import verifier

    if not relire:
        return Sceau.objects.order_by("-numero").values_list("empreinte", flat=True).first() or ORIGINE
    relu = verifier(tete_connue="" if connue == ORIGINE else connue)
    if not relu.est_intacte:
        lieux = ", ".join(a.lieu for a in relu.anomalies[:3])
        raise MiseAJourRefusee(
            f"le registre a été altéré ({lieux}). « ensemblier verifier-registre » le montre en entier ; "
            "restaurez une archive saine, puis mettez à jour."
        )
    return relu.tete
