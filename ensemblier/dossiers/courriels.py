"""Les courriels d'un dossier : leurs mots, et à qui ils partent, calculés depuis l'organisme."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ensemblier.comptes.courriels import ecrire, ecrire_a_chacun
from ensemblier.comptes.models import Aide, Genre, Organisme, Rattachement, Utilisateur
from ensemblier.dossiers.accuse import pour_lecture
from ensemblier.dossiers.lecture import phrase_du_contact
from ensemblier.dossiers.models import ContactCommune, CoPorteur, Derogation, Dossier, Message, Renoncement
from ensemblier.dossiers.suivi import adresse_du_suivi
from ensemblier.noyau.calendrier import en_francais, jour_de
from ensemblier.noyau.machine import Acteur
from ensemblier.registre.models import Lien
from ensemblier.territoires.models import Contact, Territoire


def destinataires(objet: Dossier | Derogation, *, le: datetime) -> list[str]:
    """Les adresses des personnes de l'organisme, rattachées ce jour-là, sans doublon."""
    rattachements = Rattachement.objects.en_vigueur(jour_de(le)).filter(
        organisme=objet.organisme_id, utilisateur__is_active=True
    )
    return sorted(set(rattachements.values_list("utilisateur__courriel", flat=True)))


def envoyer_l_accuse(dossier: Dossier, *, a: Iterable[str], le: datetime) -> None:
    """L'accusé en entier, à la personne signataire et aux rédacteurs ; une fois chacun."""
    ecrire_a_chacun(
        Genre.ACCUSE,
        cle=f"accuse:{dossier.pk}",
        a=a,
        sujet=f"{dossier.numero} · Votre dossier est déposé",
        gabarit="dossiers/courriels/accuse",
        contexte={"dossier": dossier, "accuse": pour_lecture(dossier)},
        le=le,
    )


def envoyer_le_retrait(dossier: Dossier, *, le: datetime) -> None:
    for adresse in destinataires(dossier, le=le):
        ecrire(
            Genre.ACCUSE,
            cle=f"retrait:{dossier.pk}:{adresse}",
            a=adresse,
            sujet=f"{dossier.numero} · Votre dossier est retiré",
            gabarit="dossiers/courriels/retrait",
            contexte={"dossier": dossier},
            le=le,
        )


def demander_confirmation(
    dossier: Dossier, contact: ContactCommune, referent: Contact, *, lien: Lien, jeton: str, le: datetime
) -> None:
    """La question au référent de la ville, à l'adresse de sa fonction, avec le lien pour y répondre."""
    ecrire(
        Genre.CONFIRMATION,
        cle=f"confirmation:{lien.pk}",
        a=referent.courriel,
        sujet=f"{dossier.numero} · Confirmez-vous ce contact ?",
        gabarit="dossiers/courriels/confirmation",
        contexte={
            "dossier": dossier,
            "phrase": phrase_du_contact(contact, dossier.organisme.nom),
            "referent": referent,
            "lien": lien,
            "jeton": jeton,
        },
        le=le,
    )


def inviter_l_aide(dossier: Dossier, aide: Aide, *, le: datetime) -> None:
    """Le même message, que l'adresse ait un compte ou non."""
    ecrire(
        Genre.COMPTE,
        cle=f"aide:{aide.pk}:{le:%Y%m%d}",
        a=aide.courriel,
        sujet=f"{dossier.organisme.nom} vous invite à aider sur un dossier"[:200],
        gabarit="dossiers/courriels/aide",
        contexte={"dossier": dossier, "aide": aide},
        le=le,
    )


def demander_la_signature(
    dossier: Dossier, signataires: Iterable[Rattachement], *, par: Acteur, le: datetime
) -> None:
    """Le dossier est prêt : à chaque personne qui peut le déposer, qui le lui demande."""
    for adresse in sorted({r.utilisateur.courriel for r in signataires}):
        ecrire(
            Genre.ECHEANCE,
            cle=f"signature:{dossier.pk}:{le:%Y%m%d}:{adresse}",
            a=adresse,
            sujet=f"{dossier.numero} · Votre signature est demandée",
            gabarit="dossiers/courriels/signature",
            contexte={"dossier": dossier, "qui": par.signature},
            le=le,
        )


def demander_au_co_porteur(
    dossier: Dossier, co_porteur: CoPorteur, *, lien: Lien, jeton: str, le: datetime
) -> None:
    """La question, à l'adresse que le porteur a écrite, avec son lien ; et, sans lui, aux personnes qui
    peuvent répondre : un organisme apprend toujours qu'on le dit co-porteur."""
    chez_eux = _signataires_du_co_porteur(co_porteur, le=le)
    for adresse, secret in [(co_porteur.courriel, jeton), *((a, "") for a in chez_eux)]:
        ecrire(
            Genre.CONFIRMATION,
            cle=f"co-porteur:{lien.pk}:{adresse}",
            a=adresse,
            sujet=f"{dossier.numero} · Portez-vous cette action ?",
            gabarit="dossiers/courriels/co_porteur",
            contexte={"dossier": dossier, "co_porteur": co_porteur, "lien": lien, "jeton": secret},
            le=le,
        )


def _signataires_du_co_porteur(co_porteur: CoPorteur, *, le: datetime) -> list[str]:
    """Les signataires du compte qui a ce numéro ; l'adresse écrite par le porteur n'est pas répétée."""
    siens = Rattachement.objects.en_vigueur(jour_de(le)).filter(
        organisme__in=Organisme.objects.de_numero(co_porteur.numero),
        qualite=Rattachement.Qualite.SIGNATAIRE, utilisateur__is_active=True,
    )  # fmt: skip
    return sorted(set(siens.values_list("utilisateur__courriel", flat=True)) - {co_porteur.courriel})


def annoncer_la_reponse(dossier: Dossier, co_porteur: CoPorteur, *, le: datetime) -> None:
    """Le porteur apprend la réponse, avec le motif d'un refus."""
    verbe = "confirme" if co_porteur.confirme else "décline"
    for adresse in destinataires(dossier, le=le):
        ecrire(
            Genre.CONFIRMATION,
            cle=f"co-porteur-repond:{co_porteur.pk}:{le.isoformat()}:{adresse}",
            a=adresse,
            sujet=f"{dossier.numero} · Votre co-porteur {verbe}",
            gabarit="dossiers/courriels/co_porteur_repond",
            contexte={"dossier": dossier, "co_porteur": co_porteur},
            le=le,
        )


def annoncer_le_retrait_du_co_porteur(dossier: Dossier, co_porteur: CoPorteur, *, le: datetime) -> None:
    """Qui avait été interrogé, ou avait confirmé, apprend qu'il n'est plus nommé."""
    for adresse in filter(None, (co_porteur.courriel, *_signataires_du_co_porteur(co_porteur, le=le))):
        ecrire(
            Genre.CONFIRMATION,
            cle=f"co-porteur-retire:{co_porteur.pk}:{adresse}",
            a=adresse,
            sujet=f"{dossier.numero} · Vous n'êtes plus co-porteur",
            gabarit="dossiers/courriels/co_porteur_retire",
            contexte={"dossier": dossier, "co_porteur": co_porteur},
            le=le,
        )


def annoncer_le_message(message: Message, *, le: datetime) -> None:
    """Un message attend : dit à l'autre côté, sans son texte, qu'une boîte partagée montrerait à tous."""
    dossier, au_porteur = message.dossier, message.cote == Message.Cote.SERVICE
    sujet = "Le service vous a écrit" if au_porteur else "Le porteur a écrit au service"
    gabarit = "message_au_porteur" if au_porteur else "message_au_service"
    for adresse in destinataires(dossier, le=le) if au_porteur else [adresse_du_suivi(dossier, le=le)]:
        ecrire(
            Genre.MESSAGE if au_porteur else Genre.TRAVAIL,
            cle=f"message:{message.pk}:{adresse}",
            a=adresse,
            sujet=f"{dossier.numero} · {sujet}",
            gabarit=f"dossiers/courriels/{gabarit}",
            contexte={"dossier": dossier, "message": message},
            le=le,
            objet=dossier.designation(),
        )


def annoncer_le_renoncement(renoncement: Renoncement, *, le: datetime) -> None:
    """Au service, ce que l'organisme accepte ; à l'organisme, ce qu'un agent a noté de sa lettre."""
    dossier, par_un_agent = renoncement.demande.dossier, renoncement.ecrit_id is not None
    for adresse in destinataires(dossier, le=le) if par_un_agent else [adresse_du_suivi(dossier, le=le)]:
        ecrire(
            Genre.DECISION if par_un_agent else Genre.TRAVAIL,
            cle=f"renoncement:{renoncement.pk}:{adresse}",
            a=adresse,
            sujet=f"{dossier.numero} · L'aide peut baisser",
            gabarit="dossiers/courriels/renoncement",
            contexte={"dossier": dossier, "renoncement": renoncement, "par_un_agent": par_un_agent},
            le=le,
            objet=dossier.designation(),
        )


def annoncer_l_affectation(
    dossier: Dossier, a: Utilisateur, *, motif: str, par: Acteur, le: datetime
) -> None:
    """La personne apprend qu'elle suit le dossier, par qui et pourquoi."""
    ecrire(
        Genre.TRAVAIL,
        cle=f"affectation:{dossier.pk}:{a.pk}:{le.isoformat()}",
        a=adresse_du_suivi(dossier, le=le),
        sujet=f"{dossier.numero} · Vous suivez ce dossier",
        gabarit="dossiers/courriels/affectation",
        contexte={"dossier": dossier, "motif": motif, "par": par},
        le=le,
        objet=dossier.designation(),
    )


def annoncer_la_derogation(derogation: Derogation, *, territoire: Territoire, le: datetime) -> None:
    """Les personnes de l'organisme apprennent jusqu'à quand elles peuvent déposer, et pourquoi."""
    for adresse in destinataires(derogation, le=le):
        ecrire(
            Genre.ECHEANCE,
            cle=f"derogation:{derogation.pk}:{derogation.jusqu_au:%Y%m%d}:{adresse}",
            a=adresse,
            sujet=f"{derogation.appel.titre_court} · Déposez jusqu'au {en_francais(derogation.jusqu_au)}",
            gabarit="dossiers/courriels/derogation",
            contexte={"derogation": derogation, "territoire": territoire},
            le=le,
        )
