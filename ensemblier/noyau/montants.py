"""L'argent d'un dossier, de l'assiette au reversement (K1, K3 à K10, K12) ; chaque résultat dit son calcul.

Les montants sont des `Decimal` au centime ; les taux sont des fractions (`Decimal("0.50")` pour 50 %). Les
comparaisons se font sur les valeurs exactes (K1). Une valeur qui n'est pas un montant lève `MontantInvalide`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

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

__all__ = [
    "Attribuable",
    "Candidat",
    "CompteInconnu",
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


class TauxRefuse(ValueError):
    """Le taux n'est pas admis ; `raison` est une phrase, `maximum` le plus haut taux admis ici."""

    def __init__(self, raison: str, maximum: Decimal) -> None:
        super().__init__(raison)
        self.raison = raison
        self.maximum = maximum


def _positif(valeur: Decimal, quoi: str) -> Decimal:
    montant = euros(valeur)
    if montant < 0:
        raise MontantInvalide(
            f"{quoi} ne peut pas être négatif ({en_francais(montant)}). Corrigez le montant."
        )
    return montant


def _somme(montants: Sequence[Decimal]) -> Decimal:
    return de_centimes(sum(en_centimes(euros(m)) for m in montants))


def _addition(montants: Mapping[str, Decimal]) -> str:
    retenus = {nom: m for nom, m in montants.items() if m}
    if not retenus:
        return en_francais(ZERO)
    termes = " + ".join(f"{nom}{INSECABLE}: {en_francais(m)}" for nom, m in retenus.items())
    return f"{termes} = {en_francais(_somme(list(retenus.values())))}" if len(retenus) > 1 else termes


def _nom_de_charge(compte: str) -> str:
    return "charges indirectes" if compte == "indirectes" else f"compte {compte}"


def _charges_retenues(charges: Mapping[str, Decimal]) -> tuple[dict[str, Decimal], Decimal]:
    """Sépare les charges de l'assiette et le compte 86 (contributions volontaires)."""
    retenues: dict[str, Decimal] = {}
    volontaires: list[Decimal] = []
    for compte, montant in charges.items():
        if compte == "indirectes" or _CHARGE.fullmatch(compte):
            retenues[_nom_de_charge(compte)] = _positif(montant, f"Le {compte}")
        elif compte.startswith("86") and _VOLONTAIRE.fullmatch(compte):
            volontaires.append(_positif(montant, f"Le compte {compte}"))
        else:
            raise CompteInconnu(
                f"Le compte « {compte} » n'est pas une charge. Les charges vont de 60 à 69, "
                "avec les charges indirectes et le compte 86."
            )
    return retenues, _somme(volontaires)


def assiette(*, charges: Mapping[str, Decimal]) -> Decimal:
    """K3 : comptes 60 à 69 et charges indirectes, jamais 86 (P11). « 604 » compte dans sa classe."""
    retenues, _ = _charges_retenues(charges)
    return _somme(list(retenues.values()))


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
    retenues, volontaires = _charges_retenues(charges)
    base = _somme(list(retenues.values()))
    hors = f" (hors contributions volontaires, {en_francais(volontaires)})" if volontaires else ""
    lignes = [Ligne("Assiette", _addition(retenues) + hors, base)]
    if taux is None:
        return Plafond(base, None, None, tuple(lignes))
    if not 0 <= taux <= 1:
        raise TauxRefuse(f"{taux} n'est pas un taux{INSECABLE}: écrivez 0.50 pour 50 %.", Decimal(1))
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
    voulu, base, autres = (_positif(demande, "La demande"), euros(assiette), euros(autres_ressources))
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
    total = _positif(attribue, "Le montant attribué")
    if not 0 < part <= 1:
        raise TauxRefuse(f"{part} n'est pas une part{INSECABLE}: écrivez 0.80 pour 80 %.", Decimal(1))
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
class Solde:
    """K9 ; `reste` à verser ou `trop_percu` à reverser, jamais les deux."""

    du: Decimal
    reste: Decimal
    trop_percu: Decimal
    lignes: tuple[Ligne, ...]


def _prorata(attribue: Decimal, assiette_prevue: Decimal, cout_reel: Decimal) -> tuple[Decimal, str]:
    if not assiette_prevue:
        raise MontantInvalide("L'assiette prévue est nulle. Renseignez le budget prévisionnel du dossier.")
    prorata = arrondir(Fraction(cout_reel) * Fraction(attribue) / Fraction(assiette_prevue))
    calcul = (
        f"{en_francais(cout_reel)} × {en_francais(attribue)} ÷ {en_francais(assiette_prevue)} "
        f"= {en_francais(prorata)}"
    )
    if prorata <= attribue:
        return prorata, calcul
    return attribue, f"{calcul}, ramené au montant attribué, {en_francais(attribue)}"


def solde(
    *,
    attribue: Decimal,
    assiette_prevue: Decimal,
    cout_reel: Decimal,
    verse: Decimal,
    regle: Literal["prorata", "forfait", "franchise"] = "prorata",
    franchise: Decimal = ZERO,
) -> Solde:
    """K9, P27 : ce qui est dû au vu du coût réel, ce qui reste à verser ou à reverser.

    `forfait` : le montant attribué, dès que l'action a coûté. `franchise` : le montant attribué tant que la
    sous-réalisation ne dépasse pas cette fraction de l'assiette, le prorata au-delà.
    """
    attribue, deja = _positif(attribue, "Le montant attribué"), _positif(verse, "Le montant versé")
    prevue, reel = _positif(assiette_prevue, "L'assiette prévue"), _positif(cout_reel, "Le coût réel")
    if not 0 <= franchise <= 1:
        raise TauxRefuse(
            f"{franchise} n'est pas une franchise{INSECABLE}: écrivez 0.05 pour 5 %.", Decimal(1)
        )
    if regle == "forfait":
        du = attribue if reel else ZERO
        calcul = f"forfait{INSECABLE}: {en_francais(du)}" if reel else "l'action n'a rien coûté"
    elif regle == "franchise" and reel and Fraction(reel) >= Fraction(prevue) * (1 - Fraction(franchise)):
        du = attribue
        calcul = f"écart de coût dans la franchise de {pourcent(franchise)}{INSECABLE}: {en_francais(du)}"
    else:
        du, calcul = _prorata(attribue, prevue, reel)
    reste, trop_percu = max(du - deja, ZERO), max(deja - du, ZERO)
    lignes = [Ligne("Montant dû", calcul, du), Ligne("Déjà versé", en_francais(deja), deja)]
    if trop_percu:
        detail = f"{en_francais(deja)} − {en_francais(du)} = {en_francais(trop_percu)}"
        lignes.append(Ligne("Trop-perçu à reverser", detail, trop_percu))
    else:
        detail = f"{en_francais(du)} − {en_francais(deja)} = {en_francais(reste)}"
        lignes.append(Ligne("Reste à verser", detail, reste))
    return Solde(du, reste, trop_percu, tuple(lignes))


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
        montant = _somme([_positif(part, f"Le compte {compte}") for part in parts])
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
    return retenus, _somme(volontaires)


def equilibre(
    *, charges: Mapping[str, Decimal], produits: Mapping[str, Decimal | Mapping[str, Decimal]]
) -> Equilibre:
    """K10 : charges = produits et ressources propres, et 86 = 87. Le 74 peut être détaillé par financeur."""
    cote_charges, total_86 = _charges_retenues(charges)
    cote_produits, total_87 = _produits_retenus(produits)
    total_charges = _somme(list(cote_charges.values()))
    total_produits = _somme(list(cote_produits.values()))
    ecart, volontaires = total_charges - total_produits, total_86 - total_87
    lignes = [
        Ligne("Charges", _addition(cote_charges), total_charges),
        Ligne("Produits", _addition(cote_produits), total_produits),
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
    base = _positif(assiette, "L'assiette")
    total = _somme([_positif(m, f"L'aide de {qui}") for qui, m in produits_publics.items()])
    lignes = (
        Ligne("Aides publiques", _addition(produits_publics), total),
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
    base = _positif(cout, "Le coût")
    total = _somme([_positif(m, f"Le financement de {qui}") for qui, m in financements.items()])
    excedent = max(total - base, ZERO)
    lignes = [
        Ligne("Financements", _addition(financements), total),
        Ligne("Part du coût", _en_part(total, base), total),
    ]
    if excedent:
        calcul = f"{en_francais(total)} − {en_francais(base)} = {en_francais(excedent)}"
        lignes.append(Ligne("Excédent", calcul, excedent))
    return Cumul(total, base, excedent, _quotient(total, base), tuple(lignes))


@dataclass(frozen=True, slots=True)
class Repartition:
    """Des parts au centime, dont la somme est exactement le montant réparti."""

    parts: dict[str, Decimal]
    lignes: tuple[Ligne, ...]


def repartir(*, montant: Decimal, poids: Mapping[str, Decimal | int]) -> Repartition:
    """Au plus fort reste ; à égalité de reste, l'ordre des clés. Poids tous nuls : parts égales (§C.8)."""
    total = en_centimes(_positif(montant, "Le montant à répartir"))
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
            f"{en_francais(euros(montant))} × {pourcent(fractions[cle] / somme)} = {en_francais(part)}",
            part,
        )
        for cle, part in parts.items()
    )
    return Repartition(parts, lignes)


@dataclass(frozen=True, slots=True)
class Convention:
    """K8, P28 ; `cumul` est la somme des aides du même attribuant, au même SIREN, au même exercice."""

    legale: bool
    locale: bool
    cumul: Decimal
    lignes: tuple[Ligne, ...]

    @property
    def requise(self) -> bool:
        return self.legale or self.locale


def _face_au_seuil(montant: Decimal, seuil: Decimal) -> str:
    signe, suite = (">", "convention") if montant > seuil else ("≤", "pas d'obligation")
    return f"{en_francais(montant)} {signe} {en_francais(seuil)}{INSECABLE}: {suite}"


def convention_requise(
    *,
    deja_attribues: Sequence[Decimal],
    attribue: Decimal,
    seuil_legal: Decimal = Decimal("23000"),
    seuil_local: Decimal | None = Decimal("10000"),
) -> Convention:
    """K8, S51, S52 : la loi regarde le cumul de l'exercice (décret 2001-495), le territoire l'aide seule."""
    aide = _positif(attribue, "Le montant attribué")
    cumul = _somme([*deja_attribues, aide])
    lignes = [Ligne("Cumul de l'exercice, règle légale", _face_au_seuil(cumul, seuil_legal), cumul)]
    if seuil_local is not None:
        lignes.append(Ligne("Cette aide, règle du territoire", _face_au_seuil(aide, seuil_local), aide))
    locale = seuil_local is not None and aide > seuil_local
    return Convention(cumul > seuil_legal, locale, cumul, tuple(lignes))


@dataclass(frozen=True, slots=True)
class Retrait:
    """K12 ; les jours restants comprennent celui du manquement."""

    montant: Decimal
    jours_restants: int
    jours_total: int
    lignes: tuple[Ligne, ...]


def retrait_cer(*, montant: Decimal, manquement: date, du: date, au: date) -> Retrait:
    """K12, S58 (décret 2021-1947) : au prorata des jours restants de la période, bornes incluses."""
    aide = _positif(montant, "Le montant")
    if au < du:
        raise ValueError("La période finit avant de commencer. Corrigez ses dates.")
    total = (au - du).days + 1
    restants = min(max((au - manquement).days + 1, 0), total)
    retire = arrondir(Fraction(aide) * restants / total)
    calcul = f"{en_francais(aide)} × {restants} jours ÷ {total} jours = {en_francais(retire)}"
    return Retrait(retire, restants, total, (Ligne("Montant à retirer", calcul, retire),))
