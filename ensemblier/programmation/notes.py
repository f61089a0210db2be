"""Les notes d'une séance : score de chaque membre, moyenne sans les déportés, classement K13."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from ensemblier.appels.models import Appel
from ensemblier.instruction.droits import PILOTE
from ensemblier.interface.formats import echeance, pourcent
from ensemblier.noyau import packs
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.noyau.montants import Candidat, classer, moyenne
from ensemblier.noyau.montants import score as score_de_grille
from ensemblier.programmation.deports import ecartes
from ensemblier.programmation.models import Inscription, Note, Participant, Seance


@dataclass(frozen=True, slots=True)
class Resultat:
    """La note d'un dossier : la moyenne des grilles complètes, et ce qui manque encore."""

    inscription: Inscription
    moyenne: Decimal | None
    scores: Mapping[int, Decimal]
    incomplets: int
    deportes: tuple[str, ...]
    rang: int | None = None
    est_sous_le_seuil: bool = False
    """Vrai si la moyenne, non arrondie, n'atteint pas le seuil de la grille."""
    egalite: str = ""
    """À note égale, ce qui départage (K13), en mots ; vide si la note suffit."""


def grille_de(seance: Seance) -> packs.Grille | None:
    """La grille de l'appel (§C.6) ; un appel peut n'en pas avoir."""
    return seance.appel.regles().grille


def score_du_membre(grille: packs.Grille, notes: Mapping[str, int]) -> Decimal | None:
    """Le score sur 100 d'un membre, `None` tant que sa grille n'est pas remplie."""
    poids = {c.code: c.poids for c in grille.criteres}
    if set(notes) != set(poids):
        return None
    return score_de_grille(notes=notes, poids=poids, note_max=grille.note_max)


def points_en_cours(grille: packs.Grille, notes: Mapping[str, int]) -> tuple[Decimal, int]:
    """Les points déjà donnés, et sur combien : ce que la page montre pendant qu'on note."""
    poids = {c.code: c.poids for c in grille.criteres if c.code in notes}
    notees = {code: notes[code] for code in poids}
    return score_de_grille(notes=notees, poids=poids, note_max=grille.note_max), sum(poids.values())


def resultats(seance: Seance) -> list[Resultat]:
    """Une ligne par dossier, au classement K13 ; les dossiers sans note suivent l'ordre du jour.

    Six requêtes, quel que soit l'ordre du jour.
    """
    inscriptions = list(seance.inscriptions.select_related("dossier", "dossier__organisme").order_by("rang"))
    votants = dict(
        Participant.objects.filter(seance=seance, a_voix=True).values_list("utilisateur_id", "fonction")
    )
    deports = ecartes(seance, inscriptions)
    par_inscription: dict[int, dict[int, dict[str, int]]] = {}
    for n in Note.objects.filter(inscription__seance=seance):
        par_inscription.setdefault(n.inscription_id, {}).setdefault(n.utilisateur_id, {})[n.critere] = (
            n.valeur
        )
    grille = grille_de(seance)
    lignes = []
    for inscription in inscriptions:
        exclus = deports.get(inscription.dossier_id, {})
        admis = {
            u: notes
            for u, notes in par_inscription.get(inscription.pk, {}).items()
            if u in votants and u not in exclus
        }
        scores = {
            u: s for u, notes in admis.items() if grille and (s := score_du_membre(grille, notes)) is not None
        }
        attendus = len(set(votants) - set(exclus))
        lignes.append(
            Resultat(
                inscription,
                moyenne(list(scores.values())),
                scores,
                attendus - len(scores) if grille else 0,
                tuple(exclus.values()),
                est_sous_le_seuil=_est_sous(grille, moyenne(list(scores.values()))),
            )
        )
    return _classer(lignes)


def notes_du_jury(appel: Appel) -> dict[int, Decimal]:
    """Par dossier, la moyenne de la dernière séance qui l'a noté, hors déportés (§C.6)."""
    if appel.regles().grille is None:
        return {}
    notes: dict[int, Decimal] = {}
    for seance in Seance.objects.filter(appel=appel).select_related("appel__reglement").order_by("le", "pk"):
        for r in resultats(seance):
            if r.moyenne is not None:
                notes[r.inscription.dossier_id] = r.moyenne
    return notes


def _est_sous(grille: packs.Grille | None, note: Decimal | None) -> bool:
    return bool(grille and grille.seuil is not None and note is not None and note < grille.seuil)


def lit_toutes_les_notes(acteur: Acteur) -> bool:
    """Le service et l'audit ; un membre ne lit que les siennes, séance close comprise."""
    return acteur.a(*PILOTE, Role.AUDITEUR)


def resultats_lus_par(acteur: Acteur, seance: Seance) -> list[Resultat]:
    """Ce que l'acteur peut lire des notes : tout, ou les siennes dans l'ordre du jour.

    L'ordre du classement est lui-même une note : un membre ne le voit pas.
    """
    tous = resultats(seance)
    if lit_toutes_les_notes(acteur):
        return tous
    return [_pour_un_membre(r, acteur.utilisateur) for r in sorted(tous, key=lambda r: r.inscription.rang)]


def _pour_un_membre(resultat: Resultat, utilisateur: int | None) -> Resultat:
    siens = {u: score for u, score in resultat.scores.items() if u == utilisateur}
    return Resultat(resultat.inscription, None, siens, 0, resultat.deportes)


def _classer(lignes: list[Resultat]) -> list[Resultat]:
    notees = {str(ligne.inscription.pk): ligne for ligne in lignes if ligne.moyenne is not None}
    candidats = [
        Candidat(
            code=code,
            note=ligne.moyenne or Decimal(0),
            total=ligne.inscription.dossier.publics_total or 0,
            qpv=ligne.inscription.dossier.publics_qpv or 0,
            depose_le=ligne.inscription.dossier.depose_le or ligne.inscription.seance.le,
        )
        for code, ligne in notees.items()
    ]
    classees = [
        replace(notees[c.code], rang=rang, egalite=_egalite(c, candidats))
        for rang, c in enumerate(classer(candidats), start=1)
    ]
    return classees + [ligne for ligne in lignes if ligne.moyenne is None]


def _egalite(candidat: Candidat, tous: list[Candidat]) -> str:
    """K13 en mots, sans rien dire des autres dossiers : le lecteur peut être hors de l'un d'eux (B10)."""
    autres = [c for c in tous if c.note == candidat.note and c.code != candidat.code]
    if not autres:
        return ""
    part = pourcent(Decimal(_part(candidat).numerator) / _part(candidat).denominator)
    phrase = f"à égalité\N{NO-BREAK SPACE}: {part} d'habitants de quartier prioritaire"
    if any(_part(c) == _part(candidat) for c in autres):
        phrase += f", déposé {echeance(candidat.depose_le)}"
    return phrase


def _part(candidat: Candidat) -> Fraction:
    return Fraction(candidat.qpv, candidat.total) if candidat.total else Fraction(0)
