"""Les courriels d'un organisme : leurs mots et leurs destinataires, lus de l'objet."""

from __future__ import annotations

from datetime import datetime

from ensemblier.comptes.models import Invitation, Rattachement, Rib
from ensemblier.noyau.calendrier import jour_de
from ensemblier.registre.courriels import poster


def inviter(invitation: Invitation, *, le: datetime) -> None:
    """Le même message, que l'adresse ait un compte ou non."""
    poster(
        cle=f"invitation-{invitation.pk}-{le:%Y%m%d}",
        a=invitation.courriel,
        sujet=f"{invitation.organisme.nom} vous invite",
        gabarit="comptes/courriels/invitation",
        contexte={"invitation": invitation, "organisme": invitation.organisme},
        le=le,
    )


def annoncer_le_rib(rib: Rib, ancien: Rib | None, *, le: datetime) -> None:
    """Prévient chaque signataire : un compte changé sans qu'on le sache est une fraude qui réussit."""
    signataires = rib.organisme.rattachements.en_vigueur(jour_de(le)).filter(
        qualite=Rattachement.Qualite.SIGNATAIRE
    )
    for rattachement in signataires.select_related("utilisateur"):
        poster(
            cle=f"rib-{rib.pk}-{rattachement.utilisateur_id}",
            a=rattachement.utilisateur.courriel,
            sujet="Le compte bancaire de votre organisme a changé"
            if ancien
            else "Un compte bancaire est ajouté à votre organisme",
            gabarit="comptes/courriels/rib",
            contexte={"rib": rib, "ancien": ancien, "organisme": rib.organisme},
            le=le,
        )
