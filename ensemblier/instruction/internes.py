"""Le fil interne d'un dossier à l'écran : ses messages, qui est prévenu, qui peut l'être."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q

from ensemblier.comptes.models import Habilitation, Interet, Utilisateur
from ensemblier.dossiers.etats import ABANDONNEE
from ensemblier.dossiers.models import Ciblage, Demande, Deport, Dossier
from ensemblier.instruction.models import PARTENAIRES, SERVICE, Echange
from ensemblier.interface.formats import date_courte
from ensemblier.interface.pages import Page
from ensemblier.noyau.machine import Acteur, Role


def lit_le_fil_interne(acteur: Acteur | None) -> bool:
    """De rôle : le service et les partenaires ; sur quels dossiers, `dossiers_du_fil_interne` le dit."""
    return acteur is not None and acteur.a(*SERVICE, *PARTENAIRES)


def page_interne(acteur: Acteur | None, dossier: Dossier, *, apres: str = "") -> Page:
    """Les derniers messages d'abord, cinquante à la fois ; l'écran les remet dans l'ordre."""
    lus = Echange.objects.visibles_par(acteur).filter(dossier=dossier)
    return Page(lus.prefetch_related("mentions__utilisateur"), "-pk", apres=apres)


def echanges(page: Page, acteur: Acteur) -> list[dict[str, Any]]:
    """Les messages de la page, du plus ancien au plus récent, tels que le composant les dessine."""
    return [
        {
            "le": e.envoye_le, "auteur": e.auteur_nom, "fonction": e.auteur_fonction, "texte": e.texte,
            "mien": e.auteur == acteur.utilisateur, "lecture": _lecture(e), "pieces": [],
            "nouveau": any(m.utilisateur_id == acteur.utilisateur and not m.lu_le for m in e.mentions.all()),
        }
        for e in reversed(page.lignes)
    ]  # fmt: skip


def _lecture(echange: Echange) -> str:
    prevenus = [
        f"{m.utilisateur.nom_complet} ({f'lu le {date_courte(m.lu_le)}' if m.lu_le else 'pas encore lu'})"
        for m in echange.mentions.all()
    ]
    suite = f". Prévenu : {', '.join(prevenus)}" if prevenus else ""
    return f"{echange.get_partage_display()}{suite}"


def collegues(acteur: Acteur, dossier: Dossier, jour: date) -> list[tuple[Utilisateur, str]]:
    """Qui peut être mentionné, avec sa fonction : le service, puis les agents des lignes du dossier."""
    lignes = Demande.objects.filter(dossier=dossier).exclude(etat=ABANDONNEE).values("financeur")
    villes = Ciblage.objects.filter(dossier=dossier).values("communes")
    service = Q(qualite__in=(Role.INSTRUCTEUR, Role.RESPONSABLE))
    partenaires = Q(qualite=Role.AGENT_FINANCEUR, financeur__in=lignes) | Q(
        qualite=Role.REFERENT_COMMUNAL, commune__in=villes
    )
    ecartes = Interet.objects.filter(organisme=dossier.organisme_id, leve_le=None).values("utilisateur")
    deportes = Deport.objects.filter(dossier=dossier, leve_le=None).values("utilisateur")
    lues = (
        Habilitation.objects.en_vigueur(jour)
        .filter(service | partenaires, territoire=dossier.territoire_id, utilisateur__is_active=True)
        .exclude(Q(utilisateur=acteur.utilisateur) | Q(utilisateur__in=ecartes) | Q(utilisateur__in=deportes))
        .select_related("utilisateur")
        .order_by("utilisateur__nom", "utilisateur__prenom", "pk")
    )
    rangees = sorted(lues, key=lambda h: h.qualite not in (Role.INSTRUCTEUR, Role.RESPONSABLE))
    return list({h.utilisateur_id: (h.utilisateur, h.fonction) for h in reversed(rangees)}.values())[::-1]
