"""Ce que l'instruction écrit au porteur et au service ; les destinataires sont lus au moment de l'acte."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from ensemblier.comptes.courriels import ecrire
from ensemblier.comptes.equipe import presents
from ensemblier.comptes.models import Genre, Utilisateur
from ensemblier.dossiers.courriels import destinataires
from ensemblier.dossiers.droits import EPCI
from ensemblier.dossiers.fiche import reglement_de
from ensemblier.dossiers.models import Dossier
from ensemblier.dossiers.suivi import adresse_du_suivi, peut_suivre
from ensemblier.instruction.lecture import agents_de
from ensemblier.instruction.models import Complement, DemandeDAvis, Echange
from ensemblier.noyau.calendrier import en_francais, jour_de


def _poster(
    genre: Genre,
    dossier: Dossier,
    *,
    cle: str,
    vers: Iterable[str],
    sujet: str,
    gabarit: str,
    le: datetime,
    **contexte: Any,
) -> int:
    """Rend combien sont mis en boîte ; une clé déjà servie ne part pas de nouveau."""
    partis = 0
    for adresse in vers:
        partis += None is not ecrire(
            genre,
            cle=f"{cle}:{adresse}",
            a=adresse,
            sujet=f"{dossier.numero} · {sujet}",
            gabarit=f"instruction/courriels/{gabarit}",
            contexte={"dossier": dossier, **contexte},
            le=le,
            objet=dossier.designation(),
        )
    return partis


def complements_demandes(complement: Complement, *, noms: list[str], le: datetime) -> None:
    quoi = (
        noms[0].partition(" :")[0] if len(noms) == 1 else f"{len(noms)} choses" if noms else "une précision"
    )
    _poster(
        Genre.CORRECTION,
        complement.dossier,
        cle=f"complement:{complement.pk}",
        vers=destinataires(complement.dossier, le=le),
        sujet=f"Ajoutez : {quoi}, avant le {en_francais(complement.echeance)}",
        gabarit="complements",
        le=le,
        complement=complement,
        noms=noms,
    )


def rappel_des_complements(complement: Complement, *, le: datetime) -> int:
    """Le même courriel, dit rappel ; une fois par jour. Rend combien partent."""
    dossier = complement.dossier
    libelles = {p.code: p.libelle for p in reglement_de(dossier).pieces}
    corrections = dossier.corrections.ouvertes().filter(repondue_le=None)
    return _poster(
        Genre.CORRECTION,
        dossier,
        cle=f"complement:{complement.pk}:{le:%Y%m%d}",
        vers=destinataires(dossier, le=le),
        sujet=f"Rappel : votre réponse avant le {en_francais(complement.echeance)}",
        gabarit="complements",
        le=le,
        complement=complement,
        noms=[libelles[c] for c in complement.pieces if c in libelles] + [c.question for c in corrections],
    )


def avis_demande(demande: DemandeDAvis, *, le: datetime, rappel: str = "") -> int:
    """Prévient qui rend cet avis et peut lire ce dossier ; `rappel` distingue chaque rappel du précédent.

    La ligne de l'agglomération revient à qui suit le dossier, sinon au service. Un agent absent n'est pas
    dérangé : son remplaçant, habilité comme lui, est prévenu. Rend combien partent.
    """
    dossier, jour = demande.dossier, jour_de(le)
    if demande.financeur.type == EPCI:
        vers = [adresse_du_suivi(dossier, le=le)]
    else:
        lisent = [a for a in agents_de(demande.financeur, jour=jour) if peut_suivre(a, dossier, jour)]
        vers = [agent.courriel for agent in presents(lisent, dossier.territoire_id, jour)]
    quand = en_francais(demande.echeance)
    return _poster(
        Genre.TRAVAIL,
        dossier,
        cle=f"avis:{demande.pk}:{demande.echeance:%Y%m%d}:{rappel}",
        vers=vers,
        sujet=f"{'Rappel : avis' if rappel else 'Avis'} attendu avant le {quand}",
        gabarit="avis_demande",
        le=le,
        demande_d_avis=demande,
        est_en_retard=demande.echeance < jour,
    )


def complements_recus(dossier: Dossier, *, le: datetime) -> None:
    _poster(
        Genre.TRAVAIL,
        dossier,
        cle=f"complete:{dossier.pk}:{le.isoformat()}",
        vers=[adresse_du_suivi(dossier, le=le)],
        sujet="Le porteur a envoyé ce qui manquait",
        gabarit="complete",
        le=le,
    )


def irrecevable(dossier: Dossier, *, motif: str, le: datetime) -> None:
    _poster(
        Genre.DECISION,
        dossier,
        cle=f"irrecevable:{dossier.pk}",
        vers=destinataires(dossier, le=le),
        sujet="Votre dossier ne peut pas être examiné",
        gabarit="irrecevable",
        le=le,
        motif=motif,
    )


def annoncer_la_mention(echange: Echange, qui: Utilisateur, *, le: datetime) -> None:
    """Le collègue mentionné apprend qu'un message l'attend, sans son texte."""
    _poster(
        Genre.MENTION,
        echange.dossier,
        cle=f"mention:{echange.pk}",
        vers=[qui.courriel],
        sujet="Un collègue vous écrit",
        gabarit="mention",
        le=le,
        echange=echange,
    )


def delai_prolonge(complement: Complement, *, avant: date, motif: str, le: datetime) -> None:
    _poster(
        Genre.CORRECTION,
        complement.dossier,
        cle=f"prolongation:{complement.pk}:{complement.echeance:%Y%m%d}",
        vers=destinataires(complement.dossier, le=le),
        sujet=f"Vous avez jusqu'au {en_francais(complement.echeance)}",
        gabarit="prolongation",
        le=le,
        complement=complement,
        avant=avant,
        motif=motif,
    )
