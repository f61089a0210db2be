"""Le fil d'un dossier à l'écran : qui le lit, ce qui est nouveau, ce que l'autre côté a lu."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse

from ensemblier.comptes.models import Rattachement
from ensemblier.dossiers.models import Dossier, Message, MessageQuerySet
from ensemblier.interface.formats import date_courte, heure
from ensemblier.interface.pages import Page
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.regles.contexte import enumerer


def page_du_fil(acteur: Acteur | None, dossier: Dossier, *, apres: str = "") -> Page:
    """Les derniers messages d'abord, cinquante à la fois ; l'écran les remet dans l'ordre."""
    siens = Message.objects.visibles_par(acteur).filter(dossier=dossier).select_related("fichier")
    return Page(siens, "-pk", apres=apres)


def echanges(page: Page, dossier: Dossier, cote: str) -> list[dict[str, Any]]:
    """Les messages de la page, du plus ancien au plus récent, tels que le composant les dessine."""
    return [
        {
            "le": m.envoye_le, "auteur": m.auteur_nom, "fonction": m.auteur_fonction, "texte": m.texte,
            "mien": m.cote == cote, "nouveau": m.cote != cote and m.lu_le is None,
            "lecture": _lecture(m) if m.cote == cote else "", "pieces": _pieces(m, dossier),
        }
        for m in reversed(page.lignes)
    ]  # fmt: skip


def _lecture(message: Message) -> str:
    if message.lu_le is None:
        return "Pas encore lu"
    return f"Lu par {message.lu_par} le {date_courte(message.lu_le)}, {heure(message.lu_le)}"


def _pieces(message: Message, dossier: Dossier) -> list[dict[str, Any]]:
    if message.fichier is None:
        return []
    url = reverse("message_fichier", args=(dossier.numero, message.fichier.cle))
    return [{"url": url, "libelle": message.fichier.nom, "taille": message.fichier.taille}]


def lecteurs(dossier: Dossier, cote: str, *, le: datetime) -> str:
    """Qui lira, en toutes lettres : du côté du porteur le service, du côté du service des personnes."""
    if cote == Message.Cote.PORTEUR:
        service = f"Le service ({dossier.territoire.service}) et votre organisme"
        return f"{service} lisent ce fil. Les financeurs ne le lisent pas."
    rattachements = (
        Rattachement.objects.en_vigueur(jour_de(le))
        .filter(organisme=dossier.organisme_id, utilisateur__is_active=True)
        .select_related("utilisateur")
    )
    noms = sorted({str(r.utilisateur.nom_complet) for r in rattachements})
    if not noms:
        return f"{dossier.organisme.nom} le verra dès qu'une personne y aura un compte."
    verbe = "le verra" if len(noms) == 1 else "le verront"
    return f"{enumerer(noms)} ({dossier.organisme.nom}) {verbe}. Les financeurs ne lisent pas ce fil."


def conversations(acteur: Acteur | None) -> MessageQuerySet:
    """Le dernier message de chaque fil que la personne lit, avec son dossier."""
    return Message.objects.visibles_par(acteur).derniers().select_related("dossier__organisme")


def lignes(page: Page, organismes: Iterable[int]) -> list[dict[str, Any]]:
    """Les fils d'une page de la boîte ; chacun mène à la page du côté de la personne."""
    siens, rendues = set(organismes), []
    for m in page.lignes:
        porteur = m.dossier.organisme_id in siens
        cote = Message.Cote.PORTEUR if porteur else Message.Cote.SERVICE
        rendues.append(
            {
                "message": m, "dossier": m.dossier, "mien": m.cote == cote,
                "nouveau": m.cote != cote and m.lu_le is None,
                "url": reverse(_PAGES[cote], args=(m.dossier.numero,)),
            }
        )  # fmt: skip
    return rendues


_PAGES = {Message.Cote.PORTEUR: "dossier_messages", Message.Cote.SERVICE: "instruction_messages"}


def a_lire(acteur: Acteur | None, organismes: Iterable[int]) -> int:
    """Ce qui attend une lecture du porteur, sur tous les dossiers de ses organismes ; une requête."""
    siens = Message.objects.a_lire_par(Message.Cote.PORTEUR).filter(dossier__organisme__in=set(organismes))
    return siens.filter(dossier__territoire__code=acteur.territoire).count() if acteur else 0
