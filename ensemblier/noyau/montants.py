"""L'argent d'un dossier, de l'assiette au reversement (K1, K3 à K10, K12) ; chaque résultat dit son calcul.

Les montants sont des `Decimal` au centime ; les taux sont des fractions (`Decimal("0.50")` pour 50 %). Les
comparaisons se font sur les valeurs exactes (K1). Une valeur qui n'est pas un montant lève `MontantInvalide`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from ensemblier.noyau.budgets import (
    ZERO,
    CompteInconnu,
    Cumul,
    Equilibre,
    Ligne,
    TauxAides,
    addition,
    assiette,
    charges_retenues,
    cumul_financements,
    equilibre,
    positif,
    sommer,
    taux_aides_publiques,
)
from ensemblier.noyau.ecritures import (
    INSECABLE,
    MontantAmbigu,
    MontantInvalide,
    analyser_saisie,
    arrondir,
    de_centimes,
    en_centimes,
    en_francais,
    en_lettres,
    euros,
    nombre_en_francais,
    pourcent,
    tronquer,
)
from ensemblier.noyau.effectifs import (
    Candidat,
    EffectifIncoherent,
    GrilleIncomplete,
    PartQpv,
    TotalRequis,
    classer,
    moyenne,
    score,
    taux_qpv,
    verifier_effectifs,
)
from ensemblier.noyau.suites import (
    ComptesAnnuels,
    Convention,
    Retrait,
    Solde,
    comptes_annuels,
    convention_requise,
    retrait_cer,
    solde,
)

__all__ = [
    "Attribuable",
    "Candidat",
    "CompteInconnu",
    "ComptesAnnuels",
    "Convention",
    "Cumul",
    "Echeancier",
    "EffectifIncoherent",
    "Equilibre",
    "GrilleIncomplete",
    "Ligne",
    "MontantAmbigu",
    "MontantInvalide",
    "PartQpv",
    "Plafond",
    "Repartition",
    "Retrait",
    "Solde",
    "Taux",
    "TauxAides",
    "TauxRefuse",
    "TotalRequis",
    "Tranche",
    "analyser_saisie",
    "arrondir",
    "assiette",
    "attribuable",
    "classer",
    "comptes_annuels",
    "convention_requise",
    "cumul_financements",
    "de_centimes",
    "echeancier",
    "en_centimes",
    "en_francais",
    "en_lettres",
    "equilibre",
    "euros",
    "moyenne",
    "plafonner",
    "pourcent",
    "repartir",
    "retrait_cer",
    "score",
    "solde",
    "taux_admis",
    "taux_aides_publiques",
    "taux_applicable",
    "taux_qpv",
    "tronquer",
    "verifier_effectifs",
]


class TauxRefuse(ValueError):
    """Le taux n'est pas admis ; `raison` est une phrase, `maximum` le plus haut taux admis ici."""

    def __init__(self, raison: str, maximum: Decimal) -> None:
        super().__init__(raison)
        self.raison = raison
        self.maximum = maximum


@dataclass(frozen=True, slots=True)
class Taux:
    """Le taux retenu et sa raison, en une phrase."""

    valeur: Decimal
    raison: str


def taux_admis(
    *,
    taux_jury: Decimal | None,
    criteres_valides: int,
    taux_base: Decimal = Decimal("0.50"),
    taux_max: Decimal = Decimal("0.80"),
    requis: int = 1,
) -> Taux:
    """K4, R26, R28 : le taux de base, ou celui du jury si assez de critères sont validés (P15).

    Lève `TauxRefuse` (S39, S40) quand le taux saisi sort de ce que les critères permettent.
    """
    base, haut = pourcent(taux_base), pourcent(taux_max)
    if taux_jury is None:
        return Taux(
            taux_base, f"Le jury n'a pas fixé de taux{INSECABLE}: le taux de base, {base}, s'applique."
        )
    saisi = pourcent(taux_jury)
    if taux_jury < taux_base:
        raise TauxRefuse(
            f"{saisi} est en dessous du taux de base, {base}. Pour accorder moins, baissez le montant.",
            taux_max if criteres_valides >= requis else taux_base,
        )
    if criteres_valides < requis and taux_jury > taux_base:
        combien = "un critère" if requis == 1 else f"{requis} critères"
        raise TauxRefuse(
            f"{saisi} dépasse {base}{INSECABLE}: le jury doit d'abord valider {combien} de bonification "
            f"({criteres_valides} validé{'s' if criteres_valides > 1 else ''}).",
            taux_base,
        )
    if taux_jury > taux_max:
        raise TauxRefuse(f"{saisi} dépasse le taux maximal de l'appel, {haut}.", taux_max)
    if taux_jury == taux_base:
        return Taux(taux_base, f"Le taux de base, {base}, s'applique.")
    pluriel = "s" if criteres_valides > 1 else ""
    return Taux(
        taux_jury,
        f"Le jury a fixé {saisi}, avec {criteres_valides} critère{pluriel} de bonification validé{pluriel}.",
    )


def taux_applicable(
    *,
    taux_jury: Decimal | None,
    criteres_valides: int,
    taux_base: Decimal = Decimal("0.50"),
    taux_max: Decimal = Decimal("0.80"),
    requis: int = 1,
) -> Taux:
    """Comme `taux_admis`, sans lever : un taux non admis laisse le taux de base, et le dit (S37)."""
    try:
        return taux_admis(
            taux_jury=taux_jury,
            criteres_valides=criteres_valides,
            taux_base=taux_base,
            taux_max=taux_max,
            requis=requis,
        )
    except TauxRefuse as refus:
        return Taux(taux_base, f"{refus.raison} Le taux de base, {pourcent(taux_base)}, s'applique.")


@dataclass(frozen=True, slots=True)
class Plafond:
    """K5 ; `taux` et `montant` sont nuls quand l'appel ne fixe pas de taux (P34)."""

    assiette: Decimal
    taux: Decimal | None
    montant: Decimal | None
    lignes: tuple[Ligne, ...]


def _produit_tronque(base: Decimal, taux: Decimal) -> tuple[Decimal, str]:
    exact = Fraction(base) * Fraction(taux)
    montant = tronquer(exact)
    debut = f"{en_francais(base)} × {pourcent(taux)} = "
    if exact == Fraction(montant):
        return montant, f"{debut}{en_francais(montant)}"
    brut = nombre_en_francais((base * taux).normalize())
    return montant, f"{debut}{brut}{INSECABLE}€, au centime inférieur {en_francais(montant)}"


def plafonner(*, charges: Mapping[str, Decimal], taux: Decimal | None) -> Plafond:
    """K5 : troncature au centime de l'assiette × le taux ; sans taux, pas de plafond (P34)."""
    retenues, volontaires = charges_retenues(charges)
    base = sommer(list(retenues.values()))
    hors = f" (hors contributions volontaires, {en_francais(volontaires)})" if volontaires else ""
    lignes = [Ligne("Assiette", addition(retenues) + hors, base)]
    if taux is None:
        return Plafond(base, None, None, tuple(lignes))
    if not 0 <= taux <= 1:
        raise TauxRefuse(f"{taux} n'est pas un taux{INSECABLE}: écrivez 0.50 pour 50\u00a0%.", Decimal(1))
    montant, calcul = _produit_tronque(base, taux)
    lignes.append(Ligne("Plafond", calcul, montant))
    return Plafond(base, taux, montant, tuple(lignes))


@dataclass(frozen=True, slots=True)
class Attribuable:
    """K6 ; `limite` dit la borne atteinte : demande, plafond, enveloppe ou ressources."""

    montant: Decimal
    limite: Literal["demande", "plafond", "enveloppe", "ressources"]
    lignes: tuple[Ligne, ...]


def attribuable(
    *,
    demande: Decimal,
    plafond: Decimal | None,
    reste_enveloppe: Decimal | None,
    assiette: Decimal,
    autres_ressources: Decimal,
) -> Attribuable:
    """K6 : la plus petite des bornes connues, jamais négative. Une borne `None` ne joue pas (P34)."""
    voulu, base, autres = (positif(demande, "La demande"), euros(assiette), euros(autres_ressources))
    besoin = base - autres
    calcul_besoin = f"{en_francais(base)} − {en_francais(autres)} = {en_francais(besoin)}"
    bornes: list[tuple[Literal["demande", "plafond", "enveloppe", "ressources"], Ligne]] = [
        ("demande", Ligne("Montant demandé", en_francais(voulu), voulu))
    ]
    if plafond is not None:
        borne = euros(plafond)
        bornes.append(("plafond", Ligne("Plafond", en_francais(borne), borne)))
    if reste_enveloppe is not None:
        borne = euros(reste_enveloppe)
        bornes.append(("enveloppe", Ligne("Reste de l'enveloppe", en_francais(borne), borne)))
    bornes.append(("ressources", Ligne("Assiette moins les autres ressources", calcul_besoin, besoin)))
    limite, plus_petite = min(bornes, key=lambda borne: borne[1].montant)
    montant = max(plus_petite.montant, ZERO)
    calcul = f"le plus petit{INSECABLE}: {plus_petite.libelle.lower()}, {en_francais(montant)}"
    lignes = (*(ligne for _, ligne in bornes), Ligne("Attribuable au plus", calcul, montant))
    return Attribuable(montant, limite, lignes)


@dataclass(frozen=True, slots=True)
class Tranche:
    """Une part due à une condition (`convention`, `notification`, `bilan`…)."""

    rang: int
    montant: Decimal
    part: Decimal
    condition: str


@dataclass(frozen=True, slots=True)
class Echeancier:
    """K7 ; la somme des tranches est le montant attribué, au centime."""

    tranches: tuple[Tranche, ...]
    lignes: tuple[Ligne, ...]


def echeancier(
    *,
    attribue: Decimal,
    seuil: Decimal | None = Decimal("10000"),
    part: Decimal = Decimal("0.80"),
    condition_premier: str = "convention",
    condition_unique: str = "notification",
    condition_solde: str = "bilan",
) -> Echeancier:
    """K7, R27 : strictement au-dessus du seuil (P12), un acompte arrondi et le reste ; sinon un versement."""
    total = positif(attribue, "Le montant attribué")
    if not 0 < part <= 1:
        raise TauxRefuse(f"{part} n'est pas une part{INSECABLE}: écrivez 0.80 pour 80\u00a0%.", Decimal(1))
    if not total:
        return Echeancier((), (Ligne("Aucun versement", "rien n'est attribué", ZERO),))
    acompte = arrondir(Fraction(total) * Fraction(part))
    reste = total - acompte
    en_deux = seuil is not None and total > seuil and bool(acompte) and bool(reste)
    if not en_deux:
        raison = "" if seuil is None else f", pas plus de {en_francais(seuil)}"
        if seuil is not None and total > seuil:
            raison = ""
        ligne = Ligne("Versement unique", f"{en_francais(total)}{raison}", total)
        return Echeancier((Tranche(1, total, Decimal(1), condition_unique),), (ligne,))
    tranches = (
        Tranche(1, acompte, part, condition_premier),
        Tranche(2, reste, Decimal(1) - part, condition_solde),
    )
    lignes = (
        Ligne("Acompte", f"{en_francais(total)} × {pourcent(part)} = {en_francais(acompte)}", acompte),
        Ligne("Solde", f"{en_francais(total)} − {en_francais(acompte)} = {en_francais(reste)}", reste),
    )
    return Echeancier(tranches, lignes)


@dataclass(frozen=True, slots=True)
class Repartition:
    """Des parts au centime, dont la somme est exactement le montant réparti."""

    parts: dict[str, Decimal]
    lignes: tuple[Ligne, ...]


def repartir(*, montant: Decimal, poids: Mapping[str, Decimal | int]) -> Repartition:
    """Au plus fort reste ; à égalité de reste, l'ordre des clés. Poids tous nuls : parts égales (§C.8)."""
    total = en_centimes(positif(montant, "Le montant à répartir"))
    fractions = {cle: Fraction(p) for cle, p in poids.items()}
    if any(f < 0 for f in fractions.values()):
        raise ValueError("Un poids ne peut pas être négatif.")
    if not fractions:
        if total:
            raise ValueError("Il n'y a personne entre qui répartir ce montant.")
        return Repartition({}, ())
    somme = sum(fractions.values(), Fraction(0))
    if not somme:
        fractions = dict.fromkeys(fractions, Fraction(1))
        somme = Fraction(len(fractions))
    ideaux = {cle: total * f / somme for cle, f in fractions.items()}
    centimes = {cle: ideal.numerator // ideal.denominator for cle, ideal in ideaux.items()}
    manque = total - sum(centimes.values())
    for cle in sorted(ideaux, key=lambda cle: centimes[cle] - ideaux[cle])[:manque]:
        centimes[cle] += 1
    parts = {cle: de_centimes(c) for cle, c in centimes.items()}
    lignes = tuple(
        Ligne(
            cle,
            f"{en_francais(euros(montant))} × {pourcent(fractions[cle] / somme)}, "
            f"au plus fort reste{INSECABLE}: {en_francais(part)}",
            part,
        )
        for cle, part in parts.items()
    )
    return Repartition(parts, lignes)
