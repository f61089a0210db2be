"""La boîte d'envoi : écrite dans la transaction de l'acte, vidée par le rythme."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template import TemplateDoesNotExist
from django.template.loader import get_template, render_to_string

from ensemblier.registre.models import Courriel

TENTATIVES_MAX = 8
_JETON = re.compile(r"(/liens/)[\w-]{20,}")


def poster(
    *, cle: str, a: str, sujet: str, gabarit: str, contexte: dict[str, Any], le: datetime
) -> Courriel | None:
    """Met un courriel en attente ; la même clé ne s'écrit pas deux fois (rend alors `None`).

    `gabarit` est la racine des gabarits `.txt` (obligatoire) et `.html` (s'il existe).
    """
    contexte = {**contexte, "adresse_publique": settings.ADRESSE_PUBLIQUE}
    courriel, nouveau = Courriel.objects.get_or_create(
        cle=cle,
        defaults={
            "destinataire": a,
            "sujet": " ".join(sujet.split())[:200],
            "texte": render_to_string(f"{gabarit}.txt", contexte),
            "html": _html(gabarit, contexte),
            "cree_le": le,
        },
    )
    return courriel if nouveau else None


def _html(gabarit: str, contexte: dict[str, Any]) -> str:
    try:
        return get_template(f"{gabarit}.html").render(contexte)
    except TemplateDoesNotExist:
        return ""


def envoyer_en_attente(*, le: datetime, au_plus: int = 200) -> tuple[int, int]:
    """Vide la boîte : rend (envoyés, échoués). Un échec est gardé, avec sa cause, et retenté."""
    envoyes = echoues = 0
    attente = Courriel.objects.filter(envoye_le=None, tentatives__lt=TENTATIVES_MAX).order_by("pk")
    for identifiant in list(attente.values_list("pk", flat=True)[:au_plus]):
        if _envoyer(identifiant, le=le):
            envoyes += 1
        else:
            echoues += 1
    return envoyes, echoues


def _envoyer(identifiant: int, *, le: datetime) -> bool:
    with transaction.atomic():
        courriel = Courriel.objects.select_for_update().get(pk=identifiant)
        if courriel.envoye_le is not None:
            return True
        message = EmailMultiAlternatives(courriel.sujet, courriel.texte, to=[courriel.destinataire])
        message.extra_headers["Message-ID"] = f"<{courriel.pk}.{courriel.cree_le:%Y%m%d%H%M%S}@ensemblier>"
        if courriel.html:
            message.attach_alternative(courriel.html, "text/html")
        try:
            message.send()
        except Exception as erreur:
            courriel.tentatives += 1
            courriel.erreur = str(erreur)
            courriel.save(update_fields=("tentatives", "erreur"))
            return False
        courriel.envoye_le = le
        courriel.texte, courriel.html = _sans_jeton(courriel.texte), _sans_jeton(courriel.html)
        courriel.save(update_fields=("envoye_le", "texte", "html"))
        return True


def _sans_jeton(texte: str) -> str:
    """Parti, le courriel oublie le jeton d'un lien : la base n'en garde que l'empreinte (`registre.Lien`)."""
    return _JETON.sub(r"\1…", texte)
