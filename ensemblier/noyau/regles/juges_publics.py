"""Les règles qui comptent des personnes : part (K2), cohorte (K2bis), cohérence (S06)."""

from __future__ import annotations

from ensemblier.noyau import montants
from ensemblier.noyau.packs.regle import RegleCoherence, RegleMinimum, ReglePart
from ensemblier.noyau.regles.constats import Jugement, Mesure, Verdict
from ensemblier.noyau.regles.contexte import Contexte, accorder, de, nombre


def part(regle: ReglePart, ctx: Contexte) -> Jugement:
    """K2 : comparaison sur les entiers, jamais sur l'arrondi (S03) ; un total nul est un manque (S05)."""
    total, qpv = ctx.fiche.publics.total, ctx.fiche.publics.qpv
    if total is None or qpv is None:
        return Jugement(
            Verdict.A_RENSEIGNER,
            "Le nombre de personnes n'est pas encore dit.",
            f"Indiquez le nombre total de personnes, et combien {de(regle.unites)}.",
        )
    valeurs = {"qpv": qpv, "total": total, "seuil": f"{regle.seuil:f}"}
    try:
        rapport = montants.taux_qpv(total=total, qpv=qpv)
    except montants.TotalRequis:
        return Jugement(
            Verdict.NON_RESPECTEE,
            "Le nombre total de personnes est requis.",
            "Indiquez au moins 1 personne au total.",
            valeurs,
        )
    except montants.EffectifIncoherent:
        return Jugement(
            Verdict.NON_RESPECTEE,
            f"La partie dépasse le total : {nombre(qpv)} sur {nombre(total)}.",
            "Corrigez l'un des deux nombres.",
            valeurs,
        )
    seuil = regle.seuil / 100
    requis = rapport.minimum_requis(seuil)
    affiche = rapport.pour_affichage(seuil)
    valeurs |= {"part": affiche, "requis": requis}
    mesure = Mesure(
        "seuil",
        {
            "valeur": qpv,
            "total": total,
            "requis": requis,
            "part": affiche,
            "seuil": f"au moins {montants.pourcent(seuil)}",
        },
    )
    if rapport.conforme(seuil):
        return Jugement(
            Verdict.RESPECTEE, f"{nombre(qpv)} sur {nombre(total)}, soit {affiche}.", None, valeurs, mesure
        )
    manque = requis - qpv
    return Jugement(
        Verdict.NON_RESPECTEE,
        f"Il manque {accorder(manque, regle.unite, regle.unites)}.",
        f"Prévoyez au moins {accorder(requis, regle.unite, regle.unites)} sur {nombre(total)}.",
        valeurs,
        mesure,
    )


def _avec_tolerance(regle: RegleMinimum, ctx: Contexte, effectif: int) -> tuple[Verdict, str, str | None]:
    """K2bis : au dépôt la case justifiée suffit ; ensuite il faut la tolérance validée (S10, S77)."""
    action = ctx.fiche.action
    dit = accorder(effectif, regle.unite, regle.unites)
    if action.tolerance_validee:
        return Verdict.RESPECTEE, f"{dit} : la tolérance pour action expérimentale est validée.", None
    if action.tolerance_validee is False:
        return (
            Verdict.NON_RESPECTEE,
            f"{dit} : la tolérance a été refusée.",
            f"Prévoyez au moins {accorder(regle.seuil, regle.unite, regle.unites)}.",
        )
    if action.experimentale and (action.experimentale_justification or "").strip():
        return (
            Verdict.A_VERIFIER,
            f"{dit} : le service doit valider le caractère inédit ou expérimental.",
            "Le service lit votre justification et répond avant de dire le dossier recevable.",
        )
    if action.experimentale:
        return (
            Verdict.NON_RESPECTEE,
            f"{dit} : l'action est dite expérimentale, sans justification.",
            f"Justifiez ce caractère, ou prévoyez au moins {nombre(regle.seuil)} {regle.unites}.",
        )
    manque = regle.seuil - effectif
    return (
        Verdict.NON_RESPECTEE,
        f"Il manque {accorder(manque, regle.unite, regle.unites)}.",
        f"Prévoyez au moins {nombre(regle.seuil)} {regle.unites}, ou dites l'action inédite ou expérimentale "
        "et justifiez-le.",
    )


def minimum(regle: RegleMinimum, ctx: Contexte) -> Jugement:
    """K2bis, R38 : un effectif minimal, et sa tolérance si l'appel en prévoit une."""
    effectif = ctx.valeur(regle.champ)
    if effectif is None:
        return Jugement(
            Verdict.A_RENSEIGNER,
            "Le nombre de personnes n'est pas encore dit.",
            f"Indiquez le nombre de {regle.unites}.",
        )
    mesure = Mesure(
        "seuil",
        {
            "valeur": effectif,
            "total": max(effectif, regle.seuil),
            "requis": regle.seuil,
            "seuil": f"au moins {nombre(regle.seuil)}",
        },
    )
    valeurs = {"effectif": effectif, "seuil": regle.seuil}
    if effectif >= regle.seuil:
        phrase = f"{accorder(effectif, regle.unite, regle.unites)}."
        return Jugement(Verdict.RESPECTEE, phrase, None, valeurs, mesure)
    if regle.tolerance:
        verdict, phrase, suite = _avec_tolerance(regle, ctx, effectif)
        return Jugement(verdict, phrase, suite, valeurs, mesure)
    return Jugement(
        Verdict.NON_RESPECTEE,
        f"Il manque {accorder(regle.seuil - effectif, regle.unite, regle.unites)}.",
        f"Prévoyez au moins {nombre(regle.seuil)} {regle.unites}.",
        valeurs,
        mesure,
    )


def coherence(regle: RegleCoherence, ctx: Contexte) -> Jugement:
    """La partie tient dans le tout, et le tout n'est pas nul (K2, S05, S06)."""
    total, qpv = ctx.fiche.publics.total, ctx.fiche.publics.qpv
    if total is None:
        return Jugement(
            Verdict.A_RENSEIGNER,
            "Le nombre total de personnes n'est pas encore dit.",
            "Indiquez le nombre total de personnes.",
        )
    valeurs = {"total": total, "qpv": qpv}
    if total == 0:
        return Jugement(
            Verdict.NON_RESPECTEE,
            "Le nombre total de personnes est requis.",
            "Indiquez au moins 1 personne au total.",
            valeurs,
        )
    if qpv is not None and qpv > total:
        return Jugement(
            Verdict.NON_RESPECTEE,
            f"{nombre(qpv)} {regle.unites} pour {nombre(total)} personnes au total : il y en a "
            f"{nombre(qpv - total)} de trop.",
            f"Indiquez au plus {nombre(total)} {regle.unites}, ou corrigez le total.",
            valeurs,
        )
    return Jugement(Verdict.RESPECTEE, "Les nombres de personnes concordent.", None, valeurs)
