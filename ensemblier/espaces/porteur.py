"""L'accueil du porteur : ce qu'il doit faire et avant quand, ses dossiers, l'argent attendu (écrans É5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ensemblier.appels.models import Appel
from ensemblier.bilans.etats import A_CORRIGER, ATTENDU, PROJET
from ensemblier.bilans.models import Bilan, Reversement
from ensemblier.comptes.models import Aide
from ensemblier.conventions.etats import A_SIGNER
from ensemblier.conventions.models import Convention, Tranche
from ensemblier.dossiers.attentes import Attente, attentes, du_porteur, etapes_commencees
from ensemblier.dossiers.etats import A_COMPLETER, ABANDONNEE, BROUILLON, CLOS, DECIDE, IRRECEVABLE, RETIRE
from ensemblier.dossiers.models import CoPorteur, Demande, Dossier
from ensemblier.instruction.models import Complement
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role

A_FAIRE, EN_COURS, TERMINES = "a-faire", "en-cours", "termines"
_NOMS = {A_FAIRE: "À faire", EN_COURS: "En cours", TERMINES: "Terminés"}
FERMES = (BROUILLON, IRRECEVABLE, RETIRE, CLOS)
_CONDITIONS = {
    "notification": "après la notification",
    "convention": "après signature de la convention par les deux parties",
    "bilan": "après validation de votre bilan",
}


@require_safe
def mes_dossiers(request: HttpRequest) -> HttpResponse:
    """`/dossiers/` : les choses à faire d'abord, triées par date."""
    present = timezone.now()
    dossiers = du_porteur(request.acteur) if request.acteur else []
    portes = [d for d in dossiers if not d.est_aide and not d.est_co_porteur]
    arretes, signatures = _reponses_attendues(portes), _signatures(portes, request.acteur)
    taches = [
        *(_datee(a, arretes) for a in attentes(dossiers, le=present)),
        *signatures,
        *_bilans(portes),
        *_reversements(portes),
    ]
    pressant = jour_de(present)  # une signature n'a pas d'échéance, mais l'argent l'attend déjà
    taches.sort(
        key=lambda a: (a.dossier not in arretes, a.avant or (pressant if a in signatures else date.max))
    )
    contexte = {
        "taches": [(a, a.retard(pressant)) for a in taches],
        "premiere": min(
            (a for a in taches if a.avant and not a.retard(pressant)), key=lambda a: a.avant, default=None
        ),
        "en_retard": sum(1 for a in taches if a.retard(pressant)),
        "groupes": _groupes(dossiers, {a.dossier for a in taches}),
        "dossiers": dossiers,
        "argent": _argent(portes),
        "appels": _ouverts(request, present),
        "aides": Aide.objects.pour(request.user, jour_de(present)).select_related("organisme"),
        "co_portages": CoPorteur.objects.a_repondre(request.acteur),
    }
    return render(request, "espaces/porteur.html", contexte)


def _reponses_attendues(dossiers: list[Dossier]) -> dict[str, date]:
    """Avant quand le service attend une réponse, par dossier à compléter (P29) ; une requête."""
    numeros = {d.pk: d.numero for d in dossiers if d.etat == A_COMPLETER}
    ouverts = Complement.objects.ouverts().filter(dossier__in=numeros)
    return {numeros[pk]: echeance for pk, echeance in ouverts.values_list("dossier", "echeance")}


def _datee(attente: Attente, reponses: dict[str, date]) -> Attente:
    """La réponse au service prend l'échéance du complément ; un message à lire n'en a pas."""
    echeance = reponses.get(attente.dossier)
    if echeance and attente.url == reverse("corrections", args=(attente.dossier,)):
        return replace(attente, avant=echeance)
    return attente


def _signatures(dossiers: list[Dossier], acteur: Acteur | None) -> list[Attente]:
    """Les conventions que le porteur doit signer, pour qui en a le mandat ; une requête."""
    mandats = {d.organisme for d in acteur.perimetres(Role.SIGNATAIRE)} if acteur else set()
    par_pk = {d.pk: d for d in dossiers if d.etat == DECIDE and d.organisme_id in mandats}
    attendues = Convention.objects.filter(demande__dossier__in=par_pk, etat=A_SIGNER)
    return [
        Attente(
            "Signer la convention", d.numero, d.intitule, None,
            reverse("suite_signer", args=(d.numero, demande)), "Signer", sigle,
        )
        for demande, dossier, sigle in attendues.values_list(
            "demande", "demande__dossier", "demande__financeur__sigle"
        )
        for d in (par_pk[dossier],)
    ]  # fmt: skip


def _bilans(dossiers: list[Dossier]) -> list[Attente]:
    """Les bilans attendus ou à corriger (B5) ; une requête."""
    par_pk = {d.pk: d for d in dossiers}
    mots = {ATTENDU: "Faire le bilan", A_CORRIGER: "Corriger le bilan"}
    return [
        Attente(
            mots[bilan.etat], d.numero, d.intitule, bilan.echeance, f"/suites/{d.numero}/bilan/",
            "Ouvrir", bilan.correction_demandee,
        )
        for bilan in Bilan.objects.filter(dossier__in=par_pk, etat__in=mots)
        for d in (par_pk[bilan.dossier_id],)
    ]  # fmt: skip


def _reversements(dossiers: list[Dossier]) -> list[Attente]:
    """Les projets de reversement sans réponse, avant leur échéance ou non (B17) ; une requête."""
    par_pk = {d.pk: d for d in dossiers if d.etat == DECIDE}
    projets = Reversement.objects.filter(
        demande__dossier__in=par_pk, etat=PROJET, observations_le=None
    ).values_list("demande", "demande__dossier", "demande__financeur__sigle", "reponse_avant_le")
    return [
        Attente(
            "Répondre au projet de reversement", d.numero, d.intitule, limite,
            reverse("suite_reversement", args=(d.numero, demande, "observer")), "Répondre", sigle,
        )
        for demande, dossier, sigle, limite in projets
        for d in (par_pk[dossier],)
    ]  # fmt: skip


def _groupes(dossiers: list[Dossier], a_faire: set[str]) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Les dossiers par moment : à faire, en cours, terminés ; un brouillon hors délai est terminé (S20)."""
    ranges: dict[str, list[dict[str, Any]]] = {A_FAIRE: [], EN_COURS: [], TERMINES: []}
    for d in dossiers:
        moment = A_FAIRE if d.numero in a_faire else TERMINES if _est_fini(d) else EN_COURS
        ranges[moment].append(_carte(d))
    return [(moment, _NOMS[moment], cartes) for moment, cartes in ranges.items() if cartes]


def _est_fini(dossier: Dossier) -> bool:
    """Rien n'est à y faire ; un brouillon co-porté s'écrit encore, par un autre."""
    return dossier.etat in FERMES and not (dossier.est_co_porteur and dossier.etat == BROUILLON)


def _carte(dossier: Dossier) -> dict[str, Any]:
    etapes = etapes_commencees(dossier)
    return {
        "dossier": dossier,
        "est_brouillon": dossier.etat == BROUILLON,
        "commencees": sum(1 for *_, fait in etapes if fait),
        "etapes": len(etapes),
    }


def _argent(dossiers: list[Dossier]) -> list[dict[str, Any]]:
    """Les tranches dues et pas encore payées ; deux requêtes."""
    par_pk = {d.pk: d for d in dossiers}
    demandes = {
        d.pk: d
        for d in Demande.objects.filter(dossier__in=par_pk)
        .exclude(etat=ABANDONNEE)
        .select_related("financeur")
    }
    tranches = Tranche.objects.filter(demande__in=demandes).exclude(versements__paye_le__isnull=False)
    return [
        {
            "dossier": par_pk[demandes[t.demande_id].dossier_id],
            "financeur": demandes[t.demande_id].financeur,
            "montant": t.montant,
            "condition": _CONDITIONS.get(t.condition, t.condition),
            "echeance": t.echeance,
        }
        for t in tranches.order_by("echeance", "demande", "rang")
        if t.montant
    ]


def _ouverts(request: HttpRequest, le: datetime) -> list[tuple[Appel, date | None]]:
    """Les appels où l'on peut commencer un dossier, et leur limite ; deux requêtes."""
    appels = Appel.objects.filter(territoire=request.territoire, etat="publie").prefetch_related("jalons")
    rendus = []
    for appel in appels.defer("projet"):
        depot = next((j for j in appel.jalons.all() if j.nature == "depot"), None)
        if depot is None or depot.fin is None or depot.fin >= jour_de(le):
            rendus.append((appel, depot.fin if depot else None))
    return rendus


urlpatterns = [path("dossiers/", mes_dossiers, name="mes_dossiers")]
