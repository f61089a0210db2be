"""Ce qui empêche d'envoyer un bilan, champ par champ, et ce qui mérite un regard (§C.8, S57, S75)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ensemblier.bilans.calculs import Ecart, ecarts
from ensemblier.bilans.models import Bilan
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Dossier
from ensemblier.noyau import montants
from ensemblier.noyau.packs.regle import ReglePart

INSECABLE = "\u00a0"


def defauts(
    bilan: Bilan, *, prevues: Mapping[str, Decimal], realisees: Mapping[str, Decimal]
) -> list[tuple[str, str]]:
    """(champ, phrase) pour chaque chose à corriger ; vide : le bilan peut partir."""
    if bilan.realisation == Bilan.Realisation.NULLE:
        return _si_pas_realisee(bilan)
    trouves = [] if bilan.realisation else [("realisation", "Dites si l'action a été réalisée.")]
    trouves += _effectifs(bilan) + _textes(bilan)
    if not any(realisees.values()):
        trouves.append(("depenses", "Aucune dépense n'est écrite. Recopiez le réalisé, compte par compte."))
    if any(e.a_expliquer for e in ecarts(prevues, realisees)) and not bilan.explication_des_ecarts.strip():
        phrase = "Un écart dépasse 10 % du prévu. Expliquez-le en quelques phrases."
        trouves.append(("explication_des_ecarts", phrase))
    return trouves


def _si_pas_realisee(bilan: Bilan) -> list[tuple[str, str]]:
    """L'action n'a pas eu lieu : dire pourquoi suffit (É16)."""
    if bilan.difficultes.strip():
        return []
    return [("difficultes", "Dites en quelques phrases pourquoi l'action n'a pas eu lieu.")]


def _textes(bilan: Bilan) -> list[tuple[str, str]]:
    attendus = {
        "deroule": "Racontez ce qui s'est passé.",
        "resultats": "Dites les résultats, face aux objectifs.",
    }
    if veut_un_comite(bilan.dossier):
        attendus["comite_de_suivi"] = (
            "L'appel demande au moins un compte rendu du comité de suivi. Écrivez sa date et ce qu'il a dit."
        )
    return [(champ, phrase) for champ, phrase in attendus.items() if not getattr(bilan, champ).strip()]


def _effectifs(bilan: Bilan) -> list[tuple[str, str]]:
    if bilan.participants is None:
        return [("participants", "Dites combien de personnes ont pris part à l'action.")]
    trouves = []
    if bilan.participants_qpv is None:
        phrase = "Dites combien étaient habitants de quartier prioritaire."
        trouves.append(("participants_qpv", phrase))
    elif bilan.participants_qpv > bilan.participants:
        phrases = montants.verifier_effectifs(total=bilan.participants, dont_qpv=bilan.participants_qpv)
        trouves += [("participants_qpv", phrase) for phrase in phrases]
    trouves += [("femmes", phrase) for phrase in _par_sexe(bilan)]
    ages = _nombres(bilan.ages)
    if any(ages.values()):
        phrases = montants.verifier_effectifs(total=bilan.participants, par_age=ages)
        trouves += [("ages", phrase) for phrase in phrases]
    quartiers = _nombres(bilan.par_quartier)
    if bilan.participants_qpv is not None and any(quartiers.values()):
        phrases = montants.verifier_effectifs(
            total=max(bilan.participants, bilan.participants_qpv),
            dont_qpv=bilan.participants_qpv,
            par_qpv=quartiers,
        )
        trouves += [("par_quartier", phrase) for phrase in phrases]
    return trouves


def _nombres(repartition: Mapping[str, int]) -> dict[str, int]:
    return {cle: int(n or 0) for cle, n in repartition.items()}


def _par_sexe(bilan: Bilan) -> list[str]:
    """S75 : femmes, hommes et « non renseigné » font le total."""
    femmes, hommes, inconnu = bilan.femmes or 0, bilan.hommes or 0, bilan.sexe_non_renseigne or 0
    total, somme = bilan.participants or 0, femmes + hommes + inconnu
    if somme == total:
        return []
    detail = f"Femmes {femmes} + hommes {hommes}" + (f" + non renseigné {inconnu}" if inconnu else "")
    debut = f"{detail} = {somme}, total {total}."
    if somme < total:
        manque = total - somme
        personnes = "1 personne" if manque == 1 else f"{manque} personnes"
        return [f"{debut} Il manque {personnes}{INSECABLE}: « non renseigné » est permis."]
    return [f"{debut} Il y a {somme - total} de trop{INSECABLE}: corrigez un des nombres."]


def veut_un_comite(dossier: Dossier) -> bool:
    """R42 : l'appel a une règle qui lit le comité de suivi."""
    regles = reglement_de(dossier).regles
    return any("action.comite_de_suivi" in regle.champs for regle in regles)


def _part_promise(dossier: Dossier) -> Decimal | None:
    """K2 : la part d'habitants que l'appel demande, de 0 à 1 ; `None` s'il n'en demande pas."""
    parts = [r.seuil / 100 for r in reglement_de(dossier).regles if isinstance(r, ReglePart)]
    return max(parts, default=None)


def alertes(bilan: Bilan) -> list[str]:
    """S57, P09 : ce que l'agent regarde avant de valider ; aucune retenue n'est automatique."""
    if bilan.realisation == Bilan.Realisation.NULLE or not bilan.participants:
        return []
    dossier = bilan.dossier
    seuil = _part_promise(dossier)
    if seuil is None or bilan.participants_qpv is None:
        return []
    part = montants.taux_qpv(total=bilan.participants, qpv=bilan.participants_qpv)
    if part.conforme(seuil):
        return []
    return [
        f"{bilan.participants_qpv} habitants de quartier prioritaire sur {bilan.participants}, soit "
        f"{part.pour_affichage(seuil)}{INSECABLE}: moins que {montants.pourcent(seuil)}. "
        "Rien n'est retenu d'office."
    ]


def ecarts_a_expliquer(lignes: list[Ecart]) -> list[Ecart]:
    return [ligne for ligne in lignes if ligne.a_expliquer]
