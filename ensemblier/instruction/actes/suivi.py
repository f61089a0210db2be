"""Suivre un dossier : de qui l'avis est demandé et avant quand, qui est relancé."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import transaction

from ensemblier.dossiers.etats import A_COMPLETER, RECEVABLE
from ensemblier.dossiers.models import Dossier
from ensemblier.instruction import courriels
from ensemblier.instruction.droits import PILOTE, est_concerne, exiger_role
from ensemblier.instruction.examen import complement_ouvert, exiger_recevable, pourquoi_pas_d_avis
from ensemblier.instruction.models import DemandeDAvis, Verification
from ensemblier.instruction.questions import posees
from ensemblier.noyau.calendrier import en_francais, jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.actes import ActeBloque, consigner, verrouiller
from ensemblier.territoires.models import Financeur


@transaction.atomic
def demander_avis(
    dossier: Dossier,
    *,
    financeurs: Sequence[Financeur],
    echeance: date,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> list[DemandeDAvis]:
    """Demande leur avis à des financeurs ou des communes, avant un jour ; chacun est prévenu.

    Demandé de nouveau, l'échéance change et les rappels recommencent. Lève `ActeBloque` avec tout ce qui
    s'oppose : financeur non concerné, avis déjà rendu, décision prise, échéance passée.
    """
    exiger_role(roles, PILOTE, "Demander un avis")
    verrouiller(dossier.racine())
    exiger_recevable(dossier, "une demande d'avis")
    if not financeurs:
        raise ActeBloque("Choisissez au moins un financeur ou une commune.")
    if echeance <= jour_de(le):
        raise ActeBloque(f"Le {en_francais(echeance)} n'est pas à venir. Choisissez demain, ou plus tard.")
    if refus := [phrase for f in financeurs if (phrase := _refus(dossier, f, echeance))]:
        raise ActeBloque(*refus)
    demandes = []
    for financeur in financeurs:
        demande, _ = DemandeDAvis.objects.update_or_create(
            dossier=dossier,
            financeur=financeur,
            defaults={"echeance": echeance, "demande_le": le, "demande_par": par.signature, "relance": None},
        )
        courriels.avis_demande(demande, le=le)
        demandes.append(demande)
    noms = ", ".join(f.sigle for f in financeurs)
    consigner(
        dossier, "demander_avis", par=par, le=le, public=False,
        libelle=f"Avis demandé avant le {en_francais(echeance)} : {noms}",
        details={"financeurs": [f.code for f in financeurs], "echeance": echeance.isoformat()},
    )  # fmt: skip
    return demandes


def _refus(dossier: Dossier, financeur: Financeur, echeance: date) -> str:
    if not est_concerne(dossier, financeur):
        return f"« {financeur.sigle} » n'est pas concerné par ce dossier."
    if refus := pourquoi_pas_d_avis(dossier, financeur):
        return refus
    deja = DemandeDAvis.objects.filter(dossier=dossier, financeur=financeur, echeance=echeance)
    return f"L'avis de « {financeur.sigle} » est déjà demandé pour ce jour." if deja.exists() else ""


@transaction.atomic
def relancer(dossier: Dossier, *, par: Acteur, roles: Iterable[Role], le: datetime) -> str:
    """Rappelle à qui doit répondre : le porteur qui complète, ou les financeurs dont l'avis est demandé.

    Une fois par jour au plus. Rend qui est relancé ; lève `ActeBloque` si rien n'est attendu.
    """
    exiger_role(roles, PILOTE, "Relancer")
    verrouiller(dossier.racine())
    dossier.refresh_from_db(fields=("etat",))
    if dossier.etat == A_COMPLETER and (complement := complement_ouvert(dossier)):
        if not courriels.rappel_des_complements(complement, le=le):
            raise ActeBloque("Le porteur a déjà été relancé ce jour. Attendez demain.")
        qui = "le porteur"
    elif dossier.etat == RECEVABLE and (demandes := _sans_reponse(dossier)):
        prevenus = [
            d.financeur.sigle for d in demandes if courriels.avis_demande(d, le=le, rappel=f"{le:%Y%m%d}")
        ]
        if not prevenus:
            raise ActeBloque("Tous ont déjà été relancés ce jour, ou aucun n'a de compte.")
        qui = ", ".join(prevenus)
    else:
        raise ActeBloque(
            f"Rien n'est attendu : le dossier est « {dossier.etat_agent} », sans avis demandé ni réponse due."
        )
    consigner(dossier, "relancer", par=par, le=le, public=False, libelle=f"Relance envoyée : {qui}")
    return qui


def _sans_reponse(dossier: Dossier) -> list[DemandeDAvis]:
    demandes = DemandeDAvis.objects.filter(dossier=dossier).sans_reponse()
    return list(
        demandes.select_related("financeur__commune", "dossier__territoire").order_by("financeur__rang")
    )


@transaction.atomic
def relancer_un_avis(demande: DemandeDAvis, *, jours: int, par: Acteur, le: datetime) -> bool:
    """Le rappel du jour `jours` après l'échéance (avant, si négatif), une fois ; faux s'il ne part pas."""
    dossier = demande.dossier
    verrouiller(dossier.racine())
    tenue = DemandeDAvis.objects.sans_reponse().filter(pk=demande.pk, dossier__etat=RECEVABLE)
    libre = tenue.filter(relance=None) | tenue.filter(relance__lt=jours)
    if not libre.exists() or pourquoi_pas_d_avis(dossier, demande.financeur):
        return False
    DemandeDAvis.objects.filter(pk=demande.pk).update(relance=jours)
    if not courriels.avis_demande(demande, le=le, rappel=f"{demande.echeance:%Y%m%d}:{jours}"):
        return False
    quand = "avant l'échéance" if jours < 0 else "après l'échéance"
    consigner(
        dossier, "relancer", par=par, le=le, public=False,
        libelle=f"Rappel de l'avis attendu, {abs(jours)} j {quand} : {demande.financeur.sigle}",
    )  # fmt: skip
    return True


@transaction.atomic
def verifier(
    dossier: Dossier,
    *,
    code: str,
    reponse: bool,
    motif: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Verification:
    """Répond à une question de fond (B1, R37, R39, R42) ; ne bloque rien, et se motive."""
    exiger_role(roles, PILOTE, "Répondre à une question")
    verrouiller(dossier.racine())
    ecrite = next((e for e in posees(dossier) if e.code == code), None)
    if ecrite is None:
        raise ActeBloque("Cette question ne se pose pas sur ce dossier.")
    if not motif.strip():
        raise ActeBloque("Le motif manque. Écrivez ce qui fonde la réponse.")
    verification, _ = Verification.objects.update_or_create(
        dossier=dossier,
        code=code,
        defaults={
            "reponse": reponse, "motif": motif.strip(), "donnee_le": le, "donnee_par": par.signature,
        },
    )  # fmt: skip
    consigner(
        dossier, "verifier", par=par, le=le, public=False, motif=motif.strip(),
        libelle=f"{ecrite.titre} {'Oui' if reponse else 'Non'}"[:200],
        details={"question": code, "reponse": reponse},
    )  # fmt: skip
    return verification
