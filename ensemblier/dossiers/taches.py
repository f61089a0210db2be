"""Ce que le rythme fait des dossiers déposés."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from ensemblier.comptes.droits import systeme
from ensemblier.dossiers.actes.contacts import demander_confirmation, liens_en_cours
from ensemblier.dossiers.etats import A_COMPLETER, DEPOSE, RECEVABLE
from ensemblier.dossiers.models import Ciblage, ContactCommune
from ensemblier.noyau.machine import Role
from ensemblier.registre.actes import ActeBloque

APRES_LE_DEPOT = timedelta(days=2)
"""Au-delà, un dossier ancien n'interroge plus ses villes de lui-même : le porteur a son bouton."""


def interroger_les_villes(*, le: datetime) -> int:
    """Après le dépôt, chaque ville de l'action qui n'a ni répondu ni reçu la question la reçoit, une fois.

    Hors du dépôt, pour que ses dernières minutes n'attendent aucun courriel ; sûr deux fois. Rend le nombre.
    """
    visees = Ciblage.objects.filter(dossier=OuterRef("dossier"), communes=OuterRef("commune"))
    contacts = ContactCommune.objects.filter(
        Exists(visees), confirme_le=None, dossier__depose_le__gt=le - APRES_LE_DEPOT,
        dossier__etat__in=(DEPOSE, A_COMPLETER, RECEVABLE), commune__contacts__courriel__gt="",
    ).select_related("dossier__territoire")  # fmt: skip
    muettes = {c.designation(): c for c in contacts.order_by("pk").distinct()}
    interrogees = 0
    for designation in muettes.keys() - liens_en_cours(muettes.values(), le=le).keys():
        contact = muettes[designation]
        par = systeme(contact.dossier.territoire.code)
        try:
            demander_confirmation(contact, par=par, roles={Role.SYSTEME}, le=le)
        except ActeBloque:
            continue
        interrogees += 1
    return interrogees
