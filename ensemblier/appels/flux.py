"""Le flux Atom des appels (RFC 4287) : une entrée par version de règlement publiée, jamais réécrite."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.utils.feedgenerator import Atom1Feed

from ensemblier.appels.models import Appel, Reglement
from ensemblier.territoires.models import Territoire


def en_atom(
    territoire: Territoire,
    appels: Iterable[Appel],
    *,
    adresse: str,
    page: str,
    lien: Callable[[Appel, Reglement], str],
) -> str:
    """Le flux ; `lien` donne l'adresse d'une version, `adresse` celle du flux, `page` celle des appels."""
    nom = f"tag:{territoire.code}.ensemblier.example,2025"
    flux = Atom1Feed(
        title=f"Appels · {territoire.nom}", link=page, feed_url=adresse, description="", language="fr",
        author_name=territoire.service, feed_guid=f"{nom}:appels",
    )  # fmt: skip
    versions = [(appel, v) for appel in appels for v in appel.reglements.all()]
    for appel, version in sorted(versions, key=lambda x: x[1].publie_le, reverse=True):
        premiere = version.version == 1
        flux.add_item(
            title=appel.titre
            if premiere
            else f"{appel.titre_court} : version {version.version} du règlement",
            link=lien(appel, version),
            unique_id=f"{nom}:appels/{appel.code}/{version.version}",
            description=appel.chapo if premiere else version.motif or "Le règlement a changé.",
            pubdate=version.publie_le,
            updateddate=version.publie_le,
        )
    return flux.writeString("utf-8")
