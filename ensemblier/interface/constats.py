"""Mettre un constat en mots et en formes : le verdict, sa conséquence, sa mesure, sa source, son remède.

Le constat est celui de `noyau.regles` (ou son dict) : `regle, titre, verdict, bloquante, bloque, financeur,
phrase, valeurs, source{document,page,citation}, remede, champs`, et `mesure` si la règle se dessine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .formats import accord, nombre
from .lecture import lire, liste, part, texte

ACTES = {
    "deposer": "le dépôt",
    "declarer_recevable": "l'examen",
    "programmer": "la programmation",
    "attribuer": "la décision",
    "conventionner": "la convention",
    "verser": "le versement",
    "valider_bilan": "la validation du bilan",
}
"""Ce qu'une règle arrête : les actes de `packs.regle.Acte`, en mots."""


@dataclass(frozen=True, slots=True)
class Famille:
    """Un verdict à l'écran : rang d'affichage, glyphe, ton, mot, et le mot du décompte (un, plusieurs)."""

    cle: str
    rang: int
    ton: str
    mot: str
    un: str
    plusieurs: str


BLOQUE = Famille("bloque", 0, "non", "Non respectée", "bloque", "bloquent")
ATTENTION = Famille(
    "attention", 1, "attention", "Point d'attention", "point d'attention", "points d'attention"
)
VERIFIER = Famille("verifier", 2, "verifier", "À vérifier", "à vérifier", "à vérifier")
RENSEIGNER = Famille("a-renseigner", 3, "neutre", "À renseigner", "à remplir", "à remplir")
RESPECTEE = Famille("respectee", 4, "ok", "Respectée", "respectée", "respectées")
SANS_OBJET = Famille("sans-objet", 5, "sans-objet", "Sans objet", "sans objet", "sans objet")
FAMILLES = (BLOQUE, ATTENTION, VERIFIER, RENSEIGNER, RESPECTEE, SANS_OBJET)
REPLIEES = (RESPECTEE, SANS_OBJET)


def famille(constat: Any) -> Famille:
    """Rend la famille du constat ; un verdict inconnu lève `ValueError` (jamais adouci en silence)."""
    verdict = texte(constat, "verdict")
    if verdict == "non_respectee":
        return BLOQUE if lire(constat, "bloquante", False) or liste(constat, "bloque") else ATTENTION
    connues = {
        "respectee": RESPECTEE,
        "a_verifier": VERIFIER,
        "a_renseigner": RENSEIGNER,
        "sans_objet": SANS_OBJET,
    }
    if verdict not in connues:
        raise ValueError(f"Verdict inconnu : « {verdict} ».")
    return connues[verdict]


def arrete_le_depot(constat: Any) -> bool:
    """Vrai si la règle bloque le dépôt lui-même, et pas seulement ce qui le suit."""
    actes = liste(constat, "bloque")
    return "deposer" in actes if actes else bool(lire(constat, "bloquante", False))


def consequence(constat: Any) -> str:
    """« bloque le dépôt », « n'empêche pas le dépôt »… : ce que le verdict arrête, en mots."""
    fam = famille(constat)
    actes = liste(constat, "bloque") or (["deposer"] if lire(constat, "bloquante", False) else [])
    noms = [ACTES[str(a)] for a in actes]
    enumeration = " et ".join([", ".join(noms[:-1]), noms[-1]] if len(noms) > 1 else noms)
    if fam is BLOQUE:
        suite = f"bloque {enumeration}"
    elif fam is ATTENTION:
        suite = "n'empêche pas le dépôt"
    elif fam is VERIFIER:
        suite = "par le service, n'empêche pas le dépôt"
    elif fam is RENSEIGNER:
        suite = f"bloquera {enumeration} si la réponse manque" if noms else "facultatif au dépôt"
    else:
        return ""
    financeur = texte(constat, "volet") or texte(constat, "financeur")
    return f"{suite}, volet {financeur} seulement" if financeur else suite


def presenter(
    constat: Any, *, variante: str = "complet", liens: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Rend le contexte du gabarit `constat.html` ; `liens` donne l'URL d'un chemin de la fiche."""
    fam = famille(constat)
    source = lire(constat, "source", {})
    return {
        "variante": variante,
        "famille": fam,
        "mot": fam.mot,
        "consequence": consequence(constat),
        "regle": texte(constat, "regle"),
        "titre": texte(constat, "titre"),
        "phrase": texte(constat, "phrase"),
        "remede": texte(constat, "remede"),
        "intitule_remede": "Ce qui se passe" if fam is VERIFIER else _intitule(fam),
        "mesure": presenter_mesure(lire(constat, "mesure"), atteint=fam is RESPECTEE),
        "document": texte(source, "document"),
        "page": texte(source, "page"),
        "citation": _citer(source),
        "lien_source": texte(source, "url"),
        "aussi": _aussi(lire(constat, "aussi")),
        "note": texte(constat, "note"),
        "fige": texte(constat, "fige"),
        "liens": [(c, liens[c]) for c in liste(constat, "champs") if liens and c in liens][:1],
    }


def _citer(source: Any) -> str:
    """La citation entre guillemets ; un résumé, qui n'est pas littéral, sans guillemets."""
    citation = texte(source, "citation")
    return f"«\u00a0{citation}\u00a0»" if citation and lire(source, "litterale", True) else citation


def _aussi(source: Any) -> dict[str, str] | None:
    if not source:
        return None
    return {"citation": _citer(source), "document": texte(source, "document"), "page": texte(source, "page")}


def _intitule(fam: Famille) -> str:
    return {BLOQUE: "Pour la respecter", RENSEIGNER: "Pour répondre"}.get(fam, "Pour y répondre")


def presenter_mesure(mesure: Any, *, atteint: bool) -> dict[str, Any] | None:
    """Rend la mesure prête à dessiner, ou None (`noyau.regles.Mesure`, ou son JSON à plat).

    Genres : `seuil` {valeur, requis, total, part, seuil}, `calcul` {lignes: [[libellé, calcul, montant]]},
    `presence` {elements: [[libellé, présent]]}, `egalite` {charges, produits} ou {demande, plafond}.
    """
    genre = texte(mesure, "genre") if mesure else ""
    donnees = lire(mesure, "donnees", mesure) if mesure else {}
    if genre == "seuil":
        return {"genre": genre, "atteint": atteint, **_seuil(donnees)}
    if genre == "calcul":
        lignes = [{"libelle": li[0], "calcul": li[1], "montant": li[2]} for li in liste(donnees, "lignes")]
        return {"genre": genre, "lignes": lignes}
    if genre == "presence":
        elements = [{"libelle": e[0], "present": bool(e[1])} for e in liste(donnees, "elements")]
        return {"genre": genre, "elements": elements}
    if genre == "egalite":
        return {"genre": genre, "barres": _barres(donnees)}
    return None


def _seuil(donnees: Any) -> dict[str, Any]:
    """La barre va de zéro au total ; le repère est au nombre requis."""
    valeur, requis = Decimal(lire(donnees, "valeur", 0)), Decimal(lire(donnees, "requis", 0))
    total = Decimal(lire(donnees, "total", 0))
    echelle = total if total > requis else max(valeur, requis) * Decimal("1.25")
    dit = nombre(valeur)
    if proportion := texte(donnees, "part"):
        dit = f"{dit} sur {nombre(total)}, soit {proportion}"
    return {
        "barre": part(valeur, echelle),
        "seuil": part(requis, echelle),
        "sous_le_seuil": valeur < requis,
        "texte_valeur": dit,
        "texte_seuil": texte(donnees, "seuil"),
    }


_PAIRES = (
    (("charges", "Dépenses"), ("produits", "Ressources")),
    (("demande", "Demandé"), ("plafond", "Plafond")),
)


def _barres(donnees: Any) -> list[dict[str, Any]]:
    """Deux barres à la même échelle ; la plus courte porte l'écart, haché, jusqu'au bout de la longue."""
    for paire in _PAIRES:
        montants = [lire(donnees, cle) for cle, _ in paire]
        if None not in montants:
            valeurs = [Decimal(m) for m in montants]
            grand = max(valeurs)
            return [
                {"libelle": nom, "montant": v, "largeur": part(v, grand), "ecart": part(grand - v, grand)}
                for (_, nom), v in zip(paire, valeurs, strict=True)
            ]
    return []


def decompte(constats: list[Any]) -> str:
    """« 1 bloque, 2 points d'attention, 9 respectées » : la phrase de tête de la liste.

    Ce qui laisse déposer et n'arrête que la suite se compte à part : « 2 bloquent la suite » (P33).
    """
    morceaux = []
    for fam in FAMILLES:
        siens = [c for c in constats if famille(c) is fam]
        suite = [c for c in siens if fam is BLOQUE and not arrete_le_depot(c)]
        if combien := len(siens) - len(suite):
            morceaux.append(accord(combien, fam.un, fam.plusieurs))
        if suite:
            morceaux.append(accord(len(suite), "bloque la suite", "bloquent la suite"))
    return ", ".join(morceaux) if morceaux else "Aucune règle à vérifier"


def par_volet(constats: list[Any]) -> list[tuple[str, list[Any]]]:
    """« Demandé une fois, pour tous », puis ce que chaque financeur demande seul ; l'ordre reste."""
    groupes: dict[str, list[Any]] = {}
    for c in constats:
        groupes.setdefault(texte(c, "volet") or texte(c, "financeur"), []).append(c)
    return [
        (f"Demandé seulement par : {qui}" if qui else "Demandé une fois, pour tous", groupes[qui])
        for qui in sorted(groupes, key=bool)
    ]


def ordonner(constats: list[Any]) -> tuple[list[Any], list[tuple[Famille, list[Any]]]]:
    """Rend (ouverts dans l'ordre, [(famille, repliés)]) : respectées et sans objet sont repliées."""
    tries = sorted(constats, key=lambda c: famille(c).rang)
    ouverts = [c for c in tries if famille(c) not in REPLIEES]
    groupes = [(fam, [c for c in tries if famille(c) is fam]) for fam in REPLIEES]
    return ouverts, [(fam, membres) for fam, membres in groupes if membres]
