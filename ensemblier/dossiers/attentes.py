"""Ce qu'un dossier attend d'une personne du porteur : une phrase, une échéance, une page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.urls import reverse

from ensemblier.appels.models import Jalon
from ensemblier.dossiers.etats import A_COMPLETER, BROUILLON
from ensemblier.dossiers.models import Ciblage, Derogation, Dossier, Message, Piece, aides, co_portes
from ensemblier.interface.formats import accord
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role


@dataclass(frozen=True, slots=True)
class Attente:
    """Une chose à faire : son verbe, le dossier, avant quand (jour compris), où, et le mot du bouton."""

    quoi: str
    dossier: str
    intitule: str
    avant: date | None
    url: str
    bouton: str
    detail: str = ""

    def retard(self, jour: date) -> int:
        """Le nombre de jours de retard ; zéro tant que l'échéance n'est pas passée."""
        return max(0, (jour - self.avant).days) if self.avant else 0


def du_porteur(acteur: Acteur) -> list[Dossier]:
    """Ses dossiers, avec ce qu'une liste montre ; une requête, quel que soit leur nombre.

    Ceux qu'elle aide à écrire portent `est_aide`, ceux que son organisme co-porte `est_co_porteur` : ni
    messages, ni argent, ni bilan.
    """
    organismes = {d.organisme for d in acteur.perimetres(Role.REDACTEUR, Role.SIGNATAIRE)}
    aidees = aides(acteur)
    if not organismes and not aidees:
        return []
    siens = Q(organisme__in=organismes) | Q(pk__in=aidees)
    if (portes := co_portes(acteur)) is not None:
        siens |= Q(pk__in=portes)
    depot = Jalon.objects.filter(appel=OuterRef("appel"), nature="depot").values("fin")[:1]
    derogation = Derogation.objects.filter(organisme=OuterRef("organisme"), appel=OuterRef("appel")).exclude(
        jusqu_au=None
    )
    dossiers = (
        Dossier.objects.filter(territoire__code=acteur.territoire)
        .filter(siens)
        .select_related("appel", "organisme", "territoire")
        .defer("fiche_figee", "rapport_fige", "accuse_contenu", "territoire__cadre", "appel__projet")
        .annotate(messages_a_lire=Message.objects.comptes_par_dossier(Message.Cote.PORTEUR))
        .annotate(
            limite=Subquery(depot),
            prolonge=Subquery(derogation.values("jusqu_au")[:1]),
            a_quartier=Exists(Ciblage.objects.filter(dossier=OuterRef("pk"))),
            pieces_jointes=Count("pieces", filter=Q(pieces__remplacee_le=None)),
            a_remplacer=Exists(
                Piece.objects.filter(dossier=OuterRef("pk"), remplacee_le=None, statut=Piece.Etat.A_REMPLACER)
            ),
        )
        .order_by("-modifie_le")
    )
    lus = list(dossiers)
    for d in lus:
        d.est_aide = d.pk in aidees and d.organisme_id not in organismes
        d.est_co_porteur = d.organisme_id not in organismes and not d.est_aide
    return lus


def etapes_commencees(dossier: Dossier) -> list[tuple[str, str, bool]]:
    """Les étapes d'un brouillon de `du_porteur` : (code, ce qu'il reste à faire, commencée)."""
    return [
        ("organisme", "Vérifier l'organisme", True),
        ("action", "Décrire l'action", bool(dossier.intitule and dossier.pilier_id)),
        (
            "publics",
            "Dire les publics et les quartiers",
            dossier.publics_total is not None and dossier.a_quartier,
        ),
        ("budget", "Remplir le budget", bool(dossier.cout_total)),
        ("demandes", "Dire ce que vous demandez", bool(dossier.demande_totale)),
        ("pieces", "Ajouter les pièces", bool(dossier.pieces_jointes)),
    ]


def attentes(dossiers: Iterable[Dossier], *, le: datetime) -> list[Attente]:
    """Ce que ces dossiers attendent : un brouillon dont l'appel est ouvert, une pièce, une lecture."""
    jour, rendues = jour_de(le), []
    for d in dossiers:
        commun = {"dossier": d.numero, "intitule": d.intitule or "Action sans nom"}
        limite = max(filter(None, (d.limite, d.prolonge)), default=None)
        if d.est_co_porteur or (d.est_aide and d.etat != BROUILLON):
            continue
        if d.messages_a_lire:
            quoi = accord(d.messages_a_lire, "nouveau message", "nouveaux messages")
            url = reverse("dossier_messages", args=(d.numero,))
            rendues.append(Attente(f"{quoi} du service", avant=None, bouton="Lire", url=url, **commun))
        if d.etat == BROUILLON and (limite is None or limite >= jour):
            rendues.append(_brouillon(d, limite, commun))
        elif d.etat == A_COMPLETER:
            rendues.append(
                Attente(
                    "Répondre au service", avant=None, bouton="Répondre",
                    url=reverse("corrections", args=(d.numero,)), **commun,
                )
            )  # fmt: skip
        elif d.a_remplacer and d.depose_le:
            rendues.append(
                Attente(
                    "Ajouter les pièces demandées", avant=None, bouton="Ajouter",
                    url=reverse("dossier_etape", args=(d.numero, "pieces")), **commun,
                )
            )  # fmt: skip
    return rendues


def _brouillon(d: Dossier, limite: date | None, commun: dict[str, str]) -> Attente:
    etapes = etapes_commencees(d)
    reste = next(((code, quoi) for code, quoi, fait in etapes if not fait), None)
    faites = sum(1 for *_, fait in etapes if fait)
    detail = f"{accord(faites, 'étape')} sur {len(etapes)}"
    if reste is None:
        url = reverse("relecture", args=(d.numero,))
        quoi = "Relire" if d.est_aide else "Relire et déposer"
        return Attente(quoi, avant=limite, url=url, bouton="Relire", detail=detail, **commun)
    url = reverse("dossier_etape", args=(d.numero, reste[0]))
    return Attente(reste[1], avant=limite, url=url, bouton="Continuer", detail=detail, **commun)
