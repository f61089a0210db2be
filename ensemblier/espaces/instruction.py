"""Le dossier entier, côté autorité (É10) : ce que le porteur a écrit, et le travail à côté."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ensemblier.comptes.equipe import absence_de
from ensemblier.dossiers import lecture as lecture_du_dossier
from ensemblier.dossiers.droits import roles
from ensemblier.dossiers.fiche import rapport_de
from ensemblier.dossiers.horloge import horloge_de
from ensemblier.dossiers.models import Dossier, Piece
from ensemblier.dossiers.reponses import Reponses
from ensemblier.espaces.organisme import organisme_de
from ensemblier.espaces.panneaux import financements, lignes_d_avis, prochain_acte, siens
from ensemblier.instruction.droits import PILOTE
from ensemblier.instruction.examen import PieceAttendue, completude
from ensemblier.instruction.lecture import dossier_a_instruire, fil, journal, page_du_journal
from ensemblier.instruction.lues import Instruite
from ensemblier.instruction.questions import questions_de
from ensemblier.noyau.machine import Acteur, Role

SECTIONS = (
    ("organisme", "Organisme"),
    ("action", "Action"),
    ("publics", "Publics et quartiers"),
    ("budget", "Budget"),
    ("demandes", "Demandes"),
)


@require_safe
def dossier(request: HttpRequest, numero: str) -> HttpResponse:
    """`/instruction/<n>/` : l'acte qui vient d'abord, puis les constats, les pièces, les avis, le journal."""
    lu = dossier_a_instruire(request, numero)
    jour, lues, instruite = timezone.localdate(), Reponses(lu), Instruite(lu)
    lignes = lignes_d_avis(lues, request.acteur, jour=jour, instruite=instruite)
    mes_lignes = siens(request.acteur, lu, lignes)
    rapport = rapport_de(lu, lues=lues)
    contexte = {
        "dossier": lu,
        "fil": fil(lu),
        "sections": [(cle, titre, lecture_du_dossier.lignes(lues, cle)) for cle, titre in SECTIONS],
        "suite_de": _suite_de(request.acteur, lu),
        "absence": lu.charge_de_mission and absence_de(lu.charge_de_mission, lu.territoire, jour),
        "acte": prochain_acte(request.acteur, lues, lignes, mes_lignes),
        "rapport": rapport,
        "financement": rapport.financement,
        "avis": lignes,
        "mes_lignes": {f.pk for f in mes_lignes},
        "briques": financements(lues, lignes),
        "pieces": [_piece(request.acteur, lu, p) for p in completude(lues).lignes],
        "criteres": [c for c in lues.criteres if c.est_declare],
        "organisme": organisme_de(request.acteur, lu, lues.demandes),
        "questions": questions_de(lues, instruite),
        "echeance": instruite.fin,
        "horloge": (minuterie := horloge_de(lu, lues.suspensions)),
        "reste_avant_rejet": minuterie and minuterie.reste(jour),
        "journal": journal(page_du_journal(request.acteur, lu).lignes[:8]),
        "est_pilote": bool(roles(request.acteur, lu) & set(PILOTE)),
        "pour_agent": True,
    }
    return render(request, "espaces/dossier.html", contexte)


def _suite_de(acteur: Acteur, dossier: Dossier) -> str:
    """Le numéro du dossier dont l'action continue, si l'acteur peut le lire."""
    if dossier.suite_de_id is None:
        return ""
    visibles = Dossier.objects.visibles_par(acteur).deposes().filter(pk=dossier.suite_de_id)
    return visibles.values_list("numero", flat=True).first() or ""


def _piece(acteur: Acteur, dossier: Dossier, attendue: PieceAttendue) -> dict[str, Any]:
    """Une pièce telle que le composant la dessine ; remplie ici, elle est valide."""
    recue = attendue.recue
    commun = {"libelle": attendue.libelle, "etat": "valide" if attendue.etat == "ici" else attendue.etat}
    if recue is None:
        return commun
    lisible = recue.code != Piece.RIB or acteur.a(*PILOTE, Role.FINANCES)
    return commun | {
        "type_mime": recue.fichier.type_mime, "taille": recue.fichier.taille, "depose_le": recue.recue_le,
        "depose_par": recue.fichier.depose_par, "motif": recue.motif,
        "url": reverse("instruction_piece", args=[dossier.numero, recue.fichier.cle]) if lisible else "",
    }  # fmt: skip


urlpatterns = [path("instruction/<str:numero>/", dossier, name="instruction_dossier")]
