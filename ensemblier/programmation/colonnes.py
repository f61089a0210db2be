"""Les colonnes du tableau de programmation, déclarées une fois (domaine §C.5) : écran, choix, impression."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ensemblier.interface.formats import nombre, pourcent
from ensemblier.programmation.lecture import Colonne, Ligne

TEXTE, MONTANT, ALERTES = "t", "n", "a"
DEMANDES = "demandes"
DEMANDE, ACCORDE = "demande", "accorde"
MOT = "proposé, voté"


@dataclass(frozen=True, slots=True)
class Champ:
    """Une colonne hors financeurs ; `genre` dit comment elle s'écrit, `lire` ce qu'elle montre."""

    cle: str
    titre: str
    genre: str
    lire: Callable[[Ligne], Decimal | str | None]
    montree: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """Une colonne à l'écran : un champ, ou l'une des deux d'un financeur (demandé ; proposé ou voté)."""

    cle: str
    titre: str
    sous: str
    genre: str
    champ: Champ | None = None
    financeur: str = ""

    @property
    def est_ecrite(self) -> bool:
        """Celle où un financeur écrit ; les autres se lisent."""
        return self.cle.startswith(f"{ACCORDE}-")


def _publics(ligne: Ligne) -> str:
    total, qpv = ligne.dossier.publics_total, ligne.dossier.publics_qpv
    if total is None:
        return ""
    return f"{nombre(total)}, dont {nombre(qpv or 0)} en quartier"


def _note(note: Decimal | None) -> str:
    return "" if note is None else nombre(note, 1)


def _part(ligne: Ligne) -> str:
    cout = ligne.dossier.cout_total
    return pourcent(ligne.total / cout, Decimal(1)) if cout else ""


AVANT = (
    Champ("pilier", "Pilier", TEXTE, lambda x: x.dossier.pilier.nom if x.dossier.pilier else "", False),
    Champ("theme", "Thématiques", TEXTE, lambda x: ", ".join(x.releve.themes), False),
    Champ("commune", "Communes", TEXTE, lambda x: ", ".join(x.releve.communes), False),
    Champ("qpv", "Quartiers", TEXTE, lambda x: ", ".join(x.releve.quartiers)),
    Champ("publics", "Participants", TEXTE, _publics, False),
    Champ("dauphin", "N° Dauphin", TEXTE, lambda x: x.dossier.numero_dauphin, False),
    Champ("cout", "Coût", MONTANT, lambda x: x.dossier.cout_total),
    Champ("accorde_avant", "Accordé N-1", MONTANT, lambda x: x.releve.accorde_avant, False),
    Champ("autres", "Autres ressources", MONTANT, lambda x: x.releve.autres, False),
)
NOTE = Champ("note", "Note du jury", MONTANT, lambda x: _note(x.releve.note), False)
APRES = (
    Champ("total", "Total", MONTANT, lambda x: x.total),
    Champ("part", "Part du coût", MONTANT, _part, False),
    Champ("ecart", "Reste à trouver", MONTANT, lambda x: x.ecart),
    Champ("alertes", "Alertes", ALERTES, lambda x: " · ".join(x.releve.alertes)),
)


def choix(financeurs: Iterable[Colonne], *, notes: bool = False) -> list[Champ]:
    """Tout ce qui se montre ou se cache, dans l'ordre de l'écran ; `notes` : qui lit celles du jury."""
    lus = [Champ(f.cle, f.titre, MONTANT, lambda _: None) for f in financeurs]
    debut = [*AVANT, *([NOTE] if notes else ())]
    return [*debut, Champ(DEMANDES, "Montants demandés", MONTANT, lambda _: None), *lus, *APRES]


def cases(
    financeurs: Iterable[Colonne], choisies: Iterable[str], *, notes: bool = False, mot: str = MOT
) -> list[Case]:
    """Les colonnes à l'écran, après le numéro et le porteur ; sans choix valable, celles de la maison.

    `mot` : ce que dit la colonne où l'on écrit.
    """
    siens = [*financeurs]
    connues = choix(siens, notes=notes)
    voulues = {c for c in choisies if c in {x.cle for x in connues}} or {x.cle for x in connues if x.montree}
    rendues = [_du_champ(c) for c in (*AVANT, NOTE) if c.cle in voulues]
    for f in siens:
        if f.cle in voulues:
            if DEMANDES in voulues:
                rendues.append(Case(f"{DEMANDE}-{f.cle}", f.titre, "demandé", MONTANT, financeur=f.cle))
            rendues.append(Case(f"{ACCORDE}-{f.cle}", f.titre, mot, MONTANT, financeur=f.cle))
    return rendues + [_du_champ(c) for c in APRES if c.cle in voulues]


def _du_champ(champ: Champ) -> Case:
    return Case(champ.cle, champ.titre, "", champ.genre, champ=champ)


def fiches_css(affichees: Iterable[Case]) -> str:
    """Sur un petit écran chaque ligne est une fiche : le nom de chaque case, écrit une fois pour toutes."""
    noms = ["N°", "Porteur · action", *(f"{c.titre} {c.sous}".strip() for c in affichees)]
    regles = [
        f'.grille-de-programmation tr > :nth-child({rang})::before{{content:"{_css(nom)}"}}'
        for rang, nom in enumerate(noms, 1)
        if rang > 2
    ]
    return "".join(regles)


_ECHAPPES: Mapping[int, str] = {ord(signe): f"\\{ord(signe):x} " for signe in "\\\"'<>&{}\n\r\f"}


def _css(texte: str) -> str:
    return texte.translate(_ECHAPPES)
