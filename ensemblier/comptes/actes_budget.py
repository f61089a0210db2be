"""Dire le budget d'un organisme : un exercice à la fois, redit quand il change (§B.2, rubrique 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from ensemblier.comptes.models import BudgetAnnuel, LigneAnnuelle, Organisme
from ensemblier.noyau import cerfa, montants
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque, consigner, verrouiller

Montants = Mapping[str, Decimal]


@transaction.atomic
def decrire_le_budget(
    organisme: Organisme,
    *,
    exercice: int,
    charges: Montants,
    produits: Montants,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> BudgetAnnuel:
    """Le budget d'un exercice remplace celui qui était dit ; le registre garde chaque ligne.

    `charges`, `produits` : euros par compte de `noyau.cerfa`, zéros ôtés. Lève `ActeBloque` si les deux côtés
    diffèrent, bénévolat compris, ou si rien n'est dit.
    """
    if not set(roles) & {Role.SIGNATAIRE, Role.REDACTEUR}:
        raise RoleInsuffisant("« Dire le budget » : cela revient aux personnes de l'organisme.")
    if raisons := desequilibres(charges, produits):
        raise ActeBloque(*raisons)
    verrouiller(organisme.racine())
    budget, _ = BudgetAnnuel.objects.update_or_create(
        organisme=organisme, exercice=exercice,
        defaults={
            "total": _somme(charges, cerfa.EMPLOIS_VOLONTAIRES.code), "dit_le": jour_de(le),
            "dit_par": par.signature,
        },
    )  # fmt: skip
    budget.lignes.all().delete()
    sens = ((LigneAnnuelle.Sens.CHARGE, charges), (LigneAnnuelle.Sens.PRODUIT, produits))
    LigneAnnuelle.objects.bulk_create(
        LigneAnnuelle(budget=budget, sens=cote, compte=compte, montant=montant)
        for cote, lignes in sens
        for compte, montant in lignes.items()
        if montant
    )
    consigner(
        organisme, "decrire_le_budget", par=par, le=le, libelle=f"Budget {exercice} de l'organisme dit",
        details={
            "exercice": exercice,
            "charges": {c: f"{m:f}" for c, m in charges.items()},
            "produits": {c: f"{m:f}" for c, m in produits.items()},
        },
    )  # fmt: skip
    return budget


def desequilibres(charges: Montants, produits: Montants) -> list[str]:
    """Ce qui empêche de le dire : rien d'écrit, ou deux côtés qui diffèrent (K10)."""
    emplois, volontaires = cerfa.EMPLOIS_VOLONTAIRES.code, cerfa.VOLONTAIRES.code
    depenses, ressources = _somme(charges, emplois), _somme(produits, volontaires)
    if not depenses and not ressources:
        return ["Aucun montant n'est écrit. Écrivez au moins une dépense et une ressource."]
    raisons = []
    if depenses != ressources:
        raisons.append(_ecart("Les dépenses", depenses, "les ressources", ressources))
    utilises, recus = charges.get(emplois, Decimal(0)), produits.get(volontaires, Decimal(0))
    if utilises != recus:
        raisons.append(_ecart("Le bénévolat et les dons utilisés", utilises, "ceux reçus", recus))
    return raisons


def _somme(lignes: Montants, sauf: str) -> Decimal:
    return montants.de_centimes(sum(montants.en_centimes(m) for c, m in lignes.items() if c != sauf))


def _ecart(un: str, premier: Decimal, autre: str, second: Decimal) -> str:
    ecart = montants.de_centimes(abs(montants.en_centimes(premier) - montants.en_centimes(second)))
    return (
        f"{un} font {montants.en_francais(premier)}, {autre} {montants.en_francais(second)} : il y a "
        f"{montants.en_francais(ecart)} d'écart. Corrigez un montant pour que les deux soient égaux."
    )
