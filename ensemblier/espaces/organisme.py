"""Ce que l'instructeur lit de l'organisme : ses autres aides, un doublon possible, ce qu'il cumule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import OuterRef, Subquery

from ensemblier.bilans.etats import BILAN
from ensemblier.bilans.models import Bilan
from ensemblier.dossiers.etats import ABANDONNEE, ACCORDS, IRRECEVABLE, PERDUS, RETIRE
from ensemblier.dossiers.models import Demande, Dossier
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.montants import ComptesAnnuels, Convention, comptes_annuels, convention_requise
from ensemblier.noyau.mots import se_ressemblent
from ensemblier.territoires.models import Financeur

ZERO = Decimal("0.00")
MONTREES = 10


@dataclass(frozen=True, slots=True)
class Aide:
    """Un autre dossier de l'organisme, tous financeurs réunis, et où en est son bilan s'il en doit un.

    `ressemble` : même exercice, autre appel, intitulé proche (P32).
    """

    dossier: Dossier
    demande: Decimal
    accorde: Decimal
    verse: Decimal
    bilan: str
    ressemble: bool


@dataclass(frozen=True, slots=True)
class Cumul:
    """Ce qu'un attribuant donne à l'organisme dans l'exercice (K8) ; `ici` : ce dossier, proposé à défaut."""

    financeur: Financeur
    deja: Decimal
    ici: Decimal
    convention: Convention


@dataclass(frozen=True, slots=True)
class Organisme:
    """`aides` : les plus récentes d'abord, `autres` au-delà ; `comptes` : B11, sur l'exercice du dossier."""

    aides: tuple[Aide, ...]
    autres: int
    doublons: tuple[Aide, ...]
    cumuls: tuple[Cumul, ...]
    comptes: ComptesAnnuels

    @property
    def depasse(self) -> bool:
        return any(c.convention.legale for c in self.cumuls)


def organisme_de(acteur: Acteur | None, dossier: Dossier, ici: Iterable[Demande]) -> Organisme:
    """Deux requêtes, quel que soit le nombre d'aides ; `ici` : les demandes de ce dossier, déjà lues.

    Seuls comptent les dossiers que la personne peut juger : un partenaire n'apprend rien des autres.
    """
    visibles = Dossier.objects.a_juger_par(acteur).deposes().filter(organisme=dossier.organisme_id)
    autres = list(
        visibles.exclude(pk=dossier.pk)
        .select_related("appel")
        .annotate(etat_du_bilan=Subquery(Bilan.objects.filter(dossier=OuterRef("pk")).values("etat")))
        .only("appel", "numero", "intitule", "etat", "depose_le", "appel__titre_court", "appel__exercice")
        .order_by("-depose_le", "-pk")
    )
    cles = [d.pk for d in autres]
    volets: dict[int, list[Demande]] = {}
    demandes = Demande.objects.filter(dossier__in=cles).exclude(etat=ABANDONNEE)
    for volet in demandes.select_related("financeur").order_by("financeur__rang", "pk"):
        volets.setdefault(volet.dossier_id, []).append(volet)
    aides = tuple(_aide(d, dossier, volets.get(d.pk, [])) for d in autres)
    exercice = dossier.appel.exercice
    du_meme = [v for d in autres if d.appel.exercice == exercice for v in volets.get(d.pk, [])]
    cumuls = _cumuls(du_meme, list(ici))
    return Organisme(
        aides=aides[:MONTREES],
        autres=max(len(aides) - MONTREES, 0),
        doublons=tuple(a for a in aides if a.ressemble),
        cumuls=cumuls,
        comptes=comptes_annuels([(c.financeur.nom, c.deja + c.ici) for c in cumuls]),
    )


def _aide(autre: Dossier, dossier: Dossier, volets: list[Demande]) -> Aide:
    meme_exercice = autre.appel.exercice == dossier.appel.exercice and autre.appel_id != dossier.appel_id
    vivant = autre.etat not in (RETIRE, IRRECEVABLE)
    return Aide(
        autre,
        sum((v.demande for v in volets), ZERO),
        sum((v.vote or ZERO for v in volets if v.etat in ACCORDS), ZERO),
        sum((v.verse for v in volets), ZERO),
        BILAN.libelle(autre.etat_du_bilan) if autre.etat_du_bilan else "",
        meme_exercice and vivant and se_ressemblent(autre.intitule, dossier.intitule),
    )


def _cumuls(autres: list[Demande], ici: list[Demande]) -> tuple[Cumul, ...]:
    financeurs = {v.financeur_id: v.financeur for v in (*ici, *autres)}
    lignes = []
    for pk, financeur in financeurs.items():
        deja = [v.vote for v in autres if v.financeur_id == pk and v.etat in ACCORDS and v.vote]
        ce_dossier = sum((_attendu(v) for v in ici if v.financeur_id == pk), ZERO)
        if deja or ce_dossier:
            convention = convention_requise(deja_attribues=deja, attribue=ce_dossier, seuil_local=None)
            lignes.append(Cumul(financeur, sum(deja, ZERO), ce_dossier, convention))
    return tuple(lignes)


def _attendu(volet: Demande) -> Decimal:
    """Voté, à défaut proposé, à défaut demandé ; rien d'un volet perdu."""
    if volet.etat in PERDUS:
        return ZERO
    if volet.vote is not None:
        return volet.vote
    return volet.demande if volet.propose is None else volet.propose
