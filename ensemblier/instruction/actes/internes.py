"""Écrire entre agents sur un dossier, mentionner un collègue, dire qu'on a lu ; le porteur n'en voit rien."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from ensemblier.comptes.droits import acteur_de
from ensemblier.comptes.models import Utilisateur
from ensemblier.dossiers.models import Dossier
from ensemblier.instruction import courriels
from ensemblier.instruction.droits import PILOTE, exiger_role
from ensemblier.instruction.models import PARTENAIRES, Echange, Mention, dossiers_du_fil_interne
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.actes import ActeBloque, consigner, verrouiller

ECRIRE = "Écrire un message interne"


@transaction.atomic
def ecrire_echange(
    dossier: Dossier,
    *,
    texte: str,
    partage: str,
    mentions: Sequence[Utilisateur],
    cle: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Echange:
    """Écrit aux autres agents, prévient les mentionnés par courriel, sans le texte ; même clé, même message.

    Un partenaire écrit toujours à tous. Lève `ActeBloque` si le texte est vide, ou si un mentionné ne
    pourrait pas lire ce message : nommer quelqu'un n'ouvre aucun droit. Le registre garde l'empreinte du
    texte, non le texte.
    """
    exiger_role(roles, (*PILOTE, *PARTENAIRES), ECRIRE)
    texte = texte.strip()
    if not texte:
        raise ActeBloque("Le message est vide. Écrivez ce que vous voulez dire, puis envoyez-le.")
    verrouiller(dossier.racine())
    if not dossiers_du_fil_interne(par).filter(pk=dossier.pk).exists():
        raise ActeBloque("Ce fil n'est pas le vôtre : votre financeur ou votre ville n'a pas de ligne ici.")
    if deja := Echange.objects.filter(cle=cle).first():
        return _le_meme(deja, dossier, par)
    if not set(PILOTE) & set(roles):
        partage = Echange.Partage.FINANCEURS
    echange = Echange.objects.create(
        dossier=dossier, cle=cle, auteur=par.utilisateur, auteur_nom=par.nom[:150],
        auteur_fonction=par.fonction[:200], texte=texte, partage=partage, envoye_le=le,
    )  # fmt: skip
    vises = list(dict.fromkeys(m for m in mentions if m.pk != par.utilisateur))
    _exiger_lecteurs(echange, vises, le)
    Mention.objects.bulk_create([Mention(echange=echange, utilisateur=qui) for qui in vises])
    consigner(
        dossier, "ecrire_echange", par=par, le=le, libelle="Message interne", public=False,
        details={"echange": echange.pk, "partage": partage, "mentions": [qui.pk for qui in vises],
                 "empreinte": hashlib.sha256(texte.encode()).hexdigest()},
    )  # fmt: skip
    for qui in vises:
        courriels.annoncer_la_mention(echange, qui, le=le)
    return echange


def _exiger_lecteurs(echange: Echange, vises: Sequence[Utilisateur], le: datetime) -> None:
    """Chacun passe par la même porte que la page : ce qu'il ne lirait pas ne l'appelle pas."""
    sourds = [
        qui.nom_complet
        for qui in vises
        if not Echange.objects.visibles_par(acteur_de(qui, echange.dossier.territoire, le=jour_de(le)))
        .filter(pk=echange.pk)
        .exists()
    ]
    if sourds:
        verbe = "ne lirait pas" if len(sourds) == 1 else "ne liraient pas"
        raise ActeBloque(
            f"{', '.join(sourds)} {verbe} ce message. Partagez-le avec les financeurs, ou retirez la mention."
        )


def _le_meme(deja: Echange, dossier: Dossier, par: Acteur) -> Echange:
    if (deja.dossier_id, deja.auteur) != (dossier.pk, par.utilisateur):
        raise ActeBloque(
            "Ce formulaire a déjà servi : rien n'a été envoyé. Rechargez la page, puis recommencez."
        )
    return deja


@transaction.atomic
def lire_echanges(dossier: Dossier, *, par: Acteur, le: datetime) -> int:
    """La personne a lu ce qui l'appelait ici ; rend le nombre de mentions. La première lecture reste."""
    siennes = Mention.objects.a_lire_par(par.utilisateur).filter(echange__dossier=dossier)
    return siennes.update(lu_le=le)
