"""La liste par note : le dossier le mieux noté d'abord, sous les mêmes règles ; le point de comparaison."""

from __future__ import annotations

from math import ceil

from ensemblier.noyau.optimum.entrees import Candidature, Probleme, Souhait
from ensemblier.noyau.optimum.plateau import Plateau


def par_note(probleme: Probleme) -> dict[str, int]:
    """Les montants, en centimes : les verrous, chaque souhait, puis la liste, du mieux noté au moins bien.

    Un dossier qui ne tient pas à son minimum est passé. Les souhaits peuvent ne pas être tenus : le juge le
    dira.
    """
    plateau = Plateau(probleme)
    ordre = sorted(probleme.candidatures, key=lambda c: (-c.note, c.code))
    for c in ordre:
        if plateau.totaux[c.code] < c.plancher and plateau.totaux[c.code]:
            plateau.ajouter(c, c.plancher - plateau.totaux[c.code])
    for souhait in probleme.souhaits:
        _servir(plateau, souhait, ordre)
    for c in (c for c in ordre if probleme.poids[c.code]):
        plateau.financer(c)
    return plateau.montants


def _servir(plateau: Plateau, souhait: Souhait, ordre: list[Candidature]) -> None:
    """Jusqu'au plancher : une part se sert comme si toutes les enveloppes étaient dépensées."""
    cible = souhait.montant
    if souhait.part is not None:
        cible = ceil(souhait.part * sum(e.reste for e in plateau.probleme.enveloppes))
    membres = [(c, part) for c in ordre if (part := c.part(souhait.etiquette))]
    recu = sum(part * plateau.totaux[c.code] for c, part in membres)
    for c, part in membres:
        if recu >= cible:
            return
        avant = plateau.totaux[c.code]
        voulu = max(ceil((cible - recu) / part), c.plancher - avant)
        plateau.financer(c, au_plus=voulu)
        recu += part * (plateau.totaux[c.code] - avant)
