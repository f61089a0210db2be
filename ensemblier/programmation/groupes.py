"""Le tableau groupé par pilier, thématique, quartier ou commune : l'ordre des lignes et leurs sous-totaux.

Une action qui vise deux quartiers compte une fois, dans « plusieurs quartiers » : la somme reste le total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ensemblier.dossiers.etats import ABANDONNEE, PERDUS
from ensemblier.dossiers.models import Ciblage, Demande, Dossier, DossierQuerySet
from ensemblier.interface.formats import ordre
from ensemblier.programmation.calculs import ZERO
from ensemblier.programmation.lecture import COMMUNES, Somme

PAR = {
    "pilier": ("Pilier", "Sans pilier", ""),
    "theme": ("Thématique", "Sans thématique", "Plusieurs thématiques"),
    "qpv": ("Quartier", "Sans quartier", "Plusieurs quartiers"),
    "commune": ("Commune", "Sans commune", "Plusieurs communes"),
}


@dataclass(slots=True)
class Groupe:
    """Les dossiers d'une valeur, et ce qu'ils demandent et reçoivent par colonne de financeur."""

    cle: str
    libelle: str
    dossiers: list[int] = field(default_factory=list)
    cout: Decimal = ZERO
    sommes: dict[str, Somme] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        return sum((s.attribue for s in self.sommes.values()), ZERO)


def grouper(
    dossiers: DossierQuerySet, par: str, montants: Mapping[int, Decimal] | None = None
) -> list[Groupe]:
    """Les groupes dans l'ordre de leur nom, « sans » et « plusieurs » à la fin ; trois requêtes.

    `montants` : par volet, ceux d'un scénario, à la place du proposé et du voté.
    """
    _, sans, plusieurs = PAR[par]
    valeurs = _valeurs(dossiers, par)
    rendus: dict[str, Groupe] = {}
    places: dict[int, Groupe] = {}
    for pk, cout in dossiers.order_by("numero").values_list("pk", "cout_total"):
        noms = sorted(valeurs.get(pk, ()))
        nom = sans if not noms else noms[0] if len(noms) == 1 else plusieurs
        groupe = places[pk] = rendus.setdefault(nom, Groupe(f"g{len(rendus)}", nom))
        groupe.dossiers.append(pk)
        groupe.cout += cout
    _sommer(dossiers, places, montants)
    return sorted(rendus.values(), key=lambda g: (g.libelle in (sans, plusieurs), ordre(g.libelle)))


def _valeurs(dossiers: DossierQuerySet, par: str) -> dict[int, set[str]]:
    siens = dossiers.values("pk")
    if par == "pilier":
        lus = dossiers.values_list("pk", "pilier__nom")
    elif par == "theme":
        liens = Dossier.thematiques.through.objects.filter(dossier__in=siens)
        lus = liens.values_list("dossier", "thematique__nom")
    else:
        champ = "quartier__nom" if par == "qpv" else "communes__nom"
        lus = Ciblage.objects.filter(dossier__in=siens).values_list("dossier", champ)
    rendues: dict[int, set[str]] = defaultdict(set)
    for pk, nom in lus.order_by():
        if nom:
            rendues[pk].add(nom)
    return rendues


def _sommer(
    dossiers: DossierQuerySet, places: dict[int, Groupe], montants: Mapping[int, Decimal] | None
) -> None:
    volets = Demande.objects.filter(dossier__in=dossiers.values("pk")).exclude(etat=ABANDONNEE).order_by()
    for volet, pk, code, genre, etat, demande, propose, vote in volets.values_list(
        "pk", "dossier", "financeur__code", "financeur__type", "etat", "demande", "propose", "vote"
    ):
        if pk not in places:
            continue
        apport = ZERO if etat in PERDUS else vote if vote is not None else propose or ZERO
        if montants is not None:
            apport = montants.get(volet, ZERO)
        cle = COMMUNES if genre == "commune" else code
        places[pk].sommes.setdefault(cle, Somme()).ajouter(
            Somme(demande, propose or ZERO, vote or ZERO, apport)
        )
