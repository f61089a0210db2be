"""Une séance qui se tient : ouverte, pointée, ses déports écrits, close sur son procès-verbal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from ensemblier.comptes.models import Utilisateur
from ensemblier.dossiers.models import Deport
from ensemblier.instruction.droits import PILOTE, exiger_role
from ensemblier.interface.formats import accord, echeance
from ensemblier.noyau.calendrier import jour_de
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.programmation import documents
from ensemblier.programmation.deports import interesses
from ensemblier.programmation.etats import ANNULEE, CLOSE, OUVERTE
from ensemblier.programmation.models import Inscription, Participant, Seance
from ensemblier.registre.actes import ActeBloque, avancer, consigner, verrouiller
from ensemblier.registre.fichiers import conserver

RAISON = 300
"""Ce que le procès-verbal garde d'une raison, en caractères."""


def deporter_les_interesses(seance: Seance, *, par: Acteur, le: datetime) -> None:
    """Un lien connu vaut déport : il est écrit au dossier, et ira au procès-verbal (S69)."""
    inscriptions = seance.inscriptions.select_related("dossier")
    for inscription, personne, motif in interesses(seance, inscriptions):
        _deporter(inscription, personne, motif=motif, par=par, le=le)


def _deporter(
    inscription: Inscription, utilisateur: Utilisateur, *, motif: str, par: Acteur, le: datetime
) -> None:
    dossier = inscription.dossier
    verrouiller(dossier.racine())
    inscription.notes.filter(utilisateur=utilisateur).delete()
    deport, nouveau = Deport.objects.get_or_create(
        dossier=dossier, utilisateur=utilisateur, defaults={"motif": motif[:200], "declare_le": le}
    )
    if not nouveau and deport.leve_le is None:
        return
    deport.motif, deport.declare_le, deport.leve_le = motif[:200], le, None
    deport.save(update_fields=("motif", "declare_le", "leve_le"))
    consigner(
        dossier, "deporter", par=par, le=le, libelle=f"Déport : {utilisateur.nom_complet}"[:200], motif=motif,
        public=False,
    )  # fmt: skip


@transaction.atomic
def declarer_deport(
    inscription: Inscription,
    utilisateur: Utilisateur,
    *,
    motif: str,
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
) -> None:
    """Un membre se déporte, ou le service l'écrit : il perd lecture, note et voix (B10) ; sa note tombe."""
    if par.utilisateur != utilisateur.pk:
        exiger_role(roles, PILOTE, "Enregistrer un déport")
    if not inscription.seance.participants.filter(utilisateur=utilisateur).exists():
        raise RoleInsuffisant("« Se déporter » : cet acte revient à un membre de la séance.")
    if inscription.seance.etat == ANNULEE:
        raise ActeBloque("La convocation est annulée : personne n'a à se déporter.")
    if inscription.seance.etat == CLOSE:
        raise ActeBloque("La séance est close : son procès-verbal est écrit. Écrivez au service.")
    if not motif.strip():
        raise ActeBloque("Le motif manque : il va au procès-verbal. Écrivez-le, par exemple « trésorier ».")
    _deporter(inscription, utilisateur, motif=motif.strip(), par=par, le=le)


@transaction.atomic
def ouvrir_la_seance(
    seance: Seance, *, motif: str = "", par: Acteur, roles: Iterable[Role], le: datetime
) -> None:
    """Ouvre la séance ; les intérêts connus depuis la convocation deviennent des déports.

    Avant son jour, une raison est écrite : des membres convoqués pour plus tard n'y seront pas.
    """
    raison = motif.strip()[:RAISON] if est_avant_son_jour(seance, le) else ""
    if est_avant_son_jour(seance, le) and not raison:
        raise ActeBloque(
            f"La séance est prévue le {echeance(seance.le)}. Pour l'ouvrir avant ce jour, dites pourquoi : "
            "la raison ira au procès-verbal."
        )
    avancer(
        seance, "ouvrir_la_seance", par=par, roles=roles, le=le, motif=raison, public=False,
        ouverte_avant=raison,
    )  # fmt: skip
    deporter_les_interesses(seance, par=par, le=le)


def est_avant_son_jour(seance: Seance, le: datetime) -> bool:
    """Le jour compte, pas l'heure : une séance de 14 h s'ouvre à 13 h 50 sans rien dire."""
    return jour_de(le) < jour_de(seance.le)


@transaction.atomic
def pointer(
    participant: Participant, *, est_present: bool, par: Acteur, roles: Iterable[Role], le: datetime
) -> None:
    """Note une présence ou une absence ; le quorum se compte sur les présents qui votent.

    Ce qui est déjà noté ne se note pas deux fois.
    """
    exiger_role(roles, PILOTE, "Pointer les présents")
    verrouiller(participant.seance.racine())
    exiger_ouverte(participant.seance)
    participant.refresh_from_db(fields=("est_present",))
    if participant.est_present == est_present:
        return
    participant.est_present = est_present
    participant.save(update_fields=("est_present",))
    mot = "présent" if est_present else "absent"
    consigner(
        participant.seance, "pointer", par=par, le=le, public=False,
        libelle=f"{participant.utilisateur.nom_complet} : {mot}"[:200],
    )  # fmt: skip


def exiger_ouverte(seance: Seance) -> None:
    """Relit l'état sous le verrou de la séance."""
    seance.refresh_from_db(fields=("etat",))
    if seance.etat != OUVERTE:
        raise ActeBloque(f"La séance est « {seance.etat_agent} » : ouvrez-la d'abord, ou écrivez au service.")


def exiger_present(seance: Seance, utilisateur: Utilisateur) -> None:
    """Une note se donne en séance, par un membre que le service y a noté présent."""
    if not seance.participants.filter(utilisateur=utilisateur, est_present=True).exists():
        raise ActeBloque(
            "Votre présence à cette séance n'est pas encore notée. Demandez au service de la noter, puis "
            "notez ce dossier."
        )


def clore_la_seance(
    seance: Seance,
    *,
    motif: str = "",
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    document: bool = True,
) -> None:
    """Clôt la séance quand tout l'ordre du jour est décidé, puis écrit son procès-verbal.

    Sans quorum, une raison est écrite, et ce qui restait à décider est ajourné.
    Un lien connu depuis l'ouverture s'écrit en déport : le procès-verbal le nomme.
    Une panne entre les deux : la même demande, renvoyée, écrit le procès-verbal qui manque.
    """
    roles = set(roles)
    if document and _attend_son_proces_verbal(seance, roles):
        produire_le_proces_verbal(seance, par=par, le=le)
        return
    with transaction.atomic():
        verrouiller(seance.racine())
        exiger_role(roles, PILOTE, "Clore la séance")
        raison = _raison_sans_quorum(seance, motif)
        reste = list(seance.inscriptions.filter(decision="").select_related("dossier"))
        if reste and not raison:
            noms = ", ".join(i.dossier.numero for i in reste)
            raise ActeBloque(f"Il reste à décider : {noms}. Décidez, ou ajournez avec un motif.")
        for inscription in reste:
            _ajourner(inscription, f"Quorum non atteint : {raison}", par=par, le=le)
        deporter_les_interesses(seance, par=par, le=le)
        avancer(
            seance, "clore_la_seance", par=par, roles=roles, le=le, motif=raison, public=False,
            sans_quorum=raison,
        )  # fmt: skip
    if document:
        produire_le_proces_verbal(seance, par=par, le=le)


def _raison_sans_quorum(seance: Seance, motif: str) -> str:
    """Vide si le quorum est tenu ; sinon la raison, exigée ; jamais de décision sans un présent."""
    presents = seance.participants.filter(est_present=True, a_voix=True).count()
    if presents >= seance.quorum:
        return ""
    manque = (
        f"Quorum non atteint : {accord(presents, 'présent')}, {accord(seance.quorum, 'requis', 'requis')}."
    )
    if not presents and seance.inscriptions.exclude(decision="").exists():
        raise ActeBloque(f"{manque} Des dossiers sont décidés : notez les présents, puis clôturez.")
    if not motif.strip():
        raise ActeBloque(
            f"{manque} Notez les présents, ou dites pourquoi la séance se clôt ainsi : ce qui reste à "
            "décider sera ajourné, et la raison ira au procès-verbal."
        )
    return motif.strip()[:RAISON]


def _ajourner(inscription: Inscription, motif: str, *, par: Acteur, le: datetime) -> None:
    inscription.decision, inscription.motif = Inscription.Decision.AJOURNE, motif
    inscription.decidee_le = le
    inscription.save(update_fields=("decision", "motif", "decidee_le"))
    consigner(
        inscription.dossier, "decider_en_seance", par=par, le=le, public=False, motif=motif,
        libelle=f"{inscription.seance.titre} : ajourné"[:200],
        details={"seance": inscription.seance_id, "decision": inscription.decision},
    )  # fmt: skip


def _attend_son_proces_verbal(seance: Seance, roles: set[Role]) -> bool:
    seance.refresh_from_db(fields=("etat", "proces_verbal"))
    return bool(seance.etat == CLOSE and seance.proces_verbal_id is None and roles & set(PILOTE))


def produire_le_proces_verbal(seance: Seance, *, par: Acteur, le: datetime) -> None:
    """Le procès-verbal en PDF : présents, déports, décisions motivées. Une seule fois, après la clôture."""
    seance.refresh_from_db()
    if seance.etat != CLOSE:
        raise ActeBloque("Le procès-verbal s'écrit à la clôture de la séance.")
    if seance.proces_verbal_id:
        return
    contenu = documents.proces_verbal(seance)
    with transaction.atomic():
        verrouiller(seance.racine())
        seance.refresh_from_db(fields=("proces_verbal",))
        if seance.proces_verbal_id:
            return
        fichier = conserver(
            contenu, nom=f"proces-verbal-{seance.pk}.pdf", type_mime="application/pdf", par=par, le=le
        )
        consigner(
            seance, "produire_le_proces_verbal", par=par, le=le, libelle="Procès-verbal écrit", public=False,
            details={"empreinte": fichier.empreinte}, proces_verbal=fichier,
        )  # fmt: skip
