"""Un budget : comptes, assiette, équilibre, cumul des financements (K3, K10, P11, P25)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ensemblier.noyau.ecritures import (
    INSECABLE,
    MontantInvalide,
    de_centimes,
    en_francais,
    euros,
    lire_centimes,
    pourcent,
)

ZERO = Decimal("0.00")
_CHARGE = re.compile(r"6[0-9]+")
_PRODUIT = re.compile(r"7[0-9]+")
_VOLONTAIRE = re.compile(r"8[67][0-9]*")


@dataclass(frozen=True, slots=True)
class Ligne:
    """Une étape du calcul, lisible par le porteur : « 18 000,00 € × 50 % = 9 000,00 € »."""

    libelle: str
    calcul: str
    montant: Decimal


class CompteInconnu(ValueError):
    """Un compte qui n'existe pas de ce côté du budget."""


def positif(valeur: Decimal, quoi: str) -> Decimal:
    """Le montant exact ; lève `MontantInvalide` s'il est négatif. `quoi` commence la phrase."""
    montant = euros(valeur)
    if montant < 0:
        raise MontantInvalide(
            f"{quoi} ne peut pas être négatif ({en_francais(montant)}). Corrigez le montant."
        )
    return montant


def sommer(montants: Sequence[Decimal]) -> Decimal:
    """La somme exacte, au centime."""
    return de_centimes(sum(map(lire_centimes, montants)))


def addition(montants: Mapping[str, Decimal]) -> str:
    """« compte 60 : 12 000,00 € + compte 64 : 6 000,00 € = 18 000,00 € », sans les montants nuls."""
    retenus = {nom: m for nom, m in montants.items() if m}
    if not retenus:
        return en_francais(ZERO)
    termes = " + ".join(f"{nom}{INSECABLE}: {en_francais(m)}" for nom, m in retenus.items())
    return f"{termes} = {en_francais(sommer(list(retenus.values())))}" if len(retenus) > 1 else termes


def _nom_de_charge(compte: str) -> str:
    return "charges indirectes" if compte == "indirectes" else f"compte {compte}"


def charges_retenues(charges: Mapping[str, Decimal]) -> tuple[dict[str, Decimal], Decimal]:
    """Sépare les charges de l'assiette et le compte 86 (contributions volontaires)."""
    retenues: dict[str, Decimal] = {}
    volontaires: list[Decimal] = []
    for compte, montant in charges.items():
        if compte == "indirectes" or _CHARGE.fullmatch(compte):
            retenues[_nom_de_charge(compte)] = positif(montant, f"Le {compte}")
        elif compte.startswith("86") and _VOLONTAIRE.fullmatch(compte):
            volontaires.append(positif(montant, f"Le compte {compte}"))
        else:
            raise CompteInconnu(
                f"Le compte « {compte} » n'est pas une charge. Les charges vont de 60 à 69, "
                "avec les charges indirectes et le compte 86."
            )
    return retenues, sommer(volontaires)


def assiette(*, charges: Mapping[str, Decimal]) -> Decimal:
    """K3 : comptes 60 à 69 et charges indirectes, jamais 86 (P11). « 604 » compte dans sa classe."""
    retenues, _ = charges_retenues(charges)
    return sommer(list(retenues.values()))


@dataclass(frozen=True, slots=True)
class Equilibre:
    """K10. Les totaux excluent les comptes 86 et 87 ; un écart est la charge moins le produit."""

    total_charges: Decimal
    total_produits: Decimal
    ecart: Decimal
    total_86: Decimal
    total_87: Decimal
    ecart_volontaires: Decimal
    est_equilibre: bool
    lignes: tuple[Ligne, ...]

    @property
    def total_general(self) -> Decimal:
        """Le total des charges, contributions volontaires comprises (S31)."""
        return self.total_charges + self.total_86


def _produits_retenus(
    produits: Mapping[str, Decimal | Mapping[str, Decimal]],
) -> tuple[dict[str, Decimal], Decimal]:
    retenus: dict[str, Decimal] = {}
    volontaires: list[Decimal] = []
    for compte, valeur in produits.items():
        parts = list(valeur.values()) if isinstance(valeur, Mapping) else [valeur]
        montant = sommer([positif(part, f"Le compte {compte}") for part in parts])
        if compte == "autofinancement":
            retenus["autofinancement"] = montant
        elif _PRODUIT.fullmatch(compte):
            retenus[f"compte {compte}"] = montant
        elif compte.startswith("87") and _VOLONTAIRE.fullmatch(compte):
            volontaires.append(montant)
        else:
            raise CompteInconnu(
                f"Le compte « {compte} » n'est pas un produit. Les produits vont de 70 à 79, "
                "avec l'autofinancement et le compte 87."
            )
    return retenus, sommer(volontaires)


def equilibre(
    *, charges: Mapping[str, Decimal], produits: Mapping[str, Decimal | Mapping[str, Decimal]]
) -> Equilibre:
    """K10 : charges = produits et ressources propres, et 86 = 87. Le 74 peut être détaillé par financeur."""
    cote_charges, total_86 = charges_retenues(charges)
    cote_produits, total_87 = _produits_retenus(produits)
    total_charges = sommer(list(cote_charges.values()))
    total_produits = sommer(list(cote_produits.values()))
    ecart, volontaires = total_charges - total_produits, total_86 - total_87
    lignes = [
        Ligne("Charges", addition(cote_charges), total_charges),
        Ligne("Produits", addition(cote_produits), total_produits),
        Ligne(
            "Écart",
            f"{en_francais(total_charges)} − {en_francais(total_produits)} = {en_francais(ecart)}",
            ecart,
        ),
    ]
    if total_86 or total_87:
        calcul = f"{en_francais(total_86)} − {en_francais(total_87)} = {en_francais(volontaires)}"
        lignes.append(Ligne("Contributions volontaires (86 moins 87)", calcul, volontaires))
    return Equilibre(
        total_charges=total_charges,
        total_produits=total_produits,
        ecart=ecart,
        total_86=total_86,
        total_87=total_87,
        ecart_volontaires=volontaires,
        est_equilibre=not ecart and not volontaires,
        lignes=tuple(lignes),
    )


def _quotient(numerateur: Decimal, denominateur: Decimal) -> Decimal | None:
    return numerateur / denominateur if denominateur else None


def _en_part(total: Decimal, base: Decimal) -> str:
    if not base:
        return en_francais(total)
    part = pourcent(Fraction(total) / Fraction(base))
    return f"{en_francais(total)} ÷ {en_francais(base)} = {part}"


@dataclass(frozen=True, slots=True)
class TauxAides:
    """Les aides publiques rapportées à l'assiette (K10) ; `taux` est nul si l'assiette est vide."""

    total: Decimal
    assiette: Decimal
    taux: Decimal | None
    lignes: tuple[Ligne, ...]

    def depasse(self, seuil: Decimal = Decimal("0.80")) -> bool:
        """Comparaison exacte, sans division (P25)."""
        return Fraction(self.total) > Fraction(seuil) * Fraction(self.assiette)


def taux_aides_publiques(*, produits_publics: Mapping[str, Decimal], assiette: Decimal) -> TauxAides:
    """K10, S42 : Σ des aides publiques (74 hors aides privées) ÷ assiette."""
    base = positif(assiette, "L'assiette")
    total = sommer([positif(m, f"L'aide de {qui}") for qui, m in produits_publics.items()])
    lignes = (
        Ligne("Aides publiques", addition(produits_publics), total),
        Ligne("Part de l'assiette", _en_part(total, base), total),
    )
    return TauxAides(total, base, _quotient(total, base), lignes)


@dataclass(frozen=True, slots=True)
class Cumul:
    """Les financements d'une action face à son coût (P25, S41) ; `excedent` vaut zéro si tout tient."""

    total: Decimal
    cout: Decimal
    excedent: Decimal
    taux: Decimal | None
    lignes: tuple[Ligne, ...]


def cumul_financements(*, financements: Mapping[str, Decimal], cout: Decimal) -> Cumul:
    """S41, S42 : la somme des financements ne dépasse pas le coût de l'action."""
    base = positif(cout, "Le coût")
    total = sommer([positif(m, f"Le financement de {qui}") for qui, m in financements.items()])
    excedent = max(total - base, ZERO)
    lignes = [
        Ligne("Financements", addition(financements), total),
        Ligne("Part du coût", _en_part(total, base), total),
    ]
    if excedent:
        calcul = f"{en_francais(total)} − {en_francais(base)} = {en_francais(excedent)}"
        lignes.append(Ligne("Excédent", calcul, excedent))
    return Cumul(total, base, excedent, _quotient(total, base), tuple(lignes))
