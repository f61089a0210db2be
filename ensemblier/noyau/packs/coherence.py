"""Ce que la forme ne dit pas : codes inconnus ou doubles, sommes, ordre des dates, contours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from ensemblier.noyau import geographie, identifiants
from ensemblier.noyau.packs.appel import Appel
from ensemblier.noyau.packs.erreurs import ErreurDePack, ligne_de
from ensemblier.noyau.packs.guichets import NUMERO, PIECE, SELECTION, VOLET
from ensemblier.noyau.packs.regle import (
    Condition,
    Regle,
    RegleChoix,
    RegleDateLimite,
    ReglePiece,
    ReglePieces,
    TypePorteur,
)
from ensemblier.noyau.packs.territoire import Territoire


class _Releve:
    """Accumule les fautes d'un fichier."""

    def __init__(self, fichier: str, source: str) -> None:
        self.fichier, self.source = fichier, source
        self.fautes: list[ErreurDePack] = []

    def noter(
        self, cle: str, trouve: object, attendu: str, *, fichier: str = "", ligne: int | None = None
    ) -> None:
        if not fichier:
            ligne = ligne_de(self.source, cle)
        self.fautes.append(ErreurDePack(fichier or self.fichier, cle, ligne, str(trouve), attendu))

    def connus(self, cle: str, cites: Iterable[str], codes: Iterable[str], quoi: str) -> None:
        admis = set(codes)
        for cite in cites:
            if cite not in admis:
                self.noter(cle, cite, f"{quoi} : {', '.join(sorted(admis)[:30]) or 'aucun'}")

    def uniques(self, cle: str, codes: Iterable[str], *, fichier: str = "") -> None:
        for code, fois in Counter(codes).items():
            if fois > 1:
                self.noter(cle, f"« {code} » écrit {fois} fois", "un code par élément", fichier=fichier)


def _codes(donnees: Any, liste: str) -> list[str]:
    """Les codes écrits dans les données brutes : un élément fautif n'en fait pas un inconnu."""
    elements = donnees.get(liste) if isinstance(donnees, dict) else None
    if not isinstance(elements, list | tuple):
        return []
    return [e["code"] for e in elements if isinstance(e, dict) and isinstance(e.get("code"), str)]


def fautes_du_territoire(territoire: Territoire, donnees: dict[str, Any], source: str) -> list[ErreurDePack]:
    releve = _Releve("territoire.toml", source)
    financeurs, communes = _codes(donnees, "financeurs"), _codes(donnees, "communes")
    thematiques = _codes(donnees, "thematiques")
    for liste in (
        "piliers",
        "thematiques",
        "codes_etat",
        "financeurs",
        "autres_ressources",
        "contacts",
        "parametres",
        "extractions",
    ):
        releve.uniques(liste, _codes(donnees, liste))
    releve.uniques("code", communes, fichier="communes.csv")
    releve.uniques("insee", (c.insee for c in territoire.communes), fichier="communes.csv")
    releve.uniques("code", _codes(donnees, "quartiers"), fichier="quartiers.csv")
    releve.connus("contrat.pilote", [territoire.contrat.pilote], financeurs, "le code d'un financeur")
    for contact in territoire.contacts:
        cle = f"contacts[{contact.code}]"
        releve.connus(f"{cle}.financeur", [contact.financeur], financeurs, "le code d'un financeur")
        releve.connus(f"{cle}.thematiques", contact.thematiques, thematiques, "le code d'une thématique")
        if contact.commune:
            releve.connus(f"{cle}.commune", [contact.commune], communes, "le code d'une commune")
    _postes(releve, territoire)
    if not any(c.repli for c in territoire.contacts):
        releve.noter("contacts", "aucun contact de repli", "un contact avec repli = true")
    for thematique in territoire.thematiques:
        releve.connus(
            f"thematiques[{thematique.code}].codes_etat",
            thematique.codes_etat,
            _codes(donnees, "codes_etat"),
            "un code de la nomenclature",
        )
    for financeur in territoire.financeurs:
        if financeur.type == "commune":
            releve.connus(
                f"financeurs[{financeur.code}].code", [financeur.code], communes, "le code d'une commune"
            )
    for rang, quartier in enumerate(territoire.quartiers, start=2):
        for code in quartier.communes:
            if code not in communes:
                releve.noter(
                    "communes",
                    code,
                    "le code d'une commune de communes.csv",
                    fichier="quartiers.csv",
                    ligne=rang,
                )
    _extractions(releve, territoire, financeurs)
    _dates_du_contrat(releve, territoire)
    _identifiants(releve, territoire)
    _contours(releve, territoire, _codes(donnees, "quartiers"))
    return releve.fautes


def _postes(releve: _Releve, territoire: Territoire) -> None:
    """Deux fonctions pour un thème : on ne saurait à qui va le dossier (R70)."""
    for code, fois in Counter(t for c in territoire.postes for t in c.thematiques).items():
        if fois > 1:
            suivi = f"« {code} » suivi par {fois} fonctions"
            releve.noter("contacts.thematiques", suivi, "un thème suivi par une seule fonction du service")


def _extractions(releve: _Releve, territoire: Territoire, financeurs: list[str]) -> None:
    """Chaque colonne exigée a un en-tête, et un en-tête ne dit qu'un champ."""
    for extraction in territoire.extractions:
        cle = f"extractions[{extraction.code}]"
        releve.connus(f"{cle}.financeur", [extraction.financeur], financeurs, "le code d'un financeur")
        releve.connus(f"{cle}.exigees", extraction.exigees, extraction.colonnes, "une colonne décrite")
        alias = [a.casefold() for noms in extraction.colonnes.values() for a in noms]
        releve.uniques(f"{cle}.colonnes", alias)


def _dates_du_contrat(releve: _Releve, territoire: Territoire) -> None:
    contrat = territoire.contrat
    if contrat.fin_le <= contrat.effet_le:
        releve.noter("contrat.fin_le", contrat.fin_le, f"une date après la prise d'effet, {contrat.effet_le}")
    if contrat.fin_le <= contrat.signe_le:
        releve.noter("contrat.fin_le", contrat.fin_le, f"une date après la signature, {contrat.signe_le}")


def _identifiants(releve: _Releve, territoire: Territoire) -> None:
    sirens = [("epci.siren", territoire.epci.siren)]
    sirens += [(f"financeurs[{f.code}].siren", f.siren) for f in territoire.financeurs if f.siren]
    for cle, siren in sirens:
        try:
            identifiants.siren(siren)
        except identifiants.IdentifiantInvalide:
            releve.noter(cle, siren, "un SIREN dont la clé est juste")
    for financeur in territoire.financeurs:
        if financeur.siret:
            try:
                identifiants.siret(financeur.siret)
            except identifiants.IdentifiantInvalide:
                releve.noter(
                    f"financeurs[{financeur.code}].siret", financeur.siret, "un SIRET dont la clé est juste"
                )


def _contours(releve: _Releve, territoire: Territoire, codes: list[str]) -> None:
    if not territoire.contours:
        return
    try:
        lus = {c.code for c in geographie.Quartiers.depuis_geojson(territoire.contours).contours}
    except geographie.ContourInvalide as refus:
        for erreur in refus.erreurs:
            releve.noter(
                "contours", erreur, "des contours fermés, qui ne se croisent pas", fichier="quartiers.geojson"
            )
        return
    for code in sorted(set(codes) - lus):
        releve.noter("contours", f"rien pour {code}", "un contour par quartier", fichier="quartiers.geojson")
    for code in sorted(lus - set(codes)):
        releve.noter(
            "contours", f"un contour {code}", "un quartier de quartiers.csv", fichier="quartiers.geojson"
        )


def fautes_de_l_appel(
    appel: Appel, territoire: Territoire, donnees: dict[str, Any], fichier: str, source: str
) -> list[ErreurDePack]:
    releve = _Releve(fichier, source)
    connus = {f.code for f in territoire.financeurs}
    releve.connus("territoire", [appel.territoire], [territoire.code], "le code du territoire")
    releve.connus("financeurs", appel.financeurs, connus, "le code d'un financeur du territoire")
    for liste in ("jalons", "pieces", "dispositifs", "guichets", "piliers", "regles", "contacts"):
        releve.uniques(liste, _codes(donnees, liste))
    releve.connus(
        "financement.financeur", [appel.financement.financeur], appel.financeurs, "un financeur de l'appel"
    )
    for versement in appel.versements:
        releve.connus(
            "versements.financeur", [versement.financeur], appel.financeurs, "un financeur de l'appel"
        )
    for dispositif in appel.dispositifs:
        releve.connus(
            f"dispositifs[{dispositif.code}].financeur",
            [dispositif.financeur],
            appel.financeurs,
            "un financeur de l'appel",
        )
    for piece in appel.pieces:
        releve.connus(
            f"pieces[{piece.code}].financeurs", piece.financeurs, appel.financeurs, "un financeur de l'appel"
        )
    releve.connus(
        "piliers",
        (p.code for p in appel.piliers),
        (p.code for p in territoire.piliers),
        "un pilier du territoire",
    )
    themes = [t.code for t in territoire.thematiques]
    releve.connus(
        "thematiques_attendues", appel.thematiques_attendues, themes, "une thématique du territoire"
    )
    releve.connus(
        "contacts", appel.contacts, (c.code for c in territoire.contacts), "un contact du territoire"
    )
    _dates(releve, donnees)
    _sommes(releve, appel)
    _guichets(releve, appel, _codes(donnees, "pieces"))
    for regle in appel.regles:
        _regle(releve, regle, appel, territoire, donnees)
    return releve.fautes


def _guichets(releve: _Releve, appel: Appel, pieces: list[str]) -> None:
    """Un guichet nomme qui l'attend ; chaque dépôt qu'un dispositif exige a le sien."""
    if not appel.guichets:
        return
    par_volet: set[tuple[str, bool]] = set()
    for guichet in appel.guichets:
        cle = f"guichets[{guichet.code}]"
        releve.connus(f"{cle}.financeurs", guichet.financeurs, appel.financeurs, "un financeur de l'appel")
        if guichet.genre == PIECE:
            releve.connus(f"{cle}.piece", [guichet.piece or "rien"], pieces, "le code d'une pièce")
        elif guichet.piece is not None:
            releve.noter(f"{cle}.piece", guichet.piece, "une pièce pour le seul genre « piece »")
        if guichet.genre == NUMERO and not any(r.genre == NUMERO for r in appel.regles):
            releve.noter(f"{cle}.genre", NUMERO, "une règle « numero », qui dit ce numéro")
        if guichet.genre != NUMERO and not guichet.financeurs:
            releve.noter(f"{cle}.financeurs", "aucun", "le financeur qui attend ce dépôt")
        if guichet.genre == VOLET:
            par_volet |= {(f, guichet.quand == SELECTION) for f in guichet.financeurs}
    for d in appel.dispositifs:
        exige = bool(d.plateforme_avant_vote)
        if (exige or d.depot_propre) and (d.financeur, exige) not in par_volet:
            quand = "après la sélection" if exige else "avec le dépôt"
            releve.noter(
                f"dispositifs[{d.code}]",
                "aucun guichet",
                f"un guichet de {d.financeur}, genre « volet », {quand}",
            )


def _dates(releve: _Releve, donnees: dict[str, Any]) -> None:
    for jalon in donnees.get("jalons") or []:
        if not isinstance(jalon, dict):
            continue
        debut, fin = jalon.get("debut"), jalon.get("fin")
        try:
            if debut is not None and fin is not None and fin < debut:
                releve.noter(f"jalons[{jalon.get('code')}].fin", fin, f"une date à partir du {debut}")
        except TypeError:
            continue  # la forme de la date est déjà une faute


def _sommes(releve: _Releve, appel: Appel) -> None:
    if appel.grille is not None:
        total = sum(c.poids for c in appel.grille.criteres)
        if total != 100:
            releve.noter("grille.criteres", f"des poids de somme {total}", "des poids de somme 100")
        codes = [c.code for c in appel.grille.criteres]
        if doubles := sorted({c for c in codes if codes.count(c) > 1}):
            releve.noter("grille.criteres", f"deux fois {', '.join(doubles)}", "un code par critère")
    if appel.quorum is not None and (appel.quorum.part is None) == (appel.quorum.nombre is None):
        dit = "ni part ni nombre" if appel.quorum.part is None else "une part et un nombre"
        releve.noter("quorum", dit, "une part des votants, ou un nombre")
    cadre = appel.financement
    if cadre.taux_max is not None and (cadre.taux_base is None or cadre.taux_max < cadre.taux_base):
        releve.noter("financement.taux_max", cadre.taux_max, f"un taux d'au moins {cadre.taux_base}")
    if cadre.taux_max is not None and len(cadre.criteres) < cadre.criteres_requis:
        releve.noter("financement.criteres_requis", cadre.criteres_requis, f"au plus {len(cadre.criteres)}")


def _cites(condition: Condition | None) -> Iterator[tuple[str, Iterable[str]]]:
    if condition is None:
        return
    yield "thematiques", (*condition.thematiques, *condition.hors_thematiques)
    yield "dispositifs", condition.dispositifs
    yield "financeurs", [condition.financeur_sollicite] if condition.financeur_sollicite else []


def _regle(
    releve: _Releve, regle: Regle, appel: Appel, territoire: Territoire, donnees: dict[str, Any]
) -> None:
    cle = f"regles[{regle.code}]"
    admis: dict[str, Iterable[str]] = {
        "thematiques": [t.code for t in territoire.thematiques],
        "dispositifs": _codes(donnees, "dispositifs"),
        "financeurs": appel.financeurs,
    }
    for quoi, cites in _cites(regle.condition):
        releve.connus(f"{cle}.condition", cites, admis[quoi], f"un code connu ({quoi})")
    if regle.financeur:
        releve.connus(f"{cle}.financeur", [regle.financeur], appel.financeurs, "un financeur de l'appel")
    releve.connus(
        f"{cle}.parametre",
        regle.parametre,
        (p.code for p in territoire.parametres),
        "un paramètre du territoire",
    )
    pieces = _codes(donnees, "pieces")
    if isinstance(regle, RegleDateLimite):
        releve.connus(f"{cle}.jalon", [regle.jalon], _codes(donnees, "jalons"), "le code d'un jalon")
    if isinstance(regle, ReglePiece):
        releve.connus(f"{cle}.piece", [regle.piece], pieces, "le code d'une pièce")
    if isinstance(regle, ReglePieces):
        releve.connus(f"{cle}.sauf", regle.sauf, pieces, "le code d'une pièce")
    if isinstance(regle, RegleChoix):
        choix: dict[str, Iterable[str]] = {
            "action.pilier": [p.code for p in appel.piliers],
            "action.thematiques": admis["thematiques"],
            "porteur.type": list(TypePorteur),
        }
        releve.connus(f"{cle}.parmi", regle.parmi, choix[regle.champ], "un code connu")
