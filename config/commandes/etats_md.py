"""Engendre `docs/etats.md` : chaque table d'états, telle que le code l'applique."""

from __future__ import annotations

from ensemblier.appels.etats import APPEL
from ensemblier.bilans.etats import BILAN, REVERSEMENT
from ensemblier.conventions.etats import AVENANT, CONVENTION, VERSEMENT
from ensemblier.dossiers.etats import DEMANDE, DOSSIER
from ensemblier.noyau.machine import Machine
from ensemblier.programmation.etats import ENVELOPPE, SCENARIO, SEANCE

MACHINES = (
    APPEL, DOSSIER, DEMANDE, ENVELOPPE, SCENARIO, SEANCE, CONVENTION, AVENANT, VERSEMENT, BILAN, REVERSEMENT,
)  # fmt: skip

_ENTETE = """# Les états et les actes

Page engendrée par `make docs` depuis les tables `etats.py` ; un essai refuse une page périmée.
Un acte demande un état de départ **et** un rôle ; tout le reste est refusé, dit et tracé.
"""


def page() -> str:
    """Le texte entier de la page."""
    return _ENTETE + "".join(_machine(machine) for machine in MACHINES)


def _machine(machine: Machine) -> str:
    lignes = [
        f"\n## {machine.nom.capitalize()}\n",
        "| état | le porteur lit | l'agent lit |",
        "|---|---|---|",
    ]
    lignes += [f"| `{code}` | {porteur} | {agent} |" for code, (porteur, agent) in machine.etats.items()]
    lignes += ["", "| acte | de | vers | qui | motif | pièce |", "|---|---|---|---|---|---|"]
    for t in machine.transitions:
        de = ", ".join(f"`{etat}`" for etat in t.de)
        qui = ", ".join(sorted(role.libelle for role in t.roles))
        motif = "oui" if t.motif_requis else ""
        lignes.append(f"| {t.libelle} (`{t.acte}`) | {de} | `{t.vers}` | {qui} | {motif} | {t.piece} |")
    return "\n".join(lignes) + "\n"
