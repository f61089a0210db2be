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


def ecarter(condition: Condition, ctx: Contexte) -> Jugement | None:
    """Rien si la règle s'applique ; sinon « sans objet », ou « à renseigner » quand on ne peut pas savoir."""
    manque: str | None = None
    sans_objet = Jugement(Verdict.SANS_OBJET, condition.sinon, champs=())
    if condition.porteurs:
        if ctx.fiche.porteur.type is None:
            manque = "porteur.type"
        elif ctx.fiche.porteur.type not in condition.porteurs:
            return sans_objet
    if condition.thematiques or condition.hors_thematiques:
        dites = ctx.fiche.action.thematiques
        if dites is None:
            manque = manque or "action.thematiques"
        elif condition.thematiques and not set(dites) & set(condition.thematiques):
            return sans_objet
        elif set(dites) & set(condition.hors_thematiques):
            return sans_objet
    if condition.dispositifs:
        vises = {d.lower() for d in ctx.fiche.action.dispositifs or ()}
        if not vises & set(condition.dispositifs):
            return sans_objet
    if condition.financeur_sollicite:
        if ctx.fiche.demande is None:
            manque = manque or "demande"
        elif condition.financeur_sollicite not in ctx.demandes():
            return sans_objet
    if condition.vrai:
        reponse = ctx.valeur(condition.vrai)
        if reponse is None:
            manque = manque or condition.vrai
        elif not reponse:
            return sans_objet
    return _a_dire(manque) if manque else None
