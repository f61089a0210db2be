"""Recevoir un tableau relu, l'essayer, l'appliquer : dans la page s'il est petit, par un travail sinon."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from ensemblier.appels.models import Appel
from ensemblier.comptes.droits import acteur_du_travail
from ensemblier.interface.controles import FichierRefuse
from ensemblier.interface.formats import accord
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.programmation.models import CaseRelue, Retour
from ensemblier.programmation.retour.correspondance import Colonnes
from ensemblier.programmation.retour.essai import EssaiDepasse, appliquer, essayer
from ensemblier.registre.actes import ActeBloque
from ensemblier.registre.fichiers import conserver
from ensemblier.registre.models import LigneDeTravail, Travail
from ensemblier.registre.travaux import Jalon, Ligne, Ouvrage, demander

RELIRE = "relire_un_tableau"
SUR_PLACE = 200
"""Cases qu'une page essaie ou applique elle-même ; au-delà, c'est un travail, qu'on suit et qu'on annule."""


@transaction.atomic
def recevoir(
    appel: Appel,
    *,
    octets: bytes,
    nom: str,
    cle: str,
    par: Acteur,
    le: datetime,
    vient_d_ailleurs: bool = False,
) -> Retour:
    """Garde le fichier reçu ; rien d'autre n'est écrit.

    La même clé avec le même contenu rend le même tableau. Une clé qui a servi à une autre personne, à un
    autre appel ou à un autre contenu n'en rend aucun : le tableau reçu est neuf, sous une clé à lui.
    """
    siens = Retour.objects.visibles_par(par).filter(
        appel=appel, cle=cle, fichier__empreinte=sha256(octets).hexdigest(), fichier__efface_le=None
    )
    if connu := siens.first():
        return connu
    garder = partial(
        _garder, appel, octets=octets, nom=nom, par=par, le=le, vient_d_ailleurs=vient_d_ailleurs
    )
    try:
        with transaction.atomic():
            return garder(cle=cle)
    except IntegrityError:
        return siens.first() or garder(cle=secrets.token_hex(16))


def _garder(
    appel: Appel, *, octets: bytes, nom: str, cle: str, par: Acteur, le: datetime, vient_d_ailleurs: bool
) -> Retour:
    fichier = conserver(octets, nom=nom, type_mime="application/octet-stream", par=par, le=le)
    return Retour.objects.create(
        appel=appel, utilisateur_id=par.utilisateur, fichier=fichier, cle=cle, recu_le=le,
        colonnes={"a_dire": True} if vient_d_ailleurs else {},
    )  # fmt: skip


@transaction.atomic
def dire_les_colonnes(retour: Retour, colonnes: Colonnes) -> None:
    """Note ce que la personne a dit du tableau ; lève `ActeBloque` s'il est déjà appliqué."""
    tenu = Retour.objects.select_for_update(of=("self",)).get(pk=retour.pk)
    if tenu.applique_le is not None:
        raise ActeBloque("Ce tableau est déjà appliqué. Relisez-le de nouveau pour dire d'autres colonnes.")
    retour.colonnes = colonnes.en_json()
    retour.save(update_fields=("colonnes",))


def essayer_ou_mettre_en_file(
    retour: Retour, *, combien: int, cle: str, par: Acteur, le: datetime
) -> Travail | None:
    """L'essai à blanc d'un tableau de `combien` cases changées ; rend le travail s'il y en a un."""
    if combien <= SUR_PLACE:
        essayer(retour, par=par, le=le)
        return None
    return _mettre_en_file(retour, f"Essai à blanc : {retour.fichier.nom}", cle=cle, par=par, le=le)


def appliquer_ou_mettre_en_file(
    retour: Retour, *, essai: int, cle: str, par: Acteur, le: datetime
) -> Travail | None:
    """Applique l'essai montré ; rend le travail s'il y en a un. Lève `ActeBloque` si rien n'est écrit."""
    if retour.cases.filter(issue=CaseRelue.Issue.BONNE).count() <= SUR_PLACE:
        appliquer(retour, essai=essai, par=par, le=le)
        return None
    titre = f"Tableau relu : {retour.fichier.nom}"
    return _mettre_en_file(retour, titre, cle=cle, par=par, le=le, essai=essai)


def _mettre_en_file(
    retour: Retour, titre: str, *, cle: str, par: Acteur, le: datetime, essai: int | None = None
) -> Travail:
    return demander(
        cle=cle, genre=RELIRE, titre=titre, par=par, le=le,
        parametres={"retour": retour.pk, "essai": essai},
        retour=reverse("programmation_retours", args=[retour.appel.code]),
    )  # fmt: skip


def _relire(travail: Travail, jalon: Jalon) -> None:
    """L'essai à blanc, ou l'application de l'essai montré ; repris, il n'écrit pas deux fois."""
    retour = Retour.objects.select_related("fichier", "appel__territoire", "appel__reglement").get(
        pk=travail.parametres["retour"]
    )
    le = timezone.now()
    par, _ = acteur_du_travail(travail, le=jour_de(le))
    adresse = reverse("programmation_retour", args=[retour.appel.code, retour.pk])
    essai = travail.parametres["essai"]
    try:
        if essai is None:
            essayer(
                retour, par=par, le=le,
                avance=lambda fait, total: jalon.avance(fait, total, "Essai à blanc"),
            )  # fmt: skip
            jalon.rapporter(_refus(retour))
            jalon.conclure(phrase=phrase_de_l_essai(retour), adresse=adresse)
            return
        appliquer(
            retour, essai=essai, par=par, le=le,
            conclure=lambda n: jalon.conclure(phrase=phrase_de_l_application(n), adresse=adresse),
        )  # fmt: skip
    except FichierRefuse as refus:
        raise ActeBloque(str(refus)) from refus
    except EssaiDepasse as depasse:
        jalon.rapporter(_refus(retour))
        jalon.conclure(phrase=str(depasse), adresse=adresse)


def _refus(retour: Retour) -> list[Ligne]:
    graves = (CaseRelue.Issue.CONFLIT, CaseRelue.Issue.REFUSEE)
    return [
        Ligne(f"{c.lieu} · {c.numero}", issue=LigneDeTravail.Issue.REFUSE, phrase=c.phrase)
        for c in retour.cases.filter(issue__in=graves)
    ]


def phrase_de_l_essai(retour: Retour) -> str:
    """« 3 cases à appliquer, 1 refusée, 1 en conflit. Rien n'est écrit. »"""
    issue = CaseRelue.Issue
    lues = [*retour.cases.values_list("issue", flat=True)]
    if not lues and retour.colonnes:
        return "Ces colonnes ne disent aucun montant : rien n'est à appliquer."
    if not lues:
        return "Aucune case n'a changé depuis l'export : rien n'est à appliquer."
    dits = [accord(lues.count(issue.BONNE), "case à appliquer", "cases à appliquer")]
    for nom, une, plusieurs in (
        (issue.CONFLIT, "en conflit", "en conflit"),
        (issue.REFUSEE, "refusée", "refusées"),
        (issue.PAREILLE, "déjà ainsi", "déjà ainsi"),
    ):
        if combien := lues.count(nom):
            dits.append(accord(combien, une, plusieurs))
    return f"{', '.join(dits)}. Rien n'est écrit."


def phrase_de_l_application(combien: int) -> str:
    return f"{accord(combien, 'case écrite', 'cases écrites')} dans le tableau, d'un seul tenant."


OUVRAGES = (Ouvrage(RELIRE, _relire, est_long=True, bail=timedelta(minutes=15)),)
