"""Le dossier de séance : ce que chacun lit avant de décider, en un PDF, et ce que la salle voit à l'écran.

Un dossier dont la personne est hors n'y est qu'une place : ni fiche, ni ligne, ni part dans un total (B10).
Ni note, ni coordonnées, ni relevé d'identité bancaire. Autant de requêtes pour 2 dossiers que pour 200.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from ensemblier.dossiers.models import Demande, Dossier, LigneDeBudget
from ensemblier.instruction.models import Avis
from ensemblier.interface.constats import famille
from ensemblier.interface.pdf import ecrire_pdf
from ensemblier.noyau import cerfa
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation.attente import restes_par_financeur
from ensemblier.programmation.calculs import ZERO, financement_du_volet
from ensemblier.programmation.deports import ecartes
from ensemblier.programmation.documents import lieux_de
from ensemblier.programmation.models import Amendement, Inscription, Seance
from ensemblier.territoires.models import Financeur

TEXTES = (
    ("resume", "En bref"), ("description", "L'action"), ("objectifs", "Objectifs"),
    ("publics_description", "Le public"), ("mobilisation_qpv", "Mobilisation des habitants"),
    ("partenaires", "Partenaires"), ("moyens", "Moyens"), ("evaluation", "Évaluation"),
    ("comite_de_suivi", "Comité de suivi"), ("droit_commun", "Droit commun"),
)  # fmt: skip
A_REGARDER = ("bloque", "attention", "verifier", "a-renseigner")


@dataclass(slots=True)
class Fiche:
    """Un dossier de l'ordre du jour, tel que la personne le lit ; `dossier` est vide si elle en est hors."""

    rang: int
    dossier: Dossier | None = None
    inscription: Inscription | None = None
    lieux: str = ""
    volets: list[Demande] = field(default_factory=list)
    charges: list[tuple[str, Decimal]] = field(default_factory=list)
    produits: list[tuple[str, Decimal]] = field(default_factory=list)
    constats: list[Mapping[str, Any]] = field(default_factory=list)
    decompte: dict[str, int] = field(default_factory=dict)
    avis: list[Avis] = field(default_factory=list)
    amendements: list[Amendement] = field(default_factory=list)
    initiales: tuple[str, ...] = ()
    """Les personnes hors du dossier, par leurs initiales : l'écran les montre à la salle."""

    @property
    def propose(self) -> Decimal:
        return sum((financement_du_volet(v) for v in self.volets), ZERO)

    @property
    def budget(self) -> list[tuple[tuple[str, Decimal | None], tuple[str, Decimal | None]]]:
        """Dépenses et ressources face à face, ligne à ligne ; la plus courte colonne se complète de vide."""
        return list(zip_longest(self.charges, self.produits, fillvalue=("", None)))

    @property
    def textes(self) -> list[tuple[str, str]]:
        lus = ((titre, getattr(self.dossier, nom, "")) for nom, titre in TEXTES)
        return [(titre, texte) for titre, texte in lus if texte]

    def propose_par(self, code: str) -> Decimal | None:
        siens = [v for v in self.volets if v.financeur.code == code]
        return sum((financement_du_volet(v) for v in siens), ZERO) if siens else None


def cahier(seance: Seance, acteur: Acteur, lisibles: Collection[int], *, exemplaire: str) -> bytes:
    """Le PDF : sommaire avec ses pages, tableau récapitulatif, une fiche par dossier lisible."""
    contexte = contexte_du_cahier(seance, acteur, lisibles)
    return ecrire_pdf(
        "programmation/pdf/cahier.html",
        {**contexte, "exemplaire": exemplaire},
        identifiant=f"cahier-{seance.pk}-{seance.version}-{exemplaire}-{sorted(lisibles)}",
        titre=f"Dossier de séance, {seance.titre}",
    )


def contexte_du_cahier(seance: Seance, acteur: Acteur, lisibles: Collection[int]) -> dict[str, Any]:
    ordre = fiches(seance, acteur, lisibles)
    lues = [f for f in ordre if f.dossier]
    financeurs = {v.financeur.code: v.financeur for f in lues for v in f.volets}
    colonnes = sorted(financeurs.values(), key=lambda x: (x.rang, x.code))
    return {
        "seance": seance,
        "territoire": seance.territoire,
        "emetteur": seance.territoire.nom,
        "reference_document": f"{seance.get_type_display()}, {seance.appel.titre_court}",
        "date_document": seance.le,
        "membres": list(seance.participants.select_related("utilisateur").order_by("pk")),
        "fiches": ordre,
        "colonnes": colonnes,
        "recapitulatif": [(f, [f.propose_par(c.code) for c in colonnes] if f.dossier else []) for f in ordre],
        "totaux": [sum((f.propose_par(c.code) or ZERO for f in lues), ZERO) for c in colonnes],
        "total_cout": sum((f.dossier.cout_total for f in lues), ZERO),
        "total_demande": sum((f.dossier.demande_totale for f in lues), ZERO),
        "total_propose": sum((f.propose for f in lues), ZERO),
    }


def fiches(seance: Seance, acteur: Acteur, lisibles: Collection[int]) -> list[Fiche]:
    """Une fiche par dossier, dans l'ordre du jour ; une douzaine de requêtes en tout."""
    inscriptions = list(
        seance.inscriptions.select_related("dossier__organisme", "dossier__pilier").prefetch_related(
            "dossier__thematiques", "amendements"
        )
    )
    lues = [i for i in inscriptions if i.dossier_id in lisibles]
    dossiers = [i.dossier_id for i in lues]
    lieux, hors = lieux_de(dossiers), ecartes(seance, lues)
    volets = _grouper(
        Demande.objects.filter(dossier__in=dossiers)
        .select_related("financeur", "dispositif")
        .order_by("financeur__rang", "pk")
    )
    budgets = _grouper(
        LigneDeBudget.objects.filter(dossier__in=dossiers)
        .select_related("financeur")
        .order_by("compte", "pk")
    )
    avis = _grouper(
        Avis.objects.visibles_par(acteur).filter(dossier__in=dossiers).select_related("financeur")
        .order_by("financeur__rang")
    )  # fmt: skip
    rendues = {
        i.pk: _fiche(
            i, lieux.get(i.dossier_id, ""), volets.get(i.dossier_id, []), budgets.get(i.dossier_id, []),
            avis.get(i.dossier_id, []), tuple(map(_initiales, hors.get(i.dossier_id, {}).values())),
        )
        for i in lues
    }  # fmt: skip
    return [rendues.get(i.pk) or Fiche(i.rang) for i in inscriptions]


def _grouper(lignes: Iterable[Any]) -> dict[int, list[Any]]:
    groupes: dict[int, list[Any]] = {}
    for ligne in lignes:
        groupes.setdefault(ligne.dossier_id, []).append(ligne)
    return groupes


def _fiche(
    inscription: Inscription,
    lieux: str,
    volets: list[Demande],
    budget: list[LigneDeBudget],
    avis: list[Avis],
    initiales: tuple[str, ...],
) -> Fiche:
    dossier = inscription.dossier
    constats = (dossier.rapport_fige or {}).get("constats", [])
    decompte: dict[str, int] = {}
    for c in constats:
        code = famille(c).cle
        decompte[code] = decompte.get(code, 0) + 1
    return Fiche(
        rang=inscription.rang, dossier=dossier, inscription=inscription, lieux=lieux, volets=volets,
        charges=[_ligne(x) for x in budget if x.sens == LigneDeBudget.Sens.CHARGE and x.montant],
        produits=[_ligne(x) for x in budget if x.sens == LigneDeBudget.Sens.PRODUIT and x.montant],
        constats=[c for c in constats if famille(c).cle in A_REGARDER], decompte=decompte, avis=avis,
        amendements=list(inscription.amendements.all()), initiales=initiales,
    )  # fmt: skip


def _ligne(ligne: LigneDeBudget) -> tuple[str, Decimal]:
    if ligne.financeur:
        return f"{ligne.financeur.nom} (subvention)", ligne.montant
    return cerfa.libelle(ligne.compte), ligne.montant


def _initiales(nomme: str) -> str:
    """« Henri Obled (trésorier) » : « H. O. » ; le motif reste au procès-verbal."""
    return " ".join(f"{mot[0].upper()}." for mot in nomme.split(" (", 1)[0].split() if mot)


def restes(seance: Seance) -> list[tuple[str, Decimal]]:
    """Ce que chaque enveloppe de l'appel peut encore, voté et retenu en séance ôtés ; trois requêtes."""
    par_financeur = restes_par_financeur(seance.appel)
    financeurs = Financeur.objects.filter(pk__in=par_financeur).order_by("rang", "code")
    return [(x.sigle, par_financeur[x.pk]) for x in financeurs]
