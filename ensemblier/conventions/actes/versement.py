"""Payer : préparer, certifier par une autre personne, constater le paiement. Les gardes, à chaque pas."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from ensemblier.conventions import courriels
from ensemblier.conventions.etats import ANNULE, PAYE, PREPARE
from ensemblier.conventions.gardes import ce_qui_bloque
from ensemblier.conventions.models import Tranche, Versement
from ensemblier.dossiers.actes import avancer_demande
from ensemblier.dossiers.droits import roles_sur_demande
from ensemblier.dossiers.etats import CONVENTIONNEE, NOTIFIEE
from ensemblier.dossiers.models import Demande
from ensemblier.noyau import calendrier, montants
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque, avancer, consigner, ouvrir, verrouiller
from ensemblier.territoires.models import Financeur


def _finances(par: Acteur, demande: Demande) -> set[Role]:
    qui = roles_sur_demande(par, demande)
    if Role.FINANCES not in qui:
        raise RoleInsuffisant(f"Les versements de {demande.financeur.nom} reviennent à ses finances.")
    return qui


def _sous_verrou(demande: Demande) -> None:
    verrouiller(demande.racine())
    demande.refresh_from_db(fields=("etat", "vote", "verse", "notifiee_le"))


def _actif(tranche: Tranche) -> Versement | None:
    return tranche.versements.exclude(etat=ANNULE).first()


def _exiger_libre(tranche: Tranche, jour: date) -> None:
    if raisons := ce_qui_bloque(tranche, le=jour):
        raise ActeBloque(*raisons)


@transaction.atomic
def preparer_versement(tranche: Tranche, *, par: Acteur, le: datetime) -> Versement:
    """Prépare le mandat d'une tranche prête. Refait par la même personne, rend le même versement."""
    _finances(par, tranche.demande)
    _sous_verrou(tranche.demande)
    tranche.refresh_from_db(fields=("montant", "exigible_le"))
    if existant := _actif(tranche):
        if existant.etat == PREPARE and existant.prepare_par == par.utilisateur:
            return existant
        raise ActeBloque(f"Ce versement est déjà préparé, par {existant.prepare_par_nom}.")
    if tranche.demande.financeur.paiement != Financeur.Paiement.PREPARE:
        raise ActeBloque(
            f"{tranche.demande.financeur.nom} paie avec son propre outil. Constatez le paiement à sa date."
        )
    if not tranche.montant:
        raise ActeBloque("Il n'y a rien à verser : le montant dû est de zéro euro.")
    _exiger_libre(tranche, calendrier.jour_de(le))
    return _ouvrir(tranche, par=par, le=le)


def _ouvrir(tranche: Tranche, *, par: Acteur, le: datetime) -> Versement:
    versement = Versement(
        tranche=tranche,
        montant=tranche.montant,
        prepare_par=par.utilisateur,
        prepare_par_nom=par.nom,
        prepare_le=le,
    )
    ouvrir(
        versement, par=par, le=le, acte="preparer", libelle="Versement préparé", public=False,
        details={"tranche": tranche.rang, "montant": str(tranche.montant)},
    )  # fmt: skip
    return versement


@transaction.atomic
def certifier_versement(versement: Versement, *, par: Acteur, le: datetime) -> None:
    """Une autre personne que celle qui a préparé certifie (É15)."""
    tranche = versement.tranche
    qui = _finances(par, tranche.demande)
    _sous_verrou(tranche.demande)
    versement.refresh_from_db()
    versement.machine.verifier(etat=versement.etat, acte="certifier", roles=qui)
    if par.utilisateur is None or par.utilisateur == versement.prepare_par:
        raise ActeBloque("Vous avez préparé ce versement : une autre personne doit le certifier.")
    _exiger_libre(tranche, calendrier.jour_de(le))
    avancer(
        versement, "certifier", par=par, roles=qui, le=le, public=False,
        certifie_par=par.utilisateur, certifie_par_nom=par.nom,
    )  # fmt: skip


@transaction.atomic
def payer_versement(
    versement: Versement, *, paye_le: date, reference: str, par: Acteur, le: datetime
) -> None:
    """Constate le paiement d'un mandat certifié. Le même constat, refait, ne paie pas deux fois.

    Un solde passe par `bilans.actes.payer_versement`, qui appelle celui-ci puis solde le volet.
    """
    tranche = versement.tranche
    qui = _finances(par, tranche.demande)
    _sous_verrou(tranche.demande)
    versement.refresh_from_db()
    if versement.etat == PAYE and (versement.paye_le, versement.reference) == (paye_le, reference.strip()):
        return
    versement.machine.verifier(etat=versement.etat, acte="payer", roles=qui)
    _exiger_un_constat(tranche.demande, paye_le, reference, jour=calendrier.jour_de(le))
    _exiger_libre(tranche, calendrier.jour_de(le))
    avancer(
        versement, "payer", par=par, roles=qui, le=le, paye_le=paye_le, reference=reference.strip(),
        details={"montant": str(versement.montant), "reference": reference.strip()},
    )  # fmt: skip
    _compter(versement, par=par, le=le)


@transaction.atomic
def constater_versement(
    tranche: Tranche, *, paye_le: date, reference: str, par: Acteur, le: datetime
) -> Versement:
    """Un financeur qui paie ailleurs en dit la date et la référence, en un acte."""
    qui = _finances(par, tranche.demande)
    _sous_verrou(tranche.demande)
    tranche.refresh_from_db(fields=("montant", "exigible_le"))
    if tranche.demande.financeur.paiement != Financeur.Paiement.CONSTATE:
        raise ActeBloque("Ce versement se prépare et se certifie ici, par deux personnes.")
    if existant := _actif(tranche):
        if (existant.paye_le, existant.reference) == (paye_le, reference.strip()):
            return existant
        raise ActeBloque(f"Ce versement est déjà constaté, référence {existant.reference}.")
    _exiger_un_constat(tranche.demande, paye_le, reference, jour=calendrier.jour_de(le))
    _exiger_libre(tranche, calendrier.jour_de(le))
    versement = _ouvrir(tranche, par=par, le=le)
    avancer(
        versement, "constater", par=par, roles=qui, le=le, paye_le=paye_le, reference=reference.strip(),
        details={"montant": str(versement.montant), "reference": reference.strip()},
    )  # fmt: skip
    _compter(versement, par=par, le=le)
    return versement


def _exiger_un_constat(demande: Demande, paye_le: date, reference: str, *, jour: date) -> None:
    raisons = []
    if not reference.strip():
        raisons.append("La référence du paiement manque. Écrivez le numéro du mandat ou du virement.")
    if paye_le > jour:
        raisons.append("La date du paiement est dans le futur. Écrivez la date du virement.")
    if demande.notifiee_le and paye_le < demande.notifiee_le:
        raisons.append("La date du paiement précède la notification. Vérifiez-la.")
    if raisons:
        raise ActeBloque(*raisons)


def _compter(versement: Versement, *, par: Acteur, le: datetime) -> None:
    """Ajoute au versé, sous le verrou, et fait avancer le volet."""
    demande = versement.tranche.demande
    verse = demande.verse + versement.montant
    reste = Tranche.objects.filter(demande=demande, montant__gt=0).exclude(versements__etat=PAYE)
    if demande.etat not in (NOTIFIEE, CONVENTIONNEE):
        consigner(demande, "verser_le_solde", par=par, le=le, libelle="Versement fait", verse=verse)
    elif reste.exists():
        avancer_demande(demande, "verser_acompte", par=par, le=le, public=True, verse=verse)
    else:
        avancer_demande(demande, "verser_en_une_fois", par=par, le=le, public=True, verse=verse)
    courriels.annoncer_le_paiement(versement, le=le)


@transaction.atomic
def annuler_versement(versement: Versement, *, motif: str, par: Acteur, le: datetime) -> None:
    """Annule un versement non payé, avec son motif ; la tranche redevient à payer."""
    qui = _finances(par, versement.tranche.demande)
    avancer(versement, "annuler", par=par, roles=qui, le=le, motif=motif, public=False)


@transaction.atomic
def rendre_exigible(tranche: Tranche, *, par: Acteur, le: datetime) -> None:
    """La condition est remplie : la tranche est due ; un solde l'est dans les soixante jours (B4)."""
    verrouiller(tranche.demande.racine())
    tranche.refresh_from_db()
    if tranche.exigible_le is not None:
        return
    jour = calendrier.jour_de(le)
    tranche.exigible_le = jour
    tranche.echeance = tranche.echeance or calendrier.echeance_versement(jour)
    tranche.save(update_fields=("exigible_le", "echeance"))
    consigner(
        tranche.demande, "rendre_exigible", par=par, le=le, libelle="Versement à faire",
        details={"tranche": tranche.rang, "echeance": tranche.echeance.isoformat()},
    )  # fmt: skip


@transaction.atomic
def ajuster_tranches(demande: Demande, *, reste: Decimal, par: Acteur, le: datetime) -> None:
    """Après le bilan (K9) : répartit ce qui reste dû sur les tranches non payées, dans l'ordre.

    Lève `ActeBloque` si un versement en préparation ne serait plus du bon montant.
    """
    verrouiller(demande.racine())
    a_repartir = reste
    non_payees = list(Tranche.objects.filter(demande=demande).exclude(versements__etat=PAYE).order_by("rang"))
    for rang, tranche in enumerate(non_payees, start=1):
        part = a_repartir if rang == len(non_payees) else min(tranche.montant, a_repartir)
        a_repartir -= part
        _ajuster(tranche, part, par=par, le=le)
    if a_repartir:
        raise ActeBloque("Tout est déjà versé, mais un reste est dû. Vérifiez le montant voté.")


def changer_le_montant(
    tranche: Tranche,
    montant: Decimal,
    *,
    libelle: str,
    par: Acteur,
    le: datetime,
    part: Decimal | None = None,
) -> None:
    """Une tranche non payée change de montant ; un versement en préparation l'arrête (`ActeBloque`).

    `part` : celle qu'elle fait de la nouvelle aide, si l'aide change.
    """
    if montant == tranche.montant:
        return
    if _actif(tranche):
        raise ActeBloque(
            f"Un versement de {montants.en_francais(tranche.montant)} est en préparation. "
            "Payez-le ou annulez-le d'abord : le montant dû change."
        )
    avant, tranche.montant = tranche.montant, montant
    tranche.part = tranche.part if part is None else part
    tranche.save(update_fields=("montant", "part"))
    consigner(
        tranche.demande, "ajuster", par=par, le=le, libelle=libelle,
        details={"tranche": tranche.rang, "de": str(avant), "vers": str(montant)},
    )  # fmt: skip


def _ajuster(tranche: Tranche, montant: Decimal, *, par: Acteur, le: datetime) -> None:
    changer_le_montant(tranche, montant, libelle="Montant du versement ajusté au bilan", par=par, le=le)
    if montant:
        rendre_exigible(tranche, par=par, le=le)
