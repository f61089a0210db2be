"""Quand une règle s'applique : sinon elle est sans objet, et l'on dit pourquoi."""

from __future__ import annotations

from ensemblier.noyau.packs.regle import Condition
from ensemblier.noyau.regles.constats import Jugement, Verdict
from ensemblier.noyau.regles.contexte import Contexte

_QUESTIONS = {
    "porteur.type": "Dites quel type d'organisme porte l'action.",
    "action.thematiques": "Choisissez la thématique de l'action.",
    "action.numerique": "Dites si l'action a une dimension numérique.",
    "action.agent_departement": "Dites si l'action emploie un agent du Département.",
    "demande": "Dites à qui vous demandez une aide.",
}


def _a_dire(champ: str) -> Jugement:
    question = _QUESTIONS.get(champ, "Répondez d'abord à cette question.")
    return Jugement(
        Verdict.A_RENSEIGNER,
        "Nous ne savons pas encore si cette règle vous concerne.",
        question,
        champs=(champ,),
    )


_SANS_OBJET = "sans objet"


def _porteur(condition: Condition, ctx: Contexte) -> str | None:
    if not condition.porteurs:
        return None
    if ctx.fiche.porteur.type is None:
        return "porteur.type"
    return None if ctx.fiche.porteur.type in condition.porteurs else _SANS_OBJET


def _thematiques(condition: Condition, ctx: Contexte) -> str | None:
    if not condition.thematiques and not condition.hors_thematiques:
        return None
    if ctx.fiche.action.thematiques is None:
        return "action.thematiques"
    dites = set(ctx.fiche.action.thematiques)
    dedans = not condition.thematiques or dites & set(condition.thematiques)
    return None if dedans and not dites & set(condition.hors_thematiques) else _SANS_OBJET


def _dispositifs(condition: Condition, ctx: Contexte) -> str | None:
    if not condition.dispositifs:
        return None
    vises = {d.lower() for d in ctx.fiche.action.dispositifs or ()}
    return None if vises & set(condition.dispositifs) else _SANS_OBJET


def _demande(condition: Condition, ctx: Contexte) -> str | None:
    if not condition.financeur_sollicite:
        return None
    if ctx.fiche.demande is None:
        return "demande"
    return None if condition.financeur_sollicite in ctx.demandes() else _SANS_OBJET


def _vrai(condition: Condition, ctx: Contexte) -> str | None:
    if not condition.vrai:
        return None
    reponse = ctx.valeur(condition.vrai)
    if reponse is None:
        return condition.vrai
    return None if reponse else _SANS_OBJET


def ecarter(condition: Condition, ctx: Contexte) -> Jugement | None:
    """Rien si la règle s'applique ; « sans objet », ou « à renseigner » quand on ne sait pas encore."""
    reponses = [lire(condition, ctx) for lire in (_porteur, _thematiques, _dispositifs, _demande, _vrai)]
    if _SANS_OBJET in reponses:
        return Jugement(Verdict.SANS_OBJET, condition.sinon, champs=())
    manque = next((champ for champ in reponses if champ), None)
    return _a_dire(manque) if manque else None
