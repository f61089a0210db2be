"""Ce qui bloque un versement, en mots, dans l'ordre où on le répare (É15). Des lectures seules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q

from ensemblier.appels.models import Reglement
from ensemblier.comptes.models import EngagementRepublicain, Rib
from ensemblier.conventions.etats import A_SIGNER, PAYE, SIGNEE
from ensemblier.conventions.models import Avenant, Convention, Tranche
from ensemblier.conventions.plan import BILAN
from ensemblier.dossiers.fiche import CERFA, se_remplit_ici
from ensemblier.dossiers.models import Demande, Dossier, Obligation, Piece, Suspension
from ensemblier.noyau import calendrier
from ensemblier.territoires.models import Financeur, Territoire

INSECABLE = "\u00a0"


def ce_qui_bloque(tranche: Tranche, *, le: date) -> list[str]:
    """Les phrases qui disent pourquoi cette tranche ne se paie pas aujourd'hui ; vide : elle est prête."""
    return blocages([tranche], le=le)[tranche.pk]


def blocages(tranches: Sequence[Tranche], *, le: date) -> dict[int, list[str]]:
    """`ce_qui_bloque` pour une liste, en un nombre constant de requêtes.

    Les tranches arrivent avec leur demande, son dossier, son organisme et son financeur
    (`select_related`). Une tranche déjà payée, ou sans rien à verser, ne bloque sur rien.
    """
    payees = set(
        Tranche.objects.filter(pk__in=[t.pk for t in tranches], versements__etat=PAYE).values_list(
            "pk", flat=True
        )
    )
    a_payer = [t for t in tranches if t.pk not in payees and t.montant]
    faits = _Faits.lire([t.demande for t in a_payer], le=le)
    attendues = {t.pk for t in a_payer}
    return {t.pk: faits.phrases(t) if t.pk in attendues else [] for t in tranches}


def avenants_en_attente(demandes: Iterable[Demande]) -> list[Any]:
    """Les montants votés après la lettre qui n'ont pas encore pris effet, avec leur `suivi` ; une requête."""
    attendus = Avenant.objects.attendus().filter(demande__in=demandes)
    return list(attendus.select_related("deliberation", "demande__financeur"))


def attente_de_l_avenant(attribution: Any) -> str:
    """« Avenant à notifier par l'agglomération. », « Avenant non signé par le porteur. »"""
    financeur: str = attribution.demande.financeur.nom
    if not attribution.suivi:
        return f"Avenant à notifier par {financeur}."
    return f"Avenant non signé par {'le porteur' if attribution.suivi == A_SIGNER else financeur}."


def pieces_manquantes(dossier: Dossier, *, financeur: str = "") -> list[str]:
    """P33, S76 : les libellés des pièces demandées et non reçues (ou à remplacer).

    Un dossier qui se remplit ici tient lieu de Cerfa (P35) : on ne peut pas l'attendre du porteur.
    """
    recues = dict(Piece.objects.filter(dossier=dossier, remplacee_le=None).values_list("code", "statut"))
    return _pieces(dossier, dossier.reglement, recues, financeur)


def _pieces(
    dossier: Dossier, reglement: Reglement | None, recues: dict[str, str], financeur: str
) -> list[str]:
    if reglement is None:
        return []
    regles = reglement.regles()
    return [
        piece.libelle
        for piece in regles.pieces_pour(dossier.organisme.type)
        if not piece.declaration
        and not (piece.code == CERFA and se_remplit_ici(regles))
        and (not piece.financeurs or not financeur or financeur in piece.financeurs)
        and recues.get(piece.code, Piece.Etat.A_REMPLACER) == Piece.Etat.A_REMPLACER
    ]


def _grouper(lignes: Iterable[Any], cle: str) -> dict[int, list[Any]]:
    groupes: dict[int, list[Any]] = defaultdict(list)
    for ligne in lignes:
        groupes[getattr(ligne, cle)].append(ligne)
    return groupes


@dataclass
class _Faits:
    """Les faits lus une fois pour toutes les tranches d'une page."""

    le: date
    conventions: dict[int, Convention] = field(default_factory=dict)
    baisses: dict[int, Any] = field(default_factory=dict)
    ribs: dict[int, list[Rib]] = field(default_factory=dict)
    engages: set[int] = field(default_factory=set)
    pieces: dict[int, list[Piece]] = field(default_factory=dict)
    obligations: dict[int, list[Obligation]] = field(default_factory=dict)
    suspensions: dict[int, list[Suspension]] = field(default_factory=dict)
    reglements: dict[int, Reglement] = field(default_factory=dict)
    attentes: dict[int, int] = field(default_factory=dict)

    @classmethod
    def lire(cls, demandes: Sequence[Demande], *, le: date) -> _Faits:
        if not demandes:
            return cls(le)
        dossiers = {d.dossier_id: d.dossier for d in demandes}
        organismes = {d.organisme_id for d in dossiers.values()}
        reglements = {d.reglement_id for d in dossiers.values() if d.reglement_id}
        return cls(
            le=le,
            conventions={c.demande_id: c for c in Convention.objects.filter(demande__in=demandes)},
            baisses={
                a.demande_id: a
                for a in avenants_en_attente(demandes)
                if a.de is not None and a.montant < a.de
            },
            ribs=_grouper(
                Rib.objects.filter(organisme__in=organismes).order_by("-ajoute_le", "-pk"), "organisme_id"
            ),
            engages=set(
                EngagementRepublicain.objects.filter(
                    organisme__in=organismes, souscrit_le__lte=le
                ).values_list("organisme_id", flat=True)
            ),
            pieces=_grouper(
                Piece.objects.filter(dossier__in=dossiers, remplacee_le=None).only(
                    "dossier_id", "code", "statut"
                ),
                "dossier_id",
            ),
            obligations=_grouper(
                Obligation.objects.filter(
                    organisme__in=organismes, satisfaite_le=None, dispensee_le=None, echeance__lt=le
                ).order_by("echeance"),
                "organisme_id",
            ),
            suspensions=_grouper(
                Suspension.objects.filter(
                    Q(au=None) | Q(au__gte=le), dossier__in=dossiers, arrete_tout=True, du__lte=le
                ),
                "dossier_id",
            ),
            reglements=Reglement.objects.defer("contenu").in_bulk(reglements),
            attentes={
                t.pk: t.pack().epci.attente_rib_heures
                for t in Territoire.objects.filter(pk__in={d.territoire_id for d in dossiers.values()}).only(
                    "empreinte_du_pack"
                )
            },
        )

    def phrases(self, tranche: Tranche) -> list[str]:
        """Dans l'ordre de réparation : signatures, RIB, CER, pièces, compte rendu, suspension, condition."""
        demande, dossier = tranche.demande, tranche.demande.dossier
        payee_ici = demande.financeur.paiement == Financeur.Paiement.PREPARE
        phrases = self._convention(demande) + self._avenant(tranche)
        if payee_ici:
            phrases += self._rib(dossier)
        phrases += self._cer(dossier)
        if payee_ici:
            phrases += self._pieces(dossier, demande)
        phrases += self._comptes_rendus(dossier) + self._suspension(dossier)
        return phrases + self._condition(tranche)

    def _convention(self, demande: Demande) -> list[str]:
        convention = self.conventions.get(demande.pk)
        if convention is None or convention.etat == SIGNEE:
            return []
        qui = "le porteur" if convention.etat == A_SIGNER else demande.financeur.nom
        return [f"Convention non signée par {qui}."]

    def _avenant(self, tranche: Tranche) -> list[str]:
        """Une baisse votée arrête ce qui paierait plus qu'elle ; le reste est dû, un mandat en route se
        constate."""
        baisse = self.baisses.get(tranche.demande_id)
        if baisse is None or tranche.demande.verse + tranche.montant <= baisse.montant:
            return []
        return [attente_de_l_avenant(baisse)]

    def _rib(self, dossier: Dossier) -> list[str]:
        """Le contrôle, et l'attente d'un compte changé (T29) : le temps qu'un signataire lise le courriel."""
        ribs = self.ribs.get(dossier.organisme_id, [])
        if not ribs:
            return ["RIB absent."]
        courant, est_change = ribs[0], len(ribs) > 1
        phrases = []
        if courant.verifie_le is None and est_change:
            jour = calendrier.en_francais(calendrier.jour_de(courant.ajoute_le), "courte")
            phrases.append(f"RIB changé le {jour}{INSECABLE}: contrôle demandé aux finances.")
        elif courant.verifie_le is None:
            phrases.append("RIB à contrôler par les finances.")
        if est_change and self.le < (payable := courant.payable_le(self.attentes[dossier.territoire_id])):
            jour = calendrier.en_francais(payable, "courte")
            phrases.append(f"RIB changé depuis peu{INSECABLE}: aucun versement avant le {jour}.")
        return phrases

    def _cer(self, dossier: Dossier) -> list[str]:
        organisme = dossier.organisme
        if not organisme.doit_souscrire_le_cer or organisme.cer_repute_souscrit:
            return []
        if organisme.pk in self.engages:
            return []
        return ["Contrat d'engagement républicain non souscrit."]

    def _pieces(self, dossier: Dossier, demande: Demande) -> list[str]:
        recues = {p.code: p.statut for p in self.pieces.get(dossier.pk, [])}
        reglement = self.reglements.get(dossier.reglement_id) if dossier.reglement_id else None
        manquantes = _pieces(dossier, reglement, recues, demande.financeur.code)
        if not manquantes:
            return []
        mot = "Pièce manquante" if len(manquantes) == 1 else "Pièces manquantes"
        return [f"{mot}{INSECABLE}: {', '.join(manquantes)}."]

    def _comptes_rendus(self, dossier: Dossier) -> list[str]:
        return [
            f"Compte rendu {o.exercice} attendu depuis le {calendrier.en_francais(o.echeance, 'courte')}."
            for o in self.obligations.get(dossier.organisme_id, [])
            if o.dossier_id != dossier.pk and o.territoire_id == dossier.territoire_id
        ]

    def _suspension(self, dossier: Dossier) -> list[str]:
        return [
            f"Dossier suspendu depuis le {calendrier.en_francais(s.du, 'courte')}{INSECABLE}: {s.motif}"
            for s in self.suspensions.get(dossier.pk, [])
        ]

    @staticmethod
    def _condition(tranche: Tranche) -> list[str]:
        """La signature est déjà dite par la convention ; reste le bilan (S49)."""
        if tranche.condition == BILAN and tranche.exigible_le is None:
            return ["Bilan pas encore validé."]
        return []
