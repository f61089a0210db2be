"""Promis, réalisé, écart ; coût réel et montant dû (K3, K9). Des lectures, aucun état."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ensemblier.bilans.models import Bilan, LigneRealisee
from ensemblier.dossiers.models import Demande, Dossier, LigneDeBudget
from ensemblier.noyau import ecritures, montants

ZERO = Decimal("0.00")
SEUIL_D_EXPLICATION = Fraction(1, 10)
CHARGE, PRODUIT = LigneDeBudget.Sens.CHARGE.value, LigneDeBudget.Sens.PRODUIT.value


@dataclass(frozen=True, slots=True)
class Ecart:
    """Une ligne promis / réalisé ; `part` est nulle si rien n'était prévu (15059 : « — »)."""

    compte: str
    prevu: Decimal
    realise: Decimal

    @property
    def montant(self) -> Decimal:
        return self.realise - self.prevu

    @property
    def part(self) -> Fraction | None:
        return Fraction(self.montant) / Fraction(self.prevu) if self.prevu else None

    @property
    def part_en_mots(self) -> str:
        """« −18,3 % », le signe toujours écrit ; « — » si rien n'était prévu."""
        if self.part is None:
            return "—"
        signe = "+" if self.part > 0 else ""
        dixiemes = round(self.part * 1000)
        return f"{signe}{ecritures.nombre_en_francais(Decimal(dixiemes) / 10, decimales=1)}\u00a0%"

    @property
    def a_expliquer(self) -> bool:
        """Au-delà de 10 % du prévu, ou une dépense qui n'était pas prévue."""
        if self.part is None:
            return self.realise != 0
        return abs(self.part) > SEUIL_D_EXPLICATION


def charges_prevues(dossier: Dossier) -> dict[str, Decimal]:
    """Les charges du budget déposé, par compte."""
    return _prevues(dossier, CHARGE)


def produits_prevus(dossier: Dossier) -> dict[str, Decimal]:
    """Les ressources du budget déposé, par compte."""
    return _prevues(dossier, PRODUIT)


def charges_realisees(bilan: Bilan) -> dict[str, Decimal]:
    """Les charges du compte rendu ; aucune si l'action n'a pas eu lieu (S56)."""
    return _realisees(bilan, CHARGE)


def produits_realises(bilan: Bilan) -> dict[str, Decimal]:
    """Les ressources du compte rendu, par compte ; aucune si l'action n'a pas eu lieu."""
    return _realisees(bilan, PRODUIT)


def _prevues(dossier: Dossier, sens: str) -> dict[str, Decimal]:
    return dict(LigneDeBudget.objects.filter(dossier=dossier, sens=sens).values_list("compte", "montant"))


def _realisees(bilan: Bilan, sens: str) -> dict[str, Decimal]:
    if bilan.realisation == Bilan.Realisation.NULLE or bilan.pk is None:
        return {}
    return dict(LigneRealisee.objects.filter(bilan=bilan, sens=sens).values_list("compte", "montant"))


def ecarts(prevues: Mapping[str, Decimal], realisees: Mapping[str, Decimal]) -> list[Ecart]:
    """Une ligne par compte prévu ou réalisé, dans l'ordre des comptes, les indirectes à la fin."""
    comptes = sorted({*prevues, *realisees}, key=lambda c: (not c[0].isdigit(), c))
    return [Ecart(c, prevues.get(c, ZERO), realisees.get(c, ZERO)) for c in comptes]


def decompte(
    demande: Demande, *, prevues: Mapping[str, Decimal], realisees: Mapping[str, Decimal]
) -> montants.Solde:
    """K9, S53 à S56 : le dû d'un volet au vu du coût réel, ce qui reste à verser ou à rendre."""
    return montants.solde(
        attribue=demande.vote or ZERO,
        assiette_prevue=montants.assiette(charges=prevues),
        cout_reel=montants.assiette(charges=realisees),
        verse=demande.verse,
    )
