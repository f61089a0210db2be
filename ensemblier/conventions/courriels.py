"""Les courriels des suites : qui, quels mots ; calculés de l'objet au moment de l'acte."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ensemblier.comptes import courriels
from ensemblier.comptes.models import Genre, Rattachement
from ensemblier.conventions.models import Avenant, Convention, Versement
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau.calendrier import jour_de


def destinataires(dossier: Dossier, *, le: datetime) -> list[str]:
    """L'adresse de l'organisme et ses signataires du jour, chacune une fois."""
    signataires = (
        Rattachement.objects.en_vigueur(jour_de(le))
        .filter(
            organisme=dossier.organisme_id,
            qualite=Rattachement.Qualite.SIGNATAIRE,
            utilisateur__is_active=True,
        )
        .values_list("utilisateur__courriel", flat=True)
    )
    adresses = [dossier.organisme.courriel, *signataires]
    return list(dict.fromkeys(a.lower() for a in adresses if a))


def ecrire(
    genre: Genre,
    dossier: Dossier,
    *,
    cle: str,
    sujet: str,
    gabarit: str,
    contexte: dict[str, Any],
    le: datetime,
) -> None:
    """Un courriel à chaque destinataire du porteur ; le sujet commence par le numéro du dossier."""
    for adresse in destinataires(dossier, le=le):
        courriels.ecrire(
            genre,
            cle=f"{cle}:{adresse}",
            a=adresse,
            sujet=f"{dossier.numero} · {sujet}",
            gabarit=gabarit,
            contexte={"dossier": dossier, **contexte},
            le=le,
            objet=dossier.designation(),
        )


def annoncer_la_decision(demande: Demande, *, est_accord: bool, avec_convention: bool, le: datetime) -> None:
    ecrire(
        Genre.DECISION,
        demande.dossier,
        cle=f"notification:{demande.pk}",
        sujet="Aide accordée, votre lettre" if est_accord else "Décision sur votre demande",
        gabarit="conventions/courriels/decision",
        contexte={"demande": demande, "est_accord": est_accord, "avec_convention": avec_convention},
        le=le,
    )


def annoncer_la_signature(convention: Convention, *, le: datetime) -> None:
    ecrire(
        Genre.SUITE,
        convention.demande.dossier,
        cle=f"convention-signee:{convention.pk}",
        sujet="Convention signée des deux parties",
        gabarit="conventions/courriels/signee",
        contexte={"demande": convention.demande},
        le=le,
    )


def annoncer_l_avenant(avenant: Avenant, *, le: datetime) -> None:
    ecrire(
        Genre.DECISION,
        avenant.demande.dossier,
        cle=f"avenant:{avenant.pk}",
        sujet="Le montant de votre aide change, votre lettre",
        gabarit="conventions/courriels/avenant",
        contexte={"demande": avenant.demande, "avenant": avenant},
        le=le,
    )


def annoncer_l_avenant_signe(avenant: Avenant, *, le: datetime) -> None:
    ecrire(
        Genre.SUITE,
        avenant.demande.dossier,
        cle=f"avenant-signe:{avenant.pk}",
        sujet="Avenant signé des deux parties",
        gabarit="conventions/courriels/avenant_signe",
        contexte={"demande": avenant.demande},
        le=le,
    )


def annoncer_le_paiement(versement: Versement, *, le: datetime) -> None:
    ecrire(
        Genre.SUITE,
        versement.tranche.demande.dossier,
        cle=f"versement:{versement.pk}",
        sujet="Un versement est fait",
        gabarit="conventions/courriels/paiement",
        contexte={"demande": versement.tranche.demande, "versement": versement},
        le=le,
    )
