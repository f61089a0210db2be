"""Le dossier est-il complet, est-il recevable ? Ce que le chargé de mission demande, reçoit et juge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from ensemblier.dossiers import actes as actes_dossiers
from ensemblier.dossiers.ancres import ancres
from ensemblier.dossiers.corrections import Demandee
from ensemblier.dossiers.etats import A_COMPLETER, DEPOSE, IRRECEVABLE, RECEVABLE, etape
from ensemblier.dossiers.horloge import remettre_a_l_heure
from ensemblier.dossiers.models import Critere, Dossier, Piece, Suspension
from ensemblier.dossiers.reponses import Reponses
from ensemblier.instruction import courriels
from ensemblier.instruction.droits import PILOTE, exiger_role
from ensemblier.instruction.examen import complement_ouvert, completude, rapport_de, reglement_de
from ensemblier.instruction.models import Complement
from ensemblier.noyau.calendrier import echeance_complements, en_francais, jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.actes import ActeBloque, avancer, consigner, verrouiller

PIECES_ATTENDUES = "Pièces demandées au porteur"


@transaction.atomic
def demander_complements(
    dossier: Dossier,
    *,
    pieces: Sequence[str],
    message: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    corrections: Sequence[Demandee] = (),
    raisons: Mapping[str, str] | None = None,
) -> Complement:
    """Demande des pièces ou des réponses à reprendre, avec un délai (P29) ; l'horloge s'arrête (B15).

    Une pièce déjà reçue et redemandée devient « à remplacer », avec sa raison (`raisons`, par code) ; sans
    elle, le message en tient lieu.
    """
    raisons = raisons or {}
    regles = reglement_de(dossier)
    connues = {p.code for p in regles.pieces_pour(dossier.organisme.type)}
    if inconnues := [code for code in pieces if code not in connues]:
        raise ActeBloque(f"Le règlement ne demande pas à ce porteur : {', '.join(inconnues)}.")
    if not pieces and not corrections and not message.strip():
        raise ActeBloque("Rien n'est demandé. Cochez une pièce, ou écrivez ce qu'il faut préciser.")
    roles = set(roles)
    noms = [
        f"{p.libelle} : {raisons[p.code]}" if p.code in raisons else p.libelle
        for p in regles.pieces
        if p.code in pieces
    ]
    connues = ancres(Reponses(dossier)) if corrections else {}
    noms += [connues[c.champ].question for c in corrections if c.champ in connues]
    motif = message.strip() or f"Attendu : {', '.join(noms)}."
    echeance = echeance_complements(jour_de(le), regles.delai_complement_jours)
    avancer(
        dossier, "demander_complements", par=par, roles=roles, le=le, motif=motif, etape=A_COMPLETER,
        details={"pieces": list(pieces), "raisons": dict(raisons), "echeance": echeance.isoformat(),
                 "corrections": {c.champ: c.raison for c in corrections}},
    )  # fmt: skip
    actes_dossiers.demander_corrections(dossier, demandees=corrections, par=par, roles=roles, le=le)
    complement = Complement.objects.create(
        dossier=dossier,
        pieces=list(pieces),
        message=motif,
        demande_le=le,
        demande_par=par.nom,
        echeance=echeance,
    )
    for piece in dossier.pieces.filter(code__in=pieces, remplacee_le=None):
        if piece.code in raisons or piece.statut != Piece.Etat.A_REMPLACER:
            piece.statut, piece.motif = Piece.Etat.A_REMPLACER, raisons.get(piece.code, motif)
            piece.save(update_fields=("statut", "motif"))
    Suspension.objects.create(dossier=dossier, motif=PIECES_ATTENDUES, du=jour_de(le), echeance=echeance)
    remettre_a_l_heure(dossier)
    courriels.complements_demandes(complement, noms=noms, le=le)
    return complement


@transaction.atomic
def prolonger_complements(
    dossier: Dossier, *, jusqu_au: date, motif: str, par: Acteur, roles: Iterable[Role], le: datetime
) -> Complement:
    """Donne à ce porteur, et à lui seul, plus de temps pour compléter ; le motif est gardé et lui est écrit.

    L'horloge reste arrêtée jusqu'à sa réponse (B15). Lève `ActeBloque` si rien n'est attendu, ou si le jour
    n'ajoute rien.
    """
    exiger_role(roles, PILOTE, "Prolonger le délai")
    if not motif.strip():
        raise ActeBloque("Le motif manque : écrivez pourquoi ce porteur a plus de temps, il sera conservé.")
    verrouiller(dossier.racine())
    complement = complement_ouvert(dossier)
    if complement is None:
        raise ActeBloque("Rien n'est demandé au porteur : il n'y a pas de délai à prolonger.")
    avant = complement.echeance
    if jusqu_au <= avant or jusqu_au < jour_de(le):
        plancher = max(avant + timedelta(days=1), jour_de(le))
        raise ActeBloque(
            f"Le délai court déjà jusqu'au {en_francais(avant)}. Choisissez un jour à partir du "
            f"{en_francais(plancher)}."
        )
    complement.echeance = jusqu_au
    complement.save(update_fields=("echeance",))
    dossier.suspensions.filter(au=None, motif=PIECES_ATTENDUES).update(echeance=jusqu_au)
    consigner(
        dossier, "prolonger_complements", par=par, le=le, motif=motif.strip(),
        libelle=f"Délai prolongé jusqu'au {en_francais(jusqu_au, 'courte')}",
        details={"complement": complement.pk, "avant": avant, "apres": jusqu_au},
    )  # fmt: skip
    courriels.delai_prolonge(complement, avant=avant, motif=motif.strip(), le=le)
    return complement


@transaction.atomic
def completer(dossier: Dossier, *, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    """Le porteur envoie ce qui lui était demandé ; l'horloge repart. Hors délai, il peut encore répondre."""
    verrouiller(dossier.racine())
    complement = complement_ouvert(dossier)
    demandees = set(complement.pieces) if complement else set()
    if manque := [p.libelle for p in completude(Reponses(dossier)).manquantes if p.code in demandees]:
        raise ActeBloque(
            f"Il manque encore : {', '.join(manque)}. Ajoutez ce qui manque, puis envoyez de nouveau."
        )
    if muettes := list(dossier.corrections.ouvertes().filter(repondue_le=None)):
        reste = ", ".join(f"« {c.question} »" for c in muettes)
        raise ActeBloque(f"Il reste à reprendre : {reste}. Enregistrez vos corrections, puis envoyez.")
    avancer(dossier, "completer", par=par, roles=roles, le=le, etape=DEPOSE)
    _clore_le_complement(dossier, le)
    courriels.complements_recus(dossier, le=le)


def _clore_le_complement(dossier: Dossier, le: datetime) -> None:
    Complement.objects.ouverts().filter(dossier=dossier).update(repondu_le=le)
    _ne_plus_attendre(dossier, le)


def _ne_plus_attendre(dossier: Dossier, le: datetime) -> None:
    dossier.suspensions.filter(au=None, motif=PIECES_ATTENDUES).update(au=jour_de(le))
    remettre_a_l_heure(dossier)
    actes_dossiers.clore_les_corrections(dossier, le=le)


@transaction.atomic
def valider_piece(piece: Piece, *, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    """La pièce reçue convient."""
    _juger(piece, Piece.Etat.VALIDE, "Pièce validée", motif="", par=par, roles=roles, le=le)


@transaction.atomic
def refuser_piece(piece: Piece, *, motif: str, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    """La pièce est à remplacer ; le motif est écrit au porteur."""
    if not motif.strip():
        raise ActeBloque("Le motif manque : le porteur doit savoir quoi corriger. Écrivez-le.")
    _juger(
        piece, Piece.Etat.A_REMPLACER, "Pièce à remplacer", motif=motif.strip(), par=par, roles=roles, le=le
    )


def _juger(
    piece: Piece, statut: str, libelle: str, *, motif: str, par: Acteur, roles: Iterable[Role], le: datetime
) -> None:
    exiger_role(roles, PILOTE, libelle)
    verrouiller(piece.dossier.racine())
    piece.refresh_from_db()
    if piece.remplacee_le is not None:
        raise ActeBloque("Cette pièce a été remplacée. Regardez la nouvelle.")
    piece.statut, piece.motif = statut, motif
    piece.save(update_fields=("statut", "motif"))
    nom = _libelle_de_piece(piece)
    consigner(
        piece.dossier, "juger_piece", par=par, le=le, libelle=f"{libelle} : {nom}", motif=motif,
        details={"piece": piece.code, "statut": statut, "empreinte": piece.fichier.empreinte},
    )  # fmt: skip


def _libelle_de_piece(piece: Piece) -> str:
    ecrite = reglement_de(piece.dossier).piece(piece.code)
    return ecrite.libelle if ecrite else piece.code


@transaction.atomic
def declarer_complet(dossier: Dossier, *, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    """Toutes les pièces sont reçues : la date est notée, l'état ne change pas."""
    exiger_role(roles, PILOTE, "Déclarer complet")
    verrouiller(dossier.racine())
    dossier.refresh_from_db(fields=("etat", "complet_le"))
    if dossier.etat != DEPOSE:
        raise ActeBloque(
            f"Le dossier est « {dossier.etat_agent} » : seul un dossier à vérifier se déclare complet.",
            "Attendez la réponse du porteur, ou déclarez-le recevable s'il a l'indispensable.",
        )
    if manque := [p.libelle for p in completude(Reponses(dossier)).manquantes]:
        nombre = "une pièce" if len(manque) == 1 else f"{len(manque)} pièces"
        raise ActeBloque(f"Il manque {nombre} : {', '.join(manque)}. Demandez ce qui manque au porteur.")
    consigner(dossier, "declarer_complet", par=par, le=le, libelle="Dossier complet", complet_le=le)


@transaction.atomic
def declarer_recevable(dossier: Dossier, *, par: Acteur, roles: Iterable[Role], le: datetime) -> list[str]:
    """Le dossier peut être examiné (K2bis, R35, P33) ; rend ce qui manque encore sans bloquer (S76).

    Lève `ActeBloque` avec chaque règle qui s'oppose : tolérance non validée (S10), n° Dauphin (S83),
    pièce indispensable.
    """
    roles = set(roles)
    exiger_role(roles, PILOTE, "Déclarer recevable")
    verrouiller(dossier.racine())
    dossier.refresh_from_db()
    lues = Reponses(dossier)
    bloquants = rapport_de(dossier, lues=lues).bloquants("declarer_recevable")
    if bloquants:
        raise ActeBloque(*(f"{c.phrase} {c.remede or ''}".strip() for c in bloquants))
    manque = [p.libelle for p in completude(lues).manquantes]
    champs: dict[str, Any] = {} if manque or dossier.complet_le else {"complet_le": le}
    champs["etape"] = etape(RECEVABLE, dossier.demandes.values_list("etat", flat=True))
    avancer(
        dossier, "declarer_recevable", par=par, roles=roles, le=le,
        details={"pieces_encore_attendues": manque}, **champs,
    )  # fmt: skip
    actes_dossiers.affecter_selon_les_themes(dossier, le=le)
    _ne_plus_attendre(dossier, le)
    return manque


@transaction.atomic
def declarer_irrecevable(
    dossier: Dossier, *, motif: str, par: Acteur, roles: Iterable[Role], le: datetime
) -> None:
    """Le dossier ne peut pas être examiné ; le motif est écrit au porteur (B18)."""
    avancer(dossier, "declarer_irrecevable", par=par, roles=roles, le=le, motif=motif, etape=IRRECEVABLE)
    _clore_le_complement(dossier, le)
    courriels.irrecevable(dossier, motif=motif, le=le)


@transaction.atomic
def valider_tolerance(
    dossier: Dossier, *, est_validee: bool, motif: str, par: Acteur, roles: Iterable[Role], le: datetime
) -> None:
    """K2bis : l'instructeur tranche l'exception demandée pour une action inédite (S10)."""
    exiger_role(roles, PILOTE, "Trancher la tolérance")
    if dossier.est_experimentale is not True:
        raise ActeBloque("Le porteur n'a pas dit que l'action est inédite : il n'y a rien à trancher.")
    if not motif.strip():
        raise ActeBloque("Le motif manque : écrivez pourquoi l'exception est admise, ou ne l'est pas.")
    libelle = "Tolérance de cohorte admise" if est_validee else "Tolérance de cohorte refusée"
    consigner(
        dossier, "valider_tolerance", par=par, le=le, libelle=libelle, motif=motif.strip(), public=False,
        details={"est_validee": est_validee}, tolerance_validee=est_validee,
    )  # fmt: skip


@transaction.atomic
def qualifier_critere(
    critere: Critere,
    *,
    est_qualifie: bool,
    qualification: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> None:
    """R29 : l'instructeur dit si le critère déclaré tient, et pourquoi ; le jury validera, ou non."""
    exiger_role(roles, PILOTE, "Qualifier un critère")
    if not qualification.strip():
        raise ActeBloque("La raison manque : le jury la lira. Écrivez-la.")
    verrouiller(critere.dossier.racine())
    critere.est_qualifie, critere.qualification = est_qualifie, qualification.strip()
    critere.save(update_fields=("est_qualifie", "qualification"))
    noms = {c.code: c.libelle for c in reglement_de(critere.dossier).financement.criteres}
    consigner(
        critere.dossier, "qualifier_critere", par=par, le=le, public=False,
        libelle=(
            f"Critère {'qualifié' if est_qualifie else 'non qualifié'} : "
            f"{noms.get(critere.code, critere.code)}"
        )[:200],
        motif=qualification.strip(), details={"critere": critere.code, "est_qualifie": est_qualifie},
    )  # fmt: skip
