"""Écrire à l'autre côté, et dire qu'on l'a lu : un fil par dossier, entre le porteur et le service."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from ensemblier.dossiers import courriels
from ensemblier.dossiers.actes.commun import tenir
from ensemblier.dossiers.droits import cote_du_fil
from ensemblier.dossiers.etats import BROUILLON
from ensemblier.dossiers.models import Dossier, Message
from ensemblier.interface.controles import FichierRefuse, controler
from ensemblier.noyau.machine import Acteur, EtatInterdit, Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque, consigner
from ensemblier.registre.fichiers import conserver
from ensemblier.registre.models import Fichier

LIBELLES = {
    Message.Cote.PORTEUR: "Message du porteur au service",
    Message.Cote.SERVICE: "Message du service au porteur",
}


@transaction.atomic
def ecrire_message(
    dossier: Dossier,
    *,
    texte: str,
    cle: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    fichier: UploadedFile | None = None,
) -> Message:
    """Écrit à l'autre côté, qui reçoit un courriel sans le texte ; la même clé rend le même message (T09).

    Ce qui attendait une lecture de ce côté est lu : on ne répond pas à ce qu'on n'a pas vu. Le registre garde
    l'empreinte du texte, non le texte. Lève `ActeBloque` si le texte est vide ou le fichier refusé.
    """
    cote = _cote(roles)
    texte = texte.strip()
    if not texte:
        raise ActeBloque("Le message est vide. Écrivez ce que vous voulez dire, puis envoyez-le.")
    tenu = tenir(dossier)
    if tenu.etat == BROUILLON:
        raise EtatInterdit(
            "« Écrire au service » : le fil s'ouvre au dépôt. "
            f"Avant, le service répond à {tenu.territoire.courriel}."
        )
    if deja := Message.objects.filter(cle=cle).first():
        return _le_meme(deja, tenu, par)
    garde = _conserver(fichier, par=par, le=le) if fichier is not None else None
    _dater(tenu, cote, par, le)
    message = Message.objects.create(
        dossier=tenu, cle=cle, cote=cote, auteur=par.utilisateur, auteur_nom=par.nom[:150],
        auteur_fonction=par.fonction[:200], texte=texte, fichier=garde, envoye_le=le,
    )  # fmt: skip
    consigner(
        tenu, "ecrire_message", par=par, le=le, libelle=LIBELLES[cote],
        details={"message": message.pk, "empreinte": hashlib.sha256(texte.encode()).hexdigest(),
                 "fichier": garde.empreinte if garde else ""},
    )  # fmt: skip
    courriels.annoncer_le_message(message, le=le)
    return message


@transaction.atomic
def lire_messages(dossier: Dossier, *, par: Acteur, roles: Iterable[Role], le: datetime) -> int:
    """Note que ce côté a lu ce qui l'attendait ; rend le nombre de messages. Le premier lecteur reste."""
    return _dater(dossier, _cote(roles), par, le)


def _dater(dossier: Dossier, cote: str, par: Acteur, le: datetime) -> int:
    attendus = Message.objects.a_lire_par(cote).filter(dossier=dossier)
    return attendus.update(lu_le=le, lu_par=par.nom[:150])


def _cote(roles: Iterable[Role]) -> str:
    cote = cote_du_fil(set(roles))
    if not cote:
        raise RoleInsuffisant("« Écrire un message » : ce fil est celui du porteur et du service.")
    return cote


def _le_meme(deja: Message, dossier: Dossier, par: Acteur) -> Message:
    if (deja.dossier_id, deja.auteur) != (dossier.pk, par.utilisateur):
        raise ActeBloque(
            "Ce formulaire a déjà servi : rien n'a été envoyé. Rechargez la page, puis recommencez."
        )
    return deja


def _conserver(fichier: UploadedFile, *, par: Acteur, le: datetime) -> Fichier:
    try:
        type_mime = controler(fichier.file)
    except FichierRefuse as refus:
        raise ActeBloque(str(refus)) from refus
    return conserver(fichier, nom=fichier.name or "document", type_mime=type_mime, par=par, le=le)
