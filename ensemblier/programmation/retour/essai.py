"""Essayer un tableau relu, puis l'appliquer : le même acte que la grille, défait ou gardé, tout ou rien."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from ensemblier.appels.models import Appel
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation.actes.deliberations import verrouiller_dans_l_ordre
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
from ensemblier.registre.actes import ActeBloque
from ensemblier.territoires.models import Financeur

ISSUE = CaseRelue.Issue
LOT = 500
GRAVITE = {ISSUE.CONFLIT: 0, ISSUE.REFUSEE: 1, ISSUE.BONNE: 2, ISSUE.PAREILLE: 3}
"""Ce qui demande une personne se lit d'abord."""
RELIRE = "Rien n'est écrit. Relisez le nouvel essai, puis appliquez-le."


class EssaiDepasse(ActeBloque):
    """Ce qui a été montré n'est plus ce qui s'écrirait : rien ne l'est, et l'essai est refait."""


@dataclass(frozen=True, slots=True)
class _Pas:
    """Une case à écrire et le volet qu'elle touche, tel qu'il est maintenant."""

    case: CaseRelue
    volet: Demande

    @property
    def hausse(self) -> Decimal:
        return (self.case.apres or ZERO) - (self.volet.propose or ZERO)


def essayer(retour: Retour, *, par: Acteur, le: datetime) -> None:
    """Relit le fichier gardé, joue chaque case puis défait tout ; garde ce que chacune deviendrait.

    Lève `FichierRefuse` si le fichier ne se relit pas.
    """
    cases = lire_les_cases(retour, par)
    with transaction.atomic():
        jouer(retour, cases, par=par, le=le)
        transaction.set_rollback(True)
    garder(retour, cases, le=le)


def lire_les_cases(retour: Retour, par: Acteur) -> list[CaseRelue]:
    """Ce que dit le fichier gardé, pas encore essayé ; lève `FichierRefuse` s'il ne se relit pas."""
    with retour.fichier.contenu.open("rb") as source:
        octets = source.read()
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
    """L'essai remplace le précédent ; il change de numéro, et on n'applique que celui qu'on a lu."""
    ordonnees = sorted(cases, key=lambda c: GRAVITE[ISSUE(c.issue)])
    for rang, case in enumerate(ordonnees, start=1):
        case.rang = rang
    retour.cases.all().delete()
    CaseRelue.objects.bulk_create(ordonnees, batch_size=LOT)
    retour.essais += 1
    retour.essaye_le = le
    retour.save(update_fields=("essais", "essaye_le"))


def jouer(retour: Retour, cases: Sequence[CaseRelue], *, par: Acteur, le: datetime) -> None:
    """Écrit chaque case lisible dans la transaction de l'appelant, et note sur chacune ce qu'il en est.

    Les baisses d'abord : ce qu'une ligne rend, une autre le prend. Chaque case est un acte, avec ses gardes.
    """
    volets = _volets(retour.appel, cases, par)
    verrouiller_dans_l_ordre([v.racine() for v in volets.values()])
    pas = []
    for case in cases:
        volet = volets.get(case.demande_id) if case.demande_id else None
        if volet is None:
            _hors_de_la_liste(case)
            continue
        case.financeur = volet.financeur
        case.avant = volet.vote if volet.vote is not None else volet.propose
        if not case.phrase:
            pas.append(_Pas(case, volet))
    for un in sorted(pas, key=lambda p: p.hausse):
        _ecrire(un, par=par, le=le, motif=f"Tableau relu : {retour.fichier.nom}")


def _volets(appel: Appel, cases: Iterable[CaseRelue], par: Acteur) -> dict[int, Demande]:
    dossiers = dossiers_de(par, appel)
    cles = sorted({c.demande_id for c in cases if c.demande_id})
    lus: dict[int, Demande] = {}
    for debut in range(0, len(cles), LOT):
        lus |= volets_a_ecrire(dossiers, cles[debut : debut + LOT])
    return lus


def _hors_de_la_liste(case: CaseRelue) -> None:
    """Un volet que la personne ne lit pas, ou plus, n'existe pas pour elle."""
    case.demande_id, case.issue = None, ISSUE.REFUSEE
    case.phrase = case.phrase or f"Cette case n'est plus dans votre liste. {INCHANGEE}"


def _ecrire(pas: _Pas, *, par: Acteur, le: datetime, motif: str) -> None:
    case, volet = pas.case, pas.volet
    if case.numero != volet.dossier.numero:
        case.issue, case.phrase = (
            ISSUE.REFUSEE,
            f"La clé de cette case est celle d'un autre dossier. {INCHANGEE}",
        )
        return
    try:
        exiger_sa_colonne(volet, par)
        change = ecrire_le_montant(
            volet, case.apres, version=case.version, par=par, le=le, motif=motif
        )  # fmt: skip
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
        jouer(retour, jouees, par=par, le=le)
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
