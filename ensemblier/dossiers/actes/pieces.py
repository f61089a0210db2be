"""Joindre et retirer une pièce : remplacée, elle reste dans l'histoire ; reçue, elle ne change plus (T13)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from ensemblier.dossiers.actes.commun import (
    ECRIVAINS,
    exiger,
    noter_l_aide,
    refuser_le_rib,
    tenir,
    tenir_le_brouillon,
)
from ensemblier.dossiers.etats import A_COMPLETER, BROUILLON, DECIDE, DEPOSE, RECEVABLE
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Dossier, Piece
from ensemblier.dossiers.reprises import reprises
from ensemblier.interface.controles import FichierRefuse, controler
from ensemblier.noyau.machine import Acteur, EtatInterdit, Role
from ensemblier.registre.actes import ActeBloque, consigner
from ensemblier.registre.fichiers import conserver, dupliquer

OUVERTS = (BROUILLON, DEPOSE, A_COMPLETER, RECEVABLE, DECIDE)


@transaction.atomic
def joindre_piece(
    dossier: Dossier,
    *,
    code: str,
    fichier: UploadedFile,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    cle: str = "",
) -> Piece:
    """Ajoute une pièce de la liste de l'appel ; l'ancienne est gardée, avec le jour de son remplacement.

    Le même fichier envoyé deux fois (double clic, réponse perdue) rend la même pièce (T09). `cle` nomme
    l'envoi : rejoué après une coupure, il ne remplace pas ce qui est venu depuis.
    Après le dépôt, seules arrivent les pièces manquantes ou à remplacer (P33, S76). Lève `ActeBloque` si le
    fichier est refusé, `EtatInterdit` si la pièce ne se change plus.
    """
    exiger(roles, *ECRIVAINS, Role.SYSTEME, quoi="Joindre une pièce")
    refuser_le_rib(code, roles)
    try:
        type_mime = controler(fichier.file)
    except FichierRefuse as refus:
        raise ActeBloque(str(refus)) from refus
    tenu = tenir(dossier)
    ecrite = reglement_de(tenu).piece(code)
    if ecrite is None or ecrite.declaration or not ecrite.demandee_a(tenu.organisme.type):
        raise ActeBloque(f"La pièce « {code} » n'est pas demandée ici. Choisissez dans la liste des pièces.")
    if deja := _deja_recue(tenu, code, cle, fichier):
        return deja
    courante = tenu.pieces.select_related("fichier").filter(code=code, remplacee_le=None).first()
    if courante is not None and _est_deja_la(courante, fichier):
        return courante
    _refuser_si_figee(tenu, courante, ecrite.libelle)
    if courante is not None:
        courante.remplacee_le = le
        courante.save(update_fields=("remplacee_le",))
    garde = conserver(fichier, nom=fichier.name or code, type_mime=type_mime, par=par, le=le)
    envoi = "" if tenu.pieces.filter(envoi=cle).exists() else cle
    piece = Piece.objects.create(dossier=tenu, code=code, fichier=garde, recue_le=le, envoi=envoi)
    _dire(tenu, piece, f"Pièce reçue : {ecrite.libelle}", par=par, le=le)
    noter_l_aide(tenu, "une pièce jointe", par=par, roles=roles, le=le, piece=code)
    return piece


@transaction.atomic
def reprendre_pieces(
    dossier: Dossier, *, codes: Collection[str], par: Acteur, roles: Iterable[Role], le: datetime
) -> list[Piece]:
    """Joint, sans renvoi, ce que l'organisme a déjà déposé ; rend les pièces jointes.

    La source se retrouve ici, jamais dans la demande : nul ne désigne la pièce d'un autre. Une pièce déjà là
    n'est pas refaite. Lève `ActeBloque` si une pièce est périmée ou inconnue : rien n'est alors repris.
    """
    exiger(roles, *ECRIVAINS, quoi="Reprendre une pièce")
    for code in codes:
        refuser_le_rib(code, roles)
    tenu = tenir(dossier)
    deja = set(tenu.pieces.filter(remplacee_le=None, code__in=codes).values_list("code", flat=True))
    voulus = [code for code in dict.fromkeys(codes) if code not in deja]
    connues = reprises(tenu, voulus, le=le)
    jointes = []
    for code in voulus:
        ecrite, reprise = reglement_de(tenu).piece(code), connues.get(code)
        if ecrite is None or reprise is None or not ecrite.demandee_a(tenu.organisme.type):
            raise ActeBloque("Cette pièce n'est pas parmi celles que nous avons. Ajoutez-la par son fichier.")
        if reprise.ecart:
            raise ActeBloque(f"{ecrite.libelle} : {reprise.ecart}")
        _refuser_si_figee(tenu, None, ecrite.libelle)
        garde = dupliquer(reprise.piece.fichier, par=par, le=le)
        piece = Piece.objects.create(
            dossier=tenu, code=code, fichier=garde, recue_le=le, reprise_de=reprise.piece.premiere
        )
        _dire(tenu, piece, f"Pièce reprise : {ecrite.libelle}, {piece.origine}", par=par, le=le)
        jointes.append(piece)
        noter_l_aide(tenu, "une pièce reprise", par=par, roles=roles, le=le, piece=code)
    return jointes


def _dire(dossier: Dossier, piece: Piece, libelle: str, *, par: Acteur, le: datetime) -> None:
    """Un brouillon se date ; un dossier déposé l'écrit au registre."""
    if dossier.etat == BROUILLON:
        Dossier.objects.filter(pk=dossier.pk).update(modifie_le=le)
        return
    fichier = piece.fichier
    consigner(
        dossier, "joindre_piece", par=par, le=le, libelle=libelle[:200],
        details={"code": piece.code, "fichier": fichier.nom, "empreinte": fichier.empreinte},
    )  # fmt: skip


def _deja_recue(dossier: Dossier, code: str, cle: str, fichier: UploadedFile) -> Piece | None:
    """La pièce de cet envoi, même remplacée ou jugée depuis ; une page revenue en arrière qui porte un autre
    fichier sous la même clé est un autre envoi."""
    connue = dossier.pieces.select_related("fichier").filter(envoi=cle, code=code).first() if cle else None
    return connue if connue and connue.fichier.empreinte == _empreinte(fichier) else None


def _est_deja_la(courante: Piece, fichier: UploadedFile) -> bool:
    """Une pièce à remplacer attend un envoi, fût-il le même : le service l'a refusée une fois."""
    return courante.statut != Piece.Etat.A_REMPLACER and courante.fichier.empreinte == _empreinte(fichier)


def _empreinte(fichier: UploadedFile) -> str:
    fichier.seek(0)
    empreinte = hashlib.file_digest(fichier.file, "sha256").hexdigest()
    fichier.seek(0)
    return empreinte


def _refuser_si_figee(dossier: Dossier, courante: Piece | None, libelle: str) -> None:
    if dossier.etat not in OUVERTS:
        raise EtatInterdit(
            f"« {libelle} » : le dossier est « {dossier.etat_porteur} », il ne reçoit plus de pièce."
        )
    attendue = courante is None or courante.statut == Piece.Etat.A_REMPLACER
    if dossier.etat != BROUILLON and not attendue:
        raise EtatInterdit(
            f"« {libelle} » : cette pièce est déjà reçue. "
            "Pour la changer, écrivez au service : il la demandera."
        )


@transaction.atomic
def retirer_piece(dossier: Dossier, *, code: str, par: Acteur, roles: Iterable[Role], le: datetime) -> Piece:
    """Ôte une pièce du brouillon ; le fichier reste dans l'histoire du dossier."""
    tenu = tenir_le_brouillon(dossier, roles, quoi="Retirer une pièce")
    refuser_le_rib(code, roles)
    courante = tenu.pieces.filter(code=code, remplacee_le=None).first()
    if courante is None:
        raise ActeBloque("Cette pièce n'est pas dans le dossier. Rechargez la page.")
    courante.remplacee_le = le
    courante.save(update_fields=("remplacee_le",))
    Dossier.objects.filter(pk=tenu.pk).update(modifie_le=le)
    noter_l_aide(tenu, "une pièce retirée", par=par, roles=roles, le=le, piece=code)
    return courante
