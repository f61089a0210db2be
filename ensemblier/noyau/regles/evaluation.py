"""`evaluer` : toutes les règles d'un appel répondent sur une fiche ; elles expliquent et ne lèvent jamais."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from ensemblier.noyau import montants
from ensemblier.noyau.packs.appel import Appel
from ensemblier.noyau.packs.territoire import Territoire
from ensemblier.noyau.regles import juges_budget, juges_dossier, juges_lieux, juges_publics
from ensemblier.noyau.regles.conditions import ecarter
from ensemblier.noyau.regles.constats import (
    Constat,
    FinancementCalcule,
    Jugement,
    LigneDeCalcul,
    Rapport,
    TranchePrevue,
)
from ensemblier.noyau.regles.contexte import Contexte, autres_ressources, ouvrir, sigle
from ensemblier.noyau.regles.fiche import Fiche

JUGES: dict[str, Callable[[Any, Contexte], Jugement]] = {
    "part": juges_publics.part,
    "minimum": juges_publics.minimum,
    "coherence": juges_publics.coherence,
    "presence": juges_dossier.presence,
    "choix": juges_dossier.choix,
    "date_limite": juges_dossier.date_limite,
    "pieces": juges_dossier.pieces,
    "piece": juges_dossier.piece,
    "obligation": juges_dossier.obligation,
    "heures": juges_dossier.heures,
    "numero": juges_dossier.numero,
    "gestionnaire": juges_dossier.gestionnaire,
    "depot_propre": juges_dossier.depot_propre,
    "vigilance": juges_dossier.vigilance,
    "contact_communal": juges_lieux.contact_communal,
    "quartiers": juges_lieux.quartiers,
    "communes_hors_epci": juges_lieux.communes_hors_epci,
    "siege": juges_lieux.siege,
    "equilibre": juges_budget.equilibre,
    "demande": juges_budget.demande,
    "plafond": juges_budget.plafond,
    "cumul": juges_budget.cumul,
    "bonification": juges_budget.bonification,
    "co_porteurs": juges_dossier.co_porteurs,
    "financeurs": juges_budget.financeurs,
}
"""Un juge par genre de règle ; un test vérifie qu'il n'en manque aucun."""


def evaluer(reglement: Appel, fiche: Fiche, *, territoire: Territoire) -> Rapport:
    """Juge la fiche selon le règlement ; sans horloge, sans base, sans exception.

    Le rapport nomme le règlement (SHA-256) et le moteur : le rejeu dit s'il compare les mêmes règles.
    """
    taux, raison = taux_et_raison(reglement, fiche)
    ctx = ouvrir(reglement, fiche, territoire, taux)
    constats = tuple(_constater(regle, ctx) for regle in reglement.regles)
    financement = _financement(ctx, taux, raison)
    return Rapport(
        constats=constats,
        deposable=_deposable(constats, ctx.demandes()),
        financement=financement,
        echeancier=_echeancier(reglement, financement),
        reglement=reglement.empreinte(),
    )


def _constater(regle: Any, ctx: Contexte) -> Constat:
    jugement = ecarter(regle.condition, ctx) if regle.condition else None
    volet = sigle(ctx, regle.financeur) if regle.financeur else ""
    return Constat(regle, jugement or JUGES[regle.genre](regle, ctx), volet)


def _deposable(constats: Iterable[Constat], sollicites: Iterable[str]) -> bool:
    """Une règle d'un volet n'arrête que lui : le dossier se dépose pour les autres volets (S18)."""
    arrets = [c for c in constats if c.arrete("deposer")]
    if any(c.financeur is None for c in arrets):
        return False
    volets = set(sollicites)
    return not volets or bool(volets - {c.financeur for c in arrets})


def taux_et_raison(appel: Appel, fiche: Fiche) -> tuple[Decimal | None, str | None]:
    """K4 : le taux de base, ou celui du jury quand assez de critères de l'appel sont validés.

    `None` si l'appel ne plafonne pas (P34) ; de la fiche, seule la bonification est lue.
    """
    cadre = appel.financement
    if cadre.taux_base is None:
        return None, None
    dits = fiche.bonification.criteres()
    valides = sum(1 for c in cadre.criteres if c.code in dits and dits[c.code].valide)
    retenu = montants.taux_applicable(
        taux_jury=fiche.bonification.taux_jury,
        criteres_valides=valides,
        taux_base=cadre.taux_base,
        taux_max=cadre.taux_max if cadre.taux_max is not None else cadre.taux_base,
        requis=cadre.criteres_requis,
    )
    return retenu.valeur, retenu.raison


def _lignes(lignes: Iterable[montants.Ligne]) -> tuple[LigneDeCalcul, ...]:
    return tuple(LigneDeCalcul(ligne.libelle, ligne.calcul, ligne.montant) for ligne in lignes)


def _financement(ctx: Contexte, taux: Decimal | None, raison: str | None) -> FinancementCalcule:
    """K3 à K6 pour le financeur pilote de l'appel."""
    pilote = ctx.appel.financement.financeur
    plafond = ctx.calcul
    demande = ctx.demandes().get(pilote)
    lignes, possible = _lignes(plafond.lignes), None
    if demande is not None:
        calcul = montants.attribuable(
            demande=demande,
            plafond=plafond.montant,
            reste_enveloppe=ctx.fiche.reste_enveloppe,
            assiette=plafond.assiette,
            autres_ressources=autres_ressources(ctx.fiche, pilote),
        )
        deja = {ligne.libelle for ligne in lignes}
        lignes += tuple(ligne for ligne in _lignes(calcul.lignes) if ligne.libelle not in deja)
        possible = calcul.montant
    return FinancementCalcule(
        pilote, plafond.assiette, taux, plafond.montant, demande, possible, raison, lignes
    )


def _echeancier(appel: Appel, financement: FinancementCalcule) -> tuple[TranchePrevue, ...]:
    """K7 sur l'attribuable du financeur pilote : ce qui serait versé si tout était accordé."""
    ecrit = appel.versement(financement.financeur)
    if ecrit is None or not financement.attribuable:
        return ()
    plan = montants.echeancier(attribue=financement.attribuable, seuil=ecrit.seuil, part=ecrit.part)
    libelles = {
        "notification": ecrit.condition_unique,
        "convention": ecrit.condition_premier,
        "bilan": ecrit.condition_solde,
    }
    return tuple(TranchePrevue(t.rang, t.montant, t.condition, libelles[t.condition]) for t in plan.tranches)
