"""Un tableau se commande par son adresse : trier, filtrer, choisir ses colonnes, c'est suivre un lien."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from .lecture import lire, texte

HORS = ("apres", "avant", "garder")
"""Ce qu'un nouveau tri oublie : la place dans la liste n'a plus de sens."""


def tri(demande: QueryDict, cle: str, *, defaut: bool) -> dict[str, Any]:
    """Rend le lien, le sens en cours (`aria-sort`) et ce que dit le lien d'un en-tête de colonne."""
    choisi = demande.get("tri") or (cle if defaut else "")
    croissant, decroissant = choisi == cle, choisi == f"-{cle}"
    adresse = demande.copy()
    for nom in HORS:
        adresse.pop(nom, None)
    adresse["tri"] = f"-{cle}" if croissant else cle
    return {
        "url": f"?{adresse.urlencode()}",
        "sens": "ascending" if croissant else "descending" if decroissant else "",
        "glyphe": "tri-haut" if croissant else "tri-bas" if decroissant else "tri",
        "mot": ", trier en ordre décroissant" if croissant else ", trier en ordre croissant",
    }


def choix(demande: QueryDict, colonnes: Iterable[Any]) -> dict[str, Any]:
    """Rend les cases du choix des colonnes, et le reste de l'adresse à garder dans le formulaire.

    `montree` dit ce qu'une colonne est quand l'adresse ne choisit rien ; sans lui, elle se voit.
    """
    choisies = demande.getlist("col")
    lues = [
        {
            "cle": texte(c, "cle"),
            "titre": texte(c, "titre"),
            "montree": est_montree(texte(c, "cle"), choisies) if choisies else lire(c, "montree", True),
        }
        for c in colonnes
    ]
    gardes = [(nom, v) for nom, valeurs in demande.lists() if nom not in ("col", *HORS) for v in valeurs]
    return {
        "colonnes": lues, "gardes": gardes, "adresse": f"?{urlencode(gardes)}",
        "montrees": sum(c["montree"] for c in lues),
    }  # fmt: skip


def demandees(envoi: QueryDict, colonnes: Iterable[Any]) -> list[str]:
    """Les clés des colonnes cochées dans l'envoi ; une inconnue se tait. Aucune : celles de la maison."""
    cochees = envoi.getlist("col")
    return [cle for c in colonnes if (cle := texte(c, "cle")) in cochees]


def est_montree(cle: str, choisies: list[str]) -> bool:
    """Sans choix, toutes se voient ; une colonne inconnue dans l'adresse ne change rien."""
    return not choisies or cle in choisies
