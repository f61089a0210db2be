"""Les exceptions que seul le responsable du territoire accorde, chacune motivée et tracée (P16, S21, S60)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from ensemblier.appels.models import Appel
from ensemblier.comptes.models import Organisme
from ensemblier.dossiers import courriels
from ensemblier.dossiers.actes.commun import exiger
from ensemblier.dossiers.models import Derogation, Dossier, Obligation
from ensemblier.noyau.calendrier import en_francais, jour_de
from ensemblier.noyau.machine import Acteur, Role, TransitionRefusee
from ensemblier.registre.actes import ActeBloque, consigner

GENRES = ("date_limite", "obligation")
"""Les genres de règles qu'une dérogation sait lever : une date reculée, un compte rendu attendu."""


@transaction.atomic
def accorder_derogation(
    *,
    appel: Appel,
    organisme: Organisme,
    regle: str,
    motif: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    jusqu_au: date | None = None,
    dossier: Dossier | None = None,
) -> Derogation:
    """Lève une règle dérogeable pour un organisme ; une date reculée lui est écrite, avec le motif (P16)."""
    exiger(roles, Role.RESPONSABLE, quoi="Accorder une dérogation")
    if not motif.strip():
        raise TransitionRefusee("« Accorder une dérogation » : écrivez le motif, il sera conservé.")
    ecrite = appel.regles().regle(regle)
    if ecrite is None or not ecrite.derogeable or ecrite.genre not in GENRES:
        raise ActeBloque(f"La règle « {regle} » n'admet pas de dérogation dans « {appel.titre_court} ».")
    if ecrite.genre == "date_limite" and (jusqu_au is None or jusqu_au < jour_de(le)):
        raise ActeBloque("Dites jusqu'à quel jour le dépôt est admis, à partir d'aujourd'hui.")
    derogation, _ = Derogation.objects.update_or_create(
        organisme=organisme, appel=appel, regle=regle,
        defaults={
            "jusqu_au": jusqu_au, "motif": motif, "accordee_le": le,
            "accordee_par": par.signature,
        },
    )  # fmt: skip
    details = {"organisme": organisme.pk, "nom": organisme.nom, "regle": regle, "jusqu_au": jusqu_au}
    libelle = f"Dérogation accordée : {ecrite.titre}"
    if jusqu_au:
        libelle += f", jusqu'au {en_francais(jusqu_au, 'courte')}"
    consigner(
        appel,
        "accorder_derogation",
        par=par,
        le=le,
        libelle=libelle[:200],
        motif=motif,
        details=details,
        public=False,
    )
    if dossier is not None:
        consigner(
            dossier,
            "accorder_derogation",
            par=par,
            le=le,
            libelle=libelle[:200],
            motif=motif,
            details=details,
        )
    if jusqu_au:
        courriels.annoncer_la_derogation(derogation, territoire=appel.territoire, le=le)
    return derogation


@transaction.atomic
def dispenser_obligation(
    obligation: Obligation,
    *,
    motif: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    dossier: Dossier | None = None,
) -> None:
    """S60 : dispense d'un compte rendu ; tracée sur le dossier qui le doit, ou sur celui qu'il bloque."""
    exiger(roles, Role.RESPONSABLE, quoi="Dispenser d'un compte rendu")
    if not motif.strip():
        raise TransitionRefusee("« Dispenser d'un compte rendu » : écrivez le motif, il sera conservé.")
    trace = obligation.dossier or dossier
    if trace is None:
        raise ActeBloque("Aucun dossier ne porte cette obligation. Dites quel dossier elle bloque.")
    if obligation.satisfaite_le:
        raise ActeBloque("Ce compte rendu est déjà rendu : aucune dispense n'est utile.")
    obligation.dispensee_le = jour_de(le)
    obligation.dispense_motif = motif
    obligation.save(update_fields=("dispensee_le", "dispense_motif"))
    consigner(
        trace, "dispenser_obligation", par=par, le=le, motif=motif,
        libelle=f"Dispensé : {obligation.libelle}"[:200],
        details={"obligation": obligation.pk, "exercice": obligation.exercice},
    )  # fmt: skip
