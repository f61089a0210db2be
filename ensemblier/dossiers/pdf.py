"""Les documents d'un dossier : l'accusé de réception, et la lettre au Président (R62)."""

from __future__ import annotations

from ensemblier.dossiers.accuse import pour_lecture
from ensemblier.dossiers.models import Dossier
from ensemblier.interface.pdf import ecrire_pdf
from ensemblier.noyau.calendrier import a_paris


def accuse(dossier: Dossier) -> bytes:
    """L'accusé figé au dépôt : mêmes octets à chaque écriture."""
    contenu = pour_lecture(dossier)
    return ecrire_pdf(
        "dossiers/pdf/accuse.html",
        {
            "accuse": contenu,
            "emetteur": contenu["service"]["epci"],
            "reference_document": f"{contenu['numero']} · {contenu['empreinte'][:16]}",
            "date_document": a_paris(dossier.depose_le).date() if dossier.depose_le else None,
        },
        identifiant=f"accuse:{contenu['empreinte']}",
        titre=f"Accusé de réception {contenu['numero']}",
    )


def lettre(dossier: Dossier) -> bytes:
    """La lettre de demande : intitulé, description, montant (R62) ; sans adresse si le pack n'en a pas."""
    territoire = dossier.territoire
    pilote = next(
        (d for d in dossier.demandes.select_related("financeur") if d.financeur.type == "epci"), None
    )
    return ecrire_pdf(
        "dossiers/pdf/lettre.html",
        {
            "dossier": dossier,
            "organisme": dossier.organisme,
            "territoire": territoire,
            "adresse": [ligne for ligne in territoire.adresse.splitlines() if ligne.strip()],
            "montant": pilote.demande if pilote else None,
            "emetteur": dossier.organisme.nom,
            "reference_document": dossier.numero,
        },
        identifiant=f"lettre:{dossier.pk}:{dossier.modifie_le.isoformat()}",
        titre=f"Demande de subvention {dossier.numero}",
    )
