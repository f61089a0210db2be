"""Signer une convention : l'exemplaire du porteur, puis celui des deux parties (B25 : PDF déposé)."""

from __future__ import annotations

from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from ensemblier.comptes import mandats
from ensemblier.comptes.models import Mandat, Organisme
from ensemblier.conventions import courriels
from ensemblier.conventions.actes.notification import PDF
from ensemblier.conventions.actes.versement import rendre_exigible
from ensemblier.conventions.gardes import pieces_manquantes
from ensemblier.conventions.models import Avenant, Convention, Tranche
from ensemblier.conventions.plan import CONVENTION
from ensemblier.dossiers.actes import avancer_demande
from ensemblier.dossiers.droits import roles, roles_sur_demande
from ensemblier.dossiers.etats import NOTIFIEE
from ensemblier.noyau import calendrier
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.actes import ActeBloque, avancer, verrouiller
from ensemblier.registre.fichiers import conserver


@transaction.atomic
def signer_porteur(
    convention: Convention, *, exemplaire: bytes | UploadedFile, par: Acteur, le: datetime
) -> None:
    """Le signataire du porteur dépose le PDF signé ; l'autre partie signe ensuite."""
    demande = convention.demande
    qui = roles(par, demande.dossier)
    exiger_l_etat(convention, "signer_porteur", qui=qui)
    exiger_le_pouvoir(demande.dossier.organisme, par=par, le=le)
    nom = f"convention-{demande.dossier.numero}-signee-porteur.pdf"
    fichier = conserver(exemplaire, nom=nom, type_mime=PDF, par=par, le=le)
    avancer(
        convention, "signer_porteur", par=par, roles=qui, le=le, details={"empreinte": fichier.empreinte},
        signee_porteur_le=calendrier.jour_de(le), exemplaire_porteur=fichier,
    )  # fmt: skip


@transaction.atomic
def signer_financeur(
    convention: Convention, *, exemplaire: bytes | UploadedFile, par: Acteur, le: datetime
) -> None:
    """Le financeur contresigne : la première tranche est due (S48). Les pièces P33 sont exigées (S76)."""
    demande = convention.demande
    qui = roles_sur_demande(par, demande)
    exiger_l_etat(convention, "signer_financeur", qui=qui)
    demande.refresh_from_db(fields=("etat",))
    if manquantes := pieces_manquantes(demande.dossier, financeur=demande.financeur.code):
        raise ActeBloque(
            f"Il manque : {', '.join(manquantes)}. La convention attend ces pièces : demandez-les au porteur."
        )
    nom = f"convention-{demande.dossier.numero}-signee.pdf"
    fichier = conserver(exemplaire, nom=nom, type_mime=PDF, par=par, le=le)
    avancer(
        convention, "signer_financeur", par=par, roles=qui, le=le, details={"empreinte": fichier.empreinte},
        signee_financeur_le=calendrier.jour_de(le), exemplaire_signe=fichier,
    )  # fmt: skip
    if demande.etat == NOTIFIEE:
        avancer_demande(demande, "conventionner", par=par, le=le, public=True)
    for tranche in Tranche.objects.filter(demande=demande, condition=CONVENTION, exigible_le=None):
        rendre_exigible(tranche, par=par, le=le)
    courriels.annoncer_la_signature(convention, le=le)


def exiger_l_etat(objet: Convention | Avenant, acte: str, *, qui: set[Role]) -> None:
    """Sous le verrou, avant d'écrire un fichier : un second envoi est refusé sans rien laisser."""
    verrouiller(objet.racine())
    objet.refresh_from_db()
    if isinstance(objet, Avenant) and objet.est_caduc:
        raise ActeBloque(
            f"L'avenant n° {objet.rang} est sans suite : un autre acte a changé le montant. Il ne "
            "se signe plus. Rechargez la page."
        )
    objet.machine.verifier(etat=objet.etat, acte=acte, roles=qui)


def exiger_le_pouvoir(organisme: Organisme, *, par: Acteur, le: datetime) -> None:
    """Signer pour l'organisme demande son mandat des suites ; `ActeBloque` dit qui peut."""
    if empeche := mandats.empechement(organisme, par, le=le, pour=Mandat.Portee.SUITES):
        raise ActeBloque(empeche)
