"""Les crédits d'un financeur pour un appel : ouverts, modifiés avec motif, engagés par ses délibérations."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from ensemblier.appels.models import Appel
from ensemblier.instruction.droits import exiger_sa_ligne
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.montants import en_francais, euros
from ensemblier.programmation.actes.parts import exiger_la_version, relire
from ensemblier.programmation.models import Enveloppe
from ensemblier.registre.actes import ActeBloque, consigner, ouvrir, verrouiller
from ensemblier.territoires.models import Financeur


@transaction.atomic
def ouvrir_enveloppe(
    appel: Appel, financeur: Financeur, *, montant: Decimal, par: Acteur, le: datetime
) -> Enveloppe:
    """Dit les crédits d'un financeur pour un appel ; chacun ouvre la sienne, l'EPCI par son pilote."""
    exiger_sa_ligne(par, financeur, "Ouvrir l'enveloppe")
    valeur = _positif(montant)
    if Enveloppe.objects.filter(appel=appel, financeur=financeur).exists():
        raise ActeBloque(
            f"L'enveloppe de « {financeur.sigle} » est déjà ouverte. Modifiez-la, avec un motif."
        )
    enveloppe = Enveloppe(appel=appel, financeur=financeur, montant=valeur)
    ouvrir(
        enveloppe, par=par, le=le, acte="ouvrir_enveloppe", libelle=f"Enveloppe ouverte : {financeur.sigle}",
        details={"appel": appel.code, "montant": str(valeur)}, public=False,
    )  # fmt: skip
    return enveloppe


@transaction.atomic
def modifier_enveloppe(
    enveloppe: Enveloppe,
    *,
    montant: Decimal,
    motif: str,
    par: Acteur,
    le: datetime,
    version: int | None = None,
) -> None:
    """Change les crédits, avec motif ; jamais sous ce qui est déjà voté ou réparti.

    `version` : celle de la page lue ; l'enveloppe changée entre-temps ne s'écrit pas.
    """
    exiger_sa_ligne(par, enveloppe.financeur, "Modifier l'enveloppe")
    if not motif.strip():
        raise ActeBloque("Le motif manque : écrivez pourquoi l'enveloppe change.")
    valeur = _positif(montant)
    verrouiller(enveloppe.racine())
    relire(enveloppe)
    exiger_la_version(enveloppe, version)
    if valeur < enveloppe.engage:
        raise ActeBloque(
            f"{en_francais(enveloppe.engage)} sont déjà votés : l'enveloppe ne peut pas descendre à "
            f"{en_francais(valeur)}."
        )
    if valeur < (pris := enveloppe.montant - enveloppe.libre):
        raise ActeBloque(
            f"{en_francais(pris)} sont déjà répartis ou votés : l'enveloppe ne peut pas descendre à "
            f"{en_francais(valeur)}."
        )
    avant = enveloppe.montant
    consigner(
        enveloppe, "modifier_enveloppe", par=par, le=le, motif=motif.strip(), public=False,
        libelle=f"Enveloppe modifiée : {enveloppe.financeur.sigle}",
        details={"avant": str(avant), "apres": str(valeur)}, montant=valeur,
        version=enveloppe.version + 1,
    )  # fmt: skip


def _positif(montant: Decimal) -> Decimal:
    valeur = euros(montant)
    if valeur < 0:
        raise ActeBloque("Une enveloppe ne peut pas être négative. Corrigez le montant.")
    return valeur
