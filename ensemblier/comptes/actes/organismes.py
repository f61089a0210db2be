"""L'organisme : sa fiche, son RIB, son engagement républicain."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction

from ensemblier.comptes import coffre, courriels
from ensemblier.comptes.actes.commun import exiger_un_role
from ensemblier.comptes.models import (
    DEJA_CONNU,
    EngagementRepublicain,
    Organisme,
    Rattachement,
    Rib,
    Utilisateur,
)
from ensemblier.noyau import identifiants
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre import fichiers
from ensemblier.registre.actes import ActeBloque, consigner, ouvrir, tracer, verrouiller

CER_EN_VIGUEUR = "décret n° 2021-1947 du 31 décembre 2021"


def deja_connu(*, siren: str = "", rna: str = "") -> Organisme | None:
    """L'organisme qui porte déjà ce SIREN ou ce RNA."""
    for champ, valeur in (("siren", siren), ("rna", rna)):
        trouve = Organisme.objects.filter(**{champ: valeur}).first() if valeur else None
        if trouve:
            return trouve
    return None


def _refus_de_doublon() -> ActeBloque:
    return ActeBloque(DEJA_CONNU)


@transaction.atomic
def creer_organisme(
    *, utilisateur: Utilisateur, champs: dict[str, Any], fonction: str, mandat: str, par: Acteur, le: datetime
) -> Organisme:
    """L'organisme, et son créateur signataire, avec le mandat qu'il déclare.

    Lève `ActeBloque` si le SIREN ou le RNA est déjà connu : personne ne s'y rattache en silence.
    """
    if deja_connu(siren=champs.get("siren", ""), rna=champs.get("rna", "")):
        raise _refus_de_doublon()
    organisme = Organisme(**champs)
    try:
        with transaction.atomic():
            ouvrir(organisme, par=par, le=le, libelle="Organisme créé")
    except IntegrityError as collision:
        raise _refus_de_doublon() from collision
    Rattachement.objects.create(
        utilisateur=utilisateur,
        organisme=organisme,
        qualite=Rattachement.Qualite.SIGNATAIRE,
        fonction=fonction,
        mandat=mandat,
        du=jour_de(le),
    )
    consigner(
        organisme, "rattacher", par=par, le=le, libelle="Signataire déclaré à la création",
        details={"personne": utilisateur.nom_complet, "fonction": fonction, "mandat": mandat},
    )  # fmt: skip
    return organisme


@transaction.atomic
def modifier_organisme(
    organisme: Organisme, *, champs: dict[str, Any], par: Acteur, roles: Iterable[Role], le: datetime
) -> None:
    """Change l'identité ; le registre garde, champ par champ, l'ancien et le nouveau."""
    exiger_un_role(roles, Role.SIGNATAIRE, Role.REDACTEUR, Role.INSTRUCTEUR, quoi="Modifier l'organisme")
    verrouiller(organisme.racine())
    actuel = Organisme.objects.get(pk=organisme.pk)
    changes = {n: [getattr(actuel, n), v] for n, v in champs.items() if getattr(actuel, n) != v}
    if not changes:
        return
    autre = deja_connu(siren=champs.get("siren", ""), rna=champs.get("rna", ""))
    if autre and autre.pk != organisme.pk:
        raise _refus_de_doublon()
    consigner(
        organisme, "modifier_organisme", par=par, le=le, libelle="Identité modifiée", details=changes,
        **{nom: champs[nom] for nom in changes},
    )  # fmt: skip


@transaction.atomic
def ajouter_rib(
    organisme: Organisme,
    *,
    titulaire: str,
    iban: str,
    fichier: UploadedFile | bytes,
    nom_fichier: str,
    type_mime: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Rib:
    """Un compte de plus : il remplace le précédent et ne sert à payer qu'une fois contrôlé par les finances.

    L'IBAN est chiffré ; le registre n'en garde que les trois derniers caractères. Les signataires et
    l'adresse de l'organisme sont prévenus, et un compte changé attend (`Rib.payable_le`). Lève
    `IdentifiantInvalide` si la clé est fausse (S28).
    """
    exiger_un_role(roles, Role.SIGNATAIRE, quoi="Ajouter un compte bancaire")
    valeur = identifiants.iban(iban).valeur
    verrouiller(organisme.racine())
    ancien = organisme.rib_courant()
    rib = Rib.objects.create(
        organisme=organisme,
        titulaire=titulaire,
        iban_chiffre=coffre.fermer(valeur),
        iban_fin=valeur[-3:],
        fichier=fichiers.conserver(fichier, nom=nom_fichier, type_mime=type_mime, par=par, le=le),
        ajoute_le=le,
        ajoute_par=par.nom,
        ajoute_par_id=par.utilisateur,
    )
    consigner(
        organisme, "ajouter_rib", par=par, le=le,
        libelle="Compte bancaire changé" if ancien else "Compte bancaire ajouté",
        details={"rib": rib.pk, "fin": rib.iban_fin, "ancienne_fin": ancien.iban_fin if ancien else "",
                 "titulaire": titulaire},
    )  # fmt: skip
    courriels.annoncer_le_rib(rib, ancien, territoire=par.territoire, le=le)
    return rib


@transaction.atomic
def verifier_rib(rib: Rib, *, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    """Les finances ont rapproché le compte de sa pièce et du porteur ; nul ne contrôle ce qu'il a saisi."""
    exiger_un_role(roles, Role.FINANCES, quoi="Contrôler un compte bancaire")
    verrouiller(rib.organisme.racine())
    rib.refresh_from_db()
    courant = rib.organisme.rib_courant()
    if courant is None or courant.pk != rib.pk:
        raise ActeBloque("Un autre compte a été ajouté depuis. Contrôlez le dernier compte de l'organisme.")
    if rib.ajoute_par_id is not None and rib.ajoute_par_id == par.utilisateur:
        raise ActeBloque("Vous avez saisi ce compte. Une autre personne des finances doit le contrôler.")
    if rib.verifie_le:
        raise ActeBloque(f"Ce compte est déjà contrôlé, par {rib.verifie_par}.")
    if le <= rib.ajoute_le:
        raise ActeBloque("Un contrôle vient après l'ajout du compte. Vérifiez la date.")
    rib.verifie_le, rib.verifie_par = le, par.nom
    rib.save(update_fields=("verifie_le", "verifie_par"))
    consigner(
        rib.organisme, "verifier_rib", par=par, le=le, libelle="Compte bancaire contrôlé",
        details={"rib": rib.pk, "fin": rib.iban_fin},
    )  # fmt: skip


@transaction.atomic
def reveler_iban(rib: Rib, *, par: Acteur, roles: Iterable[Role], le: datetime, chemin: str) -> str:
    """L'IBAN en clair, aux seules finances ; chaque lecture se voit dans la chaîne et au journal."""
    exiger_un_role(roles, Role.FINANCES, quoi="Lire un IBAN")
    consigner(
        rib.organisme, "reveler_iban", par=par, le=le, libelle="IBAN montré", public=False,
        details={"rib": rib.pk, "fin": rib.iban_fin},
    )  # fmt: skip
    tracer(par=par, nature="consultation", chemin=chemin, le=le, objet=f"comptes.Rib:{rib.pk}", raison="IBAN")
    return coffre.ouvrir(rib.iban_chiffre)


@transaction.atomic
def souscrire_cer(
    organisme: Organisme, *, signataire: str, par: Acteur, roles: Iterable[Role], le: datetime
) -> EngagementRepublicain:
    """B7 : l'engagement daté, avec la version du texte ; sans objet pour une personne publique (S84)."""
    exiger_un_role(roles, Role.SIGNATAIRE, quoi="Souscrire le contrat d'engagement républicain")
    if not organisme.doit_souscrire_le_cer:
        raise ActeBloque(
            "Le contrat d'engagement républicain ne concerne que les associations et fondations."
        )
    engagement = EngagementRepublicain.objects.create(
        organisme=organisme, version=CER_EN_VIGUEUR, souscrit_le=jour_de(le), signataire=signataire[:150]
    )
    consigner(
        organisme, "souscrire_cer", par=par, le=le, libelle="Contrat d'engagement républicain souscrit",
        details={"version": CER_EN_VIGUEUR, "signataire": signataire},
    )  # fmt: skip
    return engagement
