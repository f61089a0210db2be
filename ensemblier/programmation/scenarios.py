"""Ce que les pages d'un scénario montrent : ses cases, ses totaux, ce qui l'empêche d'être retenu."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ensemblier.appels.models import Appel
from ensemblier.dossiers.droits import roles_sur_financeur
from ensemblier.dossiers.etats import ABANDONNEE, CLOS, DECIDE, PERDUS, PROGRAMMEE, RECEVABLE
from ensemblier.dossiers.fiche import fiche_de
from ensemblier.dossiers.models import Demande, Dossier, DossierQuerySet
from ensemblier.instruction.droits import PILOTE
from ensemblier.interface.champs import somme
from ensemblier.interface.formats import ABSENT
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.noyau.montants import en_francais
from ensemblier.programmation.calculs import (
    ZERO,
    Restes,
    attribuable_au_volet,
    cumul,
    phrase_du_depassement,
)
from ensemblier.programmation.etats import RETENU
from ensemblier.programmation.lecture import PROPOSABLES, Cellule, Ligne, Somme, cle_de
from ensemblier.programmation.models import Enveloppe, Proposition, Scenario
from ensemblier.territoires.models import Financeur


def montant_fixe(volet: Demande) -> Decimal | None:
    """Ce qu'un scénario ne change plus : voté, retenu en séance, perdu (zéro) ; `None` s'il reste libre."""
    if volet.vote is not None:
        return volet.vote
    if volet.etat in PERDUS:
        return ZERO
    return volet.propose or ZERO if volet.etat == PROGRAMMEE or volet.etat not in PROPOSABLES else None


def montant_du_tableau(volet: Demande) -> Decimal | None:
    """Ce que le tableau en dit aujourd'hui : fixé, à défaut proposé, à défaut rien."""
    fixe = montant_fixe(volet)
    return fixe if fixe is not None else volet.propose


def peut_ecrire(acteur: Acteur, scenario: Scenario, financeur: Financeur) -> bool:
    """Le pilote écrit toutes les cases d'une hypothèse, un financeur sa seule colonne ; retenu, personne."""
    if scenario.etat == RETENU:
        return False
    return acteur.a(*PILOTE) or Role.AGENT_FINANCEUR in roles_sur_financeur(acteur, financeur)


@dataclass(slots=True)
class Hypothese(Cellule):
    """Un volet dans un scénario : la case de la grille, avec son montant à lui et son verrou."""

    proposition: Proposition | None = None

    @property
    def montant(self) -> Decimal | None:
        if (fixe := montant_fixe(self.volet)) is not None:
            return fixe
        return self.proposition.montant if self.proposition else None

    @property
    def statut(self) -> str:
        if self.volet.vote is not None:
            return "vote"
        return "propose" if self.montant is not None else "attendu"

    @property
    def version(self) -> int:
        return self.proposition.version if self.proposition else 0

    @property
    def nom(self) -> str:
        return self.volet.financeur.sigle

    @property
    def vide(self) -> str:
        return ABSENT

    @property
    def verrou(self) -> bool | None:
        return bool(self.proposition and self.proposition.est_verrouillee)


def volets_de(appel: Appel) -> Any:
    """Les volets que la programmation de l'appel compte."""
    return Demande.objects.filter(
        dossier__appel=appel, dossier__etat__in=(RECEVABLE, DECIDE, CLOS), dossier__depose_le__isnull=False
    ).exclude(etat=ABANDONNEE)


def lignes_du_scenario(acteur: Acteur, scenario: Scenario, dossiers: Iterable[Dossier]) -> list[Ligne]:
    """Une ligne par dossier ; deux requêtes pour toutes les cases."""
    lignes = {d.pk: Ligne(d) for d in dossiers}
    propositions = {p.demande_id: p for p in scenario.propositions.filter(demande__dossier__in=lignes)}
    volets = (
        Demande.objects.filter(dossier__in=lignes)
        .exclude(etat=ABANDONNEE)
        .select_related("financeur__commune", "dispositif")
        .order_by("financeur__rang", "pk")
    )
    for volet in volets:
        ligne = lignes[volet.dossier_id]
        libre = montant_fixe(volet) is None and ligne.dossier.etat == RECEVABLE
        mienne = libre and peut_ecrire(acteur, scenario, volet.financeur)
        case = Hypothese(volet, mienne, proposition=propositions.get(volet.pk))
        ligne.colonnes.setdefault(cle_de(volet.financeur), []).append(case)
        ligne.total += case.montant or ZERO
    return list(lignes.values())


def montants_de(appel: Appel, scenario: Scenario | None, dossiers: Any = None) -> dict[int, Decimal]:
    """Par volet, le montant dans ce scénario, ou dans le tableau (`None`) ; deux requêtes au plus."""
    volets = volets_de(appel).only("pk", "vote", "propose", "etat")
    if dossiers is not None:
        volets = volets.filter(dossier__in=dossiers)
    lus = list(volets)
    if scenario is None:
        poses = {v.pk: v.propose for v in lus if v.propose is not None}
    else:
        poses = dict(scenario.propositions.values_list("demande", "montant"))
    fixes = {v.pk: montant_fixe(v) for v in lus}
    return {pk: fixe if fixe is not None else poses.get(pk, ZERO) for pk, fixe in fixes.items()}


def sommes_du_scenario(dossiers: DossierQuerySet, montants: Mapping[int, Decimal]) -> dict[str, Somme]:
    """Par financeur : demandé, et donné par ces montants (par volet), voté compris ; une requête."""
    rendues: dict[str, Somme] = {}
    volets = Demande.objects.filter(dossier__in=dossiers.values("pk")).exclude(etat=ABANDONNEE)
    for code, pk, demande, vote in volets.values_list("financeur__code", "pk", "demande", "vote"):
        pose = montants.get(pk, ZERO)
        rendues.setdefault(code, Somme()).ajouter(Somme(demande, pose, vote or ZERO, pose))
    return rendues


def jauges_du_scenario(scenario: Scenario, filtre: Mapping[str, Somme] | None = None) -> list[dict[str, Any]]:
    """Les enveloppes face au scénario : voté, et ce qu'il propose en plus ; trois requêtes.

    `filtre` : ce que la liste filtrée en prend, écrit sous la jauge.
    """
    proposes = proposes_par_financeur(scenario)
    enveloppes = Enveloppe.objects.filter(appel=scenario.appel_id).select_related("financeur")
    return [
        {
            "libelle": e.financeur.sigle, "financeur": cle_de(e.financeur), "total": e.montant,
            "vote": e.engage, "propose": proposes.get(e.financeur_id, ZERO),
            "filtre": None if filtre is None else filtre.get(e.financeur.code, Somme()).attribue,
        }
        for e in enveloppes.order_by("financeur__rang")
    ]  # fmt: skip


def proposes_par_financeur(scenario: Scenario) -> dict[int, Decimal]:
    """Par financeur, ce qui n'est pas voté : les cases libres du scénario, et ce qu'une séance a retenu."""
    libres = (
        scenario.propositions.filter(
            demande__vote=None, demande__etat__in=PROPOSABLES, demande__in=volets_de(scenario.appel)
        )
        .values("demande__financeur")
        .annotate(total=somme("montant"))
    )
    programmes = (
        volets_de(scenario.appel)
        .filter(vote=None, etat=PROGRAMMEE)
        .values("financeur")
        .annotate(total=somme("propose"))
    )
    rendus = {ligne["demande__financeur"]: ligne["total"] for ligne in libres}
    for ligne in programmes:
        rendus[ligne["financeur"]] = rendus.get(ligne["financeur"], ZERO) + ligne["total"]
    return rendus


@dataclass(frozen=True, slots=True)
class Faute:
    """Ce qui empêche de retenir : le dossier visé (aucun pour une enveloppe), et la phrase."""

    dossier: int | None
    phrase: str


def fautes(scenario: Scenario) -> Iterator[Faute]:
    """Les gardes d'une vraie proposition, toutes : K4 à K6 par case, coût (P25) par dossier, enveloppes."""
    yield from _fautes_des_enveloppes(scenario)
    posees = (
        scenario.propositions.filter(montant__gt=0)
        .select_related("demande__financeur")
        .order_by("demande__dossier__numero", "demande__financeur__rang", "pk")
    )
    par_dossier: dict[int, list[Proposition]] = {}
    for p in posees:
        if montant_fixe(p.demande) is None:
            par_dossier.setdefault(p.demande.dossier_id, []).append(p)
    dossiers = Dossier.objects.avec_ses_regles().in_bulk(par_dossier)
    for pk, propositions in par_dossier.items():
        for phrase in _fautes_du_dossier(dossiers[pk], propositions):
            yield Faute(pk, phrase)


def _fautes_du_dossier(dossier: Dossier, propositions: list[Proposition]) -> Iterator[str]:
    if dossier.etat != RECEVABLE:
        yield f"{dossier.numero} : le dossier n'est plus « {dossier.machine.libelle(RECEVABLE)} »."
        return
    fiche = fiche_de(dossier)
    for p in propositions:
        p.demande.dossier = dossier
        calcul = attribuable_au_volet(p.demande, fiche=fiche)
        if dit := phrase_du_depassement(p.montant, calcul):
            yield f"{dossier.numero}, {p.demande.financeur.sigle} : {dit}"
    libres = {v.pk: ZERO for v in dossier.demandes.all() if montant_fixe(v) is None}
    total = cumul(dossier, {**libres, **{p.demande_id: p.montant for p in propositions}}, fiche=fiche)
    if total.excedent:
        yield (
            f"{dossier.numero} : les financements ({en_francais(total.total)}) dépassent le coût "
            f"({en_francais(total.cout)}) de {en_francais(total.excedent)}. Baissez-en un."
        )


def _fautes_des_enveloppes(scenario: Scenario) -> Iterator[Faute]:
    proposes = proposes_par_financeur(scenario)
    for e in Enveloppe.objects.filter(appel=scenario.appel_id).select_related("financeur"):
        de_trop = proposes.get(e.financeur_id, ZERO) - e.reste
        if de_trop > 0:
            dit = (
                f"L'enveloppe de « {e.financeur.sigle} » serait dépassée de {en_francais(de_trop)} : il "
                f"reste {en_francais(e.reste)}. Baissez des montants, ou relevez d'abord l'enveloppe."
            )
            yield Faute(None, dit)
        elif e.parts.exists():
            yield from _fautes_des_parts(scenario, e)


def _fautes_des_parts(scenario: Scenario, enveloppe: Enveloppe) -> Iterator[Faute]:
    """Chaque sous-enveloppe face à ce qu'elle paierait : les cases libres, et ce qu'une séance a retenu."""
    restes = Restes(enveloppe)
    siens = volets_de(scenario.appel).filter(financeur=enveloppe.financeur_id, vote=None)
    posees = dict(scenario.propositions.values_list("demande", "montant"))
    for volet in siens.select_related("dispositif"):
        fixe = montant_fixe(volet)
        restes.prendre(volet, posees.get(volet.pk, ZERO) if fixe is None else fixe)
    for nom, manque in restes.manques():
        dit = (
            f"La part « {nom} » de l'enveloppe de « {enveloppe.financeur.sigle} » serait dépassée de "
            f"{en_francais(manque)}. Baissez des montants, ou virez d'abord des crédits."
        )
        yield Faute(None, dit)
