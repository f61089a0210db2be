"""Ouvrir un dossier pour une page : visible, sinon 404 ; en porteur, sinon 403."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from ensemblier.appels.models import Appel
from ensemblier.dossiers import etapes
from ensemblier.dossiers.actes.commun import ECRIVAINS, LECTEURS, PORTEUR
from ensemblier.dossiers.actes.pieces import OUVERTS
from ensemblier.dossiers.droits import roles as roles_sur
from ensemblier.dossiers.etats import BROUILLON
from ensemblier.dossiers.fiche import rapport_de
from ensemblier.dossiers.models import Dossier, Message, Piece
from ensemblier.dossiers.pieces import MANQUANTE, PERIMEE, PieceDemandee, pieces_demandees
from ensemblier.dossiers.reponses import Reponses
from ensemblier.dossiers.reprises import Reprise, reprises
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Role, RoleInsuffisant
from ensemblier.registre.actes import tracer

RESERVEE = "Les personnes de l'organisme ajoutent et lisent cette pièce."


def trouver(request: HttpRequest, numero: str, *, pour_une_page: bool = True) -> Dossier:
    """Le dossier, si la personne peut le voir ; sinon le même 404 que s'il n'existait pas, et une trace.

    `pour_une_page` : avec ce que le cadre d'une page montre ; une réponse qui s'enregistre s'en passe.
    """
    visibles = Dossier.objects.visibles_par(request.acteur)
    if pour_une_page:
        attendent = Message.objects.comptes_par_dossier(Message.Cote.PORTEUR)
        visibles = visibles.annotate(messages_a_lire=attendent).avec_la_suite()
    dossier = visibles.avec_ses_regles("suite_de").filter(numero=numero).first()
    if dossier is None:
        tracer(
            par=request.acteur, nature="refus", chemin=request.path, le=timezone.now(), raison="introuvable"
        )
        raise Http404
    return dossier


def en_porteur(request: HttpRequest, numero: str) -> tuple[Dossier, set[Role]]:
    """Le dossier et les rôles d'une personne du porteur ; les agents ont leur propre page (403)."""
    dossier, roles = en_ecrivain(request, numero)
    if not roles & set(PORTEUR):
        raise RoleInsuffisant(
            "Cette page revient aux personnes de l'organisme : déposer, répondre au service, lire la suite. "
            "Votre aide vaut pour écrire le dossier et joindre ses pièces."
        )
    return dossier, roles


def en_ecrivain(
    request: HttpRequest, numero: str, *, pour_une_page: bool = True
) -> tuple[Dossier, set[Role]]:
    """Comme `en_porteur`, l'aide invitée comprise : ce qu'il faut pour écrire le dossier."""
    dossier, roles = en_lecteur(request, numero, pour_une_page=pour_une_page)
    if not roles & set(ECRIVAINS):
        raise RoleInsuffisant(
            f"Vous lisez ce dossier en co-porteur : {dossier.organisme.nom} l'écrit. Pour changer une "
            "réponse, écrivez-lui."
        )
    return dossier, roles


def en_lecteur(request: HttpRequest, numero: str, *, pour_une_page: bool = True) -> tuple[Dossier, set[Role]]:
    """Comme `en_ecrivain`, le co-porteur confirmé compris : ce qu'il faut pour lire, rien pour écrire."""
    dossier = trouver(request, numero, pour_une_page=pour_une_page)
    roles = roles_sur(request.acteur, dossier)
    if not roles & set(LECTEURS):
        raise RoleInsuffisant(
            "Cette page est celle de l'organisme qui demande. "
            "Pour lire le dossier, ouvrez-le depuis « Dossiers »."
        )
    return dossier, roles


def fil(dossier: Dossier, *pages: str) -> list[tuple[str, str]]:
    """Mes dossiers › 25-0041 › page."""
    depart = [
        ("Mes dossiers", reverse("mes_dossiers")),
        (dossier.numero, reverse("dossier", args=(dossier.numero,))),
    ]
    return [*depart, *((page, "") for page in pages)]


def cadre(dossier: Dossier, roles: set[Role], *pages: str) -> dict[str, Any]:
    """Ce que toutes les pages d'un dossier montrent."""
    return {
        "dossier": dossier,
        "est_signataire": Role.SIGNATAIRE in roles,
        "est_du_dehors": not roles & set(PORTEUR),
        "est_lecteur": not roles & set(ECRIVAINS),
        "fil": fil(dossier, *pages),
        **echeance(dossier.appel),
    }


def echeance(appel: Appel) -> dict[str, Any]:
    """Le jalon du dépôt, et s'il est passé : une page ne dit pas « ouvert » d'un appel fermé."""
    limite = appel.jalons.filter(nature="depot").first()
    fin = limite.fin if limite else None
    return {"limite": limite, "est_close": fin is not None and fin < jour_de(timezone.now())}


def commencer(request: HttpRequest, dossier: Dossier) -> str:
    """Par où un dossier neuf commence : l'étape 1, ou la 2 si l'organisme a déjà tout dit ; et pourquoi."""
    constats = rapport_de(dossier, le=timezone.now()).constats
    if etapes.a_completer(etapes.de_l_etape(list(constats), etapes.ETAPES[0])):
        return etapes.adresse(dossier, "organisme")
    messages.info(
        request,
        f"Dossier {dossier.numero} ouvert à l'étape 2 : l'étape 1 reprend ce que votre organisme a déjà dit. "
        "Vérifiez-la quand vous voulez.",
    )
    return etapes.adresse(dossier, "action")


def lignes_de_pieces(lues: Reponses, roles: set[Role]) -> list[dict[str, Any]]:
    """Les pièces à l'écran, avec ce que la personne peut en faire ; le RIB n'est qu'à l'organisme."""
    dossier, rendues, demandees = lues.dossier, [], pieces_demandees(lues)
    manquantes = [p.code for p in demandees if p.etat == MANQUANTE] if dossier.etat in OUVERTS else ()
    ecrit = bool(roles & set(ECRIVAINS))
    connues = reprises(dossier, manquantes, le=timezone.now()) if ecrit else {}
    for p in demandees:
        if p.code == Piece.RIB and not roles & set(PORTEUR):
            reservee = {"url": "", "url_ajout": "", "url_retrait": "", "reprise": None, "aide": RESERVEE}
            rendues.append({c.name: getattr(p, c.name) for c in fields(p)} | reservee)
            continue
        brouillon = dossier.etat == BROUILLON
        ouverte = ecrit and (brouillon or (p.est_attendue and dossier.etat in OUVERTS))
        rendues.append(
            {c.name: getattr(p, c.name) for c in fields(p)}
            | {
                "etat": _etat_montre(p, connues.get(p.code)),
                "reprise": connues.get(p.code),
                "url": reverse("piece", args=(dossier.numero, p.cle)) if p.cle else "",
                "url_ajout": reverse("joindre_piece", args=(dossier.numero, p.code)) if ouverte else "",
                "url_retrait": reverse("retirer_piece", args=(dossier.numero, p.code))
                if ecrit and brouillon and p.cle
                else "",
            }
        )
    return rendues


def _etat_montre(piece: PieceDemandee, connue: Reprise | None) -> str:
    """Ce qui manque parce que celle de l'an dernier ne vaut plus se dit « périmée »."""
    return PERIMEE if piece.etat == MANQUANTE and connue and connue.ecart else piece.etat


def contexte_des_pieces(lues: Reponses, roles: set[Role]) -> dict[str, Any]:
    lignes = lignes_de_pieces(lues, roles)
    reprenables = [x for x in lignes if x["reprise"] and not x["reprise"].ecart]
    return {"pieces_lignes": lignes, "reprenables": reprenables}
