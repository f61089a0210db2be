"""Ce qui entoure les montants d'une ligne du tableau : lieux, thèmes, ressources, et ce qui cloche.

Chaque relevé est une requête pour toutes les lignes ; les règles d'argent sont celles de `noyau` (K3 à K6).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ensemblier.dossiers.etats import PERDUS
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import (
    Ciblage,
    ContactCommune,
    Critere,
    Demande,
    Dossier,
    LigneDeBudget,
    Obligation,
)
from ensemblier.interface.champs import somme
from ensemblier.interface.formats import euros_ronds, pourcent
from ensemblier.noyau import montants, packs
from ensemblier.programmation.calculs import ZERO
from ensemblier.programmation.lecture import AUCUNE, UNE, Cellule, Ligne


@dataclass(slots=True)
class Releve:
    """Ce qu'une ligne montre à côté de ses montants ; les listes sont déjà des mots."""

    themes: list[str] = field(default_factory=list)
    quartiers: list[str] = field(default_factory=list)
    communes: list[str] = field(default_factory=list)
    accorde_avant: Decimal | None = None
    charges: dict[str, Decimal] = field(default_factory=dict)
    produits: dict[str, Decimal] = field(default_factory=dict)
    """Les ressources hors subventions, sans le compte 87."""
    subventions: dict[str, Decimal] = field(default_factory=dict)
    """Compte 74, par financeur, tel que déclaré."""
    sans_contact: list[str] = field(default_factory=list)
    bilans: list[int] = field(default_factory=list)
    criteres: int = 0
    alertes: list[str] = field(default_factory=list)
    genres: frozenset[str] = frozenset()
    """Ceux de ses alertes (`lecture.ALERTES`)."""
    note: Decimal | None = None

    @property
    def autres(self) -> Decimal:
        """Fonds propres, ventes et autres ressources qui ne sont pas des subventions."""
        return sum(self.produits.values(), ZERO)


def completer(lignes: Sequence[Ligne], *, jour: date) -> None:
    """Pose `ligne.releve` sur chaque ligne ; neuf requêtes, quel que soit leur nombre."""
    par_dossier = {ligne.dossier.pk: Releve() for ligne in lignes}
    _lieux(par_dossier)
    _themes(par_dossier)
    _budget(par_dossier)
    _avant(lignes, par_dossier)
    _bilans(lignes, par_dossier, jour)
    valides = Critere.objects.filter(dossier__in=par_dossier, est_valide=True)
    for dossier in valides.values_list("dossier", flat=True):
        par_dossier[dossier].criteres += 1
    for ligne in lignes:
        ligne.releve = par_dossier[ligne.dossier.pk]
        dites = [*alertes(ligne)]
        ligne.releve.alertes = [phrase for _, phrase in dites]
        ligne.releve.genres = frozenset(genre for genre, _ in dites)


def porte(ligne: Ligne, alerte: str) -> bool:
    """Une alerte de ce genre, une quelconque, ou aucune ; un genre inconnu ne se porte pas."""
    genres = ligne.releve.genres
    return bool(genres) if alerte == UNE else not genres if alerte == AUCUNE else alerte in genres


def _lieux(par_dossier: dict[int, Releve]) -> None:
    lus = Ciblage.objects.filter(dossier__in=par_dossier)
    for dossier, nom in lus.values_list("dossier", "quartier__nom").order_by("quartier__nom"):
        par_dossier[dossier].quartiers.append(nom)
    pris = set(ContactCommune.objects.filter(dossier__in=par_dossier).values_list("dossier", "commune"))
    villes = lus.values_list("dossier", "communes", "communes__nom", "communes__est_membre")
    for dossier, cle, nom, est_membre in villes.order_by("communes__nom").distinct():
        if cle is None:
            continue
        par_dossier[dossier].communes.append(nom)
        if est_membre and (dossier, cle) not in pris:
            par_dossier[dossier].sans_contact.append(nom)


def _themes(par_dossier: dict[int, Releve]) -> None:
    liens = Dossier.thematiques.through.objects.filter(dossier__in=par_dossier)
    for dossier, libelle in liens.values_list("dossier", "thematique__nom").order_by("thematique"):
        par_dossier[dossier].themes.append(libelle)


def _budget(par_dossier: dict[int, Releve]) -> None:
    lignes = LigneDeBudget.objects.filter(dossier__in=par_dossier)
    for dossier, sens, compte, code, montant in lignes.values_list(
        "dossier", "sens", "compte", "financeur__code", "montant"
    ):
        releve = par_dossier[dossier]
        if sens == LigneDeBudget.Sens.CHARGE:
            releve.charges[compte] = montant
        elif code or compte.startswith("74:"):
            releve.subventions[code or compte.partition(":")[2]] = montant
        elif not compte.startswith("87"):
            releve.produits[compte] = montant


def _avant(lignes: Sequence[Ligne], par_dossier: dict[int, Releve]) -> None:
    """Ce que l'action dont celle-ci est la suite avait reçu, tous financeurs ensemble."""
    suites = {x.dossier.suite_de_id: x.dossier.pk for x in lignes if x.dossier.suite_de_id}
    votes = Demande.objects.filter(dossier__in=suites, vote__isnull=False)
    for avant, total in votes.values_list("dossier").annotate(total=somme("vote")):
        par_dossier[suites[avant]].accorde_avant = total


def _bilans(lignes: Sequence[Ligne], par_dossier: dict[int, Releve], jour: date) -> None:
    """Les comptes rendus échus, ni rendus ni dispensés, du même organisme dans le même territoire (B5)."""
    dus: dict[tuple[int, int], list[int]] = defaultdict(list)
    echus = Obligation.objects.filter(
        organisme__in={x.dossier.organisme_id for x in lignes}, echeance__lt=jour, satisfaite_le=None,
        dispensee_le=None,
    )  # fmt: skip
    for organisme, territoire, exercice in echus.values_list("organisme", "territoire", "exercice"):
        dus[organisme, territoire].append(exercice)
    for ligne in lignes:
        cle = (ligne.dossier.organisme_id, ligne.dossier.territoire_id)
        par_dossier[ligne.dossier.pk].bilans = sorted(set(dus.get(cle, ())))


def alertes(ligne: Ligne) -> Iterator[tuple[str, str]]:
    """Chaque marque de la ligne : son genre, une phrase courte qui porte ses nombres ; rien si tout va."""
    regles, releve = reglement_de(ligne.dossier), ligne.releve
    base = montants.assiette(charges=releve.charges)
    plafond = _plafond(regles, ligne)
    for cellule in (c for cellules in ligne.colonnes.values() for c in cellules):
        if cellule.volet.etat not in PERDUS:
            est_plafonne = cellule.volet.financeur.code == regles.financement.financeur
            yield from _du_volet(cellule, plafond if est_plafonne else None, base, releve)
    yield from _du_total(ligne)
    if _demande_le_droit_commun(regles) and not ligne.dossier.droit_commun.strip():
        yield "droit_commun", "Droit commun : rien n'est dit"
    if releve.sans_contact and _demande_le_contact(regles, ligne):
        yield "contact", f"Contact manquant : {', '.join(releve.sans_contact)}"
    if releve.bilans:
        yield "bilan", f"Bilan {', '.join(map(str, releve.bilans))} non rendu"


def _plafond(regles: packs.Appel, ligne: Ligne) -> Decimal | None:
    cadre = regles.financement
    if cadre.taux_base is None:
        return None
    taux = montants.taux_applicable(
        taux_jury=ligne.dossier.taux_retenu, criteres_valides=ligne.releve.criteres,
        taux_base=cadre.taux_base, requis=cadre.criteres_requis,
        taux_max=cadre.taux_max if cadre.taux_max is not None else cadre.taux_base,
    )  # fmt: skip
    return montants.plafonner(charges=ligne.releve.charges, taux=taux.valeur).montant


def _du_volet(
    cellule: Cellule, plafond: Decimal | None, base: Decimal, releve: Releve
) -> Iterator[tuple[str, str]]:
    """Au-dessus du plafond (K5) ou du besoin (K6) : ce qui est accordé, à défaut ce qui est demandé."""
    volet = cellule.volet
    montant = volet.demande if cellule.montant is None else cellule.montant
    qui = volet.financeur.sigle
    if plafond is not None and montant > plafond:
        yield "plafond", f"{qui} : {euros_ronds(montant)}, au-dessus du plafond ({euros_ronds(plafond)})"
    autres = sum((m for code, m in releve.subventions.items() if code != volet.financeur.code), releve.autres)
    besoin = max(base - autres, ZERO)
    if base and montant > besoin:
        yield "besoin", f"{qui} : {euros_ronds(montant)}, au-dessus du besoin ({euros_ronds(besoin)})"


def _du_total(ligne: Ligne) -> Iterator[tuple[str, str]]:
    """S41 : les financements de l'appel, et ceux déclarés ailleurs, face au coût."""
    siens = {c.volet.financeur.code for cs in ligne.colonnes.values() for c in cs}
    ailleurs = sum((m for code, m in ligne.releve.subventions.items() if code not in siens), ZERO)
    total, cout = ligne.total + ailleurs, ligne.dossier.cout_total
    if cout and total > cout:
        de_trop = f"{euros_ronds(total - cout)} de trop"
        yield "total", f"Financé à {pourcent(total / cout, Decimal(1))} du coût, {de_trop}"


def _demande_le_droit_commun(regles: packs.Appel) -> bool:
    return any("action.droit_commun" in regle.champs for regle in regles.regles)


def _demande_le_contact(regles: packs.Appel, ligne: Ligne) -> bool:
    """L'appel le demande à ce type de porteur."""
    for regle in regles.regles:
        if regle.genre == "contact_communal":
            porteurs = regle.condition.porteurs if regle.condition else ()
            return not porteurs or ligne.dossier.organisme.type in porteurs
    return False
