"""Lire un dossier pour l'instruire : ce qui manque, ce qui bloque, qui n'a pas encore répondu."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ensemblier.appels.models import Appel, Jalon
from ensemblier.dossiers.etats import DECISIONS, ECARTEE, EN_ATTENTE, PROGRAMMEE, RECEVABLE, RETIRE
from ensemblier.dossiers.fiche import rapport_de, reglement_de, se_remplit_ici
from ensemblier.dossiers.models import Demande, Dossier, Piece
from ensemblier.dossiers.reponses import Reponses
from ensemblier.instruction.models import Avis, Complement, DemandeDAvis
from ensemblier.noyau import packs
from ensemblier.noyau.calendrier import jour_de
from ensemblier.registre.actes import ActeBloque
from ensemblier.territoires.models import Financeur

INSTRUCTION = "instruction"
CERFA = "cerfa"


@dataclass(frozen=True, slots=True)
class PieceAttendue:
    """Une pièce du règlement face à ce qui est reçu ; `etat` : manquante, recue, valide, a_remplacer, ici."""

    code: str
    libelle: str
    indispensable: bool
    etat: str
    recue: Piece | None

    @property
    def manque(self) -> bool:
        return self.etat in ("manquante", "a_remplacer")


@dataclass(frozen=True, slots=True)
class Completude:
    """S23, S24 : les pièces demandées à ce type de porteur ; une déclaration n'est pas une pièce."""

    lignes: tuple[PieceAttendue, ...]

    @property
    def manquantes(self) -> tuple[PieceAttendue, ...]:
        return tuple(ligne for ligne in self.lignes if ligne.manque)

    @property
    def est_complet(self) -> bool:
        return not self.manquantes


def completude(lues: Reponses) -> Completude:
    """Chaque pièce attendue avec son état ; un dossier rempli ici tient lieu de Cerfa (P35)."""
    regles = reglement_de(lues.dossier)
    courantes, ici = lues.pieces, se_remplit_ici(regles)

    def etat(attendue: packs.Piece) -> str:
        recue = courantes.get(attendue.code)
        if recue is not None:
            return str(recue.statut)
        return "ici" if ici and attendue.code == CERFA else "manquante"

    return Completude(
        tuple(
            PieceAttendue(p.code, p.libelle, p.indispensable, etat(p), courantes.get(p.code))
            for p in regles.pieces_pour(lues.dossier.organisme.type)
            if not p.declaration and _est_demandee(lues, p)
        )
    )


def completudes(dossiers: Sequence[Dossier]) -> dict[int, Completude]:
    """La complétude de chaque dossier, lu avec son organisme et ses règles ; deux requêtes pour tous."""
    cles = [d.pk for d in dossiers]
    pieces: dict[int, dict[str, Piece]] = {pk: {} for pk in cles}
    for piece in Piece.objects.filter(dossier__in=cles, remplacee_le=None):
        pieces[piece.dossier_id][piece.code] = piece
    demandes: dict[int, list[Demande]] = {pk: [] for pk in cles}
    for demande in Demande.objects.filter(dossier__in=cles).select_related("financeur"):
        demandes[demande.dossier_id].append(demande)
    rendues = {}
    for dossier in dossiers:
        lues = Reponses(dossier)
        lues.pieces, lues.demandes = pieces[dossier.pk], demandes[dossier.pk]
        rendues[dossier.pk] = completude(lues)
    return rendues


def _est_demandee(lues: Reponses, piece: packs.Piece) -> bool:
    """Une pièce propre à des financeurs ne se demande que si l'un d'eux est sollicité (R65)."""
    return not piece.financeurs or any(d.financeur.code in piece.financeurs for d in lues.demandes)


def ordre_aap(dossier: Dossier) -> bool:
    """L'appel programme avant que les financeurs instruisent (R64, P24)."""
    return reglement_de(dossier).ordre == "programmation_avant_instruction"


def echeance_d_instruction(appel: Appel) -> date | None:
    """Le dernier jour pour rendre un avis : la fin de la phase d'instruction de l'appel."""
    return echeances_d_instruction([appel.pk]).get(appel.pk)


def echeances_d_instruction(appels: Iterable[int]) -> dict[int, date]:
    """Une requête pour tous les appels d'une page."""
    jalons = Jalon.objects.filter(appel__in=appels, nature=INSTRUCTION, fin__isnull=False)
    return {j.appel_id: j.fin for j in jalons.order_by("rang")}


def exiger_recevable(dossier: Dossier, quoi: str, *, etat: str = "") -> None:
    """S78 : rien ne s'instruit avant « recevable » ; `etat` : celui que l'appelant a lu sous le verrou."""
    etat = etat or Dossier.objects.values_list("etat", flat=True).get(pk=dossier.pk)
    if etat == RECEVABLE:
        return
    if etat == RETIRE:
        raise ActeBloque(f"Le porteur a retiré ce dossier : {quoi} n'est plus possible.")
    raise ActeBloque(
        f"Le dossier est « {dossier.machine.libelle(etat)} » : {quoi} demande un dossier « Recevable ».",
        "Déclarez-le d'abord recevable.",
    )


def decision_close(dossier: Dossier, financeur: Financeur, volets: Iterable[Demande] | None = None) -> str:
    """La phrase qui ferme l'avis d'un financeur, vide s'il est encore ouvert ; `volets` : les siens, lus.

    Avant la programmation (AMI), le comité clôt ; après elle (AAP), seul l'acte du financeur clôt.
    """
    closes = set(DECISIONS) | (set() if ordre_aap(dossier) else {PROGRAMMEE, EN_ATTENTE, ECARTEE})
    volets = list(dossier.demandes.filter(financeur=financeur) if volets is None else volets)
    if not volets or any(v.etat not in closes for v in volets):
        return ""
    dates = [v.votee_le for v in volets if v.votee_le]
    if dates:
        return f"« {financeur.nom} » a décidé le {max(dates):%d/%m/%Y} : un avis ne peut plus être rendu."
    return "Le comité a décidé : un avis ne peut plus être rendu."


def echeances_des_avis(dossier: Dossier) -> dict[int, date]:
    """L'échéance demandée à chaque financeur ; les autres suivent la fin de l'instruction de l'appel."""
    return dict(DemandeDAvis.objects.filter(dossier=dossier).values_list("financeur_id", "echeance"))


def echeance_de_l_avis(dossier: Dossier, financeur: Financeur) -> date | None:
    """Le dernier jour où ce financeur rend son avis à l'heure."""
    return echeances_des_avis(dossier).get(financeur.pk) or echeance_d_instruction(dossier.appel)


def volets_sans_avis(dossier: Dossier, *, le: datetime) -> list[Demande]:
    """Les volets ouverts dont l'avis s'attend encore : son délai court, ou l'appel l'exige (§C.4).

    En retard, un avis ne bloque que si l'appel le dit (`ReglesDAvis.requis`).
    """
    fin, jour = echeance_d_instruction(dossier.appel), jour_de(le)
    requis, propres = reglement_de(dossier).regles_d_avis.requis, echeances_des_avis(dossier)
    donnes = set(Avis.objects.filter(dossier=dossier).values_list("financeur_id", flat=True))
    ouverts = dossier.demandes.select_related("financeur").exclude(etat__in=(*DECISIONS, "abandonnee"))

    def court(volet: Demande) -> bool:
        echeance = propres.get(volet.financeur_id, fin)
        return echeance is not None and jour <= echeance

    return [
        v
        for v in ouverts
        if v.financeur_id not in donnes and v.etat != "non_recevable" and (requis or court(v))
    ]


def pourquoi_pas_d_avis(
    dossier: Dossier, financeur: Financeur, volets: Iterable[Demande] | None = None
) -> str:
    """Ce qui s'oppose à demander cet avis, en une phrase ; vide s'il peut l'être."""
    if Avis.objects.filter(dossier=dossier, financeur=financeur).exists():
        return f"« {financeur.sigle} » a déjà rendu son avis."
    return decision_close(dossier, financeur, volets)


def complement_ouvert(dossier: Dossier) -> Complement | None:
    return Complement.objects.ouverts().filter(dossier=dossier).last()


__all__ = [
    "Completude",
    "PieceAttendue",
    "complement_ouvert",
    "completude",
    "completudes",
    "decision_close",
    "echeance_d_instruction",
    "echeance_de_l_avis",
    "echeances_d_instruction",
    "echeances_des_avis",
    "exiger_recevable",
    "ordre_aap",
    "pourquoi_pas_d_avis",
    "rapport_de",
    "reglement_de",
    "volets_sans_avis",
]
