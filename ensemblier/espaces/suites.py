"""Les suites (É15) : que signer, que payer, que réclamer, et avant quand ; requêtes en nombre constant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
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
from ensemblier.conventions.etats import ANNULE, CERTIFIE, PAYE, PREPARE, SIGNEE
from ensemblier.conventions.gardes import blocages
from ensemblier.conventions.models import Avenant, Convention, Tranche, Versement
from ensemblier.conventions.plan import BILAN
from ensemblier.dossiers.droits import roles_sur_demande, roles_sur_financeur
from ensemblier.dossiers.etats import APRES_LETTRE, DECISIONS, JUSTIFIEE, REFUSEE, VOTEE
from ensemblier.dossiers.models import Demande, Dossier, Obligation, Renoncement
from ensemblier.interface.champs import somme
from ensemblier.interface.formats import accord, euros
from ensemblier.interface.pages import Page, compter
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.programmation.models import Attribution
from ensemblier.territoires.models import Financeur

EN_PAIEMENT = (*APRES_LETTRE, JUSTIFIEE)
"""Une aide versée en est : un avenant qui la relève y ajoute un versement."""
A_VENIR = timedelta(days=60)
_LIENS = ("financeur", "dossier__organisme", "dossier__territoire")
_PILOTES = (Role.INSTRUCTEUR, Role.RESPONSABLE, Role.FINANCES, Role.AUDITEUR)


class Suites:
    """Ce que l'acteur suit : tous les volets s'il pilote, paie ou contrôle ; les siens s'il finance."""

    def __init__(self, acteur: Acteur, *, jour: date, financeur: str = "") -> None:
        self.acteur, self.jour = acteur, jour
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

    def avenants_a_notifier(self) -> QuerySet[Attribution]:
        """Les montants votés après la lettre, dont l'avenant n'est pas parti."""
        liens = [f"demande__{lien}" for lien in _LIENS]
        attendus = Avenant.objects.attendus().filter(demande__in=self.volets, suivi=None)
        return attendus.select_related("deliberation", *liens)

    def avenants_a_signer(self) -> QuerySet[Avenant]:
        liens = [f"demande__{lien}" for lien in _LIENS]
        return Avenant.objects.a_signer().filter(demande__in=self.volets).select_related(*liens)

    def renoncements(self) -> QuerySet[Renoncement]:
        """Ce que des organismes acceptent de rendre, et que leur financeur n'a pas encore voté."""
        liens = [f"demande__{lien}" for lien in (*_LIENS, "dossier__appel")]
        return Renoncement.objects.ouverts().filter(demande__in=self.volets).select_related(*liens)

    def a_payer(self) -> QuerySet[Tranche]:
        """Les tranches dues, même bloquées ; un solde n'y est qu'après le bilan."""
        liens = ["demande__financeur__commune", *(f"demande__{lien}" for lien in _LIENS)]
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

    def a_ma_charge(self) -> Q:
        """Les tranches que l'acteur paie ou constate : celles de l'EPCI pour ses finances, sa ligne sinon."""
        codes = {d.financeur for d in self.acteur.perimetres(Role.AGENT_FINANCEUR)}
        miennes = Q(demande__financeur__code__in=codes) & ~Q(demande__financeur__type="epci")
        return miennes | Q(demande__financeur__type="epci") if self.acteur.a(Role.FINANCES) else miennes

    def geste(self) -> Case:
        """Ce que l'acteur peut faire d'une tranche : certifier, puis constater, puis préparer.

        Une convention non signée, le blocage le plus courant, range la tranche après, avec celles des autres.
        """
        versements = Versement.objects.filter(tranche=OuterRef("pk"))
        d_un_autre = versements.filter(etat=PREPARE).exclude(prepare_par=self.acteur.utilisateur)
        libre = ~Exists(versements.exclude(etat=ANNULE)) & ~Exists(
            Convention.objects.filter(demande=OuterRef("demande")).exclude(etat=SIGNEE)
        )
        etapes = (Exists(d_un_autre), Exists(versements.filter(etat=CERTIFIE)), libre)
        return Case(
            *(When(self.a_ma_charge() & etape, then=Value(rang)) for rang, etape in enumerate(etapes)),
            default=Value(len(etapes)),
            output_field=IntegerField(),
        )

    @cached_property
    def paie(self) -> bool:
        return self.acteur.a(Role.FINANCES, Role.AGENT_FINANCEUR)

    @cached_property
    def dues(self) -> dict[int, Due]:
        """Chaque tranche due, avec ce qui la bloque et le geste qu'elle attend de l'acteur."""
        tranches = list(self.a_payer())
        raisons = blocages(tranches, le=self.jour)
        versements = Versement.objects.filter(tranche__in=[t.pk for t in tranches]).exclude(etat=ANNULE)
        en_cours = {v.tranche_id: v for v in versements}
        return {t.pk: Due.lire(self.acteur, t, en_cours.get(t.pk), raisons[t.pk]) for t in tranches}

    def comptes(self) -> dict[str, Any]:
        """La phrase de tête : ce qui attend la personne, ce qui est prêt, ce qui bloque."""
        libres = [d for d in self.dues.values() if d.versement is None and (d.est_mienne or not self.paie)]
        ici = [d for d in libres if d.se_prepare and not d.raisons]
        gestes = [d.geste for d in self.dues.values()]
        lus = compter(
            {
                "a_notifier": self.a_notifier(),
                "a_signer": self.a_signer(),
                "avenants_a_notifier": self.avenants_a_notifier(),
                "avenants_a_signer": self.avenants_a_signer(),
                "renoncements": self.renoncements(),
                "a_valider": self.bilans_a_valider(),
                "en_retard": self.bilans_attendus().filter(echeance__lt=self.jour),
            }
        )
        return lus | {
            "a_certifier": gestes.count("certifier"),
            "avenants": lus["avenants_a_notifier"] + lus["avenants_a_signer"],
            "a_preparer": len(ici),
            "total_a_preparer": sum((d.tranche.montant for d in ici), Decimal(0)),
            "a_constater": gestes.count("payer") + gestes.count("constater"),
            "bloques": sum(1 for d in libres if d.raisons and (d.est_mienne or d.se_prepare)),
        }


@dataclass(frozen=True, slots=True)
class Due:
    """Une tranche due, son versement en cours, ce qui la bloque, et le geste de l'acteur s'il en a un."""

    tranche: Tranche
    versement: Versement | None
    raisons: list[str]
    est_mienne: bool
    geste: str

    @classmethod
    def lire(cls, acteur: Acteur, tranche: Tranche, versement: Versement | None, raisons: list[str]) -> Due:
        est_mienne = Role.FINANCES in roles_sur_financeur(acteur, tranche.demande.financeur)
        geste = _geste(acteur, tranche, versement, raisons) if est_mienne else ""
        return cls(tranche, versement, raisons, est_mienne, geste)

    @property
    def se_prepare(self) -> bool:
        return self.tranche.demande.financeur.paiement == Financeur.Paiement.PREPARE


def _geste(acteur: Acteur, tranche: Tranche, versement: Versement | None, raisons: list[str]) -> str:
    if versement is None:
        constate = tranche.demande.financeur.paiement == Financeur.Paiement.CONSTATE
        return "" if raisons else "constater" if constate else "preparer"
    if versement.etat == CERTIFIE:
        return "payer"
    return "certifier" if versement.prepare_par != acteur.utilisateur else ""


def _page(request: HttpRequest, onglet: str, gabarit: str, contexte: Any) -> HttpResponse:
    acteur = exiger(request.acteur, *AUTORITES)
    financeur = request.GET.get("financeur", "")
    suites = Suites(acteur, jour=timezone.localdate(), financeur=financeur)
    commun = {
        "onglet": onglet,
        "phrase": _phrase(suites.comptes(), paie=_ne_fait_que_payer(acteur)),
        "financeurs": _financeurs(acteur, request),
        "financeur": financeur,
    }
    return render(request, gabarit, commun | contexte(suites))


def _apres(request: HttpRequest, liste: str) -> str:
    """Le repère d'une liste de la page : chacune a le sien (« ?apres-notifier=… »)."""
    return request.GET.get(f"apres-{liste}", "")


def _ne_fait_que_payer(acteur: Acteur) -> bool:
    """Les finances : elles ne notifient, ne signent ni ne réclament ; leur page ne dit que leurs gestes."""
    return acteur.a(Role.FINANCES) and not acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AGENT_FINANCEUR)


PAYER = (
    ("a_certifier", "versement à certifier", "versements à certifier"),
    ("a_constater", "paiement à constater", "paiements à constater"),
    ("a_preparer", "versement à préparer", "versements à préparer"),
    ("bloques", "versement bloqué", "versements bloqués"),
)
SUIVRE = (
    ("a_notifier", "décision à notifier", "décisions à notifier"),
    ("a_signer", "convention à signer", "conventions à signer"),
    ("avenants", "avenant à suivre", "avenants à suivre"),
    ("renoncements", "renoncement à voter", "renoncements à voter"),
    *PAYER,
    ("a_valider", "bilan à valider", "bilans à valider"),
    ("en_retard", "bilan en retard", "bilans en retard"),
)


def _phrase(comptes: dict[str, Any], *, paie: bool) -> str:
    """« 3 conventions à signer, 11 versements à préparer (96 400,00 €), 4 bilans en retard. »"""
    morceaux = {
        cle: accord(comptes[cle], un, des) for cle, un, des in (PAYER if paie else SUIVRE) if comptes[cle]
    }
    if "a_preparer" in morceaux:
        morceaux["a_preparer"] += f" ({euros(comptes['total_a_preparer'])})"
    if morceaux:
        return f"{', '.join(morceaux.values())}."
    if paie:
        return "Rien à certifier, rien à payer."
    return "Rien à notifier, rien à signer, rien à payer, aucun bilan en retard."


def _financeurs(acteur: Acteur, request: HttpRequest) -> list[tuple[str, str]]:
    if not acteur.a(*_PILOTES):
        return []
    return list(request.territoire.financeurs.exclude(type="commune").values_list("code", "sigle"))


@require_safe
def tout(request: HttpRequest) -> HttpResponse:
    """`/suites/` : chaque volet décidé et son état, les derniers d'abord ; les finances, à payer."""
    if request.acteur and _ne_fait_que_payer(request.acteur) and request.GET.get("vue") != "tout":
        return a_payer(request)

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
        return {
            "a_notifier": a_notifier, "conventions": conventions,
            "changes": Page(
                suites.avenants_a_notifier(), "demande__dossier__numero", apres=_apres(request, "changes")
            ),
            "avenants": Page(
                suites.avenants_a_signer(), "demande__dossier__numero", apres=_apres(request, "avenants")
            ),
            "renoncements": Page(
                suites.renoncements(), "demande__dossier__numero", apres=_apres(request, "renoncements")
            ),
        }  # fmt: skip

    return _page(request, "a-signer", "espaces/suites_a_signer.html", lire)


@require_safe
def a_payer(request: HttpRequest) -> HttpResponse:
    """Chaque ligne dit ce qui la bloque, en mots, dans l'ordre où on le répare."""

    def lire(suites: Suites) -> dict[str, Any]:
        dues = suites.a_payer()
        cles = ("geste", "echeance", "demande__dossier__numero", "rang")
        gestes = {"geste": suites.geste()}
        tranches = Page(dues, *cles, apres=_apres(request, "versements"), annotees=gestes)
        lignes = [
            {
                "due": suites.dues[t.pk],
                "dossier": t.demande.dossier,
                "nom": nom_court(t),
                "jours": (t.echeance - suites.jour).days if t.echeance else None,
                "retard": (suites.jour - t.echeance).days if t.echeance else 0,
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
