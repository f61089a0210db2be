"""La délégation de signature : l'ajouter avec sa pièce, la retirer ; le registre garde les deux."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from ensemblier.comptes.models import Mandat, Organisme, Rattachement
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.registre import fichiers
from ensemblier.registre.actes import ActeBloque, consigner, verrouiller


def _exiger(roles: Iterable[Role], quoi: str) -> None:
    if Role.SIGNATAIRE not in roles:
        raise RoleInsuffisant(f"« {quoi} » : cet acte revient à : {Role.SIGNATAIRE.libelle}.")


@transaction.atomic
def ajouter_mandat(
    organisme: Organisme,
    *,
    rattachement: Rattachement,
    portee: str,
    du: date,
    au: date | None,
    fichier: UploadedFile,
    type_mime: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Mandat:
    """Garde la délégation d'une personne signataire de l'organisme, avec ses dates et ce qu'elle permet."""
    _exiger(roles, "Ajouter une délégation de signature")
    verrouiller(organisme.racine())
    signataires = organisme.rattachements.en_vigueur(jour_de(le)).filter(
        qualite=Rattachement.Qualite.SIGNATAIRE
    )
    if not signataires.filter(pk=rattachement.pk).exists():
        raise ActeBloque(
            "Cette personne n'est pas signataire de l'organisme : une délégation ne lui servirait pas. "
            "Invitez-la d'abord comme signataire."
        )
    if au is not None and au < du:
        raise ActeBloque("La fin de la délégation précède son début. Vérifiez les deux dates.")
    garde = fichiers.conserver(fichier, nom=fichier.name or "delegation", type_mime=type_mime, par=par, le=le)
    mandat = Mandat.objects.create(
        organisme=organisme, utilisateur_id=rattachement.utilisateur_id, portee=portee, du=du, au=au,
        fichier=garde, ajoute_le=le, ajoute_par=par.signature,
    )  # fmt: skip
    consigner(
        organisme, "ajouter_mandat", par=par, le=le, libelle="Délégation de signature ajoutée",
        details={"personne": rattachement.utilisateur.nom_complet, "portee": portee, "du": du, "au": au,
                 "empreinte": garde.empreinte},
    )  # fmt: skip
    return mandat


@transaction.atomic
def retirer_mandat(mandat: Mandat, *, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    """La délégation ne vaut plus, dès maintenant ; ce qui a été déposé avec elle le reste."""
    _exiger(roles, "Retirer une délégation de signature")
    verrouiller(mandat.organisme.racine())
    mandat.retire_le = le
    mandat.save(update_fields=("retire_le",))
    consigner(
        mandat.organisme, "retirer_mandat", par=par, le=le, libelle="Délégation de signature retirée",
        details={"mandat": mandat.pk, "personne": mandat.utilisateur.nom_complet},
    )  # fmt: skip
