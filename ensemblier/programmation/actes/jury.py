"""Noter, valider les critères, fixer le taux, décider : ce que fait un comité en séance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from ensemblier.comptes.models import Utilisateur
from ensemblier.dossiers.actes import avancer_demande
from ensemblier.dossiers.droits import roles_sur_demande
from ensemblier.dossiers.etats import (
    EN_ATTENTE,
    PRISE_EN_CHARGE,
    PROPOSEE,
    SOLLICITEE,
    VOLET_RECEVABLE,
)
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Critere, Demande, Dossier
from ensemblier.instruction.droits import PILOTE, exiger_role
from ensemblier.instruction.examen import exiger_recevable, ordre_aap, volets_sans_avis
from ensemblier.interface.formats import nombre
from ensemblier.interface.formats import taux as taux_en_clair
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.noyau.montants import TauxRefuse, en_francais, taux_admis
from ensemblier.programmation.actes import amendements
from ensemblier.programmation.actes.amendements import Voix, fautes_du_vote
from ensemblier.programmation.actes.seances import exiger_ouverte, exiger_present
from ensemblier.programmation.calculs import cumul
from ensemblier.programmation.deports import ecartes
from ensemblier.programmation.models import Enveloppe, Inscription, Note, Seance
from ensemblier.programmation.notes import grille_de, resultats
from ensemblier.registre.actes import ActeBloque, consigner, verrouiller

ECARTABLES = (SOLLICITEE, PRISE_EN_CHARGE, VOLET_RECEVABLE, PROPOSEE, EN_ATTENTE)
Decisions = Inscription.Decision


@transaction.atomic
def noter(
    inscription: Inscription,
    utilisateur: Utilisateur,
    *,
    critere: str,
    valeur: int,
    par: Acteur,
    le: datetime,
) -> Note:
    """La note d'un membre sur un critère de la grille ; chacun note pour soi, un déporté jamais (S69)."""
    seance = inscription.seance
    membre = seance.participants.filter(utilisateur=utilisateur, a_voix=True).exists()
    if par.utilisateur != utilisateur.pk or not membre:
        raise RoleInsuffisant("« Noter » : cet acte revient à un membre votant de la séance, pour lui-même.")
    if not Dossier.objects.a_juger_par(par).filter(pk=inscription.dossier_id).exists():
        raise RoleInsuffisant("« Noter » : un déport vous écarte de ce dossier.")
    verrouiller(seance.racine())
    exiger_ouverte(seance)
    exiger_present(seance, utilisateur)
    grille = grille_de(seance)
    if grille is None or critere not in {c.code for c in grille.criteres}:
        raise ActeBloque(f"La grille de l'appel n'a pas de critère « {critere} ». Rechargez la page.")
    if not 0 <= valeur <= grille.note_max:
        raise ActeBloque(f"La note va de 0 à {grille.note_max}. Choisissez-en une.")
    note, _ = Note.objects.update_or_create(
        inscription=inscription, utilisateur=utilisateur, critere=critere, defaults={"valeur": valeur}
    )
    return note


def _exiger_inscrit(seance: Seance, dossier: Dossier) -> Inscription:
    inscription = seance.inscriptions.filter(dossier=dossier).first()
    if inscription is None:
        raise ActeBloque("Ce dossier n'est pas à l'ordre du jour de la séance.")
    return inscription


@transaction.atomic
def valider_critere(
    seance: Seance,
    critere: Critere,
    *,
    est_valide: bool,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> None:
    """R29 : le jury valide un critère déclaré ; s'il le refuse, le taux retenu qui en dépendait tombe."""
    exiger_role(roles, PILOTE, "Enregistrer le critère validé")
    dossier = critere.dossier
    verrouiller(seance.racine())
    verrouiller(dossier.racine())
    exiger_ouverte(seance)
    _exiger_inscrit(seance, dossier)
    exiger_recevable(dossier, "la validation d'un critère")
    if est_valide and not critere.est_declare:
        raise ActeBloque("Le porteur n'a pas déclaré ce critère : le jury ne peut pas le valider.")
    critere.est_valide = est_valide
    critere.save(update_fields=("est_valide",))
    dossier.refresh_from_db(fields=("taux_retenu",))
    taux = dossier.taux_retenu if _taux_tient(dossier) else None
    mot = "validé" if est_valide else "non validé"
    consigner(
        dossier, "valider_critere", par=par, le=le, libelle=f"Critère {mot} par le jury : {critere.code}",
        details={"critere": critere.code, "est_valide": est_valide}, public=False, taux_retenu=taux,
    )  # fmt: skip


def _taux_tient(dossier: Dossier) -> bool:
    if dossier.taux_retenu is None:
        return False
    try:
        verifier_le_taux(dossier, dossier.taux_retenu)
    except ActeBloque:
        return False
    return True


def verifier_le_taux(dossier: Dossier, taux: Decimal) -> str:
    """K4 : la raison du taux, ou `ActeBloque` (S39, S40)."""
    cadre = reglement_de(dossier).financement
    if cadre.taux_base is None:
        raise ActeBloque("Cet appel ne fixe pas de taux : la demande se discute (P34).")
    codes = {c.code for c in cadre.criteres}
    valides = dossier.criteres.filter(est_valide=True, code__in=codes).count()
    try:
        return taux_admis(
            taux_jury=taux,
            criteres_valides=valides,
            taux_base=cadre.taux_base,
            taux_max=cadre.taux_max if cadre.taux_max is not None else cadre.taux_base,
            requis=cadre.criteres_requis,
        ).raison
    except TauxRefuse as refus:
        raise ActeBloque(refus.raison) from refus


@transaction.atomic
def retenir_taux(
    seance: Seance,
    dossier: Dossier,
    *,
    taux: Decimal,
    motif: str = "",
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> str:
    """K4 : le taux du jury, entre la base et le maximum, si assez de critères sont validés (S36 à S40).

    Un taux déjà fixé ne change que sur une raison, écrite au procès-verbal.
    """
    exiger_role(roles, PILOTE, "Fixer le taux")
    verrouiller(seance.racine())
    verrouiller(dossier.racine())
    exiger_ouverte(seance)
    inscription = _exiger_inscrit(seance, dossier)
    exiger_recevable(dossier, "un taux")
    raison = verifier_le_taux(dossier, taux)
    dossier.refresh_from_db(fields=("taux_retenu",))
    avant = dossier.taux_retenu
    if avant is not None and avant != taux:
        change = amendements.exiger_la_raison(motif)
        amendements.ecrire(
            inscription,
            objet="Taux",
            avant=taux_en_clair(avant),
            apres=taux_en_clair(taux),
            motif=change,
            par=par,
            le=le,
        )
    consigner(
        dossier, "retenir_taux", par=par, le=le, libelle="Taux fixé par le jury", motif=raison, public=False,
        details={"taux": str(taux)}, taux_retenu=taux,
    )  # fmt: skip
    return raison


@transaction.atomic
def decider(
    inscription: Inscription,
    *,
    decision: str,
    motif: str = "",
    voix: Voix | None = None,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> None:
    """Ce que la séance décide d'un dossier, quorum tenu ; les volets suivent (C.4).

    `voix` : le vote, s'il y en a eu un ; les déportés et les membres sans voix n'y comptent pas (B10).

    Retenu : Σ financements ≤ coût (S41) et enveloppes tenues ; sinon un motif est écrit (B18).
    """
    exiger_role(roles, PILOTE, "Enregistrer la décision")
    if decision not in Decisions.values:
        raise ActeBloque("Choisissez : retenu, liste d'attente, ajourné ou écarté.")
    seance, dossier = inscription.seance, inscription.dossier
    verrouiller(seance.racine())
    verrouiller(dossier.racine())
    exiger_ouverte(seance)
    exiger_recevable(dossier, "une décision")
    inscription.refresh_from_db(fields=("decision",))
    if inscription.decision:
        raise ActeBloque("Ce dossier est déjà décidé dans cette séance. Une autre séance peut y revenir.")
    raisons = [*_empechements(inscription, decision, motif, le=le)]
    if voix is not None:
        raisons += fautes_du_vote(voix, votants=presents_votants(inscription), motif=motif)
    if raisons:
        raise ActeBloque(*raisons)
    _mouvoir_les_volets(inscription, decision, motif.strip(), par=par, le=le)
    inscription.decision, inscription.motif, inscription.decidee_le = decision, motif.strip(), le
    if voix is not None:
        inscription.pour, inscription.contre, inscription.abstentions = (
            voix.pour, voix.contre, voix.abstentions,
        )  # fmt: skip
    inscription.save(update_fields=("decision", "motif", "decidee_le", "pour", "contre", "abstentions"))
    consigner(
        dossier, "decider_en_seance", par=par, le=le, public=False, motif=motif.strip(),
        libelle=f"{seance.titre} : {inscription.get_decision_display().lower()}"[:200],
        details={"seance": seance.pk, "decision": decision, "vote": inscription.vote_en_clair},
    )  # fmt: skip


def presents_votants(inscription: Inscription) -> int:
    """Les présents qui votent sur ce dossier : un déporté, déclaré ou non, ne compte pas (B10)."""
    hors = ecartes(inscription.seance, [inscription]).get(inscription.dossier_id, {})
    presents = inscription.seance.participants.filter(est_present=True, a_voix=True)
    return presents.exclude(utilisateur__in=list(hors)).count()


def _accord(nombre: int, mot: str) -> str:
    return f"{nombre} {mot}{'s' if nombre > 1 and not mot.endswith('s') else ''}"


def quorum_perdu(inscription: Inscription) -> str:
    """La phrase qui dit que le quorum manque sur ce dossier, déports ôtés ; vide s'il est tenu."""
    presents, requis = presents_votants(inscription), inscription.seance.quorum
    if presents >= requis:
        return ""
    return (
        f"Quorum non atteint : {_accord(presents, 'présent')}, {_accord(requis, 'requis')}. "
        "La décision ne peut pas être prise."
    )


def _empechements(inscription: Inscription, decision: str, motif: str, *, le: datetime) -> Iterator[str]:
    """Tout ce qui s'oppose à la décision, d'un coup : la personne n'y revient pas cinq fois."""
    dossier = inscription.dossier
    if decision != Decisions.RETENU and not motif.strip():
        yield "Choisissez un motif : il sera écrit dans la lettre."
    if perdu := quorum_perdu(inscription):
        yield perdu
    if not ordre_aap(dossier) and (sans := volets_sans_avis(dossier, le=le)):
        noms = ", ".join(v.financeur.sigle for v in sans)
        yield f"Avis attendus avant la décision : {noms}. Demandez-les, ou attendez leur échéance."
    if decision == Decisions.RETENU:
        if not motif.strip():
            yield from _sous_le_seuil(inscription)
        yield from _manques_de_financement(dossier)


def _sous_le_seuil(inscription: Inscription) -> Iterator[str]:
    """Retenir sous le seuil de la grille (§C.6) se peut, sur une raison écrite."""
    grille = grille_de(inscription.seance)
    if grille is None or grille.seuil is None:
        return
    sien = next(r for r in resultats(inscription.seance) if r.inscription.pk == inscription.pk)
    if sien.est_sous_le_seuil and sien.moyenne is not None:
        yield (
            f"La note moyenne, {nombre(sien.moyenne, 1)} sur 100, est sous le seuil de l'appel "
            f"({grille.seuil}). Pour retenir, écrivez en motif ce qui le justifie."
        )


def _mouvoir_les_volets(
    inscription: Inscription, decision: str, motif: str, *, par: Acteur, le: datetime
) -> None:
    dossier = inscription.dossier
    volets = list(dossier.demandes.select_related("financeur").order_by("pk"))
    if decision == Decisions.RETENU:
        for volet in volets:
            if volet.etat in (PROPOSEE, EN_ATTENTE):
                _retenir(volet, par=par, le=le)
    elif decision == Decisions.LISTE_ATTENTE:
        for volet in volets:
            if volet.etat == PROPOSEE:
                avancer_demande(volet, "mettre_en_attente", par=par, le=le, motif=motif)
    elif decision == Decisions.ECARTE:
        for volet in volets:
            if volet.etat in ECARTABLES:
                avancer_demande(volet, "ecarter", par=par, le=le, motif=motif)


def _retenir(volet: Demande, *, par: Acteur, le: datetime) -> None:
    roles = roles_sur_demande(par, volet)
    if volet.propose:
        avancer_demande(volet, "programmer", par=par, roles=roles, le=le)
    else:
        motif = "Le comité retient l'action sans montant sur ce volet."
        avancer_demande(volet, "ecarter", par=par, roles=roles, le=le, motif=motif)


def _manques_de_financement(dossier: Dossier) -> Iterator[str]:
    """S41, S43 : rien n'est retenu au-delà du coût, ni au-delà d'une enveloppe, voté et programmé compris."""
    volets = dossier.demandes.select_related("financeur").order_by("pk")
    retenus = [v for v in volets if v.etat in (PROPOSEE, EN_ATTENTE) and v.propose]
    if not retenus:
        yield "Aucun montant n'est proposé : proposez d'abord, puis décidez."
        return
    somme = cumul(dossier)
    if somme.excedent:
        yield (
            f"Les financements font {en_francais(somme.total)} pour un coût de {en_francais(somme.cout)} : "
            f"{en_francais(somme.excedent)} de trop. Baissez une proposition."
        )
    enveloppes = (
        Enveloppe.objects.select_for_update(of=("self",))
        .filter(appel=dossier.appel_id, financeur__in=[v.financeur_id for v in retenus])
        .select_related("financeur")
        .order_by("pk")
    )
    for enveloppe in enveloppes:
        demande, reste = _du_meme_financeur(retenus, enveloppe), enveloppe.reste - programme(enveloppe)
        if demande > reste:
            reste = max(reste, Decimal(0))
            yield (
                f"L'enveloppe de « {enveloppe.financeur.sigle} » serait dépassée de "
                f"{en_francais(demande - reste)} : {en_francais(demande)} proposés, il reste "
                f"{en_francais(reste)}, actions déjà retenues ôtées. Baissez la proposition, relevez "
                "l'enveloppe, ou mettez le dossier en liste d'attente."
            )


def _du_meme_financeur(retenus: list[Demande], enveloppe: Enveloppe) -> Decimal:
    siens = (v.propose or Decimal(0) for v in retenus if v.financeur_id == enveloppe.financeur_id)
    return sum(siens, Decimal(0))


def programme(enveloppe: Enveloppe) -> Decimal:
    """Ce que les séances ont déjà retenu sur l'enveloppe sans qu'un acte l'ait encore voté."""
    lignes = Demande.objects.filter(
        dossier__appel=enveloppe.appel_id, financeur=enveloppe.financeur_id, etat="programmee"
    )
    return sum((m for m in lignes.values_list("propose", flat=True) if m), Decimal(0))
