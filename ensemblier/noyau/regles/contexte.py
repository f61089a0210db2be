"""Ce que les juges ont sous les yeux : la fiche, l'appel, le territoire, et l'argent déjà calculé."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ensemblier.noyau import montants
from ensemblier.noyau.packs.appel import Appel
from ensemblier.noyau.packs.territoire import Commune, Territoire
from ensemblier.noyau.regles.fiche import Fiche
from ensemblier.noyau.strict import cle


@dataclass(frozen=True, slots=True)
class Contexte:
    appel: Appel
    fiche: Fiche
    territoire: Territoire
    calcul: montants.Plafond
    communes: tuple[tuple[str, Commune | None], ...] = field(default=())

    def valeur(self, champ: str) -> Any:
        """La valeur d'un champ de la fiche ; rien si elle n'est pas dite."""
        ici: Any = self.fiche
        for pas in champ.split("."):
            ici = getattr(ici, pas)
            if ici is None:
                return None
        return ici

    @property
    def assiette(self) -> Decimal:
        return self.calcul.assiette

    @property
    def plafond(self) -> Decimal | None:
        return self.calcul.montant

    def demandes(self) -> dict[str, Decimal]:
        """Ce qui est demandé, par financeur, zéros ôtés."""
        return {f: m for f, m in (self.fiche.demande or {}).items() if m > 0}


def charges(fiche: Fiche) -> dict[str, Decimal]:
    return dict(fiche.budget.charges) if fiche.budget else {}


def communes_visees(fiche: Fiche, territoire: Territoire) -> tuple[tuple[str, Commune | None], ...]:
    """Les communes de l'action, sans doublon : celles que dit la fiche, sinon toutes celles du quartier."""
    vues: dict[str, Commune | None] = {}
    for vise in fiche.action.quartiers or ():
        quartier = territoire.quartier(vise.code)
        for nom in vise.communes or (quartier.communes if quartier else ()):
            commune = territoire.commune(nom)
            vues[commune.code if commune else cle(nom)] = commune
    return tuple(vues.items())


def autres_ressources(fiche: Fiche, financeur: str) -> Decimal:
    """Les produits hors 87 et hors la ligne 74 de ce financeur (K6)."""
    if fiche.budget is None:
        return Decimal("0.00")
    produits = fiche.budget.produits
    autres = sum((m for f, m in produits.c74.items() if f != financeur), Decimal("0.00"))
    return autres + sum(produits.par_compte().values(), Decimal("0.00"))


def ouvrir(appel: Appel, fiche: Fiche, territoire: Territoire, taux: Decimal | None) -> Contexte:
    return Contexte(
        appel=appel,
        fiche=fiche,
        territoire=territoire,
        calcul=montants.plafonner(charges=charges(fiche), taux=taux),
        communes=communes_visees(fiche, territoire),
    )


def nombre(n: int) -> str:
    """« 1 000 », à la française."""
    return f"{n:,}".replace(",", "\u00a0")


def sigle(ctx: Contexte, code: str) -> str:
    """Le financeur comme on le lit, « État » pour `ETAT` ; un code inconnu du territoire reste lui-même."""
    financeur = ctx.territoire.financeur(code)
    return financeur.sigle if financeur else code


def enumerer(noms: Iterable[str]) -> str:
    """« Ombreval, La Rive et Les Parasols »."""
    liste = list(noms)
    return liste[0] if len(liste) == 1 else f"{', '.join(liste[:-1])} et {liste[-1]}"


def de(nom: str) -> str:
    """« de personnes », « d'habitants » ; les h des packs sont muets."""
    return f"d'{nom}" if nom[:1].lower() in "aeiouyhéèêâîôû" else f"de {nom}"


def accorder(n: int, un: str, plusieurs: str) -> str:
    """« 1 habitant », « 2 habitants »."""
    return f"{nombre(n)} {un if n < 2 else plusieurs}"


def jour(date: Any) -> str:
    """« 20/10/2025 »."""
    return f"{date:%d/%m/%Y}"
