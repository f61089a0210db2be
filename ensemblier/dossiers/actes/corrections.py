"""Faire reprendre une réponse déposée, et la reprendre : les seules demandées, tant que le service attend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from ensemblier.dossiers.actes.commun import PILOTE, PORTEUR, exiger, tenir
from ensemblier.dossiers.actes.mots import TEXTES, indexer
from ensemblier.dossiers.ancres import COLONNES, Ancre, ancres
from ensemblier.dossiers.corrections import Demandee
from ensemblier.dossiers.etats import A_COMPLETER
from ensemblier.dossiers.models import Correction, Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.noyau.machine import Acteur, EtatInterdit, Role
from ensemblier.registre.actes import ActeBloque, consigner


@transaction.atomic
def demander_corrections(
    dossier: Dossier, *, demandees: Iterable[Demandee], par: Acteur, roles: Iterable[Role], le: datetime
) -> list[Correction]:
    """Ouvre les réponses à reprendre, chacune avec sa raison ; l'appelant fait avancer le dossier."""
    exiger(roles, *PILOTE, quoi="Demander une correction")
    voulues = list(demandees)
    connues = ancres(Reponses(dossier)) if voulues else {}
    if inconnues := [d.champ for d in voulues if d.champ not in connues]:
        raise ActeBloque(f"Cette réponse ne se reprend pas après le dépôt : {', '.join(inconnues)}.")
    if len({d.champ for d in voulues}) < len(voulues):
        raise ActeBloque("La même réponse est demandée deux fois. Réunissez les deux raisons en une.")
    if any(not d.raison.strip() for d in voulues):
        raise ActeBloque("La raison manque : le porteur doit savoir quoi reprendre. Écrivez-la.")
    return [
        Correction.objects.create(
            dossier=dossier, champ=d.champ, question=connues[d.champ].question[:200], genre=d.genre,
            raison=d.raison.strip(), avant=_avant(dossier, connues[d.champ]), demandee_le=le,
            demandee_par=par.signature,
        )
        for d in voulues
    ]  # fmt: skip


def _avant(dossier: Dossier, ancre: Ancre) -> str:
    return ancre.en_mots(dossier, ancre.valeur(dossier))


@transaction.atomic
def corriger(
    dossier: Dossier, *, reponses: Mapping[str, Any], par: Acteur, roles: Iterable[Role], le: datetime
) -> Dossier:
    """Le porteur reprend les réponses demandées ; une réponse laissée telle quelle est maintenue, et le dit.

    La fiche figée au dépôt ne change pas : le registre garde l'avant et l'après de chaque réponse.
    """
    exiger(roles, *PORTEUR, quoi="Corriger une réponse")
    tenu = tenir(dossier)
    if tenu.etat != A_COMPLETER:
        raise EtatInterdit(
            f"« Corriger une réponse » : le dossier est « {tenu.etat_porteur} », il ne se modifie plus. "
            "Pour changer quelque chose, écrivez au service."
        )
    if not reponses:
        raise ActeBloque("Le service n'a demandé de reprendre aucune réponse.")
    ouvertes = {c.champ: c for c in tenu.corrections.ouvertes()}
    if autres := set(reponses) - set(ouvertes):
        raise EtatInterdit(f"Le service n'a pas demandé de reprendre : {', '.join(sorted(autres))}.")
    connues = ancres(Reponses(tenu))
    if closes := [ouvertes[champ].question for champ in reponses if champ not in connues]:
        raise EtatInterdit(
            f"« {', '.join(closes)} » : un financeur l'a déjà jugé ou proposé, le montant ne se change plus."
        )
    for champ, valeur in reponses.items():
        connues[champ].ranger(tenu, valeur)
    colonnes = set(reponses) & set(COLONNES)
    try:
        tenu.clean_fields(exclude={f.name for f in Dossier._meta.fields} - colonnes)
        tenu.validate_constraints()
    except ValidationError as refus:
        raise ActeBloque(*refus.messages) from refus
    tenu.modifie_le = le
    tenu.save(update_fields=(*colonnes, "cout_total", "demande_totale", "modifie_le"))
    if colonnes & set(TEXTES):
        indexer(tenu)
    dites = {}
    for champ, valeur in reponses.items():
        reprise = ouvertes[champ]
        reprise.apres, reprise.repondue_le = connues[champ].en_mots(tenu, valeur), le
        reprise.save(update_fields=("apres", "repondue_le"))
        dites[champ] = {"avant": reprise.avant, "apres": reprise.apres}
    libelle = "Réponse corrigée" if len(dites) == 1 else f"{len(dites)} réponses corrigées"
    consigner(tenu, "corriger", par=par, le=le, libelle=libelle, details=dites)
    return tenu


def clore_les_corrections(dossier: Dossier, *, le: datetime) -> None:
    """La réponse est partie, ou n'est plus attendue : plus rien ne s'écrit."""
    dossier.corrections.ouvertes().update(close_le=le)
