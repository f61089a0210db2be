"""Qui est sur un dossier, et ce que chacune peut y faire : l'organisme, ses co-porteurs, ses aides."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ensemblier.comptes.models import Aide, Rattachement
from ensemblier.dossiers.etapes import PAR_CODE
from ensemblier.dossiers.models import Dossier
from ensemblier.interface.formats import date_longue
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.models import Evenement

DROITS = {
    Role.SIGNATAIRE: "écrit, dépose, signe et retire ; répond au service",
    Role.REDACTEUR: "écrit, joint les pièces et répond au service ; ne dépose pas",
    Role.CO_PORTEUR: "lit le dossier et où il en est ; n'écrit rien, ne lit ni le RIB ni les messages",
    Role.AIDE: "écrit et joint les pièces ; ne dépose pas, ne lit ni le RIB ni les messages",
}
FAITS_MONTRES = 20


def signataires(dossier: Dossier, *, le: datetime) -> list[Rattachement]:
    """Les personnes qui peuvent déposer, ce jour-là."""
    return [r for r in _de_l_organisme(dossier, le=le) if r.qualite == Role.SIGNATAIRE]


def _de_l_organisme(dossier: Dossier, *, le: datetime) -> list[Rattachement]:
    rattaches = Rattachement.objects.en_vigueur(jour_de(le)).filter(organisme=dossier.organisme_id)
    return list(rattaches.select_related("utilisateur").order_by("-qualite", "pk"))


def ce_que_je_peux(dossier: Dossier, acteur: Acteur, roles: set[Role]) -> str:
    """« Vous aidez à écrire ce dossier jusqu'au 12 décembre 2026 : … » ; vide pour qui peut tout."""
    if Role.AIDE in roles:
        aide = Aide.objects.filter(
            objet=dossier.designation(), utilisateur=acteur.utilisateur, retiree_le=None
        ).first()
        fin = f" jusqu'au {date_longue(aide.au)}" if aide else ""
        return (
            f"Vous aidez {dossier.organisme.nom} à écrire ce dossier{fin}. Vous écrivez et joignez les "
            "pièces\u00a0; l'organisme dépose, lit le RIB et répond au service."
        )
    if Role.CO_PORTEUR in roles:
        return (
            f"Vous lisez ce dossier en co-porteur. C'est {dossier.organisme.nom} qui l'écrit, le dépose et "
            "répond au service."
        )
    if Role.SIGNATAIRE not in roles:
        return (
            "Vous écrivez, joignez les pièces et répondez au service\u00a0; une personne signataire dépose."
        )
    return ""


def de_l_organisme(dossier: Dossier, *, le: datetime) -> list[dict[str, str]]:
    return [
        {
            "nom": r.utilisateur.nom_complet, "fonction": r.fonction, "qualite": r.get_qualite_display(),
            "peut": DROITS[Role(r.qualite)],
        }
        for r in _de_l_organisme(dossier, le=le)
    ]  # fmt: skip


def aides(dossier: Dossier, *, le: datetime) -> list[dict[str, Any]]:
    """Les aides du dossier, acceptées ou attendues ; une aide finie reste dans l'histoire, pas ici."""
    siennes = Aide.objects.filter(objet=dossier.designation(), retiree_le=None).select_related("utilisateur")
    return [{"aide": a, "finie": not a.vaut_le(jour_de(le)), "peut": DROITS[Role.AIDE]} for a in siennes]


def faits_des_aides(dossier: Dossier) -> list[dict[str, Any]]:
    """Ce que les aides ont écrit, le plus récent d'abord, tel que le registre le garde."""
    faits = Evenement.objects.filter(chaine__racine=dossier.racine(), acte="aider").select_related("detail")
    rendus = []
    for e in faits.order_by("-rang")[:FAITS_MONTRES]:
        etape = PAR_CODE.get(e.detail.contenu.get("etape", ""))
        rendus.append(
            {"le": e.le, "auteur": e.auteur_nom, "libelle": e.libelle, "ou": etape.nom if etape else "Pièces"}
        )
    return rendus
