"""Écrire une case du tableau : lire ce qui est tapé, proposer ou vider, dire le refus en une phrase."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError

from ensemblier.dossiers.models import Demande
from ensemblier.interface.champs import EurosFormField
from ensemblier.noyau.machine import Acteur, TransitionRefusee
from ensemblier.noyau.montants import en_francais
from ensemblier.programmation import actes
from ensemblier.registre.actes import ActeBloque

INCHANGEE = "Rien n'a changé."


class CaseRefusee(Exception):
    """La case garde sa valeur ; le texte dit pourquoi. `en_conflit` : un autre l'a écrite entre-temps."""

    def __init__(self, phrase: str, *, en_conflit: bool = False) -> None:
        super().__init__(phrase)
        self.en_conflit = en_conflit


def ecrire(volet: Demande, saisie: str, *, version: int | None, par: Acteur, le: datetime) -> bool:
    """Propose le montant tapé, ou vide la case ; rend vrai si elle a changé, lève `CaseRefusee` sinon.

    La case se lit « 9 000 », « 9 000,50 € » ; un texte, un négatif, plus de deux décimales se refusent (K1).
    """
    try:
        montant: Decimal | None = EurosFormField(required=False).clean(saisie.strip())
    except ValidationError as erreur:
        raise CaseRefusee(f"{' '.join(erreur.messages)} {INCHANGEE}") from erreur
    if montant == volet.propose and version in (None, volet.version):
        return False
    if version is None:
        raise CaseRefusee(f"La page ne dit pas la version lue de cette case. Rechargez-la. {INCHANGEE}")
    try:
        if montant is None:
            actes.retirer_la_proposition(volet, par=par, le=le, version=version)
        else:
            actes.proposer(volet, montant=montant, par=par, le=le, version=version)
    except actes.CaseChangee as refus:
        if refus.demande.propose == montant:
            return False
        vous = "vide" if montant is None else en_francais(montant)
        raise CaseRefusee(f"{refus} Vous : {vous}. {INCHANGEE}", en_conflit=True) from refus
    except (ActeBloque, TransitionRefusee) as refus:
        raise CaseRefusee(f"{refus} {INCHANGEE}") from refus
    return True
