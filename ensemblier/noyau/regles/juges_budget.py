"""Les règles qui comptent des euros : équilibre (K10), plafond (K5), cumul (P25), bonification (K4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ensemblier.noyau import montants
from ensemblier.noyau.ecritures import INSECABLE
from ensemblier.noyau.packs.regle import (
    RegleBonification,
    RegleCumul,
    RegleDemande,
    RegleEquilibre,
    RegleFinanceurs,
    ReglePlafond,
)
from ensemblier.noyau.regles.constats import Jugement, Mesure, Verdict
from ensemblier.noyau.regles.contexte import Contexte, enumerer, sigle

_euros = montants.en_francais
_BUDGET_VIDE = Jugement(
    Verdict.A_RENSEIGNER,
    "Le budget n'est pas encore rempli.",
    "Indiquez les dépenses et les ressources de l'action.",
)


def _texte(montant: Decimal) -> str:
    return f"{montant:f}"


def _calcul(lignes: Any) -> Mesure:
    return Mesure(
        "calcul", {"lignes": [[ligne.libelle, ligne.calcul, _texte(ligne.montant)] for ligne in lignes]}
    )


def equilibre(regle: RegleEquilibre, ctx: Contexte) -> Jugement:
    """K10, S29, S30 : l'écart exact, et de quel côté il manque."""
    budget = ctx.fiche.budget
    if budget is None:
        return _BUDGET_VIDE
    produits: dict[str, Any] = {
        **{compte: montant for compte, montant in budget.produits.par_compte().items() if montant},
        "74": budget.produits.c74,
        "87": budget.produits.c87,
    }
    plan = montants.equilibre(charges=budget.charges, produits=produits)
    if not plan.total_charges and not plan.total_produits and not plan.total_86 and not plan.total_87:
        return _BUDGET_VIDE
    valeurs = {
        "charges": _texte(plan.total_charges),
        "produits": _texte(plan.total_produits),
        "ecart": _texte(plan.ecart),
        "compte_86": _texte(plan.total_86),
        "compte_87": _texte(plan.total_87),
        "ecart_volontaires": _texte(plan.ecart_volontaires),
        "total_general": _texte(plan.total_general),
    }
    mesure = Mesure("egalite", valeurs)
    if plan.est_equilibre:
        return Jugement(
            Verdict.RESPECTEE,
            f"Le budget est équilibré à {_euros(plan.total_general)}.",
            None,
            valeurs,
            mesure,
        )
    phrases, remedes = [], []
    if plan.ecart:
        quoi, ou = ("de ressources", "ressources") if plan.ecart > 0 else ("de dépenses", "dépenses")
        phrases.append(f"Il manque {_euros(abs(plan.ecart))} {quoi}.")
        remedes.append(f"Ajoutez {_euros(abs(plan.ecart))} de {ou}, ou ôtez-les de l'autre côté.")
    if plan.ecart_volontaires:
        compte = "87" if plan.ecart_volontaires > 0 else "86"
        ecart = _euros(abs(plan.ecart_volontaires))
        phrases.append(f"Bénévolat et dons en nature : il manque {ecart} au compte {compte}.")
        remedes.append(f"Les comptes 86 et 87 doivent être égaux : ajoutez {ecart} au compte {compte}.")
    return Jugement(Verdict.NON_RESPECTEE, " ".join(phrases), " ".join(remedes), valeurs, mesure)


def demande(regle: RegleDemande, ctx: Contexte) -> Jugement:
    """Un montant à au moins un financeur de l'appel, et à lui seulement."""
    demandes = ctx.demandes()
    if not demandes:
        return Jugement(
            Verdict.A_RENSEIGNER,
            "Aucun montant n'est encore demandé.",
            "Indiquez à qui vous demandez une aide, et combien.",
        )
    total = sum(demandes.values(), Decimal("0.00"))
    valeurs = {**{f: _texte(m) for f, m in demandes.items()}, "total": _texte(total)}
    if etrangers := [f for f in demandes if f not in ctx.appel.financeurs]:
        return Jugement(
            Verdict.NON_RESPECTEE,
            f"{enumerer(etrangers)} : cet appel ne finance pas à ce titre.",
            f"Demandez seulement à : {enumerer(ctx.appel.financeurs)}.",
            valeurs,
        )
    return Jugement(Verdict.RESPECTEE, f"{_euros(total)} demandés à {enumerer(demandes)}.", None, valeurs)


def plafond(regle: ReglePlafond, ctx: Contexte) -> Jugement:
    """K5, S33 : la demande au-dessus du plafond se dépose, et ne s'attribue pas."""
    if ctx.plafond is None:
        return Jugement(Verdict.SANS_OBJET, "Cet appel ne fixe pas de plafond.", champs=())
    if not ctx.assiette:
        return _BUDGET_VIDE
    financeur = regle.financeur or ctx.appel.financement.financeur
    voulu = ctx.demandes().get(financeur)
    if voulu is None:
        return Jugement(
            Verdict.A_RENSEIGNER,
            "Le montant demandé n'est pas encore dit.",
            f"Vous pouvez demander jusqu'à {_euros(ctx.plafond)}.",
            {"plafond": _texte(ctx.plafond)},
        )
    valeurs = {"demande": _texte(voulu), "plafond": _texte(ctx.plafond), "assiette": _texte(ctx.assiette)}
    mesure = Mesure("egalite", valeurs)
    if voulu <= ctx.plafond:
        phrase = f"{_euros(voulu)} demandés, pour {_euros(ctx.plafond)} au plus."
        return Jugement(Verdict.RESPECTEE, phrase, None, valeurs, mesure)
    exces = voulu - ctx.plafond
    return Jugement(
        Verdict.NON_RESPECTEE,
        f"La demande dépasse le plafond de {_euros(exces)}.",
        f"Demandez au plus {_euros(ctx.plafond)} : c'est le montant attribuable.",
        valeurs | {"depassement": _texte(exces), "attribuable": _texte(ctx.plafond)},
        mesure,
    )


def cumul(regle: RegleCumul, ctx: Contexte) -> Jugement:
    """P25, S41, S42 : les financements face au coût, comparaison exacte."""
    budget = ctx.fiche.budget
    if budget is None or not ctx.assiette:
        return _BUDGET_VIDE
    retenus = {f: m for f, m in budget.produits.c74.items() if m}
    quoi = "Les financements"
    if regle.compte == "aides_publiques":
        quoi = "Les aides publiques"
        retenus = {f: m for f, m in retenus.items() if not _privee(ctx, f)}
    lus = {sigle(ctx, f): m for f, m in retenus.items()}
    total = montants.cumul_financements(financements=lus, cout=ctx.assiette)
    seuil = Decimal(regle.seuil) / 100
    limite = montants.tronquer(ctx.assiette * seuil)
    valeurs = {"total": _texte(total.total), "assiette": _texte(ctx.assiette), "seuil": regle.seuil}
    mesure = _calcul(total.lignes)
    phrase = f"{quoi} font {_euros(total.total)}, pour un coût de {_euros(ctx.assiette)}."
    if total.total <= ctx.assiette * seuil:
        return Jugement(Verdict.RESPECTEE, phrase, None, valeurs, mesure)
    exces = total.total - limite
    return Jugement(
        Verdict.NON_RESPECTEE,
        f"{quoi} dépassent {regle.seuil} % du coût, de {_euros(exces)}.",
        f"Ramenez leur somme à {_euros(limite)} au plus.",
        valeurs | {"excedent": _texte(exces), "limite": _texte(limite)},
        mesure,
    )


def _privee(ctx: Contexte, code: str) -> bool:
    ressource = ctx.territoire.autre_ressource(code)
    return ressource is not None and not ressource.publique


def bonification(regle: RegleBonification, ctx: Contexte) -> Jugement:
    """K4, R28 : jamais automatique ; le taux appartient au jury, dans les bornes (S36 à S40)."""
    cadre = ctx.appel.financement
    if cadre.taux_base is None or cadre.taux_max is None:
        return Jugement(Verdict.SANS_OBJET, "Cet appel ne prévoit pas de bonification.", champs=())
    dits, taux = ctx.fiche.bonification.criteres(), ctx.fiche.bonification.taux_jury
    connus = [c.code for c in cadre.criteres]
    declares = [c for c in connus if c in dits and dits[c].declare]
    valides = criteres_valides(ctx)
    valeurs = {"declares": declares, "valides": valides, "taux_jury": None if taux is None else f"{taux:f}"}
    haut = montants.pourcent(cadre.taux_max)
    a_prouver = [c.libelle for c in cadre.criteres if c.code in declares and c.preuve == "co_porteurs"]
    nommes = [c.nom for c in ctx.fiche.action.co_porteurs or ()] if a_prouver else []
    preuve = f" {_co_porteurs(nommes)}" if nommes else ""
    if a_prouver:
        valeurs["co_porteurs"] = nommes
    try:
        retenu = montants.taux_admis(
            taux_jury=taux,
            criteres_valides=len(valides),
            taux_base=cadre.taux_base,
            taux_max=cadre.taux_max,
            requis=cadre.criteres_requis,
        )
    except montants.TauxRefuse as refus:
        return Jugement(
            Verdict.NON_RESPECTEE, refus.raison, f"Fixez au plus {montants.pourcent(refus.maximum)}.", valeurs
        )
    if taux is not None:
        return Jugement(Verdict.RESPECTEE, retenu.raison, None, valeurs)
    if declares or valides:
        dehors = f"D'ici là, le taux de {montants.pourcent(cadre.taux_base)} s'applique."
        return Jugement(
            Verdict.A_VERIFIER,
            f"Vous demandez une bonification : le jury peut porter le taux jusqu'à {haut}.{preuve}",
            dehors if preuve or not a_prouver else f"Nommez au moins un co-porteur et son rôle. {dehors}",
            valeurs,
        )
    return Jugement(Verdict.SANS_OBJET, "Aucun critère de bonification n'est déclaré.", None, valeurs)


def _co_porteurs(noms: list[str]) -> str:
    """« 2 co-porteurs nommés : … » : ce que le jury lira à l'appui de « plusieurs opérateurs »."""
    pluriel = "s" if len(noms) > 1 else ""
    return f"{len(noms)} co-porteur{pluriel} nommé{pluriel}{INSECABLE}: {enumerer(noms)}."


def criteres_valides(ctx: Contexte) -> list[str]:
    """Les critères de l'appel que le jury a validés (P15)."""
    dits = ctx.fiche.bonification.criteres()
    return [c.code for c in ctx.appel.financement.criteres if c.code in dits and dits[c.code].valide]


def financeurs(regle: RegleFinanceurs, ctx: Contexte) -> Jugement:
    """Chaque subvention du plan porte le nom d'un financeur connu du territoire."""
    lignes = ctx.fiche.budget.produits.c74 if ctx.fiche.budget else {}
    nommes = [f for f, m in lignes.items() if m]
    inconnus = [
        f for f in nommes if ctx.territoire.financeur(f) is None and ctx.territoire.autre_ressource(f) is None
    ]
    if inconnus:
        return Jugement(
            Verdict.NON_RESPECTEE,
            f"Nous ne connaissons pas ce financeur : {enumerer(inconnus)}.",
            "Choisissez un financeur de la liste, ou rangez la somme dans les autres subventions.",
            {"inconnus": inconnus},
        )
    if not nommes:
        return Jugement(Verdict.SANS_OBJET, "Le plan ne compte aucune subvention.")
    return Jugement(Verdict.RESPECTEE, "Chaque subvention nomme son financeur.", None, {"financeurs": nommes})
