"""Ce qui se fait d'un compte et d'un organisme : créer, rattacher, habiliter, changer de compte bancaire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction

from ensemblier.comptes import coffre, courriels
from ensemblier.comptes.models import (
    DEJA_CONNU,
    LIBRES,
    EngagementRepublicain,
    Genre,
    Habilitation,
    Interet,
    Invitation,
    Organisme,
    Rattachement,
    ReglageDeCourriel,
    Rib,
    RythmeDeCourriel,
    Utilisateur,
)
from ensemblier.noyau import identifiants
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.registre import fichiers
from ensemblier.registre.actes import ActeBloque, consigner, ouvrir, tracer, verrouiller
from ensemblier.territoires.models import Commune, Financeur, Territoire

CER_EN_VIGUEUR = "décret n° 2021-1947 du 31 décembre 2021"


def _exiger(roles: Iterable[Role], *admis: Role, quoi: str) -> None:
    if not set(roles) & set(admis):
        qui = " ou ".join(role.libelle for role in admis)
        raise RoleInsuffisant(f"« {quoi} » : cet acte revient à : {qui}.")


@transaction.atomic
def creer_compte(
    *, courriel: str, mot_de_passe: str | None, prenom: str, nom: str, est_verifie: bool = True
) -> Utilisateur:
    """Un compte ; `est_verifie` : l'adresse est déjà connue comme la sienne (agents, démonstration)."""
    utilisateur = Utilisateur.objects.create_user(courriel, mot_de_passe, prenom=prenom, nom=nom)
    EmailAddress.objects.create(
        user=utilisateur, email=utilisateur.courriel, verified=est_verifie, primary=True
    )
    return utilisateur


@transaction.atomic
def regler_les_courriels(utilisateur: Utilisateur, *, rythmes: Mapping[str, str], heure: int) -> None:
    """Comment la personne veut recevoir chaque genre libre, et l'heure de son récapitulatif."""
    for genre in LIBRES:
        if genre in rythmes:
            ReglageDeCourriel.objects.update_or_create(
                utilisateur=utilisateur, genre=genre, defaults={"rythme": rythmes[genre]}
            )
    Utilisateur.objects.filter(pk=utilisateur.pk).update(heure_du_recapitulatif=heure)


def se_desabonner(utilisateur: Utilisateur, *, genre: Genre) -> None:
    """Ne plus recevoir ce genre ; du récapitulatif : plus aucun des genres qu'il réunit. Sûr deux fois."""
    if genre == Genre.RECAPITULATIF:
        quittes = {g for g, r in utilisateur.rythmes().items() if r == RythmeDeCourriel.RECAPITULATIF}
    else:
        quittes = {genre} & set(LIBRES)
    regler_les_courriels(
        utilisateur,
        rythmes=dict.fromkeys(quittes, RythmeDeCourriel.JAMAIS),
        heure=utilisateur.heure_du_recapitulatif,
    )


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
    _exiger(roles, Role.SIGNATAIRE, Role.REDACTEUR, Role.INSTRUCTEUR, quoi="Modifier l'organisme")
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
    _exiger(roles, Role.SIGNATAIRE, quoi="Ajouter un compte bancaire")
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
    _exiger(roles, Role.FINANCES, quoi="Contrôler un compte bancaire")
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
    _exiger(roles, Role.FINANCES, quoi="Lire un IBAN")
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
    _exiger(roles, Role.SIGNATAIRE, quoi="Souscrire le contrat d'engagement républicain")
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


@transaction.atomic
def rattacher(
    organisme: Organisme,
    *,
    utilisateur: Utilisateur,
    qualite: str,
    fonction: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    mandat: str = "",
    au: date | None = None,
) -> Rattachement:
    """Une personne de plus dans l'organisme, par sa ou son signataire, ou par le responsable."""
    _exiger(roles, Role.SIGNATAIRE, Role.RESPONSABLE, Role.SYSTEME, quoi="Rattacher une personne")
    return _rattacher(
        organisme, utilisateur, qualite=qualite, fonction=fonction, mandat=mandat, au=au, par=par, le=le
    )


def _rattacher(
    organisme: Organisme,
    utilisateur: Utilisateur,
    *,
    qualite: str,
    fonction: str,
    mandat: str,
    au: date | None,
    par: Acteur,
    le: datetime,
) -> Rattachement:
    rattachement, nouveau = Rattachement.objects.update_or_create(
        utilisateur=utilisateur,
        organisme=organisme,
        qualite=qualite,
        defaults={"fonction": fonction, "mandat": mandat, "du": jour_de(le), "au": au},
    )
    consigner(
        organisme, "rattacher", par=par, le=le,
        libelle="Personne rattachée" if nouveau else "Rattachement mis à jour",
        details={"personne": utilisateur.nom_complet, "qualite": qualite, "fonction": fonction,
                 "mandat": mandat, "au": au},
    )  # fmt: skip
    return rattachement


@transaction.atomic
def inviter(
    organisme: Organisme,
    *,
    courriel: str,
    qualite: str,
    fonction: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    mandat: str = "",
) -> Invitation:
    """Attend une personne par son adresse, et lui écrit ; rien ici ne dit si cette adresse a un compte."""
    _exiger(roles, Role.SIGNATAIRE, Role.RESPONSABLE, quoi="Inviter une personne")
    verrouiller(organisme.racine())
    invitation, _ = Invitation.objects.update_or_create(
        organisme=organisme, courriel=courriel.lower(), qualite=qualite, acceptee_le=None, retiree_le=None,
        defaults={"fonction": fonction, "mandat": mandat, "envoyee_le": le, "envoyee_par": par.nom[:150]},
    )  # fmt: skip
    consigner(
        organisme, "inviter", par=par, le=le, libelle="Personne invitée",
        details={"qualite": qualite, "fonction": fonction, "mandat": mandat},
    )  # fmt: skip
    courriels.inviter(invitation, le=le)
    return invitation


@transaction.atomic
def accepter_l_invitation(
    invitation: Invitation, *, utilisateur: Utilisateur, par: Acteur, le: datetime
) -> Rattachement:
    """La personne entre dans l'organisme, avec la qualité qu'on lui a donnée ; une fois, et elle seule."""
    organisme = invitation.organisme
    verrouiller(organisme.racine())
    if not Invitation.objects.pour(utilisateur, le).filter(pk=invitation.pk).exists():
        raise ActeBloque(
            "Cette invitation n'est plus ouverte. Demandez à l'organisme de vous inviter de nouveau."
        )
    invitation.acceptee_le = le
    invitation.save(update_fields=("acceptee_le",))
    return _rattacher(
        organisme, utilisateur, qualite=invitation.qualite, fonction=invitation.fonction,
        mandat=invitation.mandat, au=None, par=par, le=le,
    )  # fmt: skip


@transaction.atomic
def retirer_l_invitation(invitation: Invitation, *, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    _exiger(roles, Role.SIGNATAIRE, Role.RESPONSABLE, quoi="Retirer une invitation")
    verrouiller(invitation.organisme.racine())
    invitation.retiree_le = le
    invitation.save(update_fields=("retiree_le",))
    consigner(
        invitation.organisme, "retirer_l_invitation", par=par, le=le, libelle="Invitation retirée",
        details={"qualite": invitation.qualite},
    )  # fmt: skip


@transaction.atomic
def detacher(rattachement: Rattachement, *, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    """Met fin au rattachement dès maintenant ; un organisme garde au moins une ou un signataire."""
    _exiger(roles, Role.SIGNATAIRE, Role.RESPONSABLE, quoi="Retirer une personne")
    organisme, jour = rattachement.organisme, jour_de(le)
    verrouiller(organisme.racine())
    if rattachement.qualite == Rattachement.Qualite.SIGNATAIRE:
        autres = organisme.rattachements.en_vigueur(jour).filter(qualite=rattachement.qualite)
        if not autres.exclude(pk=rattachement.pk).exists():
            raise ActeBloque(
                "C'est la dernière personne qui peut signer. Rattachez d'abord une ou un autre signataire."
            )
    rattachement.au = jour - timedelta(days=1)
    rattachement.save(update_fields=("au",))
    consigner(
        organisme, "detacher", par=par, le=le, libelle="Personne retirée",
        details={"personne": rattachement.utilisateur.nom_complet, "qualite": rattachement.qualite},
    )  # fmt: skip


def habiliter(
    *,
    utilisateur: Utilisateur,
    territoire: Territoire,
    qualite: str,
    fonction: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    financeur: Financeur | None = None,
    commune: Commune | None = None,
    au: date | None = None,
) -> Habilitation:
    """Donne un rôle d'agent ou d'élu sur un territoire ; sa chaîne dit qui l'a donné et quand."""
    _exiger(roles, Role.RESPONSABLE, Role.SYSTEME, quoi="Habiliter une personne")
    habilitation = Habilitation(
        utilisateur=utilisateur,
        territoire=territoire,
        qualite=qualite,
        fonction=fonction,
        financeur=financeur,
        commune=commune,
        du=jour_de(le),
        au=au,
    )
    ouvrir(
        habilitation, par=par, le=le, libelle="Habilitation donnée", public=False,
        details={"personne": utilisateur.nom_complet, "qualite": qualite, "fonction": fonction,
                 "financeur": financeur and financeur.code, "commune": commune and commune.code},
    )  # fmt: skip
    return habilitation


@transaction.atomic
def retirer_l_habilitation(
    habilitation: Habilitation, *, motif: str, par: Acteur, roles: Iterable[Role], le: datetime
) -> None:
    """Met fin au rôle dès maintenant, avec son motif."""
    _exiger(roles, Role.RESPONSABLE, Role.SYSTEME, quoi="Retirer une habilitation")
    consigner(
        habilitation, "retirer_l_habilitation", par=par, le=le, libelle="Habilitation retirée", motif=motif,
        public=False, au=jour_de(le) - timedelta(days=1),
    )  # fmt: skip


@transaction.atomic
def declarer_interet(
    organisme: Organisme,
    *,
    utilisateur: Utilisateur,
    nature: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Interet:
    """B10 : un lien avec un organisme, dit par la personne ou connu du service ; il vaut dès maintenant."""
    if par.utilisateur != utilisateur.pk:
        _exiger(roles, Role.INSTRUCTEUR, Role.RESPONSABLE, Role.SYSTEME, quoi="Déclarer l'intérêt d'un tiers")
    interet, _ = Interet.objects.update_or_create(
        utilisateur=utilisateur,
        organisme=organisme,
        nature=nature,
        defaults={"connu_le": jour_de(le), "leve_le": None},
    )
    consigner(
        organisme, "declarer_interet", par=par, le=le, libelle="Intérêt déclaré", public=False,
        details={"personne": utilisateur.nom_complet, "nature": nature},
    )  # fmt: skip
    return interet


@transaction.atomic
def lever_interet(interet: Interet, *, motif: str, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    """Le lien n'existe plus ; seul le responsable le dit, avec le motif."""
    _exiger(roles, Role.RESPONSABLE, quoi="Lever un intérêt")
    interet.leve_le = jour_de(le)
    interet.save(update_fields=("leve_le",))
    consigner(
        interet.organisme, "lever_interet", par=par, le=le, libelle="Intérêt levé", motif=motif, public=False,
        details={"personne": interet.utilisateur.nom_complet, "nature": interet.nature},
    )  # fmt: skip
