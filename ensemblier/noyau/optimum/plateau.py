"""Une proposition en cours d'écriture, en centimes exacts : ce qu'on peut encore ajouter sans rien casser."""

from __future__ import annotations

from collections.abc import Mapping

from ensemblier.noyau.optimum.entrees import Candidature, Case, Probleme


class Plateau:
    """Les montants posés, et ce qui reste : par enveloppe, par dossier, par souhait."""

    def __init__(self, probleme: Probleme, montants: Mapping[str, int] | None = None) -> None:
        self.probleme = probleme
        self.montants = {case.cle: case.verrou or 0 for _, case in probleme.cases}
        self.restes = {e.code: e.reste for e in probleme.enveloppes}
        self.totaux = {c.code: 0 for c in probleme.candidatures}
        self.souhaits = [-e.seuil for e in probleme.exigences]
        """Par rang de souhait, ce qui dépasse le seuil ; négatif s'il manque (`Poids.denominateur`)."""
        for c, case in probleme.cases:
            pose = case.verrou if case.verrou is not None else (montants or {}).get(case.cle, 0)
            self.montants[case.cle] = 0
            if pose:
                self.poser(c, case, pose)

    def poser(self, c: Candidature, case: Case, centimes: int) -> None:
        """Ajoute (ou retire) des centimes à une case ; ne juge rien."""
        self.montants[case.cle] += centimes
        self.restes[case.enveloppe] -= centimes
        self.totaux[c.code] += centimes
        for rang, coefficient in self.probleme.par_dossier[c.code]:
            self.souhaits[rang] += coefficient * centimes

    def place(self, c: Candidature, case: Case) -> int:
        """Ce que la case, l'enveloppe et le dossier laissent encore y ajouter."""
        if case.verrou is not None:
            return 0
        return max(
            0,
            min(
                case.plafond - self.montants[case.cle],
                self.restes[case.enveloppe],
                c.besoin - self.totaux[c.code],
            ),
        )

    def admis(self, c: Candidature) -> int | None:
        """Ce que les souhaits de part laissent encore ajouter au dossier ; `None` : sans limite."""
        bornes = [
            max(0, self.souhaits[rang] // -coefficient)
            for rang, coefficient in self.probleme.par_dossier[c.code]
            if coefficient < 0
        ]
        return min(bornes) if bornes else None

    def ajoutable(self, c: Candidature) -> int:
        """Le plus que ses enveloppes et son besoin laissent encore ajouter au dossier."""
        place = sum(
            max(0, min(case.plafond - self.montants[case.cle], self.restes[case.enveloppe]))
            for case in c.cases
            if case.verrou is None
        )
        return min(place, c.besoin - self.totaux[c.code])

    def ajouter(self, c: Candidature, centimes: int) -> int:
        """Ajoute au dossier, case après case, au plus `centimes` ; rend ce qui a tenu."""
        ajoute = 0
        for case in c.cases:
            pas = min(self.place(c, case), centimes - ajoute)
            if pas > 0:
                self.poser(c, case, pas)
                ajoute += pas
        return ajoute

    def financer(self, c: Candidature, au_plus: int | None = None) -> bool:
        """Sert le dossier autant qu'il se peut, jamais sous son minimum ; dit s'il a reçu quelque chose.

        Tout ou rien : ce qui ne tient pas ne laisse aucune trace.
        """
        possible = self.ajoutable(c)
        for borne in (self.admis(c), au_plus):
            possible = possible if borne is None else min(possible, borne)
        if possible <= 0 or self.totaux[c.code] + possible < c.plancher:
            return False
        return self.ajouter(c, possible) > 0
