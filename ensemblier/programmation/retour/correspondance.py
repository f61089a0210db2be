"""Un tableau venu d'ailleurs : la personne dit la colonne du dossier et celle du montant de chaque financeur.

Aucune clé ne dit d'où viennent ses cases : chaque ligne se reconnaît à son numéro, à son numéro Dauphin ou à
son titre exact, et la version de chaque case est celle de l'essai, que la personne lit avant d'appliquer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from ensemblier.dossiers.etats import ABANDONNEE
from ensemblier.dossiers.models import Demande
from ensemblier.interface.controles import FichierRefuse
from ensemblier.interface.tableur import SANS_VALEUR, Bornes, parcourir
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.mots import plat
from ensemblier.programmation.lecture import dossiers_de
from ensemblier.programmation.models import CaseRelue, Retour
from ensemblier.programmation.retour.lecture import en_montant
from ensemblier.programmation.saisie import INCHANGEE, CaseRefusee

BORNES = Bornes(poids=10 * 1024 * 1024, lignes=6_000, colonnes=120)
EN_TETE_AU_PLUS = 12
"""Lignes de titre tolérées avant les en-têtes."""
ISSUE = CaseRelue.Issue


@dataclass(frozen=True, slots=True)
class Colonnes:
    """Ce que la personne a dit, en rangs : les en-têtes, la colonne du dossier, le montant par financeur."""

    ligne: int
    dossier: int
    montants: dict[str, int]

    def en_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def de_json(cls, dits: Mapping[str, Any]) -> Colonnes:
        return cls(int(dits["ligne"]), int(dits["dossier"]), dict(dits["montants"]))


def ouvrir(octets: bytes) -> list[list[Any]]:
    """Les lignes de la première feuille ; lève `FichierRefuse` si elle ne se lit pas ou n'a qu'un titre."""
    rangees = [*parcourir(octets, BORNES)]
    if sum(any(_texte(v) for v in r) for r in rangees) < 2:
        raise FichierRefuse(
            "La première feuille de ce tableau n'a pas deux lignes écrites. Mettez devant la feuille qui "
            "porte les montants, puis recommencez."
        )
    return rangees


def _texte(valeur: Any) -> str:
    """Le texte d'une case ; un entier que le tableur a gardé en nombre perd son « .0 »."""
    if valeur is SANS_VALEUR:
        return ""
    if isinstance(valeur, float) and valeur.is_integer() and abs(valeur) < 2**53:
        return str(int(valeur))
    if isinstance(valeur, float):
        return str(valeur).replace(".", ",")
    return " ".join(str(valeur).split())


def ligne_d_entetes(rangees: Sequence[Sequence[Any]]) -> int:
    """Le rang de la ligne la plus remplie de textes parmi les premières."""
    remplies = [sum(isinstance(v, str) and bool(v.strip()) for v in r) for r in rangees[:EN_TETE_AU_PLUS]]
    return remplies.index(max(remplies))


def lignes_possibles(rangees: Sequence[Sequence[Any]]) -> list[tuple[str, str]]:
    """Les premières lignes écrites, chacune avec ce qu'elle dit."""
    return [
        (str(rang), f"Ligne {rang + 1} : {', '.join(t[:30] for v in r if (t := _texte(v)))[:120]}")
        for rang, r in enumerate(rangees[:EN_TETE_AU_PLUS])
        if any(_texte(v) for v in r)
    ]


def colonnes_possibles(rangees: Sequence[Sequence[Any]], ligne: int) -> list[tuple[str, str]]:
    """« C : Montant proposé (8 000, 4 500) » : chaque colonne écrite, son titre et ses premières valeurs."""
    largeur = max((len(r) for r in rangees), default=0)
    rendues = []
    for place in range(largeur):
        titre = _case(rangees[ligne], place)
        exemples = [t[:24] for r in rangees[ligne + 1 : ligne + 40] if (t := _case(r, place))][:2]
        if titre or exemples:
            suite = f" ({', '.join(exemples)})" if exemples else ""
            rendues.append((str(place), f"{xl_col_to_name(place)} : {titre[:60] or 'sans titre'}{suite}"))
    return rendues


def _case(rangee: Sequence[Any], place: int) -> str:
    return _texte(rangee[place]) if place < len(rangee) else ""


@dataclass(frozen=True, slots=True)
class _Connus:
    """Les dossiers que la personne programme, par ce qui les nomme : des clés primaires, une si c'est sûr."""

    par_nom: dict[str, set[int]]
    numeros: dict[int, str]

    @classmethod
    def lire(cls, retour: Retour, par: Acteur) -> _Connus:
        par_nom: dict[str, set[int]] = {}
        numeros = {}
        lus = dossiers_de(par, retour.appel).values_list("pk", "numero", "numero_dauphin", "intitule")
        for pk, numero, dauphin, intitule in lus:
            numeros[pk] = numero
            for nom in {plat(numero), plat(dauphin), plat(intitule).strip()} - {""}:
                par_nom.setdefault(nom, set()).add(pk)
        return cls(par_nom, numeros)

    def trouver(self, dit: str) -> tuple[int | None, str]:
        """Le dossier que dit la case, ou pourquoi on ne le sait pas."""
        trouves = sorted(self.par_nom.get(plat(dit), ()))
        if len(trouves) == 1:
            return trouves[0], ""
        if not trouves:
            return None, f"Aucun dossier de votre liste n'a ce numéro ni ce titre exact. {INCHANGEE}"
        noms = ", ".join(self.numeros[pk] for pk in trouves[:5])
        return None, f"Plusieurs dossiers ont ce titre : {noms}. Écrivez le numéro du bon. {INCHANGEE}"


def cases(retour: Retour, octets: bytes, par: Acteur) -> list[CaseRelue]:
    """Chaque montant dit par ces colonnes ; une case vide ne dit rien, elle ne retire pas une proposition."""
    colonnes = Colonnes.de_json(retour.colonnes)
    connus = _Connus.lire(retour, par)
    lues = [*_montants(ouvrir(octets), colonnes, connus)]
    volets = _volets({pk for pk, _, _ in lues if pk}, set(colonnes.montants))
    fois = Counter((pk, code) for pk, code, _ in lues if pk)
    for pk, code, case in lues:
        case.retour = retour
        if not pk:
            continue
        if fois[pk, code] > 1 and not case.phrase:
            case.phrase = f"Plusieurs lignes disent ce dossier : gardez celle qui fait foi. {INCHANGEE}"
        _viser(case, volets.get((pk, code), []), code)
        case.issue = ISSUE.REFUSEE if case.phrase else ""
    return [case for _, _, case in lues]


def _montants(
    rangees: Sequence[Sequence[Any]], colonnes: Colonnes, connus: _Connus
) -> Iterator[tuple[int | None, str, CaseRelue]]:
    """(dossier, code du financeur, case) : une ligne de total, que rien ne reconnaît, se passe."""
    for rang, rangee in enumerate(rangees[colonnes.ligne + 1 :], start=colonnes.ligne + 2):
        dit = _case(rangee, colonnes.dossier)
        dossier, faute = connus.trouver(dit)
        if dossier is None and plat(dit).startswith("total"):
            continue
        for code, place in colonnes.montants.items():
            valeur = rangee[place] if place < len(rangee) else ""
            if valeur is not SANS_VALEUR and not _texte(valeur):
                continue
            case = CaseRelue(
                lieu=f"{xl_col_to_name(place)}{rang}", numero=connus.numeros.get(dossier or 0, dit[:60]),
                saisie=_texte(valeur)[:60], phrase=faute, issue=ISSUE.REFUSEE if faute else "",
            )  # fmt: skip
            _lire_le_montant(case, valeur)
            yield dossier, code, case


def _lire_le_montant(case: CaseRelue, valeur: Any) -> None:
    if valeur is SANS_VALEUR:
        case.phrase = case.phrase or (
            f"Cette formule n'a pas de résultat dans le fichier : écrivez le montant. {INCHANGEE}"
        )
        return
    try:
        case.apres = en_montant(valeur)
    except CaseRefusee as refus:
        case.phrase = case.phrase or str(refus)


def _viser(case: CaseRelue, volets: Sequence[Demande], code: str) -> None:
    if len(volets) == 1:
        case.demande_id, case.version = volets[0].pk, volets[0].version
    elif not case.phrase:
        combien = "a plusieurs demandes" if volets else "ne demande rien"
        suite = " Écrivez ce montant dans le tableau." if volets else ""
        case.phrase = f"Ce dossier {combien} à « {code} ».{suite} {INCHANGEE}"


def _volets(dossiers: set[int], codes: set[str]) -> dict[tuple[int, str], list[Demande]]:
    """Les volets de ces dossiers, par dossier et financeur ; une requête."""
    rendus: dict[tuple[int, str], list[Demande]] = {}
    lus = Demande.objects.filter(dossier__in=dossiers, financeur__code__in=codes).exclude(etat=ABANDONNEE)
    for volet in lus.select_related("financeur").order_by("pk"):
        rendus.setdefault((volet.dossier_id, volet.financeur.code), []).append(volet)
    return rendus
