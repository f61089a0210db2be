"""Le récapitulatif : ce qui attendait une personne, réuni en un courriel par jour, à son heure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from ensemblier.comptes.courriels import adresse_de_desabonnement
from ensemblier.comptes.droits import acteur_de
from ensemblier.comptes.models import Genre, Utilisateur
from ensemblier.dossiers.models import Dossier
from ensemblier.interface import lettres
from ensemblier.interface.formats import accord
from ensemblier.noyau.calendrier import a_paris, en_francais
from ensemblier.registre.courriels import poster
from ensemblier.registre.models import Courriel
from ensemblier.territoires.models import Territoire


def envoyer_les_recapitulatifs(*, le: datetime) -> int:
    """Un récapitulatif par personne et par jour au plus, dès son heure passée à Paris ; rend leur nombre.

    L'heure se compare à l'horloge du mur : une heure que le changement saute ou répète n'en ajoute ni n'en
    ôte. Le jour est dans la clé du courriel : la tâche se relance sans dommage.
    """
    attendus = Courriel.objects.a_recapituler().order_by().values_list("destinataire", flat=True).distinct()
    heure = a_paris(le).hour
    personnes = Utilisateur.objects.filter(courriel__in=attendus, heure_du_recapitulatif__lte=heure)
    return sum(_recapituler(personne, le=le) for personne in personnes.order_by("pk"))


@transaction.atomic
def _recapituler(personne: Utilisateur, *, le: datetime) -> bool:
    Utilisateur.objects.select_for_update().get(pk=personne.pk)
    jour = a_paris(le).date()
    cle = f"recapitulatif:{personne.pk}:{jour:%Y-%m-%d}"
    if Courriel.objects.filter(cle=cle).exists():
        return False
    attendus = list(Courriel.objects.a_recapituler().filter(destinataire=personne.courriel))
    lisibles = _lisibles(personne, attendus, le=le)
    oublies = [c.pk for c in attendus if c not in lisibles]
    Courriel.objects.filter(pk__in=oublies).update(
        abandonne_le=le, erreur="La personne ne voit plus ce dossier : la nouvelle n'est pas pour elle."
    )
    if not lisibles:
        return False
    combien = accord(len(lisibles), "nouvelle")
    recapitulatif = poster(
        cle=cle,
        a=personne.courriel,
        sujet=f"Ensemblier · {combien} (récapitulatif du {en_francais(jour, 'courte')})",
        gabarit="espaces/courriels/recapitulatif",
        contexte={"nouvelles": [_nouvelle(c) for c in lisibles]},
        le=le,
        genre=Genre.RECAPITULATIF,
        desabonnement=adresse_de_desabonnement(personne, Genre.RECAPITULATIF),
    )
    Courriel.objects.filter(pk__in=[c.pk for c in lisibles]).update(recapitulatif=recapitulatif)
    return True


def _nouvelle(courriel: Courriel) -> dict[str, Any]:
    mot, adresse = lettres.bouton_de(courriel.html)
    return {
        "sujet": courriel.sujet, "phrase": lettres.apercu_de(courriel.html), "mot": mot, "adresse": adresse,
    }  # fmt: skip


def _lisibles(personne: Utilisateur, courriels: Iterable[Courriel], *, le: datetime) -> list[Courriel]:
    """Ce que la personne voit encore au moment d'écrire : un rattachement retiré ferme aussi le courriel."""
    if not personne.is_active:
        return []
    prefixe = f"{Dossier._meta.label}:"
    cites = {c.objet: c.objet.removeprefix(prefixe) for c in courriels if c.objet.startswith(prefixe)}
    dossiers = Dossier.objects.filter(pk__in=cites.values())
    visibles: set[str] = set()
    for territoire in Territoire.objects.filter(pk__in=dossiers.values("territoire")):
        acteur = acteur_de(personne, territoire, le=a_paris(le).date())
        vus = Dossier.objects.visibles_par(acteur).filter(pk__in=cites.values())
        visibles |= {f"{prefixe}{pk}" for pk in vus.values_list("pk", flat=True)}
    return [c for c in courriels if c.objet in visibles]
