"""Agir sans compte : un lien ouvre un seul acte, sur un seul objet, une fois, jusqu'à une date."""

from __future__ import annotations

import secrets
from datetime import date, datetime

from django.db import transaction

from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.models import Lien, empreinte_du_jeton

REMPLACE = "Un lien plus récent vous a été envoyé : ouvrez-le dans votre dernier courriel."


@transaction.atomic
def ouvrir_lien(
    *,
    acte: str,
    objet: str,
    teneur: str,
    territoire: str,
    fonction: str,
    organisation: str,
    jusqu_au: date,
    le: datetime,
) -> tuple[Lien, str]:
    """Un lien neuf et son jeton, que la base ne connaît que haché ; les précédents sont révoqués."""
    refermer_liens(acte=acte, objet=objet, motif=REMPLACE, le=le)
    jeton = secrets.token_urlsafe(32)
    lien = Lien.objects.create(
        empreinte=empreinte_du_jeton(jeton), acte=acte, objet=objet, teneur=teneur, territoire=territoire,
        fonction=fonction[:150], organisation=organisation[:200], cree_le=le, jusqu_au=jusqu_au,
    )  # fmt: skip
    return lien, jeton


def utiliser_lien(lien: Lien, *, le: datetime) -> None:
    """Consomme le lien, ou lève `ActeBloque` avec ce qui l'a fermé ; deux clics n'agissent qu'une fois."""
    tenu = Lien.objects.select_for_update().get(pk=lien.pk)
    if raison := tenu.fermeture(le=le):
        raise ActeBloque(raison)
    tenu.utilise_le = le
    tenu.save(update_fields=("utilise_le",))


def refermer_liens(*, acte: str, objet: str, motif: str, le: datetime) -> int:
    """Révoque les liens encore vivants de cet acte sur cet objet ; rend leur nombre."""
    vivants = Lien.objects.pour(acte, [objet]).vivants(le=le).order_by()
    return vivants.update(revoque_le=le, revoque_motif=motif)
