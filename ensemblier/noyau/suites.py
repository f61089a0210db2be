"""Après la décision : convention, solde, reversement, retrait (K8, K9, K12, P27, P28)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from ensemblier.noyau.budgets import ZERO, Ligne, positif, sommer
from ensemblier.noyau.ecritures import INSECABLE, MontantInvalide, arrondir, en_francais, pourcent


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
    aide = positif(attribue, "Le montant attribué")
    cumul = sommer([*deja_attribues, aide])
    lignes = [Ligne("Cumul de l'exercice, règle légale", _face_au_seuil(cumul, seuil_legal), cumul)]
    if seuil_local is not None:
        lignes.append(Ligne("Cette aide, règle du territoire", _face_au_seuil(aide, seuil_local), aide))
    locale = seuil_local is not None and aide > seuil_local
    return Convention(cumul > seuil_legal, locale, cumul, tuple(lignes))


@dataclass(frozen=True, slots=True)
class ComptesAnnuels:
    """B11 ; `total` : les aides publiques en numéraire d'un organisme, un exercice, tous attribuants."""

    requis: bool
    total: Decimal
    lignes: tuple[Ligne, ...]


def comptes_annuels(
    aides: Sequence[tuple[str, Decimal]], *, seuil: Decimal = Decimal("153000")
) -> ComptesAnnuels:
    """B11 (code de commerce, L612-4) : au-delà du seuil, comptes publiés et commissaire aux comptes.

    `aides` : qui donne, et combien.
    """
    total = sommer([montant for _, montant in aides])
    lignes = [Ligne(qui, "aide publique de l'exercice", montant) for qui, montant in aides]
    requis = total > seuil
    signe, suite = (">", "comptes annuels exigés") if requis else ("≤", "pas d'obligation")
    calcul = f"{en_francais(total)} {signe} {en_francais(seuil)}{INSECABLE}: {suite}"
    return ComptesAnnuels(requis, total, (*lignes, Ligne("Total de l'exercice", calcul, total)))


@dataclass(frozen=True, slots=True)
class Retrait:
    """K12 ; les jours restants comprennent celui du manquement."""

    montant: Decimal
    jours_restants: int
    jours_total: int
    lignes: tuple[Ligne, ...]


def retrait_cer(*, montant: Decimal, manquement: date, du: date, au: date) -> Retrait:
    """K12, S58 (décret 2021-1947) : au prorata des jours restants de la période, bornes incluses."""
    aide = positif(montant, "Le montant")
    if au < du:
        raise ValueError("La période finit avant de commencer. Corrigez ses dates.")
    total = (au - du).days + 1
    restants = min(max((au - manquement).days + 1, 0), total)
    retire = arrondir(Fraction(aide) * restants / total)
    calcul = f"{en_francais(aide)} × {restants} jours ÷ {total} jours = {en_francais(retire)}"
    return Retrait(retire, restants, total, (Ligne("Montant à retirer", calcul, retire),))


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
    attribue, deja = positif(attribue, "Le montant attribué"), positif(verse, "Le montant versé")
    prevue, reel = positif(assiette_prevue, "L'assiette prévue"), positif(cout_reel, "Le coût réel")
    if not 0 <= franchise <= 1:
        raise ValueError(f"{franchise} n'est pas une franchise{INSECABLE}: écrivez 0.05 pour 5\u00a0%.")
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
