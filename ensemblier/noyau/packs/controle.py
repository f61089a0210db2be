"""Ce qui se contredit dans un pack sans l'empêcher de servir : pour un humain (R3, R16, R18, R79, P36)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from ensemblier.noyau.ecritures import en_francais
from ensemblier.noyau.packs.territoire import Territoire
from ensemblier.noyau.strict import cle, typographie


@dataclass(frozen=True, slots=True)
class Contradiction:
    """`code` : de quelle sorte ; `phrase` : ce qui se contredit ; `source` : où on le lit."""

    code: str
    phrase: str
    source: str

    def en_json(self) -> dict[str, str]:
        return {"code": self.code, "phrase": self.phrase, "source": self.source}


def controler(territoire: Territoire) -> list[Contradiction]:
    """Toutes les contradictions, dans l'ordre : nombres, tableau, chiffres, dates, thèmes, contours."""
    trouvees = [
        *_nombres(territoire),
        *_tableau(territoire),
        *_referents(territoire),
        *_chiffres(territoire),
        *_contrat(territoire),
        *_siege(territoire),
        *_themes(territoire),
        *_contours(territoire),
    ]
    return [Contradiction(c.code, typographie(c.phrase), c.source) for c in trouvees]


def _nombres(t: Territoire) -> list[Contradiction]:
    lus = {
        "quartiers": len(t.quartiers),
        "communes": sum(1 for c in t.communes if c.membre and any(c.code in q.communes for q in t.quartiers)),
        "communes_epci": sum(1 for c in t.communes if c.membre),
    }
    noms = {"quartiers": "quartiers prioritaires", "communes": "communes de l'EPCI ayant un quartier",
            "communes_epci": "communes dans l'EPCI", "population": "habitants"}  # fmt: skip
    sorties, vues = [], defaultdict(list)
    for annonce in t.contrat.annonces:
        vues[annonce.quoi].append(annonce)
        lu = lus.get(annonce.quoi)
        if lu is not None and lu != annonce.nombre:
            phrase = f"{lu} ≠ {annonce.nombre} annoncés : {noms[annonce.quoi]}."
            sorties.append(Contradiction("nombre-annonce", phrase, annonce.source))
    for quoi, annonces in vues.items():
        nombres = sorted({a.nombre for a in annonces})
        if len(nombres) > 1:
            dits = " et ".join(str(n) for n in nombres)
            source = " ; ".join(a.source for a in annonces)
            sorties.append(
                Contradiction(
                    "annonces-differentes", f"Deux nombres annoncés, {noms[quoi]} : {dits}.", source
                )
            )
    return sorties


def _tableau(t: Territoire) -> list[Contradiction]:
    if not t.tableau_imprime:
        return []
    source = "tableau imprimé de l'appel"
    sorties = []
    imprimes = {ligne.code for ligne in t.tableau_imprime}
    annonce = next((a for a in t.contrat.annonces if a.quoi == "quartiers"), None)
    if annonce and len(t.tableau_imprime) != annonce.nombre:
        manque = annonce.nombre - len(t.tableau_imprime)
        lignes = len(t.tableau_imprime)
        phrase = f"{lignes} lignes au tableau pour {annonce.nombre} annoncées : {manque} manquantes."
        sorties.append(Contradiction("tableau-incomplet", phrase, source))
    absents = [q.code for q in t.quartiers if q.code not in imprimes and q.code_ancien not in imprimes]
    if absents:
        phrase = f"{len(absents)} absents du tableau : {', '.join(absents)}."
        sorties.append(Contradiction("absents-du-tableau", phrase, source))
    return [*sorties, *_lignes_du_tableau(t, source)]


def _lignes_du_tableau(t: Territoire, source: str) -> list[Contradiction]:
    """Chaque ligne imprimée face au quartier officiel : communes omises ou en trop, noms différents."""
    omises, noms, sorties = [], [], []
    for ligne in t.tableau_imprime:
        quartier = t.quartier(ligne.code)
        if quartier is None:
            sorties.append(Contradiction("inconnu", f"{ligne.code} n'est pas un quartier officiel.", source))
            continue
        for code in sorted(set(quartier.communes) - set(ligne.communes)):
            commune = t.commune(code)
            omises.append(f"{quartier.code} {commune.nom if commune else code}")
        for code in sorted(set(ligne.communes) - set(quartier.communes)):
            phrase = f"{quartier.code} : {code} est au tableau, pas au fichier officiel."
            sorties.append(Contradiction("commune-en-trop", phrase, source))
        if cle(ligne.nom) != cle(quartier.nom):
            noms.append(f"{quartier.code} « {ligne.nom} » ou « {quartier.nom} »")
    if omises:
        sorties.append(Contradiction("commune-omise", f"commune omise : {', '.join(omises)}.", source))
    if noms:
        sorties.append(Contradiction("nom-different", f"Noms différents : {' ; '.join(noms)}.", source))
    return sorties


def _referents(t: Territoire) -> list[Contradiction]:
    sorties = []
    imprimees = sorted({c for ligne in t.tableau_imprime for c in ligne.communes if t.referent(c) is None})
    if imprimees:
        phrase = f"{len(imprimees)} communes du tableau sans référent : {', '.join(imprimees)}."
        sorties.append(Contradiction("sans-referent", phrase, "tableau imprimé et liste des référents"))
    touchees = sorted({c for q in t.quartiers for c in q.communes if t.referent(c) is None} - set(imprimees))
    if touchees:
        phrase = f"{len(touchees)} autres communes touchées sans référent : {', '.join(touchees)}."
        sorties.append(Contradiction("sans-referent", phrase, "fichier officiel et liste des référents"))
    return sorties


def _chiffres(t: Territoire) -> list[Contradiction]:
    sorties = []
    for chiffres in t.chiffres:
        somme = sum((p.montant for p in chiffres.parts), Decimal("0.00"))
        if somme != chiffres.total:
            ecart = abs(somme - chiffres.total)
            phrase = (
                f"{chiffres.annee} : total annoncé {en_francais(chiffres.total)}, somme des parts "
                f"{en_francais(somme)}, écart {en_francais(ecart)}."
            )
            sorties.append(
                Contradiction("somme-fausse", phrase, f"{chiffres.source.document}, {chiffres.source.page}")
            )
    return sorties


def _contrat(t: Territoire) -> list[Contradiction]:
    sorties = []
    for autre in t.contrat.dates_concurrentes:
        phrase = f"{autre.quoi} : {t.contrat.signe_le:%d/%m/%Y} retenu, {autre.le:%d/%m/%Y} lu ailleurs."
        sorties.append(Contradiction("date-concurrente", phrase, autre.source))
    if len(t.services) > 1:
        noms = " ; ".join(s.libelle for s in t.services)
        phrase = f"{len(t.services)} noms pour le service : {noms}."
        sorties.append(Contradiction("service", phrase, " ; ".join(s.source for s in t.services)))
    return sorties


def _siege(t: Territoire) -> list[Contradiction]:
    if t.epci.siege:
        return []
    phrase = "Adresse du siège absente : les lettres partent sans adresse (P36)."
    return [Contradiction("siege-absent", phrase, "territoire.toml, epci.siege")]


def _themes(t: Territoire) -> list[Contradiction]:
    """Les thèmes qu'aucune fonction ne suit : leurs dossiers vont au contact de repli (R69, S74)."""
    suivis = {code for c in t.postes for code in c.thematiques}
    seuls = [th.libelle for th in t.thematiques if th.code not in suivis]
    if not seuls or not suivis:
        return []
    phrase = f"{len(seuls)} thèmes sans fonction qui les suive : {', '.join(seuls)}. Le repli les reçoit."
    return [Contradiction("theme-sans-fonction", phrase, "territoire.toml, contacts")]


def _contours(t: Territoire) -> list[Contradiction]:
    sorties = []
    dehors = [q.code for q in t.quartiers if not q.centroide_dedans]
    if dehors:
        phrase = (
            f"{len(dehors)} quartiers ont leur centroïde dehors : {', '.join(dehors)}. "
            "Le point intérieur sert à les placer."
        )
        sorties.append(Contradiction("centroide-dehors", phrase, "quartiers.csv"))
    partages = [
        f"{q.code} ({q.part_epci:g} %)" for q in t.quartiers if q.part_epci is not None and q.part_epci < 99
    ]
    if partages:
        phrase = f"{len(partages)} quartiers débordent de l'EPCI (part dedans) : {', '.join(partages)}."
        sorties.append(Contradiction("quartier-partage", phrase, "quartiers.csv"))
    return sorties
