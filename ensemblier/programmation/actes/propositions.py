"""Proposer un montant sur sa ligne, au plus ce que la règle et l'enveloppe permettent ; le reprendre."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from django.db import transaction

from ensemblier.dossiers.actes import VoletsTenus
from ensemblier.dossiers.etats import EN_ATTENTE, PROPOSEE
from ensemblier.dossiers.fiche import fiches_de_l_argent
from ensemblier.dossiers.models import Demande
from ensemblier.instruction.examen import exiger_recevable
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.montants import Attribuable, en_francais, euros
from ensemblier.noyau.regles import Fiche
from ensemblier.programmation.calculs import Restes, attribuable_au_volet, phrase_du_depassement
from ensemblier.programmation.models import Enveloppe
from ensemblier.registre.actes import ActeBloque
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
    """Lève `CaseChangee` si le volet, tenu, n'est plus à la version lue.

    `None` : l'acte ne vient pas d'une case (l'avis, une séance), il porte sa propre règle.
    """
    if version is not None and demande.version != version:
        raise CaseChangee(demande)


class CasesTenues(VoletsTenus):
    """Des cases écrites dans une transaction : verrous pris, et ce que leurs règles lisent lu d'un coup.

    Chaque case reste un acte, avec ses gardes ; `ecrire` les met dans la base ensemble.
    """

    def attribuable(self, demande: Demande) -> Attribuable:
        """K6 pour ce volet, enveloppe comprise (S43)."""
        return attribuable_au_volet(
            demande, fiche=self._fiches[demande.dossier_id], reste=self._reste(demande),
            volets=self.du_dossier(demande),
        )  # fmt: skip

    @cached_property
    def _fiches(self) -> dict[int, Fiche]:
        return fiches_de_l_argent(v.dossier for v in self.objets.values())

    @cached_property
    def _restes(self) -> dict[tuple[int, int], Restes]:
        siennes = Enveloppe.objects.filter(
            appel__in={v.dossier.appel_id for v in self.objets.values()},
            financeur__in={v.financeur_id for v in self.objets.values()},
        )
        return {(e.appel_id, e.financeur_id): Restes(e) for e in siennes.prefetch_related("parts")}

    def _reste(self, demande: Demande) -> Decimal | None:
        restes = self._restes.get((demande.dossier.appel_id, demande.financeur_id))
        return restes.de(demande) if restes else None

    def jusqu_ici(self, demande: Demande) -> None:
        """Met dans la base ce que ce lot a déjà fait du volet : qui relit le registre l'y trouve."""
        if self.a_ecrire(demande):
            self.ecrire()

    @cached_property
    def _entrees(self) -> dict[str, str]:
        racines = {v.racine() for v in self.objets.values()}
        objets = {v.designation() for v in self.objets.values()}
        entrees = Evenement.objects.filter(chaine__racine__in=racines, objet__in=objets, vers=PROPOSEE)
        return dict(entrees.exclude(de=PROPOSEE).order_by("rang").values_list("objet", "de"))

    def etat_d_entree(self, demande: Demande) -> str:
        """L'état que le volet avait avant d'être proposé, vide s'il ne l'est pas."""
        return self._entrees.get(demande.designation(), "")

    def ecrire(self) -> None:
        super().ecrire()
        self.__dict__.pop("_entrees", None)


@contextmanager
def _tenir(demande: Demande, version: int | None, tenues: CasesTenues | None) -> Iterator[CasesTenues]:
    """Le lot de l'appelant, qui l'écrira, ou un lot de cette seule case ; la version lue y est la bonne.

    Le lot de l'appelant n'a pas de point de reprise ici : ce qu'il a déjà écrit ne se défait pas d'un refus.
    """
    if tenues is not None:
        tenues.jusqu_ici(demande)
        exiger_la_version(demande, version)
        yield tenues
        return
    with transaction.atomic():
        seule = CasesTenues([demande])
        exiger_la_version(demande, version)
        yield seule
        seule.ecrire()


def proposer(
    demande: Demande,
    *,
    montant: Decimal,
    motif: str = "",
    par: Acteur,
    le: datetime,
    version: int | None = None,
    tenues: CasesTenues | None = None,
) -> Attribuable:
    """Le montant proposé sur un volet, K6 à l'appui ; il se corrige tant que rien n'est décidé.

    `version` : celle que la personne a lue dans sa case ; une autre écriture entre-temps lève `CaseChangee`.
    `tenues` : les cases que l'appelant écrira ensemble, celle-ci comprise ; un refus n'y laisse rien.
    """
    with _tenir(demande, version, tenues) as lot:
        etat = lot.etats_des_dossiers[demande.dossier_id]
        exiger_recevable(demande.dossier, "une proposition", etat=etat)
        valeur = euros(montant)
        if valeur < 0:
            raise ActeBloque("Un montant proposé ne peut pas être négatif. Corrigez-le.")
        calcul = lot.attribuable(demande)
        exiger_attribuable(valeur, calcul)
        lot.avancer(
            demande, "proposer", par=par, le=le, motif=motif.strip(), propose=valeur,
            details={"montant": str(valeur), "lignes": lignes_en_json(calcul)},
        )  # fmt: skip
    return calcul


def retirer_la_proposition(
    demande: Demande,
    *,
    par: Acteur,
    le: datetime,
    version: int | None = None,
    tenues: CasesTenues | None = None,
) -> None:
    """Vide la case : le volet redevient pris en charge, sans montant proposé."""
    with _tenir(demande, version, tenues) as lot:
        if lot.etat_d_entree(demande) == EN_ATTENTE:
            raise ActeBloque(
                "Ce volet était en liste d'attente avant ce montant : le vider effacerait cette décision. "
                "Écrivez un autre montant, ou décidez-le en séance."
            )
        lot.avancer(
            demande, "retirer_la_proposition", par=par, le=le, propose=None,
            details={"avant": str(demande.propose)},
        )  # fmt: skip
