"""Une décision prise ailleurs, relue d'une extraction : reprise comme telle, avec son acte et ses gardes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from ensemblier.dossiers.actes.volets import marquer_le_changement, rafraichir_etape
from ensemblier.dossiers.etats import REFUSEE, VOTEE
from ensemblier.dossiers.models import Demande
from ensemblier.instruction.examen import exiger_recevable
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.noyau.montants import Attribuable, Ligne, euros
from ensemblier.programmation.actes.accords import exiger_l_accord
from ensemblier.programmation.actes.deliberations import (
    clore_l_instruction,
)
from ensemblier.programmation.actes.parts import engager
from ensemblier.programmation.actes.propositions import lignes_en_json
from ensemblier.programmation.calculs import ZERO, Restes
from ensemblier.programmation.models import Attribution, Deliberation, Enveloppe
from ensemblier.registre.actes import ActeBloque, reprendre, verrouiller_dans_l_ordre


@dataclass(frozen=True, slots=True)
class DecisionReprise:
    """Ce que l'extraction dit : un montant accordé, ou un refus (`montant` nul) avec son motif."""

    montant: Decimal | None
    votee_le: date | None
    numero: str
    motif: str = ""


@transaction.atomic
def reprendre_une_decision(
    demande: Demande, *, decision: DecisionReprise, source: str, par: Acteur, le: datetime
) -> None:
    """R60 : le vote d'un financeur, lu dans `source`, avec sa référence et sa date ; dit « repris ».

    Les gardes d'une délibération valent : dossier recevable, date, S70, demande, coût, enveloppe. L'avis
    du financeur n'est pas attendu : sa décision le dit. Lève `ActeBloque`.
    """
    dossier = demande.dossier
    enveloppe = Enveloppe.objects.filter(appel=dossier.appel_id, financeur=demande.financeur_id).first()
    verrouiller_dans_l_ordre([dossier.racine()] + ([enveloppe.racine()] if enveloppe else []))
    if enveloppe:
        enveloppe = Enveloppe.objects.select_for_update().get(pk=enveloppe.pk)
    exiger_recevable(dossier, f"la décision sur {dossier.numero}")
    acte = _acte(demande, decision, par=par, le=le)
    if Attribution.objects.filter(demande=demande, remplacee_le=None).exists():
        raise ActeBloque(f"{dossier.numero} : une décision est déjà enregistrée sur ce volet.")
    details = {"deliberation": acte.numero, "le": acte.le.isoformat(), "source": source}
    libelle = f"Acte {acte.numero} du {acte.le:%d/%m/%Y}"
    if decision.montant is None:
        _attribuer(demande, ZERO, [_refus(libelle)], acte=acte, motif=decision.motif)
        demande.vote, demande.votee_le, etat = ZERO, acte.le, REFUSEE
    else:
        montant = euros(decision.montant)
        reste = Restes(enveloppe).de(demande) if enveloppe else None
        calcul = exiger_l_accord(demande, montant, reste=reste, le=le, avis=False)
        complet = Attribuable(montant, calcul.limite, (*calcul.lignes, Ligne("Accordé", libelle, montant)))
        _attribuer(demande, montant, lignes_en_json(complet), acte=acte, motif=decision.motif)
        demande.vote, demande.votee_le, etat = montant, acte.le, VOTEE
        details["montant"] = str(montant)
        if enveloppe:
            libelle = f"Engagé par l'acte {acte.numero}"
            engager(enveloppe, [(demande, montant)], libelle=libelle, par=par, le=le)
    demande.reference_decision = acte.numero[:60]
    evenement = reprendre(
        demande, etat=etat, par=par, le=le, libelle=f"Décision reprise : {source}"[:200], details=details
    )
    marquer_le_changement(demande, evenement)
    rafraichir_etape(dossier)
    clore_l_instruction(dossier, le=le)


def _acte(demande: Demande, decision: DecisionReprise, *, par: Acteur, le: datetime) -> Deliberation:
    """L'acte que l'extraction nomme ; plusieurs lignes peuvent être du même, au même jour."""
    dossier, numero, jour = demande.dossier, decision.numero.strip(), decision.votee_le
    if not numero:
        raise ActeBloque(f"{dossier.numero} : la référence de la décision manque : sans acte, rien.")
    if jour is None:
        raise ActeBloque(f"{dossier.numero} : la date de la décision {numero} manque.")
    if jour > jour_de(le):
        raise ActeBloque(f"{dossier.numero} : le {jour:%d/%m/%Y}, date de l'acte, n'est pas encore passé.")
    if dossier.depose_le and jour < jour_de(dossier.depose_le):
        raise ActeBloque(f"{dossier.numero} : le {jour:%d/%m/%Y}, ce dossier n'était pas encore déposé.")
    if decision.montant is None and not decision.motif:
        raise ActeBloque(f"{dossier.numero} : le motif du refus manque, il est écrit dans la lettre.")
    acte, _ = Deliberation.objects.get_or_create(
        financeur=demande.financeur,
        numero=numero,
        defaults={
            "territoire": dossier.territoire, "appel": dossier.appel, "le": jour, "enregistree_le": le,
            "enregistree_par": par.signature,
        },
    )  # fmt: skip
    if (acte.le, acte.appel_id) != (jour, dossier.appel_id):
        raise ActeBloque(
            f"{dossier.numero} : l'acte {numero} est déjà enregistré au {acte.le:%d/%m/%Y} pour "
            f"« {acte.appel} », l'extraction dit le {jour:%d/%m/%Y}."
        )
    return acte


def _refus(acte: str) -> dict[str, str]:
    return {"libelle": acte, "calcul": "refus", "montant": "0.00"}


def _attribuer(
    demande: Demande, montant: Decimal, lignes: list[dict[str, str]], *, acte: Deliberation, motif: str
) -> None:
    Attribution.objects.create(
        demande=demande, deliberation=acte, montant=montant, motif=motif, lignes=lignes
    )
