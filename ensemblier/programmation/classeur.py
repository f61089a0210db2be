"""Le tableau de programmation en tableur : la grille de l'écran, modifiable, et de quoi la reconnaître.

La première feuille porte les lignes et les colonnes de l'écran ; une ligne et des colonnes cachées y gardent
les clés. Une case d'un financeur est un seul volet : les communes y ont chacune leur colonne. Protégée, sauf
les cases que la personne peut écrire. La seconde feuille, cachée, dit d'où vient le fichier.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from ensemblier.programmation.calculs import ZERO
from ensemblier.programmation.colonnes import DEMANDE, MONTANT, NOTE, Case
from ensemblier.programmation.grille import Grille
from ensemblier.programmation.lecture import Cellule, Ligne, cle_de

FORMAT = "ensemblier-programmation"
FORMAT_DE_SCENARIO = "ensemblier-scenario"
VERSION = 1
FEUILLE, ORIGINE = "Programmation", "Origine"
NUMERO, PORTEUR, CLE, TOTAL = "numero", "porteur", "cle", "total"
ATTENDU = "attendu"
DEUX_LIGNES = 32
"""La hauteur des titres, en points : « CALL, proposé, voté » en prend deux."""
PREMIERE = 2
"""La première ligne de dossier : au-dessus, les clés des colonnes (cachées), puis les titres."""
OPTIONS = {
    "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
    "strings_to_numbers": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Une colonne du tableur ; `volet` : le financeur et son rang dans la ligne, vide hors financeurs."""

    cle: str
    titre: str
    case: Case | None = None
    volet: str = ""


@dataclass(slots=True)
class Plan:
    """Les colonnes du fichier, et ce que chaque ligne a de volets."""

    places: list[Place]
    lignes: list[tuple[Ligne, dict[str, Cellule]]]
    rangs: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rangs = {p.cle: rang for rang, p in enumerate(self.places)}


def cle_du_volet(cellule: Cellule) -> str:
    """« 12:3:9000.00 » : le volet, sa version, ce que sa case dit à l'export (montant, mot, rien)."""
    return f"{cellule.volet.pk}:{cellule.volet.version}:{dit_par(cellule)}"


def dit_par(cellule: Cellule) -> str:
    """Ce que la case porte dans le fichier ; une case à soi, sans montant, y est vide."""
    if cellule.mot:
        return cellule.mot
    if cellule.montant is not None:
        return f"{cellule.montant}"
    return "" if cellule.est_mienne else ATTENDU


def empreinte(cles: Iterable[tuple[str, str, str]]) -> str:
    """Des clés (numéro, colonne, volet), quel que soit leur ordre : trier le tableau ne la change pas."""
    return sha256("\n".join("|".join(c) for c in sorted(cles)).encode()).hexdigest()


def _volets(ligne: Ligne) -> dict[str, Cellule]:
    """Les volets de la ligne par colonne du fichier : le code du financeur, puis « CODE 2 » s'il revient."""
    rendus: dict[str, Cellule] = {}
    for cellule in (c for cellules in ligne.colonnes.values() for c in cellules):
        code = nom = cellule.volet.financeur.code
        rang = 1
        while nom in rendus:
            rang += 1
            nom = f"{code} {rang}"
        rendus[nom] = cellule
    return rendus


def une_colonne(case: Case, nom: str, titre: str) -> list[Place]:
    """La colonne d'un financeur, telle qu'à l'écran."""
    return [Place(f"{case.cle.partition('-')[0]}-{nom}", f"{titre}, {case.sous}", case, nom)]


def planifier(grille: Grille) -> Plan:
    """Toutes les lignes de la liste, et les colonnes de l'écran qu'il leur faut, puis leurs clés."""
    lignes = lire_les_lignes(grille)
    places = placer(grille, lignes, une_colonne)
    return Plan([*places, *_cachees(places)], lignes)


def lire_les_lignes(grille: Grille) -> list[tuple[Ligne, dict[str, Cellule]]]:
    """Toute la liste filtrée, page après page, chaque ligne avec ses volets par colonne du fichier."""
    lignes: list[tuple[Ligne, dict[str, Cellule]]] = []
    apres, encore = "", True
    while encore:
        lues, apres = grille.page(apres)
        lignes += [(x, _volets(x)) for x in lues]
        encore = bool(apres)
    return lignes


def placer(
    grille: Grille,
    lignes: Sequence[tuple[Ligne, dict[str, Cellule]]],
    decliner: Callable[[Case, str, str], list[Place]],
) -> list[Place]:
    """Les colonnes de l'écran ; `decliner` : celles que donne une case de financeur (case, nom, titre)."""
    par_colonne: dict[str, dict[str, tuple[int, str]]] = {}
    for _, volets in lignes:
        for nom, c in volets.items():
            f = c.volet.financeur
            titre = f.sigle if nom == f.code else f"{f.sigle} {nom.rpartition(' ')[2]}"
            par_colonne.setdefault(cle_de(f), {})[nom] = (f.rang, titre)
    places = [Place(NUMERO, "N°"), Place(PORTEUR, "Porteur · action")]
    for case in grille.cases:
        if case.champ is not None:
            places.append(Place(case.cle, case.titre, case))
            continue
        for nom, (_, titre) in sorted(par_colonne.get(case.financeur, {}).items(), key=lambda x: x[1]):
            places += decliner(case, nom, titre)
    return places


def _cachees(places: Sequence[Place]) -> Iterator[Place]:
    yield Place(f"{CLE}-{NUMERO}", "")
    for p in places:
        if p.volet and not p.cle.startswith(f"{DEMANDE}-"):
            yield Place(f"{CLE}-{p.volet}", "", volet=p.volet)


def _cles(plan: Plan) -> Iterator[tuple[str, str, str]]:
    caches = [p for p in plan.places if p.cle.startswith(f"{CLE}-") and p.volet]
    for ligne, volets in plan.lignes:
        for p in caches:
            if p.volet in volets:
                yield ligne.dossier.numero, p.cle, cle_du_volet(volets[p.volet])


def ecrire(grille: Grille) -> IO[bytes]:
    """Le .xlsx de la liste entière, ouvert au début ; un texte n'y est jamais une formule."""
    plan, sortie = planifier(grille), io.BytesIO()
    with Workbook(sortie, OPTIONS) as classeur:
        page = classeur.add_worksheet(FEUILLE)
        plume = Plume(page, plan, formats(classeur))
        plume.mettre_en_page()
        plume.titres()
        for rang, (ligne, volets) in enumerate(plan.lignes, start=PREMIERE):
            plume.ligne(rang, ligne, volets)
        plume.totaux()
        dire_l_origine(
            classeur.add_worksheet(ORIGINE), grille,
            format=FORMAT, version=str(VERSION), empreinte=empreinte(_cles(plan)),
        )  # fmt: skip
    sortie.seek(0)
    return sortie


def formats(classeur: Any) -> dict[str, Any]:
    argent = {"num_format": "#,##0.00", "valign": "top"}
    titre = {"quote_prefix": True, "bold": True, "text_wrap": True, "valign": "bottom"}
    return {
        "texte": classeur.add_format({"quote_prefix": True, "valign": "top"}),
        "gras": classeur.add_format(titre),
        "chiffres": classeur.add_format(titre | {"align": "right"}),
        "argent": classeur.add_format(argent),
        "note": classeur.add_format({"num_format": "0.0", "valign": "top"}),
        "vote": classeur.add_format(argent | {"bold": True}),
        "somme": classeur.add_format(argent | {"bold": True, "top": 1}),
        "mien": classeur.add_format(argent | {"locked": False, "bg_color": "#FFF7D6", "border": 1}),
    }


def dire_l_origine(page: Any, grille: Grille, **dits: str) -> None:
    """La feuille cachée : d'où vient le fichier, quand, et ce que `dits` en ajoute."""
    page.hide()
    page.protect()
    origine = dits | {
        "territoire": grille.appel.territoire.code, "appel": grille.appel.code,
        "nom": grille.appel.titre_court, "exporte_le": grille.le.isoformat(),
    }  # fmt: skip
    for rang, (nom, valeur) in enumerate(origine.items()):
        page.write_string(rang, 0, nom)
        page.write_string(rang, 1, valeur)


class Plume:
    """Écrit les lignes dans l'ordre, et retient les sommes : une formule porte sa valeur calculée."""

    def __init__(self, page: Any, plan: Plan, formats: dict[str, Any]) -> None:
        self.page, self.plan, self.formats = page, plan, formats
        self.sommes: dict[int, Decimal] = {}
        caches = {p.volet for p in plan.places if p.cle.startswith(f"{CLE}-")}
        self.est_complet = all(nom in caches for _, volets in plan.lignes for nom in volets)
        """Tous les financeurs sont à l'écran : le total d'une ligne se recalcule dans le fichier."""

    def mettre_en_page(self) -> None:
        page, places = self.page, self.plan.places
        page.freeze_panes(PREMIERE, 2)
        page.set_row(0, None, None, {"hidden": True})
        for rang, p in enumerate(places):
            cachee = {"hidden": True} if p.cle.startswith(f"{CLE}-") else {}
            page.set_column(rang, rang, 60 if p.cle == PORTEUR else 16, None, cachee)
        page.repeat_rows(1)
        page.set_landscape()
        page.set_paper(8)
        page.fit_to_pages(1, 0)
        page.protect("", {"format_columns": True, "format_rows": True})

    def titres(self) -> None:
        for rang, p in enumerate(self.plan.places):
            self.page.write_string(0, rang, p.cle)
        self.page.set_row(1, DEUX_LIGNES)
        for rang, p in enumerate(self.plan.places):
            forme = "chiffres" if p.case and p.case.genre == MONTANT else "gras"
            self.page.write_string(1, rang, p.titre, self.formats[forme])

    def _texte(self, rang: int, colonne: int, texte: str, forme: str = "texte") -> None:
        if texte:
            self.page.write_string(rang, colonne, texte, self.formats[forme])

    def _argent(self, rang: int, colonne: int, valeur: Decimal, forme: str = "argent") -> None:
        self.sommes[colonne] = self.sommes.get(colonne, ZERO) + valeur
        self.page.write_number(rang, colonne, float(valeur), self.formats[forme])

    def ligne(self, rang: int, ligne: Ligne, volets: dict[str, Cellule]) -> None:
        d = ligne.dossier
        for colonne, p in enumerate(self.plan.places):
            if p.cle in (NUMERO, f"{CLE}-{NUMERO}"):
                self._texte(rang, colonne, d.numero)
            elif p.cle == PORTEUR:
                self._texte(rang, colonne, f"{d.organisme.nom} · {d.intitule}")
            elif p.volet:
                self._volet(rang, colonne, p, volets.get(p.volet))
            elif p.case and p.case.champ:
                self._champ(rang, colonne, ligne, p.case)

    def _volet(self, rang: int, colonne: int, place: Place, cellule: Cellule | None) -> None:
        if cellule is None:
            return
        if place.cle.startswith(f"{CLE}-"):
            self._texte(rang, colonne, cle_du_volet(cellule))
        elif place.cle.startswith(f"{DEMANDE}-"):
            self._argent(rang, colonne, cellule.volet.demande)
        elif cellule.montant is not None and not cellule.mot:
            forme = "mien" if cellule.est_mienne else "vote" if cellule.statut == "vote" else "argent"
            self._argent(rang, colonne, cellule.montant, forme)
        elif cellule.est_mienne and not cellule.mot:
            self.page.write_blank(rang, colonne, None, self.formats["mien"])
        else:
            self._texte(rang, colonne, dit_par(cellule))

    def _champ(self, rang: int, colonne: int, ligne: Ligne, case: Case) -> None:
        valeur = case.champ.lire(ligne) if case.champ else None
        if case.cle == NOTE.cle and ligne.releve.note is not None:
            self.page.write_number(rang, colonne, float(ligne.releve.note), self.formats["note"])
        elif not isinstance(valeur, Decimal):
            self._texte(rang, colonne, valeur or "")
        elif formule := self._formule(rang, case.cle):
            self.sommes[colonne] = self.sommes.get(colonne, ZERO) + valeur
            self.page.write_formula(rang, colonne, formule, self.formats["argent"], float(valeur))
        else:
            self._argent(rang, colonne, valeur)

    def _formule(self, rang: int, cle: str) -> str:
        """Le total d'une ligne et son reste à trouver, si toutes leurs cases sont dans le fichier."""
        rangs = self.plan.rangs
        if cle == TOTAL and self.est_complet:
            cases = [
                xl_rowcol_to_cell(rang, colonne)
                for colonne, p in enumerate(self.plan.places)
                if p.volet and not p.cle.startswith((f"{DEMANDE}-", f"{CLE}-"))
            ]
            return f"=SUM({','.join(cases)})" if cases else ""
        if cle == "ecart" and {"cout", TOTAL} <= rangs.keys() and self.est_complet:
            cout, total = xl_rowcol_to_cell(rang, rangs["cout"]), xl_rowcol_to_cell(rang, rangs[TOTAL])
            return f"={cout}-{total}"
        return ""

    def totaux(self) -> None:
        """La dernière ligne : chaque colonne d'argent s'additionne, valeur écrite avec la formule."""
        if not self.plan.lignes:
            return
        rang = PREMIERE + len(self.plan.lignes)
        for colonne, p in enumerate(self.plan.places):
            if colonne == 0:
                self._texte(rang, colonne, "Total", "gras")
            elif colonne in self.sommes or self._se_remplira(p):
                lettre = xl_col_to_name(colonne)
                formule = f"=SUM({lettre}{PREMIERE + 1}:{lettre}{rang})"
                valeur = float(self.sommes.get(colonne, ZERO))
                self.page.write_formula(rang, colonne, formule, self.formats["somme"], valeur)

    @staticmethod
    def _se_remplira(place: Place) -> bool:
        return bool(place.volet) and not place.cle.startswith(f"{CLE}-")
