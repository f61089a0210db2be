"""La liste de travail de l'agent (É9) : ce qui l'attend, ce qui est en retard ; requêtes constantes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Count, DateField, Exists, OuterRef, Q, Subquery, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import exiger
from ensemblier.dossiers.etats import A_COMPLETER, ABANDONNEE, BROUILLON, DOSSIER
from ensemblier.dossiers.models import Ciblage, Demande, Dossier, DossierQuerySet
from ensemblier.espaces.tableaux import A_INSTRUIRE
from ensemblier.instruction.attentes import Attente, attentes, reunir
from ensemblier.instruction.examen import echeances_d_instruction
from ensemblier.instruction.lecture import AUTORITES
from ensemblier.instruction.models import Avis, Complement
from ensemblier.interface.formats import ordre
from ensemblier.interface.pages import Page
from ensemblier.noyau.machine import Acteur, Role

ECHEANCE = "echeance"
TRIS = {
    ECHEANCE: ("Les plus en retard d'abord", (ECHEANCE, "-depose_le")),
    "-depot": ("Dernier dépôt d'abord", ("-depose_le",)),
    "depot": ("Premier dépôt d'abord", ("depose_le",)),
    "-demande": ("Plus grosse demande d'abord", ("-demande_totale",)),
    "porteur": ("Par porteur", ("organisme__nom", "numero")),
    "numero": ("Par numéro", ("numero",)),
}
A_FAIRE, EN_RETARD, TOUT = "a-faire", "en-retard", "tout"
ETATS = tuple((code, agent) for code, (_, agent) in DOSSIER.etats.items() if code != BROUILLON)


@dataclass(frozen=True, slots=True)
class Ligne:
    """Une ligne de la liste ; `retard` compte les jours passés depuis l'échéance."""

    dossier: Dossier
    attente: str
    echeance: date | None
    retard: int
    demande: Decimal | None
    avis: str


@require_safe
def liste(request: HttpRequest) -> HttpResponse:
    """`/instruction/` : la phrase, les filtres, cinquante lignes, « Suivants »."""
    acteur = exiger(request.acteur, *AUTORITES)
    jour = timezone.localdate()
    visibles = Dossier.objects.a_juger_par(acteur).deposes()
    siennes = attentes(acteur, jour=jour)
    a_faire, en_retard = reunir([a.condition for a in siennes]), reunir([a.retard for a in siennes])
    vue = _vue(request.GET.get("vue", ""), siennes)
    filtre = _filtre(request.GET)
    condition = filtre & {A_FAIRE: a_faire, EN_RETARD: en_retard, TOUT: Q()}[vue]
    comptes = visibles.aggregate(
        a_faire=Count("pk", filter=a_faire),
        en_retard=Count("pk", filter=en_retard),
        tout=Count("pk"),
        filtres=Count("pk", filter=condition),
    )
    tri = request.GET.get("tri", "")
    tri = tri if tri in TRIS else ECHEANCE if siennes else "-depot"
    legende, cles = TRIS[tri]
    echeances = _echeances(request, siennes)
    page = _page(visibles.filter(condition), siennes, cles, request.GET.get("apres", ""), echeances)
    filtres = _choix(request)
    contexte = {
        "colonnes": A_INSTRUIRE,
        "tris": [(code, mot) for code, (mot, _) in TRIS.items()],
        "tri": tri,
        "legende": legende,
        "lignes": _lignes(page.lignes, acteur, siennes, jour),
        "comptes": comptes,
        "vue": vue,
        "a_des_attentes": bool(siennes),
        "suivant": _adresse(request, apres=page.suivant) if page.suivant else "",
        "filtres": filtres,
        "actifs": _actifs(request, filtres),
    }
    return render(request, "espaces/a_instruire.html", contexte)


def _vue(voulue: str, siennes: list[Attente]) -> str:
    if voulue in (A_FAIRE, EN_RETARD, TOUT):
        return voulue
    return A_FAIRE if siennes else TOUT


def _filtre(dits: Mapping[str, str]) -> Q:
    """Les filtres de l'adresse : état, appel, financeur, commune, mots ; un code inconnu ne trouve rien."""
    filtre = Q()
    if etat := dits.get("etat"):
        filtre &= Q(etat=etat)
    if appel := dits.get("appel"):
        filtre &= Q(appel__code=appel)
    if financeur := dits.get("financeur"):
        sollicites = Demande.objects.filter(dossier=OuterRef("pk"), financeur__code=financeur)
        filtre &= Q(Exists(sollicites.exclude(etat=ABANDONNEE)))
    if commune := dits.get("commune"):
        filtre &= Q(Exists(Ciblage.objects.filter(dossier=OuterRef("pk"), communes__code=commune)))
    if mots := dits.get("q", "").strip()[:80]:
        filtre &= Q(numero__icontains=mots) | Q(intitule__icontains=mots) | Q(organisme__nom__icontains=mots)
    return filtre


def _echeances(request: HttpRequest, siennes: list[Attente]) -> Case:
    """Avant quand : la réponse du porteur s'il complète, la fin de l'instruction si l'acteur est attendu."""
    appels = Appel.objects.filter(territoire=request.territoire).values("pk")
    instruction = [When(appel=cle, then=Value(fin)) for cle, fin in echeances_d_instruction(appels).items()]
    ouverts = Complement.objects.ouverts().filter(dossier=OuterRef("pk")).order_by("-pk")
    return Case(
        When(etat=A_COMPLETER, then=Subquery(ouverts.values("echeance")[:1])),
        When(reunir([a.condition for a in siennes]), then=Case(*instruction, output_field=DateField())),
        output_field=DateField(),
    )


def _page(
    dossiers: DossierQuerySet, siennes: list[Attente], cles: tuple[str, ...], apres: str, echeances: Case
) -> Page:
    """Cinquante dossiers, avec ce que chacun attend de la personne."""
    annotees = {f"attente_{rang}": a.condition for rang, a in enumerate(siennes)}
    lus = dossiers.annotate(**annotees).select_related("appel", "organisme")
    lourdes = (
        "fiche_figee",
        "rapport_fige",
        "accuse_contenu",
        "description",
        "appel__projet",
        "appel__chapo",
    )
    return Page(lus.defer(*lourdes), *cles, apres=apres, annotees={ECHEANCE: echeances})


def _adresse(request: HttpRequest, **change: str) -> str:
    dits = {cle: valeur for cle, valeur in request.GET.items() if valeur} | change
    return f"?{urlencode({cle: valeur for cle, valeur in dits.items() if valeur})}"


def _lignes(page: list[Dossier], acteur: Acteur, siennes: list[Attente], jour: date) -> list[Ligne]:
    """Deux requêtes groupées pour la page : volets et avis."""
    cles = [d.pk for d in page]
    volets: dict[int, list[Demande]] = {}
    sollicites = Demande.objects.filter(dossier__in=cles).exclude(etat=ABANDONNEE)
    for v in sollicites.select_related("financeur__commune"):
        volets.setdefault(v.dossier_id, []).append(v)
    donnes: dict[int, set[int]] = {}
    for dossier, financeur in Avis.objects.filter(dossier__in=cles).values_list("dossier_id", "financeur_id"):
        donnes.setdefault(dossier, set()).add(financeur)
    return [_ligne(d, acteur, siennes, jour, volets.get(d.pk, []), donnes.get(d.pk, set())) for d in page]


def _ligne(
    dossier: Dossier,
    acteur: Acteur,
    siennes: list[Attente],
    jour: date,
    volets: list[Demande],
    donnes: set[int],
) -> Ligne:
    phrases = [a.phrase for rang, a in enumerate(siennes) if getattr(dossier, f"attente_{rang}")]
    echeance: date | None = getattr(dossier, ECHEANCE)
    attente = " · ".join(dict.fromkeys(phrases))
    if dossier.etat == A_COMPLETER and echeance:
        attente = attente or "Réponse du porteur"
    sollicites = {v.financeur_id for v in volets}
    retard = (jour - echeance).days if echeance and phrases else 0
    return Ligne(
        dossier,
        attente,
        echeance,
        max(retard, 0),
        _montant(acteur, volets),
        f"{len(sollicites & donnes)} sur {len(sollicites)}",
    )


def _montant(acteur: Acteur, volets: list[Demande]) -> Decimal | None:
    """Ce qui est demandé à sa ligne ; pour le service et l'audit, à tous."""
    codes = {d.financeur for d in acteur.perimetres(Role.AGENT_FINANCEUR)}
    communes = {d.commune for d in acteur.perimetres(Role.REFERENT_COMMUNAL)}
    if acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR) or not (codes or communes):
        siens = volets
    else:
        siens = [
            v
            for v in volets
            if v.financeur.code in codes or (v.financeur.commune and v.financeur.commune.code in communes)
        ]
    return sum((v.demande for v in siens), Decimal("0.00")) if siens else None


def _choix(request: HttpRequest) -> list[dict[str, Any]]:
    """Les listes des filtres ; les lieux et les financeurs viennent du pack, gardé en mémoire.

    Les communes sont celles qu'un dossier peut viser : celles des quartiers, et elles seules.
    """
    pack = request.territoire.pack()
    visees = {code for q in pack.quartiers for code in q.communes}
    communes = sorted(((c.code, c.nom) for c in pack.communes if c.code in visees), key=lambda c: ordre(c[1]))
    appels = Appel.objects.filter(territoire=request.territoire).publies()
    listes = (
        ("etat", "État", ETATS),
        ("appel", "Appel", tuple(appels.values_list("code", "titre_court"))),
        ("financeur", "Financeur", tuple((f.code, f.sigle) for f in pack.financeurs)),
        ("commune", "Commune", tuple(communes)),
    )
    return [
        {"nom": nom, "libelle": libelle, "choix": choix, "valeur": request.GET.get(nom, "")}
        for nom, libelle, choix in listes
    ]


def _actifs(request: HttpRequest, filtres: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Chaque filtre posé, en mots, avec l'adresse qui l'ôte."""
    mots = {f["nom"]: dict(f["choix"]) for f in filtres}
    rendus = []
    for nom in ("etat", "appel", "financeur", "commune", "q"):
        if valeur := request.GET.get(nom):
            mot = mots.get(nom, {}).get(valeur, valeur)
            rendus.append((mot, _adresse(request, **{nom: "", "apres": ""})))
    return rendus


urlpatterns = [path("instruction/", liste, name="instruction")]
