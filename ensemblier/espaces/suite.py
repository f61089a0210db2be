"""`/suites/<n>/` : un dossier après la décision ; l'échéancier d'abord, puis ce que chacun doit faire."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from ensemblier.bilans.etats import A_CORRIGER, ATTENDU
from ensemblier.bilans.etats import DECIDE as REVERSEMENT_DECIDE
from ensemblier.bilans.etats import PROJET as REVERSEMENT_EN_PROJET
from ensemblier.bilans.models import Bilan, Decompte, Reversement
from ensemblier.comptes.models import Rib
from ensemblier.conventions.documents import nom_de_tranche
from ensemblier.conventions.droits import PORTEUR, exiger_lecteur, fil_des_suites
from ensemblier.conventions.etats import A_SIGNER, ANNULE, PAYE
from ensemblier.conventions.gardes import attente_de_l_avenant, avenants_en_attente, blocages
from ensemblier.conventions.models import Avenant, Convention, Notification, Tranche, Versement
from ensemblier.conventions.plan import BILAN, condition_en_mots, regle_de_versement
from ensemblier.dossiers.droits import roles_sur_demande
from ensemblier.dossiers.etats import APRES_LETTRE, DECISIONS, REFUSEE, VOTEE
from ensemblier.dossiers.models import Demande, Dossier, Obligation, Renoncement
from ensemblier.noyau import calendrier, montants
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.programmation.models import Attribution

_NON_NOTIFIES = (VOTEE, REFUSEE)


@require_safe
def page(request: HttpRequest, numero: str) -> HttpResponse:
    visibles = Dossier.objects.visibles_par(request.acteur).select_related(
        "organisme", "territoire", "appel__reglement", "reglement"
    )
    dossier = get_object_or_404(visibles, numero=numero)
    siens = exiger_lecteur(request.acteur, dossier)
    est_porteur = bool(siens & PORTEUR)
    jour = timezone.localdate()
    volets = _volets(dossier, request.acteur, est_porteur=est_porteur, jour=jour)
    bilan = Bilan.objects.filter(dossier=dossier).first()
    obligation = Obligation.objects.filter(dossier=dossier).first()
    contexte = {
        "dossier": dossier,
        "volets": volets,
        "bilan": bilan,
        "obligation": obligation,
        "rib": Rib.objects.filter(organisme=dossier.organisme).first(),
        "est_porteur": est_porteur,
        "est_finances": Role.FINANCES in siens,
        "est_signataire": Role.SIGNATAIRE in siens,
        "phrase": _phrase(volets, bilan, obligation, est_porteur=est_porteur, jour=jour),
        "fil": fil_des_suites(request.acteur, numero),
    }
    return render(request, "espaces/suite.html", contexte)


def _par_demande(lignes: Any, cle: str = "demande_id") -> dict[int, Any]:
    return {getattr(ligne, cle): ligne for ligne in lignes}


def _volets(dossier: Dossier, acteur: Acteur, *, est_porteur: bool, jour: date) -> list[dict[str, Any]]:
    """Les volets décidés ; le porteur ne voit ni montant ni avis avant sa lettre (écrans §6)."""
    etats = [e for e in DECISIONS if not (est_porteur and e in _NON_NOTIFIES)]
    demandes = list(Demande.objects.filter(dossier=dossier, etat__in=etats).select_related("financeur"))
    for demande in demandes:
        demande.dossier = dossier
    par_demande = _par_demande(demandes, "pk")
    tranches = list(Tranche.objects.filter(demande__in=demandes).order_by("demande", "rang"))
    for tranche in tranches:
        tranche.demande = par_demande[tranche.demande_id]
    versements = {
        v.tranche_id: v for v in Versement.objects.filter(tranche__in=tranches).exclude(etat=ANNULE)
    }
    renoncements = list(Renoncement.objects.filter(demande__in=demandes))
    lus = {
        "notification": _par_demande(Notification.objects.filter(demande__in=demandes)),
        "convention": _par_demande(Convention.objects.filter(demande__in=demandes)),
        "decompte": _par_demande(Decompte.objects.filter(demande__in=demandes)),
        "reversement": _par_demande(Reversement.objects.filter(demande__in=demandes)),
        "renoncement": _par_demande(r for r in renoncements if r.clos_le is None),
        "accord_ecrit": _par_demande(r for r in renoncements if r.ecrit_id),
    }
    changes = _par_demande(avenants_en_attente(demandes))
    lus["change"] = {pk: c for pk, c in changes.items() if c.suivi or not est_porteur}
    avenants = list(Avenant.objects.filter(demande__in=demandes).select_related("attribution"))
    raisons = blocages(tranches, le=jour)
    return [
        {
            "demande": d,
            "roles": {r.value for r in roles_sur_demande(acteur, d)},
            "tranches": _tranches(d, tranches, versements, raisons, acteur),
            "avenants": [a for a in avenants if a.demande_id == d.pk],
            "due": _due(d, changes.get(d.pk)),
            "peut_renoncer": d.etat in APRES_LETTRE and d.vote and d.verse < d.vote and d.pk not in changes,
            **{nom: table.get(d.pk) for nom, table in lus.items()},
        }
        for d in demandes
    ]


def _due(demande: Demande, change: Attribution | None) -> Decimal | None:
    """L'aide que les versements font : un avenant ne la change qu'une fois en vigueur."""
    return change.de if change else demande.vote


def _tranches(
    demande: Demande,
    tranches: list[Tranche],
    versements: dict[int, Versement],
    raisons: dict[int, list[str]],
    acteur: Acteur,
) -> list[dict[str, Any]]:
    """Chaque tranche comme le composant « échéancier » la lit, et ce qu'on peut en faire."""
    siennes = [t for t in tranches if t.demande_id == demande.pk]
    siennes.sort(key=lambda t: (t.condition == BILAN, t.rang))  # un complément d'avenant précède le solde
    ecrit = regle_de_versement(demande) if siennes else None
    lignes = []
    for place, t in enumerate(siennes, start=1):
        if not t.montant:
            continue
        versement = versements.get(t.pk)
        payee = versement is not None and versement.etat == PAYE
        attend_le_bilan = t.condition == BILAN and t.exigible_le is None
        lignes.append(
            {
                "objet": t,
                "rang": place,
                "libelle": nom_de_tranche(place, len(siennes)),
                "montant": t.montant,
                "condition": condition_en_mots(t.condition, ecrit),
                "etat": "payee" if payee else "a_venir" if raisons[t.pk] else "prete",
                "date": versement.paye_le if versement and payee else t.echeance,
                "constats": [] if attend_le_bilan else [_constat(p) for p in raisons[t.pk]],
                "versement": versement,
                "a_prepare": versement is not None and versement.prepare_par == acteur.utilisateur,
            }
        )
    return lignes


def _constat(phrase: str) -> dict[str, Any]:
    return {"verdict": "non_respectee", "bloquante": True, "bloque": ["verser"], "phrase": phrase}


def _phrase(
    volets: list[dict[str, Any]],
    bilan: Bilan | None,
    obligation: Obligation | None,
    *,
    est_porteur: bool,
    jour: date,
) -> str:
    """La première ligne répond : ce qu'il y a à faire, ou ce qui vient, avec un montant ou une date."""
    if not volets:
        return "Aucune décision n'est encore notifiée sur ce dossier. Vous recevrez une lettre."
    if est_porteur and (urgent := _a_faire(volets, bilan, obligation, jour)):
        return urgent
    a_notifier = [v["demande"].financeur.sigle for v in volets if v["demande"].etat in _NON_NOTIFIES]
    if a_notifier:
        return f"La décision est à notifier\u00a0: {', '.join(a_notifier)}."
    if changes := [attente_de_l_avenant(v["change"]) for v in volets if v["change"]]:
        return " ".join(changes)
    if not est_porteur and (rendre := _a_rendre(volets)):
        return rendre
    if renonces := [v["demande"].financeur.nom for v in volets if v["renoncement"]]:
        return (
            "L'organisme renonce à une partie de l'aide. Le nouveau montant est à voter\u00a0: "
            f"{', '.join(renonces)}."
        )
    attendues = [t for v in volets for t in v["tranches"] if t["etat"] != "payee"]
    if est_porteur and not attendues and (trop := _verses_de_trop(volets)):
        return trop
    if not attendues:
        return (
            "Tout ce qui est dû est versé."
            if any(v["tranches"] for v in volets)
            else "La demande n'est pas retenue. La lettre dit le motif."
        )
    prochaine = attendues[0]
    quand = f", avant le {calendrier.en_francais(prochaine['date'])}" if prochaine["date"] else ""
    return (
        f"Prochain versement\u00a0: {montants.en_francais(prochaine['montant'])}, "
        f"{prochaine['condition']}{quand}."
    )


def _verses_de_trop(volets: list[dict[str, Any]]) -> str:
    """Au porteur : ce qu'il a reçu de plus que l'aide due, tant que rien n'est encore demandé (B17)."""
    dus = [
        f"{v['demande'].financeur.nom}, {montants.en_francais(v['decompte'].trop_percu)}"
        for v in volets
        if v["decompte"] and v["decompte"].trop_percu and v["reversement"] is None
    ]
    if not dus:
        return ""
    return (
        f"Vous avez reçu plus que l'aide due : {' ; '.join(dus)}. Le service vous écrira avant toute demande."
    )


def _a_rendre(volets: list[dict[str, Any]]) -> str:
    """Ce que chaque financeur réclame, et où en est l'échange (B17)."""
    return " ".join(filter(None, (_rendu_d_un_volet(v) for v in volets)))


def _rendu_d_un_volet(v: dict[str, Any]) -> str:
    decompte, rendu = v["decompte"], v["reversement"]
    if decompte is None or not decompte.trop_percu:
        return ""
    somme = f"{v['demande'].financeur.sigle}, trop-perçu de {montants.en_francais(decompte.trop_percu)}"
    if rendu is None:
        return f"{somme}\u00a0: à réclamer."
    if rendu.etat == REVERSEMENT_EN_PROJET and rendu.observations_le:
        return f"{somme}\u00a0: le porteur a répondu, à vous de décider."
    if rendu.etat == REVERSEMENT_DECIDE:
        return f"{somme} : à encaisser."
    if rendu.etat == REVERSEMENT_EN_PROJET:
        limite = calendrier.en_francais(rendu.reponse_avant_le)
        return f"{somme}\u00a0: le porteur peut répondre jusqu'au {limite}."
    return ""


def _a_faire(
    volets: list[dict[str, Any]], bilan: Bilan | None, obligation: Obligation | None, jour: date
) -> str:
    for v in volets:
        reversement = v["reversement"]
        if reversement and reversement.etat == REVERSEMENT_EN_PROJET and reversement.observations_le:
            return f"Vos observations sont envoyées : {v['demande'].financeur.nom} les lit, puis décide."
        if reversement and reversement.etat == REVERSEMENT_EN_PROJET:
            limite = calendrier.en_francais(reversement.reponse_avant_le)
            return f"Vous pouvez répondre au projet de reversement jusqu'au {limite}."
        if reversement and reversement.etat == REVERSEMENT_DECIDE:
            somme, qui = montants.en_francais(reversement.montant), v["demande"].financeur.nom
            return f"Vous avez {somme} à rendre : {qui}. Sa décision et le motif sont plus bas."
    for v in volets:
        if v["convention"] and v["convention"].etat == A_SIGNER:
            somme = montants.en_francais(v["tranches"][0]["montant"])
            return f"Signez la convention\u00a0: le premier versement, {somme}, en dépend."
    for v in volets:
        if v["change"] and v["change"].suivi == A_SIGNER:
            vers = montants.en_francais(v["avenants"][-1].vers)
            return f"Signez l'avenant\u00a0: l'aide de {v['demande'].financeur.nom} passe à {vers}."
    a_rendre = bilan is None or bilan.etat in (ATTENDU, A_CORRIGER)
    if obligation and obligation.satisfaite_le is None and a_rendre and obligation.echeance < jour:
        attendu = calendrier.en_francais(obligation.echeance)
        return f"Votre bilan était attendu le {attendu}. Rendez-le dès que possible."
    if bilan and bilan.etat == A_CORRIGER:
        return "Votre bilan est à corriger. Le service dit quoi en haut du bilan."
    return ""


urlpatterns = [path("suites/<str:numero>/", page, name="suite")]
