"""Ce que l'instruction attend d'une personne : la condition qui le trouve, et la phrase qui le dit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Exists, OuterRef, Q

from ensemblier.appels.models import Jalon
from ensemblier.dossiers.etats import (
    A_COMPLETER,
    ABANDONNEE,
    CLOS,
    DECIDE,
    DECISIONS,
    DEPOSE,
    IRRECEVABLE,
    RECEVABLE,
    RETIRE,
)
from ensemblier.dossiers.models import CommuneVisee, ContactCommune, Demande, Message
from ensemblier.instruction.examen import INSTRUCTION
from ensemblier.instruction.models import PARTENAIRES, Avis, Complement, DemandeDAvis, Mention
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.territoires.models import Commune

VERIFIER = "Vérifier les pièces et la recevabilité"
ECHU = "Le porteur n'a pas répondu"
LIRE = "Lire le message du porteur"
MENTION = "Lire ce qu'un collègue vous écrit"
AVIS = "Rendre l'avis"
CONTACT = "Confirmer le contact"
FERMES = (IRRECEVABLE, RETIRE, DECIDE, CLOS)
"""Plus rien n'y dépend de la mémoire d'un référent."""
TOUJOURS, JAMAIS = Q(pk__isnull=False), Q(pk__in=[])


@dataclass(frozen=True, slots=True)
class Attente:
    """Une attente : sa phrase, la condition sur `Dossier` qui la trouve, et ce qui la dit en retard."""

    phrase: str
    condition: Q
    depassee: Q

    @property
    def retard(self) -> Q:
        """Les dossiers où elle est en retard."""
        return self.condition & self.depassee


def attentes(
    acteur: Acteur, *, jour: date, appels_echus: Collection[int] | None = None, ailleurs: Q | None = None
) -> list[Attente]:
    """Les attentes de la personne, la plus pressante d'abord ; une requête pour les échéances passées.

    `appels_echus` : ceux dont l'instruction est finie, si l'appelant les a lus. `ailleurs` : les dossiers
    qu'un autre chargé de mission suit (`dossiers.suivi`) ; ils n'attendent pas le pilote.
    """
    echus = Q(appel__in=list(_appels_echus(jour) if appels_echus is None else appels_echus))
    rendues: list[Attente] = []
    if communes := [d.commune for d in acteur.perimetres(Role.REFERENT_COMMUNAL)]:
        rendues += _du_referent(communes, echus, jour)
    if acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE):
        siens = Q() if ailleurs is None else ~ailleurs
        rendues += [replace(a, condition=a.condition & siens) for a in _du_pilote(jour, echus)]
    if codes := [d.financeur for d in acteur.perimetres(Role.AGENT_FINANCEUR)]:
        rendues.append(_avis_attendu(Q(financeur__code__in=codes), echus, jour))
    if villes := [d.financeur for d in acteur.perimetres(Role.AGENT_FINANCEUR) if d.commune]:
        rendues.append(_avis_demande(Q(financeur__code__in=villes), jour))
    if acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, *PARTENAIRES):
        siennes = Mention.objects.a_lire_par(acteur.utilisateur).order_by()
        rendues.append(Attente(MENTION, Q(pk__in=siennes.values("echange__dossier")), JAMAIS))
    return rendues


def _appels_echus(jour: date) -> set[int]:
    jalons = Jalon.objects.filter(nature=INSTRUCTION, fin__lt=jour)
    return set(jalons.values_list("appel_id", flat=True))


def lignes_attendues(acteur: Acteur) -> Q:
    """Les lignes dont l'avis revient à la personne, dites par leur financeur."""
    lignes = []
    if communes := [d.commune for d in acteur.perimetres(Role.REFERENT_COMMUNAL)]:
        lignes.append(Q(financeur__commune__code__in=communes))
    if acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE):
        lignes.append(Q(financeur__type="epci"))
    if codes := [d.financeur for d in acteur.perimetres(Role.AGENT_FINANCEUR)]:
        lignes.append(Q(financeur__code__in=codes))
    return reunir(lignes)


def _echu(ligne: Q, echus: Q, jour: date) -> Q:
    """L'échéance demandée l'emporte sur la fin de l'instruction de l'appel."""
    demandes = DemandeDAvis.objects.filter(ligne, dossier=OuterRef("pk")).sans_reponse()
    return Q(Exists(demandes.filter(echeance__lt=jour))) | echus & ~Q(Exists(demandes))


def _avis_attendu(ligne: Q, echus: Q, jour: date) -> Attente:
    """Une ligne sollicitée, sur un dossier recevable, ni décidée ni pourvue d'un avis."""
    ouvertes = Demande.objects.filter(ligne, dossier=OuterRef("pk")).exclude(
        etat__in=(*DECISIONS, ABANDONNEE)
    )
    rendu = Avis.objects.filter(ligne, dossier=OuterRef("pk"))
    condition = Q(etat=RECEVABLE) & Q(Exists(ouvertes)) & ~Q(Exists(rendu))
    return Attente(AVIS, condition, _echu(ligne, echus, jour))


def _avis_demande(ligne: Q, jour: date) -> Attente:
    """L'avis demandé à une ville que le dossier vise sans la solliciter."""
    demandes = DemandeDAvis.objects.filter(ligne, dossier=OuterRef("pk")).sans_reponse()
    condition = Q(etat=RECEVABLE) & Q(Exists(demandes))
    return Attente(AVIS, condition, Q(Exists(demandes.filter(echeance__lt=jour))))


def _du_pilote(jour: date, echus: Q) -> list[Attente]:
    muets = Complement.objects.ouverts().filter(dossier=OuterRef("pk"), echeance__lt=jour)
    echu = Q(etat=A_COMPLETER) & Q(Exists(muets))
    verifier = Q(etat=DEPOSE)
    messages = Message.objects.a_lire_par(Message.Cote.SERVICE).order_by()
    return [
        Attente(ECHU, echu, TOUJOURS),
        Attente(LIRE, Q(pk__in=messages.values("dossier")), JAMAIS),
        Attente(VERIFIER, verifier, echus),
        _avis_attendu(Q(financeur__type="epci"), echus, jour),
    ]


def _du_referent(communes: list[str], echus: Q, jour: date) -> list[Attente]:
    a_confirmer = ContactCommune.objects.filter(commune__code__in=communes, confirme_le=None).order_by()
    contact = Q(pk__in=a_confirmer.values("dossier")) & ~Q(etat__in=FERMES)
    siennes = Commune.objects.filter(code__in=communes)
    touches = CommuneVisee.objects.filter(dossier=OuterRef("pk"), commune__in=siennes)
    rendu = Avis.objects.filter(dossier=OuterRef("pk"), financeur__commune__code__in=communes)
    avis = Q(etat=RECEVABLE) & Q(Exists(touches)) & ~Q(Exists(rendu))
    echu = _echu(Q(financeur__commune__code__in=communes), echus, jour)
    return [Attente(CONTACT, contact, echus), Attente(AVIS, avis, echu)]


def reunir(conditions: list[Q]) -> Q:
    """L'une au moins de ces conditions ; aucune condition ne trouve rien."""
    total = Q(pk__in=[])
    for condition in conditions:
        total |= condition
    return total
