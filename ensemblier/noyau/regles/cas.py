"""Jouer les cas d'un pack : chaque attente manquée est dite en une phrase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ensemblier.noyau.packs.appel import Appel
from ensemblier.noyau.packs.cas import Attendu, Cas, fiche_de
from ensemblier.noyau.packs.territoire import Territoire
from ensemblier.noyau.regles.constats import Rapport
from ensemblier.noyau.regles.evaluation import evaluer
from ensemblier.noyau.regles.fiche import Fiche, FicheInvalide


def jouer(
    cas: Cas, base: dict[str, Any], *, appels: Mapping[str, Appel], territoire: Territoire
) -> list[str]:
    """Les écarts entre ce que le cas attend et ce que les règles répondent ; vide si tout concorde."""
    appel = appels.get(cas.appel)
    if appel is None:
        return [f"{cas.scenario} : l'appel « {cas.appel} » n'existe pas dans ce pack"]
    ecarts = []
    for essai in cas.essais:
        qui = f"{cas.scenario}, {essai.quand}"
        try:
            fiche = Fiche.lire(fiche_de(essai, base))
        except FicheInvalide as refus:
            ecarts.append(f"{qui} : {refus}")
            continue
        rapport = evaluer(appel, fiche, territoire=territoire)
        ecarts.extend(f"{qui} : {ecart}" for ecart in _comparer(essai.attendu, rapport))
    return ecarts


def _comparer(attendu: Attendu, rapport: Rapport) -> list[str]:
    ecarts = []
    if attendu.deposable is not None and attendu.deposable != rapport.deposable:
        arrets = ", ".join(c.regle for c in rapport.constats if c.arrete("deposer")) or "rien"
        ecarts.append(
            f"déposable attendu {attendu.deposable}, trouvé {rapport.deposable} (arrêté par : {arrets})"
        )
    constats = {c.regle: c for c in rapport.constats}
    for regle in {*attendu.verdicts, *attendu.phrases, *attendu.remedes} - set(constats):
        ecarts.append(f"la règle « {regle} » n'est pas dans l'appel")
    for regle, verdict in attendu.verdicts.items():
        if regle in constats and constats[regle].verdict != verdict:
            ecarts.append(
                f"{regle} attendu {verdict}, trouvé {constats[regle].verdict} : {constats[regle].phrase}"
            )
    for regle, morceau in attendu.phrases.items():
        if regle in constats and morceau not in _plat(constats[regle].phrase):
            ecarts.append(f"{regle} devait dire « {morceau} », dit « {constats[regle].phrase} »")
    for regle, morceau in attendu.remedes.items():
        if regle in constats and morceau not in _plat(constats[regle].remede or ""):
            ecarts.append(f"{regle} devait conseiller « {morceau} », conseille « {constats[regle].remede} »")
    for acte, voulues in attendu.bloquants.items():
        trouvees = [c.regle for c in rapport.bloquants(acte, attendu.volet)]
        if sorted(trouvees) != sorted(voulues):
            ecarts.append(f"« {acte} » attendu arrêté par {list(voulues)}, trouvé {trouvees}")
    return [*ecarts, *_montants(attendu, rapport)]


def _montants(attendu: Attendu, rapport: Rapport) -> list[str]:
    lus = rapport.financement.en_json()
    ecarts = [
        f"{nom} attendu {voulu}, trouvé {lus.get(nom)}"
        for nom, voulu in attendu.financement.items()
        if (lus.get(nom) or "aucun") != voulu
    ]
    montants = tuple(f"{t.montant:f}" for t in rapport.echeancier)
    if attendu.echeancier is not None and attendu.echeancier != montants:
        ecarts.append(f"échéancier attendu {attendu.echeancier}, trouvé {montants}")
    return ecarts


def _plat(texte: str) -> str:
    return texte.replace("\u00a0", " ")
