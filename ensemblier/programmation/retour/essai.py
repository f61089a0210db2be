"""Essayer un tableau relu, puis l'appliquer : le même acte que la grille, défait ou gardé, tout ou rien."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from django.db import transaction

from ensemblier.appels.models import Appel
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation.actes import CasesTenues
from ensemblier.programmation.calculs import ZERO
from ensemblier.programmation.lecture import Somme, dossiers_de, sommes
from ensemblier.programmation.models import CaseRelue, Enveloppe, Retour
from ensemblier.programmation.retour import correspondance
from ensemblier.programmation.retour.lecture import CaseLue, relire
from ensemblier.programmation.saisie import (
    INCHANGEE,
    CaseRefusee,
    ecrire_le_montant,
    exiger_sa_colonne,
    volets_a_ecrire,
)
from ensemblier.registre.actes import ActeBloque, verrouiller_dans_l_ordre
from ensemblier.registre.fichiers import octets_de
from ensemblier.territoires.models import Financeur

ISSUE = CaseRelue.Issue
Avance = Callable[[int, int], None]
LOT, A_LA_FOIS = 500, 100
GRAVITE = {ISSUE.CONFLIT: 0, ISSUE.REFUSEE: 1, ISSUE.BONNE: 2, ISSUE.PAREILLE: 3}
"""Ce qui demande une personne se lit d'abord."""
RELIRE = "Rien n'est écrit. Relisez le nouvel essai, puis appliquez-le."


class EssaiDepasse(ActeBloque):
    """Ce qui a été montré n'est plus ce qui s'écrirait : rien ne l'est, et l'essai est refait."""


@dataclass(frozen=True, slots=True)
class _Pas:
    """Une case lisible et son volet, lu légèrement : de quoi l'ordonner, pas de quoi l'écrire."""

    case: CaseRelue
    volet: Demande

    @property
    def hausse(self) -> Decimal:
        return (self.case.apres or ZERO) - (self.volet.propose or ZERO)


def essayer(
    retour: Retour,
    *,
    par: Acteur,
    le: datetime,
    avance: Avance = lambda _fait, _total: None,
) -> None:
    """Relit le fichier gardé, joue chaque case puis défait tout ; garde ce que chacune deviendrait.

    Quelques dossiers à la fois : un dossier ne dépend que de ses propres cases, et personne n'attend
    longtemps leurs verrous. `avance(fait, total)` s'appelle entre deux, hors de toute transaction. Lève
    `FichierRefuse` si le fichier ne se relit pas.
    """
    cases = lire_les_cases(retour, par)
    pas = _viser(retour.appel, cases, par)
    fait = 0
    for lot in _par_dossiers(pas):
        with transaction.atomic():
            _jouer(retour, lot, par=par, le=le)
            transaction.set_rollback(True)
        fait += len(lot)
        avance(fait, len(pas))
    garder(retour, cases, le=le)


def _par_dossiers(pas: Sequence[_Pas]) -> Iterator[list[_Pas]]:
    """Des lots d'une centaine de cases, où chaque dossier est entier."""
    lot: list[_Pas] = []
    for _, siens in groupby(sorted(pas, key=lambda p: p.volet.dossier_id), key=lambda p: p.volet.dossier_id):
        lot += siens
        if len(lot) >= A_LA_FOIS:
            yield lot
            lot = []
    if lot:
        yield lot


def lire_les_cases(retour: Retour, par: Acteur) -> list[CaseRelue]:
    """Ce que dit le fichier gardé, pas encore essayé ; lève `FichierRefuse` s'il ne se relit pas."""
    octets = octets_de(retour.fichier)
    if retour.colonnes:
        return correspondance.cases(retour, octets, par)
    appel = retour.appel
    return [_case(retour, x) for x in relire(octets, territoire=appel.territoire.code, appel=appel.code)]


def _case(retour: Retour, lue: CaseLue) -> CaseRelue:
    return CaseRelue(
        retour=retour, lieu=lue.lieu, numero=lue.numero, demande_id=lue.volet, version=lue.version,
        apres=lue.montant, saisie=lue.saisie, issue=ISSUE.REFUSEE if lue.faute else "", phrase=lue.faute,
    )  # fmt: skip


@transaction.atomic
def garder(retour: Retour, cases: Iterable[CaseRelue], *, le: datetime) -> None:
    """L'essai remplace le précédent et change de numéro : on n'applique que celui qu'on a lu.

    Un tableau appliqué entre-temps garde l'essai qui le fut.
    """
    tenu = Retour.objects.select_for_update(of=("self",)).get(pk=retour.pk)
    if tenu.applique_le is None:
        ordonnees = sorted(cases, key=lambda c: GRAVITE[ISSUE(c.issue)])
        for rang, case in enumerate(ordonnees, start=1):
            case.rang = rang
        tenu.cases.all().delete()
        CaseRelue.objects.bulk_create(ordonnees, batch_size=LOT)
        tenu.essais, tenu.essaye_le = tenu.essais + 1, le
        tenu.save(update_fields=("essais", "essaye_le"))
    retour.essais, retour.essaye_le, retour.applique_le = tenu.essais, tenu.essaye_le, tenu.applique_le


def _viser(appel: Appel, cases: Sequence[CaseRelue], par: Acteur) -> list[_Pas]:
    """Le volet de chaque case lisible ; les autres disent déjà pourquoi elles ne s'écriront pas."""
    dossiers = dossiers_de(par, appel).values("pk")
    cles = sorted({c.demande_id for c in cases if c.demande_id})
    volets: dict[int, Demande] = {}
    for debut in range(0, len(cles), LOT):
        lus = Demande.objects.filter(pk__in=cles[debut : debut + LOT], dossier__in=dossiers)
        volets |= {v.pk: v for v in lus.select_related("financeur__commune")}
    pas = []
    for case in cases:
        volet = volets.get(case.demande_id) if case.demande_id else None
        if volet is None:
            _hors_de_la_liste(case)
            continue
        _situer(case, volet)
        if not case.phrase:
            pas.append(_Pas(case, volet))
    return pas


def _situer(case: CaseRelue, volet: Demande) -> None:
    case.financeur = volet.financeur
    case.avant = volet.vote if volet.vote is not None else volet.propose


def _hors_de_la_liste(case: CaseRelue) -> None:
    """Un volet que la personne ne lit pas, ou plus, n'existe pas pour elle."""
    case.demande_id, case.issue = None, ISSUE.REFUSEE
    case.phrase = case.phrase or f"Cette case n'est plus dans votre liste. {INCHANGEE}"


def _jouer(retour: Retour, pas: Sequence[_Pas], *, par: Acteur, le: datetime) -> None:
    """Écrit ces cases dans la transaction de l'appelant, et note sur chacune ce qu'il en est.

    Les baisses d'abord : ce qu'une ligne rend, une autre le prend. Chaque case est un acte, avec ses gardes ;
    son volet se lit une fois les verrous pris, par centaines, et chaque centaine s'écrit d'un coup.
    """
    verrouiller_dans_l_ordre([p.volet.racine() for p in pas])
    dossiers, motif = dossiers_de(par, retour.appel), f"Tableau relu : {retour.fichier.nom}"
    ordonnes = sorted(pas, key=lambda p: p.hausse)
    for debut in range(0, len(ordonnes), A_LA_FOIS):
        lot = ordonnes[debut : debut + A_LA_FOIS]
        volets = volets_a_ecrire(dossiers, (p.volet.pk for p in lot))
        tenues = CasesTenues(volets.values())
        for p in lot:
            if volet := volets.get(p.volet.pk):
                _ecrire(p.case, volet, tenues, par=par, le=le, motif=motif)
            else:
                _hors_de_la_liste(p.case)
        tenues.ecrire()


def _ecrire(
    case: CaseRelue, volet: Demande, tenues: CasesTenues, *, par: Acteur, le: datetime, motif: str
) -> None:
    _situer(case, volet)
    if case.numero != volet.dossier.numero:
        case.issue = ISSUE.REFUSEE
        case.phrase = f"La clé de cette case est celle d'un autre dossier. {INCHANGEE}"
        return
    try:
        exiger_sa_colonne(volet, par)
        change = ecrire_le_montant(
            volet, case.apres, version=case.version, par=par, le=le, motif=motif, tenues=tenues
        )
    except CaseRefusee as refus:
        case.issue, case.phrase = ISSUE.CONFLIT if refus.en_conflit else ISSUE.REFUSEE, str(refus)
    else:
        case.issue, case.phrase = ISSUE.BONNE if change else ISSUE.PAREILLE, ""


def appliquer(
    retour: Retour,
    *,
    essai: int,
    par: Acteur,
    le: datetime,
    conclure: Callable[[int], None] = lambda _combien: None,
) -> int:
    """Écrit, toutes ou aucune, les cases « à appliquer » de l'essai montré ; rend combien.

    Déjà appliqué, ne refait rien. Lève `EssaiDepasse` si l'essai montré n'est plus le dernier, ou si une case
    a changé depuis : l'essai est alors refait. `conclure` est appelé dans la transaction.
    """
    bonnes = [*retour.cases.filter(issue=ISSUE.BONNE).select_related("demande")]
    with transaction.atomic():
        verrouiller_dans_l_ordre([c.demande.racine() for c in bonnes if c.demande])
        tenu = Retour.objects.select_for_update(of=("self",)).get(pk=retour.pk)
        if tenu.applique_le is not None:
            conclure(len(bonnes))
            return len(bonnes)
        if tenu.essais != essai:
            raise EssaiDepasse(f"Ce tableau a été essayé de nouveau depuis cette page. {RELIRE}")
        if not bonnes:
            raise ActeBloque("Aucune case n'est à appliquer. Corrigez le tableau, puis relisez-le.")
        jouees = [_rejouer(c) for c in bonnes]
        _jouer(retour, _viser(retour.appel, jouees, par), par=par, le=le)
        manquees = [c for c in jouees if c.issue not in (ISSUE.BONNE, ISSUE.PAREILLE)]
        if manquees:
            transaction.set_rollback(True)
        else:
            retour.applique_le = le
            retour.save(update_fields=("applique_le",))
            conclure(len(bonnes))
    if manquees:
        essayer(retour, par=par, le=le)
        combien = "Une case a" if len(manquees) == 1 else f"{len(manquees)} cases ont"
        raise EssaiDepasse(f"{combien} changé depuis l'essai. {RELIRE}")
    return len(bonnes)


def _rejouer(case: CaseRelue) -> CaseRelue:
    """La case telle que l'essai l'a montrée, sans son issue."""
    return CaseRelue(
        retour_id=case.retour_id, lieu=case.lieu, numero=case.numero, demande_id=case.demande_id,
        version=case.version, apres=case.apres, saisie=case.saisie,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ParEnveloppe:
    """Ce qu'un essai change pour un financeur ; `attribue` : voté et proposé aujourd'hui, avant l'essai."""

    financeur: Financeur
    cases: int
    ecart: Decimal
    attribue: Decimal
    credits: Decimal | None

    @property
    def apres(self) -> Decimal:
        return self.attribue + self.ecart

    @property
    def depassement(self) -> Decimal:
        """De combien l'attribué passerait au-dessus des crédits ; négatif ou nul sinon."""
        return self.apres - self.credits if self.credits is not None else -self.apres

    @property
    def perte(self) -> Decimal:
        return -self.ecart


def par_enveloppe(retour: Retour) -> list[ParEnveloppe]:
    """Les cases « à appliquer », additionnées par financeur ; trois requêtes."""
    siennes: dict[Financeur, list[Decimal]] = {}
    for case in retour.cases.filter(issue=ISSUE.BONNE).select_related("financeur"):
        if case.financeur:
            siennes.setdefault(case.financeur, []).append(case.ecart)
    credits = dict(
        Enveloppe.objects.filter(appel=retour.appel_id, financeur__in=siennes).values_list(
            "financeur", "montant"
        )
    )
    attribues = sommes(Dossier.objects.filter(appel=retour.appel_id))
    return [
        ParEnveloppe(
            f, len(ecarts), sum(ecarts, ZERO), attribues.get(f.code, Somme()).attribue, credits.get(f.pk)
        )
        for f, ecarts in sorted(siennes.items(), key=lambda x: (x[0].rang, x[0].pk))
    ]
