"""Tenir les mots d'un dossier : l'acte qui dit ou change un texte les récrit, dans sa transaction."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.models import Value

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


def indexer(dossier: Dossier) -> None:
    """Récrit les mots du dossier ; l'appelant tient son verrou."""
    voulus = mots_du_dossier(dossier)
    liens = MotDuDossier.objects.filter(dossier=dossier)
    tenus = dict(liens.values_list("mot__mot", "pk"))
    liens.filter(pk__in=[cle for mot, cle in tenus.items() if mot not in voulus]).delete()
    _ajouter(dossier, set(voulus) - set(tenus))


def indexer_au_depot(dossier: Dossier, demandes: Iterable[Demande]) -> None:
    """Les mots d'un dossier qui se dépose ; un brouillon ne se cherche pas, il n'en a aucun à ôter."""
    _ajouter(dossier, mots_du_dossier(dossier, demandes))


def _ajouter(dossier: Dossier, nouveaux: Iterable[str]) -> None:
    """Deux écritures : les mots que personne n'avait, puis le lien vers chacun, sans lire leurs clés."""
    mots_tries = sorted(nouveaux)
    if not mots_tries:
        return
    Mot.objects.bulk_create((Mot(mot=m) for m in mots_tries), ignore_conflicts=True)
    paires = Mot.objects.filter(mot__in=mots_tries).values_list("pk", Value(dossier.pk))
    lecture, valeurs = paires.query.sql_with_params()
    nom, lien = connection.ops.quote_name, MotDuDossier._meta
    colonnes = ", ".join(nom(lien.get_field(c).column) for c in ("mot", "dossier"))
    with connection.cursor() as curseur:
        curseur.execute(
            f"INSERT INTO {nom(lien.db_table)} ({colonnes}) {lecture} ON CONFLICT DO NOTHING", valeurs
        )
