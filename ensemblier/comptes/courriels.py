"""Les courriels d'un organisme : leurs mots et leurs destinataires, lus de l'objet."""

from __future__ import annotations

from datetime import datetime

from ensemblier.comptes.models import Invitation, Rattachement, Rib
from ensemblier.noyau.calendrier import jour_de
from ensemblier.registre.courriels import poster
from ensemblier.territoires.models import Territoire


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


def annoncer_le_rib(rib: Rib, ancien: Rib | None, *, territoire: str, le: datetime) -> None:
    """Prévient chaque signataire et l'adresse de l'organisme : un changement tu est une fraude réussie."""
    organisme = rib.organisme
    signataires = organisme.rattachements.en_vigueur(jour_de(le)).filter(
        qualite=Rattachement.Qualite.SIGNATAIRE, utilisateur__is_active=True
    )
    adresses = [organisme.courriel, *signataires.values_list("utilisateur__courriel", flat=True)]
    attente = Territoire.objects.get(code=territoire).pack().epci.attente_rib_heures
    for adresse in dict.fromkeys(a.lower() for a in adresses if a):
        poster(
            cle=f"rib-{rib.pk}-{adresse}"[:160],
            a=adresse,
            sujet="Le compte bancaire de votre organisme a changé"
            if ancien
            else "Un compte bancaire est ajouté à votre organisme",
            gabarit="comptes/courriels/rib",
            contexte={
                "rib": rib, "ancien": ancien, "organisme": organisme, "payable_le": rib.payable_le(attente),
            },
            le=le,
        )  # fmt: skip
