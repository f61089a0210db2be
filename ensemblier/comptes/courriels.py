"""Les courriels vers une personne : leur genre, ce qu'elle en a réglé, et comment s'en désabonner."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.urls import reverse

from ensemblier.comptes.models import (
    LIBRES,
    Genre,
    Invitation,
    Rattachement,
    Rib,
    RythmeDeCourriel,
    Utilisateur,
)
from ensemblier.noyau.calendrier import jour_de
from ensemblier.registre.courriels import poster, poster_a_chacun
from ensemblier.registre.models import Courriel
from ensemblier.territoires.models import Territoire

SEL = "ensemblier.comptes.desabonnement"


def ecrire(
    genre: Genre,
    *,
    cle: str,
    a: str,
    sujet: str,
    gabarit: str,
    contexte: dict[str, Any],
    le: datetime,
    objet: str = "",
    agenda: str = "",
) -> Courriel | None:
    """Met le courriel en boîte d'envoi comme son destinataire l'a réglé ; rend `None` s'il ne part pas.

    Un genre obligé part tout de suite, à qui que ce soit. Un genre libre, écrit à une adresse sans compte
    (celle d'un service, d'un organisme), aussi.
    """
    rythme, desabonnement = RythmeDeCourriel.IMMEDIAT, ""
    personne = Utilisateur.objects.filter(courriel=a.lower()).first() if genre in LIBRES else None
    if personne:
        rythme = RythmeDeCourriel(personne.rythmes()[genre])
        desabonnement = adresse_de_desabonnement(personne, genre)
    if rythme == RythmeDeCourriel.JAMAIS:
        return None
    return poster(
        cle=cle[:160], a=a, sujet=sujet, gabarit=gabarit, contexte=contexte, le=le, genre=genre, objet=objet,
        desabonnement=desabonnement, differe=rythme == RythmeDeCourriel.RECAPITULATIF, agenda=agenda,
    )  # fmt: skip


def ecrire_a_chacun(
    genre: Genre,
    *,
    cle: str,
    a: Iterable[str],
    sujet: str,
    gabarit: str,
    contexte: dict[str, Any],
    le: datetime,
    objet: str = "",
) -> None:
    """Un genre obligé, le même courriel à plusieurs adresses, en une écriture ; une fois chacune.

    Un genre libre se règle personne par personne : celui-là passe par `ecrire`, et lève ici `ValueError`.
    """
    if genre in LIBRES:
        raise ValueError(f"« {genre.label} » se règle : écrivez à chaque personne par `ecrire`.")
    poster_a_chacun(
        cles={adresse: f"{cle}:{adresse}"[:160] for adresse in a}, sujet=sujet, gabarit=gabarit,
        contexte=contexte, le=le, genre=genre, objet=objet,
    )  # fmt: skip


def adresse_de_desabonnement(personne: Utilisateur, genre: Genre) -> str:
    """L'adresse signée qui ôte ce genre à cette personne, et rien d'autre ; elle ne périme pas (RFC 8058)."""
    jeton = signing.Signer(salt=SEL).sign_object([personne.pk, str(genre)])
    return f"{settings.ADRESSE_PUBLIQUE}{reverse('desabonnement', args=[jeton])}"


def lire_le_jeton(jeton: str) -> tuple[Utilisateur, Genre] | None:
    """La personne et le genre d'un jeton ; rien s'il n'est pas de nous."""
    try:
        pk, genre = signing.Signer(salt=SEL).unsign_object(jeton)
        return Utilisateur.objects.get(pk=pk), Genre(genre)
    except (signing.BadSignature, ValueError, TypeError, Utilisateur.DoesNotExist):
        return None


def inviter(invitation: Invitation, *, le: datetime) -> None:
    """Le même message, que l'adresse ait un compte ou non."""
    ecrire(
        Genre.COMPTE,
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
        ecrire(
            Genre.RIB,
            cle=f"rib-{rib.pk}-{adresse}",
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
