"""Ce qu'un lien sans compte ouvre ici : le contact d'une ville, et ce qui empêche d'y répondre."""

from __future__ import annotations

from datetime import datetime

from ensemblier.dossiers.etats import CLOS, IRRECEVABLE, RETIRE
from ensemblier.dossiers.models import ContactCommune
from ensemblier.registre.models import Lien

FERMES = (IRRECEVABLE, RETIRE, CLOS)
RETIRE_DU_DOSSIER = "Le porteur a retiré ce contact de son dossier : il n'y a plus rien à confirmer."
CHANGE = "Le porteur a corrigé ce contact depuis l'envoi de ce lien : la question n'est plus la même."
DOSSIER_FERME = "Le dossier n'est plus examiné : votre réponse n'est plus attendue."


def contact_du_lien(lien: Lien) -> ContactCommune | None:
    """Le contact nommé par le lien, s'il est encore dans le dossier."""
    siens = ContactCommune.objects.select_related("commune", "dossier__organisme", "dossier__territoire")
    return siens.filter(pk=int(lien.objet.rpartition(":")[2])).first()


def pourquoi_ferme(lien: Lien, contact: ContactCommune | None, *, le: datetime) -> str:
    """La phrase qui dit pourquoi on ne peut plus répondre par ce lien ; vide s'il est ouvert."""
    if raison := lien.fermeture(le=le):
        return raison
    if contact is None:
        return RETIRE_DU_DOSSIER
    if contact.dossier.etat in FERMES:
        return DOSSIER_FERME
    return CHANGE if contact.teneur() != lien.teneur else ""
