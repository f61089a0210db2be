"""Les suites (É15) : que signer, que payer, que réclamer, et avant quand ; requêtes en nombre constant."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from ensemblier.bilans.etats import DECIDE, DEPOSE, PROJET
from ensemblier.bilans.models import Bilan, Decompte, Reversement
from ensemblier.comptes.droits import exiger
from ensemblier.conventions.droits import AUTORITES
from ensemblier.conventions.etats import ANNULE, PAYE, SIGNEE
from ensemblier.conventions.gardes import blocages
from ensemblier.conventions.models import Convention, Tranche, Versement
from ensemblier.conventions.plan import BILAN
from ensemblier.dossiers.droits import roles_sur_demande
from ensemblier.dossiers.etats import (
    ACOMPTE_VERSE,
    CONVENTIONNEE,
    DECISIONS,
    JUSTIFIEE,
    NOTIFIEE,
    REFUSEE,
    VOTEE,
)
from ensemblier.dossiers.models import Demande, Dossier, Obligation
from ensemblier.interface.champs import somme
from ensemblier.interface.formats import accord, euros
from ensemblier.interface.pages import Page
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.territoires.models import Financeur

EN_PAIEMENT = (NOTIFIEE, CONVENTIONNEE, ACOMPTE_VERSE, JUSTIFIEE)
A_VENIR = timedelta(days=60)
_LIENS = ("financeur", "dossier__organisme", "dossier__territoire")
_PILOTES = (Role.INSTRUCTEUR, Role.RESPONSABLE, Role.FINANCES, Role.AUDITEUR)


class Suites:
    """Ce que l'acteur suit : tous les volets s'il pilote, paie ou contrôle ; les siens s'il finance."""

    def __init__(self, acteur: Acteur, *, jour: date, financeur: str = "") -> None:
        self.jour = jour
        self.dossiers = Dossier.objects.visibles_par(acteur)
        volets = Demande.objects.filter(dossier__in=self.dossiers, etat__in=DECISIONS)
        if not acteur.a(*_PILOTES):
            codes = {d.financeur for d in acteur.perimetres(Role.AGENT_FINANCEUR)}
            volets = volets.filter(financeur__code__in=codes)
        self.volets: QuerySet[Demande] = volets.filter(financeur__code=financeur) if financeur else volets

    def a_notifier(self) -> QuerySet[Demande]:
        return self.volets.filter(etat__in=(VOTEE, REFUSEE)).select_related(*_LIENS)

    def a_signer(self) -> QuerySet[Convention]:
        liens = [f"demande__{lien}" for lien in _LIENS]
        conventions = Convention.objects.filter(demande__in=self.volets).exclude(etat=SIGNEE)
        return conventions.select_related(*liens)

    def a_payer(self) -> QuerySet[Tranche]:
        """Les tranches dues, même bloquées ; un solde n'y est qu'après le bilan."""
        liens = [f"demande__{lien}" for lien in _LIENS]
        payee = Versement.objects.filter(tranche=OuterRef("pk"), etat=PAYE)
        return Tranche.objects.filter(
            ~Exists(payee),
            ~Q(condition=BILAN, exigible_le=None),
            demande__in=self.volets.filter(etat__in=EN_PAIEMENT),
            montant__gt=0,
        ).select_related(*liens)

    def bilans_attendus(self) -> QuerySet[Obligation]:
        """Les comptes rendus en retard, puis ceux des soixante prochains jours."""
        return Obligation.objects.filter(
            dossier__in=self.volets.values("dossier"),
            satisfaite_le=None,
            dispensee_le=None,
            echeance__lte=self.jour + A_VENIR,
        ).select_related("dossier__organisme")

    def bilans_a_valider(self) -> QuerySet[Bilan]:
        rendus = Bilan.objects.filter(dossier__in=self.volets.values("dossier"), etat=DEPOSE)
        return rendus.select_related("dossier__organisme")

    def reversements(self) -> QuerySet[Reversement]:
        liens = [f"demande__{lien}" for lien in _LIENS]
        ouverts = Reversement.objects.filter(demande__in=self.volets, etat__in=(PROJET, DECIDE))
        return ouverts.select_related(*liens)

    def trop_percus(self) -> QuerySet[Decompte]:
        """Un trop-perçu établi que l'agent du financeur n'a pas encore réclamé."""
        liens = [f"demande__{lien}" for lien in _LIENS]
        return Decompte.objects.filter(
            demande__in=self.volets.filter(etat=JUSTIFIEE), trop_percu__gt=0
        ).select_related(*liens)

    def comptes(self) -> dict[str, Any]:
        """La phrase de tête : des nombres et une somme."""
        en_cours = Versement.objects.filter(tranche=OuterRef("pk")).exclude(etat=ANNULE)
        preparables = self.a_payer().filter(demande__financeur__paiement=Financeur.Paiement.PREPARE)
        a_preparer = preparables.filter(~Exists(en_cours)).aggregate(
            nombre=Count("pk"), total=somme("montant")
        )
        return {
            "a_notifier": self.a_notifier().count(),
            "a_signer": self.a_signer().count(),
            "a_preparer": a_preparer["nombre"],
            "total_a_preparer": a_preparer["total"] or Decimal(0),
            "en_retard": self.bilans_attendus().filter(echeance__lt=self.jour).count(),
        }


def _page(request: HttpRequest, onglet: str, gabarit: str, contexte: Any) -> HttpResponse:
    acteur = exiger(request.acteur, *AUTORITES)
    financeur = request.GET.get("financeur", "")
    suites = Suites(acteur, jour=timezone.localdate(), financeur=financeur)
    commun = {
        "onglet": onglet,
        "phrase": _phrase(suites.comptes()),
        "financeurs": _financeurs(acteur, request),
        "financeur": financeur,
    }
    return render(request, gabarit, commun | contexte(suites))


def _apres(request: HttpRequest, liste: str) -> str:
    """Le repère d'une liste de la page : chacune a le sien (« ?apres-notifier=… »)."""
    return request.GET.get(f"apres-{liste}", "")


def _phrase(comptes: dict[str, Any]) -> str:
    """« 3 conventions à signer, 11 versements à préparer (96 400,00 €), 4 bilans en retard. »"""
    montant = euros(comptes["total_a_preparer"])
    morceaux = [
        accord(comptes[cle], f"{un} {quoi}", f"{un}s {quoi}")
        for cle, un, quoi in (
            ("a_notifier", "décision", "à notifier"),
            ("a_signer", "convention", "à signer"),
            ("a_preparer", "versement", "à préparer"),
            ("en_retard", "bilan", "en retard"),
        )
        if comptes[cle]
    ]
    phrase = ", ".join(morceaux)
    if comptes["a_preparer"]:
        phrase = phrase.replace("à préparer", f"à préparer ({montant})")
    return f"{phrase}." if phrase else "Rien à notifier, rien à signer, rien à payer, aucun bilan en retard."


def _financeurs(acteur: Acteur, request: HttpRequest) -> list[tuple[str, str]]:
    if not acteur.a(*_PILOTES):
        return []
    return list(request.territoire.financeurs.exclude(type="commune").values_list("code", "sigle"))


@require_safe
def tout(request: HttpRequest) -> HttpResponse:
    """`/suites/` : chaque volet décidé et son état, les derniers d'abord."""

    def lire(suites: Suites) -> dict[str, Any]:
        volets = suites.volets.select_related(*_LIENS)
        return {"volets": Page(volets, "-dossier__numero", apres=_apres(request, "volets"))}

    return _page(request, "tout", "espaces/suites_tout.html", lire)


@require_safe
def a_signer(request: HttpRequest) -> HttpResponse:
    def lire(suites: Suites) -> dict[str, Any]:
        a_notifier = Page(suites.a_notifier(), "dossier__numero", apres=_apres(request, "notifier"))
        for demande in a_notifier:
            siens = roles_sur_demande(request.acteur, demande)
            demande.peut_notifier = Role.AGENT_FINANCEUR in siens
        conventions = Page(
            suites.a_signer(), "demande__dossier__numero", apres=_apres(request, "conventions")
        )
        return {"a_notifier": a_notifier, "conventions": conventions}

    return _page(request, "a-signer", "espaces/suites_a_signer.html", lire)


@require_safe
def a_payer(request: HttpRequest) -> HttpResponse:
    """Chaque ligne dit ce qui la bloque, en mots, dans l'ordre où on le répare."""

    def lire(suites: Suites) -> dict[str, Any]:
        dues = suites.a_payer()
        tranches = Page(
            dues, "echeance", "demande__dossier__numero", "rang", apres=_apres(request, "versements")
        )
        raisons = blocages(tranches.lignes, le=suites.jour)
        en_cours = {
            v.tranche_id: v
            for v in Versement.objects.filter(tranche__in=[t.pk for t in tranches]).exclude(etat=ANNULE)
        }
        lignes = [
            {
                "tranche": t,
                "dossier": t.demande.dossier,
                "nom": nom_court(t),
                "raisons": raisons[t.pk],
                "versement": en_cours.get(t.pk),
                "jours": (t.echeance - suites.jour).days if t.echeance else None,
            }
            for t in tranches
        ]
        prevision = (
            dues.filter(echeance__isnull=False)
            .order_by()
            .annotate(mois=TruncMonth("echeance"))
            .values("mois")
            .annotate(nombre=Count("pk"), total=somme("montant"))
            .order_by("mois")
        )
        somme_due = dues.order_by().aggregate(nombre=Count("pk"), total=somme("montant"))
        return {"lignes": lignes, "page": tranches, "prevision": list(prevision), "due": somme_due}

    return _page(request, "a-payer", "espaces/suites_a_payer.html", lire)


def nom_court(tranche: Tranche) -> str:
    """« acompte 80 % », « solde », « versement unique »."""
    if tranche.part == 1:
        return "versement unique"
    return "solde" if tranche.condition == BILAN else f"acompte {int(tranche.part * 100)}\u00a0%"


@require_safe
def a_reclamer(request: HttpRequest) -> HttpResponse:
    def lire(suites: Suites) -> dict[str, Any]:
        attendus = Page(suites.bilans_attendus(), "echeance", apres=_apres(request, "attendus"))
        retards = [{"obligation": o, "retard": (suites.jour - o.echeance).days} for o in attendus]
        return {
            "obligations": retards,
            "attendus": attendus,
            "bilans": Page(suites.bilans_a_valider(), "depose_le", apres=_apres(request, "bilans")),
            "reversements": Page(
                suites.reversements(), "reponse_avant_le", apres=_apres(request, "reversements")
            ),
            "trop_percus": Page(
                suites.trop_percus(), "demande__dossier__numero", apres=_apres(request, "percus")
            ),
        }

    return _page(request, "a-reclamer", "espaces/suites_a_reclamer.html", lire)


urlpatterns = [
    path("suites/", tout, name="suites"),
    path("suites/a-signer/", a_signer, name="suites_a_signer"),
    path("suites/a-payer/", a_payer, name="suites_a_payer"),
    path("suites/a-reclamer/", a_reclamer, name="suites_a_reclamer"),
]
