"""Deux scénarios côte à côte : qui gagne, qui perd, de combien ; par financeur, pilier et quartier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ensemblier.appels.models import Appel
from ensemblier.dossiers.models import Ciblage, Demande, Dossier, DossierQuerySet
from ensemblier.noyau.montants import repartir
from ensemblier.programmation.calculs import ZERO
from ensemblier.programmation.models import Scenario
from ensemblier.programmation.scenarios import montants_de

HORS_QUARTIER = "Hors quartier"


@dataclass(slots=True)
class Ecart:
    """Une ligne de la comparaison : avant, après, et la différence."""

    libelle: str
    avant: Decimal = ZERO
    apres: Decimal = ZERO
    sous: str = ""
    numero: str = ""
    detail: list[tuple[str, Decimal]] = field(default_factory=list)

    @property
    def ecart(self) -> Decimal:
        return self.apres - self.avant

    @property
    def perte(self) -> Decimal:
        return -self.ecart

    def ajouter(self, avant: Decimal, apres: Decimal) -> None:
        self.avant += avant
        self.apres += apres


@dataclass(frozen=True, slots=True)
class Comparaison:
    """`dossiers` : ceux qui changent, le plus grand gain d'abord ; `groupes` : titre et lignes."""

    total: Ecart
    dossiers: list[Ecart]
    groupes: list[tuple[str, list[Ecart]]]

    @property
    def gagnants(self) -> int:
        return sum(e.ecart > 0 for e in self.dossiers)

    @property
    def perdants(self) -> int:
        return sum(e.ecart < 0 for e in self.dossiers)


def comparer(
    appel: Appel, dossiers: DossierQuerySet, avant: Scenario | None, apres: Scenario | None
) -> Comparaison:
    """Sur ces dossiers seulement (ceux que la personne lit) ; `None` : le tableau. Sept requêtes au plus."""
    lus = {d.pk: d for d in dossiers.select_related("organisme", "pilier").only(
        "numero", "intitule", "organisme__nom", "pilier__nom", "appel", "etat"
    )}  # fmt: skip
    deux = [montants_de(appel, s, dossiers.values("pk")) for s in (avant, apres)]
    volets = Demande.objects.filter(pk__in=deux[0].keys() | deux[1].keys(), dossier__in=lus)
    return _assembler(lus, volets.select_related("financeur").order_by("financeur__rang", "pk"), *deux)


def _assembler(
    lus: Mapping[int, Dossier],
    volets: Iterable[Demande],
    avant: Mapping[int, Decimal],
    apres: Mapping[int, Decimal],
) -> Comparaison:
    total = Ecart("Total")
    par_dossier = {pk: Ecart(d.organisme.nom, sous=d.intitule, numero=d.numero) for pk, d in lus.items()}
    par_financeur: dict[str, Ecart] = {}
    for v in volets:
        deux = avant.get(v.pk, ZERO), apres.get(v.pk, ZERO)
        siens = par_financeur.setdefault(v.financeur.sigle, Ecart(v.financeur.sigle))
        for ligne in (total, par_dossier[v.dossier_id], siens):
            ligne.ajouter(*deux)
        if deux[0] != deux[1]:
            par_dossier[v.dossier_id].detail.append((v.financeur.sigle, deux[1] - deux[0]))
    changent = [e for e in par_dossier.values() if e.detail]
    return Comparaison(
        total,
        sorted(changent, key=lambda e: (-e.ecart, e.numero)),
        [
            ("Par financeur", list(par_financeur.values())),
            ("Par pilier", _par_pilier(lus, par_dossier)),
            ("Par quartier", _par_quartier(par_dossier)),
        ],
    )


def _par_pilier(lus: Mapping[int, Dossier], par_dossier: Mapping[int, Ecart]) -> list[Ecart]:
    rendus: dict[str, Ecart] = {}
    for pk, d in lus.items():
        nom = d.pilier.nom if d.pilier else "Sans pilier"
        rendus.setdefault(nom, Ecart(nom)).ajouter(par_dossier[pk].avant, par_dossier[pk].apres)
    return [e for e in rendus.values() if e.avant or e.apres]


def _par_quartier(par_dossier: Mapping[int, Ecart]) -> list[Ecart]:
    """Une action sur plusieurs quartiers se partage en parts égales, au centime (§C.8)."""
    quartiers: dict[int, list[str]] = {}
    for pk, nom in Ciblage.objects.filter(dossier__in=par_dossier).values_list("dossier", "quartier__nom"):
        quartiers.setdefault(pk, []).append(nom)
    rendus: dict[str, Ecart] = {}
    for pk, e in par_dossier.items():
        noms = sorted(quartiers.get(pk, [HORS_QUARTIER]))
        egales = dict.fromkeys(noms, 1)
        avant, apres = (repartir(montant=m, poids=egales).parts for m in (e.avant, e.apres))
        for nom in noms:
            rendus.setdefault(nom, Ecart(nom)).ajouter(avant[nom], apres[nom])
    return sorted((e for e in rendus.values() if e.avant or e.apres), key=lambda e: (-e.ecart, e.libelle))
