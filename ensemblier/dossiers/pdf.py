"""Les documents d'un dossier : l'accusé de réception, la lettre au Président (R62), la forme du Cerfa."""

from __future__ import annotations

from ensemblier.dossiers import formulaire
from ensemblier.dossiers.accuse import pour_lecture
from ensemblier.dossiers.attestations import a_donner
from ensemblier.dossiers.etats import ABANDONNEE
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.reponses import Reponses
from ensemblier.interface.pdf import ecrire_pdf
from ensemblier.noyau import montants
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
    au_pilote = dossier.demandes.filter(financeur__type="epci").exclude(etat=ABANDONNEE)
    demande = montants.de_centimes(sum(montants.en_centimes(d.demande) for d in au_pilote))
    return ecrire_pdf(
        "dossiers/pdf/lettre.html",
        {
            "dossier": dossier,
            "organisme": dossier.organisme,
            "territoire": territoire,
            "adresse": [ligne for ligne in territoire.adresse.splitlines() if ligne.strip()],
            "montant": demande or None,
            "emetteur": dossier.organisme.nom,
            "reference_document": dossier.numero,
        },
        identifiant=f"lettre:{dossier.pk}:{dossier.modifie_le.isoformat()}",
        titre=f"Demande de subvention {dossier.numero}",
    )


def en_cerfa(dossier: Dossier) -> bytes:
    """Le dossier dans l'ordre du Cerfa 12156*06, à imprimer et signer ; ce qui manque reste en blanc."""
    lues = Reponses(dossier)
    charges, produits = formulaire.budget(lues)
    return ecrire_pdf(
        "dossiers/pdf/cerfa.html",
        {
            "dossier": dossier,
            "organisme": dossier.organisme,
            "entete": formulaire.entete(lues),
            "rubriques": formulaire.rubriques(lues),
            "annuel": formulaire.budget_annuel(lues),
            "charges": charges,
            "produits": produits,
            "demandes": formulaire.demandes(lues),
            "attestations": [d.texte for d in a_donner(reglement_de(dossier), dossier.organisme)],
            "emetteur": dossier.organisme.nom,
            "reference_document": dossier.numero,
        },
        identifiant=f"cerfa:{dossier.pk}:{dossier.modifie_le.isoformat()}",
        titre=f"Demande de subvention {dossier.numero}, dans l'ordre du Cerfa 12156*06",
    )
