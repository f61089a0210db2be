"""Tenir les mots d'un dossier : l'acte qui dit ou change un texte les récrit, dans sa transaction."""

from __future__ import annotations

from collections.abc import Iterable

from ensemblier.dossiers.models import Demande, Dossier, Mot, MotDuDossier
from ensemblier.noyau.mots import mots, mots_d_un_numero

AU_PLUS = 200
"""Les mots gardés d'un dossier : les numéros et l'intitulé d'abord, puis ce que les textes ajoutent."""
TEXTES = ("intitule", "resume", "description", "objectifs")


def mots_du_dossier(dossier: Dossier, demandes: Iterable[Demande] | None = None) -> list[str]:
    """Tous ses mots : numéros, intitulé, textes ; ceux du porteur sont gardés avec lui."""
    references = (d.reference_depot for d in (dossier.demandes.all() if demandes is None else demandes))
    numeros = (dossier.numero, dossier.numero_dauphin, *references)
    lus = [m for numero in numeros for m in mots_d_un_numero(numero)]
    lus += [m for champ in TEXTES for m in mots(getattr(dossier, champ))]
    return list(dict.fromkeys(lus))[:AU_PLUS]


def indexer(dossier: Dossier, demandes: Iterable[Demande] | None = None) -> None:
    """Récrit les mots du dossier ; l'appelant tient son verrou, et ses demandes s'il les a lues."""
    voulus = mots_du_dossier(dossier, demandes)
    liens = MotDuDossier.objects.filter(dossier=dossier)
    tenus = dict(liens.values_list("mot__mot", "pk"))
    nouveaux = sorted(set(voulus) - set(tenus))
    liens.filter(pk__in=[cle for mot, cle in tenus.items() if mot not in voulus]).delete()
    if nouveaux:
        Mot.objects.bulk_create((Mot(mot=m) for m in nouveaux), ignore_conflicts=True)
        cles = Mot.objects.filter(mot__in=nouveaux).values_list("pk", flat=True)
        MotDuDossier.objects.bulk_create(MotDuDossier(mot_id=cle, dossier=dossier) for cle in cles)
