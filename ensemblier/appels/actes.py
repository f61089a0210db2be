"""Publier un appel, le corriger, le clore : un règlement publié a des versions, jamais de retouche."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import ProtectedError

from ensemblier.appels.etats import BROUILLON
from ensemblier.appels.models import Appel, Dispositif, Jalon, Reglement
from ensemblier.noyau import packs
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.registre.actes import ActeBloque, avancer, consigner, ouvrir, verrouiller
from ensemblier.territoires.models import Territoire


def _presentation(pack: packs.Appel) -> dict[str, object]:
    return {
        "type": pack.type,
        "exercice": pack.exercice,
        "titre": pack.titre,
        "titre_court": pack.titre_court,
        "chapo": pack.chapo,
    }


@transaction.atomic
def creer(pack_appel: packs.Appel, *, territoire: Territoire, par: Acteur, le: datetime) -> Appel:
    """L'appel en préparation ; le créer de nouveau remplace le projet tant qu'il n'est pas publié."""
    if pack_appel.territoire != territoire.code:
        raise ActeBloque(
            f"Cet appel est écrit pour le territoire « {pack_appel.territoire} », pas pour "
            f"« {territoire.code} ». Choisissez un appel de ce territoire."
        )
    champs = {**_presentation(pack_appel), "projet": pack_appel.en_json(), "modifie_le": le}
    existant = Appel.objects.filter(territoire=territoire, code=pack_appel.slug).first()
    if existant is None:
        appel = Appel(territoire=territoire, code=pack_appel.slug, **champs)
        ouvrir(appel, par=par, le=le, libelle="Appel préparé", public=False)
        return appel
    if existant.etat != BROUILLON:
        raise ActeBloque(
            f"L'appel « {existant.titre_court} » est déjà publié. Corrigez-le par une rectification motivée."
        )
    consigner(existant, "preparer", par=par, le=le, libelle="Projet d'appel remplacé", public=False, **champs)
    return existant


def _figer(appel: Appel, pack: packs.Appel, *, version: int, motif: str, le: datetime) -> Reglement:
    return Reglement.objects.create(
        appel=appel,
        version=version,
        contenu=pack.en_json(),
        empreinte=pack.empreinte(),
        publie_le=le,
        motif=motif,
    )


def _poser_les_lignes(appel: Appel, pack: packs.Appel) -> None:
    """Les jalons et les dispositifs du règlement en vigueur, en lignes : ce qu'une liste trie ou joint."""
    appel.jalons.all().delete()
    Jalon.objects.bulk_create(
        Jalon(
            appel=appel,
            code=j.code,
            libelle=j.libelle,
            nature=j.nature,
            debut=j.debut,
            fin=j.fin,
            precision=j.precision,
            texte=j.texte,
            rang=rang,
        )
        for rang, j in enumerate(pack.jalons, start=1)
    )
    financeurs = {f.code: f for f in appel.territoire.financeurs.all()}
    lignes = [
        Dispositif(
            appel=appel,
            financeur=financeurs[d.financeur],
            code=d.code,
            nom=d.nom,
            credits=d.credits,
            rang=rang,
        )
        for rang, d in enumerate(pack.dispositifs, start=1)
    ]
    Dispositif.objects.bulk_create(
        lignes,
        update_conflicts=True,
        unique_fields=("appel", "code"),
        update_fields=("financeur", "nom", "credits", "rang"),
    )
    try:
        appel.dispositifs.exclude(code__in=[d.code for d in pack.dispositifs]).delete()
    except ProtectedError as refus:
        raise ActeBloque(
            "La nouvelle version retire un dispositif que des dossiers sollicitent déjà. Gardez-le, et dites "
            "dans son texte qu'il ne reçoit plus de demande."
        ) from refus


@transaction.atomic
def publier(appel: Appel, *, par: Acteur, roles: Iterable[Role], le: datetime) -> Reglement:
    """Fige la version 1 du règlement (JSON canonique, SHA-256) et ouvre l'appel au public."""
    appel.machine.verifier(etat=appel.etat, acte="publier", roles=roles)
    pack = packs.Appel.depuis_json(appel.projet)
    reglement = _figer(appel, pack, version=1, motif="", le=le)
    avancer(
        appel, "publier", par=par, roles=roles, le=le,
        details={"version": 1, "empreinte": reglement.empreinte},
        reglement=reglement, modifie_le=le,
    )  # fmt: skip
    _poser_les_lignes(appel, pack)
    return reglement


@transaction.atomic
def rectifier(
    appel: Appel, pack_appel: packs.Appel, *, motif: str, par: Acteur, roles: Iterable[Role], le: datetime
) -> Reglement:
    """Une version de plus, avec son motif (erratum, délai prolongé) ; l'ancienne reste telle quelle."""
    verrouiller(appel.racine())
    appel.refresh_from_db()
    appel.machine.verifier(etat=appel.etat, acte="rectifier", roles=roles, motif=motif)
    # Relu de sa forme écrite : c'est elle qui est figée, pas l'objet reçu.
    pack_appel = packs.Appel.depuis_json(pack_appel.en_json())
    derniere = appel.reglements.order_by("-version")[0]
    _refuser_si_impropre(appel, pack_appel, derniere)
    reglement = _figer(appel, pack_appel, version=derniere.version + 1, motif=motif, le=le)
    avancer(
        appel, "rectifier", par=par, roles=roles, le=le, motif=motif,
        details={"version": reglement.version, "empreinte": reglement.empreinte},
        reglement=reglement, modifie_le=le, **_presentation(pack_appel),
    )  # fmt: skip
    _poser_les_lignes(appel, pack_appel)
    return reglement


def _refuser_si_impropre(appel: Appel, pack: packs.Appel, derniere: Reglement) -> None:
    if pack.empreinte() == derniere.empreinte:
        raise ActeBloque(
            f"Rien ne change par rapport à la version {derniere.version}. Modifiez le pack, puis recommencez."
        )
    ancien = (appel.code, appel.territoire.code, appel.type, appel.exercice)
    if (pack.slug, pack.territoire, pack.type, pack.exercice) != ancien:
        raise ActeBloque(
            "Une rectification garde le code, le territoire, le type et l'exercice de l'appel. "
            "Pour un autre appel, créez-en un nouveau."
        )


def clore(appel: Appel, *, motif: str, par: Acteur, roles: Iterable[Role], le: datetime) -> None:
    """Ferme l'appel avant son terme, ou à la fin ; il reste lisible."""
    avancer(appel, "clore", par=par, roles=roles, le=le, motif=motif, modifie_le=le)
