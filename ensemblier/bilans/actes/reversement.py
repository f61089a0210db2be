"""Rendre un trop-perçu : projet, observations, décision, encaissement (B17, CRPA L122-1)."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from ensemblier.bilans import courriels
from ensemblier.bilans.actes.solde import clore_si_termine, solder
from ensemblier.bilans.etats import PROJET
from ensemblier.bilans.models import Decompte, Reversement
from ensemblier.comptes.droits import systeme
from ensemblier.dossiers.actes import avancer_demande
from ensemblier.dossiers.droits import roles, roles_sur_demande
from ensemblier.dossiers.models import Demande
from ensemblier.noyau import calendrier
from ensemblier.noyau.machine import Acteur, Role, RoleInsuffisant
from ensemblier.registre.actes import ActeBloque, avancer, consigner, ouvrir, verrouiller

DELAI_D_OBSERVATIONS_JOURS = 15


@transaction.atomic
def ouvrir_reversement(demande: Demande, *, motif: str, par: Acteur, le: datetime) -> Reversement:
    """Le projet, notifié : le porteur a quinze jours pour répondre avant toute décision."""
    verrouiller(demande.racine())
    decompte = Decompte.objects.filter(demande=demande).first()
    if decompte is None or not decompte.trop_percu:
        raise ActeBloque("Aucun trop-perçu n'est établi sur ce volet : il n'y a rien à réclamer.")
    if not motif.strip():
        raise ActeBloque("Le motif manque. Écrivez au porteur pourquoi cette somme est à rendre.")
    avancer_demande(demande, "reclamer", par=par, le=le, motif=motif, public=True)
    jour = calendrier.jour_de(le)
    reversement = Reversement(
        demande=demande,
        montant=decompte.trop_percu,
        motif=motif,
        notifie_le=jour,
        reponse_avant_le=calendrier.ajouter_jours(jour, DELAI_D_OBSERVATIONS_JOURS),
    )
    ouvrir(
        reversement, par=par, le=le, libelle="Projet de reversement",
        details={"montant": str(decompte.trop_percu), "lignes": decompte.lignes},
    )  # fmt: skip
    courriels.annoncer_le_reversement(reversement, etape="projet", le=le)
    return reversement


@transaction.atomic
def observer(reversement: Reversement, *, observations: str, par: Acteur, le: datetime) -> None:
    """La réponse du porteur, gardée telle quelle ; elle reste ouverte tant que rien n'est décidé.

    La même réponse envoyée deux fois ne s'inscrit qu'une fois.
    """
    if not {Role.REDACTEUR, Role.SIGNATAIRE} & roles(par, reversement.demande.dossier):
        raise RoleInsuffisant("Les observations viennent de l'organisme qui a reçu l'aide.")
    verrouiller(reversement.racine())
    reversement.refresh_from_db()
    if reversement.etat != PROJET:
        raise ActeBloque(
            "La décision est prise. Pour la contester, suivez les recours écrits dans la lettre."
        )
    if not observations.strip():
        raise ActeBloque("Le texte est vide. Écrivez vos observations, puis envoyez-les.")
    if reversement.observations == observations.strip():
        return
    consigner(
        reversement, "observer", par=par, le=le, libelle="Observations du porteur",
        observations=observations.strip(), observations_le=le,
    )  # fmt: skip


def _exiger_le_contradictoire(reversement: Reversement, le: datetime) -> None:
    """B17 : pas de décision avant la réponse ou la fin du délai."""
    if reversement.observations_le is not None:
        return
    if calendrier.est_dans_les_temps(le, reversement.reponse_avant_le):
        jour = calendrier.en_francais(reversement.reponse_avant_le)
        raise ActeBloque(f"Le porteur peut répondre jusqu'au {jour}. Attendez sa réponse ou cette date.")


@transaction.atomic
def decider_reversement(reversement: Reversement, *, motif: str, par: Acteur, le: datetime) -> None:
    """La décision motivée : le titre de recettes peut être émis."""
    _exiger_le_contradictoire(reversement, le)
    avancer(
        reversement, "decider_reversement", par=par, roles=roles_sur_demande(par, reversement.demande),
        le=le, motif=motif, details={"montant": str(reversement.montant)},
    )  # fmt: skip
    courriels.annoncer_le_reversement(reversement, etape="decision", le=le)


@transaction.atomic
def abandonner_reversement(reversement: Reversement, *, motif: str, par: Acteur, le: datetime) -> None:
    """Les observations ont convaincu : rien n'est réclamé, le volet est soldé."""
    demande = reversement.demande
    avancer(
        reversement, "abandonner_reversement", par=par, roles=roles_sur_demande(par, demande),
        le=le, motif=motif,
    )  # fmt: skip
    solder(demande, par=systeme(par.territoire), le=le)


@transaction.atomic
def encaisser_reversement(
    reversement: Reversement, *, encaisse_le: date, reference: str, par: Acteur, le: datetime
) -> None:
    """La somme est rendue ; `Demande.verse` garde ce qui a été payé, le reversement ce qui est revenu."""
    demande = reversement.demande
    if encaisse_le > calendrier.jour_de(le):
        raise ActeBloque("La date de l'encaissement est dans le futur. Écrivez la date du titre encaissé.")
    if not reference.strip():
        raise ActeBloque("La référence manque. Écrivez le numéro du titre de recettes.")
    avancer(
        reversement, "encaisser_reversement", par=par, roles=roles_sur_demande(par, demande), le=le,
        encaisse_le=encaisse_le, reference=reference.strip(),
    )  # fmt: skip
    avancer_demande(demande, "encaisser", par=par, le=le, public=True)
    clore_si_termine(demande.dossier, le=le)
