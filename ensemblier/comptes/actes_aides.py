"""L'aide invitée : attendre une personne du dehors sur un seul objet, l'admettre, la remercier.

La pièce qui tient l'objet décide, prend son verrou et l'écrit dans sa chaîne ; ici se tient le droit.
"""

from __future__ import annotations

from datetime import date, datetime

from ensemblier.comptes.models import Aide, Organisme, Utilisateur
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.actes import ActeBloque

DU_PORTEUR = {Role.PUBLIC, Role.REDACTEUR, Role.SIGNATAIRE, Role.AIDE, Role.CO_PORTEUR}
AUTORITES = tuple(set(Role) - DU_PORTEUR)


def attendre(organisme: Organisme, *, objet: str, courriel: str, au: date, par: Acteur, le: datetime) -> Aide:
    """Attend une personne par son adresse ; invitée de nouveau, elle prend la nouvelle date de fin."""
    if au < jour_de(le):
        raise ActeBloque(
            "La date de fin est passée : l'aide ne servirait à rien. Choisissez un jour à venir."
        )
    aide, _ = Aide.objects.update_or_create(
        objet=objet, courriel=courriel.lower(), retiree_le=None,
        defaults={
            "organisme": organisme, "du": jour_de(le), "au": au, "invitee_le": le,
            "invitee_par": par.signature,
        },
    )  # fmt: skip
    return aide


def admettre(aide: Aide, *, utilisateur: Utilisateur, par: Acteur, le: datetime) -> None:
    """La personne accepte, avec l'adresse invitée ; qui juge des dossiers n'aide pas à les écrire (B10)."""
    if not Aide.objects.pour(utilisateur, jour_de(le)).filter(pk=aide.pk).exists():
        raise ActeBloque(
            "Cette invitation n'est plus ouverte. Demandez à l'organisme de vous inviter de nouveau."
        )
    if par.a(*AUTORITES):
        raise ActeBloque(
            "Vous instruisez, jugez ou payez des dossiers de ce territoire : vous ne pouvez pas aider à en "
            "écrire un. L'organisme doit inviter une autre personne."
        )
    aide.utilisateur, aide.acceptee_le = utilisateur, le
    aide.save(update_fields=("utilisateur", "acceptee_le"))


def remercier(aide: Aide, *, le: datetime) -> None:
    """Elle n'a plus accès à rien, à la requête suivante."""
    aide.retiree_le = le
    aide.save(update_fields=("retiree_le",))
