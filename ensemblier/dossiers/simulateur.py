"""Ce que répondent les règles à un essai : exactement `noyau.evaluer`, rangé pour quelqu'un qui cherche."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ensemblier.dossiers.forms_simulateur import Question, SimulateurForm
from ensemblier.interface.constats import BLOQUE, RENSEIGNER, REPLIEES, famille
from ensemblier.interface.formats import accord, euros_ronds
from ensemblier.noyau.packs import Appel
from ensemblier.noyau.regles import Constat, Rapport, evaluer


@dataclass(frozen=True, slots=True)
class Essai:
    """Le rapport d'un essai ; `juges` : les règles que ces questions éclairent, `au_dossier` : les autres."""

    rapport: Rapport
    juges: tuple[Constat, ...]
    au_dossier: tuple[Constat, ...]
    repondues: int
    sur: int
    reste: Decimal | None
    bonifie: Decimal | None
    decide: str

    @property
    def bloquent(self) -> list[Constat]:
        return [c for c in self.juges if famille(c) is BLOQUE]

    @property
    def dits(self) -> list[Constat]:
        """Les règles qui ont de quoi répondre."""
        return [c for c in self.juges if famille(c) is not RENSEIGNER]

    @property
    def muets(self) -> list[Constat]:
        """Celles qui attendent une réponse : nommées, jamais en rouge."""
        return [c for c in self.juges if famille(c) is RENSEIGNER]

    @property
    def possible(self) -> Decimal | None:
        """L'aide possible : la demande, dans le plafond ; à défaut de demande, le plafond."""
        argent = self.rapport.financement
        if not argent.assiette or argent.plafond is None:
            return None
        return argent.attribuable if argent.attribuable is not None else argent.plafond

    @property
    def avancement(self) -> str:
        """« 3 questions sur 9, 1 bloque »."""
        combien = len(self.bloquent)
        arret = f", {accord(combien, 'bloque', 'bloquent')}" if combien else ""
        return f"{accord(self.repondues, 'question', 'questions')} sur {self.sur}{arret}"

    @property
    def phrase(self) -> str:
        """La réponse à « mon projet passe-t-il ? », en une phrase ou deux."""
        if not self.repondues:
            return f"Répondez à {self.sur} questions : chaque règle de l'appel vous répond aussitôt."
        combien = len(self.bloquent)
        if combien == 1:
            return "Une règle bloque aujourd'hui. Voici ce qui la débloque."
        if combien:
            return f"{combien} règles bloquent aujourd'hui. Voici ce qui les débloque."
        restent = self.sur - self.repondues
        if restent or self.muets:
            suite = (
                f"Il reste {accord(restent, 'question', 'questions')}." if restent else "Complétez la suite."
            )
            return f"Rien ne bloque pour l'instant. {suite}"
        plafond = self.rapport.financement.plafond
        aide = (
            "L'appel ne fixe pas de taux : le montant se discute avec chaque financeur."
            if plafond is None
            else f"Votre projet peut demander jusqu'à {euros_ronds(plafond)}."
        )
        return f"Rien ne bloque. {aide} Ce n'est pas une promesse : {self.decide}."

    def sous(self, question: Question) -> list[Constat]:
        """Ce qui se dit sous une question : les règles dont elle porte la première réponse."""
        return [
            c
            for c in self.juges
            if famille(c) not in (*REPLIEES, RENSEIGNER) and _premier(c, question.chemins)
        ]


def _premier(constat: Constat, chemins: tuple[str, ...]) -> bool:
    return bool(constat.ecrite.champs) and constat.ecrite.champs[0] in chemins


def essayer(form: SimulateurForm, *, le: date) -> Essai:
    """Juge les réponses valides d'un formulaire lu (`is_valid` appelé) ; sans heure de dépôt ni pièce."""
    reglement, pack = form.reglement, form.pack
    rapport = evaluer(reglement, form.fiche(le=le), territoire=pack)
    eclaires = {chemin for q in form.questions for chemin in q.chemins}
    juges = tuple(c for c in rapport.constats if eclaires & set(c.ecrite.champs))
    return Essai(
        rapport=rapport,
        juges=juges,
        au_dossier=tuple(c for c in rapport.constats if c not in juges),
        repondues=len(form.repondues()),
        sur=len(form.questions),
        reste=form.reste(),
        bonifie=_bonifie(form, rapport, le),
        decide=_qui_decide(reglement),
    )


def _bonifie(form: SimulateurForm, rapport: Rapport, le: date) -> Decimal | None:
    """Le plafond si le jury reconnaissait les critères cochés, au taux maximal ; rien s'il ne change pas."""
    cadre = form.reglement.financement
    coches = form.cleaned_data.get("criteres") or ()
    if cadre.taux_max is None or len(coches) < cadre.criteres_requis:
        return None
    haut = evaluer(form.reglement, form.fiche(le=le, jury=cadre.taux_max), territoire=form.pack)
    plafond, base = haut.financement.plafond, rapport.financement.plafond
    return plafond if plafond and base and plafond > base else None


def _qui_decide(reglement: Appel) -> str:
    jury = any(j.nature == "jury" for j in reglement.jalons)
    return "le jury choisit" if jury else "les financeurs choisissent"


def liens(form: SimulateurForm) -> dict[str, str]:
    """L'ancre de la boîte de chaque chemin : un constat y mène."""
    return {chemin: f"#q-{q.code}" for q in form.questions for chemin in q.chemins}


def rangees(form: SimulateurForm, essai: Essai) -> list[dict[str, Any]]:
    """Les questions prêtes à dessiner, chacune avec ce que les règles disent d'elle."""
    return [
        {
            "question": q,
            "rang": rang,
            "champs": [form[nom] for nom in q.champs],
            "constats": essai.sous(q),
        }
        for rang, q in enumerate(form.questions, start=1)
    ]
