"""Les règles des lieux : quartiers, communes, contacts communaux, siège (R17, R18, R40, R86)."""

from __future__ import annotations

import datetime as dt

from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.packs.regle import (
    RegleCommunesHorsEpci,
    RegleContactCommunal,
    RegleQuartiers,
    RegleSiege,
)
from ensemblier.noyau.packs.territoire import Commune
from ensemblier.noyau.regles.constats import Jugement, Mesure, Verdict
from ensemblier.noyau.regles.contexte import Contexte, accorder, enumerer, jour
from ensemblier.noyau.strict import cle

_AUCUN_QUARTIER = Jugement(
    Verdict.A_RENSEIGNER,
    "Aucun quartier n'est encore choisi.",
    "Choisissez les quartiers de l'action, et dans chacun ses communes.",
    champs=("action.quartiers",),
)


def quartiers(regle: RegleQuartiers, ctx: Contexte) -> Jugement:
    """Des quartiers du territoire, et des communes qui sont les leurs ; l'ancien code se dit (R19)."""
    vises = ctx.fiche.action.quartiers
    if not vises:
        return _AUCUN_QUARTIER
    fautes: list[str] = []
    noms: list[str] = []
    anciens: dict[str, str] = {}
    for vise in vises:
        quartier = ctx.territoire.quartier(vise.code)
        if quartier is None:
            fautes.append(f"{vise.code} n'est pas un quartier du territoire")
            continue
        noms.append(quartier.nom)
        if vise.code != quartier.code:
            anciens[vise.code] = quartier.code
        for nom in vise.communes:
            commune = ctx.territoire.commune(nom)
            if commune is None or commune.code not in quartier.communes:
                fautes.append(f"{nom} n'est pas une commune du quartier {quartier.nom}")
    valeurs = {"quartiers": [v.code for v in vises], "codes_en_vigueur": anciens}
    if fautes:
        return Jugement(
            Verdict.NON_RESPECTEE,
            f"{' ; '.join(fautes)}.",
            "Choisissez le quartier et ses communes.",
            valeurs,
        )
    suite = f" Code en vigueur : {enumerer(anciens.values())}." if anciens else ""
    return Jugement(Verdict.RESPECTEE, f"{enumerer(noms)}.{suite}", None, valeurs)


def communes_hors_epci(regle: RegleCommunesHorsEpci, ctx: Contexte) -> Jugement:
    """P07, S15 : admis, signalé, sans contact exigé."""
    if not ctx.fiche.action.quartiers:
        return _AUCUN_QUARTIER
    dehors = [c for _, c in ctx.communes if c is not None and not c.membre]
    if not dehors:
        return Jugement(Verdict.SANS_OBJET, "Toutes les communes relèvent du territoire.", champs=())
    noms = enumerer(c.nom for c in dehors)
    return Jugement(
        Verdict.A_VERIFIER,
        f"{noms} : hors de l'agglomération, sans référent.",
        "Aucun contact n'y est exigé. Le service en tient compte dans les totaux par commune.",
        {"communes": [c.code for c in dehors]},
    )


def _contacts(ctx: Contexte) -> dict[str, list[dt.date | None]]:
    """Les dates de contact notées, par code de commune."""
    vus: dict[str, list[dt.date | None]] = {}
    for contact in ctx.fiche.action.contacts_communes or ():
        commune = ctx.territoire.commune(contact.commune)
        vus.setdefault(commune.code if commune else cle(contact.commune), []).append(contact.le)
    return vus


def _tri(
    concernees: list[Commune], vus: dict[str, list[dt.date | None]], limite: dt.date | None
) -> tuple[list[Commune], list[Commune], list[Commune]]:
    """Les communes sans contact, celles dont le contact n'est pas daté, celles dont il est trop tardif."""
    absentes, sans_date, tardives = [], [], []
    for commune in concernees:
        dates = vus.get(commune.code)
        if not dates:
            absentes.append(commune)
        elif not any(d for d in dates):
            sans_date.append(commune)
        elif limite and not any(d and d <= limite for d in dates):
            tardives.append(commune)
    return absentes, sans_date, tardives


def contact_communal(regle: RegleContactCommunal, ctx: Contexte) -> Jugement:
    """R40, P20, S12 à S15 : une trace par commune du territoire, au plus tard le jour du dépôt."""
    if not ctx.fiche.action.quartiers:
        return _AUCUN_QUARTIER
    concernees = [c for _, c in ctx.communes if c is not None and c.membre]
    if not concernees:
        return Jugement(Verdict.SANS_OBJET, "Aucune commune de l'agglomération n'est concernée.", champs=())
    if ctx.fiche.action.contacts_communes is None:
        return Jugement(
            Verdict.A_RENSEIGNER,
            f"{accorder(len(concernees), 'commune', 'communes')} à contacter avant le dépôt.",
            f"Prenez contact avec : {enumerer(c.nom for c in concernees)}, puis notez la date.",
            {"communes": [c.code for c in concernees]},
        )
    depot = ctx.fiche.action.depose_dauphin_le
    if depot is None and ctx.fiche.depose_le is not None:
        depot = jour_de(ctx.fiche.depose_le)
    absentes, sans_date, tardives = _tri(concernees, _contacts(ctx), depot)
    en_defaut = {c.code for c in (*absentes, *sans_date, *tardives)}
    valeurs = {
        "communes": [c.code for c in concernees],
        "manquantes": [c.code for c in absentes],
        "sans_date": [c.code for c in sans_date],
        "tardives": [c.code for c in tardives],
        "depot": depot.isoformat() if depot else None,
    }
    mesure = Mesure("presence", {"elements": [[c.nom, c.code not in en_defaut] for c in concernees]})
    if not en_defaut:
        phrase = f"{accorder(len(concernees), 'commune contactée', 'communes contactées')}."
        return Jugement(Verdict.RESPECTEE, phrase, None, valeurs, mesure)
    phrases, remedes = [], []
    if absentes:
        noms = enumerer(c.nom for c in absentes)
        phrases.append(
            f"Il manque {accorder(len(absentes), 'contact communal', 'contacts communaux')} : {noms}."
        )
        remedes.append(f"Prenez contact avec le référent, puis notez la date : {noms}.")
    if sans_date:
        noms = enumerer(c.nom for c in sans_date)
        phrases.append(f"La date du contact manque : {noms}.")
        remedes.append(f"Notez la date du contact : {noms}.")
    if tardives and depot:
        noms = enumerer(c.nom for c in tardives)
        phrases.append(f"Le contact est postérieur au dépôt du {jour(depot)} : {noms}.")
        remedes.append(f"Il faut un contact au plus tard le {jour(depot)} : {noms}.")
    return Jugement(Verdict.NON_RESPECTEE, " ".join(phrases), " ".join(remedes), valeurs, mesure)


def siege(regle: RegleSiege, ctx: Contexte) -> Jugement:
    """R86, P37, S81 : un siège ailleurs est admis ; seules les communes d'action comptent."""
    dite = ctx.fiche.porteur.commune_siege
    if not dite:
        return Jugement(
            Verdict.A_RENSEIGNER,
            "La commune du siège n'est pas encore dite.",
            "Indiquez la commune du siège de l'organisme.",
        )
    commune = ctx.territoire.commune(dite)
    if commune is not None and commune.membre:
        return Jugement(Verdict.RESPECTEE, f"Siège à {commune.nom}.", None, {"commune": commune.code})
    nom = commune.nom if commune else dite
    return Jugement(
        Verdict.A_VERIFIER,
        f"Siège hors de l'agglomération : {nom}.",
        "Votre demande est admise : seules les communes de l'action comptent.",
        {"commune": nom},
    )
