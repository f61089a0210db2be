"""Ce que le tableau et un scénario partagent : le contexte de la grille, ses versions lues, ses réponses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.template.loader import render_to_string

from ensemblier.programmation import groupes, lecture
from ensemblier.programmation.grille import APRES, COLONNE, EN_VOL, GROUPE, Grille

EN_A4 = 13
"""Les colonnes qui tiennent en largeur sur une feuille A4 ; au-delà, l'impression demande l'A3."""
AU_PLUS = 500
"""Cases par envoi : la grille en envoie cinquante à la fois."""
CHIFFRES = 18
"""Au-delà, un nombre reçu n'est ni une clé ni une version : la base ne saurait pas le comparer."""
ILLISIBLE = "La grille a envoyé une demande illisible. Rechargez la page."

_ILLISIBLES = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""Ce que lève un corps mal fait : pas du JSON, d'une autre forme, un nombre infini, mille crochets."""


def contexte_de(
    grille: Grille, lignes: list[lecture.Ligne], suivant: str, adresses: Mapping[str, str]
) -> dict[str, Any]:
    """Ce que `programmation/grille.html` montre ; `adresses` : où la grille au clavier écrit et relit."""
    ronds = grille.ronds(lignes)
    jauges, depassees = grille.jauges
    miennes = [c for x in lignes for cs in x.colonnes.values() for c in cs if c.est_mienne]
    ronde = grille.comme_ici(lignes)
    return {
        "appel": grille.appel,
        "adresses": adresses,
        "cases": grille.cases,
        "classe": f"grille-de-programmation{' grille-large' if len(grille.cases) > EN_A4 else ''}",
        "choix": grille.choix,
        "lignes": [(x, grille.cases) for x in lignes],
        "corps": grille.corps(lignes, ronds=ronds),
        "ligne_des_totaux": grille.pied(ronds=ronds),
        "totaux": [grille.totaux[c.cle] for c in grille.financeurs],
        **grille.ensemble,
        "jauges": jauges,
        "depassees": depassees,
        "miennes": miennes,
        "versions": ",".join(f"{c.volet.pk}:{c.version}" for c in miennes),
        "suivant": grille.adresse(apres=suivant) if suivant else "",
        "suite": grille.adresse(apres=suivant, **ronde) if suivant else "",
        "adresse": grille.adresse(**ronde),
        "depuis": int(grille.le.timestamp() * 1000),
        "filtres": [
            {"nom": nom, "libelle": libelle, "choix": choix, "valeur": grille.poses.get(nom, "")}
            for nom, libelle, choix in lecture.choix_des_filtres(grille.appel)
        ],
        "groupes": [(code, mot, code == grille.par) for code, (mot, *_) in groupes.PAR.items()],
        "gardes": [(COLONNE, c) for c in grille.dits.getlist(COLONNE)],
        "poses": grille.poses,
        "actifs": _actifs(grille),
    }


def _actifs(grille: Grille) -> list[tuple[str, str]]:
    """Chaque filtre posé, en mots, avec l'adresse qui l'ôte."""
    mots = {nom: dict(choix) for nom, _, choix in lecture.choix_des_filtres(grille.appel)}
    rendus = [
        (mots.get(nom, {}).get(valeur, f"« {valeur} »"), grille.adresse(**{nom: ""}))
        for nom, valeur in grille.poses.items()
    ]
    if grille.par:
        rendus.append((f"groupé par {groupes.PAR[grille.par][0].lower()}", grille.adresse(**{GROUPE: ""})))
    return rendus


def redire(lignes: list[lecture.Ligne], refus: dict[int, tuple[str, str]]) -> None:
    """Rend à chaque case refusée ce qui y fut tapé, et pourquoi."""
    for cellule in (c for x in lignes for cs in x.colonnes.values() for c in cs):
        cellule.saisie, cellule.refus = refus.get(cellule.volet.pk, ("", ""))


def versions_lues(texte: str) -> dict[int, int]:
    """« 12:3,14:0 » : la version que la page montrait de chaque case."""
    paires = (paire.split(":") for paire in texte[:20_000].split(",") if paire.count(":") == 1)
    return {int(a): int(b) for a, b in paires if est_court(a) and est_court(b)}


def est_court(texte: str) -> bool:
    """Vrai pour un nombre d'au plus `CHIFFRES` chiffres : une clé, une version."""
    return texte.isdecimal() and len(texte) <= CHIFFRES


def _entier(dit: Any) -> int:
    """Lève `ValueError` au-delà de `CHIFFRES` chiffres."""
    if abs(lu := int(dit)) >= 10**CHIFFRES:
        raise ValueError(ILLISIBLE)
    return lu


def cases_demandees(request: HttpRequest) -> list[dict[str, Any]] | None:
    """Ce que la grille envoie, dans l'ordre ; `None` si cela ne se lit pas."""
    try:
        lues = json.loads(request.body)["cases"]
        demandees = [
            {
                "volet": _entier(c["volet"]), "version": _entier(c["version"]),
                "valeur": str(c["valeur"])[:60],
                "verrou": c.get("verrou") is True,
            }
            for c in lues
        ]  # fmt: skip
    except (*_ILLISIBLES, RawPostDataException):
        return None
    return demandees if 0 < len(demandees) <= AU_PLUS else None


def lignes_ecrites(grille: Grille, cles: Iterable[int]) -> dict[str, str]:
    """Ces lignes telles qu'elles sont maintenant, par numéro."""
    lues = grille.lignes_de(cles)
    ronds = grille.ronds(lues)
    return {x.dossier.numero: grille.ligne(x, ronds=ronds) for x in lues}


def la_suite(grille: Grille) -> JsonResponse:
    """Les lignes d'après, et l'adresse de celles qui suivent."""
    lues, suivant = grille.page(grille.dits.get(APRES, ""))
    ronds = grille.ronds(lues)
    return JsonResponse(
        {
            "corps": grille.corps(lues, ronds=ronds),
            "suite": grille.adresse(apres=suivant, **grille.comme_ici(lues)) if suivant else "",
        }
    )


def ce_qui_a_bouge(grille: Grille) -> HttpResponse:
    """La réponse à la sonde : `depuis` (millisecondes) et `empreinte` sont ceux de la réponse d'avant.

    204 si rien n'a bougé, en peu de requêtes.
    """
    dits = grille.dits
    cles, empreinte = grille.changes(_instant(dits.get("depuis", ""), grille.le))
    if not cles or empreinte == dits.get("empreinte", ""):
        return HttpResponse(status=204)
    ronds = grille.ronds([])
    jauges, depassees = grille.jauges
    bandeau = {"jauges": jauges, "depassees": depassees, "appel": grille.appel}
    return JsonResponse(
        {
            "depuis": int(grille.le.timestamp() * 1000),
            "empreinte": grille.changes(grille.le)[1],
            "lignes": lignes_ecrites(grille, cles),
            "pied": grille.pied(ronds=ronds),
            "groupes": grille.lignes_des_groupes(ronds=ronds),
            "jauges": render_to_string("programmation/bandeau.html", bandeau),
        }
    )


def _instant(texte: str, present: datetime) -> datetime:
    """Au plus une heure en arrière : une page plus vieille se recharge."""
    if not texte.isdecimal() or len(texte) > 14:
        return present
    return max(datetime.fromtimestamp(int(texte) / 1000, UTC), present - 120 * EN_VOL)
