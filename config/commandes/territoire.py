"""`ensemblier installer` : un territoire et ses appels, depuis un pack ; le relancer met à jour."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def executer(args: argparse.Namespace) -> int:
    """Charge le pack, prépare ses appels, habilite une première personne, publie ce qui est demandé."""
    from django.utils import timezone

    from ensemblier.noyau import packs
    from ensemblier.noyau.machine import TransitionRefusee
    from ensemblier.registre.actes import ActeBloque

    le = timezone.now()
    try:
        pack = packs.lire_territoire(Path(args.pack))
        appels = packs.lire_appels(Path(args.pack), pack)
        resume = _installer(args, pack, appels, le)
    except packs.PackInvalide as refus:
        for erreur in refus.erreurs:
            print(erreur, file=sys.stderr)
        return 1
    except (ActeBloque, TransitionRefusee) as refus:
        print(str(refus), file=sys.stderr)
        return 1
    print(json.dumps(resume, ensure_ascii=False, indent=2) if args.json else _phrase(resume))
    return 0


def _installer(args, pack, appels, le) -> dict[str, object]:
    from ensemblier.appels import actes
    from ensemblier.comptes.droits import systeme
    from ensemblier.noyau.machine import Role
    from ensemblier.registre.actes import ActeBloque
    from ensemblier.territoires.actes import charger

    if inconnus := sorted(set(args.publier) - set(appels)):
        raise ActeBloque(
            f"Appels absents du pack : {', '.join(inconnus)}. Il contient : {', '.join(appels)}."
        )
    territoire = charger(pack, le=le, hote=args.hote if args.hote is not None else pack.hote)
    par = systeme(territoire.code, nom="Installation")
    resume: dict[str, object] = {"territoire": territoire.nom, "prepares": [], "publies": []}
    if args.responsable:
        resume["responsable"] = _habiliter(args.responsable, territoire, par=par, le=le)
    connus = {a.code: a for a in _connus(territoire)}
    for code, appel in appels.items():
        if code in connus and connus[code].est_publie:
            continue
        prepare = actes.creer(appel, territoire=territoire, par=par, le=le)
        resume["prepares"].append(code)
        if code in args.publier:
            actes.publier(prepare, par=par, roles={Role.RESPONSABLE}, le=le)
            resume["publies"].append(code)
    return resume


def _connus(territoire):
    from ensemblier.appels.models import Appel

    return Appel.objects.filter(territoire=territoire)


def _habiliter(courriel: str, territoire, *, par, le) -> str:
    """Un compte sans mot de passe : la personne le choisit par « mot de passe oublié »."""
    from ensemblier.comptes.actes import creer_compte, habiliter
    from ensemblier.comptes.models import Habilitation, Utilisateur
    from ensemblier.noyau.machine import Role

    compte = Utilisateur.objects.filter(courriel=courriel.lower()).first()
    compte = compte or creer_compte(courriel=courriel, mot_de_passe=None, prenom="", nom="")
    for role in (Role.RESPONSABLE, Role.INSTRUCTEUR):
        lien = Habilitation.objects.filter(utilisateur=compte, territoire=territoire, qualite=role, au=None)
        if not lien.exists():
            habiliter(
                utilisateur=compte, territoire=territoire, qualite=role, fonction=role.libelle, par=par,
                roles={Role.SYSTEME}, le=le,
            )  # fmt: skip
    return compte.courriel


def _phrase(resume: dict[str, object]) -> str:
    lignes = [f"{resume['territoire']} : en place."]
    if "responsable" in resume:
        lignes.append(
            f"Responsable : {resume['responsable']} ; le mot de passe se choisit sur la page de connexion."
        )
    lignes.append(f"Appels préparés : {', '.join(resume['prepares']) or 'aucun'}.")
    lignes.append(f"Appels publiés : {', '.join(resume['publies']) or 'aucun'}.")
    return "\n".join(lignes)
