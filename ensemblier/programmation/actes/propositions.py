"""Proposer un montant sur sa ligne, au plus ce que la règle et l'enveloppe permettent ; le reprendre."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from ensemblier.dossiers.actes import avancer_demande
from ensemblier.dossiers.etats import EN_ATTENTE, PROPOSEE
from ensemblier.dossiers.models import Demande
from ensemblier.instruction.examen import exiger_recevable
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.montants import Attribuable, en_francais, euros
from ensemblier.programmation.calculs import attribuable_au_volet, phrase_du_depassement, reste_de_l_enveloppe
from ensemblier.registre.actes import ActeBloque, verrouiller
from ensemblier.registre.models import Evenement


def lignes_en_json(calcul: Attribuable) -> list[dict[str, str]]:
    return [
        {"libelle": ligne.libelle, "calcul": ligne.calcul, "montant": f"{ligne.montant:f}"}
        for ligne in calcul.lignes
    ]


def exiger_attribuable(montant: Decimal, calcul: Attribuable) -> None:
    """Lève `ActeBloque` avec la phrase du dépassement."""
    if dit := phrase_du_depassement(montant, calcul):
        raise ActeBloque(dit)


class CaseChangee(ActeBloque):
    """Un autre a écrit cette case depuis qu'elle fut lue ; `demande` porte la valeur d'aujourd'hui."""

    def __init__(self, demande: Demande) -> None:
        dernier = _dernier_acte(demande)
        qui = dernier.auteur_nom if dernier else "Une autre personne"
        actuel = "aucun montant" if demande.propose is None else en_francais(demande.propose)
        super().__init__(f"{qui} a changé cette case depuis que vous l'avez lue : elle dit {actuel}.")
        self.demande = demande


def _dernier_acte(demande: Demande) -> Evenement | None:
    siens = Evenement.objects.filter(chaine__racine=demande.racine(), objet=demande.designation())
    return siens.order_by("-rang").first()


def exiger_la_version(demande: Demande, version: int | None) -> None:
    """Lève `CaseChangee` si le volet n'est plus à la version lue ; l'appelant tient le verrou du dossier.

    `None` : l'acte ne vient pas d'une case (l'avis, une séance), il porte sa propre règle.
    """
    if version is None:
        return
    demande.refresh_from_db(fields=("version", "etat", "propose", "vote", "demande"))
    if demande.version != version:
        raise CaseChangee(demande)


@transaction.atomic
def proposer(
    demande: Demande,
    *,
    montant: Decimal,
    motif: str = "",
    par: Acteur,
    le: datetime,
    version: int | None = None,
) -> Attribuable:
    """Le montant proposé sur un volet, K6 à l'appui ; il se corrige tant que rien n'est décidé.

    `version` : celle que la personne a lue dans sa case ; une autre écriture entre-temps lève `CaseChangee`.
    """
    verrouiller(demande.racine())
    exiger_la_version(demande, version)
    exiger_recevable(demande.dossier, "une proposition")
    valeur = euros(montant)
    if valeur < 0:
        raise ActeBloque("Un montant proposé ne peut pas être négatif. Corrigez-le.")
    calcul = attribuable_au_volet(demande, reste=reste_de_l_enveloppe(demande))
    exiger_attribuable(valeur, calcul)
    avancer_demande(
        demande, "proposer", par=par, le=le, motif=motif.strip(), public=False, propose=valeur,
        details={"montant": str(valeur), "lignes": lignes_en_json(calcul)},
    )  # fmt: skip
    return calcul


@transaction.atomic
def retirer_la_proposition(
    demande: Demande, *, par: Acteur, le: datetime, version: int | None = None
) -> None:
    """Vide la case : le volet redevient pris en charge, sans montant proposé."""
    verrouiller(demande.racine())
    exiger_la_version(demande, version)
    entree = Evenement.objects.filter(
        chaine__racine=demande.racine(), objet=demande.designation(), vers=PROPOSEE
    ).exclude(de=PROPOSEE)
    derniere = entree.order_by("-rang").first()
    if derniere and derniere.de == EN_ATTENTE:
        raise ActeBloque(
            "Ce volet était en liste d'attente avant ce montant : le vider effacerait cette décision. "
            "Écrivez un autre montant, ou décidez-le en séance."
        )
    avancer_demande(
        demande, "retirer_la_proposition", par=par, le=le, public=False, propose=None,
        details={"avant": str(demande.propose)},
    )  # fmt: skip
