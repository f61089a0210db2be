"""Notifier une décision : la lettre, les tranches, la convention s'il en faut une, le bilan attendu."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction

from ensemblier.conventions import courriels, documents
from ensemblier.conventions.models import Convention, Notification, Tranche
from ensemblier.conventions.plan import NOTIFICATION, Plan, attribution_courante, en_json, prevoir
from ensemblier.dossiers.actes import avancer_demande
from ensemblier.dossiers.droits import roles_sur_demande
from ensemblier.dossiers.etats import REFUSEE
from ensemblier.dossiers.models import Demande, Obligation
from ensemblier.noyau import calendrier
from ensemblier.noyau.machine import Acteur, TransitionRefusee
from ensemblier.registre.actes import ActeBloque, ouvrir, verrouiller
from ensemblier.registre.fichiers import conserver
from ensemblier.registre.models import Fichier

PDF = "application/pdf"


@dataclass
class Lot:
    """Ce qu'un lot a fait : les lettres parties, et chaque refus avec sa phrase."""

    notifications: list[Notification] = field(default_factory=list)
    refus: list[tuple[Demande, str]] = field(default_factory=list)


def notifier(demande: Demande, *, par: Acteur, le: datetime) -> Notification:
    """Notifie un accord voté et en tire toutes les suites (§C.4, §C.7, B4, B5).

    Les PDF se font avant la transaction ; si la décision a changé entre-temps, rien n'est écrit.
    """
    demande.machine.verifier(etat=demande.etat, acte="notifier", roles=roles_sur_demande(par, demande))
    jour = calendrier.jour_de(le)
    plan = prevoir(demande)
    _exiger_un_montant(demande, plan)
    lettre = documents.lettre_d_accord(demande, plan, jour=jour)
    projet = documents.projet_de_convention(demande, plan, jour=jour) if plan.convention.requise else None
    return _inscrire_l_accord(demande, plan, lettre, projet, jour=jour, par=par, le=le)


def _exiger_un_montant(demande: Demande, plan: Plan) -> None:
    if plan.attribution.montant <= 0:
        raise ActeBloque("L'attribution est de zéro euro. Un accord porte un montant : vérifiez l'annexe.")
    if demande.vote is not None and demande.vote != plan.attribution.montant:
        raise ActeBloque(
            "Le montant voté et celui de la délibération diffèrent. Corrigez l'attribution avant la lettre."
        )


@transaction.atomic
def _inscrire_l_accord(
    demande: Demande,
    plan: Plan,
    lettre: bytes,
    projet: bytes | None,
    *,
    jour: date,
    par: Acteur,
    le: datetime,
) -> Notification:
    verrouiller(demande.racine())
    demande.refresh_from_db()
    _exiger_la_meme_decision(demande, plan)
    avancer_demande(
        demande, "notifier", par=par, le=le, public=True, notifiee_le=jour,
        details={
            "montant": str(plan.attribution.montant),
            "deliberation": plan.attribution.deliberation.numero,
            "versements": en_json(plan.echeancier.lignes),
        },
    )  # fmt: skip
    notification = _notification(demande, lettre, est_accord=True, jour=jour, par=par, le=le)
    _poser_les_tranches(demande, plan, jour=jour)
    if projet is not None:
        ouvrir_la_convention(demande, plan, projet=projet, par=par, le=le)
    Obligation.objects.get_or_create(
        dossier=demande.dossier,
        defaults={
            "organisme": demande.dossier.organisme,
            "territoire": demande.dossier.territoire,
            "exercice": demande.dossier.appel.exercice,
            "libelle": f"Bilan de l'action {demande.dossier.numero}",
            "echeance": plan.echeance_du_bilan,
        },
    )
    courriels.annoncer_la_decision(demande, est_accord=True, avec_convention=projet is not None, le=le)
    return notification


def _exiger_la_meme_decision(demande: Demande, plan: Plan) -> None:
    courante = attribution_courante(demande)
    if (courante.pk, courante.montant) != (plan.attribution.pk, plan.attribution.montant):
        raise ActeBloque("La décision vient de changer. Relisez la lettre, puis notifiez de nouveau.")


def _notification(
    demande: Demande, lettre: bytes, *, est_accord: bool, jour: date, par: Acteur, le: datetime
) -> Notification:
    nom = f"notification-{demande.dossier.numero}-{demande.financeur.code.lower()}.pdf"
    fichier = conserver(lettre, nom=nom, type_mime=PDF, par=par, le=le)
    return Notification.objects.create(
        demande=demande, est_accord=est_accord, le=jour, lettre=fichier, notifiee_par=par.nom
    )


def _poser_les_tranches(demande: Demande, plan: Plan, *, jour: date) -> None:
    """B4, S50 : soixante jours après la notification ; le solde attend son événement, le bilan validé."""
    limite = calendrier.echeance_versement(jour)
    lignes = en_json(plan.echeancier.lignes)
    Tranche.objects.bulk_create(
        Tranche(
            demande=demande,
            rang=t.rang,
            montant=t.montant,
            part=t.part,
            condition=t.condition,
            exigible_le=jour if t.condition == NOTIFICATION else None,
            echeance=limite if t.rang == 1 else None,
            lignes=[ligne],
        )
        for t, ligne in zip(plan.echeancier.tranches, lignes, strict=True)
    )


def ouvrir_la_convention(
    demande: Demande, plan: Plan, *, projet: bytes, par: Acteur, le: datetime
) -> Convention:
    """La convention à signer, avec les seuils qui la demandent (B3, P28)."""
    nom = f"convention-{demande.dossier.numero}-{demande.financeur.code.lower()}.pdf"
    fichier: Fichier = conserver(projet, nom=nom, type_mime=PDF, par=par, le=le)
    convention = Convention(
        demande=demande,
        est_legale=plan.convention.legale,
        est_locale=plan.convention.locale,
        projet=fichier,
        lignes=en_json(plan.convention.lignes),
    )
    ouvrir(convention, par=par, le=le, libelle="Convention à signer", details={"lignes": convention.lignes})
    return convention


def notifier_refus(demande: Demande, *, par: Acteur, le: datetime) -> Notification:
    """Notifie un refus : motif, recours, contact (B18, B19)."""
    demande.machine.verifier(etat=demande.etat, acte="notifier_refus", roles=roles_sur_demande(par, demande))
    jour = calendrier.jour_de(le)
    attribution = attribution_courante(demande)
    if not (attribution.motif or demande.motif).strip():
        raise ActeBloque("Le motif du refus manque. Il est obligatoire dans la lettre : écrivez-le.")
    lettre = documents.lettre_de_refus(demande, attribution, jour=jour)
    with transaction.atomic():
        verrouiller(demande.racine())
        demande.refresh_from_db()
        avancer_demande(
            demande, "notifier_refus", par=par, le=le, public=True, notifiee_le=jour,
            details={"deliberation": attribution.deliberation.numero},
        )  # fmt: skip
        notification = _notification(demande, lettre, est_accord=False, jour=jour, par=par, le=le)
        courriels.annoncer_la_decision(demande, est_accord=False, avec_convention=False, le=le)
    return notification


def notifier_lot(demandes: Iterable[Demande], *, par: Acteur, le: datetime) -> Lot:
    """Plusieurs lettres, une transaction chacune : un refus ne retient pas les autres et se lit au bilan."""
    lot = Lot()
    for demande in demandes:
        try:
            if demande.etat == REFUSEE:
                lot.notifications.append(notifier_refus(demande, par=par, le=le))
            else:
                lot.notifications.append(notifier(demande, par=par, le=le))
        except (ActeBloque, TransitionRefusee) as refus:
            lot.refus.append((demande, str(refus)))
    return lot
