"""Porter une action à plusieurs : nommer un organisme, lui demander, recevoir sa réponse (R29 c).

Confirmer engage l'organisme nommé : seule une personne qui peut l'engager le fait, de son compte. Le lien
envoyé à l'adresse que le porteur a écrite ne permet que de lire et de décliner : sinon le porteur, en
écrivant sa propre adresse, se confirmerait lui-même.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from ensemblier.comptes.mandats import empechement
from ensemblier.comptes.models import Organisme
from ensemblier.dossiers import courriels, ecriture
from ensemblier.dossiers.actes.commun import PORTEUR, exiger, tenir, tenir_le_brouillon
from ensemblier.dossiers.etats import CLOS, IRRECEVABLE, RETIRE
from ensemblier.dossiers.models import CoPorteur, Dossier
from ensemblier.noyau.calendrier import ajouter_jours, en_francais, jour_de
from ensemblier.noyau.machine import Acteur, EtatInterdit, Moyen, Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque, consigner
from ensemblier.registre.liens import ouvrir_lien, refermer_liens, utiliser_lien
from ensemblier.registre.models import Evenement, Lien

VALIDITE = 60
"""Jours pendant lesquels le lien répond : un bureau d'association se réunit une fois par mois."""
RELANCE = 3
"""Jours avant de pouvoir récrire à la même adresse."""
QUESTIONS_PAR_JOUR = 10
"""Par dossier : nommer, retirer et renommer n'inonde pas une boîte, ni dix boîtes d'inconnus."""
FERMES = (IRRECEVABLE, RETIRE, CLOS)
PARTI = "Ce co-porteur n'est plus dans le dossier. Rechargez la page."
CHANGE = "Ce que le porteur vous demande a changé depuis. Relisez votre rôle, puis répondez."


@transaction.atomic
def ajouter_co_porteur(
    dossier: Dossier,
    *,
    nom: str,
    numero: str,
    role: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    courriel: str = "",
    fonction: str = "",
) -> CoPorteur:
    """Nomme un autre organisme et ce qu'il fait dans l'action ; le même numéro met à jour (R29 c).

    Son rôle changé, la réponse d'avant ne vaut plus. Avec une adresse, la question part aussitôt.
    """
    exiger(roles, *PORTEUR, quoi="Nommer un co-porteur")
    tenu = tenir_le_brouillon(dossier, roles, quoi="Nommer un co-porteur")
    if numero in (tenu.organisme.siren, tenu.organisme.rna):
        raise ActeBloque("C'est votre organisme : un co-porteur est un autre organisme. Vérifiez le numéro.")
    co_porteur, nouveau = ecriture.poser_co_porteur(
        tenu, nom=nom, numero=numero, role=role, courriel=courriel, fonction=fonction, par=par, le=le
    )
    consigner(
        tenu, "ajouter_co_porteur", par=par, le=le, modifie_le=le,
        libelle=f"Co-porteur {'nommé' if nouveau else 'mis à jour'} : {nom}"[:200],
        details={"numero": numero, "nom": nom, "role": role},
    )  # fmt: skip
    if co_porteur.courriel and co_porteur.confirme is None and co_porteur.demande_le is None:
        _interroger(tenu, co_porteur, par=par, le=le)
    return co_porteur


@transaction.atomic
def demander_au_co_porteur(
    co_porteur: CoPorteur,
    *,
    courriel: str,
    fonction: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> CoPorteur:
    """Pose la question, ou la renvoie ; à la même adresse, trois jours après la précédente au plus tôt."""
    exiger(roles, *PORTEUR, quoi="Demander à un co-porteur")
    tenu = tenir(co_porteur.dossier)
    _exiger_ouvert(tenu)
    lu = tenu.co_porteurs.filter(pk=co_porteur.pk).first()
    if lu is None:
        raise ActeBloque(PARTI)
    if lu.confirme:
        raise ActeBloque(f"{lu.nom} a déjà confirmé : rien ne lui est redemandé.")
    repart = relance_le(lu)
    if lu.confirme is None and repart and jour_de(le) < repart and lu.courriel == courriel.lower():
        raise ActeBloque(
            f"La question est déjà partie à cette adresse. Vous pourrez la renvoyer le "
            f"{en_francais(repart, 'lettre')}."
        )
    lu.courriel, lu.fonction = courriel.lower(), fonction[:150]
    lu.confirme, lu.repondu_le, lu.repondu_par, lu.motif = None, None, "", ""
    lu.save()
    _interroger(tenu, lu, par=par, le=le)
    return lu


def relance_le(co_porteur: CoPorteur) -> date | None:
    """Le premier jour où la même question peut repartir à la même adresse."""
    return ajouter_jours(jour_de(co_porteur.demande_le), RELANCE) if co_porteur.demande_le else None


def _exiger_la_mesure(dossier: Dossier, *, le: datetime) -> None:
    """Le registre compte les questions parties : elles y restent, le co-porteur retiré."""
    parties = Evenement.objects.filter(
        chaine__racine=dossier.racine(), acte="demander_au_co_porteur", le__gt=le - timedelta(days=1)
    )
    if parties.count() >= QUESTIONS_PAR_JOUR:
        raise ActeBloque(
            f"{QUESTIONS_PAR_JOUR} questions sont déjà parties pour ce dossier en un jour. Attendez demain, "
            "ou nommez ce co-porteur sans adresse."
        )


def _interroger(dossier: Dossier, co_porteur: CoPorteur, *, par: Acteur, le: datetime) -> None:
    _exiger_la_mesure(dossier, le=le)
    lien, jeton = ouvrir_lien(
        acte=CoPorteur.REPONDRE, objet=co_porteur.designation(), teneur=co_porteur.teneur(),
        territoire=dossier.territoire.code, fonction=co_porteur.fonction or "contact",
        organisation=co_porteur.nom, jusqu_au=ajouter_jours(jour_de(le), VALIDITE), le=le,
    )  # fmt: skip
    co_porteur.demande_le = le
    co_porteur.save(update_fields=("demande_le",))
    courriels.demander_au_co_porteur(dossier, co_porteur, lien=lien, jeton=jeton, le=le)
    consigner(
        dossier, "demander_au_co_porteur", par=par, le=le,
        libelle=f"Confirmation demandée au co-porteur : {co_porteur.nom}"[:200],
        details={"numero": co_porteur.numero, "jusqu_au": lien.jusqu_au},
    )  # fmt: skip


@transaction.atomic
def repondre_en_co_porteur(
    co_porteur: CoPorteur, *, confirme: bool, motif: str, teneur: str, par: Acteur, le: datetime
) -> CoPorteur:
    """La réponse de l'organisme nommé, par une personne qui peut l'engager ; elle se change, et se date.

    `teneur` : ce que la page montrait ; le rôle récrit entre-temps, la réponse est refusée. L'appelant a lu
    le co-porteur parmi ceux de la personne.
    """
    tenu = tenir(co_porteur.dossier)
    _exiger_ouvert(tenu)
    lu = CoPorteur.objects.de(par, *PORTEUR).filter(pk=co_porteur.pk, dossier=tenu).first()
    if lu is None:
        raise ActeBloque("Le porteur vous a retiré de ce dossier : il n'y a plus rien à répondre.")
    organisme = _organisme_engage(lu, par, le=le)
    if lu.teneur() != teneur:
        raise ActeBloque(CHANGE)
    if not confirme and not motif.strip():
        raise ActeBloque("Dites pourquoi vous déclinez : le porteur et le service le liront.")
    if lu.confirme == confirme:
        return lu
    _noter(tenu, lu, confirme=confirme, motif=motif, par=par, le=le, organisme=organisme)
    refermer_liens(
        acte=CoPorteur.REPONDRE, objet=lu.designation(), le=le,
        motif=f"Votre organisme a répondu le {en_francais(jour_de(le), 'lettre')}.",
    )  # fmt: skip
    return lu


@transaction.atomic
def decliner_par_lien(lien: Lien, *, motif: str, le: datetime) -> CoPorteur:
    """Décliner sans compte : cela n'engage personne, et le porteur peut redemander ; une fois par lien."""
    trouve = CoPorteur.objects.filter(pk=int(lien.objet.rpartition(":")[2])).select_related("dossier").first()
    if trouve is None:
        raise ActeBloque(PARTI)
    tenu = tenir(trouve.dossier)
    lu = tenu.co_porteurs.filter(pk=trouve.pk).first()
    if raison := pourquoi_ferme(lien, lu, dossier=tenu, le=le):
        raise ActeBloque(raison)
    if not motif.strip():
        raise ActeBloque("Dites pourquoi vous déclinez : le porteur et le service le liront.")
    utiliser_lien(lien, le=le)
    par = Acteur(
        nom=f"{lien.fonction}, par le lien reçu"[:150], fonction=lien.organisation, moyen=Moyen.LIEN,
        territoire=lien.territoire,
    )  # fmt: skip
    _noter(tenu, lu, confirme=False, motif=motif, par=par, le=le, organisme=lu.organisme)
    return lu


def pourquoi_ferme(lien: Lien, co_porteur: CoPorteur | None, *, dossier: Dossier, le: datetime) -> str:
    """La phrase qui dit pourquoi ce lien ne répond plus ; vide s'il est ouvert."""
    if raison := lien.fermeture(le=le):
        return raison
    if co_porteur is None:
        return "Le porteur vous a retiré de ce dossier : il n'y a plus rien à répondre."
    if dossier.etat in FERMES:
        return "Le dossier n'est plus examiné : votre réponse n'est plus attendue."
    return CHANGE if co_porteur.teneur() != lien.teneur else ""


def _organisme_engage(co_porteur: CoPorteur, par: Acteur, *, le: datetime) -> Organisme:
    """L'organisme nommé, si la personne peut l'engager ; sinon le refus dit qui le peut."""
    siens = {d.organisme for d in par.perimetres(Role.SIGNATAIRE)}
    connus = Organisme.objects.filter(pk__in=siens)
    organisme = connus.de_numero(co_porteur.numero).first()
    if organisme is None:
        raise RoleInsuffisant(
            f"« Répondre en co-porteur » : cela engage {co_porteur.nom}. La réponse revient à une personne "
            "signataire de cet organisme."
        )
    if empeche := empechement(organisme, par, le=le):
        raise ActeBloque(empeche)
    return organisme


def _noter(
    dossier: Dossier,
    co_porteur: CoPorteur,
    *,
    confirme: bool,
    motif: str,
    par: Acteur,
    le: datetime,
    organisme: Organisme | None,
) -> None:
    ancien = co_porteur.confirme
    champs: dict[str, Any] = {
        "confirme": confirme, "motif": "" if confirme else motif.strip()[:500], "repondu_le": le,
        "repondu_par": par.signature, "organisme": organisme,
    }  # fmt: skip
    for nom, valeur in champs.items():
        setattr(co_porteur, nom, valeur)
    co_porteur.save(update_fields=tuple(champs))
    acte = "confirmer_co_porteur" if confirme else "decliner_co_porteur"
    verbe = "confirmé" if confirme else "retiré de lui-même" if ancien else "décliné"
    consigner(
        dossier, acte, par=par, le=le, motif=co_porteur.motif,
        libelle=f"Co-porteur {verbe} : {co_porteur.nom}"[:200],
        details={"numero": co_porteur.numero, "role": co_porteur.role},
    )  # fmt: skip
    courriels.annoncer_la_reponse(dossier, co_porteur, le=le)


def _exiger_ouvert(dossier: Dossier) -> None:
    if dossier.etat in FERMES:
        raise EtatInterdit(
            f"Le dossier est « {dossier.etat_porteur} » : la réponse d'un co-porteur ne sert plus."
        )


@transaction.atomic
def retirer_co_porteur(
    dossier: Dossier, co_porteur: CoPorteur, *, par: Acteur, roles: Iterable[Role], le: datetime
) -> None:
    """Il ne porte plus l'action ; s'il avait été interrogé, il l'apprend."""
    exiger(roles, *PORTEUR, quoi="Retirer un co-porteur")
    tenu = tenir_le_brouillon(dossier, roles, quoi="Retirer un co-porteur")
    lu = tenu.co_porteurs.filter(pk=co_porteur.pk).first()
    if lu is None:
        raise ActeBloque(PARTI)
    nom, numero, objet = lu.nom, lu.numero, lu.designation()
    if lu.demande_le:
        courriels.annoncer_le_retrait_du_co_porteur(tenu, lu, le=le)
    refermer_liens(
        acte=CoPorteur.REPONDRE, objet=objet, le=le,
        motif="Le porteur vous a retiré de ce dossier : il n'y a plus rien à répondre.",
    )  # fmt: skip
    lu.delete()
    consigner(
        tenu, "retirer_co_porteur", par=par, le=le, libelle=f"Co-porteur retiré : {nom}"[:200],
        details={"numero": numero}, modifie_le=le,
    )  # fmt: skip
