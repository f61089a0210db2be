"""La liste d'attente d'un appel : ce qu'une séance y a mis, et ce que des crédits libérés laissent reprendre.

Reprendre reste une décision : le dossier s'inscrit à une séance, qui le retient. Un dossier dont la personne
est hors n'y paraît pas (B10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ensemblier.appels.models import Appel
from ensemblier.dossiers.etats import EN_ATTENTE, PROGRAMMEE, RECEVABLE
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation.calculs import ZERO
from ensemblier.programmation.models import Enveloppe, Inscription


@dataclass(slots=True)
class Attendu:
    """Un dossier en attente, ses volets, pourquoi et depuis quelle séance, et ce qui lui manque encore."""

    dossier: Dossier
    volets: list[Demande] = field(default_factory=list)
    inscription: Inscription | None = None
    manques: list[tuple[str, Decimal]] = field(default_factory=list)
    """(financeur, ce qui manque à son enveloppe), le dossier pris seul ; vide s'il peut être repris."""

    @property
    def total(self) -> Decimal:
        return sum((v.propose or ZERO for v in self.volets), ZERO)


def liste_d_attente(appel: Appel, acteur: Acteur) -> list[Attendu]:
    """Dans l'ordre des séances puis de leur ordre du jour ; quatre requêtes, quel qu'en soit le nombre."""
    visibles = Dossier.objects.a_juger_par(acteur).filter(appel=appel, etat=RECEVABLE)
    volets = Demande.objects.filter(dossier__in=visibles.values("pk"), etat=EN_ATTENTE)
    attendus: dict[int, Attendu] = {}
    for volet in volets.select_related("dossier__organisme", "financeur").order_by("financeur__rang", "pk"):
        attendus.setdefault(volet.dossier_id, Attendu(volet.dossier)).volets.append(volet)
    decidees = Inscription.objects.filter(
        dossier__in=attendus, decision=Inscription.Decision.LISTE_ATTENTE
    ).select_related("seance")
    for inscription in decidees.order_by("decidee_le"):
        attendus[inscription.dossier_id].inscription = inscription
    restes = restes_par_financeur(appel)
    for attendu in attendus.values():
        attendu.manques = _manques(attendu.volets, restes)
    return sorted(attendus.values(), key=_ordre)


def restes_par_financeur(appel: Appel) -> dict[int, Decimal]:
    """Par financeur, son enveloppe moins le voté et le retenu en séance ; deux requêtes."""
    retenus: dict[int, Decimal] = {}
    lignes = Demande.objects.filter(dossier__appel=appel, etat=PROGRAMMEE)
    for financeur, montant in lignes.values_list("financeur", "propose"):
        retenus[financeur] = retenus.get(financeur, ZERO) + (montant or ZERO)
    enveloppes = Enveloppe.objects.filter(appel=appel)
    return {e.financeur_id: e.reste - retenus.get(e.financeur_id, ZERO) for e in enveloppes}


def _manques(volets: list[Demande], restes: Mapping[int, Decimal]) -> list[tuple[str, Decimal]]:
    demandes: dict[int, tuple[str, Decimal]] = {}
    for volet in volets:
        sigle, somme = demandes.get(volet.financeur_id, (volet.financeur.sigle, ZERO))
        demandes[volet.financeur_id] = (sigle, somme + (volet.propose or ZERO))
    return [
        (sigle, somme - max(restes[cle], ZERO))
        for cle, (sigle, somme) in demandes.items()
        if cle in restes and somme > restes[cle]
    ]


def _ordre(attendu: Attendu) -> tuple[str, int, str]:
    vue = attendu.inscription
    quand = vue.decidee_le.isoformat() if vue and vue.decidee_le else ""
    return quand, vue.rang if vue else 0, attendu.dossier.numero
