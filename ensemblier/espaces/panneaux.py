"""Ce que les pages d'un dossier montrent ensemble : les volets, les avis, l'acte qui vient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse

from ensemblier.dossiers.droits import roles_sur_financeur
from ensemblier.dossiers.etats import (
    A_COMPLETER,
    ABANDONNEE,
    DECISIONS,
    DEPOSE,
    PROGRAMMEE,
    PROPOSEE,
    RECEVABLE,
)
from ensemblier.dossiers.models import Demande, Dossier, LigneDeBudget
from ensemblier.dossiers.reponses import Reponses
from ensemblier.instruction.attentes import FERMES
from ensemblier.instruction.examen import complement_ouvert, decision_close
from ensemblier.instruction.lues import Instruite
from ensemblier.instruction.models import LECTEURS_DE_TOUT_AVIS, Avis
from ensemblier.noyau.calendrier import en_francais
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.territoires.models import Financeur


@dataclass(frozen=True, slots=True)
class LigneDAvis:
    """Un financeur sollicité ou concerné : ses volets, et son avis s'il l'a rendu.

    `est_tu` : l'avis est rendu, et l'appel ne le partage pas avec la personne. `echeance`, `retard` : d'un
    avis qui manque.
    """

    financeur: Financeur
    volets: tuple[Demande, ...]
    avis: Avis | None
    est_tu: bool = False
    echeance: date | None = None
    retard: int = 0

    @property
    def est_rendu(self) -> bool:
        return self.avis is not None or self.est_tu


def lignes_d_avis(
    lues: Reponses, acteur: Acteur | None, *, jour: date, instruite: Instruite | None = None
) -> list[LigneDAvis]:
    """Une ligne par financeur sollicité, à qui l'avis est demandé, ou qui l'a rendu.

    `instruite` : ce que la page en a déjà lu ; une requête sinon.
    """
    instruite = instruite or Instruite(lues.dossier)
    volets: dict[int, list[Demande]] = {}
    financeurs: dict[int, Financeur] = {}
    for v in lues.demandes:
        volets.setdefault(v.financeur_id, []).append(v)
        financeurs[v.financeur_id] = v.financeur
    rendus = {a.financeur_id: a for a in instruite.avis}
    demandes = {d.financeur_id: d for d in instruite.demandes_d_avis}
    for ligne in (*instruite.avis, *instruite.demandes_d_avis):
        financeurs.setdefault(ligne.financeur_id, ligne.financeur)
    lignes = []
    for pk, financeur in financeurs.items():
        avis = rendus.get(pk)
        echeance = demandes[pk].echeance if pk in demandes else instruite.fin
        lit = avis is not None and _lit(acteur, avis)
        lignes.append(
            LigneDAvis(
                financeur, tuple(volets.get(pk, ())), avis if lit else None, avis is not None and not lit,
                echeance, 0 if avis else retard(echeance, jour),
            )
        )  # fmt: skip
    return lignes


def _lit(acteur: Acteur | None, avis: Avis) -> bool:
    """Comme `Avis.objects.visibles_par`, pour un dossier déjà lu."""
    if avis.est_partage or (acteur and acteur.a(*LECTEURS_DE_TOUT_AVIS)):
        return True
    return Role.AGENT_FINANCEUR in roles_sur_financeur(acteur, avis.financeur)


def siens(acteur: Acteur | None, dossier: Dossier, lignes: list[LigneDAvis]) -> list[Financeur]:
    """Les financeurs pour lesquels la personne peut écrire sur ce dossier, sa commune touchée comprise."""
    trouves = [
        x.financeur for x in lignes if Role.AGENT_FINANCEUR in roles_sur_financeur(acteur, x.financeur)
    ]
    communes = {d.commune for d in acteur.perimetres(Role.REFERENT_COMMUNAL)} if acteur else set()
    if communes:
        connus = {f.pk for f in trouves}
        touchees = dossier.ciblages.filter(communes__code__in=communes).values("communes")
        trouves += [
            f
            for f in Financeur.objects.filter(
                territoire=dossier.territoire_id, commune__in=touchees, commune__code__in=communes
            ).select_related("commune")
            if f.pk not in connus
        ]
    return trouves


_AUTRES_LECTEURS = (
    Role.INSTRUCTEUR, Role.RESPONSABLE, Role.AUDITEUR, Role.FINANCES, Role.REFERENT_COMMUNAL, Role.JURY,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProchainActe:
    """Ce que la personne a à faire sur ce dossier, et où ; sans bouton, elle attend quelqu'un d'autre."""

    phrase: str
    url: str = ""
    bouton: str = ""


def prochain_acte(
    acteur: Acteur, lues: Reponses, lignes: list[LigneDAvis], mes_lignes: list[Financeur]
) -> ProchainActe:
    """`mes_lignes` : celles que la personne remplit (`siens`)."""
    dossier = lues.dossier
    if not mes_lignes and (pourquoi := pourquoi_il_le_lit(acteur, lues)):
        return ProchainActe(f"{pourquoi} Vous le lisez ; il n'y a pas de ligne à remplir.")
    est_pilote = acteur.a(Role.INSTRUCTEUR, Role.RESPONSABLE)
    if dossier.etat == DEPOSE and est_pilote:
        url = reverse("instruction_completude", args=[dossier.numero])
        return ProchainActe("Vérifier les pièces, puis la recevabilité.", url, "Vérifier le dossier")
    if ville := _contact_a_confirmer(acteur, dossier):
        url = reverse("instruction_avis", args=[dossier.numero, ville.code])
        phrase = f"{dossier.organisme.nom} : le contact est à confirmer."
        return ProchainActe(phrase, url, "Confirmer le contact")
    if dossier.etat == A_COMPLETER:
        return _attendre_le_porteur(dossier, est_pilote)
    if dossier.etat == RECEVABLE and mes_lignes:
        return _ma_ligne(dossier, lignes, mes_lignes)
    return ProchainActe(f"Rien à faire pour vous : le dossier est « {dossier.etat_agent} ».")


def pourquoi_il_le_lit(acteur: Acteur, lues: Reponses) -> str:
    """« Vise Avion ; votre ville n'est pas sollicitée. » : par quoi l'agent d'un financeur lit un dossier qui
    ne le sollicite pas ; vide si un autre rôle le lui ouvre."""
    if acteur.a(*_AUTRES_LECTEURS):
        return ""
    agents = acteur.perimetres(Role.AGENT_FINANCEUR)
    villes = {d.commune for d in agents if d.commune}
    visees = {c.nom for ciblage in lues.ciblages for c in ciblage.communes.all() if c.code in villes}
    if visees:
        return f"Vise {' et '.join(sorted(visees))} ; votre ville n'est pas sollicitée."
    partout = any(d.partout for d in agents)
    return "Votre organisme lit tout le territoire ; il n'est pas sollicité ici." if partout else ""


def _contact_a_confirmer(acteur: Acteur, dossier: Dossier) -> Financeur | None:
    """La commune de la personne, si le porteur dit l'avoir contactée et qu'elle n'a pas répondu (R68)."""
    communes = {d.commune for d in acteur.perimetres(Role.REFERENT_COMMUNAL)}
    if not communes or dossier.etat in FERMES:
        return None
    muets = dossier.contacts_communes.filter(commune__code__in=communes, confirme_le=None)
    siennes = Financeur.objects.filter(territoire=dossier.territoire_id, commune__in=muets.values("commune"))
    return siennes.select_related("commune").first()


def _attendre_le_porteur(dossier: Dossier, est_pilote: bool) -> ProchainActe:
    complement = complement_ouvert(dossier)
    quand = f" avant le {en_francais(complement.echeance)}" if complement else ""
    phrase = f"Le porteur doit répondre{quand}."
    if not est_pilote:
        return ProchainActe(phrase)
    return ProchainActe(phrase, reverse("instruction_completude", args=[dossier.numero]), "Voir les pièces")


def _ma_ligne(dossier: Dossier, lignes: list[LigneDAvis], mes_lignes: list[Financeur]) -> ProchainActe:
    par_financeur = {x.financeur.pk: x for x in lignes}
    for financeur in mes_lignes:
        ligne = par_financeur.get(financeur.pk)
        url = reverse("instruction_avis", args=[dossier.numero, financeur.code])
        volets = ligne.volets if ligne else ()
        if (ligne is None or not ligne.est_rendu) and not decision_close(dossier, financeur, volets):
            return ProchainActe(f"L'avis de « {financeur.nom} » est attendu.", url, "Rendre l'avis")
        for volet in volets:
            if volet.propose is None and volet.etat not in (
                *DECISIONS,
                ABANDONNEE,
                "non_recevable",
                "ecartee",
            ):
                return ProchainActe(
                    "L'avis est rendu, le montant reste à proposer.", url, "Proposer un montant"
                )
    siens_volets = [(x.financeur, v) for x in lignes if x.financeur in mes_lignes for v in x.volets]
    etats = {v.etat for _, v in siens_volets}
    if PROGRAMMEE in etats:
        qui = next(f for f, v in siens_volets if v.etat == PROGRAMMEE)
        url = reverse("deliberation_nouvelle", args=[dossier.appel.code, qui.code])
        return ProchainActe("Le montant est programmé : il attend l'acte voté.", url, "Enregistrer l'acte")
    if PROPOSEE in etats:
        return ProchainActe("Le montant est proposé : il attend une séance.")
    return ProchainActe("Votre ligne n'attend rien de vous.")


def financements(lues: Reponses, lignes: list[LigneDAvis]) -> list[dict[str, Any]]:
    """Le plan de financement en briques : chaque volet selon ce qu'il est devenu, puis le reste."""
    briques: list[dict[str, Any]] = []
    for v in (v for x in lignes for v in x.volets if v.etat != ABANDONNEE):
        montant, statut = (v.vote, "vote") if v.vote is not None else (v.propose, "propose")
        if montant is None:
            montant, statut = v.demande, "demande"
        briques.append(
            {
                "financeur": v.financeur.code,
                "libelle": v.financeur.sigle,
                "montant": montant,
                "statut": statut,
            }
        )
    hors_appel = [
        x
        for x in lues.lignes_de_budget
        if x.sens == LigneDeBudget.Sens.PRODUIT and x.compte != "74" and not x.compte.startswith("87")
    ]
    propres = sum((x.montant for x in hors_appel), Decimal("0.00"))
    if propres:
        briques.append(
            {"financeur": "PROPRE", "libelle": "Autres ressources", "montant": propres, "statut": "propre"}
        )
    return briques


def retard(echeance: date | None, jour: date) -> int:
    return max((jour - echeance).days, 0) if echeance else 0
