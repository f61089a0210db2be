"""Affecter un dossier : à la fonction de ses thèmes d'office, à une personne nommée avec un motif (R70)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from ensemblier.comptes.droits import systeme
from ensemblier.comptes.equipe import pilotes
from ensemblier.comptes.models import Utilisateur
from ensemblier.dossiers import courriels
from ensemblier.dossiers.actes.commun import PILOTE, exiger, tenir
from ensemblier.dossiers.etats import BROUILLON, CLOS, IRRECEVABLE, RETIRE
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.suivi import Entourage, entourage, peut_suivre, routage_de
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, EtatInterdit, Role, TransitionRefusee
from ensemblier.registre.actes import ActeBloque, Suite, consigner


@transaction.atomic
def affecter_selon_les_themes(
    dossier: Dossier, *, le: datetime, themes: Iterable[str] | None = None
) -> Utilisateur | None:
    """La personne qui tient la fonction des thèmes du dossier, si elle peut le juger ; sinon personne (S74).

    Sans elle, le dossier attend toute l'équipe et ses courriels vont à la fonction ou au repli. Ne touche
    pas à une affectation déjà faite. `themes` : ceux du dossier, si l'appelant les a lus.
    """
    if dossier.charge_de_mission_id is not None:
        return None
    autour = entourage(dossier, jour_de(le))
    qui, suite = d_office(dossier, themes=themes, autour=autour)
    if qui is None or suite is None:
        return None
    consigner(
        dossier, suite.acte, par=suite.par, le=le, motif=suite.motif, public=suite.public,
        libelle=suite.libelle, details=suite.details, charge_de_mission=qui,
    )  # fmt: skip
    return qui


def d_office(
    dossier: Dossier, *, autour: Entourage, themes: Iterable[str] | None = None
) -> tuple[Utilisateur | None, Suite | None]:
    """Qui suivrait ce dossier d'office, et le fait à écrire au registre ; rien si personne, ou déjà dit."""
    if dossier.charge_de_mission_id is not None:
        return None, None
    route = routage_de(dossier, themes)
    qui = autour.titulaire(route.poste)
    if qui is None:
        return None, None
    return qui, Suite(
        "affecter", f"Affecté à {qui.nom_complet}"[:200], par=systeme(dossier.territoire.code),
        motif=route.raison, details={"a": qui.pk, "poste": route.poste, "theme": route.theme}, public=False,
    )  # fmt: skip


@transaction.atomic
def affecter(
    dossier: Dossier,
    *,
    a: Utilisateur | None,
    motif: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Dossier:
    """Confie le dossier à une personne de l'équipe, ou le rend à l'équipe (`None`) ; le motif est gardé.

    La nouvelle personne est prévenue par courriel. Lève `ActeBloque` si elle n'instruit pas ici ou ne peut
    pas juger ce dossier (B10), sans dire lequel de ses liens l'en empêche.
    """
    exiger(roles, *PILOTE, quoi="Affecter le dossier")
    if not motif.strip():
        raise TransitionRefusee("« Affecter le dossier » : écrivez le motif, il sera conservé.")
    tenu, jour = tenir(dossier), jour_de(le)
    if tenu.etat in (BROUILLON, IRRECEVABLE, RETIRE, CLOS):
        raise EtatInterdit(f"« Affecter le dossier » : il est « {tenu.etat_agent} », plus rien n'y attend.")
    avant = tenu.charge_de_mission
    if avant == a:
        dit = f"{avant.nom_complet} suit déjà ce dossier" if avant else "Personne ne suit déjà ce dossier"
        raise ActeBloque(f"{dit} : rien n'a changé.")
    if a is not None:
        if a not in pilotes(tenu.territoire, jour):
            raise ActeBloque(f"{a.nom_complet} n'instruit pas ici : choisissez une personne de l'équipe.")
        if not peut_suivre(a, tenu, jour):
            raise ActeBloque(
                f"{a.nom_complet} ne peut pas suivre ce dossier : un lien avec le porteur l'en écarte. "
                "Choisissez une autre personne."
            )
    consigner(
        tenu, "affecter", par=par, le=le, motif=motif.strip(), public=False, charge_de_mission=a,
        libelle=f"Affecté à {a.nom_complet}"[:200] if a else "Rendu à l'équipe",
        details={"de": avant and avant.pk, "a": a and a.pk},
    )  # fmt: skip
    dossier.charge_de_mission = a
    if a is not None and a.pk != par.utilisateur:
        courriels.annoncer_l_affectation(tenu, a, motif=motif.strip(), par=par, le=le)
    return tenu
