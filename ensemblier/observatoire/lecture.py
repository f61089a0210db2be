"""Ce qui est décidé, compté : seulement les volets accordés par une délibération, jamais un refus (R60)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, QuerySet

from ensemblier.dossiers.models import Ciblage, Dossier
from ensemblier.interface.champs import somme
from ensemblier.interface.pages import Page
from ensemblier.noyau import packs
from ensemblier.programmation.models import Attribution
from ensemblier.territoires.models import Territoire


@dataclass
class Action:
    """Une action décidée : son porteur, ses quartiers, ce que chaque financeur a accordé."""

    numero: str
    intitule: str
    porteur: str
    exercice: int
    pilier: str = ""
    quartiers: list[tuple[str, str]] = field(default_factory=list)
    lignes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return sum((x["montant"] for x in self.lignes), Decimal(0))

    @property
    def le(self) -> date:
        """Le jour du dernier acte qui l'accorde."""
        return max(x["le"] for x in self.lignes)


@dataclass(frozen=True)
class Total:
    financeur: str
    nom: str
    montant: Decimal
    nombre: int
    commune: bool = False


def attributions(territoire: Territoire | None) -> QuerySet[Attribution]:
    """Les attributions en vigueur et non nulles de ce territoire."""
    return Attribution.objects.filter(remplacee_le=None, montant__gt=0, deliberation__territoire=territoire)


def filtrer(
    lignes: QuerySet[Attribution],
    *,
    annee: str = "",
    financeur: str = "",
    pilier: str = "",
    quartier: str = "",
) -> QuerySet[Attribution]:
    """Les filtres de la page, cumulés ; une valeur vide ne filtre rien."""
    if annee.isdecimal() and len(annee) == 4:
        lignes = lignes.filter(demande__dossier__appel__exercice=int(annee))
    if financeur:
        lignes = lignes.filter(demande__financeur__code=financeur)
    if pilier:
        lignes = lignes.filter(demande__dossier__pilier__code=pilier)
    if quartier:
        vises = Ciblage.objects.filter(quartier__code=quartier).values("dossier")
        lignes = lignes.filter(demande__dossier__in=vises)
    return lignes


def totaux(lignes: QuerySet[Attribution]) -> list[Total]:
    """Ce que chaque financeur a accordé, et sur combien d'actions ; les plus gros d'abord."""
    valeurs = lignes.values_list(
        "demande__financeur__code", "demande__financeur__nom", "demande__financeur__type", "montant",
        "demande__dossier_id",
    )  # fmt: skip
    montants: dict[tuple[str, str, str], Decimal] = {}
    actions: dict[tuple[str, str, str], set[int]] = {}
    for *cle, montant, dossier in valeurs:
        qui = tuple(cle)
        montants[qui] = montants.get(qui, Decimal(0)) + montant
        actions.setdefault(qui, set()).add(dossier)
    rendus = [
        Total(code, nom, montant, len(actions[code, nom, genre]), genre == "commune")
        for (code, nom, genre), montant in montants.items()
    ]
    return sorted(rendus, key=lambda t: (-t.montant, t.nom))


def en_briques(totaux: Iterable[Total]) -> list[dict[str, Any]]:
    """Une brique par financeur, les communes n'en font qu'une ; les plus grosses d'abord."""
    communes = [t for t in totaux if t.commune]
    seuls = [t for t in totaux if not t.commune]
    if len(communes) > 1:
        ensemble = sum((t.montant for t in communes), Decimal(0))
        communes = [Total("COMMUNES", f"Communes ({len(communes)})", ensemble, 0)]
    return [
        {"financeur": t.financeur, "libelle": t.nom, "montant": t.montant, "statut": "vote"}
        for t in sorted((*seuls, *communes), key=lambda t: -t.montant)
    ]


def page_d_actions(lignes: QuerySet[Attribution], *, apres: str = "") -> Page:
    """Cinquante dossiers décidés, le dernier numéro d'abord."""
    decides = Dossier.objects.filter(pk__in=lignes.order_by().values("demande__dossier")).only("pk")
    return Page(decides, "-numero", apres=apres)


def actions(lignes: QuerySet[Attribution], page: Iterable[Dossier]) -> list[Action]:
    """Les actions d'une page, ou de tout un appel : deux requêtes, toujours."""
    voulus = [d.pk for d in page]
    rendues: dict[int, Action] = {}
    detail = lignes.filter(demande__dossier__in=voulus).select_related(
        "demande__financeur",
        "demande__dossier__organisme",
        "demande__dossier__appel",
        "deliberation",
        "demande__dossier__pilier",
    )
    for ligne in detail.order_by("demande__financeur__rang"):
        dossier = ligne.demande.dossier
        action = rendues.setdefault(
            dossier.pk,
            Action(
                dossier.numero,
                dossier.intitule,
                dossier.organisme.nom,
                dossier.appel.exercice,
                dossier.pilier.nom if dossier.pilier else "",
            ),
        )
        action.lignes.append(
            {
                "financeur": ligne.demande.financeur.code,
                "libelle": ligne.demande.financeur.sigle,
                "nom": ligne.demande.financeur.nom,
                "montant": ligne.montant,
                "statut": "vote",
                "acte": ligne.deliberation.numero,
                "le": ligne.deliberation.le,
            }
        )
    vises = Ciblage.objects.filter(dossier__in=voulus).values_list(
        "dossier_id", "quartier__code", "quartier__nom"
    )
    for dossier_id, code, nom in vises.order_by("quartier__nom"):
        if dossier_id in rendues:
            rendues[dossier_id].quartiers.append((code, nom))
    return [rendues[pk] for pk in voulus if pk in rendues]


def dernieres(lignes: QuerySet[Attribution], combien: int = 3) -> list[Action]:
    """Les dernières actions décidées, la plus récente d'abord ; trois requêtes."""
    recentes = (
        lignes.order_by()
        .values_list("demande__dossier", "demande__dossier__numero")
        .annotate(le=Max("deliberation__le"))
        .order_by("-le", "-demande__dossier__numero")[:combien]
    )
    return actions(lignes, [Dossier(pk=pk) for pk, _, _ in recentes])


@dataclass(frozen=True)
class ParAppel:
    """Ce qui est décidé dans un appel, et où en lire la programmation."""

    code: str
    titre: str
    montant: Decimal
    nombre: int


def par_appel(lignes: QuerySet[Attribution]) -> list[ParAppel]:
    """Ce que chaque appel a donné, le dernier exercice d'abord ; une requête."""
    sommes = (
        lignes.order_by()
        .values_list("demande__dossier__appel__code", "demande__dossier__appel__titre")
        .annotate(montant=somme("montant"), nombre=Count("demande__dossier", distinct=True))
        .order_by("-demande__dossier__appel__exercice", "demande__dossier__appel__titre")
    )
    return [ParAppel(*x) for x in sommes]


@dataclass(frozen=True)
class Annonce:
    """Un total publié et la somme de ses parts : les deux sont montrés, l'écart aussi (R79, S65)."""

    annee: int
    total: Decimal
    somme: Decimal
    parts: tuple[Any, ...]
    source: Any

    @property
    def ecart(self) -> Decimal:
        return self.somme - self.total


def annonces(pack: packs.Territoire) -> list[Annonce]:
    return [
        Annonce(c.annee, c.total, sum((p.montant for p in c.parts), Decimal(0)), c.parts, c.source)
        for c in pack.chiffres
    ]


def nombre_d_actions(territoire: Territoire | None) -> int:
    return attributions(territoire).values("demande__dossier").distinct().count()


def choix(territoire: Territoire) -> dict[str, list[tuple[str, str]]]:
    """Ce que chaque filtre propose : seulement ce qui donne au moins une action."""
    lignes = attributions(territoire)
    annees = lignes.values_list("demande__dossier__appel__exercice", flat=True).distinct()
    financeurs = lignes.values_list("demande__financeur__code", "demande__financeur__nom").distinct()
    vises = Ciblage.objects.filter(dossier__in=lignes.values("demande__dossier"))
    return {
        "annee": [(str(a), str(a)) for a in sorted(set(annees), reverse=True)],
        "financeur": sorted(set(financeurs), key=lambda x: x[1]),
        "pilier": list(territoire.piliers.values_list("code", "nom")),
        "quartier": sorted(set(vises.values_list("quartier__code", "quartier__nom")), key=lambda x: x[1]),
    }
