"""Les six étapes de l'éditeur : leur titre, les réponses qu'elles portent, ce qu'il y reste à faire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from ensemblier.dossiers.models import Dossier
from ensemblier.interface.constats import ATTENTION, BLOQUE, REPLIEES, Famille, famille
from ensemblier.interface.presentation import groupes
from ensemblier.noyau.packs import Appel
from ensemblier.noyau.regles import Constat, Rapport


@dataclass(frozen=True, slots=True)
class Etape:
    """Une page de l'éditeur ; `champs` : les chemins de la fiche qu'on y écrit, et leur ancre."""

    code: str
    nom: str
    champs: dict[str, str]


ETAPES = (
    Etape("organisme", "Organisme", {
        "porteur.type": "", "porteur.siren": "", "porteur.siret": "", "porteur.commune_siege": "",
        "porteur.cer_repute_souscrit": "", "porteur.obligations": "obligations",
    }),
    Etape("action", "Action", {
        "action.intitule": "id_intitule", "action.pilier": "id_pilier",
        "action.thematiques": "id_thematiques",
        "action.experimentale": "id_est_experimentale",
        "action.experimentale_justification": "id_experimentale_justification",
        "action.numerique": "id_est_numerique", "action.coherence_numerique": "id_numerique_coherence",
        "action.droit_commun": "id_droit_commun", "action.cibles_couvertes": "id_cibles_couvertes",
        "action.comite_de_suivi": "id_comite_de_suivi", "action.numero_dauphin": "id_numero_dauphin",
    }),
    Etape("publics", "Publics et quartiers", {
        "publics.total": "id_publics_total", "publics.qpv": "id_publics_qpv",
        "action.mobilisation_qpv": "id_mobilisation_qpv", "action.quartiers": "quartiers",
        "action.contacts_communes": "contacts",
    }),
    Etape("budget", "Budget", {
        "budget": "depenses", "budget.charges": "depenses", "budget.produits": "ressources",
    }),
    Etape("demandes", "Demandes", {
        "demande": "demandes", "action.dispositifs": "demandes", "action.gestionnaire": "id_gestionnaire",
        "action.agent_departement": "id_a_agent_departement",
        "action.heures_departement": "id_heures_departement",
        "action.contact_departement_le": "id_contact_departement_le", "bonification": "criteres",
    }),
    Etape("pieces", "Pièces", {"pieces": "pieces", "depots": "ailleurs"}),
)  # fmt: skip
CODES = tuple(e.code for e in ETAPES)
PAR_CODE = {e.code: e for e in ETAPES}


def adresse(dossier: Dossier, code: str, ancre: str = "") -> str:
    url = reverse("dossier_etape", args=(dossier.numero, code))
    return f"{url}#{ancre}" if ancre else url


def liens(dossier: Dossier) -> dict[str, str]:
    """L'adresse du champ de chaque chemin de la fiche : un constat y mène."""
    return {chemin: adresse(dossier, e.code, ancre) for e in ETAPES for chemin, ancre in e.champs.items()}


def sans_les_declarations(rapport: Rapport, reglement: Appel) -> list[Constat]:
    """Les constats du porteur, sans les cases qu'il ne coche qu'au moment de déposer."""
    cases = {p.code for p in reglement.pieces if p.declaration}
    au_depot = {r.code for r in reglement.regles if r.genre == "piece" and r.piece in cases}
    return [c for c in rapport.constats if c.regle not in au_depot]


def de_l_etape(constats: list[Constat], etape_: Etape) -> list[Constat]:
    """Les constats qui se corrigent ici : leur premier champ est à cette étape."""
    return [c for c in constats if c.champs and c.champs[0] in etape_.champs]


@dataclass(frozen=True, slots=True)
class Repere:
    """Une étape dans la liste de gauche : sa forme et son mot disent ce qui y reste."""

    rang: int
    etape: Etape
    url: str
    glyphe: str
    mot: str
    est_courante: bool


def _au_depot(constat: Constat) -> Famille:
    """Avant le dépôt, ce qui n'arrête que la suite est un point d'attention."""
    vue = famille(constat)
    return ATTENTION if vue is BLOQUE and not constat.arrete("deposer") else vue


def par_moment(constats: list[Constat]) -> tuple[list[Constat], list[Constat]]:
    """Ce qui compte pour déposer, puis ce qui n'arrête que la suite (une pièce attendue, P33)."""
    suite = [c for c in constats if famille(c) is BLOQUE and not c.arrete("deposer")]
    return [c for c in constats if c not in suite], suite


def plusieurs_financeurs(reglement: Appel) -> bool:
    """Vrai si l'appel s'adresse à plusieurs : il se dit alors ce qui est demandé une fois."""
    return len({d.financeur for d in reglement.dispositifs}) > 1


def reperes(dossier: Dossier, constats: list[Constat], courante: str = "") -> list[Repere]:
    rendus = []
    for rang, e in enumerate(ETAPES, start=1):
        pires = sorted((_au_depot(c) for c in de_l_etape(constats, e)), key=lambda f: f.rang)
        ouverts = [f for f in pires if f not in REPLIEES]
        glyphe, mot = (ouverts[0].cle, ouverts[0].mot) if ouverts else ("respectee", "Rien ne bloque")
        rendus.append(Repere(rang, e, adresse(dossier, e.code), glyphe, mot, e.code == courante))
    return rendus


def ancre(chemin: str) -> str:
    """L'identifiant de la place d'un constat, sous son champ."""
    return "sous-" + chemin.replace(".", "-")


def rangees(form: Any, constats: dict[str, list[Constat]]) -> list[dict[str, Any]]:
    """Les groupes du formulaire, chaque champ avec la place et les constats de son chemin."""
    return [
        groupe
        | {
            "champs": [
                {"champ": c, "ancre": ancre(chemin) if chemin else "", "constats": constats.get(chemin, ())}
                for c in groupe["champs"]
                for chemin in (form.CHEMINS.get(c.name, ""),)
            ]
        }
        for groupe in groupes(form)
    ]


def a_completer(constats: Iterable[Constat]) -> list[Constat]:
    """Ce qui arrête encore le dépôt, d'un volet ou de tout le dossier : le seul calcul des « points »."""
    return [c for c in constats if c.arrete("deposer")]


def voisines(code: str) -> dict[str, Any]:
    """Les étapes d'avant et d'après ; après la dernière, la relecture."""
    rang = CODES.index(code)
    return {
        "precedente": ETAPES[rang - 1] if rang else None,
        "suivante": ETAPES[rang + 1] if rang + 1 < len(ETAPES) else None,
    }
