"""Confier une fonction du pack à une personne : ses thèmes mènent désormais leurs dossiers à elle (R70)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from ensemblier.comptes.equipe import habilitations
from ensemblier.comptes.models import Utilisateur
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque, consigner, verrouiller
from ensemblier.territoires.models import Territoire


@transaction.atomic
def confier_un_poste(
    territoire: Territoire,
    *,
    poste: str,
    a: Utilisateur | None,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> None:
    """La personne tient la fonction, seule, à partir de maintenant ; `None` : plus personne ne la tient.

    Les dossiers déjà affectés restent à qui les suit. Lève `ActeBloque` si le pack n'a pas cette fonction,
    ou si la personne n'instruit pas.
    """
    if not {Role.RESPONSABLE, Role.SYSTEME} & set(roles):
        raise RoleInsuffisant(f"« Confier une fonction » : cet acte revient à : {Role.RESPONSABLE.libelle}.")
    fonction = territoire.pack().poste(poste)
    if fonction is None:
        raise ActeBloque(f"Le territoire n'a pas de fonction « {poste} ». Rechargez la page et choisissez.")
    verrouiller(f"comptes.Equipe:{territoire.pk}")
    lues = list(habilitations(territoire, jour_de(le)))
    choisie = next((h for h in lues if a is not None and h.utilisateur_id == a.pk), None)
    if a is not None and choisie is None:
        raise ActeBloque(f"{a.nom_complet} n'instruit pas ici. Choisissez une personne de l'équipe.")
    for tenue in (h for h in lues if poste in h.postes and h != choisie):
        consigner(
            tenue, "retirer_un_poste", par=par, le=le, libelle=f"Fonction retirée : {poste}"[:200],
            public=False, details={"poste": poste}, postes=[p for p in tenue.postes if p != poste],
        )  # fmt: skip
    if choisie is not None and poste not in choisie.postes:
        consigner(
            choisie, "confier_un_poste", par=par, le=le, libelle=f"Fonction confiée : {poste}"[:200],
            public=False, details={"poste": poste, "fonction": fonction.fonction},
            postes=[*choisie.postes, poste],
        )  # fmt: skip
