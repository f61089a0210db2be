"""Demander à une ville de confirmer le contact noté par le porteur : un lien, envoyé à sa fonction (P20)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from ensemblier.dossiers import courriels
from ensemblier.dossiers.actes.commun import PORTEUR, exiger, tenir
from ensemblier.dossiers.etats import CLOS, IRRECEVABLE, RETIRE
from ensemblier.dossiers.models import ContactCommune, Dossier
from ensemblier.noyau.calendrier import ajouter_jours, en_francais, jour_de
from ensemblier.noyau.machine import Acteur, EtatInterdit, Role
from ensemblier.registre.actes import ActeBloque, consigner
from ensemblier.registre.liens import ouvrir_lien
from ensemblier.registre.models import Lien
from ensemblier.territoires.models import Contact

VALIDITE = 30
"""Jours pendant lesquels le lien répond."""
RELANCE = 7
"""Jours avant de pouvoir reposer la même question à une ville."""
FERMES = (IRRECEVABLE, RETIRE, CLOS)


@transaction.atomic
def demander_confirmation(
    contact: ContactCommune, *, par: Acteur, roles: Iterable[Role], le: datetime
) -> Lien:
    """Écrit au référent de la ville, avec un lien qui lui suffit pour répondre.

    Lève `ActeBloque` si la ville a répondu, n'a pas d'adresse, ou vient d'être interrogée.
    """
    exiger(roles, *PORTEUR, Role.SYSTEME, quoi="Demander la confirmation")
    dossier = tenir(contact.dossier)
    if dossier.etat in FERMES:
        raise EtatInterdit(f"Le dossier est « {dossier.etat_porteur} » : une confirmation ne sert plus.")
    lu = dossier.contacts_communes.select_related("commune").filter(pk=contact.pk).first()
    if lu is None:
        raise ActeBloque("Ce contact n'est plus dans le dossier. Rechargez la page.")
    ville = lu.commune.nom
    if lu.confirme_le:
        raise ActeBloque(f"{ville} a déjà répondu : rien ne lui est redemandé.")
    referent = _referents(dossier, [lu]).get(lu.commune_id)
    if referent is None:
        raise ActeBloque(
            f"Nous n'avons pas l'adresse du référent de {ville}. "
            "Le jour que vous avez noté suffit pour déposer."
        )
    parti = liens_en_cours([lu], le=le).get(lu.designation())
    encore = relance_le(parti) if parti else None
    if encore and jour_de(le) < encore:
        raise ActeBloque(
            f"La question est déjà partie. Vous pourrez la renvoyer à {ville} le "
            f"{en_francais(encore, 'lettre')}."
        )
    return _interroger(dossier, lu, referent, par=par, le=le)


def relance_le(lien: Lien) -> date:
    """Le premier jour où la même question peut repartir."""
    return ajouter_jours(jour_de(lien.cree_le), RELANCE)


def _referents(dossier: Dossier, contacts: Iterable[ContactCommune]) -> dict[int, Contact]:
    """Par commune, la fonction à qui écrire ; sans adresse, elle n'y est pas."""
    communes = [c.commune_id for c in contacts]
    lus = dossier.territoire.contacts.filter(commune__in=communes).exclude(courriel="")
    return {c.commune_id: c for c in lus.order_by("-rang")}


def liens_en_cours(contacts: Iterable[ContactCommune], *, le: datetime) -> dict[str, Lien]:
    """Les liens encore bons, par contact : ni échus, ni rendus vains par un changement du contact."""
    teneurs = {c.designation(): c.teneur() for c in contacts}
    liens = Lien.objects.pour(ContactCommune.CONFIRMER, teneurs).vivants(le=le)
    return {lien.objet: lien for lien in liens if lien.teneur == teneurs[lien.objet]}


def _interroger(
    dossier: Dossier, contact: ContactCommune, referent: Contact, *, par: Acteur, le: datetime
) -> Lien:
    lien, jeton = ouvrir_lien(
        acte=ContactCommune.CONFIRMER, objet=contact.designation(), teneur=contact.teneur(),
        territoire=dossier.territoire.code, fonction=referent.fonction, organisation=referent.organisation,
        jusqu_au=ajouter_jours(jour_de(le), VALIDITE), le=le,
    )  # fmt: skip
    courriels.demander_confirmation(dossier, contact, referent, lien=lien, jeton=jeton, le=le)
    consigner(
        dossier, "demander_confirmation", par=par, le=le,
        libelle=f"Confirmation du contact demandée : {contact.commune.nom}"[:200],
        details={"commune": contact.commune.code, "jusqu_au": lien.jusqu_au},
    )  # fmt: skip
    return lien
