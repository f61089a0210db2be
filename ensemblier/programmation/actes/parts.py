"""Répartir une enveloppe en sous-enveloppes, les déléguer, virer de l'une à l'autre, engager : sans dépasser.

L'enveloppe du financeur pour l'appel reste le tout : une sous-enveloppe en prend une part (exercice, nature,
dispositif, délégataire), et ce qui s'y engage compte dans les deux. Trois gardes : la chaîne de l'enveloppe
tient la ligne, la version relue sous elle refuse une lecture ancienne, le CHECK de la base refuse le
dépassement qu'un code aurait laissé passer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from ensemblier.appels.models import Dispositif
from ensemblier.dossiers.models import Demande
from ensemblier.instruction.droits import exiger_sa_ligne
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.montants import en_francais, euros
from ensemblier.programmation.calculs import part_de
from ensemblier.programmation.models import Attribution, Enveloppe, SousEnveloppe
from ensemblier.registre.actes import ActeBloque, consigner, ouvrir, verrouiller


@dataclass(frozen=True, slots=True)
class Objet:
    """Ce que finance une sous-enveloppe ; vide : tout l'appel."""

    exercice: int
    nature: str = ""
    dispositif: Dispositif | None = None
    delegataire: str = ""


def relire(enveloppe: Enveloppe) -> None:
    """Relit la ligne sous verrou : lue avant, elle ne compte pas."""
    tenue = Enveloppe.objects.select_for_update().get(pk=enveloppe.pk)
    for nom in ("montant", "engage", "reparti", "version"):
        setattr(enveloppe, nom, getattr(tenue, nom))


def exiger_la_version(enveloppe: Enveloppe, version: int | None) -> None:
    """Lève `ActeBloque` si l'enveloppe a changé depuis la page lue ; `None` : il n'y a pas de page."""
    if version is not None and version != enveloppe.version:
        raise ActeBloque(
            f"L'enveloppe de « {enveloppe.financeur.sigle} » a changé depuis que vous l'avez lue : "
            f"{en_francais(enveloppe.montant)} de crédits, {en_francais(enveloppe.reste)} de reste. "
            "Relisez-la, puis recommencez. Rien n'est enregistré."
        )


@transaction.atomic
def repartir(
    enveloppe: Enveloppe,
    *,
    objet: Objet,
    montant: Decimal,
    par: Acteur,
    le: datetime,
    version: int | None = None,
) -> SousEnveloppe:
    """Ouvre une sous-enveloppe, prise sur ce qui n'est ni réparti ni voté hors des parts."""
    exiger_sa_ligne(par, enveloppe.financeur, "Répartir l'enveloppe")
    valeur = _positif(montant)
    verrouiller(enveloppe.racine())
    relire(enveloppe)
    exiger_la_version(enveloppe, version)
    if enveloppe.parts.filter(
        exercice=objet.exercice,
        nature=objet.nature,
        dispositif=objet.dispositif,
        delegataire=objet.delegataire,
    ).exists():
        raise ActeBloque("Cette sous-enveloppe est déjà ouverte. Virez-lui des crédits.")
    if valeur > (libre := enveloppe.libre):
        raise ActeBloque(
            f"{en_francais(valeur)} dépasse ce qui reste à répartir ({en_francais(libre)}). "
            f"Au plus {en_francais(libre)}, ou relevez d'abord l'enveloppe."
        )
    part = SousEnveloppe(
        enveloppe=enveloppe, exercice=objet.exercice, nature=objet.nature, dispositif=objet.dispositif,
        delegataire=objet.delegataire, montant=valeur,
    )  # fmt: skip
    ouvrir(
        part, par=par, le=le, acte="repartir", libelle=f"Sous-enveloppe ouverte : {part.nom}"[:200],
        details={"montant": str(valeur), "objet": part.nom}, public=False,
    )  # fmt: skip
    _noter(enveloppe, reparti=enveloppe.reparti + valeur)
    return part


@transaction.atomic
def virer(
    de: SousEnveloppe, vers: SousEnveloppe, *, montant: Decimal, motif: str, par: Acteur, le: datetime,
    version: int | None = None,
) -> None:  # fmt: skip
    """Passe des crédits d'une sous-enveloppe à une autre, avec motif ; le tout ne bouge pas."""
    enveloppe = de.enveloppe
    exiger_sa_ligne(par, enveloppe.financeur, "Virer des crédits")
    valeur = _positif(montant)
    if vers.enveloppe_id != de.enveloppe_id or vers.pk == de.pk:
        raise ActeBloque("Un virement va d'une sous-enveloppe à une autre de la même enveloppe.")
    if not motif.strip():
        raise ActeBloque("Le motif manque : écrivez pourquoi ces crédits changent d'objet.")
    verrouiller(enveloppe.racine())
    relire(enveloppe)
    exiger_la_version(enveloppe, version)
    lues = {p.pk: p for p in SousEnveloppe.objects.select_for_update().filter(pk__in=(de.pk, vers.pk))}
    source, but = lues[de.pk], lues[vers.pk]
    if valeur > source.reste:
        raise ActeBloque(
            f"{en_francais(valeur)} dépasse ce qui reste à « {source.nom} » ({en_francais(source.reste)}). "
            f"Au plus {en_francais(source.reste)}."
        )
    for part, signe in ((source, -1), (but, 1)):
        consigner(
            part, "virer", par=par, le=le, motif=motif.strip(), public=False,
            libelle=f"{'Virement reçu' if signe > 0 else 'Virement fait'} : {part.nom}"[:200],
            details={"de": source.nom, "vers": but.nom, "montant": str(valeur)},
            montant=part.montant + signe * valeur,
        )  # fmt: skip
    _noter(enveloppe)


def engager(
    enveloppe: Enveloppe,
    montants: Iterable[tuple[Demande, Decimal]],
    *,
    libelle: str,
    par: Acteur,
    le: datetime,
) -> None:
    """Compte ces accords dans l'enveloppe et dans leurs parts ; un montant négatif libère.

    L'appelant tient la chaîne de l'enveloppe et l'a relue. L'addition se fait en Python, sous le verrou.
    """
    lus = [*montants]
    total = enveloppe.engage + sum((m for _, m in lus), Decimal(0))
    if total > enveloppe.montant:
        de_trop = total - enveloppe.montant
        raise ActeBloque(
            f"L'enveloppe de « {enveloppe.financeur.sigle} » serait dépassée de {en_francais(de_trop)} : "
            f"{en_francais(total - enveloppe.engage)} accordés, il reste {en_francais(enveloppe.reste)}. "
            "Rien n'est enregistré : baissez un montant, ou relevez l'enveloppe."
        )
    _engager_les_parts(enveloppe, lus)
    consigner(
        enveloppe, "engager", par=par, le=le, libelle=libelle[:200], public=False, engage=total,
        details={"montant": str(total - enveloppe.engage), "engage": str(total)},
        version=enveloppe.version + 1,
    )  # fmt: skip


def _engager_les_parts(enveloppe: Enveloppe, montants: Iterable[tuple[Demande, Decimal]]) -> None:
    """Chaque accord dans sa part, et l'attribution la retient : un montant changé y revient."""
    parts = [*enveloppe.parts.select_for_update().order_by("pk")]
    if not parts:
        return
    pris: dict[int, Decimal] = {}
    for demande, montant in montants:
        attribution = (
            Attribution.objects.filter(demande=demande.pk, remplacee_le=None)
            .select_related("remplace")
            .first()
        )
        if attribution and attribution.remplace:
            part = next((p for p in parts if p.pk == attribution.remplace.part_id), None)
        else:
            part = part_de(parts, demande) if montant else None
        if part:
            pris[part.pk] = pris.get(part.pk, Decimal(0)) + montant
            Attribution.objects.filter(demande=demande.pk, remplacee_le=None).update(part=part)
    for part in parts:
        if not (prise := pris.get(part.pk)):
            continue
        if part.engage + prise > part.montant:
            raise ActeBloque(
                f"La sous-enveloppe « {part.nom} » serait dépassée de "
                f"{en_francais(part.engage + prise - part.montant)} : il y reste {en_francais(part.reste)}. "
                "Rien n'est enregistré : baissez un montant, ou virez-lui des crédits."
            )
        part.engage += prise
        part.save(update_fields=("engage",))


def _noter(enveloppe: Enveloppe, **champs: Decimal) -> None:
    """Numérote l'état de l'enveloppe : la page lue avant ne s'écrit plus."""
    for nom, valeur in champs.items():
        setattr(enveloppe, nom, valeur)
    enveloppe.version += 1
    enveloppe.save(update_fields=("version", *champs))


def _positif(montant: Decimal) -> Decimal:
    valeur = euros(montant)
    if valeur <= 0:
        raise ActeBloque("Le montant est au-dessus de zéro. Corrigez-le.")
    return valeur
