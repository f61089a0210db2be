"""Le compte d'une personne : l'ouvrir, régler ses courriels."""

from __future__ import annotations

from collections.abc import Mapping

from allauth.account.models import EmailAddress
from django.db import transaction

from ensemblier.comptes.models import (
    LIBRES,
    Genre,
    ReglageDeCourriel,
    RythmeDeCourriel,
    Utilisateur,
)


@transaction.atomic
def creer_compte(
    *, courriel: str, mot_de_passe: str | None, prenom: str, nom: str, est_verifie: bool = True
) -> Utilisateur:
    """Un compte ; `est_verifie` : l'adresse est déjà connue comme la sienne (agents, démonstration)."""
    utilisateur = Utilisateur.objects.create_user(courriel, mot_de_passe, prenom=prenom, nom=nom)
    EmailAddress.objects.create(
        user=utilisateur, email=utilisateur.courriel, verified=est_verifie, primary=True
    )
    return utilisateur


@transaction.atomic
def regler_les_courriels(utilisateur: Utilisateur, *, rythmes: Mapping[str, str], heure: int) -> None:
    """Comment la personne veut recevoir chaque genre libre, et l'heure de son récapitulatif."""
    for genre in LIBRES:
        if genre in rythmes:
            ReglageDeCourriel.objects.update_or_create(
                utilisateur=utilisateur, genre=genre, defaults={"rythme": rythmes[genre]}
            )
    Utilisateur.objects.filter(pk=utilisateur.pk).update(heure_du_recapitulatif=heure)


def se_desabonner(utilisateur: Utilisateur, *, genre: Genre) -> None:
    """Ne plus recevoir ce genre ; du récapitulatif : plus aucun des genres qu'il réunit. Sûr deux fois."""
    if genre == Genre.RECAPITULATIF:
        quittes = {g for g, r in utilisateur.rythmes().items() if r == RythmeDeCourriel.RECAPITULATIF}
    else:
        quittes = {genre} & set(LIBRES)
    regler_les_courriels(
        utilisateur,
        rythmes=dict.fromkeys(quittes, RythmeDeCourriel.JAMAIS),
        heure=utilisateur.heure_du_recapitulatif,
    )
