"""Le budget d'une action en tableur : le même fichier est le modèle, l'export et ce qu'on importe (É7).

Une ligne par compte du Cerfa et par financeur ; le montant se lit comme dans une boîte de l'éditeur.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from ensemblier.dossiers.ecriture import SUBVENTIONS
from ensemblier.dossiers.forms_budget import BudgetForm
from ensemblier.interface import tableur
from ensemblier.interface.champs import SaisieEuros
from ensemblier.interface.formats import accord
from ensemblier.interface.tableur import SANS_VALEUR
from ensemblier.noyau import cerfa, ecritures

ENTETES = ("Compte", "Libellé", "Montant")
_LARGEURS = (18, 60, 16)
RAISONS = 12
"""Au plus, à l'écran : au-delà, on corrige le début, puis on recommence."""


class TableurRefuse(ValueError):
    """Rien n'est lu ; chaque raison dit sa ligne, ce qui ne va pas et que faire."""

    def __init__(self, *raisons: str) -> None:
        super().__init__(*raisons)
        self.raisons = raisons


def ecrire(form: BudgetForm) -> bytes:
    """Le budget du brouillon en .xlsx ; les comptes vides y sont, à remplir."""
    return tableur.ecrire("Budget", ENTETES, _lignes(form), largeurs=_LARGEURS)


def _lignes(form: BudgetForm) -> Iterator[tuple[Any, ...]]:
    def ligne(nom: str, libelle: str) -> tuple[Any, ...]:
        return (compte_de(nom), libelle, form.valeurs.get(nom))

    yield ("Dépenses",)
    yield from (ligne(f"c_{c.code}", c.nom) for c in cerfa.CHARGES)
    yield ("Ressources",)
    avant = [c for c in cerfa.PRODUITS if c.code < SUBVENTIONS]
    yield from (ligne(f"p_{c.code}", c.nom) for c in avant)
    for code, nom, _ in sorted(form.sources, key=lambda source: not source[2]):
        yield ligne(f"s_{code}", nom.removesuffix(f" ({SUBVENTIONS})"))
    yield from (ligne(f"p_{c.code}", c.nom) for c in cerfa.PRODUITS if c not in avant)
    yield ("Bénévolat et dons en nature",)
    yield ligne(f"c_{cerfa.EMPLOIS_VOLONTAIRES.code}", cerfa.EMPLOIS_VOLONTAIRES.nom)
    yield ligne(f"p_{cerfa.VOLONTAIRES.code}", cerfa.VOLONTAIRES.nom)


def compte_de(boite: str) -> str:
    """Le compte d'une boîte de l'éditeur : « c_60 » est 60, « s_CALL » est 74:CALL."""
    prefixe, _, code = boite.partition("_")
    return f"{SUBVENTIONS}:{code}" if prefixe == "s" else code


def lire(octets: bytes, form: BudgetForm) -> dict[str, list[str]]:
    """Les réponses des boîtes que le fichier nomme, écrites comme un navigateur les enverrait.

    Lève `TableurRefuse` (toutes les raisons à la fois) ou `FichierRefuse` ; un compte absent du fichier
    n'est pas rendu : il garde sa valeur.
    """
    lignes = tableur.lire(octets)
    debut, places = _entete(lignes)
    boites = {compte_de(nom).lower(): nom for nom in form.fields}
    lues: dict[str, list[str]] = {}
    vues: dict[str, int] = {}
    raisons = []
    for rang, ligne in enumerate(lignes[debut:], start=debut + 1):
        compte, libelle, montant = (ligne[p] if p < len(ligne) else "" for p in places)
        if _est_un_mot(compte, libelle, montant, boites):
            continue
        try:
            boite = _boite(compte, boites)
            if boite in vues:
                raise TableurRefuse(
                    f"le compte {compte_de(boite)} est déjà à la ligne {vues[boite]}. "
                    "Gardez une ligne par compte, avec le total."
                )
            vues[boite] = rang
            lues[boite] = _montant(montant, form.fields[boite])
        except TableurRefuse as refus:
            raisons.append(f"Ligne {rang} : {refus}")
    if raisons:
        raise TableurRefuse(*_abreger(raisons))
    if not lues:
        raise TableurRefuse("Ce fichier ne contient aucun compte. Remplissez le modèle, puis importez-le.")
    return lues


def _est_un_mot(compte: Any, libelle: Any, montant: Any, boites: dict[str, str]) -> bool:
    """Un titre, une note, un total ajouté : rien à lire."""
    if _est_vide(montant):
        return _code(compte) not in boites
    return _est_vide(compte) and _sans_accent(libelle).startswith("total")


def _abreger(raisons: list[str]) -> list[str]:
    reste = len(raisons) - RAISONS
    suite = [f"Et {accord(reste, 'autre ligne', 'autres lignes')} à corriger."] if reste > 0 else []
    return raisons[:RAISONS] + suite


def _entete(lignes: list[list[Any]]) -> tuple[int, list[int]]:
    """Où commencent les comptes, et dans quelles colonnes : la première ligne écrite nomme les trois."""
    for rang, ligne in enumerate(lignes, start=1):
        if all(map(_est_vide, ligne)):
            continue
        noms = [_sans_accent(case) for case in ligne]
        voulus = [_sans_accent(entete) for entete in ENTETES]
        if all(noms.count(voulu) == 1 for voulu in voulus):
            return rang, [noms.index(voulu) for voulu in voulus]
        break
    raise TableurRefuse(
        "Ce fichier n'a pas la forme du modèle : sa première ligne porte « Compte », « Libellé » et "
        "« Montant ». Exportez le budget, remplissez ce fichier-là, puis importez-le."
    )


def _est_vide(case: Any) -> bool:
    return case is None or (isinstance(case, str) and not case.strip())


def _sans_accent(case: Any) -> str:
    plat = unicodedata.normalize("NFKD", case if isinstance(case, str) else "")
    return "".join(c for c in plat if not unicodedata.combining(c)).strip().lower()


def _code(case: Any) -> str:
    """Un compte tel que le tableur l'a rendu : « 60 », 60.0 ou « 74 : call »."""
    code = re.sub(r"\s", "", f"{case:.15g}" if isinstance(case, float) else str(case)).lower()
    return re.sub(r"(?<=\d)\.0$", "", code)


def _boite(case: Any, boites: dict[str, str]) -> str:
    """La boîte d'un compte du modèle."""
    if _est_vide(case):
        raise TableurRefuse(
            "un montant n'a pas de compte. Écrivez le compte dans la première colonne, ou effacez le montant."
        )
    code = _code(case)
    if code in boites:
        return boites[code]
    if code == SUBVENTIONS:
        raise TableurRefuse(
            "une aide nomme son financeur. Prenez une des lignes 74 du modèle, par exemple 74:CALL."
        )
    if code.isdigit() and len(code) > 2 and code[:2] in boites:
        raise TableurRefuse(
            f"le compte {code} est un détail du compte {code[:2]}. Écrivez le total à la ligne {code[:2]}."
        )
    connu = case if isinstance(case, str) else code
    raise TableurRefuse(
        f"le compte « {str(connu).strip()[:30]} » n'est pas dans le modèle. Prenez un compte du modèle."
    )


def _montant(case: Any, champ: Any) -> list[str]:
    """Le montant d'une case, écrit comme dans l'éditeur ; vide ou nul, la boîte se vide."""
    if case is SANS_VALEUR:
        raise TableurRefuse(
            "la formule du montant n'a pas de résultat, ou une erreur. Écrivez le montant en chiffres."
        )
    if isinstance(case, bool | date | time) or not isinstance(case, str | int | float):
        raise TableurRefuse("le montant est une date, une durée ou un choix. Écrivez-le en chiffres.")
    try:
        # Un tableur calcule à quinze chiffres : 0,1 + 0,2 y vaut 0,30000000000000004 et s'y lit 0,3.
        ecrit = case if isinstance(case, str) else ecritures.euros(Decimal(f"{case:.15g}"))
        montant: Decimal | None = champ.clean(ecrit)
    except ecritures.MontantInvalide as refus:
        raise TableurRefuse(str(refus)) from refus
    except ValidationError as refus:
        raise TableurRefuse(*refus.messages) from refus
    texte = SaisieEuros().format_value(montant) if montant else None
    return [texte] if texte else []
