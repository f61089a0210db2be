"""Compter des personnes et des notes : part QPV (K2), effectifs du bilan (§C.8), jury (K13, §C.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from ensemblier.noyau.ecritures import INSECABLE, nombre_en_francais


class EffectifIncoherent(ValueError):
    """Les nombres de personnes se contredisent ; le message est une phrase pour la personne."""


class TotalRequis(EffectifIncoherent):
    """Le nombre total de personnes manque ou vaut zéro (S05)."""


def _fraction(seuil: Decimal) -> Fraction:
    if not 0 < seuil <= 1:
        raise ValueError(f"Le seuil s'écrit entre 0 et 1 (0.60 pour 60\u00a0%), pas {seuil}.")
    return Fraction(seuil)


@dataclass(frozen=True, slots=True)
class PartQpv:
    """La part des habitants de QPV (K2), sans division ; `seuil` est une fraction (`Decimal("0.60")`)."""

    total: int
    qpv: int

    def conforme(self, seuil: Decimal) -> bool:
        exact = _fraction(seuil)
        return self.qpv * exact.denominator >= exact.numerator * self.total

    def minimum_requis(self, seuil: Decimal) -> int:
        """Le plus petit nombre d'habitants de QPV qui rend la part conforme."""
        return ceil(_fraction(seuil) * self.total)

    @property
    def exacte(self) -> Fraction:
        return Fraction(self.qpv, self.total)

    def pour_affichage(self, seuil: Decimal = Decimal("0.60")) -> str:
        """« 60,0 % » ; ajoute des décimales tant que l'affichage contredit le verdict (S03)."""
        verdict, decimales = self.conforme(seuil), 1
        while True:
            unites = floor(self.exacte * 100 * 10**decimales + Fraction(1, 2))
            affichee = Fraction(unites, 100 * 10**decimales)
            if (affichee >= _fraction(seuil)) == verdict:
                break
            decimales += 1
        texte = nombre_en_francais(Decimal(unites).scaleb(-decimales), decimales=decimales)
        return f"{texte}{INSECABLE}%"


def taux_qpv(*, total: int, qpv: int) -> PartQpv:
    """K2. Lève `TotalRequis` (S05) ou `EffectifIncoherent` (S06)."""
    if total < 0 or qpv < 0:
        raise EffectifIncoherent("Un nombre de personnes ne peut pas être négatif. Corrigez-le.")
    if qpv > total > 0:
        raise EffectifIncoherent(
            f"Vous annoncez {qpv} habitants de quartier prioritaire sur {total} personnes en tout. "
            "La partie ne peut pas dépasser le total. Corrigez l'un des deux nombres."
        )
    if total == 0:
        raise TotalRequis("Le nombre total de personnes est requis. Indiquez au moins une personne.")
    return PartQpv(total=total, qpv=qpv)


def _verifier_somme(nom: str, parties: Mapping[str, int], attendu: int, de_quoi: str) -> tuple[str, ...]:
    somme = sum(parties.values())
    if somme == attendu:
        return ()
    detail = " + ".join(str(n) for n in parties.values())
    egalite = f"{detail} = {somme}" if len(parties) > 1 else str(somme)
    debut = f"{nom}{INSECABLE}: {egalite}, mais {de_quoi} est {attendu}."
    if somme < attendu:
        manque = attendu - somme
        quoi, ajout = ("personne", "ajoutez-la") if manque == 1 else ("personnes", "ajoutez-les")
        return (f"{debut} Il manque {manque} {quoi}{INSECABLE}: {ajout} à une case ou en « non renseigné ».",)
    return (f"{debut} Il y a {somme - attendu} de trop{INSECABLE}: corrigez la répartition ou le total.",)


def verifier_effectifs(
    *,
    total: int,
    dont_qpv: int | None = None,
    par_sexe: Mapping[str, int] | None = None,
    par_age: Mapping[str, int] | None = None,
    par_qpv: Mapping[str, int] | None = None,
) -> tuple[str, ...]:
    """Les contrôles du bilan (§C.8, S75) ; vide si tout concorde.

    Une répartition absente (`None`) n'est pas contrôlée. « Non renseigné » est une case comme une autre
    des répartitions par sexe et par âge.
    """
    phrases: list[str] = []
    nombres = [total, dont_qpv or 0]
    for repartition in (par_sexe, par_age, par_qpv):
        nombres.extend((repartition or {}).values())
    if any(n < 0 for n in nombres):
        phrases.append("Un nombre de personnes ne peut pas être négatif. Corrigez-le.")
    if par_sexe is not None:
        phrases.extend(_verifier_somme("Par sexe", par_sexe, total, "le total"))
    if par_age is not None:
        phrases.extend(_verifier_somme("Par âge", par_age, total, "le total"))
    if dont_qpv is not None and dont_qpv > total:
        phrases.append(
            f"Vous comptez {dont_qpv} habitants de quartier prioritaire sur {total} personnes en tout. "
            "La partie ne peut pas dépasser le total. Corrigez l'un des deux nombres."
        )
    if par_qpv is not None:
        attendu = dont_qpv if dont_qpv is not None else sum(par_qpv.values())
        phrases.extend(
            _verifier_somme("Par quartier", par_qpv, attendu, "le nombre d'habitants de quartier prioritaire")
        )
        if dont_qpv is None and attendu > total:
            phrases.append(
                f"Les quartiers réunissent {attendu} personnes pour un total de {total}. "
                "Corrigez la répartition ou le total."
            )
    return tuple(phrases)


@dataclass(frozen=True, slots=True)
class Candidat:
    """Un dossier au classement du jury ; `note` sur 100, non arrondie."""

    code: str
    note: Decimal
    total: int
    qpv: int
    depose_le: datetime


def classer(candidats: Sequence[Candidat]) -> tuple[Candidat, ...]:
    """K13 : note décroissante, puis part QPV décroissante, puis dépôt croissant (puis code, pour finir)."""

    def cle(candidat: Candidat) -> tuple[Decimal, Fraction, datetime, str]:
        part = Fraction(candidat.qpv, candidat.total) if candidat.total else Fraction(0)
        return (-candidat.note, -part, candidat.depose_le, candidat.code)

    return tuple(sorted(candidats, key=cle))


class GrilleIncomplete(ValueError):
    """Il manque une note, ou une note sort de l'échelle."""


def score(*, notes: Mapping[str, int], poids: Mapping[str, int], note_max: int = 4) -> Decimal:
    """§C.6 : Σ(poids × note ÷ note_max), sur la somme des poids. Lève `GrilleIncomplete`."""
    if manquants := [critere for critere in poids if critere not in notes]:
        raise GrilleIncomplete(f"Il reste à noter{INSECABLE}: {', '.join(manquants)}.")
    if inconnus := [critere for critere in notes if critere not in poids]:
        raise GrilleIncomplete(f"Ces critères ne sont pas dans la grille{INSECABLE}: {', '.join(inconnus)}.")
    for critere, note in notes.items():
        if not 0 <= note <= note_max:
            raise GrilleIncomplete(f"« {critere} » est noté {note}{INSECABLE}: la note va de 0 à {note_max}.")
    return Decimal(sum(poids[critere] * note for critere, note in notes.items())) / note_max


def moyenne(scores: Sequence[Decimal]) -> Decimal | None:
    """La moyenne non arrondie des jurés qui ont noté, hors déportés ; `None` s'il n'y en a aucun."""
    return sum(scores, Decimal(0)) / len(scores) if scores else None
