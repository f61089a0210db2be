"""Rendre un bilan, le corriger, le valider : la validation calcule le dû de chaque volet (K9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from ensemblier.bilans import calculs, controles, courriels
from ensemblier.bilans.actes.reversement import ouvrir_reversement
from ensemblier.bilans.actes.solde import solder
from ensemblier.bilans.etats import A_CORRIGER, ATTENDU
from ensemblier.bilans.models import Bilan, Decompte, LigneRealisee
from ensemblier.comptes import mandats
from ensemblier.comptes.droits import systeme
from ensemblier.comptes.models import Mandat
from ensemblier.conventions.actes import ajuster_tranches
from ensemblier.conventions.gardes import attente_de_l_avenant, avenants_en_attente
from ensemblier.conventions.plan import en_json
from ensemblier.dossiers.actes import avancer_demande
from ensemblier.dossiers.droits import roles, roles_sur_demande
from ensemblier.dossiers.etats import ACOMPTE_VERSE, CONVENTIONNEE, NOTIFIEE, VERSEE, VOTEE
from ensemblier.dossiers.models import Demande, Dossier, Obligation
from ensemblier.noyau import calendrier
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque, avancer, consigner, ouvrir, verrouiller

A_JUSTIFIER = (NOTIFIEE, CONVENTIONNEE, ACOMPTE_VERSE, VERSEE)
_PORTEUR = {Role.REDACTEUR, Role.SIGNATAIRE}


@transaction.atomic
def ouvrir_bilan(dossier: Dossier, *, par: Acteur, le: datetime) -> Bilan:
    """Le bilan attendu d'un dossier aidé ; rappelé, rend le même. La notification en a fixé l'échéance.

    La tâche `bilans.taches.ouvrir_les_bilans` l'appelle pour tous ; une page l'appelle pour le sien.
    """
    verrouiller(dossier.racine())
    if existant := Bilan.objects.filter(dossier=dossier).first():
        return existant
    obligation = Obligation.objects.filter(dossier=dossier).order_by("pk").first()
    if obligation is None:
        raise ActeBloque("Aucune aide n'est notifiée sur ce dossier : aucun bilan n'est attendu.")
    bilan = Bilan(dossier=dossier, echeance=obligation.echeance)
    ouvrir(
        bilan, par=par, le=le, libelle="Bilan attendu",
        details={"echeance": obligation.echeance.isoformat()},
    )  # fmt: skip
    return bilan


@transaction.atomic
def enregistrer_bilan(
    bilan: Bilan,
    *,
    champs: Mapping[str, Any],
    charges: Mapping[str, Decimal],
    produits: Mapping[str, Decimal],
    par: Acteur,
    le: datetime,
) -> None:
    """Garde le brouillon du porteur ; non chaîné, comme tout brouillon. Refusé une fois envoyé."""
    if not _PORTEUR & roles(par, bilan.dossier):
        raise RoleInsuffisant("Le bilan est rempli par l'organisme qui a mené l'action.")
    verrouiller(bilan.racine())
    bilan.refresh_from_db(fields=("etat",))
    if bilan.etat not in (ATTENDU, A_CORRIGER):
        raise ActeBloque("Ce bilan est envoyé : il ne se modifie plus. Écrivez au service pour le reprendre.")
    for nom, valeur in champs.items():
        setattr(bilan, nom, valeur)
    bilan.modifie_le = le
    bilan.save(update_fields=(*champs, "modifie_le"))
    bilan.lignes.all().delete()
    LigneRealisee.objects.bulk_create(
        LigneRealisee(bilan=bilan, sens=sens, compte=compte, montant=montant)
        for sens, lignes in ((calculs.CHARGE, charges), (calculs.PRODUIT, produits))
        for compte, montant in lignes.items()
    )


@transaction.atomic
def deposer_bilan(bilan: Bilan, *, par: Acteur, le: datetime) -> None:
    """Envoie le bilan (§C.8, S75) ; le compte rendu est rendu, l'obligation satisfaite (S60)."""
    dossier = bilan.dossier
    qui = roles(par, dossier)
    verrouiller(bilan.racine())
    bilan.refresh_from_db()
    bilan.machine.verifier(etat=bilan.etat, acte="deposer_bilan", roles=qui)
    if empeche := mandats.empechement(dossier.organisme, par, le=le, pour=Mandat.Portee.SUITES):
        raise ActeBloque(empeche)
    prevues, realisees = calculs.charges_prevues(dossier), calculs.charges_realisees(bilan)
    if trouves := controles.defauts(bilan, prevues=prevues, realisees=realisees):
        raise ActeBloque(*(phrase for _, phrase in trouves))
    avancer(bilan, "deposer_bilan", par=par, roles=qui, le=le, depose_le=le, correction_demandee="")
    _satisfaire(dossier, le)


def _satisfaire(dossier: Dossier, le: datetime) -> None:
    jour = calendrier.jour_de(le)
    Obligation.objects.filter(dossier=dossier, satisfaite_le=None).update(satisfaite_le=jour)


@transaction.atomic
def faire_corriger(bilan: Bilan, *, motif: str, par: Acteur, le: datetime) -> None:
    """Renvoie le bilan au porteur avec la demande, écrite ; l'obligation court de nouveau."""
    avancer(
        bilan, "faire_corriger", par=par, roles=roles(par, bilan.dossier), le=le, motif=motif,
        correction_demandee=motif,
    )  # fmt: skip
    Obligation.objects.filter(dossier=bilan.dossier, dispensee_le=None).update(satisfaite_le=None)
    courriels.demander_la_correction(bilan, motif=motif, le=le)


@transaction.atomic
def valider(bilan: Bilan, *, par: Acteur, le: datetime) -> list[Decompte]:
    """Accepte le bilan, calcule le dû de chaque volet, et en tire les suites (S53 à S57).

    Une alerte (S57) est consignée, jamais retenue d'office. Lève `ActeBloque` si un volet voté n'est pas
    notifié : son bilan ne serait jamais compté.
    """
    dossier = bilan.dossier
    qui = roles(par, dossier)
    verrouiller(bilan.racine())
    bilan.refresh_from_db()
    bilan.machine.verifier(etat=bilan.etat, acte="valider", roles=qui)
    volets = list(Demande.objects.filter(dossier=dossier).select_related("financeur", "dossier__organisme"))
    if en_attente := [v.financeur.nom for v in volets if v.etat == VOTEE]:
        raise ActeBloque(
            f"L'aide votée par {', '.join(en_attente)} n'est pas notifiée. Notifiez-la avant de valider."
        )
    if changes := [attente_de_l_avenant(a) for a in avenants_en_attente(volets)]:
        raise ActeBloque(*(f"{phrase} Le dû se calcule sur l'aide en vigueur." for phrase in changes))
    prevues, realisees = calculs.charges_prevues(dossier), calculs.charges_realisees(bilan)
    if trouves := controles.defauts(bilan, prevues=prevues, realisees=realisees):
        raise ActeBloque(*(phrase for _, phrase in trouves))
    avancer(
        bilan, "valider", par=par, roles=qui, le=le, valide_le=le,
        details={"alertes": controles.alertes(bilan)},
    )  # fmt: skip
    _satisfaire(dossier, le)
    decomptes = [
        _decompter(v, prevues=prevues, realisees=realisees, par=par, le=le)
        for v in volets
        if v.etat in A_JUSTIFIER
    ]
    courriels.annoncer_la_validation(bilan, le=le)
    return decomptes


def _decompter(
    demande: Demande,
    *,
    prevues: Mapping[str, Decimal],
    realisees: Mapping[str, Decimal],
    par: Acteur,
    le: datetime,
) -> Decompte:
    solde = calculs.decompte(demande, prevues=prevues, realisees=realisees)
    avancer_demande(
        demande, "justifier", par=par, le=le, public=True,
        details={"du": str(solde.du), "lignes": en_json(solde.lignes)},
    )  # fmt: skip
    decompte = Decompte.objects.create(
        demande=demande,
        cout_reel=calculs.montants.assiette(charges=realisees),
        du=solde.du,
        reste=solde.reste,
        trop_percu=solde.trop_percu,
        lignes=en_json(solde.lignes),
        etabli_le=le,
    )
    ajuster_tranches(demande, reste=solde.reste, par=par, le=le)
    if solde.trop_percu and Role.AGENT_FINANCEUR in roles_sur_demande(par, demande):
        ouvrir_reversement(demande, motif=_motif(decompte), par=par, le=le)
    elif solde.trop_percu:
        consigner(demande, "signaler_trop_percu", par=par, le=le, libelle="Trop-perçu signalé", public=False)
    elif not solde.reste:
        solder(demande, par=systeme(par.territoire), le=le)
    return decompte


def _motif(decompte: Decompte) -> str:
    calcul = " ".join(f"{ligne['libelle']}\u00a0: {ligne['calcul']}." for ligne in decompte.lignes)
    return f"Le coût réel de l'action est inférieur au coût prévu. {calcul}"
