"""Conserver et servir un contenu : une seule fonction sert, une route par propriétaire."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import quote

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import FileResponse

from ensemblier.interface.controles import JPEG, PNG, FichierRefuse
from ensemblier.interface.photos import sans_lieu
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.registre.models import Fichier

GARDE = timedelta(days=1)
"""Un contenu plus jeune est peut-être celui d'un acte en cours : le balai ne le touche pas."""

PHOTOS = (JPEG, PNG)
OUVRABLES = ("application/pdf", "image/png", "image/jpeg")
"""Ce qu'un navigateur montre sans l'exécuter ; le reste se télécharge toujours."""


class ContenuAltere(Exception):
    """Le contenu relu n'a plus l'empreinte de sa réception."""


def nom_sur(nom: str) -> str:
    """Le nom montré : NFC, sans chemin ni caractère de contrôle ou de sens, 120 caractères au plus (T18)."""
    dernier = unicodedata.normalize("NFC", nom).replace("\\", "/").rsplit("/", 1)[-1]
    propre = "".join(c for c in dernier if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*')
    propre = propre.strip(" .") or "document"
    if len(propre) <= 120:
        return propre
    racine, point, suffixe = propre.rpartition(".")
    return f"{racine[: 119 - len(suffixe)]}.{suffixe}" if point and len(suffixe) <= 8 else propre[:120]


def conserver(
    contenu: bytes | UploadedFile, *, nom: str, type_mime: str, par: Acteur, le: datetime
) -> Fichier:
    """Écrit le contenu puis sa ligne ; un contenu orphelin est sans effet, une ligne sans contenu non.

    Une photo y perd le lieu et l'heure où elle fut prise, par quelque page qu'elle arrive.
    """
    octets = contenu if isinstance(contenu, bytes) else contenu.read()
    if type_mime in PHOTOS:
        octets = sans_lieu(octets)
    fichier = Fichier(
        nom=nom_sur(nom),
        type_mime=type_mime,
        taille=len(octets),
        empreinte=hashlib.sha256(octets).hexdigest(),
        depose_le=le,
        depose_par=par.nom,
    )
    fichier.contenu.save(nom_sur(nom), ContentFile(octets), save=False)
    fichier.save(force_insert=True)
    return fichier


def dupliquer(fichier: Fichier, *, par: Acteur, le: datetime) -> Fichier:
    """Le même contenu pour un autre propriétaire : une ligne et un contenu à lui, à la même empreinte.

    Chaque fichier garde ainsi un seul propriétaire, et l'un s'efface sans l'autre. Lève `ContenuAltere` si le
    contenu relu n'est plus celui qui fut reçu.
    """
    with fichier.contenu.open("rb") as source:
        octets = source.read()
    if hashlib.sha256(octets).hexdigest() != fichier.empreinte:
        raise ContenuAltere(fichier.cle)
    return conserver(octets, nom=fichier.nom, type_mime=fichier.type_mime, par=par, le=le)


def octets_de(fichier: Fichier) -> bytes:
    """Tout le contenu ; lève `FichierRefuse` s'il a été effacé."""
    if fichier.efface_le is not None:
        raise FichierRefuse(f"{phrase_de_l_effacement(fichier)} Déposez-le de nouveau.")
    with fichier.contenu.open("rb") as source:
        octets: bytes = source.read()
    return octets


def phrase_de_l_effacement(fichier: Fichier) -> str:
    """« Le contenu de « t.xlsx » est effacé depuis le 20/03/2026… » ; vide s'il est encore gardé."""
    if fichier.efface_le is None:
        return ""
    return (
        f"Le contenu de « {fichier.nom} » est effacé depuis le {jour_de(fichier.efface_le):%d/%m/%Y} : un "
        "fichier de travail n'est gardé qu'un temps."
    )


def effacer(fichiers: Iterable[int], *, le: datetime) -> int:
    """Efface ces contenus, par clé primaire ; leurs lignes restent et disent depuis quand. Rend combien.

    La ligne d'abord, le contenu ensuite : coupé entre les deux, le contenu est orphelin, et le balai l'ôte.
    """
    combien = 0
    for cle in fichiers:
        with transaction.atomic():
            tenu = Fichier.objects.select_for_update().get(pk=cle)
            if tenu.efface_le is not None:
                continue
            transaction.on_commit(partial(tenu.contenu.storage.delete, tenu.contenu.name))
            tenu.contenu.name, tenu.efface_le = "", le
            tenu.save(update_fields=("contenu", "efface_le"))
            combien += 1
    return combien


def balayer(*, le: datetime) -> int:
    """Ôte les contenus qu'aucune ligne ne nomme, vieux d'un jour : un acte coupé les a laissés.

    Rend leur nombre. L'inverse, une ligne sans contenu, dit quand il fut effacé (`effacer`) : à l'entrée, le
    contenu s'écrit d'abord.
    """
    stockage = Fichier._meta.get_field("contenu").storage
    otes = 0
    for tiroir in stockage.listdir("")[0] if stockage.exists("") else ():
        gardes = {f"{tiroir}/{nom}" for nom in stockage.listdir(tiroir)[1]}
        connus = Fichier.objects.filter(contenu__startswith=f"{tiroir}/").values_list("contenu", flat=True)
        for chemin in sorted(gardes.difference(connus)):
            if le - stockage.get_modified_time(chemin) >= GARDE:
                stockage.delete(chemin)
                otes += 1
    return otes


def servir(fichier: Fichier, *, telecharger: bool = True) -> FileResponse:
    """Le contenu, sans rien exécuter ; l'appelant a déjà vérifié le droit de lire.

    En pièce jointe, sauf à demander d'ouvrir un PDF ou une image : le navigateur le montre, dans le même
    bac à sable, sans origine, sans script, sans deviner son type.
    """
    response = FileResponse(fichier.contenu.open("rb"), content_type=fichier.type_mime)
    ouvrable = fichier.type_mime in OUVRABLES
    disposition = "inline" if ouvrable and not telecharger else "attachment"
    repli = fichier.nom.encode("ascii", "replace").decode().replace("?", "_").replace('"', "")
    response["Content-Disposition"] = (
        f"{disposition}; filename=\"{repli}\"; filename*=UTF-8''{quote(fichier.nom)}"
    )
    response["Content-Length"] = str(fichier.taille)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response
