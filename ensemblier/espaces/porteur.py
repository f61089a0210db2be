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
from ensemblier.bilans.etats import A_CORRIGER, ATTENDU
from ensemblier.dossiers.attentes import Attente, attentes, du_porteur, etapes_commencees
from ensemblier.dossiers.etats import A_COMPLETER, ABANDONNEE, BROUILLON, CLOS, IRRECEVABLE, RETIRE
from ensemblier.dossiers.models import Dossier
from ensemblier.espaces import porteur_lu
from ensemblier.espaces.porteur_lu import Accueil
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
    lus = porteur_lu.lire(
        portes, acteur=request.acteur, utilisateur=request.user, territoire=request.territoire,
        jour=jour_de(present),
    )  # fmt: skip
    arretes, signatures = _reponses_attendues(lus), _signatures(lus, request.acteur)
    taches = [
        *(_datee(a, arretes) for a in attentes(dossiers, le=present)),
        *signatures,
        *_bilans(lus),
        *_reversements(lus),
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
        "argent": _argent(lus),
        "appels": _ouverts(lus, present),
        "aides": lus.aides,
        "co_portages": lus.co_portages,
    }
    return render(request, "espaces/porteur.html", contexte)


def _reponses_attendues(lus: Accueil) -> dict[str, date]:
    """Avant quand le service attend une réponse, par dossier à compléter (P29)."""
    return {c.dossier.numero: c.echeance for c in lus.complements if c.dossier.etat == A_COMPLETER}


def _datee(attente: Attente, reponses: dict[str, date]) -> Attente:
    """La réponse au service prend l'échéance du complément ; un message à lire n'en a pas."""
    echeance = reponses.get(attente.dossier)
    if echeance and attente.url == reverse("corrections", args=(attente.dossier,)):
        return replace(attente, avant=echeance)
    return attente


def _signatures(lus: Accueil, acteur: Acteur | None) -> list[Attente]:
    """Conventions et avenants que le porteur doit signer, pour qui en a le mandat."""
    mandats = {d.organisme for d in acteur.perimetres(Role.SIGNATAIRE)} if acteur else set()
    attendues = [
        *(("Signer la convention", "suite_signer", c.demande, c.demande.pk) for c in lus.conventions),
        *(("Signer l'avenant", "suite_avenant_signer", a.demande, a.pk) for a in lus.avenants),
    ]
    return [
        Attente(
            libelle, d.dossier.numero, d.dossier.intitule, None,
            reverse(adresse, args=(d.dossier.numero, pk)), "Signer", d.financeur.sigle,
        )
        for libelle, adresse, d, pk in attendues
        if d.dossier.organisme_id in mandats
    ]  # fmt: skip


def _bilans(lus: Accueil) -> list[Attente]:
    """Les bilans attendus ou à corriger (B5)."""
    mots = {ATTENDU: "Faire le bilan", A_CORRIGER: "Corriger le bilan"}
    return [
        Attente(
            mots[bilan.etat], bilan.dossier.numero, bilan.dossier.intitule, bilan.echeance,
            f"/suites/{bilan.dossier.numero}/bilan/", "Ouvrir", bilan.correction_demandee,
        )
        for bilan in lus.bilans
    ]  # fmt: skip


def _reversements(lus: Accueil) -> list[Attente]:
    """Les projets de reversement sans réponse, avant leur échéance ou non (B17)."""
    return [
        Attente(
            "Répondre au projet de reversement", d.dossier.numero, d.dossier.intitule, r.reponse_avant_le,
            reverse("suite_reversement", args=(d.dossier.numero, d.pk, "observer")), "Répondre",
            d.financeur.sigle,
        )
        for r in lus.reversements
        for d in (r.demande,)
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


def _argent(lus: Accueil) -> list[dict[str, Any]]:
    """Les tranches dues et pas encore payées."""
    attendues = [t for t in lus.tranches if t.montant and t.demande.etat != ABANDONNEE]
    attendues.sort(key=lambda t: (t.echeance is None, t.echeance or date.max, t.demande_id, t.rang))
    return [
        {
            "dossier": t.demande.dossier,
            "financeur": t.demande.financeur,
            "montant": t.montant,
            "condition": _CONDITIONS.get(t.condition, t.condition),
            "echeance": t.echeance,
        }
        for t in attendues
    ]


def _ouverts(lus: Accueil, le: datetime) -> list[tuple[Appel, date | None]]:
    """Les appels où l'on peut commencer un dossier, et leur limite."""
    limites: dict[int, date | None] = {}
    for jalon in sorted(lus.jalons, key=lambda j: j.rang):
        limites.setdefault(jalon.appel_id, jalon.fin)
    rendus = [(appel, limites.get(appel.pk)) for appel in lus.appels if appel.est_publie]
    return [(appel, fin) for appel, fin in rendus if fin is None or fin >= jour_de(le)]


urlpatterns = [path("dossiers/", mes_dossiers, name="mes_dossiers")]
