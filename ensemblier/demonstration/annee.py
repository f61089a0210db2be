"""L'année fictive, à la taille de 2020 (R79) : 205 actions, les mêmes totaux par financeur, rien de réel."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from ensemblier.appels.models import Appel, Dispositif
from ensemblier.comptes.models import Organisme, Utilisateur
from ensemblier.demonstration import textes
from ensemblier.dossiers.actes.mots import indexer
from ensemblier.dossiers.ecriture import poser_quartiers
from ensemblier.dossiers.models import Demande, Dossier, LigneDeBudget, Numerotation
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.montants import repartir
from ensemblier.programmation.models import Attribution, Deliberation, Enveloppe
from ensemblier.registre.actes import reprendre
from ensemblier.territoires.models import Commune, Financeur, Quartier

ACTIONS = 205
COUT = Decimal("6500000")
# R79, lignes publiées ; la part de la CALL y est dite « près de 170 000 ».
ACCORDES = {
    "ETAT": Decimal("1831401"),
    "REGION": Decimal("665298"),
    "DEPARTEMENT": Decimal("159800"),
    "CALL": Decimal("170000"),
}
COMMUNES = Decimal("1500000")
# Une part des demandes n'obtient rien ; les autres obtiennent moins que demandé.
CHANCES = {"ETAT": 0.92, "REGION": 0.45, "DEPARTEMENT": 0.25, "CALL": 0.4, "COMMUNES": 0.95}


@dataclass(slots=True)
class Action:
    """Une action à écrire : ses parts par financeur, déjà au centime."""

    rang: int
    organisme: Organisme
    modele: textes.Modele
    quartiers: list[Quartier]
    parts: dict[str, Decimal]
    cout: Decimal = Decimal(0)


@dataclass(slots=True)
class Annee:
    """Ce qu'il faut savoir pour écrire l'année."""

    appel: Appel
    financeurs: dict[str, Financeur]
    dispositifs: dict[str, Dispositif]
    auteur: Utilisateur
    par: Acteur
    hasard: random.Random

    @property
    def exercice(self) -> int:
        return self.appel.exercice


def imaginer(annee: Annee, organismes: list[Organisme], quartiers: list[Quartier]) -> list[Action]:
    """Tire les 205 actions ; tous les quartiers servent, et chaque total tombe au centime."""
    hasard = annee.hasard
    actions = []
    for rang in range(ACTIONS):
        principal = quartiers[rang % len(quartiers)]
        autres = hasard.sample(quartiers, k=hasard.choice((0, 0, 0, 1, 2)))
        actions.append(
            Action(
                rang=rang,
                organisme=hasard.choice(organismes),
                modele=hasard.choice(textes.MODELES),
                quartiers=[principal, *(q for q in autres if q != principal)],
                parts={},
            )
        )
    for code, total in ACCORDES.items():
        _attribuer(actions, code, total, hasard, CHANCES[code])
    _attribuer_aux_communes(annee, actions)
    _chiffrer(actions, hasard)
    return actions


def _attribuer(
    actions: list[Action], code: str, total: Decimal, hasard: random.Random, chance: float
) -> None:
    elus = [a for a in actions if hasard.random() < chance]
    poids = {str(a.rang): Decimal(hasard.randint(20, 400)) for a in elus}
    parts = repartir(montant=total, poids=poids).parts
    for action in elus:
        action.parts[code] = parts[str(action.rang)]


def _attribuer_aux_communes(annee: Annee, actions: list[Action]) -> None:
    """Chaque action est aidée par une ville de son premier quartier, si cette ville finance."""
    villes: dict[int, str] = {}
    for action in actions:
        codes = [c.code for c in action.quartiers[0].communes.all() if c.code in annee.financeurs]
        if codes and annee.hasard.random() < CHANCES["COMMUNES"]:
            villes[action.rang] = annee.hasard.choice(codes)
    poids = {str(rang): Decimal(annee.hasard.randint(20, 300)) for rang in villes}
    parts = repartir(montant=COMMUNES, poids=poids).parts
    for action in actions:
        if action.rang in villes:
            action.parts[villes[action.rang]] = parts[str(action.rang)]


def _chiffrer(actions: list[Action], hasard: random.Random) -> None:
    """Le coût de chaque action dépasse ses aides ; la somme des coûts est celle de l'année."""
    aides = {a.rang: sum(a.parts.values(), Decimal(0)) for a in actions}
    reste = COUT - sum(aides.values(), Decimal(0))
    poids = {str(a.rang): aides[a.rang] * hasard.randint(5, 15) + 500 for a in actions}
    propres = repartir(montant=reste, poids=poids).parts
    for action in actions:
        action.cout = aides[action.rang] + propres[str(action.rang)]


def ecrire(annee: Annee, actions: list[Action]) -> None:
    """Écrit dossiers, volets, délibérations et enveloppes, repris comme un passé connu."""
    deliberations = {code: _deliberation(annee, code, rang) for rang, code in enumerate(_codes(actions))}
    for action in actions:
        dossier = _dossier(annee, action)
        for code, accorde in action.parts.items():
            demande = _demande(annee, dossier, code, accorde)
            Attribution.objects.create(
                demande=demande, deliberation=deliberations[code], montant=accorde,
                lignes=[{"libelle": "Accordé", "calcul": "année fictive", "montant": str(accorde)}],
            )  # fmt: skip
    Numerotation.objects.update_or_create(
        territoire=annee.appel.territoire, annee=annee.exercice, defaults={"dernier": ACTIONS}
    )
    for code in _codes(actions):
        total = sum((a.parts.get(code, Decimal(0)) for a in actions), Decimal(0))
        Enveloppe.objects.create(
            appel=annee.appel, financeur=annee.financeurs[code], montant=total, engage=total
        )


def _codes(actions: list[Action]) -> list[str]:
    return sorted({code for action in actions for code in action.parts})


def _instant(annee: Annee, mois: int, jour: int) -> datetime:
    return datetime(annee.exercice, mois, jour, 9, tzinfo=UTC)


def _deliberation(annee: Annee, code: str, rang: int) -> Deliberation:
    return Deliberation.objects.create(
        territoire=annee.appel.territoire, appel=annee.appel, financeur=annee.financeurs[code],
        numero=f"{annee.exercice}-F{rang:03d}", le=date(annee.exercice, 3, 14),
        enregistree_le=_instant(annee, 3, 15), enregistree_par=annee.par.nom,
    )  # fmt: skip


def _dossier(annee: Annee, action: Action) -> Dossier:
    hasard, modele, lieu = annee.hasard, action.modele, action.quartiers[0]
    total = hasard.randint(18, 320)
    territoire = annee.appel.territoire
    dossier = Dossier(
        numero=f"{annee.exercice % 100:02d}-{action.rang + 1:04d}", territoire=territoire, appel=annee.appel,
        reglement=annee.appel.reglement, organisme=action.organisme, cree_par=annee.auteur,
        cree_le=_instant(annee, 1, 8), modifie_le=_instant(annee, 1, 20), depose_le=_instant(annee, 1, 20),
        depose_par=action.organisme.representant_nom, decide_le=_instant(annee, 3, 15),
        intitule=f"{modele.intitule} · {lieu.nom}"[:256], resume=modele.resume,
        description=hasard.choice(textes.PRECISIONS), mobilisation_qpv=textes.MOBILISATION,
        droit_commun=textes.DROIT_COMMUN, comite_de_suivi=textes.COMITE, partenaires=textes.PARTENAIRES,
        pilier=_pilier(annee, modele.pilier), publics_total=total,
        publics_qpv=total * hasard.randint(62, 95) // 100, cout_total=action.cout,
        demande_totale=sum(action.parts.values(), Decimal(0)), est_numerique=modele.thematique == "numerique",
        du=date(annee.exercice, 4, 1), au=date(annee.exercice, 12, 15),
        numero_dauphin=f"DA{90000000 + action.rang:08d}",
    )  # fmt: skip
    reprendre(
        dossier, etat="clos", par=annee.par, le=_instant(annee, 12, 20), libelle="Repris de l'année fictive"
    )
    dossier.thematiques.set(territoire.thematiques.filter(code=modele.thematique))
    poser_quartiers(dossier, {quartier: _communes_de(quartier) for quartier in action.quartiers})
    LigneDeBudget.objects.bulk_create(_budget(annee, dossier, action))
    indexer(dossier)
    return dossier


def _pilier(annee: Annee, code: str):
    return next(p for p in annee.appel.territoire.piliers.all() if p.code == code)


def _communes_de(quartier: Quartier) -> list[Commune]:
    membres = [c for c in quartier.communes.all() if c.est_membre]
    return membres or list(quartier.communes.all())


def _budget(annee: Annee, dossier: Dossier, action: Action) -> Iterator[LigneDeBudget]:
    parts = {"60": 30, "61": 8, "62": 22, "64": 40}
    charges = repartir(montant=action.cout, poids=parts).parts
    for compte, montant in charges.items():
        yield LigneDeBudget(dossier=dossier, sens="charge", compte=compte, montant=montant)
    for code, montant in action.parts.items():
        yield LigneDeBudget(
            dossier=dossier, sens="produit", compte="74", financeur=annee.financeurs[code], montant=montant
        )
    propres = action.cout - sum(action.parts.values(), Decimal(0))
    yield LigneDeBudget(dossier=dossier, sens="produit", compte="autofinancement", montant=propres)


def _demande(annee: Annee, dossier: Dossier, code: str, accorde: Decimal) -> Demande:
    """Le porteur avait demandé en euros entiers, au moins ce qui fut accordé (P31)."""
    surplus = annee.hasard.randint(0, 25)
    demande = (accorde * (100 + surplus) / 100).quantize(Decimal(100)) + 100
    volet = Demande(
        dossier=dossier, financeur=annee.financeurs[code], dispositif=annee.dispositifs[code],
        demande=max(demande, accorde.quantize(Decimal(1)) + 1), propose=accorde, vote=accorde, verse=accorde,
        votee_le=date(annee.exercice, 3, 14), notifiee_le=date(annee.exercice, 4, 2),
    )  # fmt: skip
    reprendre(
        volet, etat="soldee", par=annee.par, le=_instant(annee, 12, 20), libelle="Repris de l'année fictive"
    )
    return volet
