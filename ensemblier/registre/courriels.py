"""La boîte d'envoi : écrite dans la transaction de l'acte, vidée par le rythme, hors de toute transaction.

Un courriel part au moins une fois : une panne entre l'envoi et sa marque le renvoie, sous le même
`Message-ID`, que les boîtes reconnaissent. Réserver, envoyer, marquer sont trois temps ; aucun ne tient la
base pendant que le serveur de courriels répond.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import F
from django.template.loader import render_to_string

from ensemblier.interface import lettres
from ensemblier.registre.models import Courriel

BAIL = timedelta(minutes=5)
"""Le temps d'un envoi, très large : passé ce bail, qui avait réservé est mort, un autre reprend."""
ATTENTE_MAX = timedelta(hours=6)
TENTATIVES_MAX = 20
"""De minute en minute doublée, puis toutes les six heures : trois jours d'essais avant d'abandonner."""
_JETON = re.compile(r"(/liens/(?:co-porteur/)?)[\w-]{20,}")


def poster(
    *,
    cle: str,
    a: str,
    sujet: str,
    gabarit: str,
    contexte: dict[str, Any],
    le: datetime,
    genre: str = "",
    objet: str = "",
    desabonnement: str = "",
    differe: bool = False,
    agenda: str = "",
) -> Courriel | None:
    """Met un courriel en attente ; la même clé ne s'écrit pas deux fois (rend alors `None`).

    `gabarit` est la racine d'un gabarit `.html` ; le texte seul en est tiré. `differe` : attend le
    récapitulatif de son destinataire. `objet` : ce dont il parle (« dossiers.Dossier:42 »).
    `agenda` : un fichier iCalendar, joint tel quel.
    Une adresse que rien ne livrerait, ou qui porte un saut de ligne, est gardée, abandonnée, sa cause écrite.
    """
    html = _habiller(gabarit, contexte, desabonnement)
    courriel = _courriel(
        cle=cle, a=a, sujet=sujet, html=html, le=le, genre=genre, objet=objet, desabonnement=desabonnement,
        est_differe=differe, agenda=agenda,
    )  # fmt: skip
    try:
        with transaction.atomic():
            courriel.save(force_insert=True)
    except IntegrityError:
        # Presque toujours neuf : écrire d'abord épargne une lecture par destinataire.
        if not Courriel.objects.filter(cle=cle).exists():
            raise
        return None
    return courriel


def poster_a_chacun(
    *,
    cles: Mapping[str, str],
    sujet: str,
    gabarit: str,
    contexte: dict[str, Any],
    le: datetime,
    genre: str = "",
    objet: str = "",
) -> None:
    """Le même courriel à plusieurs adresses (`cles` : la clé de chacune), écrit une fois pour toutes.

    Comme `poster`, une clé déjà prise ne s'écrit pas deux fois.
    """
    html = _habiller(gabarit, contexte)
    Courriel.objects.bulk_create(
        (
            _courriel(cle=cle, a=a, sujet=sujet, html=html, le=le, genre=genre, objet=objet)
            for a, cle in cles.items()
        ),
        ignore_conflicts=True,
    )


def _habiller(gabarit: str, contexte: dict[str, Any], desabonnement: str = "") -> str:
    commun = {"adresse_publique": settings.ADRESSE_PUBLIQUE, "desabonnement": desabonnement}
    return lettres.habiller(render_to_string(f"{gabarit}.html", contexte | commun))


def _courriel(*, a: str, sujet: str, html: str, le: datetime, **champs: Any) -> Courriel:
    refus = _refus_de(a)
    return Courriel(
        destinataire="".join(a.split())[:254],
        sujet=" ".join(sujet.split())[:200],
        texte=lettres.en_texte(html),
        html=html,
        cree_le=le,
        erreur=refus,
        abandonne_le=le if refus else None,
        **champs,
    )


def _refus_de(adresse: str) -> str:
    try:
        validate_email(adresse)
    except ValidationError:
        return "Cette adresse n'en est pas une : rien n'est envoyé."
    return ""


def envoyer_en_attente(*, le: datetime, au_plus: int = 200) -> tuple[int, int]:
    """Vide la boîte : rend (envoyés, échoués). Un échec est gardé, avec sa cause, et retenté plus tard."""
    envoyes = echoues = 0
    identifiants = list(Courriel.objects.a_envoyer(le).values_list("pk", flat=True)[:au_plus])
    liaison = get_connection() if identifiants else None
    for identifiant in identifiants:
        courriel = _reserver(identifiant, le=le)
        if courriel is None:
            continue
        try:
            liaison.send_messages([_message(courriel, liaison)])
        except Exception as erreur:
            _echouer(courriel, erreur, le=le)
            _fermer(liaison)
            echoues += 1
        else:
            _marquer(courriel, le=le)
            envoyes += 1
    if liaison is not None:
        _fermer(liaison)
    return envoyes, echoues


def _reserver(identifiant: int, *, le: datetime) -> Courriel | None:
    """Une seule écriture, que deux rythmes ne gagnent pas tous les deux ; l'essai est compté d'avance."""
    libre = Courriel.objects.a_envoyer(le).filter(pk=identifiant)
    pris = libre.update(reserve_jusqu_au=le + BAIL, tentatives=F("tentatives") + 1)
    return Courriel.objects.get(pk=identifiant) if pris else None


def _message(courriel: Courriel, liaison: BaseEmailBackend) -> EmailMultiAlternatives:
    entetes = {"Message-ID": identite(courriel), "Auto-Submitted": "auto-generated"}
    if courriel.desabonnement:
        # RFC 8058 : la messagerie désabonne d'un POST, sans ouvrir de page.
        entetes["List-Unsubscribe"] = f"<{courriel.desabonnement}>"
        entetes["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message = EmailMultiAlternatives(
        courriel.sujet, courriel.texte, to=[courriel.destinataire], headers=entetes, connection=liaison
    )
    if courriel.html:
        message.attach_alternative(courriel.html, "text/html")
    if courriel.agenda:
        message.attach("seance.ics", courriel.agenda, _type_de_l_agenda(courriel.agenda))
    return message


def _type_de_l_agenda(agenda: str) -> str:
    """La méthode du fichier se redit dans son type (RFC 6047) : la messagerie ajoute, déplace ou ôte."""
    methode = re.search(r"^METHOD:(\w+)", agenda, re.M)
    return f"text/calendar; method={methode[1] if methode else 'PUBLISH'}"


def identite(courriel: Courriel) -> str:
    """Le `Message-ID` : le même à chaque essai, pour qu'un double se reconnaisse."""
    maison = urlsplit(settings.ADRESSE_PUBLIQUE).hostname or "ensemblier"
    return f"<{courriel.pk}.{courriel.cree_le:%Y%m%d%H%M%S}@{maison}>"


def _marquer(courriel: Courriel, *, le: datetime) -> None:
    """Parti, le courriel oublie le jeton d'un lien : la base n'en garde que l'empreinte (`registre.Lien`)."""
    courriel.envoye_le, courriel.reserve_jusqu_au, courriel.erreur = le, None, ""
    courriel.texte, courriel.html = _sans_jeton(courriel.texte), _sans_jeton(courriel.html)
    courriel.save(update_fields=("envoye_le", "reserve_jusqu_au", "erreur", "texte", "html"))


def _echouer(courriel: Courriel, erreur: Exception, *, le: datetime) -> None:
    """Attend deux fois plus longtemps ; abandonne si la boîte n'existe pas, ou après trois jours."""
    courriel.erreur, courriel.reserve_jusqu_au = f"{type(erreur).__name__} : {erreur}"[:2000], None
    courriel.prochain_essai_le = le + min(timedelta(minutes=2 ** (courriel.tentatives - 1)), ATTENTE_MAX)
    if _est_definitive(erreur) or courriel.tentatives >= TENTATIVES_MAX:
        courriel.abandonne_le = le
    courriel.save(update_fields=("erreur", "reserve_jusqu_au", "prochain_essai_le", "abandonne_le"))


def _est_definitive(erreur: Exception) -> bool:
    """Le serveur d'en face refuse ce destinataire pour toujours (5xx), ou le message ne peut s'écrire."""
    if isinstance(erreur, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in erreur.recipients.values())
    return isinstance(erreur, ValueError)


def _fermer(liaison: BaseEmailBackend) -> None:
    try:
        liaison.close()
    except Exception:  # une liaison morte qui se ferme mal n'empêche pas le courriel suivant
        return


def relancer(*, le: datetime) -> int:
    """L'exploitant a réparé : les courriels abandonnés repartent, sous la même identité. Rend leur nombre."""
    abandonnes = [c.pk for c in Courriel.objects.abandonnes() if not _refus_de(c.destinataire)]
    return Courriel.objects.filter(pk__in=abandonnes).update(
        abandonne_le=None, prochain_essai_le=le, tentatives=0
    )


def _sans_jeton(texte: str) -> str:
    return _JETON.sub(r"\1…", texte)
