"""Des dossiers déjà votés, pour les essais des suites : repris tels quels, sans passer par l'instruction."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

import pikepdf

from ensemblier.comptes import coffre
from ensemblier.comptes.models import EngagementRepublicain, Organisme, Rib
from ensemblier.conventions import actes as suites
from ensemblier.conventions.models import Convention, Tranche, Versement
from ensemblier.dossiers.models import Demande, Dossier, LigneDeBudget, Piece
from ensemblier.programmation.models import Attribution, Deliberation
from ensemblier.registre.actes import ouvrir, reprendre
from ensemblier.registre.fichiers import conserver
from tests import fabriques

VOTE_LE = date(2025, 9, 24)
NOTIFIE_LE = fabriques.instant("2025-10-01 09:00")
AVANT = fabriques.instant("2025-05-20 10:00")
CHARGES = {"60": Decimal("12000.00"), "64": Decimal("12000.00")}


def pdf() -> bytes:
    """Un vrai PDF d'une page."""
    sortie = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(sortie)
    return sortie.getvalue()


def organisme(nom: str, siren: str) -> Organisme:
    """Une association de plus, sans RIB ni engagement."""
    connu = Organisme.objects.filter(siren=siren).first()
    if connu:
        return connu
    nouveau = Organisme(nom=nom, type="association", siren=siren, commune="Lens")
    ouvrir(nouveau, par=fabriques.systeme("lens-lievin"), le=AVANT, libelle="Organisme créé")
    return nouveau


def rib(porteur: Organisme, *, le: datetime = AVANT, verifie: bool = True) -> Rib:
    return Rib.objects.create(
        organisme=porteur,
        titulaire=porteur.nom,
        iban_chiffre=coffre.fermer(fabriques.IBAN),
        iban_fin=fabriques.IBAN[-3:],
        ajoute_le=le,
        ajoute_par="Amina Haddad",
        verifie_le=le + timedelta(hours=1) if verifie else None,
        verifie_par="Fatou Diallo" if verifie else "",
    )


def cer(porteur: Organisme) -> EngagementRepublicain:
    return EngagementRepublicain.objects.create(
        organisme=porteur, version="2022-01-02", souscrit_le=AVANT.date(), signataire="Amina Haddad"
    )


def piece(dossier: Dossier, code: str) -> Piece:
    fichier = conserver(
        pdf(), nom=f"{code}.pdf", type_mime="application/pdf", par=fabriques.systeme("lens-lievin"), le=AVANT
    )
    return Piece.objects.create(dossier=dossier, code=code, fichier=fichier, statut="valide", recue_le=AVANT)


def en_regle(porteur: Organisme) -> None:
    if not porteur.ribs.exists():
        rib(porteur)
    if not porteur.engagements.exists():
        cer(porteur)


def dossier(
    numero: str = "25-0041",
    *,
    appel: str = "ami-2025",
    porteur: Organisme | None = None,
    charges: Mapping[str, Decimal] = CHARGES,
    sans_pieces: tuple[str, ...] = (),
    regle: bool = True,
    **champs: object,
) -> Dossier:
    """Un dossier décidé, ses charges, ses pièces (sauf `sans_pieces`), son RIB et son CER (si `regle`)."""
    lieu, campagne = fabriques.territoire(), fabriques.appel(appel)
    porteur = porteur or fabriques.organisme()
    nouveau = Dossier(
        numero=numero,
        territoire=lieu,
        appel=campagne,
        organisme=porteur,
        reglement=campagne.reglement,
        cree_par=fabriques.personne("amina"),
        cree_le=AVANT,
        modifie_le=AVANT,
        depose_le=AVANT,
        decide_le=fabriques.instant("2025-09-24 18:00"),
        cout_total=sum((m for c, m in charges.items() if c != "86"), Decimal(0)),
        **{
            "intitule": "Cuisine partagée",
            "publics_total": 100,
            "publics_qpv": 60,
            "du": date(2025, 9, 1),
            "au": date(2025, 12, 31),
            **champs,
        },
    )
    systeme = fabriques.systeme(lieu.code)
    reprendre(nouveau, etat="decide", par=systeme, le=AVANT, libelle="Dossier repris")
    LigneDeBudget.objects.bulk_create(
        LigneDeBudget(dossier=nouveau, sens="charge", compte=c, montant=m) for c, m in charges.items()
    )
    for attendue in campagne.reglement.regles().pieces_pour(porteur.type):
        if not attendue.declaration and attendue.code not in sans_pieces:
            piece(nouveau, attendue.code)
    if regle:
        en_regle(porteur)
    return nouveau


def volet(
    du_dossier: Dossier, montant: str, *, financeur: str = "CALL", etat: str = "votee", motif: str = ""
) -> Demande:
    """Un volet voté (ou refusé) par une délibération de son financeur."""
    qui = du_dossier.territoire.financeurs.get(code=financeur)
    dispositif = (
        du_dossier.appel.dispositifs.filter(financeur=qui).first() or du_dossier.appel.dispositifs.first()
    )
    somme = Decimal(montant)
    demande = Demande(
        dossier=du_dossier,
        financeur=qui,
        dispositif=dispositif,
        demande=somme,
        vote=somme,
        votee_le=VOTE_LE,
        motif=motif,
    )
    par = fabriques.systeme(du_dossier.territoire.code)
    reprendre(demande, etat=etat, par=par, le=AVANT, libelle="Volet repris")
    deliberation, _ = Deliberation.objects.get_or_create(
        financeur=qui,
        numero="2025-118",
        defaults={
            "territoire": du_dossier.territoire,
            "appel": du_dossier.appel,
            "le": VOTE_LE,
            "enregistree_le": AVANT,
            "enregistree_par": "Irène Vasseur",
        },
    )
    Attribution.objects.create(demande=demande, deliberation=deliberation, montant=somme, motif=motif)
    return demande


def acteur(nom: str):
    return fabriques.acteur(nom, le=date(2025, 10, 1))


def notifier(demande: Demande, *, le: datetime = NOTIFIE_LE, qui: str = "benoit") -> Demande:
    suites.notifier(demande, par=acteur(qui), le=le)
    demande.refresh_from_db()
    return demande


def signer(demande: Demande, *, le: datetime = NOTIFIE_LE) -> Convention:
    """Les deux signatures ; la première tranche devient exigible."""
    convention = Convention.objects.select_related("demande__dossier", "demande__financeur").get(
        demande=demande
    )
    suites.signer_porteur(convention, exemplaire=pdf(), par=acteur("amina"), le=le)
    suites.signer_financeur(convention, exemplaire=pdf(), par=acteur("benoit"), le=le)
    demande.refresh_from_db()
    return convention


def tranche(demande: Demande, rang: int = 1) -> Tranche:
    return Tranche.objects.select_related(
        "demande__financeur", "demande__dossier__organisme", "demande__dossier__territoire"
    ).get(demande=demande, rang=rang)


def verser(la_tranche: Tranche, *, le: datetime = NOTIFIE_LE, reference: str = "M-1") -> Versement:
    """Préparé par Fatou, certifié et payé par Gérard ; solde le volet si c'était le dernier."""
    from ensemblier.bilans.actes import payer_versement

    versement = suites.preparer_versement(la_tranche, par=acteur("fatou_finances"), le=le)
    suites.certifier_versement(versement, par=acteur("gerard_certifie"), le=le)
    payer_versement(versement, paye_le=le.date(), reference=reference, par=acteur("gerard_certifie"), le=le)
    return versement
