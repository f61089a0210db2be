"""Les fiches des dossiers de la démonstration : chacune passe, ou bloque, pour une raison choisie."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ensemblier.demonstration import textes
from ensemblier.noyau.regles import Fiche
from ensemblier.territoires.models import Quartier


@dataclass(frozen=True, slots=True)
class Plan:
    """Le budget d'une action, équilibré : ce qu'elle coûte et ce qu'elle demande à chacun."""

    achats: int
    services: int
    personnel: int
    demandes: tuple[tuple[str, int], ...]
    benevolat: int = 1500

    @property
    def cout(self) -> int:
        return self.achats + self.services + self.personnel

    @property
    def propres(self) -> int:
        return self.cout - sum(montant for _, montant in self.demandes)


def fiche_ami(
    modele: textes.Modele, quartier: Quartier, plan: Plan, *, total: int, qpv: int, a_plusieurs: bool
) -> Fiche:
    """Une fiche de l'AMI : l'agglomération seule finance ; un critère de bonification déclaré, ou deux."""
    donnees = _commune(modele, quartier, plan, total=total, qpv=qpv)
    donnees["bonification"] = {"habitants": {"declare": True}, "operateurs": {"declare": a_plusieurs}}
    return Fiche.lire(donnees)


def fiche_aap(
    modele: textes.Modele, quartier: Quartier, plan: Plan, *, total: int, qpv: int, contact_le: str, rang: int
) -> Fiche:
    """Une fiche de l'AAP : pilier, droit commun, comité de suivi, villes rencontrées avant le dépôt (R40)."""
    donnees = _commune(modele, quartier, plan, total=total, qpv=qpv)
    communes = [c for c in quartier.communes.all() if c.est_membre]
    donnees["action"] |= {
        "droit_commun": textes.DROIT_COMMUN,
        "comite_de_suivi": textes.COMITE,
        "numero_dauphin": f"DA{91000000 + rang:08d}",
        "agent_departement": False,
        "contacts_communes": [{"commune": c.code, "le": contact_le} for c in communes],
    }
    return Fiche.lire(donnees)


def _commune(
    modele: textes.Modele, quartier: Quartier, plan: Plan, *, total: int, qpv: int
) -> dict[str, Any]:
    communes = [c.code for c in quartier.communes.all() if c.est_membre]
    return {
        "action": {
            "intitule": f"{modele.intitule} · {quartier.nom}"[:200],
            "pilier": modele.pilier,
            "thematiques": [modele.thematique],
            "experimentale": False,
            "numerique": modele.thematique == "numerique",
            "coherence_numerique": textes.NUMERIQUE if modele.thematique == "numerique" else None,
            "mobilisation_qpv": textes.MOBILISATION,
            "quartiers": [{"code": quartier.code, "communes": communes}],
        },
        "publics": {"total": total, "qpv": qpv},
        "budget": {
            "charges": {
                "60": _euros(plan.achats),
                "62": _euros(plan.services),
                "64": _euros(plan.personnel),
                "864": _euros(plan.benevolat),
            },
            "produits": {
                "74": {code: _euros(montant) for code, montant in plan.demandes},
                "autofinancement": _euros(plan.propres),
                "87": _euros(plan.benevolat),
            },
        },
        "demande": {code: _euros(montant) for code, montant in plan.demandes},
    }


def _euros(montant: int) -> str:
    return str(Decimal(montant).quantize(Decimal("0.01")))
