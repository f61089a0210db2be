"""Enregistrer au fil de la frappe, ou une étape entière : jamais deux fois, jamais par-dessus un autre."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import uuid4

from django.db import transaction

from ensemblier.dossiers.actes.commun import noter_l_aide, tenir_le_brouillon
from ensemblier.dossiers.models import Dossier, Saisie
from ensemblier.dossiers.reponses import Reponses
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.actes import ActeBloque

DEJA_SERVI = "Cette réponse a déjà été reçue autrement : rien n'a été enregistré."


Contenu = dict[str, list[str]]
"""Les réponses d'une étape telles qu'un navigateur les posterait, par nom de boîte."""


class Feuille(Protocol):
    """Ce qu'un enregistrement demande à une étape : la lire, la juger, la ranger (`dossiers.feuilles`)."""

    etape: str

    def saisies(self, lues: Reponses) -> dict[str, Saisie]: ...

    def en_attente(self, lues: Reponses) -> dict[str, Saisie]: ...

    def contenu(self, lues: Reponses) -> Contenu: ...

    def lier(self, lues: Reponses, contenu: Contenu) -> Mapping[str, Any]: ...

    def erreurs(self, formulaires: Mapping[str, Any]) -> dict[str, str]: ...

    def ranger(
        self, dossier: Dossier, formulaires: Mapping[str, Any], *, par: Acteur, roles: set[Role], le: datetime
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Divergence:
    """Deux valeurs pour une même réponse : la sienne, et celle que quelqu'un a écrite entre-temps."""

    champ: str
    sienne: list[str]
    autre: list[str]
    par_nom: str
    le: datetime
    rang: int


class SaisieDivergente(Exception):
    """Une autre personne a changé la même réponse ; rien n'est écrit, les deux valeurs sont rendues."""

    def __init__(self, divergence: Divergence) -> None:
        super().__init__(divergence.champ)
        self.divergence = divergence


@dataclass(frozen=True, slots=True)
class Issue:
    """Ce qu'est devenue une étape envoyée d'un bloc ; `formulaires` la remontre si elle est refusée."""

    formulaires: Mapping[str, Any]
    divergences: tuple[Divergence, ...] = ()
    refus: tuple[str, ...] = ()
    est_rangee: bool = False


@transaction.atomic
def saisir(
    dossier: Dossier,
    *,
    feuille: Feuille,
    champ: str,
    valeur: list[str],
    version: int,
    cle: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Saisie:
    """Garde une réponse ; la même clé rend la même saisie (un accusé perdu n'est pas un conflit).

    `version` : le rang que la page avait lu. Une réponse que la feuille ne comprend pas est gardée telle
    quelle, avec son `erreur`, et le dossier garde sa valeur d'avant. Lève `SaisieDivergente` si une autre
    valeur est arrivée depuis `version`.
    """
    siens = set(roles)
    tenu = tenir_le_brouillon(dossier, siens, quoi="Enregistrer une réponse")
    if connue := Saisie.objects.filter(cle=cle).first():
        if (connue.dossier_id, connue.etape, connue.champ) != (tenu.pk, feuille.etape, champ):
            raise ActeBloque(DEJA_SERVI, "Rechargez la page, puis recommencez.")
        return connue
    lues = Reponses(tenu)
    contenu = feuille.contenu(lues)
    if champ not in contenu:
        raise ActeBloque("Cette question n'est plus dans la page. Rechargez la page, puis recommencez.")
    derniere = feuille.saisies(lues).get(champ)
    if derniere and version != derniere.rang and not _deja_gardee(valeur, derniere, contenu[champ]):
        avant = tenu.saisies.valeur_au(feuille.etape, champ, version, sinon=contenu[champ])
        if not _pareil(avant, contenu[champ]):
            raise SaisieDivergente(_divergence(champ, valeur, contenu[champ], derniere))
    erreur = _ranger_une(lues, feuille, contenu, champ, valeur, par=par, roles=siens, le=le)
    noter_l_aide(tenu, "une réponse écrite", par=par, roles=siens, le=le, etape=feuille.etape, champ=champ)
    return _noter(tenu, feuille, champ, valeur, contenu[champ], par=par, le=le, cle=cle, erreur=erreur)


def _ranger_une(
    lues: Reponses,
    feuille: Feuille,
    contenu: Contenu,
    champ: str,
    valeur: list[str],
    *,
    par: Acteur,
    roles: set[Role],
    le: datetime,
) -> str:
    """Range la feuille avec cette réponse, si elle tient avec les autres ; rend la phrase qui l'empêche."""
    attendues, dossier = feuille.en_attente(lues), lues.dossier
    formulaires = feuille.lier(lues, contenu | {champ: valeur})
    erreurs = feuille.erreurs(formulaires)
    voisines = [phrase for nom, phrase in erreurs.items() if nom not in attendues]
    if champ in erreurs or voisines:
        return erreurs.get(champ) or voisines[0]
    try:
        with transaction.atomic():
            feuille.ranger(dossier, formulaires, par=par, roles=roles, le=le)
    except ActeBloque as refus:
        return " ".join(refus.raisons)
    _lever_l_attente(dossier, feuille, sauf=erreurs)
    return ""


@transaction.atomic
def enregistrer_feuille(
    dossier: Dossier,
    *,
    feuille: Feuille,
    postee: Mapping[str, list[str]],
    versions: Mapping[str, int],
    prendre: Collection[str] = (),
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Issue:
    """Range une étape entière, ou rien ; ce que la personne n'a pas touché garde la valeur des autres.

    `versions` : les rangs que la page avait lus ; sans elles, la page fait foi. `prendre` : les réponses où
    la personne choisit la valeur de l'autre.
    """
    siens = set(roles)
    tenu = tenir_le_brouillon(dossier, siens, quoi="Enregistrer une réponse")
    lues = Reponses(tenu)
    contenu = feuille.contenu(lues)
    voulu, divergences = _fusionner(lues, feuille, contenu, postee, versions, set(prendre))
    formulaires = feuille.lier(lues, voulu)
    if feuille.erreurs(formulaires) or divergences:
        return Issue(formulaires, tuple(divergences))
    try:
        with transaction.atomic():
            feuille.ranger(tenu, formulaires, par=par, roles=siens, le=le)
    except ActeBloque as refus:
        return Issue(formulaires, refus=refus.raisons)
    changes = [champ for champ, valeur in voulu.items() if not _pareil(valeur, contenu[champ])]
    for champ in changes:
        _noter(tenu, feuille, champ, voulu[champ], contenu[champ], par=par, le=le, cle=uuid4().hex)
    if changes:
        noter_l_aide(
            tenu, "une étape enregistrée", par=par, roles=siens, le=le, etape=feuille.etape,
            champ=", ".join(changes),
        )  # fmt: skip
    _lever_l_attente(tenu, feuille)
    return Issue(formulaires, est_rangee=True)


def _fusionner(
    lues: Reponses,
    feuille: Feuille,
    contenu: Contenu,
    postee: Mapping[str, list[str]],
    versions: Mapping[str, int],
    prendre: set[str],
) -> tuple[Contenu, list[Divergence]]:
    """Réponse par réponse : qui a changé quoi depuis que la page a été lue ?"""
    dernieres, saisies = feuille.saisies(lues), lues.dossier.saisies
    voulu, divergences = dict(contenu), []
    for champ, leur in contenu.items():
        mienne = postee.get(champ, [])
        derniere = dernieres.get(champ)
        if champ in prendre or _pareil(mienne, leur):
            continue
        if derniere and versions and versions.get(champ, 0) != derniere.rang:
            avant = saisies.valeur_au(feuille.etape, champ, versions.get(champ, 0), sinon=leur)
            if _pareil(mienne, avant) or _deja_gardee(mienne, derniere, leur):
                continue
            if not _pareil(avant, leur):
                divergences.append(_divergence(champ, mienne, leur, derniere))
        voulu[champ] = mienne
    return voulu, divergences


def _noter(
    dossier: Dossier,
    feuille: Feuille,
    champ: str,
    valeur: list[str],
    avant: list[str],
    *,
    par: Acteur,
    le: datetime,
    cle: str,
    erreur: str = "",
) -> Saisie:
    """Une saisie de plus ; elle seule peut attendre d'être comprise."""
    siennes = dossier.saisies.filter(etape=feuille.etape, champ=champ)
    rang = siennes.count()
    siennes.exclude(erreur="").update(erreur="")
    return Saisie.objects.create(
        dossier=dossier, etape=feuille.etape, champ=champ, rang=rang + 1, cle=cle, valeur=valeur,
        avant=avant, erreur=erreur, par=par.utilisateur, par_nom=par.nom, le=le,
    )  # fmt: skip


def _lever_l_attente(dossier: Dossier, feuille: Feuille, *, sauf: Collection[str] = ()) -> None:
    """Ce que la feuille vient de comprendre n'attend plus ; ni ce qui n'est plus dans la page."""
    dossier.saisies.en_attente().filter(etape=feuille.etape).exclude(champ__in=sauf).update(erreur="")


def _divergence(champ: str, sienne: list[str], autre: list[str], derniere: Saisie) -> Divergence:
    return Divergence(champ, sienne, autre, derniere.par_nom, derniere.le, derniere.rang)


def _deja_gardee(valeur: list[str], derniere: Saisie, contenu: list[str]) -> bool:
    """La dernière réponse gardée est celle-ci : comme écrite (« 4000 ») ou comme relue (« 4 000 »).

    « Continuer » pressé aussitôt la frappe : la page ne sait pas encore que sa propre réponse est gardée.
    """
    return _pareil(valeur, derniere.valeur) or _pareil(valeur, contenu)


def _pareil(a: list[str], b: list[str]) -> bool:
    """La même réponse, aux fins de ligne, aux sortes d'espaces et à l'ordre des cases près."""

    def nu(valeurs: list[str]) -> list[str]:
        unies = (v.replace("\r\n", "\n").replace("\u202f", " ").replace("\u00a0", " ") for v in valeurs)
        propres = (v.strip() for v in unies)
        return sorted(v for v in propres if v)

    return nu(a) == nu(b)
