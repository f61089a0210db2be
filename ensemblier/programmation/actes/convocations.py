"""La convocation d'une séance : ses membres, son ordre du jour, ses changements, son annulation.

Chaque changement a sa raison, laisse sa trace, et part par courriel à chaque membre avec l'agenda à jour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from ensemblier.appels.models import Appel
from ensemblier.comptes.models import Habilitation, Utilisateur
from ensemblier.dossiers.etats import RECEVABLE
from ensemblier.dossiers.models import Acces, Dossier
from ensemblier.instruction.droits import PILOTE, exiger_role
from ensemblier.interface.formats import echeance
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.programmation import courriels
from ensemblier.programmation.actes.seances import RAISON, deporter_les_interesses
from ensemblier.programmation.etats import CONVOQUEE
from ensemblier.programmation.models import Inscription, Participant, Seance
from ensemblier.registre.actes import ActeBloque, avancer, consigner, ouvrir, verrouiller


@dataclass(frozen=True, slots=True)
class Membre:
    """Une personne convoquée, sa fonction, et si elle vote."""

    utilisateur: Utilisateur
    fonction: str
    a_voix: bool = True


@transaction.atomic
def convoquer(
    appel: Appel,
    *,
    type: str,
    titre: str,
    seance_le: datetime,
    lieu: str = "",
    duree_minutes: int = 120,
    quorum: int | None = None,
    membres: Sequence[Membre],
    dossiers: Sequence[Dossier],
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> Seance:
    """Convoque : chaque membre lit les dossiers listés, sauf ceux dont un intérêt l'écarte (B10).

    `quorum` vide : celui que l'appel écrit.
    La même convocation envoyée deux fois rend la même séance (T09).
    """
    exiger_role(roles, PILOTE, "Convoquer une séance")
    verrouiller(appel.racine())
    if deja := _deja_convoquee(appel, type, titre, seance_le, membres, dossiers):
        return deja
    _verifier_l_ordre_du_jour(appel, dossiers)
    requis = quorum if quorum is not None else quorum_de_l_appel(appel, votants=_votants(membres))
    _verifier_le_quorum(membres, requis)
    if raison := jour_passe(jour_de(seance_le), jour_de(le)):
        raise ActeBloque(raison)
    _exiger_les_habilitations(appel, [m.utilisateur for m in membres], jour=jour_de(seance_le))
    seance = Seance(
        territoire=appel.territoire,
        appel=appel,
        type=type,
        titre=titre,
        le=seance_le,
        lieu=lieu,
        duree_minutes=duree_minutes,
        quorum=requis,
    )
    ouvrir(
        seance, par=par, le=le, acte="convoquer", libelle="Séance convoquée", public=False,
        details={"dossiers": [d.numero for d in dossiers], "membres": len(membres), "quorum": requis},
    )  # fmt: skip
    Participant.objects.bulk_create(
        Participant(seance=seance, utilisateur=m.utilisateur, fonction=m.fonction, a_voix=m.a_voix)
        for m in membres
    )
    Inscription.objects.bulk_create(
        Inscription(seance=seance, dossier=d, rang=rang) for rang, d in enumerate(dossiers, start=1)
    )
    deporter_les_interesses(seance, par=par, le=le)
    _ouvrir_les_acces(seance, le=le)
    courriels.convoquer(seance, le=le)
    return seance


def _deja_convoquee(
    appel: Appel,
    type: str,
    titre: str,
    seance_le: datetime,
    membres: Sequence[Membre],
    dossiers: Sequence[Dossier],
) -> Seance | None:
    """La séance du même titre, à la même heure, avec les mêmes membres et les mêmes dossiers."""
    personnes, inscrits = {m.utilisateur.pk for m in membres}, {d.pk for d in dossiers}
    for seance in Seance.objects.filter(appel=appel, type=type, titre=titre, le=seance_le):
        siegent = set(seance.participants.values_list("utilisateur_id", flat=True))
        if siegent == personnes and inscrits == set(seance.inscriptions.values_list("dossier_id", flat=True)):
            return seance
    return None


def _verifier_l_ordre_du_jour(appel: Appel, dossiers: Sequence[Dossier]) -> None:
    if etrangers := [d.numero for d in dossiers if d.appel_id != appel.pk]:
        raise ActeBloque(f"Ces dossiers ne sont pas de l'appel « {appel} » : {', '.join(etrangers)}.")
    if pas_prets := [d.numero for d in dossiers if d.etat != RECEVABLE]:
        raise ActeBloque(
            f"Une séance examine des dossiers recevables. Ne le sont pas : {', '.join(pas_prets)}."
        )


def _votants(membres: Sequence[Membre]) -> int:
    return sum(1 for m in membres if m.a_voix)


def quorum_de_l_appel(appel: Appel, *, votants: int) -> int:
    """Ce que le pack écrit pour ce nombre de votants ; un, s'il n'écrit rien (P17)."""
    ecrit = appel.regles().quorum
    return ecrit.requis(votants) if ecrit else 1


def _verifier_le_quorum(membres: Sequence[Membre], quorum: int) -> None:
    votants = _votants(membres)
    if not 1 <= quorum <= votants:
        raise ActeBloque(
            f"Le quorum est de {quorum} pour {votants} membres votants : il ne peut pas être tenu."
        )


def jour_passe(jour: date, ce_jour: date) -> str:
    """Ce qui empêche de convoquer pour un jour déjà passé ; vide sinon."""
    if jour >= ce_jour:
        return ""
    return f"Le {jour:%d/%m/%Y} est passé : une convocation annonce une séance. Choisissez un jour à venir."


def _exiger_les_habilitations(appel: Appel, personnes: Sequence[Utilisateur], *, jour: date) -> None:
    """Un mandat fini ou pas commencé ne siège pas : l'habilitation vaut au jour de la séance."""
    habilites = set(
        Habilitation.objects.en_vigueur(jour)
        .filter(territoire=appel.territoire, utilisateur__in=personnes)
        .values_list("utilisateur_id", flat=True)
    )
    if sans := [p.nom_complet for p in personnes if p.pk not in habilites]:
        raise ActeBloque(
            f"Sans habilitation en vigueur le {jour:%d/%m/%Y} : {', '.join(sans)}. "
            "Retirez ces personnes, ou changez la date."
        )


def _ouvrir_les_acces(seance: Seance, *, le: datetime) -> None:
    """Un accès par membre et par dossier ; le déport l'emporte toujours sur l'accès (`visibles_par`)."""
    raison = _raison_d_acces(seance)
    membres = list(seance.participants.values_list("utilisateur_id", flat=True))
    Acces.objects.bulk_create(
        (
            Acces(dossier_id=dossier, utilisateur_id=membre, raison=raison, accorde_le=le)
            for dossier in seance.inscriptions.values_list("dossier_id", flat=True)
            for membre in membres
        ),
        ignore_conflicts=True,
    )


def _raison_d_acces(seance: Seance) -> str:
    return f"Séance {seance.pk}"


@transaction.atomic
def deplacer_la_seance(
    seance: Seance,
    *,
    seance_le: datetime,
    lieu: str,
    motif: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> None:
    """Change la date ou le lieu d'une séance convoquée, avec sa raison ; la convocation repart à chacun.

    Renvoyée (même date, même lieu), elle ne change rien et n'écrit à personne (T09).
    """
    exiger_role(roles, PILOTE, "Changer la date ou le lieu")
    verrouiller(seance.racine())
    _exiger_convoquee(seance)
    if (seance_le, lieu) == (seance.le, seance.lieu):
        return
    if raison := jour_passe(jour_de(seance_le), jour_de(le)):
        raise ActeBloque(raison)
    membres = [p.utilisateur for p in seance.participants.select_related("utilisateur")]
    _exiger_les_habilitations(seance.appel, membres, jour=jour_de(seance_le))
    details = {"de": [seance.le, seance.lieu], "vers": [seance_le, lieu]}
    _changer(
        seance, "deplacer_la_seance", motif, par=par, le=le, details=details, seance_le=seance_le, lieu=lieu,
        libelle=f"Séance déplacée : {_lieu_et_date(seance_le, lieu)}",
    )  # fmt: skip
    deporter_les_interesses(seance, par=par, le=le)
    courriels.deplacer(seance, motif=motif.strip()[:RAISON], le=le)


def _lieu_et_date(seance_le: datetime, lieu: str) -> str:
    return f"{echeance(seance_le)}, {lieu}" if lieu else echeance(seance_le)


@transaction.atomic
def inscrire(
    seance: Seance,
    dossiers: Sequence[Dossier],
    *,
    motif: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> None:
    """Ajoute des dossiers à l'ordre du jour d'une séance convoquée, avec la raison, dite aux membres.

    Un dossier déjà inscrit le reste, à sa place. Un membre lié au porteur en est déporté d'office (B10).
    """
    exiger_role(roles, PILOTE, "Compléter l'ordre du jour")
    verrouiller(seance.racine())
    _exiger_convoquee(seance)
    inscrits = dict(seance.inscriptions.values_list("dossier_id", "rang"))
    nouveaux = [d for d in dossiers if d.pk not in inscrits]
    if not dossiers:
        raise ActeBloque("Aucun dossier n'est choisi. Cochez au moins un dossier recevable.")
    if not nouveaux:
        return
    _verifier_l_ordre_du_jour(seance.appel, nouveaux)
    _changer(
        seance, "completer_l_ordre_du_jour", motif, par=par, le=le,
        details={"dossiers": [d.numero for d in nouveaux]},
        libelle=f"Ajouté à l'ordre du jour : {', '.join(d.numero for d in nouveaux)}",
    )  # fmt: skip
    debut = max(inscrits.values(), default=0) + 1
    Inscription.objects.bulk_create(
        Inscription(seance=seance, dossier=d, rang=rang) for rang, d in enumerate(nouveaux, start=debut)
    )
    deporter_les_interesses(seance, par=par, le=le)
    _ouvrir_les_acces(seance, le=le)
    courriels.completer(seance, nouveaux, motif=motif.strip()[:RAISON], le=le)


def _exiger_convoquee(seance: Seance) -> None:
    """Relit la séance sous son verrou : ouverte, close ou annulée, sa convocation ne change plus."""
    seance.refresh_from_db(fields=("etat", "le", "lieu", "version"))
    if seance.etat != CONVOQUEE:
        raise ActeBloque(
            f"La séance est « {seance.etat_agent.lower()} » : sa convocation ne change plus. "
            "Convoquez une autre séance."
        )


def _changer(
    seance: Seance,
    acte: str,
    motif: str,
    *,
    libelle: str,
    details: dict[str, Any],
    par: Acteur,
    le: datetime,
    seance_le: datetime | None = None,
    **champs: Any,
) -> None:
    """Consigne un changement de convocation : une raison, et une version de plus à l'agenda des membres."""
    if not motif.strip():
        raise ActeBloque("La raison manque : les membres la lisent avec le changement. Écrivez-la.")
    if seance_le is not None:
        champs["le"] = seance_le
    seance.version += 1
    for nom, valeur in champs.items():
        setattr(seance, nom, valeur)
    seance.save(update_fields=("version", *champs))
    consigner(
        seance, acte, par=par, le=le, libelle=libelle[:200], motif=motif.strip()[:RAISON], details=details,
        public=False,
    )  # fmt: skip


@transaction.atomic
def annuler_la_seance(
    seance: Seance, *, motif: str, par: Acteur, roles: Iterable[Role], le: datetime
) -> None:
    """Une convocation s'annule avec sa raison ; ses membres perdent la lecture qu'elle ouvrait.

    Les dossiers restent recevables : ils s'inscrivent à une autre séance. Les déports, eux, restent.
    """
    exiger_role(roles, PILOTE, "Annuler la convocation")
    if not motif.strip():
        raise ActeBloque("La raison manque : elle reste dans l'histoire de la séance. Écrivez-la.")
    avancer(
        seance, "annuler_la_seance", par=par, roles=roles, le=le, motif=motif.strip()[:RAISON], public=False,
        annulee_car=motif.strip()[:RAISON], version=seance.version + 1,
    )  # fmt: skip
    courriels.annuler(seance, le=le)
    Acces.objects.filter(raison=_raison_d_acces(seance), retire_le=None).update(retire_le=le)
