"""Lire un dossier du côté de l'autorité : par `visibles_par`, jamais par le chemin du porteur."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse

from ensemblier.comptes.droits import exiger
from ensemblier.comptes.models import Habilitation, Utilisateur
from ensemblier.dossiers.models import LECTEURS_DU_FIL, Dossier, Message, aides, co_portes
from ensemblier.instruction.models import PARTENAIRES, SERVICE, Mention
from ensemblier.interface.pages import Page
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.registre.models import Evenement
from ensemblier.territoires.models import Financeur

AUTORITES = (
    Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR, Role.FINANCES, Role.AGENT_FINANCEUR,
    Role.REFERENT_COMMUNAL, Role.JURY,
)  # fmt: skip


def organismes_de(acteur: Acteur) -> set[int]:
    """Les organismes que la personne représente : de leurs dossiers, elle est le porteur, pas le juge."""
    return {
        d.organisme for d in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE) if d.organisme is not None
    }


def lit_le_fil(acteur: Acteur | None) -> bool:
    """Le fil du porteur est celui du service : les partenaires et les finances ne le lisent pas."""
    return acteur is not None and acteur.a(*LECTEURS_DU_FIL)


def dossier_a_instruire(request: HttpRequest, numero: str) -> Dossier:
    """Le dossier déposé, s'il est visible (404 sinon) et lu par une autorité (403 sinon)."""
    visibles = Dossier.objects.visibles_par(request.acteur).deposes()
    if lit_le_fil(request.acteur):
        visibles = visibles.annotate(
            messages_a_lire=Message.objects.comptes_par_dossier(Message.Cote.SERVICE)
        )
    if request.acteur is not None and request.acteur.a(*SERVICE, *PARTENAIRES):
        attendues = Mention.objects.comptees_par_dossier(request.acteur.utilisateur)
        visibles = visibles.annotate(mentions_a_lire=attendues)
    complet = visibles.avec_ses_regles("charge_de_mission")
    dossier = get_object_or_404(complet, numero=numero)
    acteur = exiger(request.acteur, *AUTORITES)
    portes = co_portes(acteur)
    co_porte = portes is not None and portes.filter(dossier=dossier.pk).exists()
    if co_porte or dossier.organisme_id in organismes_de(acteur) or dossier.pk in aides(acteur):
        raise RoleInsuffisant("Vous représentez ce porteur : vous lisez ce dossier dans « Mes dossiers ».")
    return dossier


def agents_de(financeur: Financeur, *, jour: date) -> list[Utilisateur]:
    """Qui rend l'avis de ce financeur ou de cette commune ce jour-là."""
    siens = Q(qualite=Role.AGENT_FINANCEUR, financeur=financeur)
    if financeur.commune_id:
        siens |= Q(qualite=Role.REFERENT_COMMUNAL, commune=financeur.commune_id)
    habilites = Habilitation.objects.en_vigueur(jour).filter(siens, territoire=financeur.territoire_id)
    actifs = Utilisateur.objects.filter(pk__in=habilites.values("utilisateur"), is_active=True)
    return list(actifs.order_by("pk"))


def fil(dossier: Dossier, titre: str = "") -> list[tuple[str, str]]:
    racine = [("Dossiers", reverse("instruction"))]
    if not titre:
        return [*racine, (dossier.numero, "")]
    return [*racine, (dossier.numero, reverse("instruction_dossier", args=[dossier.numero])), (titre, "")]


def page_du_journal(acteur: Acteur | None, dossier: Dossier, *, apres: str = "") -> Page:
    """Tout ce qui s'est passé, le plus récent d'abord, avec les faits internes ; pour l'autorité seule.

    Qu'un message interne ait été écrit ne se dit qu'au service : le jury n'en sait rien.
    """
    evenements = Evenement.objects.filter(chaine__racine=dossier.racine()).select_related("detail")
    if acteur is None or not acteur.a(*SERVICE):
        evenements = evenements.exclude(acte="ecrire_echange")
    return Page(evenements, "-rang", apres=apres)


def journal(evenements: Iterable[Evenement]) -> list[dict[str, Any]]:
    return [
        {
            "le": e.le, "auteur": e.auteur_nom, "fonction": e.auteur_fonction, "libelle": e.libelle,
            "motif": e.detail.motif, "empreinte": e.empreinte, "rang": e.rang,
        }
        for e in evenements
    ]  # fmt: skip
