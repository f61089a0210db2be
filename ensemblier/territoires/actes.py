"""Charger un pack : le territoire entier, sans jamais l'écrire deux fois."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import ProtectedError

from ensemblier.noyau import packs
from ensemblier.registre.actes import ActeBloque
from ensemblier.territoires.models import (
    Commune,
    Contact,
    Financeur,
    Pilier,
    Quartier,
    Territoire,
    Thematique,
)


@transaction.atomic
def charger(pack: packs.Territoire, *, le: datetime, hote: str | None = None) -> Territoire:
    """Écrit ou met à jour tout ce que dit le pack ; le recharger ne change rien.

    `hote` remplace le nom d'hôte du pack (vide : le territoire répond à tout hôte inconnu). Lève `ActeBloque`
    si le pack retire un lieu ou un financeur que des dossiers citent.
    """
    contenu = pack.model_dump(mode="json")
    empreinte = hashlib.sha256(json.dumps(contenu, sort_keys=True).encode()).hexdigest()
    contours = contenu.pop("contours")
    territoire, _ = Territoire.objects.update_or_create(
        code=pack.code, defaults=_champs(pack, contenu, empreinte, le, hote)
    )
    communes = _communes(territoire, pack)
    _quartiers(territoire, pack, contours, communes)
    _nomenclatures(territoire, pack)
    _financeurs(territoire, pack, communes)
    _contacts(territoire, pack, communes)
    return territoire


_FORME = re.compile(r"^(Communauté (d'agglomération|urbaine|de communes)|Métropole)( de la| de| du| d')? ?")


def nom_court(pack: packs.Territoire) -> str:
    """Le nom d'usage, sans la forme juridique : « Lens-Liévin »."""
    return (_FORME.sub("", pack.nom) or pack.sigle)[:60]


def _champs(
    pack: packs.Territoire, contenu: dict[str, Any], empreinte: str, le: datetime, hote: str | None
) -> dict[str, Any]:
    repli = next((c for c in pack.contacts if c.repli), None)
    return {
        "nom": pack.nom,
        "nom_court": nom_court(pack),
        "siren": pack.epci.siren,
        "hote": pack.hote if hote is None else hote,
        "service": pack.services[0].libelle if pack.services else pack.epci.nom,
        "adresse": "\n".join(pack.epci.siege),
        "courriel": (repli.courriel or "") if repli else "",
        "telephone": repli.telephones[0] if repli and repli.telephones else "",
        "attribution": "\n".join(f"{a.objet} : {a.texte} ({a.licence})" for a in pack.attributions),
        "cadre": contenu,
        "empreinte_du_pack": empreinte,
        "charge_le": le,
    }


def _remplacer(modele: type[models.Model], lignes: list[Any], cles: tuple[str, ...]) -> None:
    """Écrit les lignes, met à jour celles qui existent par leur clé."""
    ignores = {"id", *cles}
    champs = [f.name for f in modele._meta.concrete_fields if f.name not in ignores]
    modele._default_manager.bulk_create(
        lignes, update_conflicts=True, unique_fields=cles, update_fields=champs
    )


def _retirer(territoire: Territoire, relation: str, codes: Iterable[str], quoi: str) -> None:
    """Ôte ce que le pack ne cite plus, sauf si un dossier s'en sert."""
    restes = getattr(territoire, relation).exclude(code__in=list(codes))
    try:
        restes.delete()
    except ProtectedError as refus:
        noms = ", ".join(sorted({str(o) for o in restes.values_list("code", flat=True)}))
        raise ActeBloque(
            f"Le pack ne cite plus {quoi} : {noms}. Des dossiers s'en servent. Remettez-les dans le pack."
        ) from refus


def _communes(territoire: Territoire, pack: packs.Territoire) -> dict[str, Commune]:
    lignes = [
        Commune(
            territoire=territoire,
            code_insee=c.insee,
            code=c.code,
            nom=c.nom,
            siren=c.siren or "",
            epci=c.epci or "",
            est_membre=c.membre,
        )
        for c in pack.communes
    ]
    _remplacer(Commune, lignes, ("territoire", "code_insee"))
    _retirer(territoire, "communes", (c.code for c in pack.communes), "des communes")
    return {c.code: c for c in territoire.communes.all()}


def _quartiers(
    territoire: Territoire, pack: packs.Territoire, contours: dict[str, Any], communes: dict[str, Commune]
) -> None:
    formes = {f["properties"]["code_qp"]: f["geometry"] for f in contours.get("features", ())}
    lignes = [
        Quartier(
            territoire=territoire,
            code=q.code,
            code_2015=q.code_ancien or "",
            nom=q.nom,
            contour=formes.get(q.code, {}),
            lon=q.lon,
            lat=q.lat,
        )
        for q in pack.quartiers
    ]
    _remplacer(Quartier, lignes, ("territoire", "code"))
    _retirer(territoire, "quartiers", (q.code for q in pack.quartiers), "des quartiers")
    quartiers = {q.code: q for q in territoire.quartiers.defer("contour")}
    couple = Quartier.communes.through
    couple.objects.filter(quartier__territoire=territoire).delete()
    couple.objects.bulk_create(
        couple(quartier=quartiers[code], commune=communes[commune]) for code, commune in pack.couples()
    )


def _nomenclatures(territoire: Territoire, pack: packs.Territoire) -> None:
    piliers = [
        Pilier(territoire=territoire, code=p.code, nom=p.libelle, rang=rang)
        for rang, p in enumerate(pack.piliers, start=1)
    ]
    _remplacer(Pilier, piliers, ("territoire", "code"))
    _retirer(territoire, "piliers", (p.code for p in pack.piliers), "des piliers")
    thematiques = [
        Thematique(
            territoire=territoire,
            code=t.code,
            nom=t.libelle,
            code_etat=t.codes_etat[0] if t.codes_etat else "",
            rang=rang,
        )
        for rang, t in enumerate(pack.thematiques, start=1)
    ]
    _remplacer(Thematique, thematiques, ("territoire", "code"))
    _retirer(territoire, "thematiques", (t.code for t in pack.thematiques), "des thématiques")


def _financeurs(territoire: Territoire, pack: packs.Territoire, communes: dict[str, Commune]) -> None:
    lignes = [
        Financeur(
            territoire=territoire,
            code=f.code,
            nom=f.nom,
            sigle=f.sigle,
            type=f.type,
            couleur=f.couleur,
            siren=f.siren or (f.siret or "")[:9],
            commune=communes.get(f.code) if f.type == "commune" else None,
            paiement=f.paiement,
            rang=rang,
        )
        for rang, f in enumerate(pack.financeurs, start=1)
    ]
    _remplacer(Financeur, lignes, ("territoire", "code"))
    _retirer(territoire, "financeurs", (f.code for f in pack.financeurs), "des financeurs")


def _contacts(territoire: Territoire, pack: packs.Territoire, communes: dict[str, Commune]) -> None:
    financeurs = {f.code: f for f in territoire.financeurs.all()}
    lignes = [
        Contact(
            territoire=territoire,
            code=c.code,
            organisation=financeurs[c.financeur].nom,
            financeur=financeurs[c.financeur],
            fonction=c.fonction,
            perimetre=c.perimetre or "",
            themes=list(c.thematiques),
            commune=communes.get(c.commune or ""),
            courriel=c.courriel or "",
            telephone=c.telephones[0] if c.telephones else "",
            telephone_2=c.telephones[1] if len(c.telephones) > 1 else "",
            est_repli=c.repli,
            rang=rang,
        )
        for rang, c in enumerate(pack.contacts, start=1)
    ]
    territoire.contacts.all().delete()
    Contact.objects.bulk_create(lignes)
