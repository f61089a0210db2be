"""Les règles qui lisent des réponses, des pièces et des dates."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ensemblier.noyau import identifiants
from ensemblier.noyau.calendrier import a_paris, en_francais, est_dans_les_temps, jour_de
from ensemblier.noyau.ecritures import INSECABLE
from ensemblier.noyau.packs.appel import Piece
from ensemblier.noyau.packs.regle import (
    RegleChoix,
    RegleCoPorteurs,
    RegleDateLimite,
    RegleDepotPropre,
    RegleGestionnaire,
    RegleHeures,
    RegleNumero,
    RegleObligation,
    ReglePiece,
    ReglePieces,
    ReglePresence,
    RegleVigilance,
    TypePorteur,
)
from ensemblier.noyau.regles.constats import Jugement, Mesure, Verdict
from ensemblier.noyau.regles.contexte import Contexte, accorder, enumerer, jour


def presence(regle: ReglePresence, ctx: Contexte) -> Jugement:
    """Une réponse est donnée ; ce qu'elle vaut, une personne en juge si la règle le demande."""
    valeur = ctx.valeur(regle.champ)
    vide = valeur is None or valeur == () or (isinstance(valeur, str) and not valeur.strip())
    if vide:
        return Jugement(Verdict.A_RENSEIGNER, regle.manque, regle.remede)
    if valeur is False:
        return Jugement(Verdict.NON_RESPECTEE, regle.manque, regle.remede)
    if regle.a_juger:
        return Jugement(Verdict.A_VERIFIER, "La réponse est donnée.", regle.a_juger)
    return Jugement(Verdict.RESPECTEE, "La réponse est donnée.")


def _libelle(ctx: Contexte, champ: str, code: str) -> str:
    if champ == "action.pilier":
        pilier = ctx.territoire.pilier(code)
        return pilier.libelle if pilier else code
    if champ == "action.thematiques":
        thematique = ctx.territoire.thematique(code)
        return thematique.libelle if thematique else code
    return TypePorteur(code).libelle if champ == "porteur.type" else code


def choix(regle: RegleChoix, ctx: Contexte) -> Jugement:
    """La réponse est dans la liste de l'appel (R22, R25, R41)."""
    valeur = ctx.valeur(regle.champ)
    if not valeur:
        return Jugement(Verdict.A_RENSEIGNER, "Rien n'est encore choisi.", regle.remede)
    donnes = [str(v) for v in valeur] if isinstance(valeur, tuple) else [str(valeur)]
    lus = enumerer(_libelle(ctx, regle.champ, code) for code in donnes)
    valeurs = {"choix": donnes, "parmi": list(regle.parmi)}
    if any(code not in regle.parmi for code in donnes):
        return Jugement(Verdict.NON_RESPECTEE, f"« {lus} » : {regle.hors_liste}", regle.remede, valeurs)
    return Jugement(Verdict.RESPECTEE, f"« {lus} ».", None, valeurs)


def date_limite(regle: RegleDateLimite, ctx: Contexte) -> Jugement:
    """P16, S19 à S21 : heure de Paris ; une dérogation individuelle datée repousse la limite."""
    ecrit, depot = ctx.appel.jalon(regle.jalon), ctx.fiche.depose_le
    if ecrit is None or depot is None:
        return Jugement(Verdict.SANS_OBJET, "La date se juge au moment du dépôt.", champs=())
    jalon, derogation = ecrit.jalon(), ctx.fiche.derogation_jusqu_au
    local = a_paris(depot)
    recu = f"{jour(local)} à {local:%H:%M:%S}"
    valeurs = {
        "depose_le": local.isoformat(),
        "du": jalon.premier_jour.isoformat() if jalon.premier_jour else None,
        "au": jalon.dernier_jour.isoformat() if jalon.dernier_jour else None,
        "derogation_jusqu_au": derogation.isoformat() if derogation else None,
    }
    if jalon.premier_jour and local.date() < jalon.premier_jour:
        ouverture = en_francais(jalon.premier_jour)
        return Jugement(
            Verdict.NON_RESPECTEE,
            f"Le dépôt ouvre le {ouverture}.",
            f"Déposez à partir du {ouverture}.",
            valeurs,
        )
    limite = jalon.dernier_jour
    if limite is None or est_dans_les_temps(depot, limite):
        return Jugement(Verdict.RESPECTEE, f"Reçu le {recu}, heure de Paris.", None, valeurs)
    fin = f"{en_francais(limite)}, 23 h 59"
    if derogation and est_dans_les_temps(depot, limite, derogation):
        return Jugement(
            Verdict.RESPECTEE,
            f"Reçu le {recu}, après la limite ({fin}) : admis par dérogation jusqu'au {jour(derogation)}.",
            None,
            valeurs,
        )
    return Jugement(
        Verdict.NON_RESPECTEE,
        f"Hors délai : reçu le {recu}, heure de Paris ; la limite était {fin}.",
        "Le responsable du service peut accorder une dérogation, par écrit et avec son motif."
        if regle.derogeable
        else None,
        valeurs,
    )


def _demandees(regle: ReglePieces, ctx: Contexte) -> list[Piece]:
    sollicites = set(ctx.demandes())
    return [
        p
        for p in ctx.appel.pieces_pour(ctx.fiche.porteur.type)
        if not p.declaration
        and p.code not in regle.sauf
        and p.indispensable == (regle.niveau == "indispensables")
        and (not p.financeurs or sollicites & set(p.financeurs))
    ]


def pieces(regle: ReglePieces, ctx: Contexte) -> Jugement:
    """R63, P33, S23, S24, S76 : les pièces de ce type de porteur, et celles qui manquent."""
    if ctx.fiche.porteur.type is None:
        return Jugement(
            Verdict.A_RENSEIGNER,
            "Les pièces dépendent de l'organisme qui porte l'action.",
            "Dites quel type d'organisme porte l'action.",
            champs=("porteur.type",),
        )
    demandees = _demandees(regle, ctx)
    if not demandees:
        return Jugement(Verdict.SANS_OBJET, "Aucune pièce n'est demandée à ce titre.", champs=())
    if ctx.fiche.pieces is None:
        return Jugement(
            Verdict.A_RENSEIGNER,
            f"{accorder(len(demandees), 'pièce est demandée', 'pièces sont demandées')}.",
            f"Ajoutez : {enumerer(p.libelle for p in demandees)}.",
            {"demandees": [p.code for p in demandees]},
        )
    jointes = set(ctx.fiche.pieces)
    manquent = [p for p in demandees if p.code not in jointes]
    valeurs = {"demandees": [p.code for p in demandees], "manquantes": [p.code for p in manquent]}
    mesure = Mesure("presence", {"elements": [[p.libelle, p.code in jointes] for p in demandees]})
    if not manquent:
        phrase = f"{accorder(len(demandees), 'pièce reçue', 'pièces reçues')}."
        return Jugement(Verdict.RESPECTEE, phrase, None, valeurs, mesure)
    noms = enumerer(p.libelle for p in manquent)
    return Jugement(
        Verdict.NON_RESPECTEE,
        f"Il manque {accorder(len(manquent), 'pièce', 'pièces')} : {noms}.",
        f"Ajoutez : {noms}.",
        valeurs,
        mesure,
    )


def piece(regle: ReglePiece, ctx: Contexte) -> Jugement:
    """Une déclaration ou une pièce exigée avant l'acte (CER : B7, S84)."""
    if regle.sauf_si and ctx.valeur(regle.sauf_si):
        return Jugement(Verdict.RESPECTEE, "L'organisme en est dispensé : engagement réputé souscrit.")
    ecrite = ctx.appel.piece(regle.piece)
    nom = ecrite.libelle if ecrite else regle.piece
    if ctx.fiche.pieces is None:
        return Jugement(Verdict.A_RENSEIGNER, f"{nom} : pas encore donné.", f"Ajoutez : {nom}.")
    if regle.piece in ctx.fiche.pieces:
        return Jugement(Verdict.RESPECTEE, "Donné.", None, {"piece": regle.piece})
    return Jugement(Verdict.NON_RESPECTEE, f"Il manque : {nom}.", f"Ajoutez : {nom}.", {"piece": regle.piece})


def obligation(regle: RegleObligation, ctx: Contexte) -> Jugement:
    """S60 : un compte rendu échu et non rendu arrête une nouvelle demande ; une dispense le lève."""
    dues = ctx.fiche.porteur.obligations
    if not dues:
        return Jugement(Verdict.SANS_OBJET, "Aucun compte rendu n'est dû.", champs=())
    depot = jour_de(ctx.fiche.depose_le) if ctx.fiche.depose_le else None
    ouvertes = [
        o
        for o in dues
        if o.dispense_le is None
        and (o.satisfaite_le is None or (depot is not None and o.satisfaite_le > depot))
    ]
    echues = [o for o in ouvertes if depot is None or o.echeance < depot]
    valeurs = {
        "exercices": [o.exercice for o in echues],
        "echeances": [o.echeance.isoformat() for o in echues],
    }
    if not echues:
        phrase = "Aucun compte rendu n'est en retard."
        return Jugement(Verdict.RESPECTEE, phrase, None, valeurs)
    annees = enumerer(str(o.exercice) for o in echues)
    if depot is None:
        return Jugement(
            Verdict.A_VERIFIER,
            f"Le compte rendu {annees} n'est pas rendu : son échéance se juge au jour du dépôt.",
            f"Rendez-le avant le {jour(min(o.echeance for o in echues))}.",
            valeurs,
        )
    dates = enumerer(jour(o.echeance) for o in echues)
    return Jugement(
        Verdict.NON_RESPECTEE,
        f"Le compte rendu {annees} était dû le {dates} : nous ne l'avons pas reçu.",
        f"Rendez le compte rendu {annees}, ou demandez une dispense au service.",
        valeurs,
    )


def heures(regle: RegleHeures, ctx: Contexte) -> Jugement:
    """R59, P22, S18 : plus de zéro heure, par pas régulier."""
    dites = ctx.fiche.action.heures_departement
    if dites is None:
        return Jugement(
            Verdict.A_RENSEIGNER,
            "Le nombre d'heures n'est pas encore dit.",
            "Indiquez le nombre d'heures prévues, par exemple 12,5.",
        )
    valeurs = {"heures": f"{dites:f}", "pas": regle.pas}
    lues = f"{dites.normalize():f}".replace(".", ",")
    if dites <= 0:
        return Jugement(
            Verdict.NON_RESPECTEE, "Le nombre d'heures est de 0.", "Indiquez plus de 0 heure.", valeurs
        )
    pas = Decimal(regle.pas)
    if dites % pas:
        voisine = f"{((dites // pas + 1) * pas).normalize():f}".replace(".", ",")
        return Jugement(
            Verdict.NON_RESPECTEE,
            f"{lues} heures : le compte se fait par {str(pas.normalize()).replace('.', ',')} heure.",
            f"Indiquez par exemple {voisine} heures.",
            valeurs,
        )
    return Jugement(Verdict.RESPECTEE, f"{lues} heures prévues.", None, valeurs)


def numero(regle: RegleNumero, ctx: Contexte) -> Jugement:
    """R35, P18, S83 : absent, le dépôt passe avec un signalement ; la recevabilité l'attend."""
    lu = (ctx.fiche.action.numero_dauphin or "").strip()
    if not lu:
        return Jugement(
            Verdict.A_RENSEIGNER,
            f"Le numéro {regle.plateforme} n'est pas encore donné.",
            f"Recopiez-le depuis {regle.plateforme} avant l'examen, par exemple {regle.exemple}.",
        )
    try:
        valide = identifiants.numero_dauphin(lu)
    except identifiants.IdentifiantInvalide:
        return Jugement(
            Verdict.NON_RESPECTEE,
            f"« {lu[:40]} » n'a pas la forme d'un numéro {regle.plateforme}.",
            f"Recopiez-le depuis {regle.plateforme}, par exemple {regle.exemple}.",
            {"numero": lu[:40]},
        )
    return Jugement(Verdict.RESPECTEE, f"{valide.affichage}.", None, {"numero": valide.valeur})


def gestionnaire(regle: RegleGestionnaire, ctx: Contexte) -> Jugement:
    """R53, S73 : le type de l'organisme qui gère le dispositif."""
    qui = ctx.fiche.action.gestionnaire or ctx.fiche.porteur.type
    attendus = enumerer(t.libelle for t in regle.types)
    if qui is None:
        return Jugement(
            Verdict.A_RENSEIGNER, "L'organisme gestionnaire n'est pas encore dit.", f"Attendu : {attendus}."
        )
    valeurs = {"gestionnaire": str(qui), "types": list(regle.types)}
    if qui in regle.types:
        return Jugement(Verdict.RESPECTEE, f"Géré par : {qui.libelle}.", None, valeurs)
    return Jugement(
        Verdict.NON_RESPECTEE,
        f"Ce dispositif n'est pas ouvert à : {qui.libelle}.",
        f"Faites-le porter par l'un de ces organismes : {attendus}.",
        valeurs,
    )


def depot_propre(regle: RegleDepotPropre, ctx: Contexte) -> Jugement:
    """R61, S71 : le dépôt sur la plateforme commune ne dispense pas de celui du financeur."""
    financeur = ctx.territoire.financeur(regle.financeur or "")
    nom = financeur.nom if financeur else str(regle.financeur)
    faits = ctx.fiche.depots
    if faits and regle.financeur in faits:
        return Jugement(Verdict.RESPECTEE, f"Dépôt fait le {jour(faits[regle.financeur])}.")
    verdict = Verdict.A_RENSEIGNER if faits is None else Verdict.NON_RESPECTEE
    return Jugement(verdict, f"{nom} attend aussi son propre dépôt.", f"Déposez le dossier : {nom}.")


def vigilance(regle: RegleVigilance, ctx: Contexte) -> Jugement:
    """R37 : des cibles déjà couvertes par le droit commun, signalées sans être interdites."""
    cochees: Any = ctx.fiche.action.cibles_couvertes
    if cochees is None:
        return Jugement(Verdict.SANS_OBJET, "Aucune cible couverte n'est déclarée.", champs=())
    touchees = [c for c in cochees if c in regle.libelles]
    if not touchees:
        return Jugement(Verdict.RESPECTEE, "Aucune cible déjà couverte.")
    noms = enumerer(regle.libelles[c] for c in touchees)
    return Jugement(
        Verdict.NON_RESPECTEE, f"Le droit commun couvre déjà : {noms}.", regle.remede, {"cibles": touchees}
    )


def co_porteurs(regle: RegleCoPorteurs, ctx: Contexte) -> Jugement:
    """R29 c : ce que chaque organisme nommé a répondu ; un refus passe avant une attente."""
    nommes = ctx.fiche.action.co_porteurs or ()
    if not nommes:
        return Jugement(Verdict.SANS_OBJET, "Aucun co-porteur n'est nommé.")
    confirmes = [c.nom for c in nommes if c.confirme]
    attendus = [c.nom for c in nommes if c.confirme is None]
    declines = [c.nom for c in nommes if c.confirme is False]
    valeurs = {"confirmes": confirmes, "attendus": attendus, "declines": declines}
    phrase = " ".join(
        f"{accorder(len(noms), f'co-porteur {un}', f'co-porteurs {plusieurs}')}{INSECABLE}: {enumerer(noms)}."
        for noms, un, plusieurs in (
            (confirmes, "confirmé", "confirmés"),
            (attendus, "attendu", "attendus"),
            (declines, "a décliné", "ont décliné"),
        )
        if noms
    )
    if declines:
        remede = "Retirez l'organisme qui a décliné, ou changez son rôle et redemandez-lui."
        return Jugement(Verdict.NON_RESPECTEE, phrase, remede, valeurs)
    if attendus:
        remede = "Demandez-lui de confirmer, ou relancez-le, dans « Les personnes de ce dossier »."
        return Jugement(Verdict.A_RENSEIGNER, phrase, remede, valeurs)
    return Jugement(Verdict.RESPECTEE, phrase, None, valeurs)
