"""Ce que chaque financeur et chaque commune disent d'un dossier : prise en charge, avis, dépôts, contacts."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from ensemblier.dossiers.actes import avancer_demande
from ensemblier.dossiers.models import ContactCommune, Demande, Dossier
from ensemblier.instruction.droits import (
    est_concerne,
    exiger_sa_commune,
    exiger_sa_ligne,
    exiger_un_avis_attendu,
    referent_par_lien,
)
from ensemblier.instruction.examen import (
    decision_close,
    echeance_de_l_avis,
    exiger_recevable,
    reglement_de,
)
from ensemblier.instruction.liens import RETIRE_DU_DOSSIER, contact_du_lien, pourquoi_ferme
from ensemblier.instruction.models import Avis
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.registre.actes import ActeBloque, consigner, verrouiller
from ensemblier.registre.liens import refermer_liens, utiliser_lien
from ensemblier.registre.models import Lien
from ensemblier.territoires.models import Financeur

DEJA_REPONDU = "Votre commune a déjà répondu depuis son compte."


@transaction.atomic
def prendre_en_charge(demande: Demande, *, par: Acteur, le: datetime) -> None:
    """Le financeur ouvre sa ligne."""
    exiger_recevable(demande.dossier, "la prise en charge")
    avancer_demande(demande, "prendre_en_charge", par=par, le=le)


@transaction.atomic
def recevoir(demande: Demande, *, par: Acteur, le: datetime) -> None:
    """Le financeur juge son volet recevable."""
    exiger_recevable(demande.dossier, "l'examen d'un volet")
    avancer_demande(demande, "recevoir", par=par, le=le)


@transaction.atomic
def ne_pas_recevoir(demande: Demande, *, motif: str, par: Acteur, le: datetime) -> None:
    """Le financeur juge son volet non recevable ; il restera à l'acter."""
    exiger_recevable(demande.dossier, "l'examen d'un volet")
    avancer_demande(demande, "ne_pas_recevoir", par=par, le=le, motif=motif)


@transaction.atomic
def rendre_avis(
    dossier: Dossier, financeur: Financeur, *, sens: str, motif: str = "", par: Acteur, le: datetime
) -> Avis:
    """L'avis d'un financeur sur sa ligne ; rendu de nouveau, il remplace le premier, que le registre garde.

    Réservé ou défavorable : la raison est obligatoire. En retard il est admis et le dit ; après la
    décision il est refusé (É11).
    """
    exiger_sa_ligne(par, financeur, "Rendre l'avis")
    verrouiller(dossier.racine())
    exiger_recevable(dossier, "un avis")
    if not est_concerne(dossier, financeur):
        raise ActeBloque(
            f"« {financeur.nom} » n'est pas sollicité sur ce dossier : son avis n'est pas attendu."
        )
    exiger_un_avis_attendu(par, dossier, financeur, "Rendre l'avis")
    if close := decision_close(dossier, financeur):
        raise ActeBloque(close, "Écrivez au service.")
    if sens not in Avis.Sens.values:
        raise ActeBloque("Choisissez un avis : favorable, réservé ou défavorable.")
    if sens != Avis.Sens.FAVORABLE and not motif.strip():
        raise ActeBloque("Un avis réservé ou défavorable est motivé. Écrivez pourquoi.")
    echeance = echeance_de_l_avis(dossier, financeur)
    retard = max((jour_de(le) - echeance).days, 0) if echeance else 0
    avis, nouveau = Avis.objects.update_or_create(
        dossier=dossier,
        financeur=financeur,
        defaults={
            "sens": sens,
            "motif": motif.strip(),
            "rendu_le": le,
            "rendu_par": par.signature,
            "echeance": echeance,
            "retard": retard,
            "est_partage": reglement_de(dossier).regles_d_avis.partages,
        },
    )
    verbe = "Avis rendu" if nouveau else "Avis modifié"
    consigner(
        dossier, "rendre_avis", par=par, le=le, public=False, motif=motif.strip(),
        libelle=f"{verbe} : {financeur.sigle}, {avis.get_sens_display().lower()}",
        details={"financeur": financeur.code, "sens": sens, "retard": retard},
    )  # fmt: skip
    return avis


@transaction.atomic
def confirmer_contact(
    contact: ContactCommune, *, reponse: bool | None, note: str = "", par: Acteur, le: datetime
) -> None:
    """Le référent dit si le contact a eu lieu : oui, non, ou « je ne sais plus » (`None`) (R40, P20).

    Un lien encore ouvert sur ce contact se referme : la ville a répondu.
    """
    exiger_sa_commune(par, contact.commune.code, "Confirmer le contact")
    dossier = contact.dossier
    verrouiller(dossier.racine())
    contact.confirme, contact.confirme_le, contact.confirme_par = reponse, le, par.signature
    contact.save(update_fields=("confirme", "confirme_le", "confirme_par"))
    refermer_liens(acte=ContactCommune.CONFIRMER, objet=contact.designation(), motif=DEJA_REPONDU, le=le)
    mot = {True: "confirmé", False: "non confirmé", None: "sans souvenir"}[reponse]
    consigner(
        dossier, "confirmer_contact", par=par, le=le, public=False, motif=note.strip(),
        libelle=f"Contact avec {contact.commune.nom} : {mot}",
        details={"commune": contact.commune.code, "reponse": reponse},
    )  # fmt: skip


@transaction.atomic
def confirmer_contact_par_lien(lien: Lien, *, reponse: bool | None, le: datetime) -> None:
    """La même réponse, par le lien envoyé à la fonction ; il ne sert qu'une fois.

    Lève `ActeBloque` avec ce qui l'a fermé : déjà servi, échu, remplacé, contact changé ou retiré.
    """
    contact = contact_du_lien(lien)
    if contact is not None:
        verrouiller(contact.dossier.racine())
        contact = contact_du_lien(lien)
    if contact is None or (ferme := pourquoi_ferme(lien, contact, le=le)):
        raise ActeBloque(RETIRE_DU_DOSSIER if contact is None else ferme)
    utiliser_lien(lien, le=le)
    par = referent_par_lien(lien, contact.commune.code)
    confirmer_contact(contact, reponse=reponse, par=par, le=le)
