"""Relire le registre en entier : une ligne changée, retirée ou déplacée se voit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from ensemblier.registre.actes import empreinte_d_evenement, empreinte_des_details
from ensemblier.registre.models import ORIGINE, Chaine, Evenement, Sceau


@dataclass(frozen=True, slots=True)
class Anomalie:
    """Ce qui cloche, et où."""

    lieu: str
    phrase: str


@dataclass(slots=True)
class Verification:
    """Le résultat d'une relecture : `tete` est l'empreinte du dernier sceau, à garder hors de la maison."""

    chaines: int = 0
    evenements: int = 0
    sceaux: int = 0
    tete: str = ORIGINE
    anomalies: list[Anomalie] = field(default_factory=list)

    @property
    def est_intacte(self) -> bool:
        return not self.anomalies


def verifier(*, tete_connue: str = "") -> Verification:
    """Relit chaînes et sceaux ; `tete_connue`, gardée ailleurs, prouve qu'aucune fin n'a été coupée."""
    resultat = Verification()
    resultat.anomalies.extend(_relire_chaines(resultat))
    resultat.anomalies.extend(_relire_sceaux(resultat, tete_connue))
    return resultat


def _relire_chaines(resultat: Verification) -> Iterator[Anomalie]:
    chaines = {c.pk: c for c in Chaine.objects.all()}
    resultat.chaines = len(chaines)
    attendus = dict.fromkeys(chaines, (0, ORIGINE))
    evenements = Evenement.objects.select_related("detail").order_by("chaine_id", "rang")
    for evenement in evenements.iterator(chunk_size=2000):
        resultat.evenements += 1
        chaine = chaines[evenement.chaine_id]
        rang, precedent = attendus[chaine.pk]
        lieu = f"{chaine.racine}, rang {evenement.rang}"
        if evenement.rang != rang + 1:
            yield Anomalie(lieu, f"rang {rang + 1} attendu : une ligne a été retirée ou déplacée")
        if evenement.precedent != precedent:
            yield Anomalie(lieu, "le maillon ne suit pas le précédent")
        if empreinte_d_evenement(evenement, chaine.racine) != evenement.empreinte:
            yield Anomalie(lieu, "la ligne a été changée")
        yield from _relire_detail(evenement, lieu)
        attendus[chaine.pk] = (evenement.rang, evenement.empreinte)
    for pk, (rang, tete) in attendus.items():
        if (chaines[pk].rang, chaines[pk].tete) != (rang, tete):
            yield Anomalie(chaines[pk].racine, "la fin de la chaîne n'est pas celle que sa tête annonce")


def _relire_detail(evenement: Evenement, lieu: str) -> Iterator[Anomalie]:
    detail = getattr(evenement, "detail", None)
    if detail is None:
        yield Anomalie(lieu, "les détails ont été retirés")
    elif empreinte_des_details(detail.motif, detail.contenu) != evenement.details_empreinte:
        yield Anomalie(lieu, "les détails ont été changés")


def _relire_sceaux(resultat: Verification, tete_connue: str) -> Iterator[Anomalie]:
    empreintes = dict(Evenement.objects.values_list("pk", "empreinte"))
    tete, numero, vue = ORIGINE, 0, not tete_connue
    for sceau in Sceau.objects.order_by("numero").iterator(chunk_size=5000):
        numero += 1
        lieu = f"sceau {sceau.numero}"
        if sceau.numero != numero:
            yield Anomalie(lieu, f"sceau {numero} attendu : un sceau a été retiré")
            numero = sceau.numero
        empreinte = empreintes.get(sceau.evenement_id)
        if empreinte is None:
            yield Anomalie(lieu, "l'événement scellé n'existe plus")
            empreinte = ""
        attendue = hashlib.sha256(f"{tete}{sceau.numero}{empreinte}".encode()).hexdigest()
        if sceau.precedent != tete or sceau.empreinte != attendue:
            yield Anomalie(lieu, "le sceau ne correspond pas à l'événement scellé")
        tete = sceau.empreinte
        vue = vue or tete == tete_connue
    resultat.sceaux, resultat.tete = numero, tete
    if not vue:
        yield Anomalie("fin du registre", "la tête gardée ailleurs n'y est plus : la fin a été coupée")
