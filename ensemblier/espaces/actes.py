"""Garder une vue de la liste : une préférence de la personne, hors du registre."""

from __future__ import annotations

from django.db import transaction

from ensemblier.espaces.models import Vue
from ensemblier.espaces.services import services
from ensemblier.noyau.machine import Acteur
from ensemblier.registre.actes import ActeBloque
from ensemblier.territoires.models import Territoire

AU_PLUS = 50


@transaction.atomic
def garder_vue(
    *, nom: str, adresse: str, est_partagee: bool, est_par_defaut: bool, territoire: Territoire, par: Acteur
) -> Vue:
    """Une vue de plus ; le même nom remplace la vue d'avant."""
    siennes = Vue.objects.de(par)
    if siennes.count() >= AU_PLUS and not siennes.filter(nom=nom).exists():
        raise ActeBloque(f"Vous gardez déjà {AU_PLUS} vues. Supprimez-en une, puis recommencez.")
    if est_par_defaut:
        siennes.update(est_par_defaut=False)
    vue, _ = Vue.objects.update_or_create(
        territoire=territoire, utilisateur_id=par.utilisateur, nom=nom,
        defaults={
            "adresse": adresse, "service": _service(par, est_partagee), "est_par_defaut": est_par_defaut,
        },
    )  # fmt: skip
    return vue


@transaction.atomic
def regler_vue(vue: Vue, *, nom: str, est_partagee: bool, est_par_defaut: bool, par: Acteur) -> Vue:
    """Renomme, partage ou non, ouvre la liste avec elle ou non."""
    siennes = Vue.objects.de(par)
    if siennes.filter(nom=nom).exclude(pk=vue.pk).exists():
        raise ActeBloque("Une de vos vues porte déjà ce nom. Choisissez-en un autre.")
    if est_par_defaut:
        siennes.exclude(pk=vue.pk).update(est_par_defaut=False)
    vue.nom, vue.est_par_defaut = nom, est_par_defaut
    vue.service = _service(par, est_partagee)
    vue.save(update_fields=("nom", "service", "est_par_defaut"))
    return vue


def supprimer_vue(vue: Vue) -> None:
    vue.delete()


def _service(par: Acteur, est_partagee: bool) -> str:
    """Qui tient plusieurs services partage avec le premier."""
    return next(iter(services(par)), "") if est_partagee else ""
